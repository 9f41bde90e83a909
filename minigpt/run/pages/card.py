"""The model card: a run's record -> its README.md.

Every value that the template shows is escaped for Markdown unless a filter has made it safe in another way, so nothing that a person,
a teacher or a model wrote becomes a link, a tag or a heading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment

from minigpt.config import SampleConfig
from minigpt.disk.checkpoint import FAMILIES
from minigpt.disk.foreign import fenced, markdown, plain
from minigpt.errors import counted
from minigpt.fast.install import DISTRIBUTION
from minigpt.model import PUBLISHED, family, parts
from minigpt.run.defaults import BASE, NONE, SAMPLE_TOKENS, cool
from minigpt.run.pages.paper import environment

TEMPLATE = "card.md.j2"
FILES = 5  # of the user's own, that the card names
LANGUAGE = re.compile("[a-z]{2,3}")  # ISO 639
LICENCE = 200  # characters, at most, of a teacher's


class Ready(str):
    """Text that is Markdown already, and is not escaped again."""


def model_card(record: Mapping[str, Any]) -> str:
    """Markdown: what the model is, what it learned from, how well, its limits, and how to use it."""
    result, settings = record["result"], SampleConfig(max_tokens=SAMPLE_TOKENS, temperature=cool(record))
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            **{name: record[name] for name in ("model", "corpus", "training", "result", "samples", "device", "minigpt", "seed")},
            seeds=_seeds(record),
            prompt=record["prompt"],
            created=record["created"][:10],
            settings=settings,
            distribution=DISTRIBUTION,
            family=family(_architecture(record)),
            context=record["model"].get("context", record["training"]["context"]),
            gpt2_tokens=record["model"].get("gpt2_tokens", True),
            transformers=FAMILIES[_architecture(record)].language_model if parts() == PUBLISHED else None,
            start=start(record),
            language=_language(record),
            forms=_forms(record),
            files=_files(record),
            teacher=teacher(record.get("teacher")),
            machine=_machine(_part(record, "machine")),
            held_out_tokens=result.get("held_out_tokens", record["corpus"]["held_out_tokens"]),
            written=_number(record["corpus"].get("generated_tokens")),
            tokens_by_source={name: n for name, n in _part(record["corpus"], "tokens_by_source").items() if isinstance(n, int)},
            memorises=(_number(_part(record, "report").get("memorizable_share")) or 0) >= 1,
            ideas=record["corpus"].get("held_out_ideas"),
            bits=_number(result.get("held_out_bits_per_byte")),
            scale=_number(result.get("scale")),
            epochs=_number(record["training"].get("epochs")),
            rate=_number(record["training"].get("learning_rate")),
        )
    )


@cache
def _environment() -> Environment:
    """Jinja for Markdown: what a template shows is escaped, as HTML is where Jinja escapes by itself."""
    made = environment().overlay(finalize=lambda value: value if isinstance(value, Ready) else markdown(value))
    made.filters |= {
        "counted": counted,
        "fenced": lambda text: Ready(fenced(text)),
        "number": lambda value, form=",": Ready(format(value, form)),
        "yaml": lambda text: Ready(json.dumps(plain(text))),
    }
    return made


def _seeds(record: Mapping[str, Any]) -> Sequence[int]:
    """Of the samples. An older record has none: they were consecutive."""
    found, first, count = record.get("sample_seeds", ()), record["seed"], len(record["samples"])
    return found if len(found) == count else range(first, first + count)


def _architecture(record: Mapping[str, Any]) -> str:
    """The model's; records of earlier versions, all of them of GPT-1s, do not name it."""
    return str(record["model"].get("architecture", "gpt1"))


def _part(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object in the record; an empty one if it is missing or something else, as in records of earlier versions."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _machine(machine: Mapping[str, Any]) -> str:
    """What computed: the GPU, or else the processor."""
    return str(machine.get("GPU") or machine.get("CPU") or "").partition(": a kernel")[0]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def start(record: Mapping[str, Any]) -> dict[str, str]:
    """What the weights were before the training: random, the base's or another model's."""
    start = _part(record, "start")
    init = str(start.get("init") or NONE)
    return {
        "kind": init if init in (BASE, NONE) else "model",
        "name": _last(init).strip("."),
        "checksum": str(start.get("checksum") or "")[:12],
        "licence": str(start.get("licence") or ""),
    }


def _language(record: Mapping[str, Any]) -> str:
    """The code of the corpus's language, where minigpt knows it: templates write English, and a teacher writes the prompt's language."""
    language = str(_part(record, "request").get("language") or "")
    by = record["corpus"]["by_source"]
    if "own" in by:
        return ""
    return "en" if "ollama" not in by else language if LANGUAGE.fullmatch(language) else ""


def _forms(record: Mapping[str, Any]) -> list[str]:
    """The forms that templates write for the prompt."""
    forms = _part(record, "request").get("forms")
    return (
        [str(form).replace("_", " ") for form in forms]
        if isinstance(forms, (list, tuple)) and "template" in record["corpus"]["by_source"]
        else []
    )


def _files(record: Mapping[str, Any]) -> list[str]:
    """The names, without their folders, of the user's own files, at most FILES, and how many there are besides."""
    data = _part(record, "options").get("data") or []
    names = ["standard input" if path == "-" else _last(path) for path in data]
    return [*names[:FILES], *([f"{len(names) - FILES:,} more"] if len(names) > FILES else [])]


def _last(path: str) -> str:
    """The last part of a path, of whatever system: cards travel, and folders are nobody else's business."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1] or path


def teacher(teacher: dict[str, Any] | None) -> dict[str, str]:
    """The language model that wrote the corpus, with its licence; empty without one."""
    if not teacher:
        return {}
    writers = teacher.get("writers") or [teacher]
    names = [f"{writer.get('model', '')} ({writer.get('digest', '')[:12]})" for writer in writers]
    if len(writers) > 1:
        names = [f"{name}, {counted(writer['documents'], 'document')}" for name, writer in zip(names, writers, strict=True)]
    return {
        "names": "; ".join(names),
        "licence": plain(teacher.get("licence", ""), LICENCE) or "not given by the server",
        "judged": f"judged by {teacher.get('judge', '')}" if teacher.get("judged") else "not judged",
    }
