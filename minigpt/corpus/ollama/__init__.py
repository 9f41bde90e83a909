"""A local teacher: a prompt and an Ollama server in, documents of a language model out.

Reading order:

    concurrency  how many requests a server handles at once, found out while it works
    journal      accepted documents -> the disk at once, and back
    limits       every timeout and bound with its reason; the errors that say which was met
    host         an option or OLLAMA_HOST -> a URL
    connection   one HTTP request with deadlines -> raw bytes
    client       Ollama's protocol: a request -> one answer
    models       what a server has installed -> the model to take
    repetition   documents -> how much a teacher repeats itself, and what to change
    teacher      a loaded and measured model on one or several hosts
    answers      an answer and its question -> its text as far as it is sound
    plan         a prompt -> topics, forms, readers, tones, openings
    judge        a text -> a score, by a model that passed an examination
    retries      a question -> its answer, asked again where that helps
    turns        a request for several kinds -> whose turn it is
    exchange     one request: from the question to a saved document
    writer       a teacher and a prompt -> documents as they are accepted
"""
