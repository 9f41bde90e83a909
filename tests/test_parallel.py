"""The trainer: threads change nothing but rounding; it learns; it refuses what is no batch and no state of its own."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from types import FrameType
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.model import specs
from minigpt.trainer import Trainer, usable_cores

THREADS = (1, 2, 3)
TRAIN = TrainConfig(learning_rate=1e-2, weight_decay=0.1, seed=3)


def batch(B: int, T: int = 16, V: int = 13) -> tuple[np.ndarray, np.ndarray]:
    """Random x and y."""
    x, y = np.random.default_rng(1).integers(0, V, (2, B, T))
    return x, y


def trained(
    config: ModelConfig, threads: int, dtype: type = np.float32, B: int = 5, steps: int = 4
) -> tuple[list[float], dict[str, np.ndarray], float]:
    """The losses, the parameters and the last gradient norm of a few steps."""
    with closing(Trainer(config, TRAIN, threads=threads, backend=Backend("tests"), dtype=dtype)) as trainer:
        x, y = batch(B)
        losses = [trainer.step(x, y) for _ in range(steps)]
        return losses, trainer.state_dict(), trainer.gradient_norm


@pytest.fixture
def trainer(tiny_dropout: ModelConfig, cpu: Backend) -> Iterator[Trainer]:
    """A new trainer on two threads."""
    with closing(Trainer(tiny_dropout, TRAIN, threads=2, backend=cpu)) as trainer:
        yield trainer


def test_threads_agree_in_float64_after_several_updates(tiny_dropout: ModelConfig) -> None:
    """Losses, parameters and norms to 1e-12 for 1, 2 and 3 threads with dropout: threads do not decide which units drop."""
    expected, state, norm = trained(tiny_dropout, 1, np.float64)
    for threads in THREADS[1:]:
        found, other, other_norm = trained(tiny_dropout, threads, np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert other_norm == pytest.approx(norm, rel=1e-12)
        for name, array in state.items():
            np.testing.assert_allclose(other[name], array, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_micro_batches_change_nothing_but_rounding(size: int, tiny_dropout: ModelConfig) -> None:
    """Losses, every parameter and the norm after several updates, with dropout, in parts of any size, the last one smaller."""
    x, y = batch(5)
    found = []
    for micro_batch in (None, size):
        with closing(
            Trainer(tiny_dropout, TRAIN, threads=2, micro_batch=micro_batch, backend=Backend("tests"), dtype=np.float64)
        ) as trainer:
            found.append(([trainer.step(x, y) for _ in range(4)], trainer.state_dict(), trainer.gradient_norm))
    (losses, state, norm), (part_losses, part_state, part_norm) = found
    np.testing.assert_allclose(part_losses, losses, rtol=1e-12)
    assert part_norm == pytest.approx(norm, rel=1e-12)
    for name, array in state.items():
        np.testing.assert_allclose(part_state[name], array, rtol=0, atol=1e-12, err_msg=name)


def test_threads_agree_in_float32_within_rounding(tiny_dropout: ModelConfig) -> None:
    """A step's loss and gradients; beyond it, AdamW magnifies the rounding of a gradient that is truly zero."""
    found = []
    for threads in THREADS:
        with closing(Trainer(tiny_dropout, TRAIN, threads=threads, backend=Backend("tests"))) as trainer:
            found.append(trainer.loss_and_gradients(*batch(5)))
    for loss, gradients in found[1:]:
        assert loss == pytest.approx(found[0][0], rel=1e-6)
        for name, array in found[0][1].items():
            assert array.dtype == np.float32
            np.testing.assert_allclose(gradients[name], array, rtol=0, atol=2e-6 * max(1e-3, np.abs(array).max()), err_msg=name)


@pytest.mark.parametrize("threads", THREADS)
def test_the_same_number_of_threads_gives_the_same_bits(threads: int, tiny_dropout: ModelConfig) -> None:
    """Twice the same training, dropout included."""
    losses, state, norm = trained(tiny_dropout, threads)
    again, other, other_norm = trained(tiny_dropout, threads)
    assert (losses, norm) == (again, other_norm)
    for name, array in state.items():
        assert np.array_equal(array, other[name]), name


