"""Training by the CUDA kernels, over the emulator: the CPU's losses, gradients and updates; dropout; parts; waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cuda_emulator import MISSING, Emulated, Emulator
from few import few

from minigpt import model
from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.fast.cuda.checks import step_errors
from minigpt.fast.cuda.trainer import CudaTrainer
from minigpt.layers import Gelu
from minigpt.trainer import Trainer

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=128, n_positions=70, vocab_size=97, dropout=0.0)
TRAIN = TrainConfig(learning_rate=1e-3, clip_norm=0.5, seed=3)


@pytest.fixture(scope="module")
def backend() -> Emulated:
    """One whose kernels have been checked."""
    made = Emulated()
    made.found = {(128, name): "" for name in ("float32", "tf32", "bfloat16")}
    return made


def batch(seed: int, B: int, T: int, V: int = 97) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(seed).integers(0, V, (B, T + 1))
    return stream[:, :-1], stream[:, 1:]


def trainer(backend: Backend, config: ModelConfig = CONFIG, train: TrainConfig = TRAIN, **options: Any) -> Trainer:
    """With biases and gains that are not 0 and 1, which would hide mistakes."""
    made = Trainer(config, train, threads=1, backend=backend, **{"precision": "float32", **options})
    rng = np.random.default_rng(1)
    made.load_state_dict({name: a + 0.1 * rng.standard_normal(a.shape) for name, a in made.state_dict().items()})
    assert type(made) is (CudaTrainer if isinstance(backend, Emulated) else Trainer)
    return made


@pytest.fixture
def both(backend: Emulated, cpu: Backend) -> Iterator[tuple[Trainer, Trainer]]:
    with closing(trainer(cpu)) as reference, closing(trainer(backend)) as ours:
        yield reference, ours


def apart(ours: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> float:
    """The largest difference over the largest number of an array."""
    assert ours.keys() == reference.keys()
    return max(float(np.abs(ours[name] - wanted).max() / np.abs(wanted).max()) for name, wanted in reference.items())


@pytest.mark.parametrize(("B", "T"), few([(1, 1), (3, 17), (2, 70)], 0, 1))
def test_loss_and_gradients_are_the_cpus(both: tuple[Trainer, Trainer], B: int, T: int) -> None:
    """One tile and no whole one; the gradient of the keys' bias, 0 but for rounding, is measured with its neighbours."""
    (loss, wanted), (own_loss, own) = (each.loss_and_gradients(*batch(B, B, T)) for each in both)
    assert own_loss == pytest.approx(loss, rel=1e-6)
    assert apart(own, wanted) < 1e-5
    assert both[1].evaluate(*batch(B, B, T)) == pytest.approx(loss, rel=1e-6)


def test_a_vocabulary_without_room_for_padding(backend: Emulated, cpu: Backend) -> None:
    """97 tokens are padded to 128 with rows of the positions behind them; with 3 positions there are too few."""
    config = replace(CONFIG, n_layer=1, n_positions=3)
    with closing(trainer(cpu, config)) as reference, closing(trainer(backend, config)) as ours:
        (loss, wanted), (own_loss, own) = (each.loss_and_gradients(*batch(0, 2, 3)) for each in (reference, ours))
    assert own_loss == pytest.approx(loss, rel=1e-6)
    assert apart(own, wanted) < 1e-5


def test_losses_norms_and_the_state_of_six_steps_are_the_cpus(backend: Emulated, cpu: Backend) -> None:
    """With shapes that change, which moves buffers; with both ways to make a step; with a configuration that changes between halves."""
    config = replace(CONFIG, n_layer=1)
    losses: list[list[float]] = [[], []]
    with closing(trainer(cpu, config)) as reference, closing(trainer(backend, config)) as ours:
        for found, each in zip(losses, (reference, ours), strict=True):
            for i in range(4):
                found += [each.step(*batch(i, 2, (12, 5, 17)[i % 3])), each.gradient_norm]
            found.append(each.forward_backward(*batch(8, 2, 12)))
            each.configure(learning_rate=3e-3, weight_decay=0.2)
            found += [each.update(), each.forward_backward(*batch(9, 1, 20)), each.update()]
            assert each.optimizer.step == 6
        states = reference.flat_state(), ours.flat_state()
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    for name, wanted in states[0].items():  # Adam blows up the rounding of the keys' bias, 128 numbers whose gradient is 0
        difference = np.abs(states[1][name] - wanted)
        assert np.quantile(difference, 0.999) < 1e-5 * np.abs(wanted).max(), name
        assert difference.max() < 1e-2, name


