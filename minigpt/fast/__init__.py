"""The same layers, faster: subclasses whose results are those of the lecture.

    chains     elementwise chains and reductions, compiled by numba
    heads      one head of attention, compiled by numba
    layers     the layers that call them
    probe      whether each of them agrees with NumPy on this machine
    choice     the backend on the CPU: what agrees, or NumPy alone where numba cannot be used
    cuda/      a whole step on an NVIDIA GPU

A layer's own class in NumPy is the specification. Each class here overrides `forward` and `backward` alone, and
`tests/test_fast.py` holds it to its base class. Nothing of the lecture imports this package: backend.py loads it
by name, and does without if numba is not installed. To change a layer, change the lecture: a class here that then
differs from it is left out, and the Device line says so.
"""
