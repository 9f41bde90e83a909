"""An output matrix of its own, and a loss that computes all logits at once."""

from __future__ import annotations

from minigpt.backend import Array, Workspace
from minigpt.layers import Layer
from minigpt.params import Parameter
from minigpt.threads import Workers

OUTPUT = "lm_head.weight"  # (V, C): another name than the embedding's makes it another matrix


class CrossEntropy(Layer):
    """loss = -sum_n log p[n, targets[n]] / total, p = softmax(hidden W^T), in nats.

    Shapes: hidden (N, C), targets (N,), W (V, C), p (N, V). `total` is N by default, or the size of
    a batch of which these N are a part. Source of tying, which this undoes: Press & Wolf 2017.
    Saves: nothing; forward and backward are one pass.
    """

    def __init__(
        self,
        output: Parameter,
        workspace: Workspace,
        workers: Workers | None = None,
    ) -> None:
        super().__init__("loss", workspace)
        self.output = output

    def softmax(self, hidden: Array) -> Array:
        """hidden (N, C) -> p (N, V)."""
        logits = hidden @ self.output.value.T
        e = self.xp.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def forward(self, hidden: Array, targets: Array, total: int | None = None) -> float:
        """The loss alone."""
        at_target = self.softmax(hidden)[self.xp.arange(len(targets)), targets]
        return -float(self.xp.log(at_target).sum()) / (total or len(targets))

    def forward_backward(
        self,
        hidden: Array,
        targets: Array,
        total: int | None = None,
    ) -> tuple[float, Array]:
        """The loss and dhidden (N, C); adds to the gradient of W."""
        raise NotImplementedError(
            "hidden (N, C), targets (N,) -> loss, dhidden (N, C); add to self.output.grad (V, C)."
            " Of one row, what is the slope of -log p[target] by each logit?"
        )
