"""The record run.json -> the same, once every field that is read later matches its schema."""

from __future__ import annotations

import re
from numbers import Real
from typing import Any

from minigpt.disk.schema import Schema, amount, count, text, validate
from minigpt.errors import MinigptError

NAMES = re.compile(r"(checkpoint/)?[\w.-]+")  # file names in a stage's record: none leads out of the folder


def names_files(value: Any) -> bool:
    """Whether a value maps names of files in the folder to checksums."""
    return isinstance(value, dict) and all(NAMES.fullmatch(name) and name != ".." and isinstance(value[name], str) for name in value)


def pair(value: Any) -> bool:
    """Whether a value is a list of two amounts."""
    return isinstance(value, list) and len(value) == 2 and all(map(amount, value))


WRITER = {"model": str, "digest": str, "documents": count}
ALWAYS: Schema = {
    "prompt": text,
    "status": str,
    "stages": {"*": dict},
    "options": {"epochs?": (count, type(None)), "minutes?": (amount, type(None)), "device?": str, "data?": [str]},
    "base?": {"step": count, "epoch?": amount, "seconds": amount, "lines": count, "best_step": count, "train_loss": Real},
    "time?": {"minutes": amount, "training_seconds": amount},
    "trial?": {"*": pair},
    "memory?": {"micro_batch": (count, type(None))},
    "teacher?": {**{name: str for name in ("model?", "digest?", "licence?", "judge?")}, "writers?": [WRITER]},
    "machines_before?": [dict],
    "card?": (str, type(None)),
}
MADE = {"created": str, "minigpt": str, "device": str, "seed": count}  # written once, at the start
AFTER: dict[str, Schema] = {  # what each stage adds to the record
    "corpus": {
        "corpus": {
            "documents": count, "tokens": count, "held_out_documents": count, "held_out_tokens": count, "held_out_ideas?": count,
            "by_source": {"*": count},
        }
    },
    "tokens": {"model": {name: count for name in ("n_layer", "n_head", "n_embd", "vocab_size", "parameters")}},
    "training": {
        "training": {"steps": count, "batch_size": count, "context": count, "seconds": amount},
        "result": {"train_loss": Real, "held_out_loss": (Real, type(None)), "best_step": count, "held_out_tokens?": count,
                   "held_out_bits_per_byte?": (Real, type(None))},
    },
    "report": {"samples": [text], "sample_seeds?": [count]},
}  # fmt: skip


def checked(record: dict[str, Any], where: object) -> dict[str, Any]:
    """The record; MinigptError if a field does not match its schema."""
    try:
        validate(record, ALWAYS, where)
        for stage, files in record["stages"].items():
            if not names_files(files):
                raise MinigptError(f"{where}: a stage names files outside the folder")
            validate(record, AFTER.get(stage, {}), where)
    except MinigptError as error:
        raise MinigptError(f"{error}; start again in another folder") from error
    return record
