"""Configuration of model, training and sampling: frozen, validated dataclasses."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from minigpt.errors import MinigptError, instead

ARCHITECTURES = {"gpt1": "GPT-1", "gpt2": "GPT-2"}  # option -> the name that people use
PRECISIONS = ("float32", "tf32", "bfloat16")  # of products' inputs; all else is float32
ABOVE_ZERO = {"low": 0.0, "high": math.inf, "low_open": True, "high_open": True}
FROM_ZERO = {"low": 0.0, "high": math.inf, "high_open": True}


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a GPT. GPT-1 in Radford et al. 2018, section 4.1: n_layer=12, n_head=12,
    n_embd=768, n_positions=512."""

    n_layer: int = 6
    n_head: int = 6
    n_embd: int = 384  # width C of the residual stream; a multiple of n_head
    n_positions: int = 512  # the longest window, in tokens
    vocab_size: int = 50257
    dropout: float = 0.1  # on the embedding sum, the attention weights and both residual branches
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = 0.02  # standard deviation of the initial weights
    architecture: str = "gpt1"  # normalizes after each sum; "gpt2" before each branch (model.py)

    def __post_init__(self) -> None:
        _settle(self, require_integer, "n_layer", "n_head", "n_embd", "n_positions", "vocab_size")
        if self.n_embd % self.n_head:
            below = self.n_embd // self.n_head * self.n_head
            choices = " or ".join(str(c) for c in (below, below + self.n_head) if c > 0)
            width, heads = f"width {self.n_embd} (n_embd)", f"{self.n_head} heads (n_head)"
            raise MinigptError(f"{width} is not divisible by {heads}; use a width of {choices}")
        _settle(self, require_number, "dropout", low=0, high=1, high_open=True)
        _settle(self, require_number, "layer_norm_epsilon", low=0, high=1)
        _settle(self, require_number, "initializer_range", **FROM_ZERO)
        if self.architecture not in ARCHITECTURES:
            choice = instead(str(self.architecture), list(ARCHITECTURES))
            raise MinigptError(f"unknown architecture {self.architecture!r}; {choice}")

    @property
    def head_size(self) -> int:
        """D, the width of an attention head."""
        return self.n_embd // self.n_head

    @property
    def branch_scale(self) -> float:
        """What the initial weights at the end of a branch are multiplied by. GPT-2 adds 2 n_layer
        branches that nothing normalizes in between (Radford et al. 2019, section 2.3)."""
        return (2 * self.n_layer) ** -0.5 if self.architecture == "gpt2" else 1.0


@dataclass(frozen=True)
class Size:
    """A named size, with the reference system's corpus for it."""

    name: str
    alias: str
    n_layer: int
    n_head: int
    n_embd: int
    initial_tokens: int  # written
    final_tokens: int  # kept after refinement
    learning_rate: float  # the default peak: lower for wider models
    n_positions: int = 512


SIZES = {
    size.name: size
    for size in (
        Size("12M", "small", 6, 6, 384, 30_000, 15_000, 1e-3),
        Size("33M", "medium", 8, 8, 512, 50_000, 25_000, 6e-4),
        Size("117M", "large", 12, 12, 768, 100_000, 50_000, 3e-4),
    )
}


