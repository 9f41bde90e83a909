"""ALiBi: each head prefers what is near, by a fixed amount for each step of distance."""

from __future__ import annotations

import math

from minigpt.attention import Cache
from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Dropout, Layer, Linear
from minigpt.params import Parameters, Specs


class AlibiAttention(Layer):
    """y = o W_proj, o = w' v, w' = dropout(w), w = softmax(q k^T / sqrt(D) - slope * distance).

    Query t and key j <= t are t - j apart; later keys are not seen. Head h = 1 ... H has the slope
    2^(-8 h / H): the first looks at what is near, the last far back. Source: Press et al. 2022,
    section 3, where it replaces the learned positions; here they stay, in Embedding (model.py).

    Shapes: x (N, C); q, k, v, o (B, H, T, D); w, mask (B, H, T, T) -> (N, C).
    Saves: q, k, v; w; mask, or None; and what the linear maps save.
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        C = config.n_embd
        return {
            **Linear.specs(f"{name}.c_attn", C, 3 * C),
            **Linear.specs(f"{name}.c_proj", C, C),
        }

    def __init__(
        self,
        name: str,
        parameters: Parameters,
        workspace: Workspace,
        block: int = 0,
        tile: int | None = None,
    ) -> None:
        """`tile`: of no use here, where all scores are computed at once."""
        super().__init__(name, workspace)
        config = parameters.config
        self.block, self.H, self.D = block, config.n_head, config.head_size
        self.project_in = Linear(f"{name}.c_attn", parameters, workspace)
        self.dropout = Dropout(f"{name}.dropout", config.dropout, workspace)
        self.project_out = Linear(f"{name}.c_proj", parameters, workspace)
        heads = self.xp.arange(1, self.H + 1, dtype=workspace.dtype)
        self.slopes = 2 ** (-8 * heads / self.H)

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        xp, N, C = self.xp, *x.shape
        qkv = self.project_in.forward(x).reshape(B, N // B, 3, self.H, self.D)
        self.q, self.k, self.v = qkv.transpose(2, 0, 3, 1, 4)
        if cache is not None:  # K keys, those before and these T
            self.k, self.v = cache.extend(self.block, self.k, self.v)
        T, K = self.q.shape[2], self.k.shape[2]
        at = xp.arange(K, dtype=self.workspace.dtype)
        distance = at[K - T :, None] - at  # (T, K)
        s = self.q @ self.k.swapaxes(2, 3) / math.sqrt(self.D)
        s -= xp.where(distance < 0, xp.inf, self.slopes[:, None, None] * distance)  # (H, T, K)
        e = xp.exp(s - s.max(axis=3, keepdims=True))
        self.w = e / e.sum(axis=3, keepdims=True)
        self.mask = self.dropout.draw(B, self.H, T, K)
        o = (self.w if self.mask is None else self.w * self.mask) @ self.v
        return self.project_out.forward(o.swapaxes(1, 2).reshape(N, C))

    def backward(self, dy: Array) -> Array:
        N, C = dy.shape
        B, H, T, D = self.q.shape
        do = self.project_out.backward(dy).reshape(B, T, H, D).swapaxes(1, 2)
        dropped = self.w if self.mask is None else self.w * self.mask
        dv = dropped.swapaxes(2, 3) @ do
        dw = do @ self.v.swapaxes(2, 3)
        if self.mask is not None:
            dw *= self.mask
        ds = self.w * (dw - (self.w * dw).sum(axis=3, keepdims=True))
        ds /= math.sqrt(D)  # the bias is added, and constant: the gradient passes it unchanged
        dqkv = self.xp.stack([ds @ self.k, ds.swapaxes(2, 3) @ self.q, dv])  # (3, B, H, T, D)
        return self.project_in.backward(dqkv.transpose(1, 3, 0, 2, 4).reshape(N, 3 * C))
