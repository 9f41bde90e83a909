"""Threads that share a computation: a function and its arguments in, the results in order out; and calls that take turns.

Threads start when they are first needed. If the system allows fewer, those compute the same parts, with the same results; if none, the
caller does. A forked process starts its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from queue import SimpleQueue
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

import numpy as np

from minigpt.errors import MinigptError

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


def renew_all() -> None:
    """In a forked child: nobody else computes there."""
    for turns in list(Turns.all):
        turns.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew_all)


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


class Call:
    """A function and its arguments, called once by whichever thread comes first."""

    def __init__(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.work, self.arguments = work, arguments
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        """Store the result, or the error."""
        try:
            with np.errstate(all="ignore"):  # callers judge what is not finite
                self.value = self.work(*self.arguments)
        except BaseException as error:  # raised when the result is fetched
            self.error = error
        finally:
            self.ended.set()


class Workers:
    """At most this many threads, for one caller at a time."""

    def __init__(self, most: int) -> None:
        self.most, self._closed = most, False
        self._forget()

    def _forget(self) -> None:
        self._calls, self._threads, self._process = SimpleQueue[Call | None](), list[threading.Thread](), os.getpid()

    def map(self, work: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """work(...) for each set of arguments, in parallel; all have ended when this returns or raises."""
        calls = [Call(work, some) for some in zip(*arguments, strict=False)]
        self._start(min(len(calls), self.most))
        given = []
        try:
            for call in calls:
                if self._threads:
                    self._calls.put(call)
                    given.append(call)
                else:
                    call.run()
            for call in given:
                call.ended.wait()
        finally:  # after Ctrl-C too: they write into the caller's memory
            for call in given:
                call.ended.wait()
        for call in calls:
            if call.error is not None:
                raise call.error
        return [call.value for call in calls]

    def share(self, work: Callable[[slice], Any], pieces: Iterable[slice]) -> list[Any]:
        """work(piece) for every piece, split into contiguous runs; the results in the order of the pieces."""
        pieces = list(pieces)
        n = min(self.most, len(pieces))
        runs = [pieces[len(pieces) * i // n : len(pieces) * (i + 1) // n] for i in range(n)]
        return [result for run in self.map(lambda run: [work(piece) for piece in run], runs) for result in run]

    def close(self) -> None:
        """End the threads; `map` cannot be called after that."""
        self._closed = True
        if self._process == os.getpid():
            for _ in self._threads:
                self._calls.put(None)
            for thread in self._threads:
                thread.join()
        self._threads = []

    def _start(self, wanted: int) -> None:
        """Start as many threads as wanted, or as possible."""
        if self._closed:
            raise MinigptError("this Trainer was closed, and its threads have ended; make a new one")
        if self._process != os.getpid():
            self._forget()
        while len(self._threads) < wanted:
            # A daemon, so that the interpreter can exit without waiting for it.
            thread = threading.Thread(target=serve, args=(self._calls,), name="minigpt", daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError):  # the system's limit on threads, or on memory for their stacks
                return
            self._threads.append(thread)

    def __del__(self) -> None:
        if self._process == os.getpid():
            for _ in self._threads:
                self._calls.put(None)


def serve(calls: SimpleQueue[Call | None]) -> None:
    """A thread's work: one call after another, until a None. Keeps nothing of a finished call."""
    while (call := calls.get()) is not None:
        call.run()
        del call
