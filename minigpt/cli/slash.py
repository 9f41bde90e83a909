"""The commands within a chat: lines that begin with a slash."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from minigpt.cli.lines import note
from minigpt.config import SampleConfig
from minigpt.disk.files import read_json_object
from minigpt.disk.foreign import plain
from minigpt.disk.names import LATEST, find_run
from minigpt.disk.shelf import RECORD
from minigpt.errors import MinigptError
from minigpt.run.dialogue import Form, find_form
from minigpt.run.talk import Talk
from minigpt.run.textmodel import TextModel, load

HELP = {
    "again": ("", "another answer to the same text"),
    "set": ("NAME VALUE", "change a setting, as in /set temperature 0.9"),
    "params": ("", "the settings and their bounds"),
    "seed": ("N", "set the next answer's seed; `new`: any seed; alone: show the last"),
    "new": ("", "begin a new conversation"),
    "turns": ("on|off", "answer in turns, or continue the text"),
    "save": ("FILE", "save this conversation; as .jsonl with seeds and settings"),
    "model": ("NAME", "talk to another model: a path, the beginning of a name, or latest"),
    "info": ("", "what this model is"),
    "help": ("", "these commands"),
    "quit": ("", "leave, as Ctrl-D does"),
}
# What a setting is read as, its bounds, and what they mean.
BOUNDS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "temperature": (float, "0 or more", "low is safe, high is wild; 0: always the likeliest token"),
    "top-k": (int, "a whole number, 0 or more", "choose among this many likeliest tokens; 0: among all"),
    "top-p": (float, "above 0 and at most 1", "choose among the likeliest with this probability together"),
    "repetition-penalty": (float, "above 0", "above 1 avoids tokens already used"),
    "max-tokens": (int, "a whole number, 0 or more", "the longest answer"),
    "stop": (lambda text: (text,) if text else (), "a text", 'the answer ends before this text; "": never'),
}


class Session:
    """A conversation, the model it is with, and the commands that change either. `called`: what the user has, such as an archive."""

    def __init__(self, folder: Path, models: Path, device: str, config: SampleConfig, called: Path | None = None) -> None:
        self.models, self.device, self.left = models, device, False
        model, self.form = self._load(folder)
        self.talk = Talk(model, config, self.usual)
        self.called: Path | str = called or folder

    def _load(self, folder: Path) -> tuple[TextModel, Form | None]:
        """A model, ready to answer at once, and its form of dialogue."""
        model = load(folder, self.device)
        model.generate(max_tokens=1)  # what is compiled at the first use
        self.folder = folder
        return model, find_form(folder)

    @property
    def usual(self) -> Form | None:
        """The form of dialogue, if the corpus is one of dialogues."""
        return self.form if self.form and self.form.usual else None

    def obey(self, line: str) -> Iterator[str] | None:
        """Obey a command; an answer, if it makes one. MinigptError for a wrong one."""
        name, _, argument = line[1:].strip().partition(" ")
        return getattr(self, f"do_{known(name.lower(), HELP, 'command', '/')}")(argument.strip())  # type: ignore[no-any-return]

    def do_again(self, _: str) -> Iterator[str]:
        if not self.talk.last:
            raise MinigptError("there is no answer yet")
        return self.talk.again()

    def do_set(self, argument: str) -> None:
        name, _, value = argument.partition(" ")
        if not name:
            return self.do_params("")
        if name.lower() == "seed":
            return self.do_seed(value.strip())
        setting = known(name.lower().replace("_", "-"), BOUNDS, "setting")
        if not value.strip():
            return note(self._setting(setting))
        self.talk.config = changed(self.talk.config, setting, value.strip())

    def do_params(self, _: str) -> None:
        for name in BOUNDS:
            note(self._setting(name))
        seed = self.talk.seed
        note(f"{'seed':<18} {'new  for each answer' if seed is None else f'{seed:<4} for the next answer, then one more for each'}")

    def _setting(self, name: str) -> str:
        value = getattr(self.talk.config, name.replace("-", "_"))
        text = (repr(value[0]) if value else '""') if name == "stop" else f"{value:g}" if isinstance(value, float) else str(value)
        _, bounds, meaning = BOUNDS[name]
        return f"{name:<18} {text:<4} {bounds}: {meaning}"

    def do_seed(self, argument: str) -> None:
        if not argument:
            last = self.talk.last
            return note(
                f"the last answer had the seed {last.config.seed}; /seed {last.config.seed} and /again repeat it" if last else "no seed yet"
            )
        if argument.lower() in ("new", "none"):
            self.talk.seed = None
            return
        if not argument.isascii() or not argument.isdecimal() or len(argument) > 30:
            raise MinigptError(f"seed must be a whole number or new, not {plain(argument)}")
        self.talk.seed = int(argument)

    def do_new(self, _: str) -> None:
        self.talk.forget()

    def do_turns(self, argument: str) -> None:
        if argument and argument.lower() not in ("on", "off"):
            raise MinigptError(f"turns must be on or off, not {plain(argument)}")
        if not self.form:
            raise MinigptError("this model has read no dialogues, so it continues your text")
        on = argument.lower() == "on" if argument else not self.talk.form
        self.talk.begin(self.talk.model, self.form if on else None)
        note(self.manner())

    def do_save(self, argument: str) -> None:
        if not argument:
            raise MinigptError("save takes the name of a file: /save talk.txt")
        if not self.talk.last:
            raise MinigptError("there is nothing to save yet")
        path = Path(argument).expanduser()
        lines = [json.dumps(record) + "\n" for record in self.talk.records(str(self.called))]
        text = "".join(lines) if path.suffix.lower() == ".jsonl" else self.talk.transcript()
        try:
            with path.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
        except FileExistsError as error:
            raise MinigptError(f"{path} exists, and nothing is overwritten; choose another name") from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise MinigptError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
        note(f"saved in {path}")

    def do_model(self, argument: str) -> None:
        if not argument:
            raise MinigptError("model takes a path, the beginning of a name, or latest")
        model, self.form = self._load(find_run(str(Path(argument).expanduser()), self.models))
        self.talk.begin(model, self.usual)
        self.called = self.folder
        self.greet()

    def do_info(self, _: str) -> None:
        note(str(self.called))
        for line in facts(self.talk.model, self.folder):
            note(line)
        note(self.manner())

    def do_help(self, _: str) -> None:
        for name, (argument, meaning) in HELP.items():
            note(f"{f'/{name} {argument}':<17} {meaning}")
        note(
            "A line that begins with // is text. Ctrl-C stops an answer."
            + ("" if self.talk.form else " Enter alone lets it go on, or begin.")
        )

    def do_quit(self, _: str) -> None:
        self.left = True

    def greet(self) -> None:
        """Say who is there."""
        prompt = record_of(self.folder).get("prompt")
        note(f"{self.folder.name}{f': {plain(prompt)}' if isinstance(prompt, str) and prompt else ''}")
        note(f"{self.manner()} /help lists the commands, Ctrl-D leaves.")

    def manner(self) -> str:
        """How the model answers, in a sentence."""
        if form := self.talk.form:
            return f"It answers as {form.model}; you are {form.you}."
        more = f" It has also read dialogues: /turns on makes it answer as {self.form.model}." if self.form else ""
        return f"It continues what you type; Enter alone lets it go on, or begin.{more}"

    def status(self, width: int) -> str:
        """The last seed and the settings, as many as a line holds."""
        config, last, line = self.talk.config, self.talk.last, ""
        for part in (f"seed {last.config.seed}" if last else "", f"temperature {config.temperature:g}", f"top-k {config.top_k}", "/help"):
            longer = f"{line}  {part}" if line else part
            line = longer if len(longer) <= width else line
        return line

    def complete(self, before: str) -> list[str]:
        """What may stand in place of the last word."""
        if not before.startswith("/"):
            return []
        *words, last = before[1:].split(" ")
        if not words:
            return [f"/{name}" for name in HELP if name.startswith(last)]
        if len(words) > 1:
            return []
        choices = {"set": [*BOUNDS, "seed"], "turns": ["on", "off"], "seed": ["new"], "model": self._models(), "save": []}
        return [choice for choice in choices.get(words[0], []) if choice.startswith(last)]

    def _models(self) -> list[str]:
        return [LATEST, *sorted(path.parent.name for path in self.models.glob(f"*/{RECORD}"))]


def known(name: str, names: dict[str, Any], kind: str, mark: str = "") -> str:
    """A name, or the only one that begins so; MinigptError with the nearest for any other."""
    found = [name] if name in names else [each for each in names if name and each.startswith(name)]
    if len(found) == 1:
        return found[0]
    near = found or difflib.get_close_matches(name, names, 2)
    if mark and not near:  # /temperature 0.9
        near = [f"set {each}" for each in difflib.get_close_matches(name.replace("_", "-"), BOUNDS, 1)]
    remedy = f"did you mean {' or '.join(mark + each for each in near)}?" if near else f"/{'help' if mark else 'params'} lists them"
    raise MinigptError(f"no {kind} {plain(mark + name)}; {remedy}")


def changed(config: SampleConfig, name: str, text: str) -> SampleConfig:
    """The settings with one changed; MinigptError with its bounds for a wrong value."""
    kind, bounds, _ = BOUNDS[name]
    if name == "stop":
        text = (text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text).replace("\\n", "\n")
    try:
        return replace(config, **{name.replace("-", "_"): kind(text)})
    except ValueError as error:
        raise MinigptError(f"{name} must be {bounds}, not {plain(text)}") from error


def record_of(folder: Path) -> dict[str, Any]:
    """What a run's record says, for reading alone; nothing if there is none."""
    try:
        return read_json_object(folder / RECORD)
    except MinigptError:
        return {}


def facts(model: TextModel, folder: Path) -> Iterator[str]:
    """What a model is."""
    record, config = record_of(folder), model.config
    size, result, corpus = (part if isinstance(part := record.get(name), dict) else {} for name in ("model", "result", "corpus"))
    named = f"{plain(size['size'])}, " if isinstance(size.get("size"), str) else ""
    yield f"{named}{model.network.parameters.n:,} parameters: {config.n_layer} layers, {config.n_head} heads, width {config.n_embd}"
    yield f"{config.vocab_size:,} tokens in its vocabulary; it sees the last {model.context}"
    if isinstance(corpus.get("tokens"), int):
        loss = result.get("held_out_loss")
        yield f"learned from {corpus['tokens']:,} tokens" + (f"; held-out loss {loss:.3f}" if isinstance(loss, float) else "")
    yield f"computed by {model.backend.reason.partition(' (')[0]}"
