"""A model -> characters for a page: every weight as a whole number of a few bits, and a list of what is where.

A weight is stored in two parts. The first is a multiple of a coarse step, the same in the whole matrix, and costs about four bits, as
frequent numbers get short codes (Huffman). The second is further bits, as they are: more in rows and columns that matter more (matter.py).
"""

from __future__ import annotations

import sys
import zlib
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import regex

from minigpt.disk.checkpoint import Checkpoint
from minigpt.errors import MinigptError
from minigpt.export.matter import Matter, matter
from minigpt.model import PUBLISHED, family, parts
from minigpt.tokenizer import YOUNG

BITS = 8.95  # of a weight, on average: a page of 14 million parameters is just under 17 MB
MOST = 16  # further bits of one weight
COARSE = 4  # coarse steps in the root mean square of a matrix
LEAST = 0.05  # of what rows or columns matter on average, as if none mattered less: texts of another kind may need them more
LETTER, EACH = 0x5000, 15  # the first of 2**15 characters, from Chinese to Korean, each of which holds so many bits
EMBEDDINGS = {"tokens_embed": "tokens", "wte": "tokens", "positions_embed": "positions", "wpe": "positions"}


class Rounded(NamedTuple):
    """A matrix: weight [j, i] is numbers[j, i] unit / 2**bits, with bits = rows[j] + columns[i], from 0 to MOST."""

    numbers: np.ndarray
    unit: float
    rows: np.ndarray
    columns: np.ndarray

    def further(self) -> np.ndarray:
        """The bits of each weight after the coarse part."""
        found: np.ndarray = (self.rows[:, None].astype(np.int32) + self.columns).clip(0, MOST)
        return found

    def matrix(self) -> np.ndarray:
        """What the page computes with."""
        return (self.numbers * (self.unit / 2.0 ** self.further())).astype(np.float32)


def pack(checkpoint: Checkpoint, exact: bool = False) -> tuple[dict[str, Any], str]:
    """What speak.js needs to know of the model, and its arrays as characters. `exact`: matrices in float32, for tests.

    MinigptError for a network that speak.js does not compute.
    """
    config, tokenizer = checkpoint.config, checkpoint.tokenizer
    vectors, matrices = _parts(checkpoint)
    ids = tokenizer.token_ids
    pairs = np.array([(ids[left], ids[right]) for left, right in tokenizer.merges], "<i4").reshape(-1, 2)
    data = [pairs, *(vector.astype("<f4") for vector in vectors.values())]
    units = dict.fromkeys(matrices, 1.0)
    if exact:
        data += [matrix.astype("<f4") for matrix in matrices.values()]
    else:
        found = rounded(checkpoint)
        units = {name: each.unit for name, each in found.items()}
        data += [bits for each in found.values() for bits in (each.rows, each.columns)]
        data += [(each.numbers >> each.further()).astype("i1") for each in found.values()]
        data.append(np.packbits(np.concatenate([_low_bits(each) for each in found.values()])))
    packed = deflated(b"".join(array.tobytes() for array in data))
    about = {
        "size": len(packed),
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
        "matrices": [[name, *matrix.shape, units[name]] for name, matrix in matrices.items()],
        "exact": exact,
        "letters": ranges(r"\p{L}"),
        "digits": ranges(r"\p{N}"),
    }
    return about, characters(packed)


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


def rounded(checkpoint: Checkpoint) -> dict[str, Rounded]:
    """Every matrix in BITS bits a weight on average, more where they matter more."""
    _, matrices = _parts(checkpoint)
    known = {name.removeprefix("transformer.").removesuffix(".weight"): each for name, each in matter(checkpoint).items()}
    plans = {}
    for name, each in known.items():
        bare = EMBEDDINGS.get(name, name)
        rows, columns = (each.rows, each.columns) if bare != name else (each.columns, each.rows)
        plans[bare] = plan(matrices[bare], Matter(rows[: len(matrices[bare])], columns, each.mean))
    size = sum(matrix.size for matrix in matrices.values())
    low, high = -100.0, 100.0  # of bits that every weight gets beside its own
    while high - low > 1e-3:
        extra = (low + high) / 2
        spent = sum(matrices[name].size * (each.coarse + each.further(extra).mean()) for name, each in plans.items())
        low, high = (extra, high) if spent < BITS * size else (low, extra)
    return {name: each.applied(matrices[name], low) for name, each in plans.items()}


class Plan(NamedTuple):
    """How many further bits the rows and columns of a matrix deserve, compared with those of others; and the bits of the coarse part."""

    unit: float
    coarse: float
    rows: np.ndarray
    columns: np.ndarray

    def further(self, extra: float) -> np.ndarray:
        found: np.ndarray = (np.rint(self.rows + extra)[:, None] + np.rint(self.columns)).clip(0, MOST)
        return found

    def applied(self, matrix: np.ndarray, extra: float) -> Rounded:
        """The matrix with so many bits more than the plan has."""
        rows, columns = (np.rint(bits).clip(-128, 127).astype("i1") for bits in (self.rows + extra, self.columns))
        empty = Rounded(np.zeros(0, int), self.unit, rows, columns)
        return empty._replace(numbers=np.rint(matrix / self.unit * 2.0 ** empty.further()).astype(np.int32))


def plan(matrix: np.ndarray, each: Matter) -> Plan:
    """An error matters by its square: what matters four times as much gets one bit more."""
    unit = float(max(np.sqrt((matrix**2).mean()) / COARSE, np.abs(matrix).max() / 126, 1e-30))
    _, counts = np.unique(np.floor(matrix / unit).astype(np.int8), return_counts=True)
    shares = counts / matrix.size
    mean = max(each.mean, 1e-30)
    rows, columns = (np.maximum(np.where(found > 0, found, mean) / mean, LEAST) for found in (each.rows, each.columns))
    return Plan(unit, float(-(shares * np.log2(shares)).sum()), np.log2(mean * rows) / 2 + np.log2(unit), np.log2(columns) / 2)


def _low_bits(each: Rounded) -> np.ndarray:
    """The further bits of all weights, the highest of each first: ones and zeros."""
    further, places = each.further(), np.arange(MOST - 1, -1, -1, dtype=np.int32)
    rows = zip(each.numbers, further, strict=True)
    return np.concatenate([(numbers[:, None] >> places & 1).astype(np.uint8)[places < bits[:, None]] for numbers, bits in rows])


def deflated(data: bytes) -> bytes:
    """The bytes with shorter codes for the more frequent ones."""
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(data) + coder.flush()


def characters(data: bytes) -> str:
    """15 bits in each character. In UTF-16 that is 7.5 bits a byte, where base64 has 6."""
    pieces, piece = [], EACH * 2**14
    for start in range(0, len(data), piece):
        bits = np.unpackbits(np.frombuffer(data[start : start + piece], np.uint8))
        groups = np.pad(bits, (0, -len(bits) % EACH)).reshape(-1, EACH)
        codes = LETTER + groups @ (1 << np.arange(EACH - 1, -1, -1))
        pieces.append(codes.astype("<u2").tobytes().decode("utf-16-le"))
    return "".join(pieces)


@cache
def ranges(characters: str) -> str:
    """A class of Unicode, as the tokenizer knows it, as ranges for a regular expression: browsers know other versions of Unicode."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    found = regex.findall(rf"[[{characters}]--[{YOUNG}]]+", every, regex.VERSION1)
    return "".join(run if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in found)
