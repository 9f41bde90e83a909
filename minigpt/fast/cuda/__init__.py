"""A step of training on an NVIDIA GPU: kernels in CUDA C++, products by cuBLASLt, all of it one CUDA graph.

    spec       what each kernel computes, in NumPy: read it beside kernels/*.cu
    source     the kernels' text
    launches   a kernel's grid, block and arguments
    program    a step as a list of launches: forward, loss, backward, norm, AdamW
    products   matrix products by cuBLASLt
    device     a GPU: compiles kernels, copies batches, runs programs as graphs
    trainer    the Trainer that runs them
    checks     each kernel against its specification, a step against the lecture's
    choose     the backend that takes this Trainer where the checks pass
    probe      whether CuPy can compute at all; the backend, or why there is none

No sum uses atomics: where many blocks add to one number, each writes its part, and a second launch adds the parts in order. So the same
seed gives the same bits. Dropout draws by a counter (Philox), from the seed, the step and the place alone, whichever part of a batch a row
is in. Without a GPU, tests/cuda_emulator.py compiles the same source as C++ for the CPU.
"""
