"""Compile the kernels with nvcc, where there is one, so that no time on a lent GPU goes into it:
python -m benchmarks.gpu_trial.build FOLDER. Without these files NVRTC compiles at the first use."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .sources import options, source


def cubin(folder: Path, width: int, exact: bool) -> Path:
    return folder / f"kernels-{width}-{int(exact)}.cubin"


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch) / "kernels.cu"
        text.write_text(source())
        for exact in (False, True):
            to = cubin(folder, 384, exact)
            command = [
                "nvcc",
                "-arch=sm_90",
                "-cubin",
                *options(384, exact),
                "-o",
                str(to),
                str(text),
            ]
            subprocess.run(command, check=True)
            print(to, to.stat().st_size)


if __name__ == "__main__":
    main()