def find_size(name: str) -> Size:
    """The size called "12M" or "small", in any case."""
    for size in SIZES.values():
        if str(name).lower() in (size.name.lower(), size.alias):
            return size
    known = [text for size in SIZES.values() for text in (size.name, size.alias)]
    listed = ", ".join(f"{size.name} ({size.alias})" for size in SIZES.values())
    raise MinigptError(f"unknown model size {name!r}; {instead(name, known, listed)}")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. AdamW: Loshchilov & Hutter 2019. Warm-up, cosine and clipping:
    Radford et al. 2018, section 4.1. A Trainer, which is given batches, ignores `batch_size` and
    all fields after it."""

    learning_rate: float = 3e-4  # the peak
    warmup_steps: int = 0  # steps of linear increase to the peak
    schedule: str = "constant"  # after the warm-up; "cosine" decays to a tenth of the peak
    total_steps: int = 0  # the end of the cosine; later steps keep its last value
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01  # decoupled; on matrices only
    clip_norm: float = 1.0  # the largest global norm of the gradient; 0: no clipping
    freeze: int | None = None  # keep the embeddings and so many of the lower blocks as they are
    lora: int = 0  # keep all matrices as they are, and train additions of this rank (lora.py)
    seed: int = 42  # of initial weights, order, offsets and dropout
    batch_size: int = 8  # windows per step
    context: int = 256  # tokens per window
    epochs: int = 20
    evaluations_per_epoch: int = 2  # at most: they may take little of the time (run/pace.py)
    patience: int = 6  # so many of these intervals without improvement stop the training early

    def __post_init__(self) -> None:
        if self.schedule not in ("constant", "cosine"):
            known = '"constant" or "cosine"'
            raise MinigptError(f"unknown schedule {self.schedule!r}; use {known}")
        _settle(self, require_number, "learning_rate", **ABOVE_ZERO)
        _settle(self, require_number, "beta1", "beta2", low=0, high=1, high_open=True)
        _settle(self, require_number, "epsilon", low=0, high=1)
        _settle(self, require_number, "weight_decay", "clip_norm", **FROM_ZERO)
        _settle(self, require_integer, "warmup_steps", "total_steps", "seed", "lora", minimum=0)
        if self.freeze is not None:
            _settle(self, require_integer, "freeze", minimum=0)
        _settle(self, require_integer, "batch_size", "context", "epochs")
        _settle(self, require_integer, "evaluations_per_epoch", "patience")


@dataclass(frozen=True)
class SampleConfig:
    """How text is sampled. Top-p: Holtzman et al. 2020. Repetition penalty: Keskar et al. 2019."""

    max_tokens: int = 100  # new tokens, at most
    temperature: float = 0.8  # 0: greedy
    top_k: int = 40  # sample from the k likeliest tokens; 0: from all
    top_p: float = 1.0  # sample from the fewest likeliest tokens with this total probability
    repetition_penalty: float = 1.0  # above 1: tokens already in the context become less likely
    stop: tuple[str, ...] = ()  # the text ends before the first of these
    seed: int | None = None  # None: a new one each time

    def __post_init__(self) -> None:
        _settle(self, require_integer, "max_tokens", "top_k", minimum=0)
        _settle(self, require_number, "temperature", **FROM_ZERO)
        _settle(self, require_number, "top_p", low=0, high=1, low_open=True)
        _settle(self, require_number, "repetition_penalty", **ABOVE_ZERO)
        if self.seed is not None:
            _settle(self, require_integer, "seed", minimum=0)
        if isinstance(self.stop, str) or not all(isinstance(s, str) and s for s in self.stop):
            raise MinigptError(f"stop={self.stop!r} must be a tuple of non-empty strings")


def require_integer(name: str, value: object, minimum: int = 1) -> int:
    """A whole number, also NumPy's, as an int; MinigptError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise MinigptError(f"{name}={value!r} must be a whole number of at least {minimum}")
    return int(value)


def require_number(
    name: str,
    value: object,
    low: float,
    high: float,
    low_open: bool = False,
    high_open: bool = False,
) -> float:
    """A number, also NumPy's, as a float; MinigptError out of bounds. Open bounds are excluded."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    on_open_bound = (low_open and number == low) or (high_open and number == high)
    if not low <= number <= min(high, sys.float_info.max) or on_open_bound:
        lower = "above" if low_open else "at least"
        upper = "" if high == math.inf else f" and {'below' if high_open else 'at most'} {high:g}"
        raise MinigptError(f"{name}={value!r} must be a finite number {lower} {low:g}{upper}")
    return number


def _settle(config: object, check: Callable[..., object], *names: str, **bounds: Any) -> None:
    """Check fields of a frozen configuration and store them as Python's numbers, for JSON."""
    for name in names:
        object.__setattr__(config, name, check(name, getattr(config, name), **bounds))
