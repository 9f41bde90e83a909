"""Causal self-attention: hidden states (N, C) in, hidden states out; the only layer in which
positions see each other.

The scores of a head are a (T, K) matrix of which the mask forbids everything above the diagonal.
They are computed tile by tile down that diagonal, so hardly anything forbidden is computed. `Cache`
serves generation alone; in training K = T.

Axes: B sequences, T new positions, K positions that can be seen (those in the cache, then the T new
ones), H heads, D head size, C = H * D.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from minigpt.backend import Array, Workspace
from minigpt.config import ModelConfig
from minigpt.layers import Dropout, Layer, Linear
from minigpt.params import Parameters, Specs


class Tile(NamedTuple):
    """A square on the diagonal of the (T, K) scores, and how far it reaches left and down."""

    rows: slice  # its queries
    columns: slice  # its keys
    seen: slice  # the keys that its queries may see: all up to its right edge
    seeing: slice  # the queries that may see its keys: all from its upper edge on


@lru_cache(maxsize=256)
def tiles(T: int, K: int, size: int) -> tuple[Tile, ...]:
    """The diagonal of the (T, K) scores, cut into squares; query t sees the keys up to K - T + t.

    The first tile is wider: its columns include the K - T cached keys, which every query sees.
    """
    past = K - T
    return tuple(
        Tile(
            rows=slice(a, min(a + size, T)),
            columns=slice(past + a if a else 0, past + min(a + size, T)),
            seen=slice(0, past + min(a + size, T)),
            seeing=slice(a, None),
        )
        for a in range(0, T, size)
    )


class Attention(Layer):
    """y = dropout(softmax(Q K^T / sqrt(D) + causal mask)) V for each head, between two linear maps.

    Shapes: x (N, C) -> (N, C). Source: Vaswani et al. 2017, equation 1; scores are scaled as in
    Radford et al. 2018.
    Saves: qkv (N, 3C), q already scaled; weights (B, H, T, K), the softmax before dropout, with
    old values right of the diagonal tiles, so np.tril them before you look; mixed (N, C).
    Plain: `attention`. q is scaled instead of the scores; scores right of the diagonal tiles, whose
    softmax is 0, are never computed; and the row sum of w dw is taken as that of do o, as o = w v:
    D numbers instead of T. 1.16 times as fast at T = 256, 1.27 at T = 512, with 1 MiB of new memory
    instead of 32 (docs/backprop.md, sections 7 and 11).
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        C = config.n_embd
        return {
            **Linear.specs(f"{name}.c_attn", C, 3 * C),
            **Linear.specs(f"{name}.c_proj", C, C, config.branch_scale),
        }

    def __init__(
        self,
        name: str,
        parameters: Parameters,
        workspace: Workspace,
        block: int = 0,  # the number of its block, for the cache
        tile: int | None = None,
    ) -> None:
        super().__init__(name, workspace)
        config = parameters.config
        self.block, self.H, self.D = block, config.n_head, config.head_size
        self.tile = min(tile or workspace.backend.tile, config.n_positions)
        self.scale = 1 / math.sqrt(self.D)
        self.project_in = Linear(f"{name}.c_attn", parameters, workspace)
        self.dropout = Dropout(f"{name}.dropout", config.dropout, workspace)
        self.project_out = Linear(f"{name}.c_proj", parameters, workspace)
        triangle = 1 - workspace.backend.xp.tri(self.tile, dtype=workspace.dtype)
        self.causal = triangle * -1e30  # added to scores: exp of the sum is 0 above the diagonal

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        xp = self.xp
        N, C = x.shape
        T = N // B
        self.qkv = self.project_in.forward(x)  # (N, 3C)
        self.qkv[:, :C] *= self.scale
        # Views (B, H, T, D); nothing is copied, as matmul takes any strides.
        q, k, v = self.qkv.reshape(B, T, 3, self.H, self.D).transpose(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = cache.extend(self.block, k, v)  # (B, H, K, D)
        K = k.shape[2]
        self.weights = self.buffer("weights", B, self.H, T, K)
        mask = self.dropout.draw(B, self.H, T, K)
        self.mixed = self.buffer("mixed", N, C)
        mixed = self.mixed.reshape(B, T, self.H, self.D).swapaxes(1, 2)  # (B, H, T, D)
        for b in self.backend.pieces(self.weights):  # b: a slice of the sequences
            for rows, _, seen, _ in tiles(T, K, self.tile):
                w = self.weights[b, :, rows, seen]
                xp.matmul(q[b, :, rows], k[b, :, seen].swapaxes(2, 3), out=w)  # scores
                n = rows.stop - rows.start
                w[..., seen.stop - n :] += self.causal[:n, :n]  # the last n keys are the square's
                w -= w.max(axis=-1, keepdims=True)  # cancels out; exp cannot overflow
                xp.exp(w, out=w)
                w /= w.sum(axis=-1, keepdims=True)  # softmax over the keys
                dropped = w
                if mask is not None:
                    dropped = self.scratch("dropped", *w.shape)
                    xp.multiply(w, mask[b, :, rows, seen], out=dropped)
                xp.matmul(dropped, v[b, :, seen], out=mixed[b, :, rows])
        return self.project_out.forward(self.mixed)

    def backward(self, dy: Array) -> Array:
        xp = self.xp
        N, C = dy.shape
        B, H, T, _ = self.weights.shape
        dmixed = self.project_out.backward(dy)  # (N, C)
        dqkv = self.scratch("dqkv", N, 3 * C)
        dq, dk, dv = dqkv.reshape(B, T, 3, H, self.D).transpose(2, 0, 3, 1, 4)  # (B, H, T, D)
        q, k, v = self.qkv.reshape(B, T, 3, H, self.D).transpose(2, 0, 3, 1, 4)
        do = dmixed.reshape(B, T, H, self.D).swapaxes(1, 2)  # (B, H, T, D)
        mask = self.dropout.mask
        # Softmax backward: dscores = w * (dw - sum(w * dw)). Instead of the sum over K keys we take
        # sum(o * do) over D, which is equal and shorter.
        product = xp.multiply(dmixed, self.mixed, out=self.scratch("product", N, C))
        total = product.reshape(B, T, H, self.D).sum(axis=3).swapaxes(1, 2)[..., None]  # (B,H,T,1)
        for b in self.backend.pieces(self.weights):
            w = self.weights[b]
            dropped, dscores = w, self.scratch("dscores", *w.shape)
            if mask is not None:
                dropped = self.scratch("dropped", *w.shape)
            for rows, _, seen, _ in tiles(T, T, self.tile):
                ds = dscores[:, :, rows, seen]
                xp.matmul(do[b, :, rows], v[b, :, seen].swapaxes(2, 3), out=ds)  # dw
                if mask is not None:
                    kept = mask[b, :, rows, seen]
                    xp.multiply(w[:, :, rows, seen], kept, out=dropped[:, :, rows, seen])
                    ds *= kept
                ds -= total[b, :, rows]
                ds *= w[:, :, rows, seen]  # dscores
                xp.matmul(ds, k[b, :, seen], out=dq[b, :, rows])
            for _, keys, _, seeing in tiles(T, T, self.tile):
                down = dropped[:, :, seeing, keys].swapaxes(2, 3)
                xp.matmul(down, do[b, :, seeing], out=dv[b, :, keys])
                down = dscores[:, :, seeing, keys].swapaxes(2, 3)
                xp.matmul(down, q[b, :, seeing], out=dk[b, :, keys])
        dqkv[:, :C] *= self.scale
        return self.project_in.backward(dqkv)


# Positions that a new cache has room for, as many as GPT-1 has: growing from less makes decoding
# 5 % slower.
FIRST_ROOM = 512


class Cache:
    """The keys and values of the positions read so far, for every block: decoding then reads each
    token once. No later token changes them, as position t sees 0 to t alone.

    `length` positions are filled. Room grows with use, at least doubling each time: a configuration
    may claim any number of positions. GPT-1's positions are learned and absolute, so a full
    cache cannot drop its oldest entry: the kept part of the window is read again (generate.py).
    """

    def __init__(self, config: ModelConfig, workspace: Workspace, batch: int = 1) -> None:
        self.config, self.workspace, self.batch = config, workspace, batch
        self.length = self.room = 0
        self.keys: Array = None
        self.values: Array = None
        self.reserve(FIRST_ROOM)

    def reserve(self, positions: int) -> None:
        """Make room for this many positions, at most n_positions; the entries stay."""
        config, xp = self.config, self.workspace.backend.xp
        room = min(positions, config.n_positions)
        shape = (config.n_layer, self.batch, config.n_head, room, config.head_size)  # (L,B,H,K,D)
        grown = [xp.zeros(shape, dtype=self.workspace.dtype) for _ in range(2)]
        if self.length:
            for new, old in zip(grown, (self.keys, self.values), strict=True):
                new[..., : self.length, :] = old[..., : self.length, :]
        self.keys, self.values = grown
        self.room = room

    def extend(self, block: int, k: Array, v: Array) -> tuple[Array, Array]:
        """Append k, v (B, H, T, D) of block number `block`; returns all that it has of it,
        (B, H, length + T, D) each. The model advances `length` after the last block."""
        end = self.length + k.shape[2]
        if end > self.room:
            self.reserve(max(end, 2 * self.room))
        self.keys[block, :, :, self.length : end] = k
        self.values[block, :, :, self.length : end] = v
        return self.keys[block, :, :, :end], self.values[block, :, :, :end]
