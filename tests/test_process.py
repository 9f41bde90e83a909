"""What belongs to the whole process is left as it was: BLAS's threads and NumPy's error state, with threads and after forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minigpt.errors import MinigptError
from minigpt.machine import blas
from minigpt.threads import Turns, in_turn, quiet


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(params=[1, 3])
def known(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads the surrounding program has given BLAS."""
    with threadpool_limits(request.param, user_api="blas"):
        yield request.param


def test_blas_has_its_threads_back_after_computations_that_overlap(known: int) -> None:
    """Those with the same number run at once, in two threads that leave in the order in which they came."""
    inside, left = threading.Barrier(2, timeout=10), threading.Event()

    def work(first: bool) -> None:
        with blas.limited(2):
            inside.wait()
            assert blas_threads() == {2}
            if not first:
                left.wait(10)
                assert blas_threads() == {2}
        if first:
            left.set()

    run(work, [True, False])
    assert blas_threads() == {known}


def test_computations_with_different_numbers_take_turns(known: int) -> None:
    """Each sees its own number, or the program's if it asks for none, and all of them end."""
    seen: list[tuple[int | None, set[int]]] = []

    def work(limit: int | None) -> None:
        for _ in range(20):
            with blas.limited(limit):
                before = blas_threads()
                time.sleep(0.0005)
                seen.append((limit, before | blas_threads()))

    run(work, [2, 4, None, 2, 4, None])
    assert len(seen) == 120
    assert all(found == {limit or known} for limit, found in seen)
    assert blas_threads() == {known}


def run(work, arguments) -> None:
    """In a thread per argument; errors are raised."""
    errors: list[BaseException] = []

    def guarded(argument) -> None:
        try:
            work(argument)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(argument,), daemon=True) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_an_error_inside_gives_the_threads_back(known: int) -> None:
    with pytest.raises(ZeroDivisionError), blas.limited(2):
        _ = 1 / 0
    assert blas_threads() == {known}


def test_a_computation_in_a_computation_does_not_wait_for_itself(known: int) -> None:
    """A signal handler may compute in the middle of another computation of its thread."""
    with blas.limited(2), blas.limited(4):
        assert blas_threads() == {2}
    assert blas_threads() == {known}


def test_quiet_leaves_the_callers_error_state_alone() -> None:
    """Whatever it is, and after an error too."""
    underflow = quiet(lambda: np.exp(np.float64(-1e9)) + np.float64(1) / np.float64(0))
    for state in ("raise", "warn", "ignore"):
        with np.errstate(all=state):
            before = np.geterr()
            assert underflow() == np.inf
            with pytest.raises(KeyError):
                quiet(lambda: {}[1])()
            assert np.geterr() == before


class Shared:
    """What threads take turns with."""

    def __init__(self) -> None:
        self.turns = Turns()

    @in_turn
    def call(self, body: Callable[[], Any]) -> Any:
        return body()


def test_turns_keep_threads_apart_and_refuse_their_own() -> None:
    """One at a time; a call within a call, which would wait for ever, is a one-line error that leaves nothing stuck."""
    shared, inside = Shared(), []

    def alone() -> None:
        inside.append(1)
        assert len(inside) == 1
        time.sleep(0)
        inside.pop()

    run(lambda _: [shared.call(alone) for _ in range(50)], range(4))
    with pytest.raises(MinigptError, match="called during another call of the same model"):
        shared.call(lambda: shared.call(alone))
    shared.call(alone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_in_the_middle_of_other_threads_computations_is_free(known: int) -> None:
    """It waits for a computation to end, and then holds nobody up."""
    shared, ready, computed = Shared(), threading.Event(), []

    def work() -> None:
        with blas.limited(2):
            ready.set()
            time.sleep(0.1)
            computed.append(1)
        time.sleep(0.1)

    def in_the_child() -> None:
        with blas.limited(4):
            os._exit(10 * len(computed) + (blas_threads() == {4}))

    thread = threading.Thread(target=shared.call, args=(work,))
    thread.start()
    ready.wait()
    child = os.fork()
    if not child:
        signal.alarm(10)
        shared.call(in_the_child)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 11
    thread.join()
    assert blas_threads() == {known}
    with blas.limited(4):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
@pytest.mark.parametrize("computing", [False, True])
def test_a_child_never_waits_for_a_lock_that_another_thread_had(computing: bool) -> None:
    """Hooks of before a fork run in reverse order of registration: this one last, right before the fork."""
    code = f"""
import os, signal, threading
from contextlib import nullcontext
def seize():
    held = threading.Event()
    def hold():
        with blas._free:
            held.set()
            forked.wait()
    threading.Thread(target=hold, daemon=True).start()
    held.wait()
forked = threading.Event()
os.register_at_fork(before=seize, after_in_parent=forked.set)
from minigpt.machine import blas
with blas.limited(2) if {computing} else nullcontext():
    child = os.fork()
    if not child:
        signal.alarm(10)
if not child:
    for threads in (1, 2):
        with blas.limited(threads):
            pass
    os._exit(0)
end = threading.Timer(10, os.kill, (child, signal.SIGKILL))
end.start()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
end.cancel()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
def test_an_interrupt_while_waiting_leaves_the_line() -> None:
    """Ctrl-C in the main thread, which waits for another thread's computation; those queued after it continue."""
    code = """
import signal, threading, time
from minigpt.machine import blas
inside, leave = threading.Event(), threading.Event()
def hold(limit):
    with blas.limited(limit):
        inside.set()
        leave.wait(10)
threading.Thread(target=hold, args=(2,)).start()
inside.wait()
threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)).start()
try:
    with blas.limited(4):
        pass
except KeyboardInterrupt:
    leave.set()
    with blas.limited(3):
        print("free")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "free\n"
