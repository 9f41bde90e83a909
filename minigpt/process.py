"""What minigpt shares with the program around it, because a process has only one: NumPy's error state and BLAS's threads.

A computation sets both for itself and restores them, also when several threads compute at once, and after a fork.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

import numpy as np
from threadpoolctl import ThreadpoolController

from .errors import MinigptError

P = ParamSpec("P")
T = TypeVar("T")


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """A function that the caller's `np.seterr` does not affect: underflow to 0 and an infinite exp are intended in it."""

    @wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(all="ignore"):  # a new one for each call, as it stores the state to restore
            return function(*args, **kwargs)

    return computed


class Turns:
    """A lock for calls that share memory, so that they take turns. After a fork it is free in the child, whoever held it in the parent."""

    all: ClassVar[WeakSet[Turns]] = WeakSet()

    def __init__(self) -> None:
        self.renew()
        self.all.add(self)

    def renew(self) -> None:
        """Make the lock free, whoever held it."""
        self._lock, self._holder = threading.Lock(), 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait until nobody else computes; MinigptError if this very thread does, as it would wait for itself forever."""
        me = threading.get_ident()
        if self._holder == me:
            raise MinigptError("called in the middle of another call of the same model, in the same thread; wait until that one ends")
        with self._lock:
            self._holder = me
            try:
                yield
            finally:
                self._holder = 0


class HasTurns(Protocol):
    """An object whose calls share memory."""

    turns: Turns


S = TypeVar("S", bound=HasTurns)


def in_turn(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A quiet method that waits for the object's other calls to end."""

    @wraps(method)
    def computed(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.turns.taken(), np.errstate(all="ignore"):
            return method(self, *args, **kwargs)

    return computed


class BlasThreads:
    """How many threads BLAS uses for a product. The number applies to the whole process and affects rounding: computations with the same
    number run side by side, others wait for their turn. First come, first served.
    """

    def __init__(self) -> None:
        self._libraries: list[Any] | None = None
        self._before: list[tuple[Any, int]] = []
        self._limit: object = None
        self._mine = threading.local()
        self._renew()

    def _renew(self) -> None:
        """Back to the state of a single-threaded process."""
        self._free, self._line = threading.Condition(), deque[object]()
        self._users = int(getattr(self._mine, "inside", False))

    @contextmanager
    def limited(self, threads: int | None = None) -> Iterator[None]:
        """Products inside use this many threads; None: as many as the surrounding program has set. A fork waits until this ends."""
        if getattr(self._mine, "inside", False):  # a signal handler inside a computation, which it cannot wait for
            yield
            return
        self._mine.inside = True
        try:
            self._enter(threads)
            try:
                yield
            finally:
                self._leave()
        finally:
            self._mine.inside = False

    def _enter(self, limit: object) -> None:
        ticket = object()
        with self._free:
            self._line.append(ticket)
            try:
                self._free.wait_for(lambda: self._line[0] is ticket and (not self._users or self._limit == limit))
                if not self._users:
                    self._limit = limit
                    self._set(limit)
                self._users += 1
            finally:
                self._line.remove(ticket)
                self._free.notify_all()

    def _set(self, limit: object) -> None:
        """Set the threads of every BLAS in the process, after noting what they were."""
        if self._libraries is None:
            self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        if isinstance(limit, int):
            self._before = [(library, known) for library in self._libraries if (known := library.num_threads) is not None]
            for library, _ in self._before:
                set_threads(library, limit)

    def _leave(self) -> None:
        with self._free:
            self._users -= 1
            if not self._users:
                for library, known in self._before:
                    set_threads(library, known)
                self._before = []
            self._free.notify_all()

    def before_fork(self) -> None:
        """Wait for the computations of other threads, as the child has no threads to finish them."""
        if not getattr(self._mine, "inside", False):
            self._enter(self)
            self._mine.forking = True

    def after_fork_in_parent(self) -> None:
        """Let other computations continue."""
        if self._mine.__dict__.pop("forking", False):
            self._leave()

    def after_fork_in_child(self) -> None:
        """No other thread exists here."""
        self._mine.__dict__.pop("forking", None)
        self._renew()
        for turns in list(Turns.all):
            turns.renew()


def set_threads(library: Any, count: int) -> None:
    """Set the number of threads of one of threadpoolctl's libraries, from any thread.

    Recent versions silently ignore every thread but the first, until that one is done. Here `BlasThreads` decides whose turn it is.
    """
    release = getattr(library, "clear_controlling_thread", lambda force: None)
    release(force=True)
    library.set_num_threads(count)
    release(force=True)


blas = BlasThreads()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=blas.before_fork, after_in_parent=blas.after_fork_in_parent, after_in_child=blas.after_fork_in_child)
