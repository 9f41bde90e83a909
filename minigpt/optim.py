"""AdamW on the flat block: a gradient block in, the parameter block updated in place. Loshchilov & Hutter 2019, algorithm 2.

Every function works on slices of the flat blocks, so that several threads can each take a share (parallel.py) and a slice's arrays
stay in the processor's cache.
"""

from __future__ import annotations

import math

from minigpt.backend import Array
from minigpt.config import TrainConfig
from minigpt.params import Parameters

FINAL_SHARE = 0.1  # of the peak learning rate, at the end of the cosine


def learning_rate(config: TrainConfig, step: int) -> float:
    """The learning rate of step 0, 1, 2, ...: linear warm-up to the peak, then constant or half a cosine down to a tenth."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    progress = min(1.0, (step - config.warmup_steps) / max(1, config.total_steps - config.warmup_steps))
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return config.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)


class AdamW:
    """m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p = p - lr (decay p + m^ / (sqrt(v^) + eps)), with bias-corrected m^, v^.

    Decay acts on matrices alone, which come first in the block. State: moments m and v, (n,) each; `step`, the updates made.
    """

    def __init__(self, parameters: Parameters, config: TrainConfig) -> None:
        self.config, self.parameters = config, parameters
        self.backend, self.xp = parameters.backend, parameters.backend.xp
        self.m, self.v = (self.xp.zeros_like(parameters.values) for _ in range(2))
        self.step = 0

    def pieces(self) -> tuple[slice, ...]:
        """The flat block cut into slices of a cache's size: the same cut for any number of threads."""
        return self.backend.pieces(self.parameters.n, 4 * self.m.itemsize)

    def update(self, at: slice, gradient: Array, scale: float) -> None:
        """Update one slice of the parameters with `gradient[at] * scale`, as update number `step` (from 1). Overwrites the gradient."""
        xp, c = self.xp, self.config
        rate = learning_rate(c, self.step - 1)
        correction_1, correction_2 = 1 - c.beta1**self.step, math.sqrt(1 - c.beta2**self.step)
        p, g, m, v = self.parameters.values[at], gradient[at], self.m[at], self.v[at]
        m *= c.beta1
        g *= scale * (1 - c.beta1)
        m += g
        g *= g
        g *= (1 - c.beta2) / (1 - c.beta1) ** 2
        v *= c.beta2
        v += g
        decayed = max(0, min(at.stop, self.parameters.n_decayed) - at.start)
        p[:decayed] *= 1 - rate * c.weight_decay
        # rate * (m / correction_1) / (sqrt(v) / correction_2 + epsilon), with the constants drawn together
        change = xp.sqrt(v, out=g)
        change += c.epsilon * correction_2
        xp.divide(m, change, out=change)
        change *= rate * correction_2 / correction_1
        p -= change


def clip_scale(norm: float, clip_norm: float) -> float:
    """What to multiply a gradient of this global norm by, so that its norm is at most `clip_norm` (0: no limit)."""
    return clip_norm / norm if 0 < clip_norm < norm else 1.0
