"""The tool that keeps the documents true finds, cuts and replaces what it should."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))
names = ("fences", "mistakes", "quotations", "sessions")
blocks, mistakes, quotations, sessions = map(importlib.import_module, names)

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
    assert quotations.quotation(FORWARD, house) == whole
    assert '"""Forward."""' in quotations.quotation([*FORWARD, "docstring"], house)
    both = quotations.quotation(["layers.py", "RATE", "Layer.HALF"], house)
    assert both == "RATE = 0.5  # a share\nHALF = 2"
    part = quotations.quotation([*FORWARD, "from", "y = x", "to", "y +="], house)
    assert part == "y = x * 2\ny += 1"
    with pytest.raises(blocks.DocumentError, match=r"no Layer\.backward"):
        quotations.quotation(["layers.py", "Layer.backward"], house)
    with pytest.raises(blocks.DocumentError, match="no line has 'z'"):
        quotations.quotation([*FORWARD, "from", "z"], house)


def test_refreshing_replaces_what_is_out_of_date_and_nothing_else(house: Path) -> None:
    """Text and other fences stay; a second time changes nothing."""
    quoted = "<!-- source: layers.py RATE -->\n```python\nRATE = 0.25\n```\n"
    text = f"# A\n\n```sh\nRATE = 0.5\n```\n\n{quoted}\nEnd.\n"
    new = quotations.refreshed(text, house)
    assert new == text.replace("0.25", "0.5  # a share")
    assert new != text
    assert quotations.refreshed(new, house) == new


def test_a_planted_mistake_is_applied_where_it_stands_once(house: Path) -> None:
    """Indentation is the source's; what stands there twice or never is refused."""
    marker = [*FORWARD, "Layer"]
    _, changed = mistakes.broken(marker, [" y = x * 2", "-y += 1", "+y -= 1"], house)
    assert changed == SOURCE.replace("y += 1", "y -= 1")
    _, changed = mistakes.broken(marker, ["-y += 1"], house)
    assert changed == SOURCE.replace("        y += 1\n", "")
    diff = ["-TWICE = 2", "+TWICE = 3"]
    _, changed = mistakes.broken(["layers.py", "TWICE", "Layer"], diff, house)
    assert changed == SOURCE.replace("TWICE = 2  # a factor", "TWICE = 3")
    with pytest.raises(blocks.DocumentError, match="0 places"):
        mistakes.broken(marker, ["-y += 2"], house)
    (house / "layers.py").write_text(SOURCE.replace("y += 1", "y = x * 2"), encoding="utf-8")
    with pytest.raises(blocks.DocumentError, match="2 places"):
        mistakes.broken(marker, ["-y = x * 2"], house)


DOCUMENT = """# Title

```pycon
>>> x = [1]
```

## One

```pycon
>>> x.append(2)
>>> y = 5
>>> for i in x:
...     print(i)
...
1
2
>>> y
4
```

## Two

```pycon
>>> "y" in globals()
False
```
"""


def test_sections_start_from_the_names_before_the_first_one_and_from_no_others() -> None:
    """The one wrong output is found, and mended by recording; nothing else changes."""
    (said,) = sessions.failures(DOCUMENT, "a document")
    assert "Expected:\n    4\nGot:\n    5" in said
    assert "line 17, in a document" in said
    new = sessions.with_outputs(DOCUMENT, "a document")
    assert new == DOCUMENT.replace("\n4\n", "\n5\n")
    assert sessions.failures(new, "a document") == []


def test_an_example_that_fails_is_not_recorded() -> None:
    """Its error comes out."""
    with pytest.raises(ZeroDivisionError):
        sessions.with_outputs("```pycon\n>>> 1 / 0\n```\n", "a document")


def test_of_a_check_that_fails_only_what_stays_is_kept() -> None:
    """Failed rows and the first suspect, without numbers of lines and long numbers."""
    check = """layer   gradient of  error
Linear  bias     9.4e-01  FAILED in 8 of 8 settings
Linear  dx       6.6e-10  no dropout

First suspect: Linear bias (minigpt/layers.py, line 132)

element   [6]: backward -0.57244419, differences 8.0142186e-05
read      minigpt check --layer Linear --explain"""
    assert mistakes.telling(check.split("\n")) == [
        "Linear  bias     9.4e-01  FAILED in 8 of 8 settings",
        "",
        "First suspect: Linear bias (minigpt/layers.py)",
        "",
        "element   [6]: backward -0.5724, differences 8.014e-05",
    ]
    tests = ["1 failed", "FAILED tests/test_a.py::test_b - assert 1 == 2"]
    assert mistakes.telling(tests) == ["FAILED tests/test_a.py::test_b"]
