"""A layer of the check in; out come its formula, its lines in plain.py and the book's section."""

from __future__ import annotations

import inspect
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigpt import plain
from minigpt.backend import Backend
from minigpt.gradcheck.cases import cases
from minigpt.gradcheck.settings import GPT_2, LAYERS, MODEL, TUNED
from minigpt.model import GPT

PACKAGE = Path(plain.__file__).parent
BOOK = "docs/backprop.md"
WIDTH = 80
LABELS = ("Shapes:", "Saves:", "Source:")


@dataclass(frozen=True)
class Lesson:
    """Where a layer is taught: functions of plain.py, and the anchors of headings of the book."""

    twins: tuple[str, ...]
    sections: tuple[str, ...]


LESSONS = {
    "CrossEntropy": Lesson(
        ("loss_and_gradients",),
        ("5-softmax-and-cross-entropy", "9-tied-embeddings"),
    ),
    "LayerNorm": Lesson(("layer_norm",), ("6-layer-norm",)),
    "Dropout": Lesson((), ("10-dropout",)),
    "Linear": Lesson(("linear",), ("2-linear",)),
    "Lora": Lesson((), ("2-linear",)),
    "Gelu": Lesson(("gelu",), ("4-gelu",)),
    "Mlp": Lesson(("mlp",), ("2-linear", "4-gelu")),
    "Attention": Lesson(("attention",), ("7-an-attention-head",)),
    "Block": Lesson(("residual", "block"), ("8-residual-connections-post-norm-and-pre-norm",)),
    "PreNormBlock": Lesson(
        ("residual", "block"), ("8-residual-connections-post-norm-and-pre-norm",)
    ),
    "Embedding": Lesson(("gpt",), ("3-broadcast-and-sum-gather-and-scatter", "9-tied-embeddings")),
    MODEL: Lesson(
        ("gpt", "loss_and_gradients"),
        ("1-differentials-and-shapes", "11-from-plain-to-fast"),
    ),
    TUNED: Lesson((), ("2-linear",)),
    GPT_2: Lesson(("gpt",), ("8-residual-connections-post-norm-and-pre-norm",)),
}


def kinds(backend: Backend) -> dict[str, Any]:
    """Name -> class of everything that is checked, in the order of the check."""
    return {
        **{case.layer: case.kind for case in cases(LAYERS[0], backend, 0)},
        MODEL: GPT,
        GPT_2: GPT,
        TUNED: GPT,
    }


def explanation(name: str, kind: Any) -> list[str]:
    """What the layer computes, how plain.py does it forward and backward, and what to read."""
    lesson = LESSONS.get(name, Lesson((), ()))
    lines = ["", f"{name}, {backward_of(kind)}", *formula(inspect.getdoc(kind) or "")]
    for twin in lesson.twins:
        function = getattr(plain, twin)
        source = inspect.getsource(function).rstrip().splitlines()
        lines += ["", f"Plain, {place_of(function)}", "", *source]
    return [*lines, "", *(f"Read {BOOK}#{section}" for section in lesson.sections), ""]


def formula(doc: str) -> list[str]:
    """A docstring's first two paragraphs, formula and shapes, in lines that fit."""
    lines: list[str] = []
    for line in "\n".join(doc.split("\n\n")[:2]).splitlines():
        if not lines or line.startswith(LABELS) or lines[-1].endswith("."):
            lines.append(line)
        else:
            lines[-1] += f" {line}"
    fitting = textwrap.TextWrapper(WIDTH, initial_indent="  ", subsequent_indent="    ")
    return [part for line in lines for part in fitting.wrap(line)]


def backward_of(kind: Any) -> str:
    """Where the backward of a layer's class stands; the loss has both directions in one."""
    return place_of(kind.backward if hasattr(kind, "backward") else kind.forward_backward)


def place_of(function: Any) -> str:
    """File and line of a function, the file as it is called in this project."""
    path, line = Path(function.__code__.co_filename), function.__code__.co_firstlineno
    ours = path.is_relative_to(PACKAGE)
    return f"{path.relative_to(PACKAGE.parent).as_posix() if ours else path.name}, line {line}"
