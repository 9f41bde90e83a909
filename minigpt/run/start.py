"""Where a training starts: the base, another model, or random weights.

The base is a 12M model that minigpt trained on broad text (Radford et al. 2018: generative pre-training, then fine-tuning). It comes in
a distribution of its own, `base/` in the repository, and is a model folder as any other.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.config import ModelConfig
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able
from minigpt.disk.checkpoint import CONFIG, WEIGHTS, Checkpoint, read_config, require_model
from minigpt.disk.files import open_to_read, read_json_object
from minigpt.disk.folder import require_sound
from minigpt.disk.names import find_run
from minigpt.disk.tensors import SEAL, open_tensors
from minigpt.disk.words import require_tokens
from minigpt.embedding import names
from minigpt.errors import MinigptError
from minigpt.fast.install import BASE_DISTRIBUTION, from_index, nearby, to_install
from minigpt.model import PUBLISHED, count_parameters, parts
from minigpt.run.defaults import BASE, FAMILIAR, LORA_FROM, LORA_RANK, NONE, ONCE, STRANGE
from minigpt.run.options import Options
from minigpt.tokenizer import Tokenizer

PACKAGE = "minigpt_base"
SOURCE = Path(__file__).parents[2]  # in a checkout, the folder that has base/
RECORD = "base.json"  # in its folder: how it was trained, and on what
CARD, FRONT = "README.md", 8192  # a model card, and the bytes that its front matter is looked for in
OURS = "minigpt:templates "  # before a category, in that record


def base_folder() -> Path | None:
    """The model folder of the installed base, or None."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def first_model(init: str | None) -> Path | None:
    """The folder of the model that `--init` names; None for random weights. MinigptError for a base that is not installed."""
    if init in (None, NONE):
        return None
    if init != BASE:
        return Path(str(init))
    if (folder := base_folder()) is None:
        raise MinigptError(f"the base is not installed: {base_remedy()}, or start with --init none")
    return folder


def base_remedy(again: bool = False) -> str:
    """How to install the base here; `again`: also where it is already."""
    source = SOURCE / "base"
    if (source / "pyproject.toml").is_file():
        return to_install(os.path.join(".", nearby(str(source))), again)  # "base" alone would be a package on the index
    if from_index():
        return to_install(BASE_DISTRIBUTION, again)
    return f"install the wheel of {BASE_DISTRIBUTION} that was built with minigpt's own"


def settled(o: Options) -> Options:
    """The options with a start: by default the base, if it is installed and the model asked for has its shape."""
    if o.init is None:
        o = replace(o, init=BASE if base_fits(o) else NONE)
    elif o.init not in (BASE, NONE):
        o = replace(o, init=str(find_run(o.init, Path(o.models_dir))))
    if (folder := first_model(o.init)) is None:
        return o
    require_sound(folder, (CONFIG,))
    require_model(folder)
    config = config_of(folder)
    if o.init != BASE:
        require_tokens(folder)
    if o.lora is None and o.init != BASE and count_parameters(config) >= LORA_FROM:
        o = replace(o, lora=LORA_RANK)
    return o.shaped_like(config)


def tuned(o: Options, request: Request | None) -> Options:
    """The options for what templates write, from the base: more epochs and larger steps for what it has not read before; for what it knows
    well less text, read once, unless the options say how much."""
    if request is None or o.init != BASE or o.source != "template" or o.data:
        return o
    written = {part.category for part in able(request).parts}
    known = read_by_base()
    if not written <= known.keys():
        epochs, rate = STRANGE
        return replace(
            o,
            epochs=o.epochs if o.epochs or o.minutes else epochs,
            learning_rate=rate if o.learning_rate is None else o.learning_rate,
        )
    if max(known[category] for category in written) > FAMILIAR or any((o.initial_tokens, o.final_tokens, o.epochs, o.minutes)):
        return o
    return replace(o, initial_tokens=ONCE.initial_tokens, final_tokens=ONCE.final_tokens, epochs=ONCE.epochs)


def read_by_base() -> dict[str, float]:
    """The categories of templates that the installed base was trained on, and its loss on held-out text of each in nats a token, as its
    record says; infinite where it does not."""
    folder = base_folder()
    if folder is None or not (folder / RECORD).exists():
        return {}
    record = read_json_object(folder / RECORD)
    text, losses = record.get("text"), record.get("held_out")
    names = text.get("characters", {}) if isinstance(text, dict) else {}
    read = [name.removeprefix(OURS) for name in names if name.startswith(OURS)]
    found = [losses.get(category) if isinstance(losses, dict) else None for category in read]
    return {category: loss if isinstance(loss, float) else math.inf for category, loss in zip(read, found, strict=True)}


def base_fits(o: Options) -> bool:
    """Whether a model with these options can start from the base."""
    if (folder := base_folder()) is None or o.vocab != "corpus" or parts() != PUBLISHED:
        return False
    wanted, base = o.configure()[0], config_of(folder)
    return all(getattr(wanted, name) == getattr(base, name) for name in ("architecture", "n_layer", "n_head", "n_embd", "n_positions"))


def config_of(folder: Path) -> ModelConfig:
    return read_config(read_json_object(folder / CONFIG), folder / CONFIG)


def described(o: Options) -> dict[str, str]:
    """The start as the record has it. The checksum tells the model's weights from all others; other programs write none."""
    if (folder := first_model(o.init)) is None:
        return {"init": NONE}
    found = {"init": str(o.init), "checksum": ""}
    if (folder / WEIGHTS).exists():  # not in several files
        with open_tensors(folder / WEIGHTS) as file:
            found["checksum"] = str((file.metadata() or {}).get(SEAL, ""))
    if o.init != BASE and (licence := licence_of(folder)):
        found["licence"] = licence
    return found


def is_same_start(one: dict[str, str], recorded: Any) -> bool:
    """Whether this is the start that a record has, if it has one: the same model, whatever its card says by now."""
    return not isinstance(recorded, dict) or all(one.get(name) == recorded.get(name) for name in ("init", "checksum"))


def licence_of(folder: Path) -> str:
    """The licence that a model's card names in its front matter; empty if none does."""
    card = folder / CARD
    if not card.is_file():
        return ""
    with open_to_read(card) as file:
        beginning = file.read(FRONT).decode("utf-8", "replace")
    named = re.match(r"---\n(?:(?!---).*\n)*?license: *[\"']?([\w.+-]{1,60})", beginning, re.ASCII)
    return named[1] if named else ""


def grown(first: Checkpoint, tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    """A model's weights for another vocabulary. A new token's row is the mean of the rows of the tokens that the model has split its bytes
    into so far."""
    name = names(first.config).tokens
    old = first.state[name]
    rows = np.empty((tokenizer.vocab_size, old.shape[1]), np.float32)
    for token, i in tokenizer.token_ids.items():
        at = first.tokenizer.token_ids.get(token)
        rows[i] = old[at] if at is not None else old[first.tokenizer.encode_word(tokenizer.tokens[i])].mean(axis=0)
    return {**first.state, name: rows}
