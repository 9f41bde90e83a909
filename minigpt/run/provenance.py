"""This process -> the versions and the processor that, besides the options, decide a run's bytes; and how two such sets differ.

How a sum is rounded depends on the library that computes it and on the instructions that it picks for the processor. If both are the
same, a resumed run ends in the same bytes; if not, its numbers agree to rounding.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from minigpt import __version__
from minigpt.backend import Backend
from minigpt.run.ranks.environment import launched

CPUINFO = Path("/proc/cpuinfo")


def provenance(backend: Backend, threads: int) -> dict[str, str]:
    """Name -> version or model of everything that affects rounding."""
    found = {
        "minigpt": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "kernels": backend.kernels,
        "BLAS": blas(),
        "CPU": processor(),
        "threads": str(threads),
        **({"ranks": str(launched())} if launched() > 1 else {}),
    }
    return found if backend.name == "cpu" else found | {"GPU": backend.reason}


def blas() -> str:
    """The library behind NumPy's matrix products, and the kernels that it picked."""
    loaded = [library for library in threadpool_info() if library["user_api"] == "blas"]
    own = [library for library in loaded if "numpy" in library["filepath"]]  # NumPy's wheels bundle their own, as SciPy's do
    names = [f"{b['internal_api']} {b['version']} ({b.get('architecture', 'unknown')} kernels)" for b in own or loaded]
    return ", ".join(names) or "an unknown BLAS"


def processor() -> str:
    """The processor's name as the system reports it."""
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPUINFO.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between two provenances, such as "NumPy 2.3.1 is now 2.4.6"; empty if nothing does."""
    names = dict.fromkeys((*then, *now))
    return ", ".join(f"{n} {then.get(n, 'none')} is now {now.get(n, 'none')}" for n in names if then.get(n) != now.get(n))
