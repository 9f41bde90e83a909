"""A number and its noun agree."""

from __future__ import annotations

import pytest

from minigpt.errors import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 documents"), (1, "1 document"), (2, "2 documents"), (1000, "1,000 documents"), (1001, "1,001 documents")]
)
def test_one_is_singular_and_the_others_are_plural(number, said):
    assert counted(number, "document") == said
    assert counted(number, "match", "matches") == said.replace("documents", "matches").replace("document", "match")
