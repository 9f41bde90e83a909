"""NCCL as CuPy has it, between processes without a GPU: addresses, counts and groups as there, over MPI."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from cuda_emulator import Emulated, Emulator, Poisoned
from mpi4py import MPI

STREAM = 77  # the only one that anything may be put on
FLOAT32, SUM = 7, 0


class Placed(np.ndarray):
    """An array whose `data` has an address, as CuPy's."""

    @property
    def data(self) -> Any:  # type: ignore[override]
        return SimpleNamespace(ptr=self.ctypes.data)


class Nccl:
    """The module. `wrong`: it adds up wrongly."""

    available, NCCL_FLOAT32, NCCL_SUM = True, FLOAT32, SUM

    def __init__(self, wrong: bool = False) -> None:
        self.wrong, self.queue = wrong, list[Callable[[], None]]()
        self.grouped = False

    def get_unique_id(self) -> tuple[int, ...]:
        return tuple(byte - 128 for byte in os.urandom(128))

    def groupStart(self) -> None:
        self.grouped = True

    def groupEnd(self) -> None:
        self.grouped, queue, self.queue = False, self.queue, []
        for call in queue:
            call()

    def NcclCommunicator(self, size: int, number: tuple[int, ...], rank: int) -> Communicator:
        return Communicator(self, size, number, rank)


def at(address: int, count: int) -> np.ndarray:
    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address))


class Communicator:
    def __init__(self, nccl: Nccl, size: int, number: tuple[int, ...], rank: int) -> None:
        self.nccl, self.comm = nccl, MPI.COMM_WORLD.Dup()
        mine, found = np.array(number, np.int8), np.zeros((size, 128), np.int8)
        assert (size, rank) == (self.comm.Get_size(), self.comm.Get_rank()) and mine.any()
        self.comm.Allgather(mine, found)
        assert (found == mine).all()

    def call(self, what: Callable[[], None], kind: int, stream: int, operation: int = SUM) -> None:
        assert (kind, stream, operation) == (FLOAT32, STREAM, SUM)
        if self.nccl.grouped:
            self.nccl.queue.append(what)
        else:
            what()

    def sums(self, address: int, count: int) -> np.ndarray:
        found = np.zeros((self.comm.Get_size(), count), np.float32)
        self.comm.Allgather(at(address, count).copy(), found)
        return found.sum(axis=0) + self.nccl.wrong

    def allReduce(self, sent: int, received: int, count: int, kind: int, operation: int, stream: int) -> None:
        def work() -> None:
            at(received, count)[...] = self.sums(sent, count)

        self.call(work, kind, stream, operation)

    def reduce(self, sent: int, received: int, count: int, kind: int, operation: int, root: int, stream: int) -> None:
        def work() -> None:
            total = self.sums(sent, count)
            at(received, count)[...] = total if self.comm.Get_rank() == root else np.nan  # what it holds elsewhere is open

        self.call(work, kind, stream, operation)

    def broadcast(self, sent: int, received: int, count: int, kind: int, root: int, stream: int) -> None:
        def work() -> None:
            block = at(sent, count).copy()
            self.comm.Bcast(block, root)
            at(received, count)[...] = block

        self.call(work, kind, stream)


class PlacedNumPy(Poisoned):
    """NumPy in CuPy's place, NCCL included."""

    def __init__(self, wrong: bool) -> None:
        self.cuda = SimpleNamespace(nccl=Nccl(wrong))

    def empty(self, *given: Any, **how: Any) -> np.ndarray:
        return super().empty(*given, **how).view(Placed)

    def zeros(self, *given: Any, **how: Any) -> np.ndarray:
        return super().zeros(*given, **how).view(Placed)

    def asarray(self, *given: Any, **how: Any) -> np.ndarray:
        return super().asarray(*given, **how).view(Placed)


class Cluster(Emulated):
    """The CUDA backend of one rank. `nccl` is "none", "right" or "wrong"; "shared": another rank has the same GPU; "mixed": on the second
    rank's the kernels compute wrongly."""

    def __init__(self, nccl: str = "none") -> None:
        super().__init__()
        if nccl != "none":
            self.xp = PlacedNumPy(nccl == "wrong")
        wrong = nccl == "mixed" and MPI.COMM_WORLD.Get_rank() == 1
        self.found = {(128, "float32"): "embed: x is 0.5 off" if wrong else ""}  # the kernels have tests of their own
        self.shared = nccl == "shared"

    def address(self) -> str:
        return "all" if self.shared else str(MPI.COMM_WORLD.Get_rank())

    def device(self, width: int, precision: str) -> Emulator:
        made = super().device(width, precision)
        made.stream = SimpleNamespace(ptr=STREAM)  # type: ignore[attr-defined]
        return made
