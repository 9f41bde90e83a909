"""A run: a prompt and options -> a run folder. `pipeline.STAGES` is the table of contents.

Reading order:

    vocabulary    a corpus -> the part of GPT-2's vocabulary that it needs
    ranks/        one training over several processes and machines, by MPI
    provenance    this process -> everything that affects rounding, and how two processes differ
    pace          how long to train, by epochs or by the clock
    keywords      keyword options: a misspelt one is answered with its nearest
    reading       a model and a text -> how likely each token is, and what it attends to
    textmodel     a run folder -> a model that generates and reads text
    dialogue      a model's corpus -> the form of dialogue that it learned
    talk          a conversation with a model: what a person types -> answers
    remote        a conversation with a model on an Ollama server
    serve/        models for other programs, by OpenAI's protocol and Ollama's
    calibrate     a trained model and held-out text -> the best temperature
    defaults      the defaults and choices of a run's options
    pages/        templates -> pages for people
    interrupt     Ctrl-C and other signals -> a request to stop, honoured between two steps
    course        the bookkeeping of a training: progress, what is due, metrics
    listener      callbacks: the plan, progress, metrics, samples
    progress      a run shown on the terminal, in a log, or in one cell of a notebook
    room          free memory: on the machine, in a container, under ulimit
    memory        a model and a batch -> the bytes of a step, and micro-batches that fit
    speed         a model and a batch -> tokens/s on this machine, and their share of its peak
    values        one value of an option -> the same, checked
    options       options -> validated configurations
    start         where a training starts: the base, another model, or random weights
    checkup/      this machine -> what is there to train with, and what is wrong
    job           a prompt and options -> everything that the stages need
    samples       a model that is still learning -> samples.jsonl
    report        stage 4: a finished model -> samples and the model card
    timing        minutes -> the batch, the corpus and the steps that fit
    estimate      a prompt and options -> what a run would do, and how long it would take
    tokenize      stage 2: the corpus -> its vocabulary and its token ids
    keeper        a training under way -> metrics, best model and resumable state on disk
    learn         stage 3: token ids -> a trained model
    write_corpus  stage 1: sources of documents -> corpus.jsonl
    pipeline      a prompt -> a run folder, stage by stage
"""
