"""A model -> base64 for a page: every matrix in rows of int8 with a scale for each row, and a list of what is where."""

from __future__ import annotations

import base64
import re
import sys
import zlib
from functools import cache
from typing import Any

import numpy as np
import regex

from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.tokenizer import YOUNG

MOST = 127  # the largest number of a row
BLOCK = r"h\.\d+\.(?:attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)"
MATRICES = re.compile(rf"tokens|positions|{BLOCK}")
VECTORS = re.compile(rf"(?:{BLOCK})\.bias|(?:h\.\d+\.ln_[12]|ln_f)\.(?:weight|bias)")
EMBEDDINGS = {"tokens_embed": "tokens", "wte": "tokens", "positions_embed": "positions", "wpe": "positions"}


def pack(checkpoint: Checkpoint, exact: bool = False) -> tuple[dict[str, Any], str]:
    """What speak.js needs to know of the model, and its arrays: deflated, in base64. `exact`: matrices in float32, for tests.

    MinigptError for a network that speak.js does not compute.
    """
    config, tokenizer = checkpoint.config, checkpoint.tokenizer
    architecture = getattr(config, "architecture", "gpt1")
    vectors, matrices = _parts(checkpoint, architecture)
    for name, matrix in matrices.items():
        matrices[name], vectors[f"{name}.scales"] = (matrix, np.ones(len(matrix), np.float32)) if exact else rounded(matrix)
    ids = tokenizer.token_ids
    pairs = np.array([(ids[left], ids[right]) for left, right in tokenizer.merges], "<i4").reshape(-1, 2)
    about = {
        "config": {
            "architecture": architecture,
            "layers": config.n_layer,
            "heads": config.n_head,
            "width": config.n_embd,
            "context": checkpoint.context,
            "epsilon": config.layer_norm_epsilon,
        },
        "merges": len(pairs),
        "vectors": [[name, len(vector)] for name, vector in vectors.items()],
        "matrices": [[name, *matrix.shape, int(exact)] for name, matrix in matrices.items()],
        "letters": ranges(r"\p{L}"),
        "digits": ranges(r"\p{N}"),
    }
    floats = b"".join(vector.astype("<f4").tobytes() for vector in vectors.values())
    numbers = b"".join(np.ascontiguousarray(matrix, "<f4" if exact else "i1").tobytes() for matrix in matrices.values())
    return about, deflated(pairs.tobytes() + floats + numbers)


def _parts(checkpoint: Checkpoint, architecture: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Vectors by their names, and matrices with a row for each output; tokens without padding, positions within the context."""
    vectors, matrices = {}, {}
    for full, array in checkpoint.state.items():
        name = full.removeprefix("transformer.")
        bare = name.removesuffix(".weight")
        bare = EMBEDDINGS.get(bare, bare)
        if VECTORS.fullmatch(name):
            vectors[name] = array
        elif MATRICES.fullmatch(bare):
            length = {"tokens": checkpoint.tokenizer.vocab_size, "positions": checkpoint.context}
            matrices[bare] = array[: length[bare]] if bare in length else array.T
        else:
            raise MinigptError(f"the model has {full}, and a page computes only GPT-1 and GPT-2 as they were published")
    return vectors, matrices


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
