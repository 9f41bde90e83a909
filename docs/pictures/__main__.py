"""Draw every picture, or those named: `python -m pictures [NAME ...]`, with docs/ on the path."""

from __future__ import annotations

import sys
from importlib import import_module

from . import NAMES, style


def main(names: list[str]) -> None:
    """Compute, draw and write."""
    for name in names or NAMES:
        module = import_module(f"pictures.{name}")
        print(style.save(module.draw(module.data()), name, module.TITLE))


if __name__ == "__main__":
    main(sys.argv[1:])
