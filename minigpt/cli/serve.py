"""`minigpt serve`: models for other programs, by OpenAI's protocol and Ollama's."""

from __future__ import annotations

import atexit
import importlib.util
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.chat import TOKENS
from minigpt.cli.common import command, device_option, models_option, opened, show, tell
from minigpt.cli.complete import complete_run
from minigpt.cli.generate import sampling_options
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError, WrongUsage, as_usage, quoted
from minigpt.run.interrupt import ignore_further

if TYPE_CHECKING:
    from minigpt.run.serve.engine import Served

HOST, PORT = "127.0.0.1", 8000
SHORTEST = 16  # characters of a key
MAKES = "python -c 'import secrets; print(secrets.token_urlsafe())'"
EXTRAS = ("starlette", "uvicorn")


@command("serve")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_run)
@models_option
@click.option("--host", default=HOST, help="The address to listen at. Any but this machine's own needs --key.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, help="The port to listen at; 0: any that is free.")
@click.option("--key", help="What requests must bring as Authorization: Bearer KEY. Better in MINIGPT_KEY, where nobody else reads it.")
@sampling_options(TOKENS)
@click.option("--seed", type=int, help="The seed of an answer whose request names none.  [default: a new one each time]")
@device_option
def serve_command(runs: tuple[str, ...], models_dir: str, host: str, port: int, key: str | None, device: str, **options: Any) -> None:
    """Serve the models in RUN... to other programs on this machine, by OpenAI's protocol and Ollama's.

    Sampling options hold for requests that name none. Each request is one line on standard error; its text is neither shown nor kept.
    """
    require_extras()
    from minigpt.run.serve import server
    from minigpt.run.serve.door import is_local
    from minigpt.run.serve.shelf import Shelf

    with as_usage():
        config = SampleConfig(**options)
    local = is_local(host)
    require_key(key, host, local)
    with ExitStack() as open_ones:
        made = open_ones.enter_context(server.bound(host, port))
        folders = list(dict.fromkeys(open_ones.enter_context(opened(run, models_dir)).resolve() for run in runs))
        served = loaded(folders, device)
        made.listen(server.BACKLOG)
        atexit.register(ignore_further)  # a second Ctrl-C, while the process ends
        introduce(server.address_of(made), served, key)
        server.run(made, Shelf(served), config, local, key, tell)
    tell("Stopped.")


def require_extras() -> None:
    """MinigptError if a package is missing, with the command that installs it."""
    if all(importlib.util.find_spec(name) for name in EXTRAS):
        return
    from minigpt.fast.install import to_install

    first, *others = EXTRAS
    remedy = to_install(first)
    if remedy.endswith(first):
        remedy = " ".join([remedy, *others])
    raise MinigptError(f"serving needs {' and '.join(EXTRAS)}: {remedy}")


def require_key(key: str | None, host: str, local: bool) -> None:
    """WrongUsage if other machines could come in without a key, or if the key is none."""
    if key is None:
        if not local:
            raise WrongUsage(f"--host {host} lets other machines in; give them a --key, or leave --host out to serve this one alone")
    elif len(key) < SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
        raise WrongUsage(f"--key must be at least {SHORTEST} printable ASCII characters without spaces; {MAKES} makes one")


def loaded(folders: list[Path], device: str) -> list[Served]:
    """The models, each under the name of its folder."""
    from minigpt.disk.standing import unfinished
    from minigpt.run.serve.shelf import serve_run

    for folder in folders:
        twins = [each for each in folders if each.name == folder.name]
        if len(twins) > 1:
            raise WrongUsage(f"{twins[0]} and {twins[1]} have one name, and requests name a model by it; `minigpt rename` gives another")
    served = []
    for folder in folders:
        if note := unfinished(folder):
            tell(f"Note: {note}")
        served.append(serve_run(folder, device))
    return served


def introduce(address: str, served: list[Served], key: str | None) -> None:
    """The address on standard output; what it is good for on standard error."""
    for each in served:
        manner = f"takes turns as {each.form.model}" if each.form else "continues text"
        tell(f"{each.name}: {manner}, sees {each.model.context} tokens, computes on {each.model.backend.name}")
    tell(f"OpenAI's protocol at {address}/v1, Ollama's at {address}; Ctrl-C ends it. For example:")
    body = json.dumps({"model": served[0].name, "prompt": "The", "max_tokens": 40, "seed": 1})
    secret = ' -H "Authorization: Bearer $MINIGPT_KEY"' if key else ""
    tell(f"  curl {address}/v1/completions -H 'Content-Type: application/json'{secret} -d {quoted(body)}")
    show(address)
