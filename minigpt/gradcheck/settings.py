"""The sizes at which gradients are checked: each setting takes another path through the code."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from minigpt.backend import CACHE_BYTES, Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.loss import BLOCK, chunk_rows

MODEL, GPT_2, TUNED = WHOLE = (
    "GPT",
    "GPT-2",
    "Tuned GPT",
)  # the whole models' names in the results
HEADED = ("Attention", "Block", "PreNormBlock", *WHOLE)  # the layers that see the number of heads
TILED = ("Attention", *WHOLE)  # those that see the size of a tile
LOSS = ("CrossEntropy", *WHOLE)  # those that see chunks, blocks and shards
CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=6, n_positions=8, vocab_size=11, dropout=0.3)
ITEM = 8  # bytes of a float64
TINY_CACHE = 200  # bytes: four rows of the model's width, so every chain runs over several pieces
SMALL_CACHE = 2000  # bytes: 41 rows
GPU_CACHE = 2**40  # bytes: all rows


@dataclass(frozen=True)
class Setting:
    """One path through the code, for B sequences of T tokens.

    By default no array is a whole number of tiles, chunks, blocks, shards or pieces long.
    """

    name: str
    B: int = 2
    T: int = 7
    dropout: float = CONFIG.dropout
    heads: int = CONFIG.n_head
    cache_bytes: int = CACHE_BYTES
    tile: int = 3  # attention's, where it is checked alone: in a block it has the backend's
    chunk: int = 4  # rows of the loss
    block: int = 2  # tokens of the loss
    shards: int = 3  # of the vocabulary
    vocab_size: int = CONFIG.vocab_size
    threads: int = 1
    micro_batch: int | None = None
    architecture: str = CONFIG.architecture
    lora: int = 0
    freeze: int | None = None

    def training(self) -> TrainConfig:
        """What a training keeps and adds."""
        return TrainConfig(lora=self.lora, freeze=self.freeze)

    def config(self) -> ModelConfig:
        """The model that is checked: CONFIG but for what this setting changes."""
        return replace(
            CONFIG,
            dropout=self.dropout,
            vocab_size=self.vocab_size,
            n_positions=max(CONFIG.n_positions, self.T),
            n_head=self.heads,
            architecture=self.architecture,
        )

    def backend(self, backend: Backend) -> Backend:
        """The backend with this setting's size of a piece."""
        changed = copy.copy(backend)
        changed.cache_bytes = self.cache_bytes
        return changed

    def on(self, backend: Backend) -> Setting:
        """This setting as the backend computes it: a GPU cuts nothing that only helps a cache."""
        if backend.name == "cpu":
            return self
        one = replace(self, cache_bytes=GPU_CACHE, threads=1)
        return replace(one, tile=backend.tile, shards=1) if self in MODELS else one

    @property
    def model(self) -> str:
        """The whole model's name in the results, where this setting is one of it."""
        if self.lora or self.freeze is not None:
            return TUNED
        return GPT_2 if self.architecture == "gpt2" else MODEL

    @property
    def N(self) -> int:
        """Rows of hidden states."""
        return self.B * self.T

    @property
    def piece(self) -> int:
        """Rows of the model's width in a piece of a chain."""
        return max(1, self.cache_bytes // (CONFIG.n_embd * ITEM))

    @property
    def blocks(self) -> int:
        """Blocks of the largest shard."""
        return -(-self.vocab_size // (min(self.shards, self.vocab_size) * self.block))

    def factors(self) -> dict[str, float]:
        """Numbers that a backward may have forgotten to multiply or divide by."""
        C, H, D = CONFIG.n_embd, self.heads, CONFIG.n_embd // self.heads
        found: dict[str, float] = {"B": self.B, "T": self.T, "B T": self.N, "V": self.vocab_size}
        found |= {"H": H, "D": D, "C": C, "sqrt(D)": D**0.5, "sqrt(C)": C**0.5}
        found["1 - dropout"] = 1 - self.dropout
        names = {name: f"({name})" if " " in name else name for name in found}
        return found | {f"1 / {names[name]}": 1 / value for name, value in found.items()}

    def described(self, layer: str) -> str:
        """The sizes that a layer sees, in words."""
        model, loss = layer in WHOLE, layer in LOSS
        sizes = f"B {self.B}, T {self.T}, heads {self.heads}, dropout {self.dropout:g}"
        cuts = {
            f"V {self.vocab_size}": loss,
            f"tiles of {self.tile}": layer in TILED and self.tile < self.T,
            f"chunks of {self.chunk}": loss and self.chunk < self.N,
            f"{self.shards} shards": loss and self.shards > 1,
            f"blocks of {self.block}": loss and self.blocks > 1,
            f"pieces of {self.piece}": self.piece < self.N,
            f"threads {self.threads}": model,
            f"parts of {self.micro_batch}": model and self.micro_batch is not None,
        }
        parts = [sizes, *(words for words, seen in cuts.items() if seen)]
        return f"{self.name}: {', '.join(parts)}"


def whole(name: str, threads: int = 1, vocab_size: int = CONFIG.vocab_size, **more: Any) -> Setting:
    """A setting of the whole model, whose tiles, chunks, blocks and shards are training's."""
    chunk = chunk_rows(vocab_size, ITEM)
    cuts: dict[str, Any] = {"tile": Backend.tile, "chunk": chunk, "block": BLOCK, "shards": threads}
    return Setting(name, threads=threads, vocab_size=vocab_size, **cuts, **more)


LAYERS = (
    Setting("several tiles, chunks, blocks", dropout=0.1),
    Setting("no dropout", dropout=0),
    Setting("one sequence, no dropout", B=1, dropout=0, heads=1),
    Setting("several pieces", cache_bytes=TINY_CACHE),
    # Attention takes two sequences, two, one:
    Setting("pieces of several sequences", B=5, T=3, tile=2, cache_bytes=300),
    Setting("one tile, one chunk, one block", tile=7, chunk=99, block=99, shards=1),
    Setting("sizes that divide", B=3, T=6, dropout=0.6, heads=3, chunk=6, vocab_size=12),
    Setting("one token, fewer than shards", T=1, vocab_size=2),  # two tokens in the vocabulary
)
MODELS = (
    whole("one worker"),
    whole("one sequence", B=1, threads=3),
    whole("no dropout", B=3, dropout=0, micro_batch=1),
    whole("two workers", B=3, threads=2),
    whole("three workers, no dropout", B=5, threads=3, dropout=0),
    whole("two workers, micro-batches", B=5, threads=2, micro_batch=2),
    whole("several pieces", cache_bytes=TINY_CACHE, threads=2),
    whole("longer than two tiles", B=1, T=2 * Backend.tile + 2, cache_bytes=SMALL_CACHE),
    whole("two whole tiles, no dropout", T=2 * Backend.tile, dropout=0),
    whole("two shards of several blocks", T=3, vocab_size=4 * BLOCK + 5, threads=2),
    whole("pre-norm, one worker", architecture="gpt2"),
    whole("pre-norm, several pieces", dropout=0, cache_bytes=TINY_CACHE, architecture="gpt2"),
    whole("pre-norm, micro-batches", B=5, threads=2, micro_batch=2, architecture="gpt2"),
    whole("LoRA, two workers", B=3, threads=2, lora=2),
    whole("LoRA, pre-norm, micro-batches", B=3, micro_batch=2, lora=2, architecture="gpt2"),
    whole("a frozen block, two workers", B=3, threads=2, freeze=1),
    whole("LoRA over a frozen block", lora=3, freeze=1, architecture="gpt2"),
)


@dataclass(frozen=True)
class Trait:
    """What may tell the settings where a gradient is wrong from those where it is right.

    In words where it holds and where it does not. `seen_by`: the layers that it can matter to.
    """

    yes: str
    no: str
    holds: Callable[[Setting], bool]
    seen_by: tuple[str, ...] = ()  # none: all


TRAITS = (
    Trait("with dropout (the mask?)", "without dropout", lambda s: s.dropout > 0),
    Trait("with several sequences", "with one sequence", lambda s: s.B > 1),
    Trait("with several tokens", "with one token", lambda s: s.T > 1),
    Trait("with several heads", "with one head", lambda s: s.heads > 1, HEADED),
    Trait("with several pieces", "with one piece", lambda s: s.piece < s.N),
    Trait("with several tiles", "with one tile", lambda s: s.tile < s.T, TILED),
    Trait("with a smaller last tile", "with full tiles", lambda s: s.T % s.tile > 0, TILED),
    Trait("with several chunks", "with one chunk", lambda s: s.chunk < s.N, LOSS),
    Trait("with several shards", "with one shard", lambda s: min(s.shards, s.vocab_size) > 1, LOSS),
    Trait("with several blocks a shard", "with one block a shard", lambda s: s.blocks > 1, LOSS),
    Trait("with several workers", "with one worker", lambda s: min(s.threads, s.B) > 1, WHOLE),
    Trait(
        "with a batch taken in parts (replaced instead of added?)",
        "with a batch taken whole",
        lambda s: (s.micro_batch or s.B) < s.B,
        WHOLE,
    ),
)


def separating(layer: str, wrong: Collection[Setting], right: Collection[Setting]) -> list[str]:
    """The traits of all settings where this layer is wrong and of none where it is right."""
    found = []
    for trait in TRAITS:
        if trait.seen_by and layer not in trait.seen_by:
            continue
        state = {trait.holds(s) for s in wrong}, {trait.holds(s) for s in right}
        found += [trait.yes] if state == ({True}, {False}) else []
        found += [trait.no] if state == ({False}, {True}) else []
    return found
