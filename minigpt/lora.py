"""Low-rank adaptation: the matrices of a trained network stay as they are, and small ones beside
them learn.

Hu et al. 2021, "LoRA", section 4.1. A matrix W (C_in, C_out) becomes W + s A B, with A (C_in, r), B
(r, C_out), r far smaller than both. B begins at 0, so training begins with the network as it was;
at the end the product is added to W, and nothing of A and B is left. Biases and norms, which are
small, are trained as usual. Gradients and moments of the matrices, three quarters of a training's
memory, are not needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigpt.backend import Array, Workspace
from minigpt.layers import Layer, Linear
from minigpt.params import Parameters, Spec, Specs

SCALE = 2.0  # s; as in the paper, it is not tuned
DOWN, UP = ".lora_a", ".lora_b"  # endings of names: A and B, of the map of that name


class Lora(Layer):
    """y = s (x A) B, what is added to a linear map.

    Shapes: x (N, C_in), A (C_in, r), B (r, C_out) -> (N, C_out).
    Source: Hu et al. 2021, equation 3.
    Saves: x (N, C_in), the loan itself; down = x A (N, r).
    Plain: none, as plain.py trains everything.
    """

    @staticmethod
    def specs(name: str, C_in: int, C_out: int, rank: int) -> Specs:
        return {
            f"{name}{DOWN}": Spec((C_in, rank), added=True),
            f"{name}{UP}": Spec((rank, C_out), initial=0, added=True),
        }

    def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(f"{name}.lora", workspace)
        self.A, self.B = parameters[f"{name}{DOWN}"], parameters[f"{name}{UP}"]

    def forward(self, x: Array) -> Array:
        self.x = x
        self.down = self.buffer("down", x.shape[0], self.A.value.shape[1])
        self.xp.matmul(x, self.A.value, out=self.down)
        y = self.scratch("y", x.shape[0], self.B.value.shape[1])
        self.xp.matmul(self.down, self.B.value, out=y)
        y *= SCALE
        return y

    def backward(self, dy: Array) -> Array:
        scaled = self.xp.multiply(dy, SCALE, out=self.scratch("scaled", *dy.shape))
        self.B.add_product(self.down.T, scaled)
        ddown = self.xp.matmul(scaled, self.B.value.T, out=self.scratch("ddown", *self.down.shape))
        self.A.add_product(self.x.T, ddown)
        return self.xp.matmul(ddown, self.A.value.T, out=self.scratch("dx", *self.x.shape))


def adapted(specs: Specs, rank: int) -> Specs:
    """The parameters of a network whose matrices are frozen; those of its blocks are adapted."""
    found = dict[str, Spec]()
    for name, spec in specs.items():
        matrix = len(spec.shape) > 1
        found[name] = spec._replace(frozen=matrix)
        if matrix and ".h." in name:
            C_in, C_out = spec.shape
            found |= Lora.specs(name.removesuffix(".weight"), C_in, C_out, rank)
    return found


def frozen(specs: Specs, beginnings: tuple[str, ...]) -> Specs:
    """The parameters of a network in which those whose names begin so are frozen, and nothing is
    added to them."""
    return {
        name: spec._replace(frozen=spec.frozen or name.startswith(beginnings))
        for name, spec in specs.items()
        if not (spec.added and name.startswith(beginnings))
    }


def attach(parts: Iterable[Any], parameters: Parameters, workspace: Workspace) -> None:
    """Put a `Lora` beside every linear map in these layers whose matrix is adapted."""
    for part in parts:
        attach([p for p in vars(part).values() if hasattr(p, "backward")], parameters, workspace)
        if isinstance(part, Linear) and part.name + DOWN in parameters:
            part.lora = Lora(part.name, parameters, workspace)


def merged(parameters: Parameters) -> dict[str, np.ndarray]:
    """The model's own parameters on the host, with what has been added to them."""
    host, found = parameters.backend.to_host, dict[str, np.ndarray]()
    for name in (name for name, spec in parameters.specs.items() if not spec.added):
        found[name] = host(parameters[name].value).copy()
        linear = name.removesuffix(".weight")
        if linear != name and linear + DOWN in parameters:
            A, B = (host(parameters[linear + ending].value) for ending in (DOWN, UP))
            found[name] += SCALE * (A @ B)
    return found
