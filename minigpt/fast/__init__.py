"""The lecture's classes and functions, faster: with the same results but for rounding.

    install    a package that is missing -> the command that adds it here
    chains     elementwise chains and reductions, compiled by numba
    heads      one head of attention, compiled by numba
    decoding   a token at a time: a block in one compiled call, and the logits
    layers     the layers that call them
    probe      whether each of them agrees with NumPy on this machine
    choice     the backend on the CPU: what agrees, or NumPy alone where numba cannot be used
    cuda/      a whole step on an NVIDIA GPU

What stands in the lecture is the specification. A class here overrides only what computes, and tests/test_fast*.py
hold it to its base class. The lecture does not import this package: backend.py loads it by name, and it works without
numba. To change a layer, change the lecture: a form here that then differs is left out, and the line Device says so.
"""
