"""Measures what trained models write: the share of samples on topic, complete, and copied from the training text.

    python benchmarks/samples.py models/chef models/poet --samples 100

On topic: a naive Bayes classifier over words, trained on 400 fresh template documents per category (with a seed other than the run's),
assigns the sample to the run's category. Begins: its first line begins and ends with the kinds of characters that a document's does. Ends:
the model ends it within 400 tokens; complete: not in mid-sentence either. Copied: the share of the samples' word 8-grams that occur in the
training text, next to that of the held-out documents; a ratio near 1 means that the model repeats its training text no more than a new
document of the same kind does. Verbatim: the share of sentences of at least five words that stand in the training text, next to the
held-out documents'. Code: of the samples that show Python code, those in which all of it parses, runs, and prints what they say.
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

from sample_code import shown, verdict

import minigpt
from minigpt.config import SampleConfig
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents

GRAM = 8
SOON = 400  # tokens
LEAST = 5  # words of a sentence that counts
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


def shape(text: str) -> str:
    """How a text's first line begins and ends: A, a or 9 for a capital, a small letter or a figure, other characters as they are."""
    line = text.lstrip("\n").split("\n", 1)[0].rstrip()
    ends = line[:1] + line[-1:]
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", ends)))


def sentences(texts: Iterable[str]) -> list[str]:
    """Every sentence of at least LEAST words."""
    return [s for text in texts for s in re.split(r"(?<=[.!?])\s+|\n+", text) if len(s.split()) >= LEAST]


def share(whether: Iterable[bool]) -> float:
    found = list(whether)
    return sum(found) / max(1, len(found))


def code_figures(texts: list[str]) -> str:
    """Of the samples with code: how many parse, run, and print what they say."""
    verdicts = [list(map(verdict, pieces)) for text in texts if (pieces := shown(text))]
    if not verdicts:
        return "none"
    parse, run = (share(all(v[i] for v in some) for some in verdicts) for i in (0, 1))
    claims = [[v[2] for v in some if v[2] is not None] for some in verdicts]
    true = share(all(some) for some in claims if some)
    return f"{len(verdicts)}: {parse:.0%} parse, {run:.0%} run; {true:.0%} of {sum(map(bool, claims))} print what they say"


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
    texts = [sample.text for sample in written]
    shapes = {shape(text) for text in parts["train"]}
    begins = sum(shape(text) in shapes for text in texts) / samples
    ends = sum(sample.finish_reason == "stop" and sample.tokens <= SOON for sample in written) / samples
    lines = set(sentences(parts["train"]))
    verbatim, usually = (share(sentence in lines for sentence in sentences(some)) for some in (texts, parts["held_out"]))
    copied, usual = (sum(gram in known for gram in some) / max(1, len(some)) for some in both)
    ratio = copied / usual if usual else math.inf
    distinct = len({sample.text for sample in written}) / samples
    return (
        f"{record['prompt'][:40]:40} {on_topic:8.0%} {begins:6.0%} {ends:5.0%} {complete:8.0%} {copied:7.0%} {usual:8.0%} {ratio:6.2f}"
        f" {verbatim:8.0%} {usually:8.0%} {distinct:8.0%} {record['result']['held_out_loss']:6.3f}  {code_figures(texts)}"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7, help="seed of the classifier's documents")
    options = parser.parse_args()
    judge = classifier(options.seed)
    print(f"{'prompt':40} on topic begins  ends complete  copied held-out  ratio verbatim held-out distinct   loss  code")
    for run in options.runs:
        print(measure(run, options.samples, judge), flush=True)


if __name__ == "__main__":
    main()
