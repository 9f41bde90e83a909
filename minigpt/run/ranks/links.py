"""How numbers get from GPU to GPU: by NCCL, on the device's own stream, or through the hosts by MPI.

NCCL is taken where it adds up a block rightly between all ranks; nobody has to wait for a host then. MPI is always there.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from minigpt.backend import Array
from minigpt.errors import first_line
from minigpt.run.ranks.world import World

NCCL_ID = 128  # bytes of the number by which the ranks find each other
TRIED = 1000  # numbers of the block that is added up to try NCCL out


class Link(Protocol):
    """Every rank calls the same in the same order, when its device has been handed what is to be sent. Blocks are flat, of float32."""

    def sum(self, device: Any, numbers: Array) -> None:
        """Replace a few numbers by their sums over all ranks."""

    def add_up(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        """Replace each rank's slice of its block by the sum of that slice over all ranks. What becomes of the others is open."""

    def share(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        """Fill every rank's block with the slices that the ranks have."""


class HostLink:
    """Through the hosts. Sums are made in the order of the ranks."""

    def __init__(self, world: World, backend: Any, why: str) -> None:
        self.world, self.backend, self.why = world, backend, why

    def __str__(self) -> str:
        return f"through the host ({self.why})"

    def sum(self, device: Any, numbers: Array) -> None:
        mine = device.read(numbers).tolist()
        numbers[...] = self.backend.asarray(self.world.gathered(mine).sum(axis=0).astype(np.float32))

    def add_up(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        at = slices[self.world.rank]
        received = np.empty((self.world.size, at.stop - at.start), np.float32)
        sent = device.read(block)
        self.world.wait([self.world.spread(sent, slices, received)])
        total, *others = received
        for other in others:
            total += other
        block[at] = self.backend.asarray(total)

    def share(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        mine, whole = device.read(block[slices[self.world.rank]]), np.empty(block.size, np.float32)
        self.world.wait([self.world.join(mine, whole, slices)])
        block[...] = self.backend.asarray(whole)


class NcclLink:
    """By NCCL, behind what the device has been handed. Where slices differ in size, a reduction to each rank and a broadcast from each
    take the place of its reduce-scatter and all-gather; as a group they use the links as well."""

    def __init__(self, world: World, nccl: Any) -> None:
        self.nccl = nccl
        number = np.zeros(NCCL_ID, np.int64)
        if world.rank == 0:
            number[:] = nccl.get_unique_id()
        world.copy(number)
        self.comm = nccl.NcclCommunicator(world.size, tuple(number.tolist()), world.rank)

    def __str__(self) -> str:
        return "by NCCL"

    def sum(self, device: Any, numbers: Array) -> None:
        at, kind = numbers.data.ptr, (self.nccl.NCCL_FLOAT32, self.nccl.NCCL_SUM)
        self.comm.allReduce(at, at, numbers.size, *kind, device.stream.ptr)

    def add_up(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        self.nccl.groupStart()
        for rank, at in enumerate(slices):
            part = block[at]
            place, kind = part.data.ptr, (self.nccl.NCCL_FLOAT32, self.nccl.NCCL_SUM)
            self.comm.reduce(place, place, part.size, *kind, rank, device.stream.ptr)
        self.nccl.groupEnd()

    def share(self, device: Any, block: Array, slices: Sequence[slice]) -> None:
        self.nccl.groupStart()
        for rank, at in enumerate(slices):
            part = block[at]
            self.comm.broadcast(part.data.ptr, part.data.ptr, part.size, self.nccl.NCCL_FLOAT32, rank, device.stream.ptr)
        self.nccl.groupEnd()


def choose_link(world: World, backend: Any, device: Any) -> Link:
    """Every rank: NCCL if it works between all of them, else MPI, with the reason."""
    nccl = getattr(getattr(backend.xp, "cuda", None), "nccl", None)
    here = zlib.crc32(f"{socket.gethostname()} {backend.address()}".encode())
    missing, gpus = world.gathered([not getattr(nccl, "available", False), here]).T
    if missing.any():
        return HostLink(world, backend, "CuPy lacks NCCL: pip install nvidia-nccl-cu12, or -cu13")
    if len(set(gpus.tolist())) < world.size:
        return HostLink(world, backend, "NCCL wants a GPU for each rank")
    try:
        link, wrong = NcclLink(world, nccl), ""
        if not adds_up(link, world, backend, device):
            wrong = "NCCL adds up wrongly here"
    # The errors of NCCL, the driver and the network have no common class.
    except Exception as error:
        wrong = f"NCCL fails: {first_line(error)}"
    if world.gathered([bool(wrong)]).any():
        return HostLink(world, backend, wrong or "NCCL fails in another rank")
    return link


def adds_up(link: Link, world: World, backend: Any, device: Any) -> bool:
    """Whether a block of small whole numbers, whose sums are exact, is added up and shared rightly."""
    numbers = np.arange(TRIED, dtype=np.float32)
    block = backend.asarray(numbers + world.rank)
    slices = [slice(TRIED * r // world.size, TRIED * (r + 1) // world.size) for r in range(world.size)]
    device.wait()
    link.add_up(device, block, slices)
    link.share(device, block, slices)
    wanted = world.size * numbers + sum(range(world.size))
    return bool((device.read(block) == wanted).all())
