"""`minigpt chat`: a conversation with a model, from the keyboard or a pipe."""

from __future__ import annotations

import atexit
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.common import command, device_option, models_option, opened
from minigpt.cli.complete import complete_run
from minigpt.cli.generate import sampling_options
from minigpt.config import SampleConfig
from minigpt.disk.names import find_run
from minigpt.errors import MinigptError, as_usage
from minigpt.run.interrupt import Interrupted, ignore_further, in_main_thread, may_handle

if TYPE_CHECKING:
    from minigpt.cli.lines import Page
    from minigpt.cli.slash import Session

TOKENS = 200  # of an answer, at most; one in turns ends before


@command("chat")
@click.argument("run", metavar="RUN", required=False, shell_complete=complete_run)
@models_option
@sampling_options(TOKENS)
@click.option("--seed", type=int, help="The seed of the first answer; each later one takes the next.  [default: a new one each time]")
@device_option
@click.option("--ollama", metavar="NAME", allow_from_autoenv=False, help="Talk to this model of an Ollama server, in place of RUN.")
@click.option("--ollama-host", multiple=True, help="The address of the Ollama server.  [default: OLLAMA_HOST, or this machine]")
@click.option("--no-history", is_flag=True, help="Do not remember what you type for the next time.")
def chat_command(
    run: str | None, models_dir: str, device: str, ollama: str | None, ollama_host: tuple[str, ...], no_history: bool, **options: Any
) -> None:
    """Talk to the model in RUN: it answers what you type.

    A model that has read dialogues takes turns with you; any other continues your text. Settings can be changed as you go; /help lists the
    commands. Lines from a pipe are answered one by one, on standard output.
    """
    with as_usage():
        config = SampleConfig(**options)
        if (run is None) == (ollama is None):
            raise MinigptError("chat takes a RUN, or --ollama NAME for a model of an Ollama server; `minigpt list` shows your runs")
        if ollama_host and ollama is None and not from_environment("ollama_host"):
            raise MinigptError("--ollama-host is for --ollama NAME; leave it out for a RUN")
    if ollama is not None:
        from minigpt.cli.remote import OllamaSession

        converse(OllamaSession(ollama, ollama_host, config), keeps=not no_history)
    elif run is not None:
        from minigpt.cli.slash import Session

        with opened(run, models_dir) as folder:
            converse(Session(folder, Path(models_dir), device, config, find_run(run, Path(models_dir))), keeps=not no_history)
    atexit.register(ignore_further)  # a second Ctrl-C, while the process ends


def from_environment(name: str) -> bool:
    """Whether a parameter's value is that of its environment variable."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.ENVIRONMENT


def converse(session: Session, keeps: bool) -> None:
    """Answer every line, from the keyboard or a pipe. `keeps`: what is typed can be had again the next time."""
    from minigpt.cli import lines

    if not lines.is_interactive():
        for line in lines.piped():
            respond(session, lines.Page(), line)
            if session.left:
                break
        return
    session.greet()
    for line in lines.typed(lambda: prompt_of(session), session.complete, session.status, keeps):
        try:
            with stoppable() as stop, lines.unechoed():
                respond(session, lines.Page(), line, stop)
        except MinigptError as error:
            lines.note(str(error))
        if session.left:
            break


def prompt_of(session: Session) -> str:
    """What stands before the line that is typed."""
    return f"{session.talk.form.you}: " if session.talk.form else "> "


class Stop:
    """Whether somebody wants no more of an answer."""

    asked = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C asks for the end of the answer; a second one before it ends leaves the chat."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise Interrupted
        stop.asked = True

    if not (in_main_thread() and may_handle(signal.SIGINT)):
        yield stop
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def respond(session: Session, page: Page, line: str, stop: Stop | None = None) -> None:
    """Obey a command, or write the answer to a line. `stop`: somebody reads it as it comes, and may stop it."""
    talk, last = session.talk, session.talk.last
    if line.startswith("/") and not line.startswith("//"):
        pieces, said = session.obey(line), last.typed if last else ""
    else:
        said = line.removeprefix("/")
        pieces = talk.answer(said) if said.strip() or not talk.form else None
    if pieces is None:
        return
    if stop:
        page.begin(f"{talk.form.model}:" if talk.form else said, named=bool(talk.form))
    for piece in pieces:
        page.write(piece)
        if stop and stop.asked:
            break
    page.end()