def test_a_state_goes_on_as_if_nothing_had_been_between(backend: Emulated) -> None:
    config = replace(CONFIG, n_layer=1, dropout=0.2)
    with closing(trainer(backend, config)) as first, closing(trainer(backend, config)) as second:
        for i in range(2):
            first.step(*batch(i, 1, 9))
        second.load_flat_state(first.flat_state(), first.optimizer.step)
        assert first.step(*batch(2, 1, 9)) == second.step(*batch(2, 1, 9))
        for name, array in first.flat_state().items():
            np.testing.assert_array_equal(array, second.flat_state()[name])


@pytest.mark.slow
def test_dropout_depends_on_seed_and_step_and_not_on_how_a_batch_is_split(backend: Emulated) -> None:
    """Gradients of parts of 1, 2 and of all sequences are the same but for rounding; other seeds and steps draw others."""
    config = replace(CONFIG, n_layer=1, dropout=0.3)
    x, y = batch(0, 3, 9)
    found = []
    for split in (None, None, 1, 2):
        with closing(trainer(backend, config, micro_batch=split)) as each:
            found.append(each.loss_and_gradients(x, y))
            if split is None:
                assert each.loss_and_gradients(x, y)[0] == found[-1][0]
                each.optimizer.step += 1
                assert each.loss_and_gradients(x, y)[0] != found[-1][0]
                assert each.evaluate(x, y) != found[-1][0]
    assert all(np.array_equal(found[0][1][name], array) for name, array in found[1][1].items())  # the same bits
    for loss, gradients in found[2:]:
        assert loss == pytest.approx(found[0][0], rel=1e-6)
        assert apart(gradients, found[0][1]) < 1e-5
    with closing(trainer(backend, config, replace(TRAIN, seed=4))) as other:
        assert other.loss_and_gradients(x, y)[0] != pytest.approx(found[0][0], rel=1e-4)


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""

    status = 2


@pytest.mark.slow
def test_without_memory_a_batch_is_halved(backend: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the error's class, and twice."""
    x, y = batch(0, 4, 9)
    config, errors, run = replace(CONFIG, n_layer=1), iter((MemoryError, CUDARuntimeError)), Emulator.run

    def short(self: Emulator, program: Any) -> None:
        if getattr(program, "B", 1) > 1:
            raise next(errors)("out of memory")
        run(self, program)

    with closing(trainer(backend, config)) as whole, closing(trainer(backend, config)) as halved:
        loss = whole.step(x, y)
        monkeypatch.setattr(Emulator, "run", short)
        assert halved.step(x, y) == pytest.approx(loss, rel=1e-6)
        assert halved.micro_batch == 1
        assert halved.gradient_norm == pytest.approx(whole.gradient_norm, rel=1e-5)


def test_programs_of_many_shapes_do_not_pile_up(backend: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minigpt.fast.cuda.trainer.MOST_PROGRAMS", 3)
    config = replace(CONFIG, n_layer=1, dropout=0.1)
    with closing(trainer(backend, config)) as ours:
        losses = []
        for T in (6, 5, 4, 3, 6):
            losses.append(ours.evaluate(*batch(0, 1, T)))
            assert len(ours.programs) <= 3  # type: ignore[attr-defined]
        assert losses[0] == losses[-1]


def test_nothing_is_updated_where_the_loss_is_not_finite(both: tuple[Trainer, Trainer]) -> None:
    for each in both:
        state = each.state_dict()
        state["transformer.h.0.ln_1.bias"][3] = np.nan
        each.load_state_dict(state)
        assert np.isnan(each.step(*batch(0, 1, 5)))
        assert np.isnan(each.gradient_norm)
        assert each.optimizer.step == 0
        assert all(np.array_equal(a, state[name], equal_nan=True) for name, a in each.state_dict().items())


@pytest.mark.parametrize("T", [5, 512])
def test_a_step_is_few_launches_one_copy_and_one_wait_whatever_its_length(
    backend: Emulated, monkeypatch: pytest.MonkeyPatch, T: int
) -> None:
    """Of the 12M layout. Kernels do not run here; programs are made once for a shape."""
    config = ModelConfig(n_layer=6, n_head=2, n_embd=128, n_positions=512, vocab_size=200)
    counted: list[str] = []
    monkeypatch.setattr(Emulator, "kernel", lambda self, name, *given, **options: lambda: counted.append(name))
    monkeypatch.setattr(Emulator, "product", lambda self, *given, **options: lambda: counted.append("product"))
    with closing(Trainer(config, TRAIN, threads=1, backend=backend, precision="tf32")) as ours:
        device = backend.devices[-1]
        x, y = batch(0, 8, T, 200)
        for _ in range(2):
            counted.clear()
            device.uploads = device.waits = 0
            ours.step(x, y)
            assert (device.uploads, device.waits) == (1, 1)
        assert 100 < len(counted) <= 160
        ours.micro_batch = 2  # sequences at once: four parts, and still one wait
        ours.step(x, y)
        device.uploads = device.waits = 0
        ours.step(x, y)
        assert (device.uploads, device.waits) == (4, 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"n_head": 4}, "they are for heads of width 64, not 32"),
        ({"n_embd": 192, "n_head": 3}, "they are for widths that are multiples of 128 up to 1024, not 192"),
        ({"n_embd": 1152, "n_head": 18}, "they are for widths that are multiples of 128 up to 1024, not 1152"),
    ],
)
def test_other_models_are_trained_without_the_kernels_and_the_reason_is_said(change: dict[str, int], why: str) -> None:
    """The same classes as ever compute then, in float32."""
    backend = Emulated()
    with closing(Trainer(replace(CONFIG, n_layer=1, **change), TRAIN, threads=1, backend=backend, precision="tf32")) as plain:
        assert type(plain) is Trainer
        assert plain.precision == "float32"
        assert backend.reason == f"emulated; training without its own kernels: {why}"
        assert np.isfinite(plain.step(*batch(0, 1, 4)))
    assert backend.devices == []


