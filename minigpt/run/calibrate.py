"""Calibration: fit one temperature on held-out text and fold it into the last layer norm.

A model that has seen a small corpus many times is overconfident. Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural
Networks", section 4.2) divides all logits by one number, the one with the lowest held-out loss. GPT-1's last operation is a layer norm,
and its logits are linear in the output of that: scaling its gain and bias scales the logits, and no file format or program needs to
know about the temperature.
"""

from __future__ import annotations

import math

import numpy as np

from minigpt.config import ModelConfig
from minigpt.model import last_norm
from minigpt.threads import quiet
from minigpt.trainer import Trainer
from minigpt.training import HeldOut

LOWEST, HIGHEST = 0.5, 1.25  # the range of the factor of the logits, 1 / temperature
SECTIONS = 10  # steps of the search, each of which shrinks the interval to 0.618: the factor is known to 0.006
TOKENS = 20_000  # of the held-out stream that are used, at most
GOLDEN = (math.sqrt(5) - 1) / 2


@quiet
def best_scale(trainer: Trainer, held_out: HeldOut) -> float:
    """The factor of the logits with the lowest held-out loss. The loss is convex in the factor, so golden-section search (Kiefer 1953)
    finds the minimum."""
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
