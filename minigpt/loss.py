"""Softmax cross-entropy over the tied output matrix: hidden states and targets in; the mean loss and the gradient of that mean out.

The logits (N, V) would be the largest array of the program, so they never exist all at once: a chunk of rows is multiplied out, its
exponentials take its place, and these are multiplied back. That is why forward and backward are one pass here.

The vocabulary is cut into shards, one for each core: a shard multiplies with its own rows of W and writes their gradient alone, so
several can work on one chunk at once. A shard is cut into blocks, whose logits stay in the processor's last cache from their product to
their exponentials. What blocks must tell each other is thin: of each row its maximum and its sum.

Axes: N rows, C width, V vocabulary, M rows of a chunk, S tokens of a block, K blocks of a shard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

import numpy as np

from minigpt.backend import Array
from minigpt.layers import Layer, Workspace
from minigpt.params import EMBEDDING, Parameters

CHUNK = 512  # rows of logits at once, at least: smaller chunks make smaller, slower matrix products
CHUNK_BYTES = 64 * 2**20  # and more, as long as their logits are no larger than this
BLOCK = 4096  # tokens at most: 8 MiB of logits at 512 rows
TINY = 1e-30  # a block's share of the softmax below which it is taken for this much: what is divided by it stays finite

Run = Callable[..., Iterable[Any]]  # `map`, or that of a pool of threads


def chunk_rows(V: int, itemsize: int) -> int:
    """How many rows of logits exist at once, at most."""
    return max(CHUNK, CHUNK_BYTES // (V * itemsize))


class Shard(Layer):
    """The part of the softmax over the tokens `tokens`, in K blocks of S tokens.

    Saves: exponentials, K arrays (M, S); targets (M,).
    """

    def __init__(self, tokens: slice, parameters: Parameters, workspace: Workspace, block: int) -> None:
        super().__init__(f"loss.{tokens.start}", workspace)
        self.weight = parameters[EMBEDDING]
        size, K = tokens.stop - tokens.start, -(-(tokens.stop - tokens.start) // block)
        self.blocks = [slice(tokens.start + size * i // K, tokens.start + size * (i + 1) // K) for i in range(K)]

    def forward(self, hidden: Array, targets: Array) -> tuple[Array, Array, Array]:
        """hidden (M, C), targets (M,) -> maxima (K, M), of each block and row the largest logit m; sums (K, M) of exp(logit - m); and the
        logits of the targets (M,), -inf where a target stands in another shard.
        """
        xp, M = self.xp, hidden.shape[0]
        self.targets, self.exponentials = targets, []
        maxima, sums = self.buffer("maxima", len(self.blocks), M), self.buffer("sums", len(self.blocks), M)
        at_target = xp.full(M, -xp.inf, dtype=hidden.dtype)
        for k, tokens in enumerate(self.blocks):
            x = xp.matmul(hidden, self.weight.value[tokens].T, out=self.buffer(f"logits{k}", M, tokens.stop - tokens.start))
            inside, place = self.places(tokens)
            at_target = xp.where(inside, x[place], at_target)
            for rows in self.pieces(x):
                part = x[rows]
                xp.max(part, axis=1, out=maxima[k, rows])
                part -= maxima[k, rows][:, None]
                xp.exp(part, out=part)
                xp.sum(part, axis=1, out=sums[k, rows])
            self.exponentials.append(x)
        return maxima, sums, at_target

    def places(self, tokens: slice) -> tuple[Array, tuple[Array, Array]]:
        """Of each row, (M,): whether its target is one of `tokens`, and its place (row, column) in their logits, some place if not."""
        column = self.targets - tokens.start
        inside = (column >= 0) & (column < tokens.stop - tokens.start)
        return inside, (self.xp.arange(len(column)), self.xp.where(inside, column, 0))

    def backward(self, hidden: Array, shares: Array, total: int, add: bool) -> Array:
        """`shares` (K, M) make a block's exponentials e the softmax; the logits' gradient is then (share * e - onehot) / total. Writes or
        adds the gradient of the shard's rows of W, and returns its part of dhidden (M, C).

        It is computed as share / total * (e - onehot / share): what is per row is applied to the thin matrices, never to the wide one.
        """
        xp = self.xp
        scaled, product, dhidden = (self.buffer(role, *hidden.shape) for role in ("scaled", "product", "dhidden"))
        dhidden[...] = 0
        for tokens, e, share in zip(self.blocks, self.exponentials, xp.maximum(shares, TINY), strict=True):
            inside, place = self.places(tokens)
            e[place] -= xp.where(inside, 1 / share, 0)
            scale = (share / total)[:, None]
            xp.multiply(hidden, scale, out=scaled)
            self.weight.write_product(e.T, scaled, tokens, add)
            xp.matmul(e, self.weight.value[tokens], out=product)
            product *= scale
            dhidden += product
        return dhidden


class CrossEntropy(Layer):
    """loss = -sum_n log softmax(hidden[n] W^T)[targets[n]] / total, in nats; the mean over a batch of `total` tokens.

    Shapes: hidden (N, C), targets (N,), W (V, C). `total` is N by default, or that of the whole batch where N is a part of it: the losses
    and gradients of the parts then add up to those of the whole.
    """

    def __init__(
        self,
        parameters: Parameters,
        workspace: Workspace,
        chunk: int | None = None,
        shards: int = 1,
        run: Run = map,
        block: int = BLOCK,
    ) -> None:
        super().__init__("loss", workspace)
        self.embedding = parameters[EMBEDDING]
        V = self.embedding.value.shape[0]
        shards = min(shards, V)
        self.shards = [Shard(slice(V * i // shards, V * (i + 1) // shards), parameters, workspace, block) for i in range(shards)]
        self.chunk, self.run = chunk or chunk_rows(V, self.embedding.value.itemsize), run

    def forward(self, hidden: Array, targets: Array, total: int | None = None) -> float:
        """The loss alone, for evaluation."""
        parts = [self.normalize(hidden[rows], targets[rows])[0] for rows in self.chunks(hidden)]
        return self.summed(parts) / (total or len(targets))

    def forward_backward(self, hidden: Array, targets: Array, total: int | None = None) -> tuple[float, Array]:
        """The loss and dhidden (N, C), a gift; adds to the gradient of W."""
        total = total or len(targets)
        losses = []
        dhidden = self.buffer("dhidden", *hidden.shape)
        for rows in self.chunks(hidden):
            part, shares = self.normalize(hidden[rows], targets[rows])
            losses.append(part)
            add = not self.embedding.stale
            parts = list(self.run(Shard.backward, self.shards, repeat(hidden[rows]), shares, repeat(total), repeat(add)))
            self.embedding.stale = False
            dhidden[rows] = sum(parts[1:], parts[0])
        return self.summed(losses) / total, dhidden

    def summed(self, losses: list[Array]) -> float:
        """The sum of the chunks' losses: the one value that the host waits for."""
        return float(self.xp.stack(losses).sum(dtype=np.float64))

    def chunks(self, hidden: Array) -> list[slice]:
        """Slices over N, `chunk` rows each."""
        N = hidden.shape[0]
        return [slice(start, min(start + self.chunk, N)) for start in range(0, N, self.chunk)]

    def normalize(self, hidden: Array, targets: Array) -> tuple[Array, list[Array]]:
        """hidden (M, C), targets (M,) -> the summed loss, not fetched; by shard the shares (K, M) that make exponentials the softmax."""
        xp = self.xp
        maxima, sums, at_target = zip(*self.run(Shard.forward, self.shards, repeat(hidden), repeat(targets)), strict=True)
        largest = xp.concatenate(maxima).max(axis=0)  # (M,), over the whole vocabulary
        factors = [xp.exp(m - largest) for m in maxima]
        total = sum((f * s).sum(axis=0) for f, s in zip(factors, sums, strict=True))
        log_softmax = xp.stack(at_target).max(axis=0) - largest - xp.log(total)
        return -log_softmax.sum(), [f / total for f in factors]
