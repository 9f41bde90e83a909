"""What every command shares: --verbose, environment variables, exit statuses, and text that a terminal can bear."""

from __future__ import annotations

import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TextIO

import click

from minigpt.config import SIZES
from minigpt.disk.foreign import one_line, printable
from minigpt.errors import MinigptError
from minigpt.machine import spare_blas
from minigpt.run.defaults import MODEL_SIZE, MODELS_DIR
from minigpt.run.interrupt import Interrupt, ignore_further, message_of


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command whose options also read MINIGPT_<OPTION>, and whose errors end in one line and a status.

    An option that means something else than its namesake in `train` reads no variable: `allow_from_autoenv=False`.

    0 done; 1 failed; 2 wrong usage; 130 interrupted. A traceback is printed only for --verbose.
    """

    def decorate(callback: Callable[..., None]) -> click.Command:
        @functools.wraps(callback)
        def guarded(verbose: bool, **options: Any) -> None:
            for out in (sys.stdout, sys.stderr):
                if hasattr(out, "reconfigure"):
                    out.reconfigure(errors="replace")  # a console that lacks a character shows "?" in its place
            try:
                with Interrupt().listening():
                    spare_blas()
                    callback(**options)
            except (KeyboardInterrupt, click.Abort) as error:  # click's: at a question
                ignore_further()
                tell(said) if (said := message_of(error)) else tell("minigpt: interrupted", begin="\n")
                raise SystemExit(130) from error
            except BrokenPipeError as error:  # the reader has had enough, as `head` has
                sys.stdout = nowhere()
                raise SystemExit(1) from error
            except (MinigptError, OSError, MemoryError) as error:
                if verbose:
                    for line in traceback.format_exc().splitlines():
                        tell(line)
                tell(f"minigpt: {describe(error)}")
                raise SystemExit(1) from error

        made = click.command(name)(guarded)
        made.params.append(click.Option(["-v", "--verbose"], is_flag=True, help="Show the traceback of an error."))
        for parameter in made.params:
            if isinstance(parameter, click.Option):
                if parameter.allow_from_autoenv:
                    longest = max(parameter.opts, key=len)
                    parameter.envvar = f"MINIGPT_{longest.lstrip('-').replace('-', '_').upper()}"
                parameter.show_default = not parameter.is_flag and parameter.default not in (None, "") and not parameter.multiple
        return made

    return decorate


def describe(error: BaseException) -> str:
    """An error in one line that names the thing and what to do."""
    if isinstance(error, MemoryError):
        return "out of memory; use a smaller --model-size, --batch-size or --context"
    if isinstance(error, OSError) and not isinstance(error, MinigptError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}; check space and permissions there"
    return " ".join(str(error).split())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal; it is None if it was closed before the start."""
    return stream is not None and not stream.closed and stream.isatty()


def tell(text: str, begin: str = "", end: str = "\n") -> None:
    """Print a one-line message to standard error, with `begin` and `end` around it.

    If that fails because the pipe's reader, the terminal or the log's disk is gone, the work continues in silence.
    """
    try:
        click.echo(begin + one_line(text) + end, err=True, nl=False)
    except (OSError, ValueError):  # ValueError: the stream was closed
        sys.stderr = nowhere()


def show(text: str, end: str = "\n") -> None:
    """Print a result to standard output: unchanged into a pipe or file, without control characters on a terminal.

    Raises BrokenPipeError if nobody reads it any more, and an OSError that names standard output if it cannot be written.
    """
    try:
        click.echo((printable(text) if is_terminal(sys.stdout) else text) + end, nl=False)
    except (OSError, ValueError) as error:
        sys.stdout = nowhere()  # or Python tries to write the rest again at exit
        if isinstance(error, OSError) and error.errno not in (errno.EPIPE, errno.EIO):
            raise OSError(error.errno, error.strerror, "standard output") from error
        raise BrokenPipeError from error


def nowhere() -> TextIO:
    """A stream that discards everything."""
    return open(os.devnull, "w", encoding="utf-8")


def fill_closed_streams() -> None:
    """Put something in the place of standard streams that were closed before the start: the next file opened would be taken for one, and
    click would print errors among the results."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout, sys.stderr = sys.stdout or nowhere(), sys.stderr or nowhere()


class UsageError(click.UsageError):
    """Wrong usage, told where anybody hears it; the status is 2 all the same."""

    def show(self, file: IO[Any] | None = None) -> None:
        try:
            super().show(file)
        except (OSError, ValueError):
            sys.stderr = nowhere()


class Commands(click.Group):
    """A group of commands whose usage errors, which repeat the command line, are made printable like all other messages."""

    def main(self, *args: Any, **more: Any) -> Any:
        fill_closed_streams()
        try:
            return super().main(*args, **more)
        except OSError as error:  # click itself prints help and version
            sys.stdout = nowhere()
            if not isinstance(error, BrokenPipeError):
                tell(f"minigpt: standard output: {error.strerror}; check space and permissions there")
            raise SystemExit(1) from error

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with printable_usage():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with printable_usage():
            return super().invoke(ctx)


@contextmanager
def printable_usage() -> Iterator[None]:
    """Usage errors raised inside become one printable line, below the usage."""
    try:
        yield
    except click.UsageError as error:
        raise UsageError(one_line(error.format_message()), error.ctx) from error


def size_option(function: Callable[..., None]) -> Callable[..., None]:
    """--model-size."""
    sizes = SIZES.values()
    named = f"{any_of(size.name for size in sizes)}; also {any_of(size.alias for size in sizes)}."
    return click.option("--model-size", default=MODEL_SIZE, help=named)(function)


def any_of(choices: Iterable[str]) -> str:
    """ "a, b or c"."""
    *most, last = choices
    return f"{', '.join(most)} or {last}"


def models_option(function: Callable[..., None]) -> Callable[..., None]:
    """--models-dir."""
    return click.option("--models-dir", type=click.Path(), default=MODELS_DIR, help="The folder that holds the runs.")(function)


def device_option(function: Callable[..., None]) -> Callable[..., None]:
    """--device, the same for every command."""
    return click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where to compute.")(function)
