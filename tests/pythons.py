"""Print the oldest and the newest supported Python on this machine: on the path, or one of pyenv's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MINORS = range(10, 15)


def found() -> list[str]:
    """A command for each minor version that runs here, the oldest first."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    commands = []
    for minor in MINORS:
        version = f"3.{minor}"
        names = [f"python{version}", *sorted(map(str, root.glob(f"versions/{version}.*/bin/python")))]
        commands += [name for name in names if runs(name, version)][:1]
    return commands


def runs(name: str, version: str) -> bool:
    """Whether this command is a Python of this version that can make environments; a pyenv shim may only say that it is missing."""
    try:
        program = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
        return subprocess.run([name, "-c", program], capture_output=True, text=True).stdout.strip() == version
    except OSError:
        return False


if __name__ == "__main__":
    pythons = found()
    print(*dict.fromkeys([pythons[0], pythons[-1]]))
