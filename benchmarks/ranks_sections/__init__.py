"""The sections of benchmarks/ranks.py.

worker  trains a 12M model and prints what it measured; every rank of a measurement runs it
model   a model of the time of a step: ranks, cores, bandwidth, latency -> seconds
links   network namespaces as machines, with links of a given speed between them
kill    ranks that are killed at any time, and runs that are resumed
"""
