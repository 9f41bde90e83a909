"""Reads your own files as documents.

Reading order:

    decode      bytes -> text, or the position of the bad byte
    separators  a text -> the texts between <|endoftext|> and the like
    outline     a text -> its sections and the levels of their headings
    cut         a long text -> documents
    dialogues   conversations, questions with answers -> dialogues
    columns     the first records of a file -> its text column
    records     .jsonl -> records; records -> their texts
    tables      .csv, .tsv -> records
    walk        a folder -> the text files that are yours
    files       files and folders -> a stream of documents
"""
