"""All results in; out comes the gradient to look at first, and what its numbers say of the mistake.

Results stand in the order of the backward pass, so the first wrong one is the suspect: what comes
after it was computed from it, or contains it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from minigpt.backend import Backend
from minigpt.gradcheck.compare import LOAN, Evidence, Result
from minigpt.gradcheck.patterns import SAME, SHARE, constant_ratio, mistake, wrong_elements
from minigpt.gradcheck.settings import CONFIG, LAYERS, MODELS, WHOLE, Setting, separating
from minigpt.gradcheck.where import attention_part, rows_by_name, where_wrong
from minigpt.gradcheck.whole import ALL, FLOAT32, FLOAT32_TOLERANCE, examine, first_in_float32

LENT = "it writes into an array that is only lent to it (rule 1 in layers.py)"
ROUNDED = "all are right in float64, so float32 is compared with that, not with differences"
OVERWRITTEN = (
    "only early blocks are wrong: a later one overwrote what they had saved, which belongs in"
    " self.buffer, not in self.scratch (rule 4 in layers.py)"
)
UNKNOWN = "no factor, sign, order or gap explains the numbers"
NONE_WRONG = (
    "each element agrees when compared by itself, but a longer step along a direction does not: the"
    " forward has a kink (as ReLU has), or an element that was not compared is wrong"
)

Wrong = Mapping[Setting, Evidence | None]


@dataclass(frozen=True)
class Element:
    """The element of a gradient that is off the most, and both its values."""

    index: tuple[int, ...]
    analytic: float
    numeric: float
    names: tuple[str, str] = ("backward", "differences")


@dataclass(frozen=True)
class Suspect:
    """A wrong gradient, the setting in which it was looked at, and what speaks for which mistake.

    `hints`: what each is about, and what it says.
    """

    layer: str
    parameter: str
    setting: Setting
    hints: tuple[tuple[str, str], ...]
    element: Element | None


def first_suspect(results: Sequence[Result], backend: Backend, seed: int) -> Suspect | None:
    """The first wrong gradient in the order of the backward pass; None if all are right."""
    first = next((r for r in in_order(results) if not r.passed), None)
    if first is None:
        return None
    layer, parameter = first.layer, first.parameter
    settings = {s.name: s.on(backend) for s in (MODELS if layer in WHOLE else LAYERS)}
    same = [r for r in results if r.layer == layer]
    of_it = [r for r in same if r.parameter == parameter and not r.passed]
    wrong = {settings[r.setting]: r.evidence for r in of_it}
    setting, evidence = clearest(wrong)
    share, factors = SHARE, {} if layer in WHOLE else common_factors(wrong, setting)
    hints = [("hint", LENT)] if parameter.endswith(LOAN) else []
    if layer in WHOLE and parameter != ALL:
        setting = min(wrong, key=lambda s: (s.threads, s.N * s.vocab_size))  # the simplest
        if parameter == FLOAT32:
            parameter, evidence = first_in_float32(setting, backend, seed)
            share = FLOAT32_TOLERANCE
            hints.append(("note", ROUNDED))
        else:
            evidence = examine(setting, backend, seed, parameter)
    element = None
    if evidence is not None:
        words = what_is_wrong(layer, parameter, setting, evidence, factors, share)
        hints.append(("hint", words))
        element = largest_difference(evidence)
        if element and first.parameter == FLOAT32:
            element = replace(element, names=("float32", "float64"))
    in_it = [r for r in same if r.setting == setting.name]
    if layer in WHOLE and len(same) < len(results) and only_early_blocks(in_it):
        hints.append(("hint", OVERWRITTEN))  # the layers were checked, too, and are right
    hints += [("order", text) for text in around(first, in_it)]
    right = {settings[r.setting] for r in same} - wrong.keys()
    hints.append(("when", circumstances(layer, wrong, right)))
    return Suspect(layer, parameter, setting, tuple(hints), element)


def in_order(results: Sequence[Result]) -> list[Result]:
    """Layer by layer; in a layer first the loans that it overwrote, then its gradients."""
    layers = list(dict.fromkeys(r.layer for r in results))
    names = list(dict.fromkeys((r.layer, r.parameter) for r in results))

    def rank(r: Result) -> tuple[int, bool, int]:
        lent = r.parameter.endswith(LOAN)
        return layers.index(r.layer), not lent, names.index((r.layer, r.parameter))

    return sorted(results, key=rank)


def clearest(wrong: Wrong) -> tuple[Setting, Evidence | None]:
    """The first setting in which a known mistake explains the numbers; else the first."""
    for setting, evidence in wrong.items():
        if evidence is not None and explanation(evidence, {}, SHARE) is not None:
            return setting, evidence
    return next(iter(wrong.items()))


def explanation(evidence: Evidence, factors: Mapping[str, float], share: float) -> str | None:
    """The mistake in words, if it is a known one."""
    e = evidence
    return mistake(e.analytic, e.numeric, e.before, e.earlier, e.others, factors, share)


def common_factors(wrong: Wrong, chosen: Setting) -> dict[str, float]:
    """The numbers of the code that equal the constant ratio in every setting that has one."""
    found = chosen.factors()
    for setting, e in wrong.items():
        if e is None or e.analytic.shape != e.numeric.shape:
            continue
        differ = wrong_elements(e.analytic, e.numeric)
        ratio = constant_ratio(e.analytic[differ], e.numeric[differ])
        if ratio:
            off = {name: abs(abs(ratio) / value - 1) for name, value in setting.factors().items()}
            found = {name: value for name, value in found.items() if off[name] < SAME}
    return found


def what_is_wrong(
    layer: str,
    parameter: str,
    setting: Setting,
    evidence: Evidence,
    factors: Mapping[str, float],
    share: float,
) -> str:
    """Which elements are wrong, and how."""
    analytic, numeric = evidence.analytic, evidence.numeric
    if analytic.shape == numeric.shape and not wrong_elements(analytic, numeric, share).any():
        return NONE_WRONG
    how = explanation(evidence, factors, share) or UNKNOWN
    if analytic.shape != numeric.shape:
        return how
    named = {**evidence.rows, **rows_by_name(len(analytic), layer, setting)}
    place, columns = where_wrong(analytic, numeric, share, named, evidence.taken)
    if "attn" in parameter:
        place += attention_part(columns, setting.heads)
        if "columns are permuted" in how:
            how += f" (a head has {CONFIG.n_embd // setting.heads})"
    return f"{place}: {how}"


def largest_difference(evidence: Evidence) -> Element | None:
    """The element that is off the most, NaN before any number; None if the shapes differ."""
    analytic, numeric = evidence.analytic, evidence.numeric
    if analytic.shape != numeric.shape:
        return None
    difference = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    index = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    values = float(analytic[index]), float(numeric[index])
    place = index if evidence.taken is None else (int(evidence.taken[index[0]]), *index[1:])
    return Element(place, *values)


def circumstances(layer: str, wrong: Collection[Setting], right: Collection[Setting]) -> str:
    """In how many settings it is wrong, and what these have in common."""
    if not right:
        return f"in all {len(wrong)} settings"
    share = f"in {len(wrong)} of {len(wrong) + len(right)} settings"
    traits = separating(layer, wrong, right)
    if traits:
        return f"{share}, those {' and '.join(traits)}"
    return f"{share}: {'; '.join(s.name for s in wrong)}"


def around(first: Result, rows: Sequence[Result]) -> list[str]:
    """Whether what backward reaches before and after the suspect is right, in a layer with parts.

    `rows`: the layer's results in one setting.
    """
    units: dict[str, list[bool]] = {}  # part -> whether each of its gradients is right
    for row in rows:
        if row.parameter not in (ALL, FLOAT32) and not row.parameter.endswith(LOAN):
            units.setdefault(part_of(row.parameter), []).append(row.passed)
    names = list(units)
    if len(names) < 3 or part_of(first.parameter) not in units:
        return []  # a layer without parts: its parameters do not depend on each other
    k = names.index(part_of(first.parameter))
    after = [all(units[name]) for name in names[k + 1 :]]
    if not after:
        return ["everything that backward reaches before it is right"]
    if all(after):
        return ["everything that backward reaches after it is right: it passes on what it should"]
    if not k:
        return ["it is the first that backward reaches"]
    if any(after):
        return [f"everything is right up to {names[k - 1]}"]
    from_here = f"wrong from {names[k]} on: look between them"
    return [f"everything is right up to {names[k - 1]} and {from_here}"]


def part_of(parameter: str) -> str:
    """The layer that a parameter belongs to, by its name; an input is a part of its own."""
    return parameter.rpartition(".")[0] or parameter


def only_early_blocks(rows: Sequence[Result]) -> bool:
    """Whether the model's last block is right and an earlier one is wrong, in one setting."""
    blocks: dict[int, bool] = {}
    for row in rows:
        found = re.match(r"h\.(\d+)\.", row.parameter)
        if found:
            blocks[int(found[1])] = blocks.get(int(found[1]), True) and row.passed
    return bool(blocks) and blocks[max(blocks)] and not all(blocks.values())
