"""What trained models write, and how good it is: the parts of samples.py.

Reading order:

    text          beginnings, ends, titles, copies, variety
    names         one hero's name throughout a story
    code          the Python that a sample shows
    field         words of the prompt's subject
    fresh         what new documents by the same writer cost
    opinion       what another language model thinks of the samples
    runs          a prompt and a seed -> a trained run
    figures       a run and its samples -> every figure
    table         the figures of all runs -> tables
"""
