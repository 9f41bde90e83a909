"""Signals: free ones are heard, then go where they went before; those that somebody else handles are left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigpt.run.interrupt import SIGNALS, Interrupt, Interrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix signals")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Whatever a test does, the handlers are restored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def own(number: int, frame: object) -> None:
    """Somebody else's handler."""


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("handler", [signal.SIG_DFL, own])
def test_a_signal_is_heard_and_its_handler_comes_back(number: int, handler: signal._HANDLER) -> None:
    signal.signal(number, handler)
    before = handlers()
    with pytest.raises(Interrupted), Interrupt().listening():
        signal.raise_signal(number)
    assert handlers() == before


@pytest.mark.parametrize("number", SIGNALS)
def test_an_ignored_signal_stays_ignored(number: int) -> None:
    """As SIGHUP is under nohup, and SIGINT for what a script starts in the background."""
    signal.signal(number, signal.SIG_IGN)
    outer, inner = Interrupt(), Interrupt()
    with outer.listening(), inner.listening(), inner.deferred():
        signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    assert not outer.requested and not inner.requested
    assert signal.getsignal(number) is signal.SIG_IGN


def test_the_inner_of_two_listeners_hears_and_the_outer_one_hears_again() -> None:
    before = handlers()
    outer, inner = Interrupt(), Interrupt()
    with outer.listening():
        middle = handlers()
        with inner.listening(), inner.deferred():
            signal.raise_signal(signal.SIGTERM)
            assert inner.requested and not outer.requested
        assert handlers() == middle
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGTERM)
        assert outer.requested
    assert handlers() == before


def test_on_the_way_out_further_signals_change_nothing() -> None:
    """Somebody who presses Ctrl-C again and again does not keep a run from recording how it ended."""
    interrupt, recorded = Interrupt(), []
    with pytest.raises(Interrupted), interrupt.listening(), interrupt.deferred():
        signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            for number in SIGNALS:
                signal.raise_signal(number)
            recorded.append(True)
    assert recorded


def test_a_way_out_that_takes_long_can_be_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minigpt.run.interrupt.GRACE", 0.0)
    with pytest.raises(Interrupted), Interrupt().listening():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            with pytest.raises(Interrupted):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_signals_to_the_very_end_leave_the_record_and_the_message_whole(tmp_path: Path) -> None:
    """One every few milliseconds, from the first step until the process is gone."""
    sizes = "--layers 1 --heads 1 --width 8 --positions 32 --initial-tokens 2500 --final-tokens 2000 --epochs 500 --threads 1"
    command = [sys.executable, "-m", "minigpt", "train", "--prompt", "poems", "--source", "template", "--out", tmp_path / "run"]
    with subprocess.Popen([*command, *sizes.split()], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr
        while not process.stderr.readline().startswith("Training"):
            assert process.poll() is None
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.01)
        last = process.stderr.read().splitlines()[-1]
    assert process.returncode == 130
    assert last == f"minigpt: interrupted; everything is saved; to continue: minigpt resume {tmp_path / 'run'}"
    assert '"status": "interrupted"' in (tmp_path / "run/run.json").read_text()


class Gone:
    """A signal arrives while it is finalized."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_signal_in_a_finalizer_is_not_lost() -> None:
    with pytest.raises(Interrupted), Interrupt().listening():
        gone = Gone()
        del gone  # what it raised itself would be printed and forgotten
        time.sleep(5)


def test_another_thread_changes_nothing() -> None:
    found = []

    def listen() -> None:
        with Interrupt().listening():
            found.append(handlers())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [handlers()]


def test_a_signal_while_the_handlers_go_back_is_obeyed_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment when it can arrive; no handler is left behind."""
    before, real = handlers(), signal.signal
    for moment in range(len(SIGNALS)):
        calls = iter(range(100))

        def disturbed(number: int, handler: object, moment: int = moment, calls: Iterator[int] = calls) -> object:
            if next(calls) == len(SIGNALS) + moment:
                os.kill(os.getpid(), SIGNALS[-1])
            return real(number, handler)

        with pytest.raises(Interrupted), Interrupt().listening():
            monkeypatch.setattr(signal, "signal", disturbed)
            for _ in SIGNALS:
                next(calls)
        monkeypatch.undo()
        assert handlers() == before


OTHERS = """
import ctypes, os, signal
from minigpt.run.interrupt import Interrupt
heard = []
handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(heard.append)
libc = ctypes.CDLL(None)
libc.signal.restype, libc.signal.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p)
libc.signal(signal.SIGTERM, ctypes.cast(handler, ctypes.c_void_p))
libc.signal(signal.SIGHUP, ctypes.c_void_p(1))  # SIG_IGN, and Python does not know
for _ in range(2):
    with Interrupt().listening():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
print(heard)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not say there")
def test_a_handler_that_c_code_has_put_there_later_is_left_alone() -> None:
    """Python thinks that nobody handles such a signal."""
    done = subprocess.run([sys.executable, "-c", OTHERS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"{[int(signal.SIGTERM)] * 4}\n"), done.stderr


SEEN = """
import signal
from minigpt.run.interrupt import Interrupt
with Interrupt().listening():
    print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT).__name__)
signal.raise_signal(signal.SIGTERM)
print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs a C compiler")
def test_a_handler_that_was_there_before_python_is_left_alone(tmp_path: Path) -> None:
    """Python could not restore it, so it is left alone."""
    source = "#include <signal.h>\nstatic void h(int n) {}\n__attribute__((constructor)) static void f(void) { signal(SIGTERM, h); }\n"
    (tmp_path / "h.c").write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "h.so", tmp_path / "h.c"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "h.so")}
    done = subprocess.run([sys.executable, "-c", SEEN], capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (done.returncode, done.stdout) == (0, "None _handle\nNone True\n"), done.stderr
