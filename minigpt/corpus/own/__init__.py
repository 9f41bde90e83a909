"""Your own files in, documents out.

Reading order:

    decode      bytes -> text, or the byte that is at fault
    separators  a text -> the same, marked where <|endoftext|> and the like divide it
    outline     a text -> its sections, by the ranks of their headings
    cut         a text of any length -> documents
    dialogues   conversations, questions with their answers -> dialogues
    columns     the first records of a file -> the column that has the texts
    records     .jsonl -> records; records -> the texts of a column
    tables      .csv, .tsv -> records
    walk        a folder -> the files in it that are your own text
    files       files and folders -> documents, one by one
"""
