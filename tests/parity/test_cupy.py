"""CuPy itself, installed but without a GPU: the fall-back is honest, and the list of its names that the stand-in follows is true.

The list is made anew by `python tests/parity/test_cupy.py > tests/cupy_names.txt`.
"""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cupy
import pytest
from cupy.cuda import MemoryPool, runtime

from minigpt.backend import choose_backend
from minigpt.errors import MinigptError

NAMES = Path(__file__).parent.parent / "cupy_names.txt"


def described() -> list[str]:
    """Every public name of CuPy that matters here, with the parameters of the functions that tell theirs, sorted."""
    lines = set()
    owners = {"": cupy, "random.": cupy.random, "random.Generator.": cupy.random.Generator, "cuda.MemoryPool.": MemoryPool}
    for prefix, owner in owners.items():
        lines |= {prefix + with_parameters(owner, name) for name in dir(owner) if not name.startswith("_") and name != "annotations"}
    lines |= {"ndarray." + with_parameters(cupy.ndarray, name) for name in dir(cupy.ndarray) if not re.match("_[^_]", name)}
    lines |= {f"cuda.runtime.{name}" for name in ("getDevice", "getDeviceProperties", "deviceSynchronize") if hasattr(runtime, name)}
    ufuncs = {name: f for name in dir(cupy) if isinstance(f := getattr(cupy, name), cupy.ufunc)}
    lines |= {f"{name}.at" for name, f in ufuncs.items() if f._scatter_op}  # the others' `at` raises NotImplementedError
    return sorted(lines)


def with_parameters(owner: object, name: str) -> str:
    """`name(first, second, *, keyword)`, or the name alone where nothing tells its parameters."""
    found = getattr(owner, name)
    if isinstance(found, type) or not callable(found) or isinstance(found, cupy.ufunc) or name.startswith("__"):
        return name
    try:
        return f"{name}({', '.join(parameters(inspect.signature(found)))})"
    except (ValueError, TypeError):  # compiled code: its docstring starts with its signature
        match = re.match(rf"\w+\.{name}\((.*)\)", (found.__doc__ or "").splitlines()[0] if found.__doc__ else "")
        return f"{name}({', '.join(re.split(r'[ =]', part.strip().split('=')[0])[-1] for part in split(match[1]))})" if match else name


def parameters(signature: inspect.Signature) -> Iterator[str]:
    """Parameter names as they are written in a definition, without defaults; `*` stands before those that are by keyword alone."""
    starred = False
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not starred:
            yield "*"
        starred |= p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        yield {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "") + p.name


def split(text: str) -> list[str]:
    """Split at the commas that stand outside brackets."""
    return re.split(r",\s*(?![^()]*\))", text)


def test_every_name_and_parameter_in_the_list_is_cupys() -> None:
    """What the strict stand-in offers by `cupy_names.txt`, CuPy has, with the same parameters."""
    listed = [line for line in NAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert listed == sorted(set(listed))
    assert set(listed) <= set(described())


def test_auto_falls_back_to_the_cpu_and_says_so_in_one_line() -> None:
    """CuPy imports without a driver, so only a kernel that runs proves a GPU."""
    backend = choose_backend("auto")
    assert backend.name == "cpu"
    assert "\n" not in backend.reason
    assert "CuPy" in backend.reason and "driver" in backend.reason


def test_cuda_raises_with_the_reason_and_the_remedy() -> None:
    """Who asks for the GPU gets it or an error, never the CPU in silence."""
    with pytest.raises(MinigptError, match=r"no usable GPU: CuPy .* cannot compute: .*; install or update the NVIDIA driver") as error:
        choose_backend("cuda")
    assert "\n" not in str(error.value)


def test_no_warning_escapes_a_first_choice() -> None:
    """In a fresh process with every warning an error, importing CuPy and trying it is silent."""
    code = "from minigpt.backend import choose_backend; print(choose_backend('auto').name)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "cpu\n", "")


if __name__ == "__main__":
    print(f"# The names of CuPy {cupy.__version__}, with parameters; made by tests/parity/test_cupy.py.", *described(), sep="\n")
