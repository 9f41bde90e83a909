"""This process among the ranks: MPI is started, once it is needed; rank 0 goes on, the others work for it."""

from __future__ import annotations

import atexit
import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from minigpt.errors import MinigptError, first_line
from minigpt.fast.install import to_install
from minigpt.machine import usable_cores
from minigpt.run.ranks.environment import launched

if TYPE_CHECKING:
    from minigpt.run.ranks.world import World


@lru_cache(maxsize=1)
def world() -> World | None:
    """All ranks; None for a process of its own. The first call starts MPI, and binds this rank to its cores."""
    if launched() == 1:
        return None
    try:
        from minigpt.run.ranks.watch import watch
        from minigpt.run.ranks.world import World
    except (ImportError, RuntimeError) as error:  # no mpi4py; it finds no MPI library
        missing = isinstance(error, ModuleNotFoundError) and error.name == "mpi4py"
        why = "mpi4py is not installed" if missing else f"mpi4py does not work: {first_line(error)}"
        raise MinigptError(f"{launched()} ranks were started, but {why}: {to_install('mpi4py')}") from error
    ranks = World.of_all()
    if ranks.size != launched():  # or each of them would train a model of its own
        raise MinigptError(f"{launched()} ranks were started, but mpi4py sees {ranks.size}: use the mpirun of {ranks.library()}")
    bind(*ranks.neighbours())
    atexit.register(ranks.leave)
    watch(ranks)
    return ranks


def bind(number: int, of: int) -> None:
    """Keep rank `number` of the `of` ranks that have the same cores to its part of them, unless it has them alone: else each would start
    a thread on every core."""
    if of > 1 and hasattr(os, "sched_setaffinity"):
        cores, share = sorted(os.sched_getaffinity(0)), max(1, usable_cores() // of)
        os.sched_setaffinity(0, {cores[i % len(cores)] for i in range(number * share, (number + 1) * share)})


def join() -> None:
    """Return at once in rank 0, and in a process of its own. Any other rank works for rank 0 from here on, until that one ends."""
    if (ranks := world()) and ranks.rank:
        from minigpt.run.ranks.follow import follow

        follow(ranks)
        sys.exit()
