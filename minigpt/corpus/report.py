"""Describes a corpus: statistics, a verdict in words, and five random examples."""

from __future__ import annotations

import random
import zlib
from array import array
from collections import Counter
from typing import Any

from minigpt.config import SIZES, Size
from minigpt.corpus.documents import opening
from minigpt.errors import counted

SAMPLE_WORDS = 300_000  # measured for repetition and information: distinct shares fall with length, so the length is fixed
OPENINGS = 200_000  # documents whose openings are counted
SHOWN = 5  # examples, and openings
PERCENTILES = (5, 25, 50, 75, 95)
BITS_A_PARAMETER = 3.6  # that a GPT can memorise (Morris et al. 2025, "How much do language models memorize?")
MODEL_BETTER = 0.6  # a good model's share of DEFLATE's size, about
REPETITIVE, VARIED, FREE = 0.35, 0.5, 0.9  # distinct four-word sequences: templates have 0.3 to 0.6, teachers 0.93 to 0.96
MEASURABLE = 1000  # four-word sequences; with fewer, hardly any text repeats one
FEW, MANY = 20, 0.15  # documents; share of them that begin alike
LITTLE = 100_000  # tokens of varied prose: a 12M trained on 8,000 or 50,000 writes phrases, not sentences (held-out loss 4.3 to 4.8)
WANTED = {"12M": 15_000, "33M": 50_000, "117M": 150_000}  # tokens from which a size beats the next smaller one


class CorpusReport:
    """Collects statistics of the kept documents. Memory: four bytes a document, plus samples of bounded size."""

    def __init__(self, seed: int) -> None:
        self.lengths = array("I")  # tokens of each document
        self.openings: Counter[str] = Counter()
        self.examples: list[str] = []
        self._grams: dict[int, set[int]] = {1: set(), 2: set(), 4: set()}
        self._all: Counter[int] = Counter()
        self._words = self._packed_bytes = self._sample_tokens = 0
        self._packer = zlib.compressobj(9, wbits=15)
        self._rng = random.Random(seed)
        self.warning = ""  # the sentence of the verdict that matters most, if all is not well; known with the figures

    def add(self, text: str, tokens: int) -> None:
        """Count a document and its tokens."""
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

    def figures(
        self, dropped: Counter[str], trimmed: Counter[str], size: Size | None, parameters: int, held_out: bool = True
    ) -> dict[str, Any]:
        """All statistics, as JSON. `size` (None if custom) and `parameters` are those of the model to train."""
        documents, tokens = len(self.lengths), sum(self.lengths)
        seen = documents + sum(dropped.values())
        ordered = sorted(self.lengths)
        bits = self._bits_a_token() * tokens
        distinct = {n: len(grams) / max(1, self._all[n]) for n, grams in self._grams.items()}
        share = min(1.0, BITS_A_PARAMETER * parameters / max(1.0, bits))
        figures = {
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
            "recommended_size": recommended(tokens),
            "examples": self.examples,
        }
        self.warning = warning(figures, size)
        measured = {"parameters": parameters, "sampled": self._sample_tokens < tokens}
        return figures | {"verdict": verdict(figures | measured, self._all[4], size, held_out)}

    def _bits_a_token(self) -> float:
        """Bits of information per token, estimated from how well the sample compresses."""
        if not self._sample_tokens:
            return 0.0
        packed = self._packed_bytes + len(self._packer.copy().flush())
        return MODEL_BETTER * 8 * packed / self._sample_tokens


def warning(facts: dict[str, Any], size: Size | None) -> str:
    """The sentence of the verdict that a person should not miss; empty if all is well."""
    documents, tokens, best = facts["documents"], facts["tokens"], facts["recommended_size"]
    if documents < FEW and tokens < LITTLE:
        return few(documents)
    if tokens < WANTED[best] / 2 or (size is not None and WANTED[size.name] > tokens):
        return enough(tokens, size)
    return variety(facts["distinct_4"], MEASURABLE, False) if facts["distinct_4"] < REPETITIVE else ""


