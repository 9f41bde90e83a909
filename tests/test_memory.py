"""What a step is said to take is what it takes; a batch that does not fit is split; what cannot fit is refused."""

from __future__ import annotations

import math
import subprocess
import sys
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from few import few
from strict_cupy import strict_cupy

from minigpt.backend import Backend, CupyBackend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.run.memory import USABLE, micro_batch, require_memory, step_memory
from minigpt.run.room import Room
from minigpt.trainer import Trainer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "batch", "context", "workers"),
    [
        (ModelConfig(3, 4, 128, 512, 1000, 0.0), 8, 256, 2),
        (ModelConfig(3, 4, 128, 512, 1000, 0.1), 6, 384, 3),
        (ModelConfig(2, 2, 192, 256, 20000, 0.0), 5, 128, 1),
        (ModelConfig(4, 8, 256, 512, 300, 0.2), 4, 512, 2),
    ],
)
def test_the_estimate_is_what_a_step_allocates(config: ModelConfig, batch: int, context: int, workers: int, cpu: Backend) -> None:
    with closing(Trainer(config, TrainConfig(), threads=workers, backend=cpu)) as trainer:
        x = np.random.default_rng(0).integers(0, config.vocab_size, (batch, context))
        trainer.step(x, x)
        activations = sum(model.workspace.size for model in trainer.models)
        state = (
            trainer.parameters.values.nbytes
            + trainer.parameters.gradients.nbytes
            + trainer.optimizer.arrays["m"].nbytes
            + trainer.optimizer.arrays["v"].nbytes
        )
        twins = sum(model.parameters.gradients.nbytes for model in trainer.models[1:])
        found = step_memory(config, batch, context, workers)
        assert (found.state, found.twins) == (state, twins)
        assert 0.95 * activations <= found.activations <= 1.15 * activations + 2**23
        assert found.logits == pytest.approx(trainer.loss.workspace.size, rel=0.02)


@pytest.mark.parametrize("free", [10**12, 10**9, 4 * 10**8])
def test_the_largest_equal_parts_that_fit(free: int) -> None:
    config = ModelConfig(6, 6, 384, 512, 3000)
    size = micro_batch(config, 30, 256, 2, free)
    assert 1 <= size <= 30 and step_memory(config, size, 256, 2).total <= USABLE * free
    parts = math.ceil(30 / size)
    assert parts == 1 or step_memory(config, math.ceil(30 / (parts - 1)), 256, 2).total > USABLE * free


def test_what_cannot_fit_is_refused_in_one_line() -> None:
    with pytest.raises(MinigptError, match=r"one window of 512 tokens needs 2\.\d\d GB.*1\.00 GB are free; close other programs") as error:
        micro_batch(ModelConfig(12, 12, 768, 512, 50257), 8, 512, 1, 10**9)
    assert "\n" not in str(error.value)
    with pytest.raises(
        MinigptError,
        match=r"; 900 MB are free in this container; raise that limit, adapt a model \(--init MODEL --lora 8\), or use",
    ):
        micro_batch(ModelConfig(12, 12, 768, 512, 50257), 8, 512, 1, Room(900 * 10**6, "in this container"))


def test_a_size_that_no_part_of_which_fits_into_the_machine_is_refused_before_anything_is_made() -> None:
    with pytest.raises(
        MinigptError, match=r"100,000 layers of width 768 would need [\d,.]+ GB .* this machine has .*; use smaller --layers or --width"
    ):
        require_memory(ModelConfig(100_000, 12, 768, 512, 50257))


