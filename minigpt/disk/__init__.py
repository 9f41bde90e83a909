"""Files: atomic writes, run folders, and models in transformers' format.

Reading order:

    foreign        untrusted text -> text that is safe in a terminal, a message or Markdown
    place          an open folder -> files written into that very folder
    jsontext       a JSON text -> an object within bounds; its checksum
    files          atomic writes, bounded reads, checksums
    locks          a file that one process at a time can hold
    schema         a JSON value and its schema -> the value, or the first field that does not match
    tensors        arrays -> a safetensors file with a checksum
    streams        token ids -> a file of ids, read back memory-mapped
    shelf          the models folder: new names, which folders are free, the list of runs
    names          what a person calls a run -> its folder
    damage         a file and its checksum -> whether it is intact, and what to do if not
    record         run.json -> the same, validated
    folder         a run folder: its record, its stages, its lock
    standing       a run folder -> whether it is complete, and else the command that continues it
    tidy           a run folder -> the same under another name, or removed
    bundle         a run folder -> a zip for somebody else, and back
    weights        parameters -> model.safetensors, and back, validated
    state          a training under way -> a file, and back
    configuration  a model's configuration -> config.json, as transformers writes it, and back
    tokens         a tokenizer -> the files that transformers reads, and back
    checkpoint     a model -> a folder in transformers' format, and back
    words          GPT-1's published weights -> a model with GPT-2's tokens
"""
