"""How long a step takes: ranks, cores, bandwidth and latency -> seconds.

A step of n ranks is the forward and backward of the largest share of the batch, an nth of the update, and two exchanges, of gradients and
of parameters, in each of which a rank sends and receives (n - 1) / n of 4 bytes a parameter. The gradients of the L blocks travel while
backward goes on below them; everything else waits. Each piece is a message to every other rank.
"""

from __future__ import annotations

from dataclasses import dataclass

FLOAT = 4  # bytes
BACKWARD = 2 / 3  # of forward and backward: two products for each of forward's


@dataclass(frozen=True)
class Machine:
    """What is measured on one machine."""

    window: float  # seconds of forward and backward of a window, on one core
    update: float  # of AdamW over all parameters, on one core
    copy: float  # for a byte that a rank sends and receives: MPI's and the system's work, on one core
    cores: int


@dataclass(frozen=True)
class Link:
    """What connects a machine with the others."""

    bandwidth: float  # bytes a second, in each direction
    latency: float  # seconds of a message


@dataclass(frozen=True)
class Network:
    """What is trained: `parameters`, of which the blocks have a share, and the blocks."""

    parameters: int
    in_blocks: float
    blocks: int


def step_seconds(machine: Machine, link: Link, network: Network, ranks: int, batch: int, crowded: bool = False) -> float:
    """The seconds of a step. `crowded`: all ranks share one machine's cores; else each has a core of its own."""
    slower = max(1.0, ranks / machine.cores) if crowded else 1.0
    if ranks == 1:
        return batch * machine.window + machine.update
    computing = -(-batch // ranks) * machine.window * slower
    exchanged = FLOAT * network.parameters * (ranks - 1) / ranks
    messages = (ranks - 1) * link.latency
    one = exchanged * network.in_blocks / network.blocks / link.bandwidth + messages
    arrived = 0.0
    for block in range(1, network.blocks + 1):
        sent = computing * (1 - BACKWARD + BACKWARD * block / network.blocks)
        arrived = max(arrived, sent) + one
    rest = exchanged * (1 - network.in_blocks) / link.bandwidth + 2 * messages
    parameters = exchanged / link.bandwidth + (network.blocks + 2) * messages
    copying = 2 * exchanged * machine.copy * slower
    return arrived + rest + machine.update / ranks * slower + parameters + copying
