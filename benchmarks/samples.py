"""Measures what trained models write: the share of samples on topic, complete, and copied from the training text.

    python benchmarks/samples.py models/chef models/poet --samples 100

On topic: a naive Bayes classifier over words, trained on 400 fresh template documents per category (with a seed other than the run's),
assigns the sample to the run's category. Complete: the model ended the sample itself, and not in mid-sentence. Copied: the share of the
samples' word 8-grams that occur in the training text, next to that of the held-out documents; a ratio near 1 means that the model
repeats its training text no more than a new document of the same kind does.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import minigpt
from minigpt.config import SampleConfig
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents

GRAM = 8
MOST = 800  # tokens of a sample: more than twice the longest document of a default corpus
DOCUMENTS = 100  # of each preset, for the classifier
CATEGORIES = ("cooking", "poetry", "technical", "general")


def words(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return re.findall(r"\w+", text.lower())


def grams(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Every word 8-gram of every text."""
    return [tuple(spoken[i : i + GRAM]) for spoken in map(words, texts) for i in range(len(spoken) - GRAM + 1)]


class Classifier:
    """Multinomial naive Bayes with add-one smoothing."""

    def __init__(self, texts: dict[str, list[str]]) -> None:
        self.counts = {label: Counter(word for text in some for word in words(text)) for label, some in texts.items()}
        self.size = len(set().union(*self.counts.values()))

    def label(self, text: str) -> str:
        """The most likely label."""

        def score(label: str) -> float:
            counts, total = self.counts[label], sum(self.counts[label].values()) + self.size
            return sum(math.log((counts[word] + 1) / total) for word in words(text))

        return max(self.counts, key=score)


def classifier(seed: int) -> Classifier:
    """A classifier trained on template documents of each category."""
    texts: dict[str, list[str]] = {category: [] for category in CATEGORIES}
    for key, preset in PRESETS.items():
        documents = write_documents(understand("", key), random.Random(seed))
        texts[preset.category] += [document.text for document in islice(documents, DOCUMENTS)]
    return Classifier(texts)


def is_complete(text: str, finish_reason: str) -> bool:
    """Whether the model ended the text; prose must end with a sentence, but a line of verse, code or a list may end anyhow."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    return finish_reason == "stop" and (len(last.split()) < 12 or last[-1:] in ".!?:\"')")


def measure(run: Path, samples: int, judge: Classifier) -> str:
    """The figures of a run, in one line."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    corpus = [json.loads(line) for line in (run / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    parts = {split: [line["text"] for line in corpus if line["split"] == split] for split in ("train", "held_out")}
    model = minigpt.load(run)
    written = [model.sample("", SampleConfig(max_tokens=MOST, seed=1000 + i)) for i in range(samples)]
    category = record["request"]["category"] if record["request"]["category"] in CATEGORIES else "general"
    on_topic = sum(judge.label(sample.text) == category for sample in written) / samples
    complete = sum(is_complete(sample.text, sample.finish_reason) for sample in written) / samples
    known = set(grams(parts["train"]))
    both = grams(sample.text for sample in written), grams(parts["held_out"])
    copied, usual = (sum(gram in known for gram in some) / max(1, len(some)) for some in both)
    ratio = copied / usual if usual else math.inf
    distinct = len({sample.text for sample in written}) / samples
    return (
        f"{record['prompt'][:48]:48} {on_topic:8.0%} {complete:8.0%} {copied:8.1%} {usual:8.1%} {ratio:6.2f} {distinct:8.0%}"
        f" {record['result']['held_out_loss']:8.3f}"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7, help="seed of the classifier's documents")
    options = parser.parse_args()
    judge = classifier(options.seed)
    print(f"{'prompt':48} on topic complete   copied held-out  ratio distinct     loss")
    for run in options.runs:
        print(measure(run, options.samples, judge), flush=True)


if __name__ == "__main__":
    main()
