"""A prompt or your own files in, a cleaned, deduplicated and split corpus on the disk out.

Reading order:

    documents   a document: its text and where it came from
    request     what a prompt asks for, which the writers obey
    characters  a text -> the characters that were meant
    report      a corpus -> figures, a verdict in words, examples
    words       the word tables of assets/words
    english     English words -> their other forms
    own/        your files -> documents
    split       documents -> a tenth of their tokens held out
    templates/  a request -> documents, from word tables
    prompt/     a prompt -> the request that the writers obey
    choose/     documents -> the sound, new and fitting ones
    ollama/     a prompt and a local Ollama server -> documents of a language model
    sources     a request -> a source of documents, and what it is
    gather      all of these -> a corpus on the disk
"""
