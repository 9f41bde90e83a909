"""A run: a prompt and options in, a run folder out. `pipeline.STAGES` is the table of contents.

Reading order:

    vocabulary    a corpus -> the part of GPT-2's vocabulary that it needs
    provenance    this process -> what affects the rounding of its numbers, and how two processes differ
    pace          how long to train, by epochs or by the clock
    textmodel     a run folder -> a model that generates text
    calibrate     a trained model and held-out text -> the best scale of its logits
    card          a run's record -> its model card
    interrupt     Ctrl-C and other signals -> a request to stop, heeded between two steps
    course        the bookkeeping of a training: how far it is, what is due, its figures
    listener      what hears how a run goes
    room          the memory that is free: on the machine, in a container, under ulimit
    memory        a model and a batch -> the bytes of a step, and how to split what does not fit
    speed         a model and a batch -> tokens/s on this machine, and their share of its peak
    defaults      what a user may leave out
    options       what a user may choose -> checked configurations
    job           a prompt and options -> everything decided before the first byte is written
    report        stage 4: a finished model -> samples and the model card
    timing        minutes -> the batch, the corpus and the steps that fit into them
    tokenize      stage 2: the corpus -> its vocabulary and its token ids
    keeper        a training under way -> metrics, best model and resumable state on the disk
    learn         stage 3: token ids -> a trained model
    write_corpus  stage 1: sources of documents -> corpus.jsonl
    pipeline      a prompt -> a run folder, stage by stage
"""
