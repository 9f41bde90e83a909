"""How much each document of a corpus agrees with the others: texts in; of each its features and a quality from 0 to 1 out.

A small language model of the corpus itself is the judge. Of every document it knows only what the others say (its own counts are taken
out), so that a corpus of good documents with some bad ones among them gives the bad ones away:

- fit: the mean log-probability of its words, each for itself. Another subject has other words.
- flow: the mean of log p(b | a) - log p(b) over neighbours a, b with white space between them: words that were shuffled follow each
  other by chance only, while what stands inside a word ("it's", "x.shape") stays together.
- end: how much likelier than elsewhere a document ends after its last word, as a logarithm. A cut one ends where others go on.
- line: the same for the end of a line, which in verse and lists is the surer sign.
- length: the logarithm of its number of words. A cut one is short for its kind.
- topic: how well it fits what was asked, from `topicality.py`.
- apart: how far its subject stands apart, from `subjects.py`.

What is unusual is measured against documents of the same kind by median and median absolute deviation, and only what falls short counts.
Afterwards everything is computed once more with the doubtful documents left out of the model, which makes the difference clear.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

import numpy as np

from minigpt.corpus.choose.subjects import apartness

TOKEN = re.compile(r"\w+|[^\w\s]|\n+")
PRIOR = 2.0  # how many observations the unigram model counts as, against those of a word's followers
END_PRIOR = 4.0
MOST_FLOW = 2.0  # nats; one rare word or set phrase does not decide about a document
LEAST_KIND = 8  # documents; a smaller kind is compared with all
# feature -> weight of a deviation; the deviation, in the feature's own unit, that is always taken as usual
WEIGHTS = {"fit": (2.0, 0.05), "flow": (3.0, 0.05), "line": (1.0, 0.4), "length": (0.6, 0.25), "apart": (1.0, 0.1), "topic": (2.0, 0.1)}
CLOSINGS = {"end": 0.5}  # these have a natural zero: what closes less often than any word does falls short
ROUNDS = 4  # of recomputing qualities, with a model of what was good in the round before
TOLERATED = 1.0  # deviations below the median, about
SHARPNESS = 2.0  # of the bend there
TO_SIGMA = 1.4826  # of a normal distribution, from the median absolute deviation
FAR = 8.0  # deviations; what is farther is no worse

Features = dict[str, np.ndarray]


class Tokens:
    """The words of all documents as numbers: `ids` (n,), `document` (n,) the number of the one that each stands in.

    An end mark stands behind each document and before the first.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        numbers: dict[str, int] = {"": 0}
        ids, lengths, spaced = [0], [], []
        self.shapes = [0]  # of each word: its last character if that is punctuation, else whether it is a number or a word
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
        self.spaced = np.array(spaced)  # of each place: whether white space stands before it
        self.document = np.repeat(np.arange(len(texts)), lengths)
        self.size = len(numbers)
        self.breaks = np.array(["\n" in token for token in numbers])  # of each word: whether it is a line's end


def features(tokens: Tokens, weights: np.ndarray) -> Features:
    """The features of every document (D,), by a model in which each document counts with its weight (D,)."""
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
    inside = after != 0  # the end has a feature of its own
    return {
        "fit": _mean(np.log(p), inside, document, len(weights)),
        "flow": _mean(np.clip(np.log(follows / p), -MOST_FLOW, MOST_FLOW), tokens.spaced, document, len(weights)),
        "end": _closing(tokens, before, ~inside, weights),
        "line": _closing(tokens, before, ~inside | tokens.breaks[after], weights),
        "length": np.log(tokens.lengths),
    }


def _closing(tokens: Tokens, before: np.ndarray, closes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """log p(closed | last word) - log p(closed) of every document, where `closes` (n,) says which places close something.

    By the word itself, backed by the words of its shape: "the" closes nothing, a full stop much, and a word of verse as much as others.
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
    """For each place, how often its key stands in the other documents, by their weights; only places in `some` are counted."""
    _, numbers = np.unique(keys, return_inverse=True)
    everywhere = np.bincount(numbers, weight)
    _, own = np.unique(document * (numbers.max() + 1) + numbers, return_inverse=True)
    counts = np.bincount(own, some)
    rest: np.ndarray = np.maximum(everywhere[numbers] - counts[own] * weights[document], 0.0)
    return rest


def _mean(values: np.ndarray, inside: np.ndarray, document: np.ndarray, D: int) -> np.ndarray:
    """The mean (D,) over the places of each document that are `inside`."""
    sums: np.ndarray = np.bincount(document[inside], values[inside], D)
    counts: np.ndarray = np.bincount(document[inside], minlength=D)
    mean: np.ndarray = sums / np.maximum(counts, 1)
    return mean


def shortfall(features: Features, kinds: Sequence[Hashable]) -> np.ndarray:
    """How far each document (D,) falls short of what is usual in its kind, in weighted deviations beyond what is tolerated."""
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
    """How far deviations go beyond what is tolerated: softplus, since among the tolerated ones, too, less is better."""
    result: np.ndarray = np.logaddexp(0.0, SHARPNESS * (deviations - TOLERATED)) / SHARPNESS
    return result


def qualities(texts: Sequence[str], kinds: Sequence[Hashable], topic: np.ndarray | None = None) -> np.ndarray:
    """The quality (D,) of each document, 1 for what is as usual as most, towards 0 for what no other is like. `topic` (D,): how well
    each fits what was asked, in any unit."""
    if len(texts) < LEAST_KIND:
        return np.ones(len(texts))
    tokens = Tokens(texts)
    inside = tokens.ids[1:] != 0
    apart = apartness(tokens.ids[1:][inside], tokens.document[inside], len(texts))
    fixed = {"apart": -apart, "topic": np.zeros(len(texts)) if topic is None else topic}
    quality = np.ones(len(texts))
    for _ in range(ROUNDS):
        quality = 1 / (1 + shortfall(features(tokens, quality**2) | fixed, kinds))
    usual = 1 / (1 + sum(weight for weight, _ in WEIGHTS.values()) * _beyond(np.zeros(1)))  # of one that is at the median in everything
    capped: np.ndarray = np.minimum(quality / usual, 1.0)
    return capped
