"""Results in; out come the lines of `minigpt check`, which fit WIDTH characters."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Sequence

from minigpt.backend import Backend
from minigpt.gradcheck.compare import SIGNS, STEP, TOLERANCE, Result, worst
from minigpt.gradcheck.settings import CONFIG, LAYERS, MODELS, WHOLE, Setting
from minigpt.gradcheck.suspect import Suspect, in_order
from minigpt.gradcheck.whole import FLOAT32, FLOAT32_TOLERANCE, WIDE_STEP

WIDTH = 80
COLUMNS = f"{'layer':<12}  {'gradient of':<22}  {'error':<7}  largest in the setting"


def header(backend: Backend, seed: int, names: Collection[str]) -> list[str]:
    """What is compared, and under which circumstances. `names`: the layers that are checked."""
    device = "CPU" if backend.name == "cpu" else "GPU"
    how = f"float64, {device}, seed {seed}"
    lines = [*wrapped(f"Every backward pass against (f(x + h) - f(x - h)) / 2h: {how}"), ""]
    if set(names) - set(WHOLE):
        how = f"each alone: f = sum(dy * y), dy random; by every element, h = {STEP:.0e},"
        lines += item("layers", how)
        lines += item("", f"of a layer made of others along {SIGNS} directions of random signs")
        lines += item("", sizes([s.on(backend) for s in LAYERS]))
    for name in [name for name in WHOLE if name in names]:
        how = f"f = the loss of {CONFIG.n_layer} blocks; along a random direction for each"
        lines += item(name, how)
        lines += item("", f"parameter, h = {WIDE_STEP:.0e} and {2 * WIDE_STEP:.0e}")
        lines += item("", sizes([s.on(backend) for s in MODELS if s.model == name]))
    how = f"largest difference / largest element: agrees below {TOLERANCE:.0e},"
    lines += item("error", f"{how} float32 with float64 below {FLOAT32_TOLERANCE:.0e}")
    return [*lines, "", COLUMNS]


def sizes(settings: Sequence[Setting]) -> str:
    """The range of each size over the settings."""
    parts: dict[str, Callable[[Setting], float]] = {
        "V": lambda s: s.vocab_size,
        "heads": lambda s: s.heads,
        "dropout": lambda s: s.dropout,
        "tiles of": lambda s: min(s.tile, s.T),
        "chunks of": lambda s: min(s.chunk, s.N),
        "blocks of": lambda s: min(s.block, -(-s.vocab_size // min(s.shards, s.vocab_size))),
        "pieces of": lambda s: min(s.piece, s.N),
        "threads": lambda s: s.threads,
    }
    words = [f"{name} {extent([size(s) for s in settings])}" for name, size in parts.items()]
    B, T = extent([s.B for s in settings]), extent([s.T for s in settings])
    batch = f"{len(settings)} settings: {B} sequences of {T} tokens, width {CONFIG.n_embd}"
    return f"{batch}, {', '.join(words)}"


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


def ending(results: Sequence[Result], of: str = "") -> list[str]:
    """How many gradients agree, and the worst; float32 apart, as it has its own tolerance. `of`:
    the words in front."""
    found = worst(in_order(results))
    right = [r for r in found if r.passed]
    count = f"{of}{len(right)} of {len(found)} agree"
    if len(right) < len(found):
        wrong = len(found) - len(right)
        return ["", f"{count}, {wrong} {'does' if wrong == 1 else 'do'} not"]
    largest = max((r for r in right if r.parameter != FLOAT32), key=lambda r: r.error)
    where = f"{largest.layer} {largest.parameter}, in '{largest.setting}'"
    rounding = [f"; in float32 {r.error:.1e}" for r in right if r.parameter == FLOAT32]
    return ["", *wrapped(f"{count}, worst {largest.error:.1e} ({where}){''.join(rounding)}")]


def limits(backend: Backend, partly: bool) -> list[str]:
    """What a check that passes does not cover. `partly`: whether layers were left out."""
    cpu = backend.name == "cpu"
    parts = [
        "whether the forward pass itself is right (make parity does)",
        "AdamW's update",
        "sampling and its cache",
        "float32, apart from its one row",
        "larger sizes",
        "CuPy's code (--device cuda)" if cpu else "NumPy's code (--device cpu)",
        *(["the other layers (leave out --layer)"] if partly else []),
    ]
    return ["", *wrapped(f"Not checked: {'; '.join(parts)}.")]


def accused(suspect: Suspect, results: Sequence[Result], backward: str) -> list[str]:
    """The first suspect: where its backward stands, both values, and the hints."""
    after = [r for r in worst(in_order(results)) if not r.passed]
    where = list(dict.fromkeys(r.layer for r in after[1:]))
    lines = ["", *wrapped(f"First suspect: {suspect.layer} {suspect.parameter} ({backward})"), ""]
    lines += item("setting", suspect.setting.described(suspect.layer))
    if suspect.element:
        e = suspect.element
        values = f"{e.names[0]} {e.analytic:.8g}, {e.names[1]} {e.numeric:.8g}"
        lines += item("element", f"[{', '.join(map(str, e.index))}]: {values}")
    for name, hint in suspect.hints:
        lines += item(name, hint)
    if where:
        more = f"{len(after) - 1} more in {', '.join(where)}"
        lines += item("then", f"{more}, perhaps because of this one: fix it first")
    return [*lines, *item("read", f"minigpt check --layer {suspect.layer} --explain")]


def item(name: str, text: str) -> list[str]:
    """A paragraph with its name in a margin."""
    return textwrap.wrap(text, WIDTH, initial_indent=f"{name:<9} ", subsequent_indent=" " * 10)


def wrapped(text: str) -> list[str]:
    """A paragraph."""
    return textwrap.wrap(text, WIDTH)
