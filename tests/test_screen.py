"""The screen of a training, in recorded terminals: nothing is cut off or left over, keys work, and the terminal is as it was before."""

from __future__ import annotations

import json
import math
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.cli.screen.figures import Curve, Figures, display

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a Unix thing")
if sys.platform != "win32":
    import termios

    from terminals import PATIENCE, PLAIN, Terminal, python

# A training without a model: so many steps, each of so many seconds; it stops at q.
TRAINING = """
import math, sys, time
from types import SimpleNamespace
from minigpt.cli.console import Console
from minigpt.run.interrupt import Interrupt
from minigpt.run.listener import Wish, Written
from minigpt.training import Report

steps, seconds, crash = int(sys.argv[1]), float(sys.argv[2]), "crash" in sys.argv
console = Console(False)
console.say("Source", "built-in templates (no Ollama server answers)")
console.say("Corpus", "poetry, " + 12 * "and more " + "of it")
course = SimpleNamespace(step=0, total_steps=steps, base=0, started=time.perf_counter(), tokens=0, loss=math.nan, held_out_tokens=1)
pausing = False
try:
    with Interrupt().listening(), console.learning(course):
        for course.step in range(1, steps + 1):
            course.tokens, course.loss = 512 * course.step, 9 / math.sqrt(course.step)
            if course.step % 5 == 0:
                held_out = course.loss + 0.1 if course.step % 20 == 0 else None
                console.report(Report(course.step, course.step / 100, course.tokens, 1.0, course.loss, held_out, 1e-3, 1.0, 100.0))
            console.step(course)
            wish = console.wish()
            while wish is Wish.PAUSE or pausing:
                if wish is Wish.PAUSE:
                    pausing = not pausing
                    console.paused(pausing)
                time.sleep(0.01)
                wish = console.wish()
            if wish is Wish.SAMPLE:
                console.wrote(Written(course.step, 0.1, 1.0, "Once", 42, " upon\\n\\n\\x1b[2Ja [bold]time[/bold] " + 99 * "there was "))
            if wish is Wish.STOP:
                break
            if crash and course.step > 30:
                raise RuntimeError("crash")
            time.sleep(seconds)
finally:
    console.close()
console.say("Result", "held-out loss 1.000")
"""
FIELDS = (r"step [\d,]+/[\d,]+", r"loss \d", r"held-out \d", r"[\d:]+ left", r"[\d,]+ tokens/s")


@pytest.fixture
def training() -> Iterator[Callable[..., Terminal]]:
    """Begins trainings in terminals; what still runs in them at the end of the test is ended."""
    with ExitStack() as opened:

        def begin(*arguments: object, columns: int = 80, rows: int = 24, **more: str) -> Terminal:
            return opened.enter_context(Terminal(python("-c", TRAINING, *arguments), size=(columns, rows), **more))

        yield begin


def live(lines: list[str]) -> str:
    """The live part of a screen, from its bar to its hint, as one line; empty if there is none."""
    found = re.search(r"(?:^|\n)(\S+ +\d+%\n.*p pause  s sample  q stop(?: and save)?)$", "\n".join(lines), flags=re.DOTALL)
    return found[1].replace("\n", "  ") if found else ""


def has_all(lines: list[str]) -> bool:
    """Whether the live part has every field, in order, once."""
    shown = live(lines)
    at = [[match.start() for match in re.finditer(rf"(?<!\S){field}", shown)] for field in FIELDS]
    return [len(places) for places in at] == [1, 1, 1, 1, 1] and at == sorted(at) if shown else False


def nothing_is_left_over(lines: list[str]) -> bool:
    """Whether no bar, figure or hint stands anywhere but in one live part."""
    text = "\n".join(lines)
    return len(re.findall(r"\d+%", text)) == text.count(" left") == text.count("p pause") == len(re.findall(r"step [\d,]+/", text)) <= 1


