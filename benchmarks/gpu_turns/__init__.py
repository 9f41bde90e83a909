"""Training steps of minigpt and of PyTorch's variants on an NVIDIA GPU, each in a process of its own, in turns. See README.md."""
