"""Of many cases that are alike, a few for make test; make slow has the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few(cases: Iterable[Any], *quick: int) -> list[Any]:
    """The cases for parametrize: those at the quick places as they are, the others marked slow. A tuple is the values of one case."""
    found = list(cases)
    assert quick and max(quick) < len(found)
    return [
        case if place in quick else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for place, case in enumerate(found)
    ]
