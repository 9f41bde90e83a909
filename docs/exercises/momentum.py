"""Gradient descent with momentum instead of AdamW: one running sum, and one rate for everything."""

from __future__ import annotations

from collections.abc import Sequence

from minigpt.backend import Array
from minigpt.config import TrainConfig
from minigpt.optim import learning_rate
from minigpt.params import Parameters


class Momentum:
    """v = beta1 v + g;  p = p - rate (v + decay p).

    Decay acts on matrices alone, which are the first `n_decayed` elements.
    Source: Polyak 1964; in this form Sutskever et al. 2013, equations 1 and 2.
    State: `arrays`, the velocity v (n,); `step`, the updates made. `pieces` are slices over the n
    parameters, of which a thread updates some.
    """

    def __init__(self, parameters: Parameters, config: TrainConfig) -> None:
        self.config, self.parameters = config, parameters
        self.arrays = {"v": parameters.backend.xp.zeros_like(parameters.values)}
        self.pieces = parameters.backend.pieces(parameters.values, arrays=3)
        self.step = 0

    def update(self, pieces: Sequence[slice], gradient: Array, scale: float) -> None:
        """Update these pieces with `gradient * scale`, as update number `step` (from 1)."""
        rate = learning_rate(self.config, self.step - 1)
        for at in pieces:
            p = self.parameters.values[at]
            decayed = max(0, min(at.stop, self.parameters.n_decayed) - at.start)
            p[:decayed] *= 1 - rate * self.config.weight_decay
            self.descend(p, self.arrays["v"][at], scale * gradient[at], rate)

    def descend(self, p: Array, v: Array, g: Array, rate: float) -> None:
        """Change v and p, (m,) each, in place."""
        raise NotImplementedError(
            "p, v and g (m,) of some parameters, and the learning rate: the two halves of the"
            " formula, both in place. The decay is done already."
        )
