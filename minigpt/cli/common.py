"""Shared by all commands: --verbose, environment variables, exit statuses, safe output."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from minigpt.cli.complete import complete_run, complete_size
from minigpt.cli.helptext import Command, long_name
from minigpt.config import SIZES
from minigpt.disk.foreign import one_line, printable
from minigpt.disk.names import find_run
from minigpt.errors import MinigptError, WrongUsage, as_argument, instead
from minigpt.machine import spare_blas
from minigpt.run.defaults import MODEL_SIZE, MODELS_DIR
from minigpt.run.interrupt import Interrupt, ignore_further, message_of

PROMPT = "prompt"  # the option whose variable, MINIGPT_PROMPT, only one command reads: elsewhere it means something else
if TYPE_CHECKING:
    Choice = click.Choice[str]
else:
    Choice = click.Choice  # before click 8.2 it takes no type


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command whose options also read MINIGPT_<OPTION>, and whose errors are one line and an exit status.

    An option that means something different from its namesake in `train` reads no variable: `allow_from_autoenv=False`.

    0 done; 1 failed; 2 wrong usage; 130 interrupted. A traceback is printed only with --verbose.
    """

    def decorate(callback: Callable[..., None]) -> click.Command:
        @functools.wraps(callback)
        def guarded(verbose: bool, **options: Any) -> None:
            for out in (sys.stdout, sys.stderr):
                if hasattr(out, "reconfigure"):
                    out.reconfigure(errors="replace")  # "?" for a character that the console lacks
            try:
                with Interrupt().listening():
                    spare_blas()
                    callback(**options)
            except (KeyboardInterrupt, click.Abort) as error:  # click's, at a prompt
                ignore_further()
                tell(said) if (said := message_of(error)) else tell("minigpt: interrupted", begin="\n")
                raise SystemExit(130) from error
            except BrokenPipeError as error:  # the reader has closed the pipe, as `head` does
                sys.stdout = nowhere()
                raise SystemExit(1) from error
            except (MinigptError, OSError, MemoryError) as error:
                if verbose:
                    for line in traceback.format_exc().splitlines():
                        tell(line)
                tell(f"minigpt: {describe(error)}")
                raise SystemExit(2 if isinstance(error, WrongUsage) else 1) from error

        made = click.command(name, cls=Command)(guarded)
        made.params.append(click.Option(["-v", "--verbose"], is_flag=True, help="Show every detail, and the traceback of an error."))
        for parameter in made.params:
            if isinstance(parameter, click.Option):
                if type(parameter.type) is click.Choice:
                    parameter.type = OneOf(parameter.type.choices)
                option = long_name(parameter)
                if parameter.allow_from_autoenv and (option != PROMPT or name == "train"):
                    parameter.envvar = f"MINIGPT_{option.replace('-', '_').upper()}"
                parameter.show_default = not parameter.is_flag and parameter.default not in (None, "") and not parameter.multiple
        return made

    return decorate


class OneOf(Choice):
    """A choice that names the nearest to a value that is none of it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r}; {instead(value, self.choices)}", param, ctx)


def describe(error: BaseException) -> str:
    """An error as one line that says what is wrong and what to do."""
    if isinstance(error, MemoryError):
        return "out of memory; use a smaller --model-size, --batch-size or --context"
    if isinstance(error, OSError) and not isinstance(error, MinigptError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}; check space and permissions there"
    return " ".join(str(error).split())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal; None is a stream that was closed at the start."""
    return stream is not None and not stream.closed and stream.isatty()


def tell(text: str, begin: str = "", end: str = "\n") -> None:
    """Print a one-line message to standard error, between `begin` and `end`."""
    put(begin + one_line(text) + end)


def put(text: str) -> None:
    """Print to standard error what is printable already, or meant to be obeyed by the terminal.

    If the reader, the terminal or the log's disk is gone, the work continues silently.
    """
    try:
        click.echo(encodable(text, sys.stderr), err=True, nl=False)
    except (OSError, ValueError):  # ValueError: the stream was closed
        sys.stderr = nowhere()


