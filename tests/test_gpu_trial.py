"""The kernels of benchmarks/gpu_trial, compiled as C++ for the CPU, against their specification in NumPy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt import ModelConfig

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
from benchmarks.gpu_trial import spec  # noqa: E402
from benchmarks.gpu_trial.checks import Case, Reference, error  # noqa: E402
from benchmarks.gpu_trial.emulator import Emulator  # noqa: E402
from benchmarks.gpu_trial.program import batch_block  # noqa: E402
from benchmarks.gpu_trial.verbs import Verbs  # noqa: E402

here = sys.platform == "linux" and shutil.which("g++") is not None
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not here, reason="needs Linux and g++")]
C = 128


@pytest.fixture(scope="module")
def exact() -> Emulator:
    """Kernels of the smallest width, with float32 products."""
    return Emulator(C, exact=True)


def missed(device: Emulator, B: int, T: int, width: int, V: int, keep: int, limit: float) -> dict[str, float]:
    """What is further from the specification than `limit`, or not written at all."""
    return {f"{k} {n}": e for k, n, e in Case(device, B, T, width, V, keep).all() if not e < limit}


@pytest.mark.parametrize(
    ("B", "T", "keep"),  # T: no whole tiles; with and without dropout
    [(1, 70, 58982), (2, 130, 65536)],
)
def test_every_kernel_computes_its_specification(exact: Emulator, B: int, T: int, keep: int) -> None:
    assert not missed(exact, B, T, C, 67, keep, 1e-5)


@given(ids=st.lists(st.integers(0, 3), min_size=1, max_size=70), runs=st.booleans(), drop=st.booleans())
def test_gradients_of_embeddings_are_sums_whatever_the_ids(exact: Emulator, ids: list[int], runs: bool, drop: bool) -> None:
    embed_back(exact, np.array(sorted(ids) if runs else ids, np.int32), 40000 if drop else 65536)


def test_gradients_of_embeddings_in_long_chunks(exact: Emulator, rng: np.random.Generator) -> None:
    embed_back(exact, np.minimum(rng.integers(0, 9, 8203), 3).astype(np.int32), 65536)


def embed_back(exact: Emulator, x: np.ndarray, keep: int) -> None:
    """The kernels' sums for one sequence of ids below 4 against NumPy's."""
    N, rng = len(x), np.random.default_rng(len(x))
    block = batch_block(x, x, made=3, seed=5)
    dx, token = (rng.standard_normal(s).astype(np.float32) for s in ((N, C), (4, C)))
    wanted = spec.embed_back(x, dx * spec.row_mask(block, 0, N, C, keep), token.astype(np.float64), N, N + 2)
    position = exact.empty((N + 2, C))
    for launch in Verbs(exact, block, 1, N, C, keep).embed_back(x, block[16 + 2 * N :], dx, token, position, 0):
        launch()
    assert max(error(token, wanted[0]), error(position, wanted[1])) < 1e-5


def test_a_step_has_the_gradients_and_the_update_of_the_cpu(exact: Emulator) -> None:
    config: Any = ModelConfig(n_layer=2, n_head=2, n_embd=C, n_positions=70, vocab_size=97, dropout=0.0)
    errors = Reference(config, 2, 66).errors(exact)
    assert not {name: e for name, e in errors.items() if not e < 1e-4}


@pytest.mark.parametrize(("exactly", "limit"), [(True, 1e-5), (False, 2e-3)])
def test_every_kernel_at_the_width_of_12m(exactly: bool, limit: float) -> None:
    device = Emulator(384, exactly)
    for B, T, V, keep in ((2, 77, 203, 58982), (1, 130, 67, 65536)):
        assert not missed(device, B, T, 384, V, keep, limit)
