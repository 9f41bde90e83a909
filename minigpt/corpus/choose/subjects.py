"""Measures how far the subject of each document is from that of the corpus.

A mixture of unigram models (Nigam et al. 2000) groups documents by their words, for several numbers of groups. A group's distance is the
Kullback-Leibler divergence of its words from those of the whole corpus, in nats per word. Half the corpus cannot be far from the whole;
a few recipes among news are.
"""

from __future__ import annotations

import numpy as np

from minigpt.machine import blas
from minigpt.threads import quiet

GROUPS = (2, 4, 8)
ATTEMPTS, ROUNDS = 3, 12
SMOOTHING = 5.0  # pseudo-counts from the whole corpus in each group
FIRST_SMOOTHING = 20.0  # the same while a group has one document


@quiet
@blas.limited()
def apartness(ids: np.ndarray, document: np.ndarray, D: int) -> np.ndarray:
    """Word ids (n,) and the document (n,) of each -> divergence (D,) in nats per word, the mean over GROUPS."""
    counts = np.bincount(ids) + 0.5
    common = np.log(counts / counts.sum())
    lengths = np.maximum(np.bincount(document, minlength=D), 1)
    result: np.ndarray = np.mean(
        [_apart(_best_mixture(ids, document, common, lengths, K), ids, document, common) for K in GROUPS if K < D], axis=0
    )
    return result


def _apart(group: np.ndarray, ids: np.ndarray, document: np.ndarray, common: np.ndarray) -> np.ndarray:
    """The divergence (D,) of each document's group from the whole corpus."""
    result = np.zeros(len(group))
    for k in np.unique(group):
        counts = np.bincount(ids[group[document] == k], minlength=len(common))
        result[group == k] = counts @ (_log_share(counts, common, SMOOTHING) - common) / max(1, counts.sum())
    return result


def _best_mixture(ids: np.ndarray, document: np.ndarray, common: np.ndarray, lengths: np.ndarray, K: int) -> np.ndarray:
    """The group (D,) of each document in the most likely of several mixtures of K."""
    attempts = (_mixture(ids, document, common, lengths, K, np.random.default_rng([K, attempt])) for attempt in range(ATTEMPTS))
    return max(attempts, key=lambda found: found[0])[1]


def _mixture(
    ids: np.ndarray, document: np.ndarray, common: np.ndarray, lengths: np.ndarray, K: int, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Fit a mixture by EM, initialised with K documents far from each other: its log-likelihood, and each document's group (D,)."""
    D = len(lengths)

    def likelihood(words: np.ndarray) -> np.ndarray:
        return np.bincount(document, words[ids], D)

    scores = np.empty((K, D))
    best = np.full(D, -np.inf)
    for k in range(K):
        centre = rng.integers(D) if k == 0 else int(np.argmin(best))
        words = _log_share(np.bincount(ids[document == centre], minlength=len(common)), common, FIRST_SMOOTHING)
        scores[k] = likelihood(words)
        best = np.maximum(best, likelihood(words - common) / lengths)
    for _ in range(ROUNDS):
        share = np.exp(scores - scores.max(axis=0))
        share /= share.sum(axis=0)
        for k in range(K):
            words = _log_share(np.bincount(ids, share[k][document], len(common)), common, SMOOTHING)
            scores[k] = likelihood(words) + np.log(share[k].mean() + 1e-6)
    return float(np.logaddexp.reduce(scores, axis=0).sum()), scores.argmax(axis=0)


def _log_share(counts: np.ndarray, common: np.ndarray, smoothing: float) -> np.ndarray:
    """Log-probabilities from word counts, smoothed by the distribution of the whole corpus."""
    smoothed = counts + smoothing * np.exp(common)
    result: np.ndarray = np.log(smoothed / smoothed.sum())
    return result
