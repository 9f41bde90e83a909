"""A tokenizer -> the files that transformers' `AutoTokenizer` reads, and back."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from minigpt.disk.files import read_json_object, read_text, write_json, write_text
from minigpt.disk.place import Folder
from minigpt.errors import MinigptError, counted
from minigpt.tokenizer import END_OF_TEXT, Tokenizer, parse_merges

TOKENIZER = "tokenizer.json"
WORD_END = "</w>"  # at the end of a token that ends a word, in GPT-1's vocabulary
TOKENIZER_FILES = (TOKENIZER, "tokenizer_config.json", "vocab.json", "merges.txt")
MOST_TOKENS = 2**24  # ids in a file are below it: of a vocabulary of any use


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


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder; MinigptError unless it is a byte-level BPE that splits text as GPT-2's does."""
    return load_tokens(folder).tokenizer


class Stored(NamedTuple):
    """A BPE as it is stored: the file that has its merges, these, token -> id, and what else tokenizer.json says; None without one."""

    path: Path
    merges: list[tuple[str, str]]
    vocabulary: dict[str, int]
    rest: dict[str, Any] | None


def stored_tokens(folder: Path) -> Stored:
    """The BPE of a folder."""
    if (path := folder / TOKENIZER).exists():
        stored = read_json_object(path)
        model = stored.get("model")
        if not isinstance(model, dict) or model.get("type", "BPE") != "BPE" or not isinstance(model.get("merges"), list):
            raise MinigptError(f"{path} has no byte-level BPE; minigpt reads only GPT-2's kind of tokenizer")
        merges: list[Any] = [
            tuple(m.split(" ")) if isinstance(m, str) else tuple(m) if isinstance(m, list) else () for m in model["merges"]
        ]
        if not all(len(m) == 2 and all(isinstance(half, str) for half in m) for m in merges):
            raise MinigptError(f"{path}: each merge must be two tokens")
        return Stored(path, merges, _whole_vocabulary(model.get("vocab"), stored.get("added_tokens"), path), stored)
    if (path := folder / "merges.txt").exists():
        vocabulary = _whole_vocabulary(read_json_object(folder / "vocab.json"), [], path)
        return Stored(path, parse_merges(read_text(path), str(path)), vocabulary, None)
    raise MinigptError(f"{folder} has no tokenizer.json and no merges.txt; the model cannot read text without them")


def of_words(vocabulary: Collection[str]) -> bool:
    """Whether these are GPT-1's kind of tokens, of which about a third end a word."""
    return sum(token.endswith(WORD_END) for token in vocabulary) > len(vocabulary) // 10


class Tokens(NamedTuple):
    """A tokenizer, whose ids are in GPT-2's order: bytes, merges by rank, end-of-text. `rows`: the id that each token has in the files, if
    that is another. `size`: the ids there."""

    tokenizer: Tokenizer
    rows: list[int] | None
    size: int


def load_tokens(folder: Path, end: object = None) -> Tokens:
    """The tokens of a folder.

    `end`: the id that ends a text, as config.json has it, for a vocabulary that calls end-of-text otherwise.
    """
    path, merges, vocabulary, stored = stored_tokens(folder)
    if of_words(vocabulary):
        raise MinigptError(f"{path} has GPT-1's own tokens, in lower case; minigpt only starts from such a model (train --init)")
    if stored is not None:
        _require_plain(stored, folder)
    try:
        tokenizer = Tokenizer(merges)
    except MinigptError as error:
        raise MinigptError(f"{path}: {error}") from error
    if {END_OF_TEXT: tokenizer.end_of_text, **vocabulary} == tokenizer.token_ids:
        return Tokens(tokenizer, None, tokenizer.vocab_size)
    ends = {END_OF_TEXT: end} if isinstance(end, int) and not isinstance(end, bool) and end in vocabulary.values() else {}
    vocabulary = {**ends, **vocabulary}
    if missing := sorted(tokenizer.token_ids.keys() - vocabulary.keys()):
        raise MinigptError(f"{path}: {counted(len(missing), 'token')} of its byte-level BPE have no id, such as {missing[0]!r}")
    return Tokens(tokenizer, [vocabulary[token] for token in tokenizer.token_ids], max(vocabulary.values()) + 1)


def _whole_vocabulary(vocabulary: object, added: object, path: Path) -> dict[str, int]:
    """Token -> id, the added ones too; MinigptError unless each token has an id of its own."""
    pairs: list[tuple[Any, Any]] = list(vocabulary.items()) if isinstance(vocabulary, dict) else [("", None)]
    for token in added if isinstance(added, list) else []:
        pairs.append((token.get("content"), token.get("id")) if isinstance(token, dict) else ("", None))
    sound = all(isinstance(token, str) and isinstance(i, int) and not isinstance(i, bool) and 0 <= i < MOST_TOKENS for token, i in pairs)
    found = dict(pairs)
    if not sound or len(set(found.values())) != len(found):
        raise MinigptError(f"{path}: a vocabulary gives each token an id of its own, from 0 on")
    return found


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
