"""Threads that share a computation: the results are those of a plain loop, however many threads the system allows."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from minigpt.errors import MinigptError
from minigpt.threads import Workers


@contextmanager
def no_more_threads() -> Iterator[None]:
    """A thread started here would need a stack larger than the address space."""
    before = threading.stack_size(2**46)
    try:
        yield
    finally:
        threading.stack_size(before)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_results_come_in_the_order_of_the_arguments(most: int) -> None:
    with closing(Workers(most)) as workers:
        assert workers.map(pow, [2, 3, 4, 5, 6], range(9)) == [1, 3, 16, 125, 1296]
        assert workers.map(pow, [], []) == []


def test_work_is_done_at_once() -> None:
    """Two calls that wait for each other both finish."""
    meeting = threading.Barrier(2, timeout=10)
    with closing(Workers(2)) as workers:
        assert sorted(workers.map(lambda _: meeting.wait(), range(2))) == [0, 1]


@pytest.mark.parametrize("started", [0, 1])
def test_where_the_system_starts_fewer_threads_the_results_are_the_same(started: int) -> None:
    """None at all, or one of three; and more once the system allows more."""
    with closing(Workers(3)) as workers:
        workers.map(abs, range(started))
        with no_more_threads():
            assert workers.map(abs, range(-5, 0)) == [5, 4, 3, 2, 1]
        meeting = threading.Barrier(3, timeout=10)
        assert sorted(workers.map(lambda _: meeting.wait(), range(3))) == [0, 1, 2]


def test_an_error_comes_out_once_all_calls_have_ended() -> None:
    """The first error, with the threads ready for more work."""
    done = []

    def work(n: int) -> None:
        done.append(n)
        if n % 2:
            raise MemoryError(f"call {n}")

    with closing(Workers(2)) as workers:
        with pytest.raises(MemoryError, match="call 1"):
            workers.map(work, range(6))
        assert sorted(done) == list(range(6))
        assert workers.map(abs, [-1]) == [1]


def test_threads_end_when_they_are_closed_or_forgotten() -> None:
    """A thread keeps nothing that it has computed with. Closed workers say so."""
    workers = Workers(2)
    array = np.zeros(3)
    gone = weakref.ref(array)
    gc.disable()
    try:
        assert workers.map(lambda part: part.sum(), [array]) == [0]
        del array
        assert gone() is None
        threads = list(workers._threads)
        del workers
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    finally:
        gc.enable()
    workers = Workers(2)
    workers.close()
    with pytest.raises(MinigptError, match="its threads have ended; make a new one"):
        workers.map(abs, [1])
    with pytest.raises(MinigptError, match="its threads have ended; make a new one"):
        workers.offer(gc.collect)


def test_an_offer_is_taken_by_each_thread_and_waits_for_none() -> None:
    """Threads that are busy let no offers pile up, and an error does not end them."""
    meeting, leave, taken = threading.Barrier(3, timeout=10), threading.Event(), []

    def work() -> None:
        meeting.wait()
        leave.wait(10)

    with closing(Workers(2)) as workers:
        workers.offer(work)
        meeting.wait()  # both threads are in it
        for n in range(100):
            workers.offer(lambda n=n: taken.append(n) or 1 / 0)
        assert taken == []
        leave.set()
        assert workers.map(abs, [-1, -2, -3, -4]) == [1, 2, 3, 4]
    assert taken == [0, 0]


def test_an_offer_to_no_threads_is_nothing() -> None:
    """To none at all, and where the system starts none."""
    with closing(Workers(0)) as workers:
        workers.offer(lambda: os._exit(1))
    with no_more_threads(), closing(Workers(2)) as workers:
        workers.offer(lambda: os._exit(1))
        assert workers.map(abs, [-1]) == [1]


def test_callers_and_workers_have_error_states_of_their_own() -> None:
    """A worker is quiet, whatever its caller's state, even if the caller itself does the work."""
    with closing(Workers(1)) as workers, np.errstate(all="raise"):
        assert workers.map(np.exp, [np.float64(-1e9)]) == [0]
        with no_more_threads(), closing(Workers(1)) as none:
            assert none.map(np.exp, [np.float64(-1e9)]) == [0]
        with pytest.raises(FloatingPointError):
            np.exp(np.float64(-1e9))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_has_threads_of_its_own() -> None:
    with closing(Workers(2)) as workers:
        workers.map(abs, range(4))
        child = os.fork()
        if not child:
            try:
                taken = threading.Event()
                workers.offer(taken.set)
                os._exit(7 if taken.wait(10) and workers.map(abs, [-3, -4]) == [3, 4] else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert workers.map(abs, [-1]) == [1]
