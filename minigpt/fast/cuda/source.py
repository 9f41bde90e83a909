"""The kernels' source text, and their signatures as it states them."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "kernels"
FILES = ("common.cuh", "rows.cu", "embedding.cu", "attention.cu", "attention_back.cu", "ends.cu")


def source() -> str:
    """All kernels as one CUDA C++ text."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in FILES)


def signatures() -> dict[str, list[tuple[str, str]]]:
    """Kernel -> its (type, name) arguments."""
    found = {}
    pattern = r'extern "C" __global__ void\s+(?:__launch_bounds__\([\d, ]+\)\s+)?(\w+)\(([^)]*)\)'
    for name, arguments in re.findall(pattern, source()):
        pairs = [part.split() for part in " ".join(arguments.split()).split(",")]
        found[name] = [(" ".join(words[:-1]), words[-1]) for words in pairs]
    return found


def options(width: int, exact: bool) -> tuple[str, ...]:
    """Compiler options for a model of this width, with float32 or TF32 products in attention."""
    return ("-std=c++17", f"-DC={width}", f"-DEXACT={int(exact)}")