STARVED = """
import resource, sys
import numpy as np
from minigpt.backend import Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.trainer import Trainer

def address_space():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmSize"))) * 1024

def train(room):
    config = ModelConfig(2, 4, 64, 256, 500, 0.1)
    trainer = Trainer(config, TrainConfig(seed=1), threads=2, backend=Backend("tests"))
    rng = np.random.default_rng(0)
    trainer.step(*rng.integers(0, 500, (2, 2, 256)))  # BLAS takes its buffers
    if room is not None:
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + room, resource.RLIM_INFINITY))
    x, y = rng.integers(0, 500, (2, 64, 256))
    try:
        losses = [trainer.step(x, y), trainer.evaluate(x, y)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return trainer, losses

plenty, wanted = train(None)
starved, got = train(int(sys.argv[1]))
assert plenty.micro_batch is None and starved.micro_batch in (1, 2, 4, 8, 16, 32), starved.micro_batch
np.testing.assert_allclose(got, wanted, rtol=1e-5)
np.testing.assert_allclose(starved.optimizer.arrays["m"], plenty.optimizer.arrays["m"], atol=1e-6)
print(starved.micro_batch)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system keeps no limit of a process's memory there")
@pytest.mark.slow
def test_a_step_without_memory_is_taken_in_smaller_parts_with_the_same_result() -> None:
    sizes = []
    for room in (80 * 10**6, 250 * 10**6):
        done = subprocess.run([sys.executable, "-c", STARVED, str(room)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        sizes.append(int(done.stdout))
    assert sizes[0] < sizes[1]


class Starved:
    """NumPy on a machine that has no room for arrays of a million numbers."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, size: int, dtype: type) -> np.ndarray:
        if size > 10**6:
            raise MemoryError(f"no room for {size:,} numbers")
        return np.empty(size, dtype)


def test_where_not_even_one_window_fits_the_error_says_so_and_the_parameters_stay() -> None:
    backend = Backend("tests")
    backend.xp = Starved()
    with closing(Trainer(ModelConfig(1, 2, 64, 1024, 300), TrainConfig(), threads=2, backend=backend)) as trainer:
        before = trainer.parameters.values.copy()
        x = np.zeros((4, 1024), int)
        with pytest.raises(MemoryError, match="no room"):
            trainer.step(x, x)
        assert trainer.micro_batch == 1
        assert np.array_equal(trainer.parameters.values, before)
        trainer.step(x[:, :64], x[:, :64])


class CUBLASError(RuntimeError):
    """As in cupy_backends.cuda.libs.cublas: a text and a status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"CUBLAS_STATUS {status}")
        self.status = status


class StarvedCupy:
    """The strict stand-in on a device whose libraries fail with `error` where an array has more than `most` numbers."""

    def __init__(self, most: int, error: Exception) -> None:
        self.most, self.error = most, error

    def __getattr__(self, name: str) -> Any:
        return getattr(strict_cupy, name)

    def empty(self, size: int, dtype: type) -> Any:
        if size > self.most:
            raise self.error
        return strict_cupy.empty(size, dtype=dtype)


def starved(most: int, error: Exception) -> CupyBackend:
    return CupyBackend(StarvedCupy(most, error), "tests")


@pytest.mark.parametrize("error", few([MemoryError("pool"), CUBLASError(3), CUBLASError(1)], 0), ids=str)
def test_every_kind_of_missing_memory_on_a_gpu_halves_the_parts(tiny: ModelConfig, error: Exception) -> None:
    """The gradients are those of a device with room; with no room at all it is a MemoryError, whatever the library raised."""
    x, y = (np.random.default_rng(0).integers(0, tiny.vocab_size, (4, 16)) for _ in range(2))
    results = []
    for most in (10**9, 2000):
        with closing(Trainer(tiny, TrainConfig(), backend=starved(most, error))) as trainer:
            results.append(trainer.loss_and_gradients(x, y))
    assert trainer.micro_batch in (1, 2)
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-6)
    for name, wanted in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], wanted, atol=1e-6, err_msg=name)
    with closing(Trainer(tiny, TrainConfig(), backend=starved(100, error))) as trainer, pytest.raises(MemoryError, match=str(error)):
        trainer.step(x, y)


@pytest.mark.parametrize("error", [CUBLASError(13), RuntimeError("no memory")], ids=str)
def test_another_error_on_a_gpu_is_not_taken_for_missing_memory(tiny: ModelConfig, error: Exception) -> None:
    """An illegal access must not be tried again in smaller parts."""
    x = np.zeros((4, 16), int)
    with closing(Trainer(tiny, TrainConfig(), backend=starved(2000, error))) as trainer:
        with pytest.raises(type(error), match=str(error)):
            trainer.step(x, x)
        assert trainer.micro_batch is None
