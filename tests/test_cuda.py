"""The kernels for NVIDIA GPUs: compiled for two generations where NVRTC is there; against their specification, as C++ on the CPU."""

from __future__ import annotations

import ctypes
import glob
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from cuda_emulator import MISSING, Emulated, Emulator
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.fast.cuda import spec
from minigpt.fast.cuda.checks import Case, error
from minigpt.fast.cuda.launches import ALL, Launches
from minigpt.fast.cuda.program import HEAD
from minigpt.fast.cuda.source import FILES, FOLDER, options, signatures, source

C = 128
KEEP = 58982  # of 65,536: a dropout of 0.1
emulated = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def find_nvrtc() -> str | None:
    """NVIDIA's compiler, if one of its packages is installed."""
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [path for folder in folders for path in glob.glob(f"{folder}/**/libnvrtc.so.*", recursive=True) if ".alt." not in path]
    return sorted(found)[-1] if found else None


def compiled(nvrtc: ctypes.CDLL, architecture: str, width: int, exact: bool) -> tuple[int, str]:
    """NVRTC's status and what it said."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source().encode(), b"kernels.cu", 0, None, None) == 0
    given = [f"--gpu-architecture={architecture}".encode(), *(option.encode() for option in options(width, exact))]
    status = nvrtc.nvrtcCompileProgram(program, len(given), (ctypes.c_char_p * len(given))(*given))
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return status, log.value.decode()


@pytest.mark.skipif(find_nvrtc() is None, reason="needs NVRTC: pip install nvidia-cuda-nvrtc-cu12")
@pytest.mark.parametrize(("architecture", "width", "exact"), [("sm_80", 384, False), ("sm_90", 768, True), ("sm_90", 1024, False)])
def test_the_kernels_compile(architecture: str, width: int, exact: bool) -> None:
    assert compiled(ctypes.CDLL(find_nvrtc()), architecture, width, exact) == (0, "")


def test_every_file_of_kernels_is_read_and_every_kernel_found() -> None:
    assert {path.name for path in Path(FOLDER).iterdir()} == set(FILES)
    assert len(signatures()) == source().count("__global__ void") == 14


@pytest.fixture(scope="module")
def backend() -> Emulated:
    return Emulated()


def missed(backend: Emulated, device: Emulator, B: int, T: int, width: int, V: int, keep: int, limit: float) -> dict[str, float]:
    """What is further from the specification than `limit`, or not written at all."""
    return {f"{k} {n}": e for k, n, e in Case(backend, device, B, T, width, V, keep).all() if not e < limit}


@pytest.mark.slow
@emulated
@pytest.mark.parametrize(("B", "T", "keep"), [(1, 70, KEEP), (2, 130, ALL)])  # T: no whole tiles; with and without dropout
def test_every_kernel_computes_its_specification(backend: Emulated, B: int, T: int, keep: int) -> None:
    assert not missed(backend, Emulator(C, exact=True), B, T, C, 67, keep, 2e-6)


@emulated
@pytest.mark.slow
@pytest.mark.parametrize(("exact", "limit"), [(True, 1e-5), (False, 2e-3)])
def test_every_kernel_at_the_width_of_12m(backend: Emulated, exact: bool, limit: float) -> None:
    for B, T, V, keep in ((2, 77, 203, KEEP), (1, 130, 67, ALL)):
        assert not missed(backend, Emulator(384, exact), B, T, 384, V, keep, limit)


def embed_back(backend: Emulated, ids: np.ndarray, keep: int) -> None:
    """The kernels' sums for one sequence of ids below 4 against NumPy's."""
    N, rng, head = len(ids), np.random.default_rng(len(ids)), np.zeros(HEAD, np.int32)
    head[:2] = 3, 5
    dx, token, ends, position = (rng.standard_normal(s).astype(np.float32) for s in ((N, C), (4, C), (2, N, C), (N + 2, C)))
    wanted = spec.embed_back(ids, dx * spec.row_mask(head, 0, N, C, keep), token.astype(np.float64), N, N + 2)
    head_, ids_, order_, dx_, token_, ends_, position_ = (
        backend.asarray(a) for a in (head, ids, np.argsort(ids, kind="stable").astype(np.int32), dx, token, ends, position)
    )
    for launch in Launches(Emulator(C, True), head_, 1, N, C, keep).embed_back(ids_, order_, dx_, token_, position_, ends_, 0):
        launch()
    assert max(error(token_, wanted[0]), error(position_, wanted[1])) < 1e-5


@emulated
@settings(max_examples=25)
@given(ids=st.lists(st.integers(0, 3), min_size=1, max_size=70), runs=st.booleans(), drop=st.booleans())
def test_gradients_of_embeddings_are_sums_whatever_the_ids(backend: Emulated, ids: list[int], runs: bool, drop: bool) -> None:
    embed_back(backend, np.array(sorted(ids) if runs else ids, np.int32), 40000 if drop else ALL)


@emulated
@pytest.mark.slow
def test_gradients_of_embeddings_in_long_chunks(backend: Emulated, rng: np.random.Generator) -> None:
    embed_back(backend, np.minimum(rng.integers(0, 9, 8203), 3).astype(np.int32), ALL)
