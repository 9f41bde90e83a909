"""The environment -> how many ranks there are, and which one this is.

Every MPI tells its processes by environment variables. Without them this is one process, and MPI is not touched.
"""

from __future__ import annotations

import os

# The number of a process, and how many there are: Open MPI's names, those of MPICH and Intel MPI, and Slurm's.
RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def launched() -> int:
    """The number of ranks that were started together; 1 for a process of its own."""
    if not any(name in os.environ for name in RANKS):
        return 1
    return max((int(os.environ[name]) for name in SIZES if os.environ.get(name, "").isdecimal()), default=1)


def number() -> int:
    """The number of this process among them, from 0."""
    return next((int(os.environ[name]) for name in RANKS if os.environ.get(name, "").isdecimal()), 0)


def apart() -> int:
    """How many tasks Slurm has started without MPI between them, in the first of them; else 0."""
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "")
    first = os.environ.get("SLURM_PROCID") == "0" and tasks.isdecimal()
    return int(tasks) if first and int(tasks) > 1 and not any(name in os.environ for name in RANKS) else 0
