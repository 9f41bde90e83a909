"""Lines that a person types, from a prompt with history and completion or from a pipe, and text that is written word by word."""

from __future__ import annotations

import json
import os
import stat
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.common import is_terminal, show, tell
from minigpt.disk.foreign import one_line, printable
from minigpt.run.interrupt import Interrupted

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History

LONGEST = 2**20  # bytes of a line
KEPT, LIMIT = 1000, 2**20  # lines of the history that are kept, and the bytes from which older ones are dropped
Complete = Callable[[str], list[str]]  # what was typed -> what may stand in place of its last word


def is_interactive() -> bool:
    """Whether somebody types and sees what is written."""
    return is_terminal(sys.stdin) and (is_terminal(sys.stdout) or is_terminal(sys.stderr))


def piped() -> Iterator[str]:
    """The lines of standard input."""
    while line := sys.stdin.buffer.readline(LONGEST):
        yield line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")


def typed(message: Callable[[], str], complete: Complete, status: Callable[[], str], keeps: bool) -> Iterator[str]:
    """Lines that a person types after a prompt, until the end of the input, or Ctrl-C on an empty line.

    Ctrl-C on any other line clears it. `status`: a line below the prompt. `keeps`: whether the history is kept on disk.
    """
    session = prompt_session(complete, status, keeps)
    while True:
        try:
            yield session.prompt([("bold", message())]).encode("utf-8", "replace").decode("utf-8")
        except Interrupted:  # a signal to the process, not a key
            raise
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                return
        except EOFError:
            return


def prompt_session(complete: Complete, status: Callable[[], str], keeps: bool) -> PromptSession[str]:
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

    output: Any = create_output(always_prefer_tty=True)
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False  # a terminal that cannot tell where its cursor is would be complained about
    return PromptSession(
        output=output,
        history=kept_history() if keeps else None,
        completer=Proposals(),
        complete_style=CompleteStyle.READLINE_LIKE,
        complete_while_typing=False,
        bottom_toolbar=lambda: [("noreverse", printable(status())[: max(0, output.get_size().columns - 1)])],
        reserve_space_for_menu=0,
        mouse_support=False,
    )


def history_file() -> Path | None:
    """Where the platform wants what a program remembers of its user; None without a home."""
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return None
    if sys.platform == "win32":
        place = Path(os.environ.get("LOCALAPPDATA") or Path(home, "AppData", "Local"))
    elif sys.platform == "darwin":
        place = Path(home, "Library", "Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME", "")
        place = Path(state if os.path.isabs(state) else Path(home, ".local", "state"))
    return place / "minigpt" / "chat-history"


def kept_history() -> History:
    """What was typed in this conversation and earlier ones. Without a place on disk, what was typed in this one."""
    from prompt_toolkit.history import History

    path = history_file()

    class Kept(History):
        """A line of JSON per entry, so that an entry may have several lines."""

        def load_history_strings(self) -> Iterable[str]:
            return reversed(read_history(path)) if path else ()

        def store_string(self, string: str) -> None:
            if path:
                with suppress(OSError), os.fdopen(open_history(path), "ab") as file:
                    file.write(as_entry(string))

    return Kept()


def as_entry(text: str) -> bytes:
    return json.dumps(text).encode() + b"\n"


def open_history(path: Path) -> int:
    """A descriptor of the file, which only its user may read; OSError if it is not a regular file of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        if os.name == "posix":
            os.fchmod(handle, 0o600)
    except OSError:
        os.close(handle)
        raise
    return handle


def read_history(path: Path) -> list[str]:
    """The entries, the oldest first; a file that has grown too long is cut to the latest ones."""
    try:
        with os.fdopen(open_history(path), "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LIMIT))
            entries = list(decoded(file.read(LIMIT).splitlines()))[-KEPT:]
            if size > LIMIT:
                file.truncate(0)
                file.write(b"".join(map(as_entry, entries)))
    except OSError:
        return []
    return entries


def decoded(lines: Iterable[bytes]) -> Iterator[str]:
    """The entries among some lines; others, such as one cut at its beginning, are passed over."""
    for line in lines:
        with suppress(ValueError, RecursionError):
            if isinstance(entry := json.loads(line), str):
                yield entry


class Words:
    """Text that comes in pieces -> the same with line ends between words, so that no word is cut at the edge of the terminal.

    A word is held back until it ends, or until it is known that it needs a line of its own.
    """

    def __init__(self, width: Callable[[], int], column: int = 0) -> None:
        self.width, self.column, self.space, self.word = width, column, "", ""

    def feed(self, piece: str) -> str:
        """What can be written now."""
        ready = ""
        for c in printable(piece):
            if c in " \t\n":
                ready += self.rest()
                self.space += " " if c == "\t" else c
                if c == "\n":
                    ready, self.space, self.column = ready + "\n", "", 0
            else:
                self.word += c
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
    with suppress(OSError, ValueError, AttributeError):
        return max(1, os.get_terminal_size(sys.stdout.fileno()).columns - 1)
    return 79


class Page:
    """Where answers are written: a terminal, with its lines broken between words, or a pipe, as they are."""

    def __init__(self) -> None:
        self.seen = is_terminal(sys.stdout)
        self.words = Words(columns)

    def begin(self, text: str, named: bool) -> None:
        """Begin an answer: after who gives it, if it is `named`, else after the text that it continues."""
        if named and self.seen and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR"):
            click.echo(click.style(printable(text), bold=True), nl=False)
            self.words.column = cells(text)
        else:
            self.write(text)
        if named:
            self.write(" ")

    def write(self, piece: str) -> None:
        show(self.words.feed(piece) if self.seen else piece, end="")

    def end(self) -> None:
        """End the answer; on a terminal, with an empty line after it."""
        show(f"{self.words.rest()}\n" if self.seen else "")


def note(text: str) -> None:
    """Say something that is not an answer, on lines of the terminal's width."""
    for line in textwrap.wrap(one_line(text), columns() if is_interactive() else 10**6, subsequent_indent="  ", break_on_hyphens=False):
        tell(line)
