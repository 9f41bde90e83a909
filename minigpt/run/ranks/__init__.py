"""One training over several processes, started by `mpirun -n N minigpt train ...`: a rank is one of them.

Rank 0 leads. It does everything that one process does: it writes the corpus and the run folder, counts the steps, handles signals. The
others follow: they hold the same parameters, wait for a call, and make it with rank 0. All that is outside knows only a `Trainer`.

Reading order:

    environment  the environment -> how many ranks there are, and which one this is
    world        MPI between the ranks: calls, a few numbers of each, and pieces of the flat blocks
    watch        a rank that dies: a process beside the ranks says so
    shards       the flat block -> pieces that are sent when they are ready, a slice of each for every rank
    sharded      a Trainer of which every rank has one, with a shard of the optimizer's moments
    exchange     gradients on their way: each rank's slices of them are added up
    member       a sharded Trainer on the CPU, which sends gradients while backward goes on
    links        from GPU to GPU: NCCL, or MPI through the hosts
    cuda         a sharded Trainer that computes with minigpt's kernels on a GPU
    leader       the Trainer of rank 0: each call is made by every rank
    texts        documents over all ranks: what each shows by itself, and its ids
    follow       the loop of the other ranks
    join         this process among the ranks: rank 0 goes on, the others follow
    shared       what the stages use: a Trainer and the work on texts, of all ranks, or of this process if it is the only one
"""
