"""Writes documents with a language model on a local Ollama server, the teacher.

Reading order:

    concurrency  how many requests to keep in flight, measured while writing
    journal      accepted documents -> an append-only file, and back
    limits       every timeout and bound, with its reason; the client's errors
    host         --ollama-host or OLLAMA_HOST -> a URL
    connection   an HTTP request with a deadline -> raw bytes
    client       Ollama's protocol: a request -> an answer
    models       the installed models -> the one to use; load, time, unload
    repetition   answers -> which are new; when to raise the temperature
    teacher      a loaded and timed model on one or more hosts
    answers      an answer -> its usable text, or the reason to reject it
    plan         a prompt -> topics, forms, readers, tones, openings
    judge        a text -> a score, by a model that passed a test
    retries      a question -> its answer, with retries and back-off
    turns        a request for several kinds -> the kind to write next
    exchange     one request: question, answer, judgement, saved document
    writer       a teacher and a prompt -> documents, as they are accepted
"""
