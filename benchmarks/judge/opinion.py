"""What another language model thinks of texts: the bits per byte that it pays for them.

It is worth listening to only if it tells the writers' own documents (the ceiling) from the same with their words shuffled (the floor).
SmolLM2 of 135 million parameters does. Asked for a mark from 1 to 5 instead, it does not: of 20 fairy tales by the templates it gave all 1
for sense, whole or shuffled, and 2.25 for the fluency of the whole ones, 2.65 for that of the shuffled. So there are no marks here.

A model that repeats itself is cheap as well: read these bits beside the share of different words.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from judge.fresh import BITS
from judge.text import share

TOKENS = 120  # of each text
TOLD = 0.9  # least share of pairs in which the document is cheaper than the shuffled one
PROGRAM = Path(__file__).with_name("perplexity.mjs")


class Reader:
    """A model in GGUF somewhere in a folder, read by the node-llama-cpp that is installed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = min(folder.rglob("*.gguf"), default=None)
        if self.model is None:
            raise SystemExit(f"{folder}: no .gguf in it")

    def costs(self, texts: Sequence[str]) -> list[float]:
        """The bits per byte of the first TOKENS tokens of each text."""
        command = ["node", str(PROGRAM), str(self.folder), str(self.model), str(TOKENS)]
        given = "".join(json.dumps(text) + "\n" for text in texts)
        done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return [BITS * cost["nats"] / cost["bytes"] for cost in found]


def shuffled(text: str, rng: random.Random) -> str:
    """The words of a text in any order, between the same spaces and line ends."""
    parts = re.split(r"(\s+)", text)
    spoken = parts[::2]
    rng.shuffle(spoken)
    parts[::2] = spoken
    return "".join(parts)


def opinion(reader: Reader, samples: Sequence[str], documents: Sequence[str]) -> dict[str, float | None]:
    """The mean bits per byte of samples, of documents and of shuffled documents; the first None if it cannot tell the last two apart."""
    rng = random.Random(0)
    mine, ceiling, floor = (reader.costs(texts) for texts in (samples, documents, [shuffled(text, rng) for text in documents]))
    told = share(high < low for high in ceiling for low in floor) or 0.0
    means = [sum(some) / len(some) for some in (mine, ceiling, floor)]
    return {"opinion": means[0] if told >= TOLD else None, "opinion held": means[1], "opinion shuffled": means[2], "told apart": told}
