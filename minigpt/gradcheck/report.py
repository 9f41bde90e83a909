"""Results in; out come the lines of `minigpt check`, which fit WIDTH characters."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Sequence

from minigpt.backend import Backend
from minigpt.gradcheck.compare import STEP, TOLERANCE, Result, worst
from minigpt.gradcheck.settings import CONFIG, LAYERS, MODEL, MODELS, Setting
from minigpt.gradcheck.suspect import Suspect, in_order
from minigpt.gradcheck.whole import FLOAT32, FLOAT32_TOLERANCE, WIDE_STEP

WIDTH = 80
COLUMNS = f"{'layer':<12}  {'gradient of':<22}  {'error':<7}  largest in the setting"


def header(backend: Backend, seed: int, names: Collection[str]) -> list[str]:
    """What is compared, and under which circumstances. `names`: the layers that are checked."""
    device = "CPU" if backend.name == "cpu" else "GPU"
    lines = [
        f"Every backward against central differences, on the {device} in float64, seed {seed}",
        "",
    ]
    if set(names) - {MODEL}:
        how = "each alone, f = sum(dy * y), dy random; by each element"
        lines += item("layers", f"{how}, h = {STEP:g}")
        lines += item("", sizes(LAYERS))
    if MODEL in names:
        how = f"{CONFIG.n_layer} blocks and the loss; along a random direction in each parameter"
        lines += item(MODEL, f"{how}, h = {WIDE_STEP:g} and {2 * WIDE_STEP:g}")
        lines += item("", sizes(MODELS))
    how = f"largest difference / largest element; below {TOLERANCE:g} it agrees"
    lines += item("error", f"{how}, float32 with float64 below {FLOAT32_TOLERANCE:g}")
    return [*lines, "", COLUMNS]


def sizes(settings: Sequence[Setting]) -> str:
    """The range of each size over the settings."""
    parts: dict[str, Callable[[Setting], float]] = {
        "B": lambda s: s.B,
        "T": lambda s: s.T,
        "heads": lambda s: s.heads,
        "dropout": lambda s: s.dropout,
        "vocabulary": lambda s: s.vocab_size,
        "tiles of": lambda s: min(s.tile, s.T),
        "chunks of": lambda s: min(s.chunk, s.N),
        "blocks of": lambda s: min(s.block, -(-s.vocab_size // s.shards)),
        "pieces of": lambda s: min(s.piece, s.N),
        "threads": lambda s: s.threads,
    }
    words = [f"{name} {extent([size(s) for s in settings])}" for name, size in parts.items()]
    return f"{len(settings)} settings: width {CONFIG.n_embd}, {', '.join(words)}"


def extent(values: Sequence[float]) -> str:
    """The smallest and the largest of some numbers."""
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def rows(results: Sequence[Result]) -> list[str]:
    """One layer's results in all settings: a line a gradient, in the order of the backward pass."""
    lines = []
    for i, result in enumerate(worst(in_order(results))):
        same = [r.passed for r in results if r.parameter == result.parameter]
        wrong = f"FAILED in {same.count(False)} of {count_settings(results)} settings"
        layer = result.layer if i == 0 or not result.passed else ""
        where = result.setting if result.passed else wrong
        lines.append(f"{layer:<12}  {result.parameter:<22}  {result.error:.1e}  {where}")
    return lines


def count_settings(results: Sequence[Result]) -> int:
    """In how many settings a layer was checked."""
    return len({r.setting for r in results})


def ending(results: Sequence[Result]) -> list[str]:
    """How many gradients agree, and the worst of them; in float32 the tolerance is another."""
    found = worst(in_order(results))
    right = [r for r in found if r.passed]
    count = f"{len(right)} of {len(found)} agree"
    exact = [r for r in right if r.tolerance == TOLERANCE]
    if exact:
        largest = max(exact, key=lambda r: r.error)
        where = f"{largest.layer} {largest.parameter}, in '{largest.setting}'"
        count += f", worst {largest.error:.1e} ({where})"
    rounding = [f"; in float32 {r.error:.1e}" for r in right if r.parameter == FLOAT32]
    return ["", *wrapped(count + "".join(rounding))]


def limits(backend: Backend, partly: bool) -> list[str]:
    """What a check that passes does not say. `partly`: whether layers were left out."""
    cpu = backend.name == "cpu"
    parts = [
        "whether a forward is the right one (a backward can agree with a wrong one: make parity)",
        "AdamW's update",
        "sampling and its cache",
        "float32 but for its one row",
        "larger sizes",
        "CuPy's code (--device cuda)" if cpu else "NumPy's code (--device cpu)",
        *(["the other layers (leave out --layer)"] if partly else []),
    ]
    return ["", *wrapped(f"Not checked: {'; '.join(parts)}.")]


def accused(suspect: Suspect, results: Sequence[Result], backward: str) -> list[str]:
    """The first suspect: where its backward stands, both values, and the hints."""
    after = [r for r in worst(in_order(results)) if not r.passed]
    where = list(dict.fromkeys(r.layer for r in after[1:]))
    lines = ["", f"First suspect: {suspect.layer} {suspect.parameter} ({backward})", ""]
    lines += item("setting", suspect.setting.described(suspect.layer))
    if suspect.element:
        e = suspect.element
        values = f"backward {e.analytic:.8g}, differences {e.numeric:.8g}"
        lines += item("element", f"[{', '.join(map(str, e.index))}]: {values}")
    for name, hint in suspect.hints:
        lines += item(name, hint)
    if where:
        lines += item(
            "then",
            f"{len(after) - 1} more in {', '.join(where)}, maybe only for this: mend this first",
        )
    return [*lines, *item("read", f"minigpt check --layer {suspect.layer} --explain")]


def item(name: str, text: str) -> list[str]:
    """A paragraph with its name in a margin."""
    return textwrap.wrap(text, WIDTH, initial_indent=f"{name:<9} ", subsequent_indent=" " * 10)


def wrapped(text: str) -> list[str]:
    """A paragraph."""
    return textwrap.wrap(text, WIDTH)
