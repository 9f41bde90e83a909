"""Launches of the kernels with their grids and blocks, for one device and one shape of batch.

A device has empty, upload, host, kernel and product: gpu.Device on CUDA, emulator.Emulator on the
CPU. Each verb returns a function that launches it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Array = Any
Launch = Callable[[], None]

HEAD_SIZE = 64
TILE = 64
ATTEND_BACK_BYTES = (4 * TILE * TILE + 2 * TILE) * 4  # its shared memory
NORM_BLOCKS = 1056
BETAS_EPSILON_DECAY = (0.9, 0.999, 1e-8, 0.01)


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


class Verbs:
    """N = B T rows of C numbers; `keep` of 65536 elements survive dropout; head (16,) int32 holds
    the step's numbers (kernels/common.cuh). It has `parts` rows of partial sums."""

    def __init__(
        self,
        device: Any,
        head: Array,
        B: int,
        T: int,
        C: int,
        keep: int = 65536,
        epsilon: float = 1e-5,
    ) -> None:
        self.device, self.head, self.keep, self.epsilon = device, head, keep, epsilon
        self.B, self.T, self.N, self.C, self.H = B, T, B * T, C, C // HEAD_SIZE
        self.parts = 132 if self.N < 8192 else 264

    def embed(self, ids: Array, token: Array, position: Array, x: Array, site: int) -> Launch:
        grid, block = (ceil_div(self.N, 4),), (128,)
        given = (ids, token, position, x, self.head, self.N, self.T, site, self.keep)
        return self.device.kernel("embed", grid, block, *given)

    def add_norm(
        self,
        branch: Array,
        bias: Array,
        residual: Array,
        gain: Array,
        shift: Array,
        y: Array,
        z: Array,
        inverse: Array,
        site: int,
    ) -> Launch:
        grid, block = (ceil_div(self.N, 4),), (128,)
        given = (branch, bias, residual, gain, shift, y, z, inverse, self.head)
        given += (self.N, site, self.keep, self.epsilon)
        return self.device.kernel("add_norm", grid, block, *given)

    def add_norm_back(
        self,
        dy: Array,
        z: Array,
        inverse: Array,
        gain: Array,
        ds: Array,
        dbranch: Array,
        partial: Array,
        at: tuple[int, int, int],
        site: int,
    ) -> Launch:
        """`at`: the columns of `partial` at which dgain, dshift and the branch's dbias begin."""
        grid, block, shared = (self.parts,), (256,), 8 * self.C * 4
        given = (dy, z, inverse, gain, ds, dbranch, partial, self.head, self.N, partial.shape[1])
        given += (*at, site, self.keep)
        return self.device.kernel("add_norm_back", grid, block, *given, shared=shared)

    def reduce_columns(self, partial: Array, columns: Array, out: Array) -> Launch:
        n = columns.shape[0]
        given = (partial, columns, out, partial.shape[0], partial.shape[1], n)
        return self.device.kernel("reduce_columns", (ceil_div(n, 32),), (32, 8), *given)

    def gelu(self, u: Array, y: Array) -> Launch:
        grid = (ceil_div(u.size, 1024),)
        return self.device.kernel("gelu_rows", grid, (256,), u, y, u.size)

    def gelu_back(self, dy: Array, u: Array | None, partial: Array, at: int) -> Launch:
        """du in the place of dy, its partial column sums from column `at`; without u only those."""
        N, W = dy.shape
        grid = (W // 128, self.parts)
        given = (dy, u, partial, N, W, partial.shape[1], at)
        return self.device.kernel("gelu_back", grid, (32, 8), *given)

    def attend(self, qkv: Array, mixed: Array, log_sum: Array, site: int) -> Launch:
        grid, block = (ceil_div(self.T, TILE), self.B * self.H), (128,)
        given = (qkv, mixed, log_sum, self.head, self.T, self.H, site, self.keep)
        return self.device.kernel("attend", grid, block, *given)

    def attend_back(
        self, qkv: Array, mixed: Array, dmixed: Array, log_sum: Array, dqkv: Array, site: int
    ) -> Launch:
        grid, block = (ceil_div(self.T, TILE), self.B * self.H, 2), (128,)
        given = (qkv, mixed, dmixed, log_sum, dqkv, self.head, self.T, self.H, site, self.keep)
        return self.device.kernel("attend_back", grid, block, *given, shared=ATTEND_BACK_BYTES)

    def softmax_loss(
        self, logits: Array, targets: Array, losses: Array, V: int, share: float
    ) -> Launch:
        """logits (N, >= V), rows a multiple of 4 long."""
        block = (256,) if V < 16384 else (512,)
        given = (logits, targets, losses, V, logits.shape[1], share)
        return self.device.kernel("softmax_loss", (self.N,), block, *given)

    def embed_back(
        self, ids: Array, order: Array, dx: Array, dtoken: Array, dposition: Array, site: int
    ) -> tuple[Launch, Launch]:
        """Two launches, one after the other; `order` sorts the ids, equal ones as they come."""
        P, chunk = dposition.shape[0], 8 if self.N < 8192 else 32
        chunks = ceil_div(self.N, chunk)
        ends = self.device.empty((2, chunks, self.C))
        given = (ids, order, dx, dtoken, dposition, ends, self.head, self.N, self.T, P)
        grid = (ceil_div(chunks, 4) + P,)
        runs = self.device.kernel("embed_back", grid, (128,), *given, chunk, site, self.keep)
        given = (ids, order, ends, dtoken, self.N, chunk)
        return runs, self.device.kernel("embed_ends", (chunks,), (128,), *given)

    def squared_norm(self, g: Array, losses: Array, parts: Array) -> Launch:
        """parts (NORM_BLOCKS + 1,)."""
        given = (g, losses, parts, g.shape[0], losses.shape[0])
        return self.device.kernel("squared_norm", (NORM_BLOCKS + 1,), (256,), *given)

    def adamw(
        self,
        p: Array,
        g: Array,
        m: Array,
        v: Array,
        parts: Array,
        stats: Array,
        decayed: int,
        share: float,
    ) -> Launch:
        n = p.shape[0]
        grid = (min(ceil_div(n, 1024), 8 * NORM_BLOCKS),)
        given = (p, g, m, v, parts, stats, self.head, n, decayed, NORM_BLOCKS, share)
        return self.device.kernel("adamw", grid, (256,), *given, *BETAS_EPSILON_DECAY)