@given(
    st.integers(24, 200), st.integers(2, 12), st.integers(1, 10**7), st.booleans(), st.booleans(),
    st.lists(st.floats(0, 20) | st.just(math.nan), max_size=60),
)  # fmt: skip
def test_the_display_fits_at_any_width_and_has_loss_and_time(width, height, total, measured, fancy, losses) -> None:
    f = Figures(total // 2, 0, total, 3.21, 3.333 if measured else None, 3753.0, 12_345.0)
    for step, loss in enumerate(losses):
        f.learned.add(step, loss)
        f.tested.add(step, loss if measured else None)
    lines = display(f, ["p pause"], width, height, fancy)
    assert 1 <= len(lines) <= height
    assert all(line.cell_len <= width for line in lines)
    text = "\n".join(line.plain for line in lines)
    assert "loss 3.210" in text and "1:02:33 left" in text
    shown = [place.start() for field in FIELDS if (place := re.search(rf"(?<!\S){field}", text))]
    assert shown == sorted(shown)
    if height >= 5:
        assert len(shown) == 4 + measured
    assert fancy or text.isascii()


def test_a_curve_forgets_what_was_rolled_back_and_shows_every_loss() -> None:
    curve = Curve()
    for step, loss in ((1, 9.0), (2, 8.0), (3, math.inf), (4, 7.0), (2, 6.0)):
        curve.add(step, loss)
    assert curve.points == [(1, 9.0), (2, 6.0)]
    assert curve.binned(0, 2, 4) == pytest.approx([math.nan, math.nan, 9.0, 6.0], nan_ok=True)


@pytest.mark.parametrize("columns", [80, pytest.param(60, marks=pytest.mark.slow), 40])  # seconds each; 60 has no layout of its own
def test_the_plan_the_evaluations_and_the_live_part_at_each_width(training, columns: int) -> None:
    terminal = training(10_000, 0.005, columns=columns)
    terminal.until(has_all)
    terminal.until(lambda lines: lines and "▁" in "".join(lines) and "step" in lines[-8])
    assert nothing_is_left_over(terminal.lines)
    assert terminal.lines[0].startswith("Source")
    terminal.press("s")
    terminal.until("  [2Ja [bold]time[/bold]")  # markup and escapes of a model are text
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.lines[-1].split() == ["Result", "held-out", "loss", "1.000"]
    assert live(terminal.lines) == "" and "left" not in "".join(terminal.lines)
    evaluated = [line for line in terminal.lines if line.startswith("step")]
    assert evaluated and all(re.search(r"loss \d\.\d+  held-out \d\.\d+", line) for line in evaluated)


def test_a_resized_terminal_keeps_no_stale_lines(training) -> None:
    """Narrower, wider, lower and higher while it runs."""
    terminal = training(10_000, 0.005)
    for columns, rows in ((80, 24), (60, 24), (40, 24), (40, 10), (80, 12), (30, 16), (100, 30)):
        terminal.resize(columns, rows)
        shown = len(terminal.raw)
        terminal.until(lambda lines, shown=shown: len(terminal.raw) > shown + 1200)
        terminal.until(lambda lines: nothing_is_left_over(lines) and "loss" in live(lines) and " left" in live(lines))
        for _ in range(30):
            terminal.read()
            if terminal.raw.endswith(b"\r"):  # a whole picture
                assert nothing_is_left_over(terminal.lines), terminal.lines
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.lines[-1].startswith("Result")


def test_keys_pause_and_the_terminal_is_as_it_was(training) -> None:
    """What comes in a bunch, such as an arrow or a pasted text, is no key."""
    terminal = training(10_000, 0.005)
    before = terminal.modes
    terminal.until(has_all)
    assert terminal.modes != before
    for keys in ("\x1b[A", "quit", "p"):
        terminal.press(keys)
        written = len(terminal.raw)
        terminal.until(lambda lines, written=written: len(terminal.raw) > written + 2000 or "Paused" in "".join(lines))
    terminal.until("Paused")
    paused = [line for line in terminal.lines if re.match("step [0-9,]+/", line)]
    terminal.resize(60, 24)
    terminal.until(lambda lines: nothing_is_left_over([line.replace("Paused and saved", "p pause") for line in lines]))
    terminal.press("P")
    terminal.until(lambda lines: live(lines) != "" and paused[0][:20] not in live(lines))
    terminal.press("q")
    assert terminal.modes in (before, terminal.modes)
    assert terminal.end() == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGQUIT, pytest.param(signal.SIGHUP, marks=pytest.mark.slow), None]
)  # as SIGTERM
def test_the_terminal_is_as_it_was_after_a_signal_or_a_crash(number: signal.Signals | None) -> None:
    main, side = os.openpty()  # one that outlives the process
    code = f"import os; os.setsid(); os.close(os.open(os.ttyname(0), os.O_RDWR)); exec({TRAINING!r})"
    before = termios.tcgetattr(side)
    begun = python("-c", code, 10_000, 0.005, *(() if number else ("crash",)))
    with subprocess.Popen(begun, stdin=side, stderr=side, stdout=subprocess.DEVNULL, env=os.environ | PLAIN) as process:
        read_until(main, lambda: termios.tcgetattr(side) != before)
        if number:
            process.send_signal(number)
        read_until(main, lambda: process.poll() is not None)
    assert process.returncode == (-number if number == signal.SIGQUIT else 1)
    assert termios.tcgetattr(side) == before
    os.close(main)
    os.close(side)


