"""This machine -> what is there to train with, and what is wrong, each with its remedy.

Reading order:

    finding       what a check found; a time limit
    computing     Python, NumPy, BLAS, numba, the GPU
    surroundings  memory, disk, the base, Ollama
    whole         all checks
"""
