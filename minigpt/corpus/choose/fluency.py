"""Scores the quality of each document, from 0 to 1, by how much it resembles the rest of the corpus.

The judge is a small n-gram model of the corpus itself. Each document is scored by the counts of the others only (its own are
subtracted), so that a few bad documents among many good ones stand out:

- fit: the mean unigram log-probability of its words. Another subject has other words.
- flow: the mean of log p(b | a) - log p(b) over words a, b separated by white space. Shuffled words follow each other only by chance;
  parts of one word ("it's", "x.shape") would stay together even then.
- end: the log-ratio of how likely a document is to end after its last word rather than elsewhere. A truncated one ends where others
  continue.
- line: the same for the end of a line, the better sign in verse and lists.
- length: the log of its number of words. A truncated document is short for its kind.
- topic: how well it matches the request, from `topicality.py`.
- apart: how far its subject is from the rest, from `subjects.py`.

Features are compared within the same kind of document by median and median absolute deviation, and only shortfalls count. The scores
are then recomputed with doubtful documents weighted down in the model, which sharpens the difference.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

import numpy as np

from minigpt.corpus.choose.subjects import apartness

TOKEN = re.compile(r"\w+|[^\w\s]|\n+")
PRIOR = 2.0  # pseudo-counts of the unigram model in a word's followers
END_PRIOR = 4.0
MOST_FLOW = 2.0  # nats; bounds the effect of one rare word or set phrase
LEAST_KIND = 8  # documents; a smaller kind is compared with the whole corpus
# feature -> weight of a deviation; the spread, in the feature's unit, that is always added
WEIGHTS = {"fit": (2.0, 0.05), "flow": (3.0, 0.05), "line": (1.0, 0.4), "length": (0.6, 0.25), "apart": (1.0, 0.1), "topic": (2.0, 0.1)}
CLOSINGS = {"end": 0.5}  # these have a natural zero: below it, the last word ends texts less often than the average word
ROUNDS = 4  # rounds of rescoring, each with a model weighted by the scores of the round before
TOLERATED = 1.0  # deviations below the median that cost little
SHARPNESS = 2.0  # of the softplus at that point
TO_SIGMA = 1.4826  # median absolute deviation -> sigma of a normal distribution
FAR = 8.0  # deviations; a cap

Features = dict[str, np.ndarray]


class Tokens:
    """The words of all documents as `ids`, with end marks (id 0) before the first document and after each.

    `document` (n,) is the number of the document of ids[1:].
    """

    def __init__(self, texts: Sequence[str]) -> None:
        numbers: dict[str, int] = {"": 0}
        ids, lengths, spaced = [0], [], []
        self.shapes = [0]  # by word: its last character if punctuation, else whether it is a number or a word
        shape_of: dict[str, int] = {"": 0}
        for text in texts:
            text = text.lower()
            found = TOKEN.findall(text) or ["\n"]
            spaced += [place.start() > 0 and text[place.start() - 1].isspace() for place in TOKEN.finditer(text)] or [False]
            spaced.append(False)
            for token in found:
                if token not in numbers:
                    numbers[token] = len(numbers)
                    kind = "word" if token[-1].isalpha() else "number" if token[-1].isdigit() else token[-1]
                    self.shapes.append(shape_of.setdefault(kind, len(shape_of)))
            ids += [numbers[token] for token in found] + [0]
            lengths.append(len(found) + 1)
        self.ids = np.array(ids)
        self.lengths = np.array(lengths)
        self.spaced = np.array(spaced)  # by position: whether white space precedes it
        self.document = np.repeat(np.arange(len(texts)), lengths)
        self.size = len(numbers)
        self.breaks = np.array(["\n" in token for token in numbers])  # by word: whether it ends a line


def features(tokens: Tokens, weights: np.ndarray) -> Features:
    """The features (D,) of every document, under a model that weights each document by `weights` (D,)."""
    after, document = tokens.ids[1:], tokens.document
    before = tokens.ids[:-1].copy()
    before[np.concatenate([[0], np.cumsum(tokens.lengths)[:-1]])] = 0
    weight = weights[document]
    once = _others(after, document, weight, weights)
    total = max(float(weight.sum()), 1.0) - weights[document] * tokens.lengths[document]
    p = (once + 0.1) / (np.maximum(total, 1.0) + 0.1 * tokens.size)
    pair = _others(before * tokens.size + after, document, weight, weights)
    context = _others(before, document, weight, weights)
    follows = (pair + PRIOR * p) / (context + PRIOR)
    inside = after != 0  # the end is a separate feature
    return {
        "fit": _mean(np.log(p), inside, document, len(weights)),
        "flow": _mean(np.clip(np.log(follows / p), -MOST_FLOW, MOST_FLOW), tokens.spaced, document, len(weights)),
        "end": _closing(tokens, before, ~inside, weights),
        "line": _closing(tokens, before, ~inside | tokens.breaks[after], weights),
        "length": np.log(tokens.lengths),
    }


def _closing(tokens: Tokens, before: np.ndarray, closes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """log p(closed | last word) - log p(closed) of every document; `closes` (n,) marks the positions that end something.

    Estimated for the word, with the words of its shape as prior: "the" never ends a text, a full stop often does.
    """
    document = tokens.document
    last = np.cumsum(tokens.lengths) - 1
    weight = weights[document]
    rate = float((weight * closes).sum() / max(weight.sum(), 1e-9))
    stood, closed = (_others(before, document, weight * some, weights, some)[last] for some in (np.ones_like(closes), closes))
    shapes = np.array(tokens.shapes)[before]
    shape_stood, shape_closed = (_others(shapes, document, weight * some, weights, some)[last] for some in (np.ones_like(closes), closes))
    by_shape = (shape_closed + END_PRIOR * rate) / (shape_stood + END_PRIOR)
    result: np.ndarray = np.log((closed + END_PRIOR * by_shape) / (stood + END_PRIOR) / max(rate, 1e-9))
    return result


def _others(keys: np.ndarray, document: np.ndarray, weight: np.ndarray, weights: np.ndarray, some: np.ndarray | None = None) -> np.ndarray:
    """For each position, the weighted count of its key in the other documents; only positions in `some` are counted."""
    _, numbers = np.unique(keys, return_inverse=True)
    everywhere = np.bincount(numbers, weight)
    _, own = np.unique(document * (numbers.max() + 1) + numbers, return_inverse=True)
    counts = np.bincount(own, some)
    rest: np.ndarray = np.maximum(everywhere[numbers] - counts[own] * weights[document], 0.0)
    return rest


def _mean(values: np.ndarray, inside: np.ndarray, document: np.ndarray, D: int) -> np.ndarray:
    """The mean (D,) over the positions of each document that are `inside`."""
    sums: np.ndarray = np.bincount(document[inside], values[inside], D)
    counts: np.ndarray = np.bincount(document[inside], minlength=D)
    mean: np.ndarray = sums / np.maximum(counts, 1)
    return mean


def shortfall(features: Features, kinds: Sequence[Hashable]) -> np.ndarray:
    """How far each document (D,) falls short of its kind, in weighted deviations beyond the tolerance."""
    members: dict[Hashable, list[int]] = {}
    for number, kind in enumerate(kinds):
        members.setdefault(kind, []).append(number)
    everyone = np.arange(len(kinds))
    result = np.zeros(len(kinds))
    for group in members.values():
        base = np.array(group) if len(group) >= LEAST_KIND else everyone
        for name, (weight, floor) in WEIGHTS.items():
            values = features[name]
            middle = np.median(values[base])
            spread = TO_SIGMA * np.median(np.abs(values[base] - middle)) + floor
            result[group] += weight * np.minimum(_beyond((middle - values[group]) / spread), FAR)
    for name, weight in CLOSINGS.items():
        result += weight * np.clip(-features[name], 0.0, FAR)
    return result


def _beyond(deviations: np.ndarray) -> np.ndarray:
    """Deviations beyond the tolerance, as a softplus: among tolerated ones, too, less is better."""
    result: np.ndarray = np.logaddexp(0.0, SHARPNESS * (deviations - TOLERATED)) / SHARPNESS
    return result


def qualities(texts: Sequence[str], kinds: Sequence[Hashable], topic: np.ndarray | None = None) -> np.ndarray:
    """The quality (D,) of each document: 1 for a typical one, towards 0 for an outlier. `topic` (D,): how well each matches the
    request, in any unit."""
    if len(texts) < LEAST_KIND:
        return np.ones(len(texts))
    tokens = Tokens(texts)
    inside = tokens.ids[1:] != 0
    apart = apartness(tokens.ids[1:][inside], tokens.document[inside], len(texts))
    fixed = {"apart": -apart, "topic": np.zeros(len(texts)) if topic is None else topic}
    quality = np.ones(len(texts))
    for _ in range(ROUNDS):
        quality = 1 / (1 + shortfall(features(tokens, quality**2) | fixed, kinds))
    usual = 1 / (1 + sum(weight for weight, _ in WEIGHTS.values()) * _beyond(np.zeros(1)))  # of a document at the median in every feature
    capped: np.ndarray = np.minimum(quality / usual, 1.0)
    return capped
