"""The questions about a new model, one after the other; each can be taken back. The answers -> the arguments of `train`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minigpt.cli.ask import BACK, Back, Choice, choose, write
from minigpt.cli.common import show
from minigpt.config import SIZES
from minigpt.disk.foreign import plain
from minigpt.errors import MinigptError, counted
from minigpt.run.defaults import MODEL_SIZE, MODELS_DIR

if TYPE_CHECKING:
    from minigpt.run.options import Options

SIZE_WORDS = {"12M": "small: the quickest", "33M": "medium: better and slower", "117M": "large: GPT-1's own size; takes patience or a GPU"}
CATEGORIES = {"cooking": "Cooking and recipes", "poetry": "Poetry, songs and stories", "technical": "Code and technical writing",
              "general": "Everyday talk, business, school, news"}  # fmt: skip
OWN_WORDS, STEM = "own words", "A GPT that "
TEMPLATE, OWN, OLLAMA, NO_OLLAMA = "template", "own", "ollama ", "no ollama"
USUAL, MINUTES, EPOCHS = "usual", "minutes ", "epochs"
SHOWN = 12  # models of Ollama, at most
ASKING, PATIENCE = 3.0, 8.0  # seconds for a short request to Ollama, and for all of them
LONGEST = 24 * 60 * 30  # minutes
Answer = str | Back | None  # None: the question does not arise


class Answers:
    """What has been answered so far. The newest answer is the default when its question comes again."""

    def __init__(self, root: click.Context, models_dir: str) -> None:
        self.root, self.models_dir = root, models_dir
        self.known: dict[str, str] = {}
        self.given: list[str] = []  # the questions answered, in order

    def reopen(self) -> None:
        """Take the last answer back."""
        self.given.pop()

    @property
    def describes(self) -> bool:
        """Whether the person describes the model in their own words."""
        return OWN_WORDS in (self.known["category"], self.known.get("preset") if "preset" in self.given else None)

    def arguments(self) -> list[str]:
        """The command line after the program's name."""
        from minigpt.corpus.prompt.understand import PRESETS

        source, own = self.known["source"], self.known["source"] == OWN
        made = ["train"]
        if self.describes:
            made += ["--prompt", self.known["prompt"]]
        elif own:  # a preset is about written documents
            made += ["--prompt", PRESETS[self.known["preset"]].prompt]
        else:
            made += ["--preset", self.known["preset"]]
        made += ["--model-size", self.known["size"]]
        for path in self.known["files"].split("\0") if own else ():
            made += ["--data", path]
        if source.startswith(OLLAMA):
            made += ["--source", "ollama", "--ollama-gen-model", source.removeprefix(OLLAMA)]
        elif not own:
            made += ["--source", source]
        length = self.known["length"]
        if length.startswith(MINUTES):
            made += ["--minutes", length.removeprefix(MINUTES)]
        elif length != USUAL:
            made += [f"--{length}", self.known["amount"]]
        return made + (["--models-dir", self.models_dir] if self.models_dir != MODELS_DIR else [])

    def options(self, arguments: list[str]) -> tuple[str | None, Options]:
        """The prompt and the options that the command would get, variables included."""
        from minigpt.run.options import Options

        given = self.parsed(arguments)
        names = {field.name for field in fields(Options)}
        return given["prompt"], Options.parse({name: value for name, value in given.items() if name in names})

    def parsed(self, arguments: list[str]) -> dict[str, Any]:
        """The parameters of `train` for these arguments."""
        group = self.root.command
        assert isinstance(group, click.Group)
        return group.commands["train"].make_context("train", arguments[1:], parent=self.root).params


def ask_all(answers: Answers) -> bool:
    """Ask every question that is still open; False if the person went back beyond the first."""
    names = list(QUESTIONS)
    place = names.index(answers.given[-1]) + 1 if answers.given else 0
    while place < len(names):
        name = names[place]
        answer = QUESTIONS[name](answers)
        if answer is BACK:
            if not answers.given:
                return False
            place = names.index(answers.given.pop())
            continue
        if isinstance(answer, str):
            answers.known[name] = answer
            answers.given.append(name)
        place += 1
    return True


def size(answers: Answers) -> Answer:
    choices = [Choice(name, f"{name}, {SIZE_WORDS.get(name, '')}") for name in SIZES]
    return choose("How large?", choices, answers.known.get("size", MODEL_SIZE))


def category(answers: Answers) -> Answer:
    choices = [Choice(key, label) for key, label in CATEGORIES.items()]
    choices.append(Choice(OWN_WORDS, "Something else"))
    return choose("What should it write?", choices, answers.known.get("category"))


