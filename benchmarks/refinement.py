"""Measures refinement: the share of good documents among those kept from a half-bad mixture.

    python benchmarks/refinement.py

A quarter of the bad documents each are shuffled, truncated, about another subject, and copies (mixed by tests/test_refine.py); copies
are dropped first, as in cleaning. The budget is the number of words in the good documents, where each good one missed lets a bad one in,
and half of it. Each is run with the prompt and without. Subjects are the presets, and real prose: the Python manual (pydoc topics).
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_refine import documents, half_bad, written

from minigpt.corpus.choose.refine import refine
from minigpt.corpus.prompt.understand import PRESETS, understand

SEEDS = (1, 2, 3)
DOCUMENTS = 120
MANUAL = "the Python manual"
WORDS = (60, 300)  # least and most words of a passage of the manual
NEXT = 5  # offset of the preset for the other subject, always of another category


def manual() -> list[str]:
    """Passages of the Python manual: paragraphs joined until they are long enough."""
    pieces, part = [], ""
    for text in topics.values():
        for paragraph in re.split(r"\n\s*\n", text):
            part = f"{part}\n\n{paragraph}".strip()
            if len(part.split()) >= WORDS[0]:
                pieces += [part] if len(part.split()) <= WORDS[1] else []
                part = ""
        part = ""
    return list(dict.fromkeys(pieces))


def texts(subject: str, seed: int) -> list[str]:
    """Documents on a subject, in an order given by the seed."""
    if subject != MANUAL:
        return written(subject, 2 * DOCUMENTS, seed)
    pieces = manual()
    np.random.default_rng(seed).shuffle(pieces)
    return pieces


def shares(subject: str, other: str, prompt: str | None) -> tuple[list[float], list[float], Counter[str]]:
    """The share of good documents among those kept, by seed, for the whole and half the budget, and counts of bad ones kept."""
    found: tuple[list[float], list[float]] = ([], [])
    wrong: Counter[str] = Counter()
    for seed in SEEDS:
        mixed = list(dict.fromkeys(half_bad(texts(subject, seed), texts(other, seed + 1), DOCUMENTS, seed)))
        lengths = [len(text.split()) for text, _ in mixed]
        whole = sum(length for length, (_, kind) in zip(lengths, mixed, strict=True) if kind == "good")
        for budget, shown in zip((whole, whole // 2), found, strict=True):
            kept = Counter(mixed[k.number][1] for k in refine(documents([t for t, _ in mixed]), lengths, budget, understand(prompt or "")))
            shown.append(kept["good"] / kept.total())
            wrong += kept
    del wrong["good"]
    return *found, wrong


def main() -> None:
    """Print a line per pair of subjects, with and without the prompt."""
    keys = list(PRESETS)
    pairs = [(key, keys[(i + NEXT) % len(keys)]) for i, key in enumerate(keys)] + [(MANUAL, keys[0]), (keys[0], MANUAL)]
    means = []
    for subject, other in pairs:
        prompts = (PRESETS[subject].prompt if subject in PRESETS else f"A GPT that writes {MANUAL}", None)
        for prompt in prompts:
            whole, half, wrong = shares(subject, other, prompt)
            means.append((prompt is None, np.mean(whole), np.mean(half)))
            asked = "by prompt" if prompt else "no prompt"
            row = "  ".join(" ".join(f"{share:4.0%}" for share in some) for some in (whole, half))
            print(f"{subject:30} among {other:30} {asked}  {row}  {dict(wrong)}", flush=True)
    for without in (False, True):
        whole, half = np.mean([both for none, *both in means if none == without], axis=0)
        print(f"mean {'without' if without else 'with'} a prompt: whole budget {whole:.1%}, half {half:.1%}")


if __name__ == "__main__":
    main()
