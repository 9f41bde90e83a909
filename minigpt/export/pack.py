"""A model -> base64 for a page: every matrix in rows of int8 with a scale for each row, and a list of what is where."""

from __future__ import annotations

import base64
import sys
import zlib
from functools import cache
from typing import Any

import numpy as np
import regex

from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.model import PUBLISHED, family, parts
from minigpt.tokenizer import YOUNG

MOST = 116  # the largest number of a row: with 127 a page of 14 million parameters would be larger than 17 MB
LARGE = 6  # times the root mean square of its row: ten in 100,000 weights are larger, and halve what rounding changes in attention
EMBEDDINGS = {"tokens_embed": "tokens", "wte": "tokens", "positions_embed": "positions", "wpe": "positions"}


def pack(checkpoint: Checkpoint, exact: bool = False) -> tuple[dict[str, Any], str]:
    """What speak.js needs to know of the model, and its arrays: deflated, in base64. `exact`: matrices in float32, for tests.

    MinigptError for a network that speak.js does not compute.
    """
    config, tokenizer = checkpoint.config, checkpoint.tokenizer
    vectors, matrices = _parts(checkpoint)
    places = dict.fromkeys(matrices, np.zeros(0, np.int64))
    for name, matrix in matrices.items():
        if exact:
            vectors[f"{name}.scales"], vectors[f"{name}.large"] = np.ones(len(matrix)), np.zeros(0)
            continue
        apart = np.zeros(matrix.shape, bool) if name in EMBEDDINGS.values() else larger(matrix)
        places[name], vectors[f"{name}.large"] = np.flatnonzero(apart), matrix[apart]
        matrices[name], vectors[f"{name}.scales"] = rounded(np.where(apart, 0, matrix))
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
        "matrices": [[name, *matrix.shape, len(places[name])] for name, matrix in matrices.items()],
        "exact": exact,
        "letters": ranges(r"\p{L}"),
        "digits": ranges(r"\p{N}"),
    }
    floats = b"".join(vector.astype("<f4").tobytes() for vector in vectors.values())
    numbers = b"".join(np.ascontiguousarray(matrix, "<f4" if exact else "i1").tobytes() for matrix in matrices.values())
    whole = b"".join(each.astype("<i4").tobytes() for each in places.values())
    return about, deflated(pairs.tobytes() + floats + whole + numbers)


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


def larger(matrix: np.ndarray) -> np.ndarray:
    """Which numbers of a matrix are far larger than their row's others."""
    found: np.ndarray = np.abs(matrix) > LARGE * np.sqrt((matrix**2).mean(axis=1, keepdims=True))
    return found


def rounded(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (rows, columns) -> int8 numbers (rows, columns) and scales (rows), whose product it is about."""
    scales = np.abs(matrix).max(axis=1) / MOST
    return np.round(matrix / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8), scales.astype(np.float32)


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