def test_the_gradient_check_in_float64_is_plain_and_no_reason_to_remark(backend: Emulated) -> None:
    with closing(Trainer(CONFIG, TRAIN, threads=1, backend=backend, dtype=np.float64)) as plain:
        assert type(plain) is Trainer
    assert backend.reason == "emulated"


@pytest.mark.slow
def test_kernels_are_taken_where_they_agree_with_the_lecture() -> None:
    """In TF32 as by default, after one check for all trainers of a width."""
    backend = Emulated()
    for _ in range(2):
        with closing(Trainer(replace(CONFIG, n_layer=1), TRAIN, threads=1, backend=backend)) as ours:
            assert (type(ours), ours.precision) == (CudaTrainer, "tf32")
            assert ours.plan(8).endswith("its own kernels, products in tf32")
    assert len(backend.devices) == 4  # two for the check
    assert backend.reason == "emulated"


@pytest.mark.slow
def test_a_layer_that_somebody_changes_is_the_one_that_runs(backend: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels' own GELU is no longer the lecture's."""
    monkeypatch.setattr(Gelu, "CUBIC", 0.045)
    assert max(step_errors(backend, 128).values()) > 1e-4


def test_a_device_without_a_compiler_is_used_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Emulated()

    def no_compiler(width: int, precision: str) -> Any:
        raise OSError("libnvrtc.so.12: cannot open shared object file\nmore")

    monkeypatch.setattr(backend, "device", no_compiler)
    with closing(Trainer(replace(CONFIG, n_layer=1), TRAIN, threads=1, backend=backend)) as plain:
        assert type(plain) is Trainer
    assert backend.reason.endswith("without its own kernels: OSError: libnvrtc.so.12: cannot open shared object file")


def test_other_parts_are_trained_without_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A norm that stands where GPT-1's own belongs, as CONTRIBUTING.md says."""

    class AnotherNorm(model.Norm):
        """One that somebody tries."""

    monkeypatch.setattr(model, "Norm", AnotherNorm)
    backend = Emulated()
    with closing(Trainer(replace(CONFIG, n_layer=1), TRAIN, threads=1, backend=backend)) as plain:
        assert type(plain) is Trainer
    assert backend.reason.endswith("they are for GPT-1's own parts alone")
