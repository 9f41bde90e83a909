"""RMSNorm instead of layer norm: a row is divided by its length, and keeps its mean."""

from __future__ import annotations

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Layer
from minigpt.params import Parameters, Spec, Specs


class RMSNorm(Layer):
    """y = gain * z, z = x / rms, rms = sqrt(mean(x^2) + epsilon), over each row.

    Shapes: x, z (N, C), rms (N, 1), gain (C,) -> (N, C). Source: Zhang & Sennrich 2019, equation 4.
    Saves: z (N, C); rms (N, 1).
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        return {f"{name}.weight": Spec((config.n_embd,), initial=1)}

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.gain = parameters[f"{name}.weight"]
        self.epsilon = parameters.config.layer_norm_epsilon

    def forward(self, x: Array, gift: bool = False) -> Array:
        self.rms = self.xp.sqrt((x * x).mean(axis=1, keepdims=True) + self.epsilon)
        self.z = x / self.rms
        return self.gain.value * self.z

    def backward(self, dy: Array) -> Array:
        raise NotImplementedError(
            "dy (N, C) -> dx (N, C); add to self.gain.grad. z has x above and below the line."
            " LayerNorm.backward in layers.py has one term more than you need."
        )