def read_until(terminal: int, done: Callable[[], bool]) -> None:
    """Take in what is written to a terminal until something is done."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        if select.select([terminal], [], [], 0.02)[0]:
            os.read(terminal, 65536)


@pytest.mark.parametrize(
    ("more", "columns", "kind"),
    [
        ({"NO_COLOR": "1"}, 80, "live"),
        ({"PYTHONIOENCODING": "ascii"}, 80, "ascii"),
        pytest.param({"LC_ALL": "C"}, 80, "ascii", marks=pytest.mark.slow),  # as the one before
        ({"TERM": "dumb"}, 80, "plain"),
        ({}, 20, "narrow"),
    ],
)
def test_lesser_terminals(training, more: dict[str, str], columns: int, kind: str) -> None:
    terminal = training(60, 0.01, columns=columns, **more)
    status = terminal.end()
    text = terminal.raw.decode()
    assert status == 0
    coloured = re.search(r"\x1b\[[\d;]*3[0-9]m", text) is not None
    assert coloured == (kind in ("ascii", "narrow"))
    assert (" left" in text) == (kind != "narrow")
    if kind == "ascii":
        assert text.isascii() and re.search(r"\[#+.*\.+\].*\d+%", text)
    if kind == "plain":
        assert "\x1b" not in text
        assert re.search(
            r"^\d\d:\d\d:\d\d  step 60/60  epoch 0\.60  loss 1\.162  held-out 1\.262  [\d:]+ left  100 tokens/s\r$", text, re.M
        )
    assert "Result" in terminal.lines[-1] or columns == 20


@pytest.mark.slow
@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="a shell with job control")
def test_under_a_shell_it_stops_goes_on_and_runs_in_the_background(tmp_path: Path) -> None:
    (tmp_path / "training.py").write_text(TRAINING)
    with Terminal(["/bin/bash", "--norc", "-i"], size=(80, 50), PS1="$ ") as shell:
        shell.until("$")
        shell.press(f"{sys.executable} {tmp_path}/training.py 10000 0.01\n")
        shell.until(has_all)
        for _ in range(2):
            shell.press("\x1a")
            shell.until(lambda lines: "Stopped" in "".join(lines[-4:]))
            assert live(shell.lines) == ""
            shell.press("stty -a | grep -o '[ -]icanon.*'; echo do''ne\n")
            shell.until("done")
            assert " icanon" in "\n".join(shell.lines) and "-icanon" not in "\n".join(shell.lines)
            shell.press("clear; fg\n")
            shell.until(has_all)
        shell.press("\x1a")
        shell.until("Stopped")
        shell.press("clear; bg\n")
        shell.until(lambda lines: sum("held-out" in line for line in lines) > 3)
        assert "left" not in "\n".join(shell.lines), "in the background it draws nothing"
        shell.press("q")
        shell.press("\x7fecho hel''lo\n")
        shell.until("hello")
        shell.press("clear; fg\n")
        shell.until(has_all)
        shell.press("q")
        shell.until("Result")
        shell.press("exit\n")
        assert shell.end() == 0


def test_nothing_is_read_from_a_pipe() -> None:
    """Keys are for a terminal; what another program sends is left to it."""
    reader = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TRAINING!r}, '20', '0.001']); print(sys.stdin.read())"
    done = subprocess.run(python("-c", reader), input="qqq", capture_output=True, text=True, check=True)
    assert done.stdout == "qqq\n"
    assert "step 20/20" in done.stderr and "Result" in done.stderr
    assert json.dumps(done.stderr).count("\\u001b") == 0
