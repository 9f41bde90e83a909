"""A model -> base64 for a page: every matrix in rows of int8 with a scale for each row, and a list of what is where."""

from __future__ import annotations

import base64
import sys
import zlib
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import regex

from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.model import PUBLISHED, family, parts
from minigpt.tokenizer import YOUNG

MOST = 116  # the largest number of a row: with 127 a page of 14 million parameters would be larger than 17 MB
LARGE = 6  # times the root mean square of its row: one weight in 10,000 is larger; kept apart, scores change by a quarter less
EMBEDDINGS = {"tokens_embed": "tokens", "wte": "tokens", "positions_embed": "positions", "wpe": "positions"}


class Rows(NamedTuple):
    """A matrix: numbers (rows, columns) times scales (rows), but at some places, counted through all rows, a large weight."""

    numbers: np.ndarray
    scales: np.ndarray
    places: np.ndarray
    large: np.ndarray


def pack(checkpoint: Checkpoint, exact: bool = False) -> tuple[dict[str, Any], str]:
    """What speak.js needs to know of the model, and its arrays: deflated, in base64. `exact`: matrices in float32, for tests.

    MinigptError for a network that speak.js does not compute.
    """
    config, tokenizer = checkpoint.config, checkpoint.tokenizer
    vectors, matrices = _parts(checkpoint)
    rows = {name: unrounded(matrix) if exact else rounded(matrix, name not in EMBEDDINGS.values()) for name, matrix in matrices.items()}
    for name, each in rows.items():
        vectors |= {f"{name}.scales": each.scales, f"{name}.large": each.large}
    ids = tokenizer.token_ids
    pairs = np.array([(ids[left], ids[right]) for left, right in tokenizer.merges], "<i4").reshape(-1, 2)
    about = {
        "config": {
            "architecture": config.architecture,
            "layers": config.n_layer,
            "heads": config.n_head,
            "width": config.n_embd,
            "context": checkpoint.context,
            "epsilon": config.layer_norm_epsilon,
        },
        "merges": len(pairs),
        "vectors": [[name, len(vector)] for name, vector in vectors.items()],
        "matrices": [[name, *each.numbers.shape, len(each.places)] for name, each in rows.items()],
        "exact": exact,
        "letters": ranges(r"\p{L}"),
        "digits": ranges(r"\p{N}"),
    }
    data = [pairs, *(vector.astype("<f4") for vector in vectors.values())]
    data += [each.places.astype("<i4") for each in rows.values()]
    data += [each.numbers.astype("<f4" if exact else "i1") for each in rows.values()]
    return about, deflated(b"".join(array.tobytes() for array in data))


def _parts(checkpoint: Checkpoint) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Vectors by their names, and matrices with a row for each output; tokens without padding, positions within the context."""
    if parts() != PUBLISHED:
        raise MinigptError(f"a page computes GPT-1 and GPT-2 as published; this is {family(checkpoint.config.architecture)}")
    vectors, matrices = dict[str, np.ndarray](), dict[str, np.ndarray]()
    for full, array in checkpoint.state.items():
        name = full.removeprefix("transformer.")
        bare = name.removesuffix(".weight")
        bare = EMBEDDINGS.get(bare, bare)
        if array.ndim == 1:
            vectors[name] = array
        else:
            length = {"tokens": checkpoint.tokenizer.vocab_size, "positions": checkpoint.context}
            matrices[bare] = array[: length[bare]] if bare in length else array.T
    return vectors, matrices


def rounded(matrix: np.ndarray, apart: bool) -> Rows:
    """A matrix (rows, columns) in whole numbers from -MOST to MOST. `apart`: weights far larger than others of their row stay as they are,
    since they would make its scale coarse."""
    size = np.sqrt((matrix**2).mean(axis=1, keepdims=True))
    large = (np.abs(matrix) > LARGE * size) & apart
    rest = np.where(large, 0, matrix)
    scales = np.abs(rest).max(axis=1) / MOST
    numbers = np.round(rest / np.where(scales > 0, scales, 1)[:, None])
    return Rows(numbers, scales, np.flatnonzero(large), matrix[large])


def unrounded(matrix: np.ndarray) -> Rows:
    """A matrix as it is."""
    return Rows(matrix, np.ones(len(matrix)), np.zeros(0), np.zeros(0))


def deflated(data: bytes) -> str:
    """Base64 of the bytes without what rounded weights repeat: small numbers are more frequent than large ones, and get fewer bits."""
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return base64.b64encode(coder.compress(data) + coder.flush()).decode()


@cache
def ranges(characters: str) -> str:
    """A class of Unicode, as the tokenizer knows it, as ranges for a regular expression: browsers know other versions of Unicode."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    found = regex.findall(rf"[[{characters}]--[{YOUNG}]]+", every, regex.VERSION1)
    return "".join(run if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in found)
