"""Compile the kernels with nvcc, where there is one: python -m benchmarks.gpu_trial.build FOLDER.
Without these files NVRTC compiles at the first use."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from .sources import options, source


def cubin(folder: Path, width: int, exact: bool) -> Path:
    """The file's name also says which source it is of."""
    digest = hashlib.sha256(source().encode()).hexdigest()[:12]
    return folder / f"kernels-{width}-{int(exact)}-{digest}.cubin"


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch) / "kernels.cu"
        text.write_text(source())
        for exact in (False, True):
            to = cubin(folder, 384, exact)
            command = ["nvcc", "-arch=sm_90", "-cubin", *options(384, exact), "-o", str(to)]
            subprocess.run([*command, str(text)], check=True)
            print(to, to.stat().st_size)


if __name__ == "__main__":
    main()
