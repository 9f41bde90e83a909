"""A model -> how much its weights matter: where a small error of a weight changes what the model says, and where hardly.

The model writes a few texts. The loss of a text in its own words has a gradient of 0 on average, and the mean square of a weight's gradient
is how much the loss bends with that weight (the Fisher information). It is told by row and by column: by the output and the input.
"""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

import numpy as np

from minigpt.attention import Cache
from minigpt.backend import choose_backend
from minigpt.config import TrainConfig
from minigpt.disk.checkpoint import Checkpoint
from minigpt.model import GPT
from minigpt.trainer import Trainer

TEXTS, LENGTH = 64, 256  # and their length in tokens, at most: with 16 texts the scores of a page are off by a sixth more
TOGETHER = 16  # texts that are written at the same time


class Matter(NamedTuple):
    """The mean squared gradient in each row, in each column, and everywhere, of a matrix as it is in the state."""

    rows: np.ndarray
    columns: np.ndarray
    mean: float


def matter(checkpoint: Checkpoint) -> dict[str, Matter]:
    """How much each row and column of every matrix matters, by its name in the state."""
    squares = {name: (np.zeros(len(array)), np.zeros(array.shape[1])) for name, array in checkpoint.state.items() if array.ndim == 2}
    with closing(Trainer(checkpoint.config, TrainConfig(), "cpu", micro_batch=1, backend=choose_backend("cpu"))) as trainer:
        trainer.load_state_dict(checkpoint.state)
        rng = np.random.default_rng(0)
        for _ in range(TEXTS // TOGETHER):
            for text in written(trainer.models[0], checkpoint, rng):
                _, gradients = trainer.loss_and_gradients(text[None, :-1], text[None, 1:])
                for name, (rows, columns) in squares.items():
                    square = gradients[name] ** 2
                    rows += square.mean(axis=1)
                    columns += square.mean(axis=0)
    return {name: Matter(rows / TEXTS, columns / TEXTS, float(rows.mean()) / TEXTS) for name, (rows, columns) in squares.items()}


def written(model: GPT, checkpoint: Checkpoint, rng: np.random.Generator) -> np.ndarray:
    """Texts (TOGETHER, T + 1) in the model's own words: every token drawn with its probability."""
    tokens = checkpoint.tokenizer.vocab_size
    ids = np.full((TOGETHER, 1), checkpoint.tokenizer.end_of_text)
    cache = Cache(model.config, model.workspace, TOGETHER)
    model.workspace.generators = None  # no dropout
    for _ in range(min(LENGTH, checkpoint.context)):
        scores = model.logits(model.forward(ids[:, -1:], cache))[:, :tokens].astype(np.float64)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True)).cumsum(axis=1)
        drawn = rng.random((TOGETHER, 1)) * weights[:, -1:]
        ids = np.hstack([ids, (weights <= drawn).sum(axis=1, keepdims=True).clip(max=tokens - 1)])
    return ids
