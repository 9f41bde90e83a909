"""A trial of GPU kernels for minigpt: one training step of the GPT-1 in fused kernels and a CUDA
graph, against the CPU for correctness and against PyTorch for speed. See README.md."""
