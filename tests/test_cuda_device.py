"""How programs get onto a GPU, without one: streams, graphs and copies over a stand-in for CUDA; products over a cuBLASLt on the CPU."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cuda_emulator import MISSING

from minigpt.fast.cuda.device import Device
from minigpt.fast.cuda.products import CUBLASError, Products
from minigpt.fast.cuda.program import Program

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


class Array:
    """An array of the device: NumPy's, at an address."""

    def __init__(self, host: np.ndarray) -> None:
        self.host, self.shape, self.strides = host, host.shape, host.strides
        self.data = SimpleNamespace(ptr=host.ctypes.data)


class Stream:
    """Notes what comes onto it. While it is captured, nothing is done."""

    current: list[Stream] = []  # noqa: RUF012  # the innermost last

    def __init__(self, non_blocking: bool = False) -> None:
        self.log: list[Any] = []
        self.waits, self.ptr, self.captured = 0, id(self), False

    def __enter__(self) -> None:
        Stream.current.append(self)

    def __exit__(self, *error: object) -> None:
        Stream.current.pop()

    def synchronize(self) -> None:
        assert not self.captured
        self.waits += 1

    def wait_event(self, event: Any) -> None:
        self.log.append(("wait for", event.after))

    def begin_capture(self) -> None:
        self.captured, self.before = True, len(self.log)

    def end_capture(self) -> Any:
        assert self.captured
        self.captured = False
        recorded = self.log[self.before :]
        del self.log[self.before :]
        return SimpleNamespace(upload=lambda stream: None, launch=lambda stream: stream.log.append(("graph", recorded)))


class Event:
    def __init__(self, block: bool = True, disable_timing: bool = False) -> None:
        assert (block, disable_timing) == (False, True)

    def record(self, stream: Stream) -> None:
        self.after = stream.log[-1] if stream.log else None


def copy(to: int, start: int, size: int, kind: int, stream: int) -> None:
    ctypes.memmove(to, start, size)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cublaslt") / "libcublasLt.so"
    subprocess.run(["g++", "-O1", "-w", "-shared", "-fPIC", "-o", made, Path(__file__).parent / "cuda_cublaslt.cpp"], check=True)
    return made


@pytest.fixture
def cupy(library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What device.py and products.py use of CuPy, and of the package that finds its libraries."""
    finder = ModuleType("cuda.pathfinder")
    finder.load_nvidia_dynamic_lib = lambda name: SimpleNamespace(abs_path=str(library))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda.pathfinder", finder)
    runtime = SimpleNamespace(memcpyAsync=copy, memcpyHostToDevice=1)
    cuda = SimpleNamespace(Stream=Stream, Event=Event, runtime=runtime, alloc_pinned_memory=bytearray)
    cuda.get_current_stream = lambda: Stream.current[-1]
    module = SimpleNamespace(cuda=cuda, uint8=np.uint8, RawModule=lambda code, options: SimpleNamespace(get_function=lambda name: None))
    module.empty = lambda shape, dtype: Array(np.empty(shape, dtype))
    module.asnumpy = lambda array, stream: array.host.copy()
    with Stream():  # CuPy's own
        yield module


def program(device: Device, raises: list[Exception]) -> Program:
    """Three launches, the second beside the others."""
    made = Program()

    def launch(name: str) -> None:
        if raises:
            raise raises[0]
        Stream.current[-1].log.append(name)

    for name, side in (("first", False), ("beside", True), ("second", False)):
        made.add(name, lambda name=name: launch(name), side)  # type: ignore[misc]
    made.join()
    made.add("third", lambda: launch("third"))
    return made


def test_a_program_runs_launch_by_launch_once_then_as_a_graph(cupy: Any) -> None:
    """With the same waits between its streams, and behind what CuPy was given before; the host waits at the end alone."""
    device = Device(cupy, 128, "tf32")
    made, own = program(device, []), Stream.current[-1]
    own.log.append("CuPy's")
    for _ in range(3):
        device.run(made)
    steps = ["first", "second", ("wait for", "beside"), "third"]
    behind = ("wait for", "CuPy's")
    assert device.stream.log == [behind, *steps, behind, ("graph", steps), behind, ("graph", steps)]
    assert device.side.log == [("wait for", "first"), "beside"] * 2  # once each; as a graph's branch
    assert (device.stream.waits, device.side.waits, own.waits) == (0, 0, 0)
    assert device.read(Array(np.arange(3))).tolist() == [0, 1, 2]
    assert device.stream.waits == 1


def test_what_fails_in_a_capture_is_raised_and_the_capture_ends(cupy: Any) -> None:
    device, raises = Device(cupy, 128, "tf32"), list[Exception]()
    made = program(device, raises)
    device.run(made)
    raises.append(MemoryError("no room"))
    with pytest.raises(MemoryError, match="no room"):
        device.run(made)
    assert not device.stream.captured
    raises.clear()
    device.run(made)
    assert device.stream.log[-1][0] == "graph"


def test_numbers_on_their_way_to_the_device_are_kept_until_the_host_has_waited(cupy: Any) -> None:
    device, to = Device(cupy, 128, "tf32"), np.zeros(9, np.int32)
    for round in range(3):
        for size in (5, 9, 3):
            device.upload(np.arange(size, dtype=np.int32) + round, Array(to))
            assert to[:size].tolist() == list(range(round, size + round))
        assert len(device.pinned) == 3  # one for each, and again the same after a read
        assert [slot.size for slot in device.pinned] == [5, 9, 3]
        device.read(Array(to))


@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
@pytest.mark.parametrize("more", ["", "add", "bias", "in place"])
def test_a_product_is_numpys(cupy: Any, rng: np.random.Generator, ta: bool, tb: bool, more: str) -> None:
    """Of matrices in rows, some of them parts of wider ones."""
    shapes = (5, 3) if ta else (3, 5), (7, 5) if tb else (5, 7), (3, 7), (7,)
    a, b, add, bias = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    wide = np.full((3, 12), 9, np.float32)
    out, wanted = wide[:, :7], (a.T if ta else a) @ (b.T if tb else b)
    given: dict[str, Any] = {}
    if more == "in place":
        out[...] = add
    if more == "bias":
        given["bias"], wanted = Array(bias), wanted + bias
    elif more:
        wanted = wanted + add
    target = Array(out)
    if more in ("add", "in place"):
        given["add"] = target if more == "in place" else Array(add)
    Products(cupy, "float32").product(Array(a), Array(b), target, ta, tb, **given)()
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-6)
    assert (wide[:, 7:] == 9).all()


@pytest.mark.parametrize(("precision", "compute"), [("float32", 68), ("tf32", 77), ("bfloat16", 75)])
def test_a_product_has_its_precision(cupy: Any, library: Path, precision: str, compute: int) -> None:
    """The numbers are those of cublas_api.h: CUBLAS_COMPUTE_32F, _32F_FAST_TF32 and _32F_FAST_16BF."""
    one = Array(np.ones((2, 2), np.float32))
    Products(cupy, precision).product(one, one, Array(np.empty((2, 2), np.float32)))()
    assert ctypes.CDLL(str(library)).latest() == compute


def test_a_call_that_fails_has_its_status(cupy: Any) -> None:
    """By which the backend tells a lack of memory."""
    one, two = Array(np.ones((2, 2), np.float32)), Array(np.ones((3, 3), np.float32))
    with pytest.raises(CUBLASError, match="the choice of an algorithm failed with cuBLAS status 7") as error:
        Products(cupy, "tf32").product(one, two, one)
    assert error.value.status == 7
