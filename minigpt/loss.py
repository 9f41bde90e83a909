"""Softmax cross-entropy over the tied output matrix: hidden states and targets in; the mean loss and the gradient of that mean out.

The logits (N, V) would be the largest array of the program, so they never exist all at once: a chunk of rows is multiplied out, turned
into probabilities and then into its own gradient in place, and multiplied back. That is why forward and backward are one pass here.

Axes: N rows, C width, V vocabulary, M rows of a chunk.
"""

from __future__ import annotations

from .backend import Array
from .layers import Layer, Workspace
from .params import Parameters

CHUNK = 512  # rows of logits at once; smaller chunks make smaller, slower matrix products


class CrossEntropy(Layer):
    """loss = -sum_n log softmax(hidden[n] W^T)[targets[n]] / total, in nats; the mean over a batch of `total` tokens.

    Shapes: hidden (N, C), targets (N,), W (V, C). `total` is N by default, or that of the whole batch where N is a part of it: the losses
    and gradients of the parts then add up to those of the whole.
    """

    def __init__(self, parameters: Parameters, workspace: Workspace, chunk: int = CHUNK) -> None:
        super().__init__("loss", workspace)
        self.embedding = parameters["transformer.tokens_embed.weight"]
        self.chunk = chunk

    def forward(self, hidden: Array, targets: Array, total: int | None = None) -> float:
        """The loss alone, for evaluation."""
        return sum(self.consume(self.logits(hidden[rows]), targets[rows]) for rows in self.chunks(hidden)) / (total or len(targets))

    def forward_backward(self, hidden: Array, targets: Array, total: int | None = None) -> tuple[float, Array]:
        """The loss and dhidden (N, C), a gift; adds to the gradient of W."""
        W = self.embedding
        total = total or len(targets)
        loss = 0.0
        dhidden = self.buffer("dhidden", *hidden.shape)
        for rows in self.chunks(hidden):
            logits = self.logits(hidden[rows])
            loss += self.consume(logits, targets[rows], 1 / total)
            dlogits = logits  # consumed: they are their own gradient now
            W.add_product(dlogits.T, hidden[rows])
            self.xp.matmul(dlogits, W.value, out=dhidden[rows])
        return loss / total, dhidden

    def chunks(self, hidden: Array) -> list[slice]:
        """Slices over N, `chunk` rows each."""
        N = hidden.shape[0]
        return [slice(start, min(start + self.chunk, N)) for start in range(0, N, self.chunk)]

    def logits(self, hidden: Array) -> Array:
        """hidden (M, C) -> (M, V), in the one buffer for it."""
        V = self.embedding.value.shape[0]
        return self.xp.matmul(hidden, self.embedding.value.T, out=self.buffer("logits", hidden.shape[0], V))

    def consume(self, logits: Array, targets: Array, scale: float | None = None) -> float:
        """logits (M, V), targets (M,) -> the summed loss; with a scale, logits become the gradient of scale * that sum, else scrap."""
        xp = self.xp
        loss = 0.0
        for rows in self.pieces(logits):
            x = logits[rows]
            at = (xp.arange(x.shape[0]), targets[rows])  # of each row, its target
            x -= x.max(axis=1, keepdims=True)
            target_logits = x[at]
            xp.exp(x, out=x)
            sums = x.sum(axis=1, keepdims=True)  # (m, 1)
            loss += float((xp.log(sums[:, 0]) - target_logits).sum())
            if scale is not None:
                x *= scale / sums
                x[at] -= scale
        return loss
