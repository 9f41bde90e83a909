"""A run -> one file that somebody else can use, in one of several formats.

To add a format, write a module with `write(path, out, **options) -> Export` and add its line to FORMATS. `write` raises MinigptError for a
run that the format cannot hold, overwrites nothing (`require_free`), and leaves a whole file or none (`whole_file`).

Reading order:

    archive    a run folder -> a zip that minigpt reads
    matter     a model -> how much its weights matter
    pack       a model -> characters for a page
    page       a model -> an HTML page that speaks in a browser
    about      a run's record -> what a file says of its model
    modelfile  a form of dialogue -> templates for Ollama and llama.cpp
    llama      a GPT-2 -> GGUF, as llama.cpp and Ollama read it
    graph      a model -> ONNX, with a cache
    hub        a model -> a zip of the folder that transformers loads
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from minigpt.errors import MinigptError


@dataclass(frozen=True)
class Export:
    """What was written, and what to tell whoever asked for it."""

    path: Path  # the file; what stands beside it is named in a note
    left_out: list[str] = field(default_factory=list)  # a line for each thing that is not in it, and why
    notes: list[str] = field(default_factory=list)  # further lines
    then: str = ""  # what the commands are for: "Whoever gets it and has minigpt types:"
    commands: list[str] = field(default_factory=list)  # to type next


@dataclass(frozen=True)
class Format:
    """A format of files. `options`: those of `minigpt export` that it has and others may not have, as keywords of its `write`."""

    module: str
    options: tuple[str, ...] = ()
    ending: str = ""  # of a file's name; by default the format's own


FORMATS = {
    "zip": Format("archive", ("with_corpus", "with_checkpoint")),
    "html": Format("page"),
    "gguf": Format("llama", ("type",)),
    "onnx": Format("graph"),
    "hf": Format("hub", ending="-hf.zip"),
}
TYPES = ("f32", "f16", "q8_0")  # of the numbers in a GGUF file


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that somebody gave."""
    return {name: value for name, value in options.items() if value is not None and value is not False}


def require_options(form: str, options: dict[str, Any]) -> None:
    """MinigptError for an option that the format does not have."""
    for name in given(options):
        having = [other for other in FORMATS if name in FORMATS[other].options]
        if form not in having:
            raise MinigptError(f"--{name.replace('_', '-')} is for --to {' and '.join(having)}; leave it out for --to {form}")


def export(path: Path, form: str, out: Path | None = None, **options: Any) -> Export:
    """Write the run or model in folder `path` as `form`. `out`: a file, or a folder for one; by default a file named after the run, here.

    An option is a keyword of the format's `write`; None and False stand for one that was not given.
    """
    require_options(form, options)
    file = path.resolve().name + (FORMATS[form].ending or f".{form}")
    target = Path(file) if out is None else out / file if out.is_dir() else out
    write: Callable[..., Export] = import_module(f"minigpt.export.{FORMATS[form].module}").write
    return write(path, target, **given(options))
