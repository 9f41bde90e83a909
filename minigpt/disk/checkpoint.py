"""A model -> a folder in transformers' format (weights, configuration, tokenizer), and back.

Reading executes no code: safetensors and JSON only, and sizes are checked before memory is allocated for them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from minigpt.config import ModelConfig
from minigpt.disk.configuration import CONFIG_FILES, CONTEXT_KEY, FAMILIES, read_config, save_config
from minigpt.disk.files import read_json_object
from minigpt.disk.shelf import RECORD
from minigpt.disk.standing import unfinished
from minigpt.disk.tokens import TOKENIZER_FILES, load_tokenizer, load_tokens, save_tokenizer
from minigpt.disk.weights import CONFIG, TIED, WEIGHTS, load_weights, read_scale, save_weights
from minigpt.embedding import names
from minigpt.errors import MinigptError, as_argument, counted
from minigpt.tokenizer import Tokenizer

__all__ = [
    "CONFIG", "CONFIG_FILES", "FAMILIES", "TIED", "TOKENIZER_FILES", "WEIGHTS", "Checkpoint", "load_checkpoint", "load_tokenizer",
    "load_weights", "read_config", "read_scale", "save_config", "save_tokenizer", "save_weights",
]  # fmt: skip
PADDING = 1024  # rows: programs pad a vocabulary to a multiple of at most 1,024; a larger difference means another model's tokenizer


@dataclass(frozen=True)
class Checkpoint:
    """A model on disk. `context` is the longest window it was trained on, in tokens.

    The embedding may have more rows than the tokenizer has tokens, as many programs pad it to a round number. Those rows get logits but
    have no text.
    """

    config: ModelConfig
    state: dict[str, np.ndarray]
    tokenizer: Tokenizer
    context: int


def require_model(folder: Path) -> None:
    """MinigptError unless this is a folder with a configuration in it."""
    if not folder.is_dir():
        raise MinigptError(f"{folder} is not a folder; `minigpt list` shows your models")
    missing = not os.path.lexists(folder / CONFIG)
    if missing and (runs := sorted(path.parent.name for path in folder.glob(f"*/{RECORD}"))):
        raise MinigptError(f"{folder} is a folder of {counted(len(runs), 'run')}, not a model; name one of them: {folder / runs[0]}")
    if (missing or not os.path.lexists(folder / WEIGHTS)) and (why := unfinished(folder)):
        raise MinigptError(why)
    if missing:
        is_run = (folder / RECORD).exists()
        remedy = f"to finish an interrupted run: minigpt resume {as_argument(folder)}" if is_run else "`minigpt list` shows your models"
        raise MinigptError(f"{folder} has no model: {CONFIG} is missing; {remedy}")


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load a folder that minigpt wrote, or transformers' `save_pretrained` of a GPT with GPT-2's kind of tokenizer; else MinigptError."""
    require_model(folder)
    stored = read_json_object(folder / CONFIG)
    config = read_config(stored, folder / CONFIG)
    tokenizer, rows, size = load_tokens(folder, stored.get("eos_token_id"))
    padded = CONTEXT_KEY not in stored and 0 < config.vocab_size - size < PADDING  # minigpt itself pads nothing
    if size != config.vocab_size and not padded:
        sizes = f"the tokenizer has {size:,} tokens, {CONFIG} says {config.vocab_size:,}"
        raise MinigptError(f"{folder}: {sizes}: these are files of two different models")
    context = stored.get(CONTEXT_KEY, config.n_positions)
    if isinstance(context, bool) or not isinstance(context, int) or not 1 <= context <= config.n_positions:
        raise MinigptError(f"{folder / CONFIG}: {CONTEXT_KEY} must be from 1 to {config.n_positions}, got {context!r}")
    state = load_weights(folder / WEIGHTS, config)
    if rows:  # a vocabulary in another order than GPT-2's: in its order from here on
        name = names(config).tokens
        state[name], config = state[name][rows], replace(config, vocab_size=len(rows))
    return Checkpoint(config, state, tokenizer, context)