def few(documents: int) -> str:
    """What a model makes of so few documents."""
    return f"Only {counted(documents, 'document')}: the model will memorise {'it' if documents == 1 else 'them'}, not learn the genre."


def verdict(facts: dict[str, Any], sequences: int, size: Size | None, held_out: bool) -> list[str]:
    """The figures in words, one sentence each. `sequences`: four-word sequences measured; `size`: None if custom."""
    documents, tokens = facts["documents"], facts["tokens"]
    said = []
    if documents < FEW and tokens < LITTLE:
        said.append(few(documents))
    said.append(variety(facts["distinct_4"], sequences, facts["sampled"]))
    if documents >= FEW and facts["openings"][0][1] > MANY * min(documents, OPENINGS):
        text, count = facts["openings"][0]
        said.append(f'{count / min(documents, OPENINGS):.0%} of the documents begin "{text}".')
    said.append(memory(facts["bits"], facts["parameters"], size, held_out))
    if tokens < LITTLE and facts["distinct_4"] >= FREE and sequences >= MEASURABLE:
        said.append(
            "Little text with few repeated phrases: expect its style rather than whole sentences; more text helps, more epochs do not."
        )
    said.append(enough(tokens, size))
    return said


def variety(distinct: float, sequences: int, sampled: bool) -> str:
    """How often the text repeats itself, by its share of distinct four-word sequences."""
    where = f" in the first {SAMPLE_WORDS:,} words" if sampled else ""
    if sequences and distinct < REPETITIVE:
        return f"Repetitive: only {distinct:.0%} of its four-word sequences{where} are distinct, and the model will repeat itself too."
    if sequences < MEASURABLE:
        return f"Too short to say how varied it is: it has {counted(sequences, 'four-word sequence')}."
    name = "Varied" if distinct >= VARIED else "Some repetition"
    return f"{name}: a four-word sequence occurs {1 / distinct:.1f} times{where} on average."


def memory(bits: float, parameters: int, size: Size | None, held_out: bool) -> str:
    """Whether the model can memorise the text, and what keeps it from doing so."""
    model = f"A {size.name} model" if size else "This model"
    times = BITS_A_PARAMETER * parameters / max(1.0, bits)
    if times < 1:
        part = f"about {times:.0%}" if times >= 0.01 else "less than 1%"
        return f"{model} can memorise {part} of this text at most, so it has to generalise."
    often = f"about {times:,.0f} times over" if times >= 1.5 else "as a whole"
    if held_out:
        return f"{model} could memorise this text {often}, so the checkpoint with the best held-out loss is kept."
    return f"{model} could memorise this text {often}, and no held-out text shows when that starts: expect it to repeat the text."


def recommended(tokens: int) -> str:
    """The largest size that this many tokens suffice for."""
    fitting = [name for name, wanted in WANTED.items() if wanted <= tokens]
    return fitting[-1] if fitting else "12M"


def enough(tokens: int, size: Size | None) -> str:
    """Which size the text suffices for, and how the chosen one compares."""
    best, largest = recommended(tokens), list(WANTED)[-1]
    if tokens < WANTED[best] / 2:
        return f"Little text: {best}, the smallest size, wants about {WANTED[best]:,} tokens."
    if size is None or size.name == best:
        more = "" if best == largest else f"; {largest} would need {multiple(WANTED[largest] / tokens)}"
        return f"Enough text for {best}{more}."
    if WANTED[size.name] > tokens:
        more = multiple(WANTED[size.name] / tokens)
        return f"Enough text for {best}; {size.name} would need {more}, and takes longer for about the same result."
    larger = SIZES[best]
    work = (larger.n_embd / size.n_embd) ** 2 * larger.n_layer / size.n_layer
    return f"Enough text even for {best}: {size.name} learns it faster, {best} better, with about {work:.0f} times the work per token."


def multiple(ratio: float) -> str:
    """A ratio in words."""
    return "a little more" if ratio < 1.5 else "twice as much" if ratio < 2.5 else f"{ratio:.0f} times as much"
