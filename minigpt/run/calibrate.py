"""A trained model and held-out text in; out comes the same model as sure of itself as it may be.

A model that has seen a small corpus many times gives what it remembers too much probability. Temperature scaling (Guo et al. 2017, "On
Calibration of Modern Neural Networks", section 4.2) divides all logits by one number, the one of the lowest held-out loss. GPT-1's last
operation is a layer norm, and its logits are linear in it: the number goes into that layer's gain and bias, and no file or program
needs to know of it.
"""

from __future__ import annotations

import math

import numpy as np

from minigpt.config import ModelConfig
from minigpt.model import last_norm
from minigpt.threads import quiet
from minigpt.trainer import Trainer
from minigpt.training import HeldOut

LOWEST, HIGHEST = 0.5, 1.25  # factors of the logits that are tried
SECTIONS = 10  # of the interval, each 0.618 times the one before: the factor is known to 0.006
TOKENS = 20_000  # of the held-out stream, at most
GOLDEN = (math.sqrt(5) - 1) / 2


@quiet
def best_scale(trainer: Trainer, held_out: HeldOut) -> float:
    """The factor of the logits with the lowest loss on a held-out stream. That loss is a convex function of it: a golden-section
    search (Kiefer 1953) finds its minimum."""
    some = HeldOut(held_out.ids[:TOKENS], held_out.context, held_out.batch_size, held_out.end_of_text)
    parts = [(trainer.hidden(x), y) for x, y in some]

    def loss(scale: float) -> float:
        return sum(trainer.loss_of(hidden * scale, y) * y.size for hidden, y in parts)

    low, high = LOWEST, HIGHEST
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(SECTIONS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = loss(right)
    scale = round((low + high) / 2, 3)
    return scale if loss(scale) < loss(1.0) else 1.0


@quiet
def scaled(state: dict[str, np.ndarray], config: ModelConfig, scale: float) -> dict[str, np.ndarray]:
    """The parameters of the model whose logits are `scale` times those of `state`."""
    return state | {name: state[name] * np.float32(scale) for name in last_norm(config)}
