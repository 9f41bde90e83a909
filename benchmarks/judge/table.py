"""The figures of all runs -> tables with a line for each prompt: the mean over its seeds, and behind ± their standard deviation."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAME, CELL = 43, 11  # characters
PERCENT, NUMBER, FINE = "%", ".1f", ".2f"

# heading -> its columns: what stands above, the figure's name, how it is written
TABLES: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "Beginnings and ends, % of the samples; how many name a hero, and % of these that keep the name": (
        ("begins", "begins", PERCENT), ("ends", "ends", PERCENT), ("complete", "complete", PERCENT),
        ("different", "different", PERCENT), ("name one", "heroes", NUMBER), ("keep it", "hero", PERCENT),
        ("held-out's", "hero held", PERCENT),
    ),
    "Copies, %: of 8-grams and sentences, in the training text; of the corpus' sentences, in that of other seeds and prompts": (
        ("8-grams", "copied", PERCENT), ("held-out's", "copied held", PERCENT), ("sentences", "verbatim", PERCENT),
        ("held-out's", "verbatim held", PERCENT), ("seeds", "common seeds", PERCENT), ("prompts", "common prompts", PERCENT),
    ),
    "Variety: different sequences of one, two and three words over all of them, in equally many words": (
        ("distinct-1", "distinct-1", FINE), ("held-out's", "distinct-1 held", FINE), ("distinct-2", "distinct-2", FINE),
        ("held-out's", "distinct-2 held", FINE), ("distinct-3", "distinct-3", FINE), ("held-out's", "distinct-3 held", FINE),
    ),
    "Words of the subject in a text; % of a title's words that come again; bits per byte of held-out and fresh documents": (
        ("words", "field", NUMBER), ("at least", "field least", NUMBER), ("held-out's", "field held", NUMBER),
        ("title", "title", PERCENT), ("held-out's", "title held", PERCENT),
        ("held out", "bits held", FINE), ("fresh", "bits fresh", FINE),
    ),
    "Bits per byte that another model pays; told apart: documents cheaper than shuffled ones, % of the pairs": (
        ("samples", "opinion", FINE), ("held-out's", "opinion held", FINE), ("shuffled", "opinion shuffled", FINE),
        ("told apart", "told apart", PERCENT),
    ),
    "Python: samples with code, % that parse and that run; samples that say what it prints, % that are right": (
        ("with code", "with code", NUMBER), ("parse", "parse", PERCENT), ("run", "run", PERCENT),
        ("say", "claims", NUMBER), ("right", "right", PERCENT), ("held-out's", "right held", PERCENT),
    ),
}  # fmt: skip


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """The tables of rows that each have a prompt, a seed, samples and figures."""
    prompts: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        prompts.setdefault(row["prompt"], []).append(row["figures"])
    seeds, samples = sorted({row["seed"] for row in rows}), sorted({len(row["samples"]) for row in rows})
    head = f"seeds {', '.join(map(str, seeds))}; {' or '.join(map(str, samples))} samples of each run"
    return "\n\n".join([head, *_tables(prompts)])


def _tables(prompts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    for heading, columns in TABLES.items():
        lines = [f"{prompt[:NAME]:{NAME}}{cells}" for prompt, runs in prompts.items() if (cells := _cells(columns, runs)).strip(" -")]
        if lines:
            yield "\n".join([heading, " " * NAME + "".join(f"{title:>{CELL}}" for title, _, _ in columns), *lines])


def _cells(columns: Sequence[tuple[str, str, str]], runs: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{cell([run.get(name) for run in runs], style):>{CELL}}" for _, name, style in columns)


def cell(values: Sequence[float | None], style: str) -> str:
    """The mean of the values that there are and, of several, their standard deviation; "-" of none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    factor, digits = (100, ".0f") if style == PERCENT else (1, style)
    spread = f"±{factor * statistics.stdev(known):{digits}}" if len(known) > 1 else ""
    return f"{factor * statistics.mean(known):{digits}}{spread}"