@pytest.mark.parametrize("B", [1, 2])
def test_a_batch_may_be_smaller_than_the_number_of_threads(B: int, tiny_dropout: ModelConfig) -> None:
    """The workers without a share add nothing, also when an earlier batch gave them one."""
    with closing(Trainer(tiny_dropout, TRAIN, threads=3, backend=Backend("tests"), dtype=np.float64)) as trainer:
        trainer.evaluate(*batch(5))
        trainer.loss_and_gradients(*batch(5))
        loss, gradients = trainer.loss_and_gradients(*batch(B))
    with closing(Trainer(tiny_dropout, TRAIN, threads=1, backend=Backend("tests"), dtype=np.float64)) as trainer:
        expected, alone = trainer.loss_and_gradients(*batch(B))
    assert loss == pytest.approx(expected, rel=1e-12)
    for name, array in alone.items():
        np.testing.assert_allclose(gradients[name], array, rtol=0, atol=1e-12, err_msg=name)


def test_a_step_reports_what_was_before_it(trainer: Trainer) -> None:
    """A step returns the same number as the gradients' call before it, whose norm it keeps; then the parameters have moved."""
    x, y = batch(4)
    before = trainer.state_dict()
    expected, gradients = trainer.loss_and_gradients(x, y)
    assert all(np.array_equal(before[name], array) for name, array in trainer.state_dict().items())
    assert trainer.step(x, y) == expected
    assert trainer.gradient_norm == pytest.approx(
        sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients.values()) ** 0.5, rel=1e-5
    )
    assert all((before[name] != array).any() for name, array in trainer.state_dict().items())


def test_evaluation_is_without_dropout_and_changes_nothing(trainer: Trainer, tiny_dropout: ModelConfig) -> None:
    """Twice the same, unlike a training pass; the next step is as if nobody had looked."""
    x, y = batch(5)
    value = trainer.evaluate(x, y)
    assert trainer.evaluate(x, y) == value
    assert trainer.loss_and_gradients(x, y)[0] != value
    trainer.evaluate(x, y)
    assert trainer.step(x, y) == trained(tiny_dropout, 2, steps=1)[0][0]


def test_dropout_differs_from_step_to_step_and_with_the_seed(tiny_dropout: ModelConfig, trainer: Trainer) -> None:
    """The number of the step and the seed decide the draws."""
    x, y = batch(3)
    first = trainer.loss_and_gradients(x, y)[0]
    assert trainer.loss_and_gradients(x, y)[0] == first
    trainer.optimizer.step = 1
    assert trainer.loss_and_gradients(x, y)[0] != first
    with closing(Trainer(tiny_dropout, TrainConfig(seed=4), threads=2, backend=Backend("tests"))) as other:
        other.load_state_dict(trainer.state_dict())
        assert other.evaluate(x, y) == trainer.evaluate(x, y)
        assert other.loss_and_gradients(x, y)[0] != first


def test_clipping_limits_what_a_step_takes(tiny: ModelConfig) -> None:
    """With a tiny limit and a large epsilon, where AdamW follows the gradient's length, the first update shrinks with the limit."""
    moved = []
    for clip in (0.0, 1e-3, 5e-4):
        config = TrainConfig(learning_rate=1.0, epsilon=1.0, weight_decay=0.0, clip_norm=clip)
        with closing(Trainer(tiny, config, threads=2, backend=Backend("tests"), dtype=np.float64)) as trainer:
            before = trainer.parameters.values.copy()
            trainer.step(*batch(4))
            assert trainer.gradient_norm > 0.1
            moved.append(float(np.linalg.norm(trainer.parameters.values - before)))
    assert moved[0] > 0.1
    assert moved[1] == pytest.approx(1e-3, rel=1e-2)
    assert moved[2] == pytest.approx(5e-4, rel=1e-2)


