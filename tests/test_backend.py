"""The array module: what NumPy computes, CuPy computes too, and the choice between them is honest."""

from __future__ import annotations

import inspect
import json
import re
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import strict_cupy as stand_in
from strict_cupy import strict_cupy

from minigpt.attention import tiles
from minigpt.backend import Array, Backend, CupyBackend, choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.checkpoint import load_checkpoint, save_config, save_tokenizer, save_weights
from minigpt.errors import MinigptError
from minigpt.fast.install import cupy_remedy, driver_cuda
from minigpt.gradcheck import LAYERS, MODELS, check_gradients
from minigpt.layers import Workspace
from minigpt.loss import CrossEntropy
from minigpt.model import new_parameters
from minigpt.params import EMBEDDING
from minigpt.run.speed import measure
from minigpt.run.textmodel import TextModel
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer

CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=16, n_positions=16, vocab_size=23, dropout=0.0)
HOST = np.arange(6.0).reshape(2, 3)


def over_cupy() -> CupyBackend:
    return CupyBackend(strict_cupy, "the strict stand-in")


def on_device(host: np.ndarray = HOST) -> Any:
    return strict_cupy.asarray(host)


class TwoRows(Backend):
    """NumPy, with every chain cut into pieces of two rows."""

    def pieces(self, x: Array, arrays: int = 1) -> tuple[slice, ...]:
        return tuple(slice(start, min(start + 2, len(x))) for start in range(0, len(x), 2))


# --- the network over either


@pytest.mark.parametrize("backend", [over_cupy(), TwoRows("in pieces of two rows")], ids=["cupy", "pieces"])
def test_every_backward_is_the_derivative_of_its_forward(backend: Backend) -> None:
    """Over CuPy no step mixes in NumPy; and a chain cut into pieces computes what the whole does."""
    results = list(check_gradients(backend, layers=LAYERS[:1], models=MODELS[:1]))
    assert len(results) > 50
    assert [(r.layer, r.parameter, r.error) for r in results if not r.passed] == []


