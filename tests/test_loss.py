"""The loss: its value, its stability, and that chunks and parts add up. Its gradient is checked in test_gradcheck.py."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigpt.backend import Array, Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.loss import BLOCK, CrossEntropy
from minigpt.model import new_parameters
from minigpt.params import EMBEDDING, Parameters
from minigpt.threads import Workers

N = 10


@pytest.fixture
def parameters(tiny: ModelConfig, cpu: Backend, rng: np.random.Generator) -> Parameters:
    """Random float64 parameters."""
    parameters = new_parameters(tiny, cpu, np.float64)
    parameters.values[...] = rng.standard_normal(parameters.n)
    return parameters


@pytest.fixture
def hidden(tiny: ModelConfig, rng: np.random.Generator) -> Array:
    """Hidden states on loan."""
    hidden = rng.standard_normal((N, tiny.n_embd))
    hidden.flags.writeable = False
    return hidden


@pytest.fixture
def targets(tiny: ModelConfig, rng: np.random.Generator) -> Array:
    """A target for each row."""
    return rng.integers(0, tiny.vocab_size, N)


def make(parameters: Parameters, chunk: int = 512, shards: int = 1, workers: Workers | None = None, block: int = BLOCK) -> CrossEntropy:
    """A loss with buffers of its own and no gradient yet."""
    parameters.zero_gradients()
    workspace = Workspace(parameters.backend, parameters.dtype)
    return CrossEntropy(parameters[EMBEDDING], workspace, workers, chunk, shards, block)


def test_the_value_is_the_mean_of_log_sum_exp_minus_the_target(parameters: Parameters, hidden: Array, targets: Array) -> None:
    """Row by row in plain Python; evaluation and training agree on it."""
    loss = make(parameters)
    rows = (hidden @ loss.output.value.T).tolist()
    expected = sum(math.log(sum(math.exp(x) for x in row)) - row[t] for row, t in zip(rows, targets, strict=True)) / N
    assert loss.forward(hidden, targets) == pytest.approx(expected, rel=1e-13)
    assert loss.forward_backward(hidden, targets)[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_is_stable_at_logits_of_ten_thousand(dtype: type, tiny: ModelConfig, cpu: Backend) -> None:
    """+-1e4 give what the limit is: 0 for the favourite, the distance for another, ln V where all are equal; and no NaN."""
    parameters = new_parameters(tiny, cpu, dtype)
    loss = make(parameters)
    loss.output.value[: tiny.n_embd] = np.eye(tiny.n_embd)
    hidden = np.zeros((4, tiny.n_embd), dtype)
    hidden[0, 2], hidden[1, 2], hidden[2, 5] = 1e4, 1e4, -1e4
    targets = np.array([2, 3, 5, 0])
    total = 0 + 1e4 + (1e4 + math.log(tiny.vocab_size - 1)) + math.log(tiny.vocab_size)
    assert loss.forward(hidden, targets) == pytest.approx(total / 4, rel=1e-6)
    value, dhidden = loss.forward_backward(hidden, targets)
    assert value == pytest.approx(total / 4, rel=1e-6)
    assert np.isfinite(dhidden).all()
    assert not dhidden[0].any()  # a sure and right prediction has nothing to learn
    loss.output.value[...] = 1e4
    assert loss.forward(hidden[:1] * 0 + dtype(1 / tiny.n_embd), targets[:1]) == pytest.approx(math.log(tiny.vocab_size), rel=1e-6)


@pytest.mark.parametrize("chunk", [1, 3, 5, 10, 11])
def test_chunks_change_neither_the_loss_nor_the_gradients(chunk: int, parameters: Parameters, hidden: Array, targets: Array) -> None:
    """Any number of rows at a time."""
    found = []
    for size in (512, chunk):
        loss = make(parameters, size)
        value, dhidden = loss.forward_backward(hidden, targets)
        assert loss.forward(hidden, targets) == pytest.approx(value, rel=1e-13)
        found.append((value, dhidden.copy(), loss.output.grad.copy()))
    for whole, cut in zip(*found, strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("shards", [2, 3, 7, 13])
@pytest.mark.parametrize("chunk", [4, 512])
def test_shards_change_neither_the_loss_nor_the_gradients(
    shards: int, chunk: int, parameters: Parameters, hidden: Array, targets: Array
) -> None:
    """Any number of parts of the vocabulary, up to one a token; in turn or by a pool of threads."""
    pool, found = Workers(3), []
    for loss in (make(parameters, chunk), make(parameters, chunk, shards), make(parameters, chunk, shards, pool)):
        parameters.zero_gradients()
        value, dhidden = loss.forward_backward(hidden, targets)
        assert loss.forward(hidden, targets) == pytest.approx(value, rel=1e-13)
        found.append((value, dhidden.copy(), loss.output.grad.copy()))
    pool.close()
    for whole, *cuts in zip(*found, strict=True):
        np.testing.assert_array_equal(*cuts)
        np.testing.assert_allclose(cuts[0], whole, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("block", [1, 2, 5, 13])
@pytest.mark.parametrize("shards", [1, 2])
def test_blocks_change_neither_the_loss_nor_the_gradients(
    block: int, shards: int, parameters: Parameters, hidden: Array, targets: Array
) -> None:
    """Any number of blocks in a shard, up to one per token, each with its own share of the softmax."""
    found = []
    for loss in (make(parameters), make(parameters, 4, shards, block=block)):
        parameters.zero_gradients()
        value, dhidden = loss.forward_backward(hidden, targets)
        assert loss.forward(hidden, targets) == pytest.approx(value, rel=1e-13)
        found.append((value, dhidden.copy(), loss.output.grad.copy()))
    for whole, cut in zip(*found, strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-11, atol=1e-14)


def test_a_favourite_in_another_shard_leaves_no_nan(tiny: ModelConfig, cpu: Backend) -> None:
    """Exponentials of a shard far below the largest logit vanish; its target still gets its gradient."""
    parameters = new_parameters(tiny, cpu, np.float32)
    loss = make(parameters, shards=2)
    loss.output.value[...] = 0
    loss.output.value[12, 0], loss.output.value[0, 0] = 1, -1
    hidden = np.zeros((1, tiny.n_embd), np.float32)
    hidden[0, 0] = 500
    value, dhidden = loss.forward_backward(hidden, np.array([0]))
    assert value == pytest.approx(1000)
    assert dhidden[0, 0] == pytest.approx(2)
    assert loss.output.grad[0, 0] == pytest.approx(-500)
    assert loss.output.grad[12, 0] == pytest.approx(500)


def test_the_logits_never_take_more_rows_at_once_than_a_chunk_has(parameters: Parameters, hidden: Array, targets: Array) -> None:
    """Their buffer has a chunk's rows, and nothing else is as wide as the vocabulary."""
    loss = make(parameters, 4)
    loss.forward_backward(hidden, targets)
    wide = [block for block in loss.workspace._blocks.values() if block.size >= 4 * 13]
    assert [block.size for block in wide if block.size != hidden.size] == [4 * 13]