def test_overfits_one_batch_of_4_x_64() -> None:
    """A tiny network that learns at all learns 256 random tokens by heart, down to 0.05 nats."""
    config = ModelConfig(n_layer=2, n_head=4, n_embd=64, n_positions=64, vocab_size=60, dropout=0.0)
    x, y = batch(4, 64, 60)
    with closing(Trainer(config, TrainConfig(learning_rate=3e-3), threads=2, backend=Backend("tests"))) as trainer:
        assert trainer.step(x, y) == pytest.approx(np.log(60), abs=0.3)
        assert any(trainer.step(x, y) < 0.05 for _ in range(400))
        assert trainer.evaluate(x, y) < 0.05


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2], r"needs x and y of one shape \(B, T\), neither 0; got \(2,\) and \(2,\)"),
        ([[1, 2], [3]], [[1, 2], [3]], r"needs x and y of one shape \(B, T\): "),
        ([[1, 2]], [[1, 2, 3]], r"got \(1, 2\) and \(1, 3\)"),
        (np.zeros((0, 4), int), np.zeros((0, 4), int), r"neither 0; got \(0, 4\)"),
        (np.zeros((4, 0), int), np.zeros((4, 0), int), r"neither 0; got \(4, 0\)"),
        (np.zeros((1, 17), int), np.zeros((1, 17), int), r"a window of 17 tokens does not fit n_positions=16"),
        ([[13]], [[0]], r"x must hold token ids from 0 to 12 as integers"),
        ([[0]], [[-1]], r"y must hold token ids from 0 to 12 as integers"),
        ([[0.0]], [[0]], r"x must hold token ids from 0 to 12 as integers"),
        ([[0]], [["a"]], r"y must hold token ids from 0 to 12 as integers"),
    ],
)
@pytest.mark.parametrize("method", ["step", "loss_and_gradients", "evaluate"])
def test_a_bad_batch_is_refused(method: str, x: Any, y: Any, message: str, trainer: Trainer) -> None:
    """By every method, with what was wanted, before anything has changed."""
    before = trainer.state_dict()
    with pytest.raises(MinigptError, match=message):
        getattr(trainer, method)(x, y)
    assert trainer.optimizer.step == 0
    assert all(np.array_equal(before[name], array) for name, array in trainer.state_dict().items())


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_any_integer_type_makes_a_batch(dtype: type, trainer: Trainer) -> None:
    """The same ids, the same result."""
    x, y = batch(2)
    assert trainer.evaluate(x.astype(dtype), y.astype(dtype)) == trainer.evaluate(x, y)


def test_a_state_round_trips(trainer: Trainer, tiny_dropout: ModelConfig, cpu: Backend) -> None:
    """What one trainer gives, another takes; the arrays are copies; a view, a list or another type is taken as well."""
    x, y = batch(4)
    trainer.step(x, y)
    state = trainer.state_dict()
    assert {name: array.shape for name, array in state.items()} == {name: spec.shape for name, spec in specs(tiny_dropout).items()}
    with closing(Trainer(tiny_dropout, TrainConfig(seed=99), threads=1, backend=cpu)) as other:
        assert other.evaluate(x, y) != trainer.evaluate(x, y)
        given = {name: array.astype(np.float64) for name, array in state.items()}
        given["transformer.h.0.ln_1.bias"] = state["transformer.h.0.ln_1.bias"].tolist()
        other.load_state_dict(given)
        assert all(np.array_equal(array, state[name]) for name, array in other.state_dict().items())
        assert other.evaluate(x, y) == pytest.approx(trainer.evaluate(x, y), rel=1e-6)
    state["transformer.h.0.ln_1.bias"][...] = 77
    assert not (trainer.state_dict()["transformer.h.0.ln_1.bias"] == 77).any()


def test_a_state_that_does_not_fit_is_refused(trainer: Trainer) -> None:
    """A missing name, an unknown name, a wrong shape and a wrong type are named, and nothing is taken over by halves."""
    state = trainer.state_dict()
    changed = {k: array + 1 for k, array in state.items()}
    name = "transformer.h.1.mlp.c_fc.weight"
    with pytest.raises(MinigptError, match=r"missing \['transformer\.h\.1\.mlp\.c_fc\.weight'\], unknown \[\]"):
        trainer.load_state_dict({k: v for k, v in state.items() if k != name})
    with pytest.raises(MinigptError, match=r"missing \[\], unknown \['lm_head\.weight'\]"):
        trainer.load_state_dict({**state, "lm_head.weight": state["transformer.tokens_embed.weight"]})
    with pytest.raises(MinigptError, match=r"transformer\.h\.1\.mlp\.c_fc\.weight has shape \(32, 8\), this model needs \(8, 32\)"):
        trainer.load_state_dict({**changed, name: state[name].T})
    for wrong in (state[name].astype(complex), [[1], [2, 3]], np.full(state[name].shape, "x")):
        with pytest.raises(MinigptError, match=r"transformer\.h\.1\.mlp\.c_fc\.weight (has type|is not an array)"):
            trainer.load_state_dict({**changed, name: wrong})
    assert all(np.array_equal(array, state[k]) for k, array in trainer.state_dict().items())