def encodable(text: str, stream: TextIO) -> str:
    """The text with "?" for what the stream's encoding lacks: click would write UTF-8 to an ASCII stream."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def show(text: str, end: str = "\n", styled: bool = False) -> None:
    """Print a result to standard output: unchanged to a pipe or file, without control characters to a terminal.

    `styled`: the text is printable already, but for styles that we put in, which go to a terminal alone.

    Raises BrokenPipeError if the reader is gone, and an OSError that names standard output if it cannot be written.
    """
    try:
        if is_terminal(sys.stdout):
            text = encodable(text if styled else printable(text), sys.stdout)
        click.echo(text + end, nl=False)
    except (OSError, ValueError) as error:
        sys.stdout = nowhere()  # else Python flushes the rest at exit, and fails again
        if isinstance(error, OSError) and error.errno not in (errno.EPIPE, errno.EIO):
            raise OSError(error.errno, error.strerror, "standard output") from error
        raise BrokenPipeError from error


def nowhere() -> TextIO:
    """A stream that discards everything."""
    return open(os.devnull, "w", encoding="utf-8")


def fill_closed_streams() -> None:
    """Open standard streams that were closed at the start: else the next file opened would take the number of one, and click would print
    errors among the results."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    sys.stdout, sys.stderr = sys.stdout or nowhere(), sys.stderr or nowhere()


def size_option(function: Callable[..., None]) -> Callable[..., None]:
    """--model-size."""
    sizes = SIZES.values()
    named = f"{any_of(size.name for size in sizes)}; also {any_of(size.alias for size in sizes)}."
    return click.option("--model-size", default=MODEL_SIZE, shell_complete=complete_size, help=named)(function)


def any_of(choices: Iterable[str]) -> str:
    """ "a, b or c"."""
    *most, last = choices
    return f"{', '.join(most)} or {last}"


def models_option(function: Callable[..., None]) -> Callable[..., None]:
    """--models-dir."""
    return click.option("--models-dir", type=click.Path(), default=MODELS_DIR, help="The folder that holds the runs.")(function)


def run_argument(function: Callable[..., None]) -> Callable[..., None]:
    """RUN, passed on as the path of its folder, and --models-dir, where it is looked for."""

    @functools.wraps(function)
    def found(*, run: str, models_dir: str, **options: Any) -> None:
        function(run=str(folder_of(run, models_dir)), **options)

    return click.argument("run", metavar="RUN", shell_complete=complete_run)(models_option(found))


def model_argument(function: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that only reads: RUN may be a zip that `export` made."""

    @functools.wraps(function)
    def found(*, run: str, models_dir: str, **options: Any) -> None:
        with opened(run, models_dir) as folder:
            function(run=str(folder), **options)

    return click.argument("run", metavar="RUN", shell_complete=complete_run)(models_option(found))


def folder_of(run: str, models_dir: str) -> Path:
    """The folder of a run; MinigptError for a zip, which nothing can be written into."""
    path = find_run(run, Path(models_dir))
    if path.is_file() and path.suffix.lower() == ".zip":
        raise MinigptError(f"{path} is an archive; unpack it first: python -m zipfile -e {as_argument(path)} {as_argument(models_dir)}")
    return path


@contextmanager
def opened(run: str, models_dir: str) -> Iterator[Path]:
    """The folder of a run; a zip is unpacked for as long as it is needed."""
    path = find_run(run, Path(models_dir))
    if not path.is_file() or path.suffix.lower() != ".zip":
        yield path
        return
    from minigpt.disk.bundle import unpacked

    with unpacked(path) as folder:
        yield folder


def known_device(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The value, if it is one of --device."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,4})?", value):
        raise click.BadParameter(f"{value!r} is not auto, cpu, cuda or cuda:N", ctx, param)
    return value


def device_option(function: Callable[..., None]) -> Callable[..., None]:
    """--device."""
    help = "Where to compute; cuda:1 is the second GPU."
    return click.option("--device", callback=known_device, metavar="auto|cpu|cuda|cuda:N", default="auto", help=help)(function)
