"""What every command shares: --verbose, environment variables, exit statuses, and text that a terminal can bear."""

from __future__ import annotations

import functools
import os
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import click

from minigpt.errors import MinigptError
from minigpt.interrupt import Interrupt
from minigpt.machine import spare_blas


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command whose options also read MINIGPT_<OPTION>, and whose errors end in one line and a status.

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
                click.echo(str(error) or "\nminigpt: interrupted", err=True)
                raise SystemExit(130) from error
            except BrokenPipeError as error:  # the reader has had enough, as `head` has
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (nothing more is to be written, also at exit)
                raise SystemExit(1) from error
            except (MinigptError, OSError, MemoryError) as error:
                if verbose:
                    click.echo(printable(traceback.format_exc()), err=True, nl=False)
                click.echo(printable(f"minigpt: {describe(error)}"), err=True)
                raise SystemExit(1) from error

        made = click.command(name)(guarded)
        made.params.append(click.Option(["-v", "--verbose"], is_flag=True, help="Show the traceback of an error."))
        for parameter in made.params:
            if isinstance(parameter, click.Option):
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


# What a terminal would obey: control characters but for line ends and tabs; and marks that change the direction of what follows.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text without the characters that a terminal would obey; line ends and tabs stay."""
    return OBEYED.sub("", text)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at this stream; a closed one is None."""
    return stream is not None and stream.isatty()


def show(text: str, end: str = "\n") -> None:
    """Write a model's text to standard output: as it is into a pipe or file, without control characters on a terminal."""
    click.echo(printable(text) if is_terminal(sys.stdout) else text, nl=False)
    if end:
        click.echo(end, nl=False)


def device_option(function: Callable[..., None]) -> Callable[..., None]:
    """--device, the same for every command."""
    return click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where to compute.")(function)
