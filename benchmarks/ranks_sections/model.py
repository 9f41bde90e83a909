"""How long a step takes: ranks, cores, bandwidth and latency -> seconds.

A step of n ranks is the forward and backward of the largest share of the batch, an nth of the update, and two exchanges in which each rank
sends and receives (n - 1) / n of the N parameters, 4 bytes each: first gradients, then parameters. They go in `pieces`, each of which is a
message to every other rank.
"""

from __future__ import annotations

from dataclasses import dataclass

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Machine:
    """What one process measures on one of the machines."""

    window: float  # seconds of forward and backward of a window, on one core
    update: float  # of AdamW over all parameters, on one core
    copy: float  # for a byte that a rank sends and receives: MPI's and the system's work on it, on one core
    cores: int


@dataclass(frozen=True)
class Link:
    """What connects a machine with the others."""

    bandwidth: float  # bytes a second, in each direction
    latency: float  # seconds of a message


def step_seconds(machine: Machine, link: Link | None, ranks: int, batch: int, parameters: int, pieces: int, shared_cores: bool) -> float:
    """The seconds of a step. None: all ranks are on one machine. `shared_cores`: the ranks share one machine's cores, whatever connects
    them, as here; else each rank has a core of its own."""
    waiting = max(1.0, ranks / machine.cores) if shared_cores else 1.0  # ranks for each core
    exchanged = FLOAT * parameters * (ranks - 1) / ranks
    computing = -(-batch // ranks) * machine.window + machine.update / ranks + 2 * exchanged * machine.copy
    messages = 2 * pieces * (ranks - 1) * link.latency if link else 0.0
    moving = 2 * exchanged / link.bandwidth if link else 0.0
    return waiting * computing + moving + messages
