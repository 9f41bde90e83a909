"""The memory of a training step, computed in advance: a model, a batch and workers -> bytes, and a micro-batch that fits.

A batch that does not fit is split into micro-batches, whose gradients add up: the result is the same to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from minigpt.backend import CACHE_BYTES
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError, counted
from minigpt.loss import chunk_rows
from minigpt.model import count_parameters, specs
from minigpt.run.room import Room, gigabytes, whole_memory

FLOAT = 4  # bytes of a float32
USABLE = 0.9  # of the free memory: the rest is for the interpreter, BLAS's buffers and other programs


class TooLarge(MinigptError):
    """A model that this machine has no memory for."""


@dataclass(frozen=True)
class StepMemory:
    """Bytes of one step. `state`: parameters, gradients and two moments; `twins`: the gradients of the other workers."""

    state: int
    twins: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        return self.state + self.twins + self.activations + self.logits

    def __str__(self) -> str:
        parts = ("parameters, gradients and moments", self.state + self.twins), ("activations", self.activations), ("logits", self.logits)
        return f"{gigabytes(self.total)} for a step: " + ", ".join(f"{gigabytes(size)} {name}" for name, size in parts)


def step_memory(
    config: ModelConfig, batch: int, context: int, workers: int, training: TrainConfig | None = None, ranks: int = 1
) -> StepMemory:
    """The memory of a step of a training over `batch` windows of `context` tokens at once.

    Each block keeps, per token: q, k, v, the mixed heads, two layer norms with their normalized rows, and the MLP's slope and output,
    16 C in all; and the attention weights, H T. Buffers shared by the blocks take 26 C more, and each worker has some for its pieces of
    elementwise chains. Dropout keeps its masks. The loss holds a chunk of logits and, per worker, three matrices of a chunk's rows.
    Of several ranks each has the moments of its shard alone, but also its values and gradients, and what it receives of the others'.
    """
    C, L, H, V, N = config.n_embd, config.n_layer, config.n_head, config.vocab_size, batch * context
    workers, M = min(workers, batch), min(N, chunk_rows(V, FLOAT))
    block, shared = 16 * C + H * context, 26 * C
    if config.dropout:
        block += 2 * C + H * context
        shared += 6 * C
    scores = max(CACHE_BYTES, FLOAT * H * context * context)  # of one window, or of as many as a piece holds
    whole, rows = count_parameters(config), V * C
    trained, shared_rows = whole, rows
    if training and (training.lora or training.freeze is not None):
        kept = [math.prod(spec.shape) for spec in specs(config, training).values() if not spec.frozen]
        trained, shared_rows = sum(kept), 0  # the embedding is frozen
    pieces = 2 * CACHE_BYTES + (2 if config.dropout else 1) * scores
    return StepMemory(
        state=FLOAT * (whole + 3 * trained if ranks == 1 else whole + 2 * trained + 4 * -(-trained // ranks)),
        twins=FLOAT * (workers - 1) * (trained - shared_rows),
        activations=FLOAT * N * (L * block + shared) + workers * pieces,
        logits=FLOAT * (M * V + 3 * workers * M * C + N * C),
    )


def micro_batch(
    config: ModelConfig, batch: int, context: int, workers: int, free: Room | int, training: TrainConfig | None = None, ranks: int = 1
) -> int:
    """The largest number of windows, up to `batch`, whose step fits into the free memory; MinigptError if not even one does."""
    room = free if isinstance(free, Room) else Room(free)
    parts = 1
    while (size := -(-batch // parts)) > 1 and step_memory(config, size, context, workers, training, ranks).total > USABLE * room.size:
        parts += 1
    needed = step_memory(config, size, context, workers, training, ranks)
    if needed.total > USABLE * room.size:
        more = "raise that limit" if room.where else "close other programs"
        less = "" if training and training.lora else ", adapt a model (--init MODEL --lora 8)"
        remedy = f"{more}{less}, or use a smaller --model-size, --width, --layers or --context"
        raise MinigptError(f"one window of {counted(context, 'token')} needs {needed}; {room}; {remedy}")
    return size


def require_memory(config: ModelConfig) -> None:
    """TooLarge for a shape whose state would exceed the machine's memory even with the smallest vocabulary."""
    whole, owner = whole_memory()
    needed = step_memory(replace(config, vocab_size=257), 1, 1, 1).state
    if needed > whole:
        sizes = f"{gigabytes(needed)} for parameters, gradients and moments, {owner} has {gigabytes(whole)}"
        layers = counted(config.n_layer, "layer")
        raise TooLarge(f"{layers} of width {config.n_embd} would need {sizes}; use smaller --layers or --width")