def test_pieces_of_a_chunk_change_nothing(parameters: Parameters, hidden: Array, targets: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut to fit a cache of three rows, loss and gradients stay what they are."""
    found = []
    for cache in (10**9, 3 * 13 * 8):
        monkeypatch.setattr(Backend, "cache_bytes", cache)
        loss = make(parameters)
        value, dhidden = loss.forward_backward(hidden, targets)
        found.append((value, dhidden.copy(), loss.output.grad.copy()))
    for whole, cut in zip(*found, strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-12, atol=1e-14)


def test_parts_of_a_batch_add_up_to_the_whole(parameters: Parameters, hidden: Array, targets: Array) -> None:
    """With `total`, losses and gradients of the parts sum to those of the batch."""
    loss = make(parameters, 4)
    value, dhidden = loss.forward_backward(hidden, targets)
    whole, gradient = dhidden.copy(), loss.output.grad.copy()
    loss = make(parameters, 4)
    parts = [loss.forward_backward(hidden[at], targets[at], N) for at in (slice(0, 3),)]
    first = parts[0][1].copy()
    rest, drest = loss.forward_backward(hidden[3:], targets[3:], N)
    assert parts[0][0] + rest == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(np.concatenate([first, drest]), whole, rtol=1e-12)
    np.testing.assert_allclose(loss.output.grad, gradient, rtol=1e-11, atol=1e-15)
    assert loss.forward(hidden[:3], targets[:3], N) + loss.forward(hidden[3:], targets[3:], N) == pytest.approx(value, rel=1e-13)


def test_the_gradient_of_the_hidden_states_lies_in_the_same_memory(parameters: Parameters, hidden: Array, targets: Array) -> None:
    """The second step allocates no new array for it."""
    loss = make(parameters)
    first, second = (loss.forward_backward(hidden, targets)[1] for _ in range(2))
    assert first.__array_interface__["data"] == second.__array_interface__["data"]
