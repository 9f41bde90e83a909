"""Chooses the stanzas of a plot: a text that is told from the first line to the last about one thing, one event or one person.

A plot has a name, perhaps titles, and parts in the order in which they come. A part is a code and its alternatives, whole stanzas that
fit the same place: "V" belongs to every telling, "v" and "?" only to longer ones, "C" is a chorus, "B" a bridge, "R" a refrain.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from minigpt.corpus.templates.grammar import draw

Plot = Mapping[str, Any]
OPTIONAL = ("v", "?")


def stanzas(rng: random.Random, plot: Plot, codes: Sequence[str], extra: int | None = None) -> list[tuple[str, Sequence[str]]]:
    """A stanza for each part with one of these codes, in order; of the optional ones only `extra`, if it is given."""
    parts = [part for part in plot["parts"] if part[0] in codes]
    optional = [number for number, part in enumerate(parts) if part[0] in OPTIONAL]
    kept = set(optional if extra is None else draw(rng, optional, min(extra, len(optional))))
    return [(code, rng.choice(rows)) for number, (code, rows) in enumerate(parts) if code not in OPTIONAL or number in kept]


def spread(plot: Plot) -> Plot:
    """The plot with every alternative of its optional parts as a part of its own, for a long telling."""
    parts = [[(code, [row]) for row in rows] if code == "?" else [(code, rows)] for code, rows in plot["parts"]]
    return {**plot, "parts": [part for row in parts for part in row]}
