"""Lines that a person types, from a prompt with history and completion or from a pipe, and text that is written word by word."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.common import is_terminal, show, tell
from minigpt.cli.history import kept_history
from minigpt.disk.foreign import one_line, printable
from minigpt.run.interrupt import Interrupted

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

LONGEST = 2**20  # bytes of a line
LATE = 0.5  # seconds
Complete = Callable[[str], list[str]]  # what was typed -> what may stand in place of its last word


def is_interactive() -> bool:
    """Whether somebody types and sees what is written."""
    return is_terminal(sys.stdin) and (is_terminal(sys.stdout) or is_terminal(sys.stderr))


def piped() -> Iterator[str]:
    """The lines of standard input."""
    while line := sys.stdin.buffer.readline(LONGEST):
        yield line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")


def typed(message: Callable[[], str], complete: Complete, status: Callable[[int], str], keeps: bool) -> Iterator[str]:
    """Lines that a person types after a prompt, until the end of the input, or Ctrl-C on an empty line.

    Ctrl-C on any other line clears it; one that comes just after an answer was meant for that. `status`: a line below the prompt, of at
    most so many characters. `keeps`: whether the history is kept on disk.
    """
    session = prompt_session(complete, status, keeps)
    while True:
        began = time.monotonic()
        try:
            yield session.prompt([("bold", message())]).encode("utf-8", "replace").decode("utf-8")
        except Interrupted:  # a signal to the process, not a key
            raise
        except KeyboardInterrupt:
            if not session.default_buffer.text and time.monotonic() - began > LATE:
                return
        except EOFError:
            return


def prompt_session(complete: Complete, status: Callable[[int], str], keeps: bool) -> PromptSession[str]:
    """prompt_toolkit's prompt. Completions are listed at Tab, as readline does: a menu would need eight free lines."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.output import create_output
    from prompt_toolkit.shortcuts import CompleteStyle

    class Proposals(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            before = document.text_before_cursor
            word = before.rpartition(" ")[2]
            return (Completion(text, -len(word)) for text in complete(before))

    dumb = os.environ.get("TERM") == "dumb"  # where prompt_toolkit edits no line, if it may choose the output
    output: Any = create_output(always_prefer_tty=True)
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False  # a terminal that cannot tell where its cursor is would be waited for, and complained about
        output.get_rows_below_cursor_position = lambda: 1  # in place of the answer; enough for the line below the prompt
    return PromptSession(
        output=None if dumb else output,
        history=kept_history() if keeps else None,
        completer=Proposals(),
        complete_style=CompleteStyle.READLINE_LIKE,
        complete_while_typing=False,
        bottom_toolbar=lambda: [("noreverse", printable(status(output.get_size().columns - 1)))],
        reserve_space_for_menu=0,
        mouse_support=False,
    )


class Words:
    """Text that comes in pieces -> the same with line ends between words, so that no word is cut at the edge of the terminal.

    A word is held back until it ends or fills a line. White space before the first one is left out.
    """

    def __init__(self, width: Callable[[], int], column: int = 0) -> None:
        self.width, self.column, self.space, self.word, self.begun = width, column, "", "", False

    def feed(self, piece: str) -> str:
        """What can be written now."""
        ready = ""
        for c in printable(piece):
            if c in " \t\n":
                if not self.begun:
                    continue
                ready += self.rest()
                self.space += " " if c == "\t" else c
                if c == "\n":
                    ready, self.space, self.column = ready + "\n", "", 0
            else:
                self.word, self.begun = self.word + c, True
                if cells(self.word) >= self.width():
                    ready += self.rest()
        return ready

    def rest(self) -> str:
        """What was held back, on the next line if it does not fit on this one."""
        if not self.word:
            return ""
        space, word, wide = self.space, self.word, cells(self.word)
        self.space = self.word = ""
        if self.column and self.column + len(space) + wide > self.width():
            space, self.column = "\n", 0
        self.column = (self.column + (len(space) if space != "\n" else 0) + wide) % max(1, self.width() + 1)
        return space + word


def cells(text: str) -> int:
    """The columns that a text takes."""
    if text.isascii():
        return len(text)
    from prompt_toolkit.utils import get_cwidth

    return get_cwidth(text)


def columns() -> int:
    """The columns of the terminal that a line may fill."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if width := os.get_terminal_size(stream.fileno()).columns:
                return max(1, width - 1)
    return 79


class Page:
    """Where answers are written: a terminal, with its lines broken between words, or a pipe, as they are."""

    def __init__(self) -> None:
        self.seen = is_terminal(sys.stdout)
        self.words = Words(columns)

    def begin(self, text: str, named: bool) -> None:
        """Begin an answer: after who gives it, if it is `named`, else after the text that it continues."""
        if named and self.seen and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR"):
            show(click.style(printable(text), bold=True), end="", styled=True)
            self.words.column = cells(text)
            text = " "
        elif named:
            text += " "
        if named:
            show(text, end="")
            self.words.column += cells(text)
        else:
            self.write(text)

    def write(self, piece: str) -> None:
        show(self.words.feed(piece) if self.seen else piece, end="")

    def end(self) -> None:
        """End the answer; on a terminal, with an empty line after it."""
        show(f"{self.words.rest()}\n" if self.seen else "")


@contextmanager
def unechoed() -> Iterator[None]:
    """Keys that are pressed while an answer is written do not show in it; they wait for the next prompt."""
    if sys.platform == "win32":
        yield
        return
    import termios

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    termios.tcsetattr(handle, termios.TCSADRAIN, [*before[:3], before[3] & ~termios.ECHO, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def note(text: str) -> None:
    """Say something that is not an answer, on lines of the terminal's width."""
    for line in textwrap.wrap(one_line(text), columns() if is_interactive() else 10**6, subsequent_indent="  ", break_on_hyphens=False):
        tell(line)
