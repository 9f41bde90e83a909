"""SwiGLU instead of GPT-1's MLP: half of the wide layer decides how much of the other passes."""

from __future__ import annotations

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Layer, Linear
from minigpt.params import Parameters, Specs


class SwiGLU(Layer):
    """y = h W_proj, h = g * s * u, s = 1 / (1 + exp(-g)), g = x W_gate, u = x W_fc; plus biases.

    Shapes: x (N, C); g, s, u, h (N, F) -> (N, C). F = 8 C / 3, so that three matrices have about as
    many weights as GPT-1's two. Source: Shazeer 2020, equation 6, which has no biases.
    Saves: g, s, u (N, F); and x and h in the linear maps.
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        C, F = config.n_embd, 8 * config.n_embd // 3
        return {
            **Linear.specs(f"{name}.c_gate", C, F),
            **Linear.specs(f"{name}.c_fc", C, F),
            **Linear.specs(f"{name}.c_proj", F, C),
        }

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(name, workspace)
        self.gate = Linear(f"{name}.c_gate", parameters, workspace)
        self.widen = Linear(f"{name}.c_fc", parameters, workspace)
        self.narrow = Linear(f"{name}.c_proj", parameters, workspace)

    def forward(self, x: Array) -> Array:
        self.g, self.u = self.gate.forward(x), self.widen.forward(x)
        self.s = (1 + self.xp.tanh(self.g / 2)) / 2  # the same as 1 / (1 + exp(-g)), never inf
        return self.narrow.forward(self.g * self.s * self.u)

    def backward(self, dy: Array) -> Array:
        dh = self.narrow.backward(dy)
        du = dh * self.g * self.s  # of a product, each factor gets the others
        ds = dh * self.g * self.u
        dg = dh * self.s * self.u + ds * self.s * (1 - self.s)  # g is used twice, also by s
        dx = self.gate.backward(dg)
        dx += self.widen.backward(du)  # so is x
        return dx
