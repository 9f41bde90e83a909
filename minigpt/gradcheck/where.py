"""Which elements of a gradient are wrong, in words: which rows and columns, and what those are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigpt.gradcheck.patterns import Array, span, wrong_elements
from minigpt.gradcheck.settings import CONFIG, Setting

FEW = 0.1  # of the elements: up to so many may be right by chance


def where_wrong(
    analytic: Array,
    numeric: Array,
    share: float,
    named: Mapping[str, Array],
    taken: Array | None = None,
) -> tuple[str, Array]:
    """Where two gradients of one shape differ, and of which columns or elements of a vector.

    `named`: rows by name. `taken`: which rows of the gradient these are, if not all.
    """
    wrong, right = told_apart(analytic, numeric, share)
    if wrong.ndim < 2:
        wrong, right = wrong[None], right[None]
    rows, columns = wrong.any(axis=1), wrong.any(axis=0)
    if right.sum() <= FEW * (right | wrong).sum():
        return "everywhere", columns
    right_rows, right_columns = right.any(axis=1) & ~rows, right.any(axis=0) & ~columns
    known = {name: mask if taken is None else mask[taken] for name, mask in named.items()}
    name = name_of(rows, right_rows, known) if right_rows.any() else None
    inside = np.ix_(rows, columns)
    if name is None and right[inside].sum() > FEW * (right | wrong)[inside].sum():
        return f"in {wrong.sum()} of its {wrong.size} elements, here and there", columns
    parts = [name] if name else []
    if not name and right_rows.any():
        parts.append(run(rows, right_rows, "row", taken))
    if right_columns.any():
        parts.append(run(columns, right_columns, "column" if analytic.ndim > 1 else "element"))
    return f"only in {' and in '.join(parts)}", columns


def told_apart(analytic: Array, numeric: Array, share: float) -> tuple[Array, Array]:
    """Which elements are wrong and which are right, as booleans of the gradients' shape.

    An element too small to show a mistake of the usual relative size is neither: where dropout
    makes both gradients 0, nobody can tell.
    """
    wrong = wrong_elements(analytic, numeric, share)
    size = np.maximum(np.abs(np.nan_to_num(analytic)), np.abs(numeric))
    off = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    usual = min(float(np.median(off[wrong] / np.maximum(size[wrong], 1e-300))), 1.0)
    return wrong, ~wrong & (size * usual > share * size.max())


def name_of(wrong: Array, right: Array, named: Mapping[str, Array]) -> str | None:
    """The name of rows that has all the wrong ones and none of the right ones."""
    for name, mask in named.items():
        if len(mask) == len(wrong) and mask[wrong].all() and not mask[right].any():
            return name
    return None


def run(wrong: Array, right: Array, what: str, taken: Array | None = None) -> str:
    """The wrong ones along one axis: a range, or how many."""
    at = np.flatnonzero(wrong)
    first, last = int(at[0]), int(at[-1])
    if right[first : last + 1].any():
        return f"{len(at)} of {len(wrong)} {what}s"
    ends = (first, last) if taken is None else (int(taken[first]), int(taken[last]))
    return f"{what}{'s' * (last > first)} {span(*ends)}"


def attention_part(columns: Array, heads: int) -> str:
    """What these columns of an attention layer's gradient are: q, k, v, a head; empty if all."""
    if len(columns) % CONFIG.n_embd:
        return ""
    split: Any = columns.reshape(-1, heads, CONFIG.n_embd // heads)
    thirds = split.any(axis=2)  # (q k v or only one, head)
    touched = [name for name, part in zip("qkv", thirds, strict=False) if part.any()]
    words = [" and ".join(touched)] if len(thirds) == 3 and 1 <= len(touched) < 3 else []
    head = np.flatnonzero(thirds.any(axis=0))
    words += [f"head {head[0]}"] if len(head) == 1 < heads else []
    return f" ({', '.join(words)})" if words else ""


def rows_by_name(length: int, layer: str, setting: Setting) -> dict[str, Array]:
    """Rows (N,) of a gradient of hidden states that code may treat unlike the others."""
    if length != setting.N:
        return {}
    n, T = np.arange(length), setting.T
    t = n % T
    ends = {"the first piece": n < setting.piece, "the first sequence": n < T}
    ends |= {"the first position of each sequence": t == 0, "the first row": n == 0}
    loss = layer == "CrossEntropy"
    cut = {"the first chunk": n < setting.chunk} if loss else {"the first tile": t < setting.tile}
    found = {f"rows of {name}": mask for name, mask in {**cut, **ends}.items()}
    found |= {f"rows beyond {name} (a boundary?)": ~mask for name, mask in {**cut, **ends}.items()}
    return found | {"rows of the last position": t == T - 1, "the last row": n == length - 1}
