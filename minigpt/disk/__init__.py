"""Everything that lasts: files written so that a power cut leaves them whole, run folders, and models that transformers reads.

Reading order:

    foreign     text from elsewhere -> what is safe in a terminal, a message or Markdown
    place       a folder, held open -> files written into that very folder
    jsontext    a JSON text -> an object within bounds; its checksum
    files       files that are whole or not there; bounded reading; checksums
    locks       a file that only one process at a time can hold
    forms       a JSON value and its form -> the value, or the name of its first misfit
    tensors     arrays -> a sealed safetensors file
    streams     token ids -> a file of ids, read back without loading it
    shelf       where run folders are kept: new names, what counts as empty, the list of runs
    damage      a file and its checksum -> whether it is intact, and what to do if not
    record      run.json -> the same, checked
    folder      the run folder: its record, its stages, who uses it
    weights     parameters -> model.safetensors, and back, checked first
    state       a training under way -> the disk, and back
    checkpoint  a model -> a folder that transformers reads, and back
"""