def batches(steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Windows over a stream that repeats itself: there is something to learn."""
    stream = np.tile(np.random.default_rng(0).integers(0, CONFIG.vocab_size, 40), 10)
    starts = np.random.default_rng(1).integers(0, 300, (steps, 4, 1))
    return [(stream[at + np.arange(12)], stream[at + np.arange(1, 13)]) for at in starts]


def test_training_over_cupy_gives_numpys_model() -> None:
    """Without dropout, ten steps end at the same parameters up to float32 rounding, and every loss is the same."""
    losses, states = [], []
    for backend in (Backend("the reference"), over_cupy()):
        trainer = Trainer(CONFIG, TrainConfig(learning_rate=3e-3, clip_norm=0.5, seed=7), backend=backend, threads=2)
        losses.append([trainer.step(x, y) for x, y in batches(10)])
        states.append(trainer.state_dict())
        trainer.close()
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    for name, value in states[0].items():
        np.testing.assert_allclose(states[1][name], value, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("T", [1, 64, 65, 130])
def test_a_window_of_many_tiles_on_the_cpu_is_one_on_a_gpu_with_the_same_gradients(T: int) -> None:
    """On a GPU each tile costs launches; the attention of a window of GPT-1 is one."""
    config = replace(CONFIG, n_positions=130)
    x, y = (np.random.default_rng(T).integers(0, CONFIG.vocab_size, (2, T)) for _ in range(2))
    results = []
    for backend in (Backend("the reference"), over_cupy()):
        trainer = Trainer(config, TrainConfig(), backend=backend, threads=1, dtype=np.float64)
        results.append(trainer.loss_and_gradients(x, y))
        trainer.close()
    assert len(tiles(T, T, trainer.models[0].blocks[0].attn.tile)) == 1
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-12)
    for name, value in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], value, rtol=0, atol=1e-12, err_msg=name)


def test_a_loss_in_many_chunks_makes_the_host_wait_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is fetched in the middle leaves the device without work."""
    backend, rng = over_cupy(), np.random.default_rng(0)
    parameters = new_parameters(CONFIG, backend)
    parameters.initialize(rng)
    loss = CrossEntropy(parameters[EMBEDDING], Workspace(backend), chunk=3)
    hidden, targets = on_device(rng.standard_normal((20, 16)).astype(np.float32)), on_device(rng.integers(0, 23, 20))
    fetched = []
    for name in ("__float__", "__int__", "__bool__", "item", "tolist", "get"):
        plain = getattr(stand_in.ndarray, name)
        monkeypatch.setattr(stand_in.ndarray, name, lambda self, *a, plain=plain, name=name: (fetched.append(name), plain(self, *a))[1])
    for compute in (loss.forward, loss.forward_backward):
        fetched.clear()
        compute(hidden, targets)
        assert len(fetched) == 1


def test_training_over_cupy_learns_with_dropout_and_gives_host_arrays() -> None:
    """Dropout's draws come from the device; what crosses the border is NumPy's."""
    config = replace(CONFIG, dropout=0.2)
    trainer = Trainer(config, TrainConfig(learning_rate=1e-2, seed=7), backend=over_cupy(), threads=1)
    x, y = batches(1)[0]
    before = trainer.evaluate(x, y)
    for batch in batches(60):
        assert type(trainer.step(*batch)) is float
    after = trainer.evaluate(x, y)
    assert type(after) is float
    assert after < before - 1
    loss, gradients = trainer.loss_and_gradients(x, y)
    assert type(loss) is float
    assert loss > after  # with dropout
    state = trainer.state_dict()
    assert gradients.keys() == state.keys()
    for array in (*gradients.values(), *state.values()):
        assert type(array) is np.ndarray
        assert array.dtype == np.float32
    trainer.load_state_dict(state)
    assert trainer.evaluate(x, y) == after
    trainer.close()


def test_dropout_over_cupy_depends_on_the_seed_and_the_step_alone() -> None:
    """Two trainers with one seed make the same gradients, another seed others."""
    config = replace(CONFIG, dropout=0.5)
    losses = []
    for seed in (3, 3, 4):
        trainer = Trainer(config, TrainConfig(seed=seed), backend=over_cupy(), threads=1)
        trainer.load_state_dict(Trainer(config, TrainConfig(seed=0), device="cpu", threads=1).state_dict())
        losses.append(trainer.loss_and_gradients(*batches(1)[0])[0])
        trainer.close()
    assert losses[0] == losses[1] != losses[2]


def test_text_over_cupy_is_numpys_text(tmp_path: Path) -> None:
    """Greedy text, its stream and the logits of a saved model, across the end of the window."""
    tokenizer = compact(Tokenizer.gpt2(), Tokenizer.gpt2().encode("butter and sugar, butter and flour"))
    config = replace(CONFIG, vocab_size=tokenizer.vocab_size, initializer_range=0.5)
    trainer = Trainer(config, TrainConfig(seed=1), device="cpu", threads=1)
    save_weights(tmp_path, trainer.state_dict())
    save_config(tmp_path, config, 16, tokenizer.end_of_text)
    save_tokenizer(tmp_path, tokenizer, 16)
    trainer.close()
    checkpoint = load_checkpoint(tmp_path)
    reference, model = (TextModel(checkpoint, backend) for backend in (Backend("the reference"), over_cupy()))
    options: dict[str, Any] = {"max_tokens": 40, "temperature": 0}
    text = reference.generate("butter and", **options)
    assert len(text) > 10
    assert model.generate("butter and", **options) == text
    assert "".join(model.stream("butter and", **options)) == text
    ids = tokenizer.encode("butter and sugar")
    logits = model.logits(ids)
    assert type(logits) is np.ndarray
    np.testing.assert_allclose(logits, reference.logits(ids), rtol=0, atol=1e-5)


# --- the methods of a backend


@pytest.mark.parametrize("backend", [Backend(""), TwoRows(""), over_cupy()], ids=["cpu", "two rows", "cupy"])
def test_pieces_cover_every_row_once_and_in_order(backend: Backend) -> None:
    """Whatever the row's size, also one larger than the cache."""
    for rows in (0, 1, 2, 7, 1000):
        for width, arrays in ((1, 1), (4096, 1), (2**12, 10**6)):
            x = np.broadcast_to(np.uint8(0), (rows, width))
            covered = [row for piece in backend.pieces(x, arrays) for row in range(rows)[piece]]
            assert covered == list(range(rows))


@pytest.mark.parametrize("backend", [Backend(""), over_cupy()], ids=["cpu", "cupy"])
def test_add_rows_adds_every_row_also_where_ids_repeat(backend: Backend) -> None:
    """Compared with a loop; the target's values stay in the sum."""
    rng = np.random.default_rng(0)
    target, rows = rng.standard_normal((5, 3)), rng.standard_normal((50, 3))
    ids = rng.integers(0, 4, 50)  # row 4 gets nothing
    expected = target.copy()
    for i, row in zip(ids, rows, strict=True):
        expected[i] += row
    result = backend.asarray(target.copy())
    backend.add_rows(result, backend.asarray(ids), backend.asarray(rows))
    np.testing.assert_allclose(backend.to_host(result), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("backend", [Backend(""), over_cupy()], ids=["cpu", "cupy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keep", [0.9, 0.5, 0.3])
def test_a_dropout_mask_keeps_its_share_and_again_the_same(backend: Backend, dtype: type, keep: float) -> None:
    """Of each sequence; kept units are scaled by the inverse, the sequences differ, and the seeds decide."""
    seeds = [(1, 2, 0), (1, 2, 1)]
    first, again = (backend.xp.empty((2, 50, 399), dtype=dtype) for _ in range(2))
    for out in (first, again):
        backend.dropout_mask(backend.generators(seeds), keep, out)
    mask = backend.to_host(first)
    np.testing.assert_array_equal(mask, backend.to_host(again))
    assert mask.dtype == dtype
    values = np.unique(mask)
    assert values[0] == 0
    np.testing.assert_allclose(values[1:], [1 / keep], rtol=2**-15)
    np.testing.assert_allclose((mask > 0).mean(axis=(1, 2)), keep, atol=0.015)
    assert not np.array_equal(mask[0], mask[1])


def test_draws_go_on_from_mask_to_mask() -> None:
    """Two masks of one step are not the same mask."""
    backend = Backend("")
    generators, first, second = backend.generators([(3,)]), np.empty((1, 999)), np.empty((1, 999))
    for out in (first, second):
        backend.dropout_mask(generators, 0.5, out)
    assert 0.4 < (first == second).mean() < 0.6


def test_a_dropout_mask_on_the_cpu_gives_each_sequence_its_own_stream() -> None:
    """The mask of a sequence does not depend on its neighbours: any worker may compute it."""
    backend, seeds = Backend(""), [(5, b) for b in range(4)]
    whole = np.empty((4, 9, 3), np.float32)
    backend.dropout_mask(backend.generators(seeds), 0.5, whole)
    for b, seed in enumerate(seeds):
        alone = np.empty((1, 9, 3), np.float32)
        backend.dropout_mask(backend.generators([seed]), 0.5, alone)
        np.testing.assert_array_equal(alone[0], whole[b])


@pytest.mark.parametrize("backend", [Backend(""), over_cupy()], ids=["cpu", "cupy"])
def test_arrays_cross_to_the_device_and_back_unchanged(backend: Backend) -> None:
    """With and without a change of type."""
    host = np.arange(5, dtype=np.int32)
    there = backend.asarray(host, dtype=np.int64)
    assert isinstance(there, backend.xp.ndarray)
    back = backend.to_host(there)
    assert type(back) is np.ndarray
    assert back.dtype == np.int64
    assert back.tolist() == host.tolist()
    assert backend.asarray(host).dtype == np.int32


def test_cupys_backend_is_no_more_and_no_less_than_the_base_class() -> None:
    """Each method has the base class's signature: NumPy's version is the specification."""
    for name, specified in inspect.getmembers(Backend, inspect.isfunction):
        if name != "__init__":
            assert inspect.signature(getattr(CupyBackend, name)) == inspect.signature(specified), name
    assert {name for name in vars(CupyBackend) if not name.startswith("_")} <= set(vars(Backend))


# --- the choice


def as_cupy(monkeypatch: pytest.MonkeyPatch, **members: Any) -> ModuleType:
    """Let `import cupy` find a module with these members."""
    module = ModuleType("cupy")
    for name, value in {"__version__": "99.0", "float32": np.float32, **members}.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fail


def expect_refusal(reason: str) -> None:
    """`auto` takes the CPU and says why in one line; `cuda` raises the same reason."""
    backend = choose_backend("auto")
    assert type(backend) is Backend
    assert re.match(rf"NumPy {np.__version__} .*on the CPU.* \(", backend.reason)
    with pytest.raises(MinigptError, match=r"^no usable GPU: ") as error:
        choose_backend("cuda")
    for line in (backend.reason, str(error.value)):
        assert reason in line
        assert "\n" not in line


def test_without_cupy_the_choice_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """None in sys.modules makes the import fail as if the package were not there. What a driver asks for: test_install.py."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    expect_refusal(cupy_remedy(driver_cuda()))


def test_a_cupy_whose_own_import_lacks_a_module_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broken installation is not taken for a missing one."""
    (tmp_path / "cupy.py").write_text("import no_such_module_of_cupys\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    expect_refusal("CuPy is installed but lacks no_such_module_of_cupys: install it again")


class CompileException(Exception):
    """As in cupy.cuda.compiler: no RuntimeError."""


def test_a_cupy_whose_libraries_do_not_load_is_refused_with_the_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """CuPy frames this error's text in lines of `=` and general advice; the reason stands in its cause."""
    frame = "=" * 64
    text = f"\n{frame}\nFailed to import CuPy.\n\nIf you installed CuPy via wheels, ...\n{frame}\n"
    code = f'raise ImportError({text!r}) from ImportError("libcudart.so.12: cannot open shared object file")\n'
    (tmp_path / "cupy.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    expect_refusal("CuPy does not import: libcudart.so.12: cannot open shared object file; install it again")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("cudaErrorInsufficientDriver: too old.\nDetails"),
        OSError("libcublas.so"),
        ImportError("libnvrtc.so: no such file"),
        MemoryError("Out of memory allocating 512 bytes"),  # cupy.cuda.memory.OutOfMemoryError is one
        CompileException("nvrtc: error: invalid value for --gpu-architecture"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_cupy_that_imports_but_cannot_compute_is_refused(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Importing proves nothing: the first kernel shows whether there is a driver."""
    as_cupy(monkeypatch, ones=failing(error))
    expect_refusal(f"CuPy 99.0 cannot compute: {type(error).__name__}: {str(error).splitlines()[0].rstrip('.')}; install or update")


def test_a_cupy_that_computes_wrongly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's result is known beforehand."""
    as_cupy(monkeypatch, ones=np.ones, exp=np.zeros_like)
    expect_refusal("CuPy 99.0 computes wrongly: got 512.0, wanted 576")


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_cupy_that_computes_is_taken_and_its_device_named(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """The reason tells what was tried, and on which device."""
    monkeypatch.setitem(sys.modules, "cupy", strict_cupy)
    backend = choose_backend(device)
    assert type(backend) is CupyBackend
    assert backend.name == "cuda"
    assert backend.xp is strict_cupy
    assert backend.reason == f"CuPy {strict_cupy.__version__} on strict stand-in: a kernel and a matrix product ran"


def test_a_gpu_is_taken_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one becomes the current one, and a resumed run asks for it again; a number that is none is refused in a line."""
    monkeypatch.setitem(sys.modules, "cupy", strict_cupy)
    monkeypatch.setattr(stand_in.Device, "thread", threading.local())
    backend = choose_backend("cuda:1")
    assert backend.name == "cuda:1"
    assert "strict stand-in 1" in backend.reason
    with closing(Trainer(CONFIG, backend=backend)) as trainer:
        assert trainer.workers.map(lambda _: stand_in.Device.current(), [0]) == [1]  # in another thread
    assert choose_backend("cuda:0").name == "cuda"
    assert stand_in.Device.current() == 0
    with pytest.raises(MinigptError, match=r"^no usable GPU: there is no cuda:2; use cuda:0 to cuda:1$"):
        choose_backend("cuda:2")
    for device in ("cuda:", "cuda:x", "cuda:-1", "cpu:0"):
        with pytest.raises(MinigptError, match=f"unknown device '{device}'"):
            choose_backend(device)


def test_bench_measures_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a peak of the CPU."""
    monkeypatch.setitem(sys.modules, "cupy", strict_cupy)
    found = measure(CONFIG, 2, 8, 1, 0.01, "cuda")
    assert found.device.startswith("CuPy")
    assert found.plan == "1 worker on the GPU"
    assert found.peak is found.memory is None
    assert min(*found.training, *found.sampling, found.products) > 0


@pytest.mark.parametrize("backend", [Backend(""), over_cupy()], ids=["cpu", "cupy"])
def test_products_are_float32_where_there_are_no_kernels_for_other_precisions(backend: Backend) -> None:
    assert [backend.settle_precision(wanted) for wanted in (None, "float32")] == ["float32", "float32"]
    for wanted in ("tf32", "bfloat16"):
        with pytest.raises(MinigptError, match=f"precision {wanted} needs an NVIDIA GPU of 2020 or later; use float32"):
            Trainer(CONFIG, backend=backend, precision=wanted)
    with pytest.raises(MinigptError, match="unknown precision 'half'; use float32, tf32, bfloat16"):
        backend.settle_precision("half")


def test_the_cpu_is_taken_as_asked_without_a_look_at_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken CuPy cannot disturb who asks for the CPU."""
    as_cupy(monkeypatch, ones=failing(AssertionError("CuPy was tried")))
    backend = choose_backend("cpu")
    assert type(backend) is Backend
    assert re.match(rf"NumPy {np.__version__} .*on the CPU", backend.reason)


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    """A misspelt device never falls back in silence."""
    with pytest.raises(MinigptError, match="unknown device 'gpu'; use auto, cpu, cuda or cuda:N"):
        choose_backend("gpu")


# --- the stand-in refuses what CuPy refuses

REFUSED: dict[str, Callable[[Any], Any]] = {
    "ours + NumPy's": lambda ours: ours + HOST,
    "NumPy's + ours": lambda ours: HOST + ours,
    "ours @ NumPy's": lambda ours: ours @ HOST.T,
    "NumPy's @ ours": lambda ours: HOST.T @ ours,
    "ours == NumPy's": lambda ours: ours == HOST,
    "ours < NumPy's without axes": lambda ours: ours < np.array(1.0),
    "ours += NumPy's": lambda ours: ours.__iadd__(HOST),
    "NumPy's += ours": lambda ours: HOST.copy().__iadd__(ours),
    "ours + list": lambda ours: ours.__add__([1.0, 2.0, 3.0]),
    "ours[...] = NumPy's": lambda ours: ours.__setitem__(..., HOST),
    "NumPy's[...] = ours": lambda ours: HOST.copy().__setitem__(..., ours),
    "ours[NumPy's]": lambda ours: ours[np.array([0, 1])],
    "ours[:, NumPy's]": lambda ours: ours[:, np.array([0, 1])],
    "ours[NumPy's] = 0": lambda ours: ours.__setitem__(np.array([0]), 0),
    "NumPy's[ours]": lambda ours: HOST[strict_cupy.asarray([0])],
    "numpy.exp(ours)": lambda ours: np.exp(ours),
    "numpy.mean(ours)": lambda ours: np.mean(ours),
    "numpy.concatenate": lambda ours: np.concatenate([ours, ours]),
    "numpy.asarray(ours)": lambda ours: np.asarray(ours),
    "numpy.array([ours])": lambda ours: np.array([ours]),
    "numpy's out=ours": lambda ours: np.add(HOST, HOST, out=ours),
    "cupy.exp(NumPy's)": lambda ours: strict_cupy.exp(HOST),
    "cupy.sum(NumPy's)": lambda ours: strict_cupy.sum(HOST),
    "cupy.matmul(ours, NumPy's)": lambda ours: strict_cupy.matmul(ours, HOST.T),
    "cupy.concatenate with NumPy's": lambda ours: strict_cupy.concatenate([ours, HOST]),
    "cupy.where with NumPy's": lambda ours: strict_cupy.where(ours > 1, ours, HOST),
    "cupy.exp(out=NumPy's)": lambda ours: strict_cupy.exp(ours, out=HOST.copy()),
    "cupy.matmul(out=NumPy's)": lambda ours: strict_cupy.matmul(ours, ours.T, out=np.empty((2, 2))),
    "ours.sum(out=NumPy's)": lambda ours: ours.sum(axis=0, out=np.empty(3)),
    "cupy.add.at(NumPy's)": lambda ours: strict_cupy.add.at(HOST.copy(), strict_cupy.asarray([0]), 1),
    "cupy.add.at(ours, NumPy's)": lambda ours: strict_cupy.add.at(ours, np.array([0]), 1),
    "random(out=NumPy's)": lambda ours: strict_cupy.random.Generator(strict_cupy.random.Philox4x3210(0)).random(out=np.empty(3)),
    "a parameter that NumPy's sum has alone": lambda ours: ours.sum(where=True),
    "a parameter that NumPy's take has alone": lambda ours: strict_cupy.take(ours, strict_cupy.asarray([0]), mode="clip"),
    "a parameter that NumPy's ufuncs have alone": lambda ours: strict_cupy.exp(ours, where=True),
    "ours as an index of Python's": lambda ours: range(strict_cupy.asarray(3)),
}


@pytest.mark.parametrize("mix", REFUSED.values(), ids=REFUSED.keys())
def test_the_stand_in_refuses(mix: Callable[[Any], Any]) -> None:
    """A TypeError in each direction, and nothing written."""
    ours = on_device()
    with pytest.raises(TypeError):
        mix(ours)
    np.testing.assert_array_equal(ours.get(), HOST)


def test_the_stand_in_offers_only_what_cupy_has() -> None:
    """NumPy's other names are missing from it, and so are its arrays' other attributes."""
    for name in ("nanargmin_", "asmatrix", "busday_count", "errstate", "float128", "printer", "testing_", "__array_namespace_info__"):
        assert not hasattr(strict_cupy, name), name
    assert hasattr(np, "busday_count")
    assert not hasattr(on_device(), "tostring")
    assert not hasattr(on_device(), "__array_interface__")
    every_class = {"__slots__", "__module__", "__firstlineno__", "__static_attributes__"}  # the latter two since Python 3.13
    own = set(dir(stand_in.ndarray)) - set(dir(object)) - every_class - {"_array"}
    assert {name for name in own if f"ndarray.{name}" not in stand_in.NAMES} == set()
    with pytest.raises(NotImplementedError):
        strict_cupy.multiply.at(on_device(), on_device(np.array([0])), 2)


def test_the_stand_in_takes_scalars_and_keeps_results_on_the_device() -> None:
    """Scalars of Python and NumPy are operands; a reduction gives an array without axes, which is a number where one is asked for."""
    ours = on_device()
    for result in (2 * ours, ours * np.float64(2), np.float64(2) * ours, strict_cupy.multiply(2.0, ours)):
        np.testing.assert_array_equal(result.get(), 2 * HOST)
    total = ours.sum()
    assert isinstance(total, strict_cupy.ndarray)
    assert total.shape == ()
    assert float(total) == 15
    element = ours[1, 2]
    assert isinstance(element, strict_cupy.ndarray)
    element += 1  # a view, as on the device
    assert json.dumps(ours.tolist()) == "[[0.0, 1.0, 2.0], [3.0, 4.0, 6.0]]"
    assert strict_cupy.less(ours, 3, out=ours) is ours  # a comparison into numbers
    assert ours.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_the_stand_in_shares_no_memory_with_the_host() -> None:
    """What is copied to the device or back does not change with its origin."""
    origin = HOST.copy()
    ours = strict_cupy.asarray(origin)
    back = strict_cupy.asnumpy(ours)
    origin[:] = back[:] = -1
    np.testing.assert_array_equal(ours.get(), HOST)
    assert strict_cupy.asarray(ours).get() is not None
    alias = strict_cupy.asarray(ours)
    alias[...] = 7  # on the device, asarray copies nothing
    assert float(ours[0, 0]) == 7
