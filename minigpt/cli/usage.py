"""Wrong usage: one line with the nearest that exists, and status 2. The group of all commands, whose help is in sections."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from minigpt.cli.common import fill_closed_streams, nowhere, tell
from minigpt.cli.helptext import COMMANDS, long_name, write_examples
from minigpt.disk.foreign import one_line
from minigpt.errors import MinigptError, instead, nearest
from minigpt.run.ranks.environment import apart, launched, number

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class UsageError(click.UsageError):
    """Wrong usage; the exit status is 2 even if the message cannot be printed."""

    def show(self, file: IO[Any] | None = None) -> None:
        path = self.ctx.command_path if self.ctx else "minigpt"
        tell(f"minigpt: {self.message}{' See' if self.message.endswith('?') else '; see'} {path} --help")


class Commands(click.Group):
    """The group. Its usage errors quote the command line, and are made printable like all other messages."""

    def main(self, *args: Any, **more: Any) -> Any:
        fill_closed_streams()
        join_ranks()
        try:
            return super().main(*args, **more)
        except OSError as error:  # from click, which prints help and version
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

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UsageError(one_line(f"no such command {args[0]!r}; {instead(args[0], self.list_commands(ctx))}"), ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        known = [name for names in COMMANDS.values() for name in names if name in self.commands]
        return known + sorted(set(self.commands) - set(known))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        sections = {title: [name for name in listed if name in names] for title, listed in COMMANDS.items()}
        sections["More"] = [name for name in names if not any(name in listed for listed in COMMANDS.values())]
        widest = max(map(len, names))
        for title, listed in sections.items():
            if listed:
                with formatter.section(title):
                    limit = formatter.width - 6 - widest
                    formatter.write_dl([(f"{name:<{widest}}", self.commands[name].get_short_help_str(limit)) for name in listed])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples("", ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return sorted(super().shell_complete(ctx, incomplete), key=lambda item: str(item.value))


def join_ranks() -> None:
    """Among several ranks, all but the first work for it, and read no command line."""
    if tasks := apart():
        tell(f"minigpt: srun has started {tasks} tasks, each a run of its own; for one run of all: srun --mpi=pmi2, or pmix")
    if launched() == 1:
        return
    from minigpt.run.ranks.join import join

    try:
        join()
    except MinigptError as error:
        if number() == 0:
            tell(f"minigpt: {error}")
        raise SystemExit(1) from error


@contextmanager
def printable_usage() -> Iterator[None]:
    """Turn usage errors raised within the block into one printable line."""
    try:
        yield
    except UsageError:
        raise
    except click.UsageError as error:
        raise UsageError(one_line(in_one_line(error)), error.ctx) from error


def in_one_line(error: click.UsageError) -> str:
    """click's message in the form of minigpt's own, with what was perhaps meant."""
    if isinstance(error, click.NoSuchOption):
        near = nearest(error.option_name.lstrip("-"), long_options(error.ctx) if error.ctx else [])
        return f"no such option {error.option_name}" + (f"; did you mean --{' or --'.join(near)}?" if near else "")
    if isinstance(error, click.BadParameter) and (variable := source_of(error)):
        error.param_hint = variable
    text = error.format_message().rstrip(".")
    if text.startswith("Got unexpected extra argument") and error.ctx and "prompt" in long_options(error.ctx):
        text += "; a prompt comes after --prompt, in quotes"
    return text[:1].lower() + text[1:]


def source_of(error: click.BadParameter) -> str:
    """The environment variable that gave a wrong value; empty if it was typed."""
    if not (error.ctx and error.param and error.param.name and isinstance(error.param.envvar, str)):
        return ""
    return error.param.envvar if error.ctx.get_parameter_source(error.param.name) is ParameterSource.ENVIRONMENT else ""


def long_options(ctx: click.Context) -> list[str]:
    """The long name of every option of a command, without its hyphens."""
    return [long_name(parameter) for parameter in ctx.command.get_params(ctx) if isinstance(parameter, click.Option)]
