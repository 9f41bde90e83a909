"""Softmax cross-entropy over the tied output matrix: hidden states and targets in; the mean loss and the gradient of that mean out.

The logits (N, V) would be the largest array of the program, so they never exist all at once: a chunk of rows is multiplied out, its
exponentials take its place, and these are multiplied back. That is why forward and backward are one pass here.

The vocabulary is cut into shards, one for each core: a shard multiplies with its own rows of W and writes their gradient alone, so
several can work on one chunk at once. What they must tell each other is thin: of each row its maximum and its sum.

Axes: N rows, C width, V vocabulary, M rows of a chunk, S tokens of a shard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from .backend import Array
from .layers import Layer, Workspace
from .params import EMBEDDING, Parameters

CHUNK = 512  # rows of logits at once, at least: smaller chunks make smaller, slower matrix products
CHUNK_BYTES = 64 * 2**20  # and more, as long as their logits are no larger than this
TINY = 1e-30  # a shard's share of the softmax below which it is taken for this much: what is divided by it stays finite

Run = Callable[..., Iterable[Any]]  # `map`, or that of a pool of threads


class Shard(Layer):
    """The part of the softmax over the tokens `tokens`, S of V.

    Saves: exponentials (M, S).
    """

    def __init__(self, tokens: slice, parameters: Parameters, workspace: Workspace) -> None:
        super().__init__(f"loss.{tokens.start}", workspace)
        self.weight = parameters[EMBEDDING]
        self.tokens = tokens
        self.ones = self.xp.ones((tokens.stop - tokens.start, 1), dtype=workspace.dtype)  # x @ ones: row sums, at a matrix product's speed

    def forward(self, hidden: Array, targets: Array) -> tuple[Array, Array, Array]:
        """hidden (M, C), targets (M,) -> of each row, (M,): the largest logit m, the sum of exp(logit - m), and the target's logit - m.

        The last is -inf where the target stands in another shard.
        """
        xp = self.xp
        M, S = hidden.shape[0], self.tokens.stop - self.tokens.start
        x = self.exponentials = xp.matmul(hidden, self.weight.value[self.tokens].T, out=self.buffer("logits", M, S))
        maxima, sums, at_target = (self.buffer(role, M) for role in ("maxima", "sums", "at_target"))
        self.inside, self.column = self.own(targets)
        for rows in self.pieces(x):
            part = x[rows]
            xp.max(part, axis=1, out=maxima[rows])
            part -= maxima[rows][:, None]
            at_target[rows] = part[xp.arange(part.shape[0]), self.column[rows]]
            xp.exp(part, out=part)
            xp.matmul(part, self.ones, out=sums[rows][:, None])
        return maxima, sums, xp.where(self.inside, at_target, -xp.inf)

    def own(self, targets: Array) -> tuple[Array, Array]:
        """Of each target, (M,): whether it stands in this shard, and its column there (0 where it does not)."""
        column = targets - self.tokens.start
        inside = (column >= 0) & (column < self.tokens.stop - self.tokens.start)
        return inside, self.xp.where(inside, column, 0)

    def backward(self, hidden: Array, share: Array, total: int, add: bool) -> Array:
        """`share` (M, 1) makes the exponentials e the softmax; the logits' gradient is then (share * e - onehot) / total. Writes or adds
        the gradient of the shard's rows of W, and returns its part of dhidden (M, C).

        It is computed as share / total * (e - onehot / share): what is per row is applied to the thin matrices, never to the wide one.
        """
        xp = self.xp
        share = xp.maximum(share, TINY)
        rows = xp.arange(len(share))
        self.exponentials[rows, self.column] -= xp.where(self.inside, 1 / share[:, 0], 0)
        scale = share / total
        scaled = xp.multiply(hidden, scale, out=self.buffer("scaled", *hidden.shape))
        self.weight.write_product(self.exponentials.T, scaled, self.tokens, add)
        dhidden = xp.matmul(self.exponentials, self.weight.value[self.tokens], out=self.buffer("dhidden", *hidden.shape))
        dhidden *= scale
        return dhidden


class CrossEntropy(Layer):
    """loss = -sum_n log softmax(hidden[n] W^T)[targets[n]] / total, in nats; the mean over a batch of `total` tokens.

    Shapes: hidden (N, C), targets (N,), W (V, C). `total` is N by default, or that of the whole batch where N is a part of it: the losses
    and gradients of the parts then add up to those of the whole.
    """

    def __init__(self, parameters: Parameters, workspace: Workspace, chunk: int | None = None, shards: int = 1, run: Run = map) -> None:
        super().__init__("loss", workspace)
        self.embedding = parameters[EMBEDDING]
        V = self.embedding.value.shape[0]
        shards = min(shards, V)
        self.shards = [Shard(slice(V * i // shards, V * (i + 1) // shards), parameters, workspace) for i in range(shards)]
        self.chunk, self.run = chunk or max(CHUNK, CHUNK_BYTES // (V * self.embedding.value.itemsize)), run

    def forward(self, hidden: Array, targets: Array, total: int | None = None) -> float:
        """The loss alone, for evaluation."""
        return sum(self.normalize(hidden[rows], targets[rows])[0] for rows in self.chunks(hidden)) / (total or len(targets))

    def forward_backward(self, hidden: Array, targets: Array, total: int | None = None) -> tuple[float, Array]:
        """The loss and dhidden (N, C), a gift; adds to the gradient of W."""
        total = total or len(targets)
        loss = 0.0
        dhidden = self.buffer("dhidden", *hidden.shape)
        for rows in self.chunks(hidden):
            part, shares = self.normalize(hidden[rows], targets[rows])
            loss += part
            add = not self.embedding.stale
            parts = list(self.run(Shard.backward, self.shards, repeat(hidden[rows]), shares, repeat(total), repeat(add)))
            self.embedding.stale = False
            dhidden[rows] = sum(parts[1:], parts[0])
        return loss / total, dhidden

    def chunks(self, hidden: Array) -> list[slice]:
        """Slices over N, `chunk` rows each."""
        N = hidden.shape[0]
        return [slice(start, min(start + self.chunk, N)) for start in range(0, N, self.chunk)]

    def normalize(self, hidden: Array, targets: Array) -> tuple[float, list[Array]]:
        """hidden (M, C), targets (M,) -> the summed loss; and for each shard the share (M, 1) that makes its exponentials the softmax."""
        xp = self.xp
        maxima, sums, at_target = zip(*self.run(Shard.forward, self.shards, repeat(hidden), repeat(targets)), strict=True)
        largest = xp.stack(maxima).max(axis=0)  # (M,), over the whole vocabulary
        factors = [xp.exp(m - largest) for m in maxima]
        total = sum(f * s for f, s in zip(factors, sums, strict=True))
        log_softmax = xp.stack([t + (m - largest) for t, m in zip(at_target, maxima, strict=True)]).max(axis=0) - xp.log(total)
        return -float(log_softmax.sum()), [(f / total)[:, None] for f in factors]
