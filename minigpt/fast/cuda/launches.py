"""Launches of the kernels with their grids and blocks, for one device and one shape of batch. Each returns a function that launches it.

What a kernel computes stands where it is written (kernels/*.cu) and in spec.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from minigpt.backend import Array

Launch = Callable[[], None]

HEAD_SIZE = 64  # of attention; the kernels are for no other
TILE = 64  # queries or keys at once
ATTEND_BACK_BYTES = (4 * TILE * TILE + 2 * TILE) * 4  # its shared memory
NORM_BLOCKS = 1056  # at most: 8 for each multiprocessor of an H100 or H200
ALL = 65536  # keeps so many of 65,536: no dropout
SMALL = 8192  # rows; a smaller batch is cut finer, so that all multiprocessors have work


class Kernels(Protocol):
    """A device that has the kernels: device.Device on CUDA, in the tests an emulator on the CPU."""

    def kernel(self, name: str, grid: tuple[int, ...], block: tuple[int, ...], *given: Any, shared: int = 0) -> Launch:
        """A launch of a kernel with arrays and numbers as it takes them; `shared` bytes of shared memory."""


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def decide_keep(dropout: float) -> int:
    """How many of 65,536 elements survive dropout."""
    return max(1, round((1 - dropout) * ALL))


class Launches:
    """N = B T rows of C numbers; `keep` of 65,536 elements survive dropout; head (16,) int32 holds the step's numbers (common.cuh); `more`:
    gradients are added to what is there. There are `parts` rows of partial sums."""

    def __init__(
        self, device: Kernels, head: Array, B: int, T: int, C: int, keep: int = ALL, epsilon: float = 1e-5, more: bool = False
    ) -> None:
        self.device, self.head, self.keep, self.epsilon, self.more = device, head, keep, epsilon, int(more)
        self.B, self.T, self.N, self.C, self.H = B, T, B * T, C, C // HEAD_SIZE
        self.parts = min(132 if self.N < SMALL else 264, ceil_div(self.N, 8))

    def embed(self, ids: Array, token: Array, position: Array, x: Array, site: int) -> Launch:
        given = (ids, token, position, x, self.head, self.N, self.T, site, self.keep)
        return self.device.kernel("embed", (ceil_div(self.N, 4),), (128,), *given)

    def add_norm(
        self, branch: Array, bias: Array, residual: Array, gain: Array, shift: Array, y: Array, z: Array, inverse: Array, site: int
    ) -> Launch:
        given = (branch, bias, residual, gain, shift, y, z, inverse, self.head, self.N, site, self.keep, self.epsilon)
        return self.device.kernel("add_norm", (ceil_div(self.N, 4),), (128,), *given)

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
        given = (dy, z, inverse, gain, ds, dbranch, partial, self.head, self.N, partial.shape[1], *at, site, self.keep)
        return self.device.kernel("add_norm_back", (self.parts,), (256,), *given, shared=8 * self.C * 4)

    def reduce_columns(self, partial: Array, out: Array) -> Launch:
        """partial (parts, n), out (n,)."""
        n = partial.shape[1]
        return self.device.kernel("reduce_columns", (ceil_div(n, 32),), (32, 8), partial, out, partial.shape[0], n, self.more)

    def gelu(self, u: Array, y: Array) -> Launch:
        return self.device.kernel("gelu_rows", (ceil_div(u.size, 1024),), (256,), u, y, u.size)

    def gelu_back(self, dy: Array, u: Array | None, partial: Array, at: int) -> Launch:
        """du in the place of dy, its partial column sums from column `at`; without u only those."""
        N, W = dy.shape
        given = (dy, u, partial, N, W, partial.shape[1], at)
        return self.device.kernel("gelu_back", (W // 128, self.parts), (32, 8), *given)

    def attend(self, qkv: Array, mixed: Array, log_sum: Array, site: int) -> Launch:
        grid = (ceil_div(self.T, TILE), self.B * self.H)
        given = (qkv, mixed, log_sum, self.head, self.T, self.H, site, self.keep)
        return self.device.kernel("attend", grid, (128,), *given)

    def attend_back(self, qkv: Array, mixed: Array, dmixed: Array, log_sum: Array, dqkv: Array, site: int) -> Launch:
        grid = (ceil_div(self.T, TILE), self.B * self.H, 2)
        given = (qkv, mixed, dmixed, log_sum, dqkv, self.head, self.T, self.H, site, self.keep)
        return self.device.kernel("attend_back", grid, (128,), *given, shared=ATTEND_BACK_BYTES)

    def softmax_loss(self, logits: Array, targets: Array, losses: Array, V: int) -> Launch:
        """logits (N, >= V), rows a multiple of 4 long."""
        given = (logits, targets, losses, self.head, V, logits.shape[1])
        return self.device.kernel("softmax_loss", (self.N,), (256,) if V < 16384 else (512,), *given)

    def mean_loss(self, losses: Array, stats: Array) -> Launch:
        """stats (3,)."""
        return self.device.kernel("mean_loss", (1,), (1024,), losses, stats, self.head, self.N, self.more)

    def embed_back(self, ids: Array, order: Array, dx: Array, dtoken: Array, dposition: Array, ends: Array, site: int) -> list[Launch]:
        """Two launches, one after the other; `order` sorts the ids, equal ones as they come; ends (2, `chunks`, C) is scratch memory."""
        P, chunk, chunks = dposition.shape[0], self.chunk, ceil_div(self.N, self.chunk)
        given = (ids, order, dx, dtoken, dposition, ends, self.head, self.N, self.T, P, chunk, site, self.keep, self.more)
        runs = self.device.kernel("embed_back", (ceil_div(chunks, 4) + P,), (128,), *given)
        return [runs, self.device.kernel("embed_ends", (chunks,), (128,), ids, order, ends, dtoken, self.N, chunk)]

    @property
    def chunk(self) -> int:
        """How many places of the order a warp of embed_back has."""
        return 8 if self.N < SMALL else 32


def update(
    device: Kernels, head: Array, p: Array, g: Array, m: Array, v: Array, norms: Array, stats: Array, decayed: int, rank: int = 0
) -> list[Launch]:
    """The norm of the gradients g (n,), then AdamW, which clips by it; stats (3,). norms (ranks, NORM_BLOCKS), zeros at first: the parts
    of the squared norm; here row `rank` is written, and all are added up."""
    n, pieces = p.shape[0], ceil_div(p.shape[0], 1024)  # 1024: what a block of 256 threads takes at once
    norm = device.kernel("squared_norm", (min(pieces, NORM_BLOCKS),), (256,), g, norms[rank], n)
    grid = (min(pieces, 8 * NORM_BLOCKS),)
    return [norm, device.kernel("adamw", grid, (256,), p, g, m, v, norms, stats, head, n, decayed, norms.size)]