def preset(answers: Answers) -> Answer:
    from minigpt.corpus.prompt.understand import PRESETS

    if answers.known["category"] == OWN_WORDS:
        return None
    choices = [Choice(one.key, one.title) for one in PRESETS.values() if one.category == answers.known["category"]]
    return choose("Which kind?", [*choices, Choice(OWN_WORDS, "Describe it in your own words")], answers.known.get("preset"))


def prompt(answers: Answers) -> Answer:
    if not answers.describes:
        return None

    def check(text: str) -> str:
        return "" if text not in ("", STEM.strip()) else "Describe it in a sentence, such as: A GPT that writes haiku"

    return write("Describe it", answers.known.get("prompt", STEM), check)


def source(answers: Answers) -> Answer:
    choices = [Choice(TEMPLATE, "Templates (they come with minigpt)"), Choice(OWN, "My own files")]
    return choose("What should it learn from?", choices + taught(answers), answers.known.get("source"))


def taught(answers: Answers) -> list[Choice]:
    """A choice for each model that an Ollama server has, or a line that says why there is none."""
    from minigpt.corpus.ollama.limits import Limits
    from minigpt.corpus.ollama.teacher import TeacherSettings, installed_models
    from minigpt.run.checkup.finding import within

    hosts = answers.parsed(["train"])["ollama_host"]
    try:
        found = within(PATIENCE, lambda: installed_models(TeacherSettings(hosts, limits=Limits(connection=ASKING))))
    except (MinigptError, TimeoutError) as error:
        return [Choice(NO_OLLAMA, "Ollama", plain(error))]
    models = {model.name: model for listed in found.values() if isinstance(listed, list) for model in listed}
    if models:
        return [Choice(OLLAMA + model.name, f"Ollama: {model.line()}") for model in list(models.values())[:SHOWN]]
    nothing = any(isinstance(listed, list) for listed in found.values())
    return [Choice(NO_OLLAMA, "Ollama", "no model yet: ollama pull llama3.2" if nothing else "no server answers")]


def files(answers: Answers) -> Answer:
    """One or more paths, joined by NUL characters."""
    if answers.known["source"] != OWN:
        return None
    paths: list[str] = []
    while True:
        what = "Another one; empty: no more" if paths else "File or folder"
        answer = write(what, check=lambda text: readable(text) if text or not paths else "", path=True)
        if answer is BACK:
            if not paths:
                return BACK
            show(f"{plain(paths.pop())} is left out.")
        elif isinstance(answer, str) and answer:
            expanded = os.path.expanduser(answer)
            paths.append(f"./{expanded}" if expanded.startswith("-") else expanded)
        else:
            return "\0".join(paths)


def readable(text: str) -> str:
    """What is wrong with a path of the person's own text; empty if nothing is."""
    from minigpt.corpus.own.files import OwnText

    if not text:
        return "Name a .txt, .md, .jsonl, .csv or .tsv file, or a folder of them"
    try:
        OwnText([Path(os.path.expanduser(text))])
    except (MinigptError, OSError) as error:
        return plain(error)
    return ""


def length(answers: Answers) -> Answer:
    choices = [Choice(USUAL, usual(answers)), *(Choice(f"{MINUTES}{m}", counted(m, "minute")) for m in (5, 15, 60))]
    choices += [Choice(MINUTES.strip(), "Another number of minutes"), Choice(EPOCHS, "A number of epochs (passes over the text)")]
    return choose("How long?", choices, answers.known.get("length"))


def usual(answers: Answers) -> str:
    """The usual number of epochs for the answers so far, if they can be settled yet."""
    from minigpt.corpus.prompt.understand import understand
    from minigpt.run.start import settled, tuned

    try:
        said, o = answers.options(Answers.arguments(with_length(answers)))
        text = o.full_prompt(said)
        epochs = tuned(settled(o), understand(text, o.preset)).configure()[1].epochs
    except MinigptError:
        return "The usual time"
    return f"The usual {counted(epochs, 'epoch')}"


def with_length(answers: Answers) -> Answers:
    """The answers, with the usual length."""
    made = Answers(answers.root, answers.models_dir)
    made.known, made.given = answers.known | {"length": USUAL}, answers.given
    return made


def amount(answers: Answers) -> Answer:
    length = answers.known["length"]
    if length not in (MINUTES.strip(), EPOCHS):
        return None

    def check(text: str) -> str:
        try:
            number = int(text) if length == EPOCHS else float(text)
        except ValueError:
            number = 0
        return "" if 0 < number <= LONGEST else f"Type a {'whole ' if length == EPOCHS else ''}number above 0, at most {LONGEST:,}"

    return write(f"How many {length}?", check=check)


QUESTIONS: dict[str, Callable[[Answers], Answer]] = {
    "size": size,
    "category": category,
    "preset": preset,
    "prompt": prompt,
    "source": source,
    "files": files,
    "length": length,
    "amount": amount,
}
