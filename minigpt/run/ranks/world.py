"""MPI between the ranks: calls, a few numbers of each rank, and pieces of the flat blocks.

Rank 0 announces a call, a name with values and arrays, and every rank makes it. Within a call the ranks exchange numbers and pieces. MPI
only moves bytes: sums are made here, in the order of the ranks, so that they are the same to the bit each time.
Nothing is pickled: values travel as JSON, arrays as their bytes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI

from minigpt.errors import counted

FIRST = 2**14  # bytes of an announcement that travel at once: those of a step and its batch
MOST = 2**30  # bytes of a message: MPI counts in 31 bits
SPIN = 0.02  # seconds of waiting for rank 0 at full speed: two steps are not further apart
NAP = 0.002  # seconds between two looks after that: while it writes a corpus, the others leave it the processor


class Call(NamedTuple):
    """What every rank is to do: a name, values, host arrays."""

    name: str
    values: dict[str, Any]
    arrays: list[np.ndarray]


class World:
    """The ranks as one of them sees them: it is `rank` of `size`."""

    def __init__(self, comm: MPI.Intracomm) -> None:
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.near = comm.Split_type(MPI.COMM_TYPE_SHARED)  # those on this machine
        self.local_rank, self.local_size = self.near.Get_rank(), self.near.Get_size()
        self.any_thread = MPI.Query_thread() >= MPI.THREAD_SERIALIZED  # may call MPI, one at a time
        self.asked = False  # to stop, by a signal to this rank
        self.on_asked: Callable[[], None] = lambda: None  # in rank 0: what to do if another one was asked to
        self.calling = self.rank > 0  # whether others may wait for this one: in rank 0 during a call, in the others until its last
        self.watcher: Any = None  # the process that watches over the ranks of this machine, in the first of them
        self.on_leaving: Callable[[], None] = lambda: None  # at an orderly end
        self.machines = int((self.gathered([self.local_rank]) == 0).sum())

    @classmethod
    def of_all(cls) -> World:
        """The processes that were started together."""
        return cls(MPI.COMM_WORLD.Dup())

    def __str__(self) -> str:
        return f"{self.size} on {f'{self.machines} machines' if self.machines > 1 else 'this machine'}"

    def shares(self, batch: int) -> str:
        """Who computes what of a batch, in words."""
        if idle := max(0, self.size - batch):
            return f"{self}; {idle} of them idle at a batch of {batch}: use --batch-size {self.size} or more"
        return f"{self}, {counted(-(-batch // self.size), 'window')} each of a batch of {batch}"

    def neighbours(self) -> tuple[int, int]:
        """Which one this rank is of how many on this machine that may run on just the same cores."""
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        mine = zlib.crc32(repr(cores).encode())
        same = [other == mine for (other,) in self.beside([mine])]
        return sum(same[: self.local_rank]), sum(same)

    def beside(self, numbers: Sequence[int]) -> list[list[int]]:
        """Some numbers of every rank on this machine."""
        found = np.zeros((self.local_size, len(numbers)), np.int64)
        self.near.Allgather(np.array(numbers, np.int64), found)
        return [list(map(int, row)) for row in found]

    # Calls.

    @contextmanager
    def call(self, name: str, *arrays: np.ndarray, **values: Any) -> Iterator[None]:
        """Announce a call to the other ranks. Within the block rank 0 makes it, too."""
        if self.calling:  # within another call, which every rank makes
            yield
            return
        described = [(array.dtype.str, array.shape) for array in arrays]
        header = json.dumps([name, values, described]).encode()
        message = np.frombuffer(b"".join([header, *(array.tobytes() for array in arrays)]), np.uint8)
        first = np.zeros(16 + FIRST, np.uint8)
        first[:16].view(np.int64)[:] = len(header), len(message)
        first[16 : 16 + len(message)] = message[:FIRST]
        self.calling = True
        self._broadcast(first)
        self._broadcast(message[FIRST:])
        yield
        self.calling = False

    def awaited(self) -> Call:
        """The next call of rank 0."""
        first = np.zeros(16 + FIRST, np.uint8)
        self.wait([self.comm.Ibcast(first)], idle=True)
        size, whole = first[:16].view(np.int64).tolist()
        rest = np.zeros(max(0, whole - FIRST), np.uint8)
        self._broadcast(rest)
        message = np.concatenate([first[16:], rest]).tobytes()
        name, values, described = json.loads(message[:size])
        arrays = list[np.ndarray]()
        for dtype, shape in described:
            arrays.append(np.frombuffer(message, dtype, int(np.prod(shape)), size).reshape(shape))
            size += arrays[-1].nbytes
        return Call(name, values, arrays)

    def _broadcast(self, data: np.ndarray) -> None:
        for start in range(0, len(data), MOST):
            self.wait([self.comm.Ibcast(data[start : start + MOST])])

    # Within a call.

    def gathered(self, numbers: Sequence[float]) -> np.ndarray:
        """Some numbers of every rank, (size, n) in float64."""
        mine, all_of_them = np.array(numbers, np.float64), np.zeros((self.size, len(numbers)))
        self.wait([self.comm.Iallgather(mine, all_of_them)])
        return all_of_them

    def spread(self, block: np.ndarray, slices: Sequence[slice], received: np.ndarray) -> MPI.Request:
        """Start to send each rank its slice of this rank's block, and to receive this rank's slice of each one's, (size, n)."""
        one = received.shape[1]
        rows = [slice(one * rank, one * (rank + 1)) for rank in range(self.size)]
        return self.comm.Ialltoallv([block, places(slices)], [received, places(rows)])

    def join(self, own: np.ndarray, block: np.ndarray, slices: Sequence[slice]) -> MPI.Request:
        """Start to fill every rank's block with the slices that the ranks have."""
        return self.comm.Iallgatherv(own, [block, places(slices)])

    def collect(self, own: np.ndarray, block: np.ndarray, slices: Sequence[slice]) -> None:
        """Fill the block of rank 0 with the slices that the ranks have."""
        self.wait([self.comm.Igatherv(own, [block, places(slices)] if self.rank == 0 else None)])

    def deal(self, block: np.ndarray, slices: Sequence[slice], own: np.ndarray) -> None:
        """Fill every rank's `own` with its slice of the block of rank 0."""
        self.wait([self.comm.Iscatterv([block, places(slices)] if self.rank == 0 else None, own)])

    def copy(self, block: np.ndarray) -> None:
        """Fill every rank's block with that of rank 0."""
        self._broadcast(block.view(np.uint8))

    def wait(self, requests: Sequence[MPI.Request], idle: bool = False) -> None:
        """Wait until all are done: at full speed, as MPI moves bytes only while somebody looks; `idle` for rank 0, who may be busy for
        long. A signal's handler can interrupt it."""
        began = time.monotonic()
        while not self.progress(requests):
            if idle and time.monotonic() - began > SPIN:
                time.sleep(NAP)
            else:  # to a rank on the same core, if there is one; even a sleep of 0 s takes 50 us
                give_way()

    def progress(self, requests: Sequence[MPI.Request]) -> bool:
        """Let MPI work on them; whether all are done."""
        return bool(MPI.Request.Testall(list(requests)))

    def heard(self, asked: bool) -> None:
        """In rank 0: stop if a rank was asked to."""
        if asked and self.rank == 0:
            self.on_asked()

    # The end.

    def listen(self) -> None:
        """In a rank that follows: a signal asks rank 0 to stop. It hears of it at the next step."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def _ask(self, *_: Any) -> None:
        self.asked = True

    def leave(self) -> None:
        """At the end of the process: rank 0 lets the others end, too. If others wait for this one, MPI has to end them."""
        self.on_leaving()
        if self.calling:
            self.comm.Abort(1)
        elif self.rank == 0:
            with self.call("leave"):
                pass

    def library(self) -> str:
        """The MPI library that mpi4py has loaded."""
        name, version = MPI.get_vendor()
        return f"{name} {'.'.join(map(str, version))}"

    def where(self) -> str:
        """This rank, in words."""
        return f"rank {self.rank} of {self.size}, on {socket.gethostname()}"


give_way = getattr(os, "sched_yield", lambda: None)


def places(slices: Sequence[slice]) -> tuple[list[int], list[int]]:
    """The sizes and the beginnings of slices, as MPI wants them."""
    return [at.stop - at.start for at in slices], [at.start for at in slices]
