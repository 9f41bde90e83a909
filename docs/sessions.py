"""Run the interactive examples of a document (its ```pycon blocks), section by section.

A section is what stands under one `## ` heading. It starts from the names that the blocks before
the first heading have defined, so each can be pasted into a fresh interpreter after those. Where a
document has the line ONE_SESSION, each continues from the one before.
"""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any

import numpy as np
from fences import Fence, fences

ONE_SESSION = "<!-- examples: one session -->"


def sessions(lines: list[str], name: str) -> Iterator[tuple[Fence, doctest.DocTest]]:
    """Every block with its examples; each must have run before the next is asked for."""
    starts: list[int] = []
    if ONE_SESSION not in lines:
        starts = [i for i, line in enumerate(lines) if line.startswith("## ")]
    common: dict[str, Any] = {}
    names: dict[int, dict[str, Any]] = {}
    for fence in fences(lines):
        if fence.language != "pycon":
            continue
        section = sum(start < fence.start for start in starts)
        if section and section not in names:
            names[section] = dict(common)
        text = "\n".join(lines[fence.start : fence.stop]) + "\n"
        test = doctest.DocTestParser().get_doctest(text, {}, name, name, fence.start)
        test.globs = names[section] if section else common
        yield fence, test


def failures(text: str, name: str) -> list[str]:
    """What the examples print that the document does not say."""
    said: list[str] = []
    with np.printoptions():  # what an example sets ends with it
        for _, test in sessions(text.split("\n"), name):
            runner = doctest.DocTestRunner(verbose=False)
            runner.run(test, out=said.append, clear_globs=False)
    return said


class Recorder(doctest.DocTestRunner):
    """Takes what was printed for what was wanted."""

    def report_failure(self, out: Any, test: Any, example: doctest.Example, got: str) -> None:
        example.want = got

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        raise exc_info[1]


def with_outputs(text: str, name: str) -> str:
    """The document with the output that its examples really print."""
    lines, changed = text.split("\n"), list[tuple[Fence, list[str]]]()
    with np.printoptions():
        for fence, test in sessions(lines, name):
            Recorder(verbose=False).run(test, out=lambda text: None, clear_globs=False)
            changed.append((fence, written(test.examples)))
    for fence, body in reversed(changed):
        lines[fence.start : fence.stop] = body
    return "\n".join(lines)


def written(examples: list[doctest.Example]) -> list[str]:
    """Examples as an interpreter shows them."""
    result: list[str] = []
    for example in examples:
        first, *rest = example.source.rstrip("\n").split("\n")
        result += [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
        if rest and rest[-1].startswith(" "):
            result.append("...")
        result += example.want.rstrip("\n").split("\n") if example.want else []
    return result
