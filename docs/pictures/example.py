"""The run that several pictures show: the 12M model on the corpus of README's prompt."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from minigpt.config import ModelConfig, find_size

from .style import HERE

SEQUENCES, LENGTH = 2, 256  # B and T of a step


def stored(name: str) -> dict[str, Any]:
    """What a measurement has written beside the pictures."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def config() -> ModelConfig:
    """The 12M model with the vocabulary of that corpus."""
    size, V = find_size("12M"), stored("trained")["vocabulary"]
    return ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, V)


def batch(V: int, B: int = SEQUENCES, T: int = LENGTH) -> tuple[np.ndarray, np.ndarray]:
    """Random token ids x and their successors y, (B, T) each."""
    ids = np.random.default_rng(0).integers(0, V, (B, T + 1))
    return ids[:, :-1], ids[:, 1:]
