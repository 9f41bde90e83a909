"""A model -> a folder in transformers' format (weights, configuration, tokenizer), and back.

Reading executes no code: safetensors and JSON only, and sizes are checked before memory is allocated for them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.config import ModelConfig
from minigpt.disk.configuration import CONFIG_FILES, CONTEXT_KEY, FAMILIES, read_config, save_config
from minigpt.disk.files import read_json_object, read_text, write_json, write_text
from minigpt.disk.place import Folder
from minigpt.disk.shelf import RECORD
from minigpt.disk.standing import unfinished
from minigpt.disk.weights import CONFIG, TIED, WEIGHTS, load_weights, read_scale, save_weights
from minigpt.errors import MinigptError, as_argument, counted
from minigpt.tokenizer import END_OF_TEXT, Tokenizer, parse_merges

__all__ = [
    "CONFIG", "CONFIG_FILES", "FAMILIES", "TIED", "TOKENIZER_FILES", "WEIGHTS", "Checkpoint", "load_checkpoint", "load_tokenizer",
    "load_weights", "read_config", "read_scale", "save_config", "save_tokenizer", "save_weights",
]  # fmt: skip
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt")
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


def save_tokenizer(folder: Folder, tokenizer: Tokenizer, context: int) -> None:
    """tokenizer.json, tokenizer_config.json, vocab.json and merges.txt, as `AutoTokenizer` reads them."""
    special = {"content": END_OF_TEXT, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": "",
        "fuse_unk": False,
        "byte_fallback": False,
        "vocab": tokenizer.token_ids,
        "merges": [f"{left} {right}" for left, right in tokenizer.merges],
    }
    write_json(
        folder / "tokenizer.json",
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": tokenizer.end_of_text, **special}],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": byte_level,
            "decoder": byte_level,
            "model": model,
        },
    )
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "GPT2Tokenizer",
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "split_special_tokens": True,  # <|endoftext|> in a text is text
            "model_max_length": context,
            "bos_token": END_OF_TEXT,
            "eos_token": END_OF_TEXT,
            "unk_token": END_OF_TEXT,
        },
    )
    write_json(folder / "vocab.json", tokenizer.token_ids)
    write_text(folder / "merges.txt", "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in tokenizer.merges))


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
    tokenizer = load_tokenizer(folder)
    padded = CONTEXT_KEY not in stored and 0 < config.vocab_size - tokenizer.vocab_size < PADDING  # minigpt itself pads nothing
    if tokenizer.vocab_size != config.vocab_size and not padded:
        sizes = f"the tokenizer has {tokenizer.vocab_size:,} tokens, {CONFIG} says {config.vocab_size:,}"
        raise MinigptError(f"{folder}: {sizes}: these are files of two different models")
    context = stored.get(CONTEXT_KEY, config.n_positions)
    if isinstance(context, bool) or not isinstance(context, int) or not 1 <= context <= config.n_positions:
        raise MinigptError(f"{folder / CONFIG}: {CONTEXT_KEY} must be from 1 to {config.n_positions}, got {context!r}")
    return Checkpoint(config, load_weights(folder / WEIGHTS, config), tokenizer, context)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, from tokenizer.json, else from vocab.json and merges.txt: a byte-level BPE in GPT-2's order."""
    if (path := folder / "tokenizer.json").exists():
        stored = read_json_object(path)
        _require_plain(stored, folder)
        model = stored.get("model")
        if not isinstance(model, dict) or model.get("type", "BPE") != "BPE" or not isinstance(model.get("merges"), list):
            raise MinigptError(f"{path} has no byte-level BPE; minigpt reads only GPT-2's kind of tokenizer")
        merges: list[Any] = [
            tuple(m.split(" ")) if isinstance(m, str) else tuple(m) if isinstance(m, list) else () for m in model["merges"]
        ]
        if not all(len(m) == 2 and all(isinstance(half, str) for half in m) for m in merges):
            raise MinigptError(f"{path}: each merge must be two tokens")
        vocabulary = model.get("vocab")
    elif (path := folder / "merges.txt").exists():
        merges = list(parse_merges(read_text(path), str(path)))
        vocabulary = read_json_object(folder / "vocab.json")
    else:
        raise MinigptError(f"{folder} has no tokenizer.json and no merges.txt; the model cannot read text without them")
    try:
        tokenizer = Tokenizer(merges)
    except MinigptError as error:
        raise MinigptError(f"{path}: {error}") from error
    if not isinstance(vocabulary, dict) or {END_OF_TEXT: tokenizer.end_of_text, **vocabulary} != tokenizer.token_ids:
        raise MinigptError(f"{path}: the ids are not those of a byte-level BPE in GPT-2's order (bytes, merges by rank, {END_OF_TEXT})")
    return tokenizer


def _require_plain(stored: dict[str, Any], folder: Path) -> None:
    """MinigptError for a tokenizer.json that changes the text before BPE, or splits it in another way than GPT-2."""
    path, splitter = folder / "tokenizer.json", stored.get("pre_tokenizer")
    if stored.get("normalizer") is not None:
        raise MinigptError(f"{path} has a normalizer; minigpt's tokenizer takes text as it is")
    if not isinstance(splitter, dict) or splitter.get("type") != "ByteLevel" or splitter.get("use_regex", True) is not True:
        raise MinigptError(f"{path} does not split text into words as GPT-2 does; minigpt supports only the pre_tokenizer ByteLevel")
    options = folder / "tokenizer_config.json"
    if splitter.get("add_prefix_space") or (options.exists() and read_json_object(options).get("add_prefix_space")):
        raise MinigptError(f"{folder}: the tokenizer puts a space before each text (add_prefix_space); minigpt's does not")