def test_threads_below_one_are_refused(tiny: ModelConfig) -> None:
    """And none given means the cores that this process may use."""
    with pytest.raises(MinigptError, match="threads=0 must be a whole number of at least 1"):
        Trainer(tiny, threads=0, device="cpu")
    with closing(Trainer(tiny, device="cpu")) as trainer:
        assert trainer.threads == usable_cores() >= 1


def test_the_plan_says_how_a_step_is_shared_out(tiny: ModelConfig, cpu: Backend) -> None:
    """In words: the workers, no more than sequences, and the cores."""
    with closing(Trainer(tiny, threads=4, backend=cpu)) as trainer:
        for batch_size, workers in ((1, "1 worker on 4 cores"), (2, "2 workers on 4 cores"), (9, "4 workers on 4 cores")):
            assert trainer.plan(batch_size) == workers


def test_numpys_numbers_are_numbers(cpu: Backend) -> None:
    """Also one that is too narrow for the sizes that are computed from it."""
    config = ModelConfig(n_layer=1, n_head=1, n_embd=8, n_positions=8, vocab_size=300)
    x = np.zeros((5, 4), dtype=np.int64)
    with closing(Trainer(config, threads=np.int8(2), micro_batch=np.uint8(2), backend=cpu)) as trainer:
        assert np.isfinite(trainer.step(x, x))
        assert type(trainer.threads) is type(trainer.micro_batch) is int


def test_a_closed_trainer_cannot_step(tiny: ModelConfig, cpu: Backend) -> None:
    """Its threads have ended."""
    trainer = Trainer(tiny, threads=2, backend=cpu)
    trainer.close()
    with pytest.raises(MinigptError, match="this Trainer was closed, and its threads have ended; make a new one"):
        trainer.step(*batch(2))


def test_more_threads_than_tokens(cpu: Backend) -> None:
    """The vocabulary is cut into no more shards than it has tokens."""
    config = ModelConfig(n_layer=1, n_head=1, n_embd=4, n_positions=4, vocab_size=3, dropout=0.0)
    x, y = np.zeros((2, 4), dtype=np.int64), np.ones((2, 4), dtype=np.int64)
    with closing(Trainer(config, threads=5, backend=cpu)) as many, closing(Trainer(config, threads=1, backend=cpu)) as one:
        assert many.step(x, y) == pytest.approx(one.step(x, y), rel=1e-6)


def test_too_many_threads_are_refused(tiny: ModelConfig) -> None:
    with pytest.raises(MinigptError, match=r"threads=10000 is too many: 1,024 at most"):
        Trainer(tiny, threads=10_000, device="cpu")


STATES = ("raise", "warn", "print")


@pytest.mark.parametrize("state", STATES)
def test_the_callers_error_state_neither_matters_nor_changes(state: str, tiny_dropout: ModelConfig) -> None:
    """In every method of a trainer with an underflowing softmax; warnings are errors in these tests."""
    x, y = batch(3)

    def figures() -> list[Any]:
        with closing(Trainer(tiny_dropout, TRAIN, threads=2, backend=Backend("tests"))) as trainer:
            wide = {name: array * np.float32(100) for name, array in trainer.state_dict().items()}
            trainer.load_state_dict({name: array.astype(np.float64) + 1e-300 for name, array in wide.items()})
            trainer.configure(weight_decay=0.2)
            found = [trainer.loss_and_gradients(x, y)[0], trainer.step(x, y), trainer.evaluate(x, y), trainer.loss_of(trainer.hidden(x), y)]
            trainer.load_flat_state({name: block.copy() for name, block in trainer.flat_state().items()}, 1)
            return [*found, trainer.step(x, y), trainer.restart(), trainer.step(x, y), trainer.plan(3)]

    with np.errstate(all="ignore"):
        expected = figures()
    with np.errstate(all=state):
        before = np.geterr()
        assert figures() == expected
        assert np.geterr() == before


