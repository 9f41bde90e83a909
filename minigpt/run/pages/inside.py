"""A model and a sentence -> what it looks at, what it expects next, and which tokens it takes to be alike."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigpt.disk.foreign import printable
from minigpt.run.pages.figures import BLUE, GREY
from minigpt.run.textmodel import TextModel
from minigpt.tokenizer import Tokenizer

SHOWN_TOKENS = 24  # of the sentence: more do not fit a line of heads
LIKELIEST = 6  # continuations shown for a token
ALIKE, ROWS = 6, 12  # neighbours of a token, and tokens with neighbours
SKY = (0.16, 0.52, 0.80)  # a blue that is visible on white and on black
LEAST_LETTERS = 3


def label(token: bytes) -> str:
    """A token as one can see it: line breaks as arrows; bytes that are no whole character in hexadecimal."""
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(f"<{byte:02x}>" for byte in token)
    return printable(text).replace("\n", "↵").replace("\t", "→")


def labels(tokenizer: Tokenizer, ids: Iterable[int]) -> list[str]:
    """The tokens of a text as one can see them."""
    return [label(tokenizer.tokens[i]) if i != tokenizer.end_of_text else "<end>" for i in ids]


def sentence(model: TextModel, text: str, most: int = SHOWN_TOKENS) -> str:
    """The beginning of a text that the pictures have room for, preferably a whole sentence or line."""
    tokenizer, most = model.tokenizer, min(most, model.context)
    ids = tokenizer.encode(text.strip())[:most]
    cut = tokenizer.decode(ids).rstrip("\ufffd")
    if len(ids) == most:
        ends = [at for mark in (". ", "! ", "? ", ".\n", "\n\n", "。") if (at := cut.rfind(mark)) >= len(cut) // 3]
        cut = cut[: max(ends) + 1] if ends else cut[:at] if (at := cut.rfind(" ")) > len(cut) // 2 else cut
    while len(tokenizer.encode(cut)) > most:
        cut = cut[:-1]
    return cut.strip()


@dataclass(frozen=True)
class Expected:
    """A token of a text, and what the model expected in its place."""

    label: str
    probability: float
    rank: int
    likeliest: list[tuple[str, float]]


def expectations(model: TextModel, text: str) -> list[Expected]:
    """For each token of a text, read as a document is: its probability, and the likeliest tokens there. At most a context long."""
    ids = [model.tokenizer.end_of_text, *model.tokenizer.encode(text)][: model.context + 1]
    logits = model.logits(ids[:-1])[:, : model.tokenizer.vocab_size].astype(np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = []
    for token, row in zip(ids[1:], weights / weights.sum(axis=1, keepdims=True), strict=True):
        first = np.argsort(-row, kind="stable")[:LIKELIEST].tolist()
        names = labels(model.tokenizer, first)
        rank = 1 + int((row > row[token]).sum())
        likeliest = list(zip(names, row[first].tolist(), strict=True))
        found.append(Expected(labels(model.tokenizer, [token])[0], float(row[token]), rank, likeliest))
    return found


def neighbours(model: TextModel, words: Iterable[str]) -> list[tuple[str, list[tuple[str, float]]]]:
    """For the first ROWS of the words that are one token: the tokens with the nearest rows of the embedding, by their cosine."""
    tokenizer = model.tokenizer
    names = {i: _word(token) for i, token in enumerate(tokenizer.tokens) if _word(token)}
    ids = np.array(sorted(names))
    if len(ids) <= ALIKE:
        return []
    rows = model.backend.to_host(model.network.embedding.tokens.value)[ids].astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    at = {int(i): place for place, i in enumerate(ids)}
    found: list[tuple[str, list[tuple[str, float]]]] = []
    for word in words:
        parts = tokenizer.encode(f" {word}")
        if len(found) == ROWS or len(parts) != 1 or parts[0] not in at:
            continue
        likeness = rows @ rows[at[parts[0]]]
        near: list[tuple[str, float]] = []
        for place in np.argsort(-likeness, kind="stable"):
            name = names[int(ids[place])]
            if name.casefold() not in {word.casefold(), *(other.casefold() for other, _ in near)}:
                near.append((name, float(likeness[place])))
            if len(near) == ALIKE:
                break
        found.append((word, near))
    return found


def _word(token: bytes) -> str:
    """The word that a token is, with the space before it; "" for other tokens."""
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    word = text[1:]
    return word if text.startswith(" ") and word.isalpha() and (len(word) >= LEAST_LETTERS or not word.isascii()) else ""


def thumbnail(weights: np.ndarray) -> str:
    """One head's weights (T, T) as a small PNG in a data: link, a pixel for each pair of tokens; transparent where they are 0."""
    from matplotlib.image import imsave

    pixels = np.zeros((*weights.shape, 4))
    pixels[..., :3], pixels[..., 3] = SKY, np.sqrt(np.clip(weights, 0, 1))
    file = io.BytesIO()
    unsigned: dict[str, Any] = {"Software": None}  # the same bytes whatever the version of matplotlib
    imsave(file, pixels, format="png", metadata=unsigned)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def packed(weights: np.ndarray) -> str:
    """All weights on and below the diagonals, in 255ths, as base64: layer by layer, head by head, row by row."""
    T = weights.shape[-1]
    rows, columns = np.tril_indices(T)
    return base64.b64encode(np.rint(255 * weights[..., rows, columns]).astype(np.uint8).tobytes()).decode()


def draw_heads(fig: Any, weights: np.ndarray, names: Sequence[str], layers: Sequence[int], heads: Sequence[int]) -> None:
    """Attention, a square for each head: layers below each other, heads side by side. Rows look at columns; the darker, the more."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = LinearSegmentedColormap.from_list("attention", ["#ffffff", BLUE])
    lone = len(layers) == len(heads) == 1
    grid = fig.subplots(len(layers), len(heads), squeeze=False)
    for row, layer in zip(grid, layers, strict=True):
        for ax, head in zip(row, heads, strict=True):
            ax.imshow(weights[layer, head], cmap=colors, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(True)
            ax.spines[:].set_color(GREY)
            if head == heads[0]:
                size = 9.0 if lone else max(2.5, min(8.0, 110 / len(names)))
                ax.set_yticks(range(len(names)), [name.strip() or "␣" for name in names], fontsize=size)
                ax.tick_params(length=0)
            if lone or layer == layers[-1]:
                size = 9.0 if lone else max(2.5, min(8.0, 110 / len(names)))
                ax.set_xticks(range(len(names)), [name.strip() or "␣" for name in names], fontsize=size, rotation=90)
                ax.tick_params(length=0)
            ax.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=8.5, loc="center")
