"""Softmax cross-entropy over the output matrix: hidden states and targets in; the mean loss and the
gradient of that mean out.

The logits (N, V) would be the largest array of the program, so they never exist all at once: the
logits of a chunk of rows are computed, their exponentials overwrite them, and the gradients are
products with these. That is why forward and backward are one pass here.

The vocabulary is cut into shards, one for each worker: a shard multiplies with its own rows of W
and writes their gradient alone, so several can work on one chunk at once. A shard is cut into
blocks (of tokens; not the network's blocks), whose logits stay in the processor's last cache from
their product to their exponentials. Blocks only have to exchange each row's maximum and sum.

Plain: `loss_and_gradients`, from the logits on. A row's softmax over all blocks follows from that
of each by exp(m_block - m), so the result is equal. With V = 50,257 and 2,048 rows it is 2.0 times
as fast on one thread as all logits at once, and keeps 104 MiB instead of 1,963.

Axes: N rows, C width, V vocabulary, M rows of a chunk, S tokens of a block, K blocks of a shard.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from minigpt.backend import Array, Workspace, cut
from minigpt.layers import Layer
from minigpt.params import Parameter
from minigpt.threads import Workers

CHUNK = 512  # rows of logits at once, at least: smaller chunks make smaller, slower products
CHUNK_BYTES = 64 * 2**20  # and more, as long as their logits are no larger than this
BLOCK = 4096  # tokens at most: 8 MiB of logits at 512 rows
# The least share of a row's softmax that backward takes a block to have: 1 / share stays finite.
TINY = 1e-30


def chunk_rows(V: int, itemsize: int) -> int:
    """How many rows of logits exist at once, at most."""
    return max(CHUNK, CHUNK_BYTES // (V * itemsize))


class Shard(Layer):
    """The part of the softmax over the tokens `tokens`, in K blocks of S tokens.

    Saves: for each block its exponentials e (M, S); which rows' targets are in it, (M,); and the
    targets' places in e.
    """

    def __init__(
        self, tokens: slice, weight: Parameter, workspace: Workspace, block: int = BLOCK
    ) -> None:
        super().__init__(f"loss.{tokens.start}", workspace)
        self.weight = weight
        self.saved: list[tuple[Array, Array, Any]] = []
        size = tokens.stop - tokens.start
        K = -(-size // block)
        ends = [tokens.start + size * i // K for i in range(K + 1)]
        self.blocks = [slice(a, b) for a, b in pairwise(ends)]

    def forward(self, hidden: Array, targets: Array) -> tuple[Array, Array, Array]:
        """hidden (M, C), targets (M,) -> maxima (K, M), of each block and row the largest logit m;
        sums (K, M) of exp(logit - m); and the logits of the targets (M,), -inf where a target
        stands in another shard.
        """
        xp, M = self.xp, hidden.shape[0]
        self.saved = []
        maxima = self.buffer("maxima", len(self.blocks), M)
        sums = self.buffer("sums", len(self.blocks), M)
        at_target = xp.full(M, -xp.inf, dtype=hidden.dtype)
        for k, tokens in enumerate(self.blocks):
            x = self.buffer(f"logits{k}", M, tokens.stop - tokens.start)
            xp.matmul(hidden, self.weight.value[tokens].T, out=x)
            column = targets - tokens.start
            inside = (column >= 0) & (column < tokens.stop - tokens.start)
            # An index of each row's target in x; of targets outside, any place: they are masked.
            place = xp.arange(M), xp.where(inside, column, 0)
            at_target = xp.where(inside, x[place], at_target)
            self.exponentials(x, maxima[k], sums[k])
            self.saved.append((x, inside, place))
        return maxima, sums, at_target

    def exponentials(self, x: Array, maxima: Array, sums: Array) -> None:
        """Logits x (M, S) -> e = exp(x - m), in place; and of each row the maximum m and the sum of
        e, (M,)."""
        xp = self.xp
        for rows in self.backend.pieces(x):
            part = x[rows]
            xp.max(part, axis=1, out=maxima[rows])
            part -= maxima[rows][:, None]
            xp.exp(part, out=part)
            xp.sum(part, axis=1, out=sums[rows])

    def backward(self, hidden: Array, shares: Array, total: int, add: bool) -> Array:
        """Write or add the gradient of the shard's rows of W; returns its part of dhidden (M, C).

        `shares` (K, M) turn a block's exponentials e into the softmax; the gradient of the logits
        is then (share * e - onehot) / total. It is computed as share / total * (e - onehot /
        share), and the factor of a row is applied to the (M, C) matrices, not to the wide (M, S).
        """
        xp = self.xp
        scaled = self.buffer("scaled", *hidden.shape)
        product = self.buffer("product", *hidden.shape)
        dhidden = self.buffer("dhidden", *hidden.shape)
        dhidden[...] = 0
        shares = xp.maximum(shares, TINY)
        for tokens, (e, inside, place), share in zip(self.blocks, self.saved, shares, strict=True):
            e[place] -= xp.where(inside, 1 / share, 0)
            scale = (share / total)[:, None]
            if not self.weight.frozen:
                xp.multiply(hidden, scale, out=scaled)
                self.weight.add_product(e.T, scaled, tokens, add)
            xp.matmul(e, self.weight.value[tokens], out=product)
            product *= scale
            dhidden += product
        return dhidden


class CrossEntropy(Layer):
    """loss = -sum_n log softmax(hidden[n] W^T)[targets[n]] / total, in nats: the mean over a batch
    of `total` tokens.

    Shapes: hidden (N, C), targets (N,), W (V, C). `total` is N by default, or that of the whole
    batch if N is a part of it: losses and gradients of the parts then add up to the batch's.
    """

    def __init__(
        self,
        output: Parameter,
        workspace: Workspace,
        workers: Workers | None = None,
        chunk: int | None = None,
        shards: int | None = None,
        block: int = BLOCK,
    ) -> None:
        super().__init__("loss", workspace)
        self.output, self.workers = output, workers or Workers(1)
        V = output.value.shape[0]
        self.chunk = chunk or chunk_rows(V, output.value.itemsize)
        n = min(shards or self.workers.most, V)
        ends = [V * i // n for i in range(n + 1)]
        self.shards = [Shard(slice(a, b), output, workspace, block) for a, b in pairwise(ends)]

    def forward(self, hidden: Array, targets: Array, total: int | None = None) -> float:
        """The loss alone, for evaluation."""
        return self.forward_backward(hidden, targets, total, backward=False)[0]

    def forward_backward(
        self, hidden: Array, targets: Array, total: int | None = None, backward: bool = True
    ) -> tuple[float, Array]:
        """The loss and dhidden (N, C), a gift; adds to the gradient of W."""
        xp, total, n, losses = self.xp, total or len(targets), len(self.shards), []
        dhidden = self.buffer("dhidden", *hidden.shape)
        for rows in cut(len(hidden), self.chunk):
            h = hidden[rows]
            results = self.workers.map(Shard.forward, self.shards, [h] * n, [targets[rows]] * n)
            maxima, sums, at_target = zip(*results, strict=True)  # each a tuple over the shards
            largest = xp.concatenate(maxima).max(axis=0)  # (M,), over the whole vocabulary
            factors = [xp.exp(maximum - largest) for maximum in maxima]
            divisor = sum([(f * s).sum(axis=0) for f, s in zip(factors, sums, strict=True)])
            log_softmax = xp.stack(at_target).max(axis=0) - largest - xp.log(divisor)
            losses.append(-log_softmax.sum())
            if backward:
                shares = [f / divisor for f in factors]
                # The first chunk of a step overwrites the stale gradient, the others add.
                add, self.output.stale = not self.output.stale, False
                rest = [h] * n, shares, [total] * n, [add] * n
                parts = self.workers.map(Shard.backward, self.shards, *rest)
                dhidden[rows] = sum(parts[1:], parts[0])
        # The only number of a forward and backward that the host has to wait for.
        return float(xp.stack(losses).sum(dtype=np.float64)) / total, dhidden