def run(work: Any, count: int) -> None:
    """In several threads at once."""
    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_trainers_in_threads_compute_what_each_would_alone() -> None:
    """To the bit; BLAS, whose threads affect rounding, has the program's number of threads again afterwards."""
    config = ModelConfig(n_layer=1, n_head=2, n_embd=64, n_positions=64, vocab_size=700, dropout=0.1)

    def state(i: int) -> bytes:
        with closing(Trainer(config, TRAIN, threads=1, backend=Backend("tests"))) as trainer:
            for _ in range(4):
                trainer.step(*batch(2, 64, 700))
            return trainer.flat_state()["parameters"].tobytes()

    with threadpool_limits(2, user_api="blas"):
        found = {-1: state(-1)}
        run(lambda i: found.update({i: state(i)}), 4)
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {2}
    assert len(found) == 5
    assert len(set(found.values())) == 1


def test_threads_that_share_a_trainer_take_turns(tiny_dropout: ModelConfig, trainer: Trainer) -> None:
    """As many updates as steps; always the same batch, so that their order does not matter, with evaluations in between."""
    losses, state, _ = trained(tiny_dropout, 2, steps=8)
    x, y = batch(5)
    found: list[float] = []

    def work(_: int) -> None:
        for _ in range(2):
            found.append(trainer.step(x, y))
            trainer.evaluate(x, y)
            trainer.state_dict()

    run(work, 4)
    assert trainer.optimizer.step == 8
    assert sorted(found) == sorted(losses)
    assert all(np.array_equal(state[name], array) for name, array in trainer.state_dict().items())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_goes_on_with_its_own_copy(tiny_dropout: ModelConfig, trainer: Trainer) -> None:
    """After any whole number of updates, also while another thread of the parent steps."""
    losses, _, _ = trained(tiny_dropout, 2, steps=60)
    x, y = batch(5)
    trainer.step(x, y)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set() and trainer.optimizer.step < 50:
            trainer.step(x, y)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for _ in range(3):
            child = os.fork()
            if not child:
                signal.alarm(20)
                made = trainer.optimizer.step
                os._exit(7 if trainer.step(x, y) == losses[made] else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    finally:
        stop.set()
        thread.join(30)


@pytest.mark.parametrize("again", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_trainer_that_is_copied_says_what_to_do_instead(again: Any, trainer: Trainer) -> None:
    with pytest.raises(MinigptError, match="a Trainer cannot be copied; load its state_dict into another"):
        again(trainer)


def test_a_trainer_goes_when_nobody_uses_it_any_more(tiny_dropout: ModelConfig) -> None:
    """Immediately, without the garbage collector, closed or not: parameters, moments, buffers and threads."""
    gc.collect()
    gc.disable()
    try:
        for close in (True, False):
            trainer = Trainer(tiny_dropout, TRAIN, threads=2, backend=Backend("tests"))
            trainer.step(*batch(4))
            kept = [weakref.ref(thing) for thing in (trainer, trainer.parameters.values, trainer.optimizer.arrays["m"], *trainer.models)]
            if close:
                trainer.close()
            del trainer
            assert [reference() for reference in kept] == [None] * len(kept)
    finally:
        gc.enable()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a function's whole name is known from Python 3.11 on")
def test_a_step_enters_few_functions(tiny_dropout: ModelConfig, cpu: Backend) -> None:
    """A reader follows a step through at most 45 functions of minigpt, the workers' included."""
    entered: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and f"{os.sep}minigpt{os.sep}" in code.co_filename and not code.co_name.startswith("<"):
            entered.add((code.co_filename, code.co_qualname))

    x, y = batch(4)
    threading.setprofile(note)  # of the workers' threads, which start with the first step
    try:
        with closing(Trainer(tiny_dropout, TrainConfig(), threads=2, backend=cpu)) as trainer:
            trainer.step(x, y)
            entered.clear()
            sys.setprofile(note)
            trainer.step(x, y)
            sys.setprofile(None)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert 30 < len(entered) <= 45, sorted(entered)


@pytest.mark.parametrize("micro_batch", [0, -1, 1.5, "2"])
def test_a_micro_batch_is_a_whole_number_of_sequences(micro_batch: Any, tiny: ModelConfig) -> None:
    with pytest.raises(MinigptError, match=r"micro_batch=.* must be a whole number of at least 1"):
        Trainer(tiny, device="cpu", micro_batch=micro_batch)
