"""The tool that keeps the documents true finds, cuts and replaces what it should."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent / "docs" / "refresh.py"
SPEC = importlib.util.spec_from_file_location("refresh", TOOL)
assert SPEC is not None and SPEC.loader is not None
refresh = sys.modules["refresh"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(refresh)

FORWARD = ["layers.py", "Layer.forward"]
SOURCE = '''"""A module."""

RATE = 0.5  # a share
TWICE = 2  # a factor


class Layer:
    """Formula."""

    HALF = 2

    def forward(self, x):
        """Forward."""

        y = x * 2
        y += 1
        return y
'''


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with one module."""
    (tmp_path / "layers.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_a_quotation_is_dedented_and_has_no_docstring_unless_it_should(house: Path) -> None:
    """A function, an assignment, a range, and several at once."""
    whole = "def forward(self, x):\n    y = x * 2\n    y += 1\n    return y"
    assert refresh.quotation(FORWARD, house) == whole
    assert '"""Forward."""' in refresh.quotation([*FORWARD, "docstring"], house)
    both = refresh.quotation(["layers.py", "RATE", "Layer.HALF"], house)
    assert both == "RATE = 0.5  # a share\nHALF = 2"
    part = refresh.quotation([*FORWARD, "from", "y = x", "to", "y +="], house)
    assert part == "y = x * 2\ny += 1"
    with pytest.raises(refresh.DocumentError, match=r"no Layer\.backward"):
        refresh.quotation(["layers.py", "Layer.backward"], house)
    with pytest.raises(refresh.DocumentError, match="no line has 'z'"):
        refresh.quotation([*FORWARD, "from", "z"], house)


def test_refreshing_replaces_what_is_out_of_date_and_nothing_else(house: Path) -> None:
    """Text and other fences stay; a second time changes nothing."""
    quoted = "<!-- source: layers.py RATE -->\n```python\nRATE = 0.25\n```\n"
    text = f"# A\n\n```sh\nRATE = 0.5\n```\n\n{quoted}\nEnd.\n"
    new = refresh.refreshed(text, house)
    assert new == text.replace("0.25", "0.5  # a share")
    assert new != text
    assert refresh.refreshed(new, house) == new


def test_a_planted_mistake_is_applied_where_it_stands_once(house: Path) -> None:
    """Indentation is the source's; what stands there twice or never is refused."""
    marker = [*FORWARD, "Layer"]
    _, changed = refresh.broken(marker, [" y = x * 2", "-y += 1", "+y -= 1"], house)
    assert changed == SOURCE.replace("y += 1", "y -= 1")
    _, changed = refresh.broken(marker, ["-y += 1"], house)
    assert changed == SOURCE.replace("        y += 1\n", "")
    _, changed = refresh.broken(["layers.py", "TWICE", "Layer"], ["-TWICE = 2", "+TWICE = 3"], house)
    assert changed == SOURCE.replace("TWICE = 2  # a factor", "TWICE = 3")
    with pytest.raises(refresh.DocumentError, match="0 places"):
        refresh.broken(marker, ["-y += 2"], house)
    (house / "layers.py").write_text(SOURCE.replace("y += 1", "y = x * 2"), encoding="utf-8")
    with pytest.raises(refresh.DocumentError, match="2 places"):
        refresh.broken(marker, ["-y = x * 2"], house)
