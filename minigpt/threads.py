"""Worker threads: a function and its arguments -> the results in order; and calls that take turns.

Threads start when first needed. If the system allows fewer than wanted, these make all the calls,
with the same results; if it allows none, the caller makes them. A forked process starts its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from queue import SimpleQueue
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

import numpy as np

from minigpt.errors import MinigptError

P = ParamSpec("P")
T = TypeVar("T")


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """Shield a function from the caller's `np.seterr`: underflow to 0 and an infinite exp are
    intended in it."""

    @wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(all="ignore"):  # a new one per call: it stores the state to restore
            return function(*args, **kwargs)

    return computed


class Turns:
    """A lock for calls that share buffers. In a forked child it is free, whoever held it in the
    parent."""

    all: ClassVar[WeakSet[Turns]] = WeakSet()

    def __init__(self) -> None:
        self.renew()
        self.all.add(self)

    def renew(self) -> None:
        """Release the lock, whoever holds it."""
        self.lock, self.holder = threading.Lock(), 0  # the holder's thread; 0: none


def renew_all() -> None:
    """Free all locks in a forked child, where no other thread exists."""
    for turns in list(Turns.all):
        turns.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew_all)


class HasTurns(Protocol):
    """An object whose calls share buffers."""

    turns: Turns


S = TypeVar("S", bound=HasTurns)


def in_turn(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Make a method quiet, and let it wait for the object's other calls to end."""

    @wraps(method)
    def computed(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        turns, me = self.turns, threading.get_ident()
        if turns.holder == me:  # it would wait for itself forever
            raise MinigptError(
                "called during another call of the same model in the same thread; "
                "let that one finish first"
            )
        with turns.lock, np.errstate(all="ignore"):
            turns.holder = me
            try:
                return method(self, *args, **kwargs)
            finally:
                turns.holder = 0

    return computed


@dataclass
class Call:
    """A function and its arguments; once called, its result or its error."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    value: Any = None
    error: BaseException | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class Workers:
    """Up to `most` threads, for one caller at a time. Each begins with `enter`."""

    def __init__(self, most: int, enter: Callable[[], Any] | None = None) -> None:
        self.most, self.enter, self._closed = most, enter, False
        self._reset()

    def _reset(self) -> None:
        """An empty queue and no threads, for this process."""
        self._calls, self._threads, self._process = (
            SimpleQueue[Call | None](),
            list[threading.Thread](),
            os.getpid(),
        )

    def map(self, work: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """work(...) for each set of arguments, in parallel; all have ended when this returns."""
        calls = [Call(work, some) for some in zip(*arguments, strict=False)]
        wanted = min(len(calls), self.most)
        if self._closed or self._process != os.getpid() or len(self._threads) < wanted:
            self._start(wanted)
        given = []
        try:
            for call in calls:
                self._calls.put(call)
                given.append(call)
            if not self._threads:  # none could be started: make the calls here
                self._calls.put(None)
                serve(self._calls)
        finally:  # after Ctrl-C too: they write into the caller's memory
            for call in given:
                call.ended.wait()
        for call in calls:
            if call.error is not None:
                raise call.error
        return [call.value for call in calls]

    def offer(self, work: Callable[[], Any]) -> None:
        """Let each thread call work() when it is free; waits for none, not even for its error.

        Where earlier offers still wait for threads, fewer calls are made."""
        self._start(self.most)
        for _ in self._threads[self._calls.qsize() :]:
            self._calls.put(Call(work, ()))

    def close(self) -> None:
        """End the threads; neither `map` nor `offer` can be called afterwards."""
        self._closed = True
        if self._process == os.getpid():
            for _ in self._threads:
                self._calls.put(None)
            for thread in self._threads:
                thread.join()
        self._threads = []

    def _start(self, wanted: int) -> None:
        """Start threads until there are `wanted`, or as many as possible."""
        if self._closed:
            raise MinigptError(
                "this Trainer was closed, and its threads have ended; make a new one"
            )
        if self._process != os.getpid():
            self._reset()
        while len(self._threads) < wanted:
            # A daemon, so that the interpreter can exit without waiting for it.
            thread = threading.Thread(
                target=serve, args=(self._calls, self.enter), name="minigpt", daemon=True
            )
            try:
                thread.start()
            except (RuntimeError, MemoryError):  # a limit on threads, or no memory for a stack
                return
            self._threads.append(thread)

    def __del__(self) -> None:
        if self._process == os.getpid():
            for _ in self._threads:
                self._calls.put(None)


def serve(calls: SimpleQueue[Call | None], enter: Callable[[], Any] | None = None) -> None:
    """The loop of a thread: call after call until a None. Keeps no reference to a finished call."""
    if enter:
        enter()
    while (call := calls.get()) is not None:
        try:
            with np.errstate(all="ignore"):  # callers judge what is not finite
                call.value = call.work(*call.arguments)
        except BaseException as error:  # raised when the result is fetched
            call.error = error
        finally:
            call.ended.set()
        del call
