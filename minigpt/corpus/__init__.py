"""Builds a corpus from a prompt or your own files: cleaned, deduplicated and split.

Reading order:

    documents   the document: a text and its origin
    request     what a prompt asks for
    characters  a text -> clean characters: line ends, spaces, encoding
    report      a corpus -> statistics, a verdict, examples
    words       the word tables in corpus/tables
    english     English words -> plurals, articles, titles
    own/        your own files -> documents
    mended      a definition of WordNet -> without its faults
    wordnet     a noun -> its meanings, kinds, parts and field
    split       documents -> training and held-out text
    templates/  a request -> documents, from word tables
    prompt/     a prompt -> a request
    choose/     documents -> the clean, new and relevant ones
    ollama/     a prompt and an Ollama server -> documents by a language model
    sources     a request -> a source of documents and its description
    gather      a source -> a corpus on the disk
"""
