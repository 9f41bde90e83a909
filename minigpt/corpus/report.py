"""What a corpus is like: its documents in, one by one; out come the figures, a verdict in words, and five of them drawn by lot."""

from __future__ import annotations

import random
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from minigpt.config import SIZES, Size
from minigpt.corpus.clean import opening

SAMPLE_WORDS = 300_000  # the first ones, by which variety and information are measured: distinct shares fall with the length measured
OPENINGS = 200_000  # documents, whose openings are counted
SHOWN = 5  # documents, and openings
PERCENTILES = (5, 25, 50, 75, 95)
BITS_A_PARAMETER = 3.6  # that a GPT can hold by heart (Morris et al. 2025, "How much do language models memorize?")
MODEL_BETTER = 0.6  # of DEFLATE's size: about what a good model of a text needs of it
FREE_PROSE = 0.9  # of the four-word sequences are different: five corpora by a small language model have 0.93 to 0.96, templates 0.3 to 0.6
LITTLE = 100_000  # tokens of it: a 12M that read 8,000, and one that read 50,000, speak in phrases (held-out losses 4.3 to 4.8)
WANTED = {"12M": 15_000, "33M": 50_000, "117M": 150_000}  # tokens from which a size can show what it has over the smaller one


class CorpusReport:
    """Fed with every document that was kept. Memory: four bytes a document, and what SAMPLE_WORDS and OPENINGS hold."""

    def __init__(self, seed: int) -> None:
        self.lengths = array("I")  # tokens of each document
        self.openings: Counter[str] = Counter()
        self.examples: list[str] = []
        self._grams: dict[int, set[int]] = {1: set(), 2: set(), 4: set()}
        self._all: Counter[int] = Counter()
        self._words = self._text_bytes = self._packed_bytes = self._sample_tokens = 0
        self._packer = zlib.compressobj(9, wbits=15)
        self._rng = random.Random(seed)

    def add(self, text: str, tokens: int) -> None:
        """One more document, and how many tokens it has."""
        self.lengths.append(tokens)
        if len(self.lengths) <= OPENINGS:
            self.openings[opening(text)] += 1
        place = len(self.lengths) - 1 if len(self.lengths) <= SHOWN else self._rng.randrange(len(self.lengths))
        if place < SHOWN:  # reservoir sampling
            self.examples[place : place + 1] = [text]
        if self._words < SAMPLE_WORDS:
            self._measure(text, tokens)

    def _measure(self, text: str, tokens: int) -> None:
        spoken = text.lower().split()
        self._words += len(spoken)
        self._sample_tokens += tokens
        for n, grams in self._grams.items():
            grams.update(hash(tuple(spoken[i : i + n])) for i in range(len(spoken) - n + 1))
            self._all[n] += max(0, len(spoken) - n + 1)
        self._packed_bytes += len(self._packer.compress(text.encode("utf-8", "surrogatepass")))

    def figures(self, dropped: Counter[str], trimmed: Counter[str], size: Size, parameters: int) -> dict[str, Any]:
        """Everything as JSON has it. `parameters` of the model that is to learn it."""
        documents, tokens = len(self.lengths), sum(self.lengths)
        seen = documents + sum(dropped.values())
        ordered = sorted(self.lengths)
        bits = self._bits_a_token() * tokens
        distinct = {n: len(grams) / max(1, self._all[n]) for n, grams in self._grams.items()}
        share = min(1.0, BITS_A_PARAMETER * parameters / max(1.0, bits))
        return {
            "documents": documents,
            "tokens": tokens,
            "vocabulary": len(self._grams[1]),
            "unique_share": round(1 - dropped["duplicate"] / max(1, seen), 4),
            "near_duplicates": round(dropped["near duplicate"] / max(1, seen), 4),
            **{f"distinct_{n}": round(value, 4) for n, value in distinct.items()},
            "openings": [[text, count] for text, count in self.openings.most_common(SHOWN)],
            "length_percentiles": {str(p): ordered[min(documents - 1, documents * p // 100)] if documents else 0 for p in PERCENTILES},
            "dropped": dict(sorted(dropped.items())),
            "trimmed": dict(sorted((+trimmed).items())),
            "bits": round(bits),
            "memorizable_share": round(share, 4),
            "verdict": verdict(documents, tokens, distinct[4], self.openings.most_common(1), bits, parameters, size),
            "recommended_size": recommended(tokens),
            "examples": self.examples,
        }

    def _bits_a_token(self) -> float:
        """The information of a token, from how far the sample can be packed."""
        if not self._sample_tokens:
            return 0.0
        packed = self._packed_bytes + len(self._packer.copy().flush())
        return MODEL_BETTER * 8 * packed / self._sample_tokens


def verdict(
    documents: int, tokens: int, distinct_4: float, commonest: Sequence[tuple[str, int]], bits: float, parameters: int, size: Size
) -> list[str]:
    """The figures in words, a sentence each."""
    said = []
    if documents < 20:
        said.append(f"Very few documents ({documents}): the model will learn these rather than their kind.")
    if distinct_4 >= 0.35:
        said.append("Varied: a turn of phrase seldom comes twice.")
    else:
        said.append(f"Repetitive: only {distinct_4:.0%} of its four-word sequences are different, and the model will repeat itself too.")
    if commonest and commonest[0][1] > 0.15 * documents and documents >= 20:
        said.append(f'{commonest[0][1] / documents:.0%} of the documents begin "{commonest[0][0]}".')
    times = BITS_A_PARAMETER * parameters / max(1.0, bits)
    if times >= 1:
        said.append(
            f"About {bits / 8e3:,.0f} kB of information, of which {size.name} could hold {times:,.0f} times as much by heart (estimated at"
            f" {BITS_A_PARAMETER} bits a parameter): the held-out documents decide when it has learned enough."
        )
    else:
        said.append(f"More than {size.name} can hold by heart (about {times:.0%} of it): it will have to generalize.")
    if tokens < LITTLE and distinct_4 >= FREE_PROSE:
        said.append(
            "Free prose, and little of it: expect phrases in its manner rather than whole sentences; more text helps, not more epochs."
        )
    best = recommended(tokens)
    if best != size.name:
        said.append(f"{tokens:,} tokens: {best} fits. {advice(size, tokens, best)}")
    else:
        larger = [name for name, wanted in WANTED.items() if wanted > tokens]
        more = f"; {larger[-1]} wants {WANTED[larger[-1]] / max(1, tokens):,.0f} times that" if larger else ""
        said.append(f"{tokens:,} tokens: {best}{more}.")
    return said


def recommended(tokens: int) -> str:
    """The size that so many tokens are enough for."""
    fitting = [name for name, wanted in WANTED.items() if wanted <= tokens]
    return fitting[-1] if fitting else "12M"


def advice(size: Size, tokens: int, best: str) -> str:
    """Why a chosen size is more, or less, than the corpus asks for."""
    if WANTED[size.name] > tokens:
        return f"{size.name} wants {WANTED[size.name]:,} and takes longer for about the same result."
    ratio = SIZES[best].n_embd / size.n_embd
    return (
        f"{size.name} learns it faster, {best} (about {ratio**2 * SIZES[best].n_layer / size.n_layer:.0f} times the work a token) better."
    )
