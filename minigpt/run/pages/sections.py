"""The parts of a report that are drawn or computed: curves, copying, the model's inside, the corpus. Each gives values for the template."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from minigpt.config import SampleConfig
from minigpt.corpus.gather import CORPUS
from minigpt.errors import MinigptError, counted
from minigpt.run.defaults import cool
from minigpt.run.pages import curves, inside
from minigpt.run.pages.copying import measure
from minigpt.run.pages.facts import Tally, corpus_figures, draw_lengths, draw_shares, part
from minigpt.run.pages.figures import axes, inline, places
from minigpt.run.pages.novelty import documents
from minigpt.run.pages.writing import affordable, write
from minigpt.run.textmodel import TextModel

T = TypeVar("T")
WIDE, NARROW = (10.6, 3.4), (3.7, 2.9)  # inches: 1,018 and 355 pixels
PANEL = 3.7, 2.1
MOST_SAMPLES = 24  # over time, at most, on the page
BYTES_A_SECOND = 4e6  # of a corpus, that are compared with texts, about
LITTLE, SECONDS = 0.05, 5.0  # of the training's time, and at least so many seconds, that a comparison may take at the end of a run
EXAMPLES, LETTERS = 3, 600  # of the corpus, and characters of each


def learning(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """The curves, and the samples on the way."""
    metrics, samples = curves.read_metrics(folder), curves.read_samples(folder)
    samples = samples[:: max(1, -(-len(samples) // MOST_SAMPLES))]
    if not metrics:
        return {}
    steps = [sample["step"] for sample in samples]
    drawn, at = {}, {}
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        ax = axes(*size)
        curves.panel(ax, metrics)
        curves.flags(ax, steps)
        drawn[name] = inline(ax.figure, f"curve-{name}", "Training loss and held-out loss by step")
        at[f"curve-{name}"] = places(ax, metrics["step"])
    shown = ("step", "train_loss", "held_out_loss", "learning_rate", "grad_norm", "tokens_per_second")
    rows = zip(*([rounded(value) for value in metrics[name]] for name in shown), strict=True)
    data["curve"] = {"places": at, "rows": [list(row) for row in rows], "samples": steps}
    panels = []
    for name, title in (("learning_rate", "Learning rate"), ("grad_norm", "Gradient norm"), ("tokens_per_second", "Tokens per second")):
        ax = axes(*PANEL)
        curves.small(ax, metrics, name, title)
        panels.append(inline(ax.figure, name.replace("_", "-"), f"{title} by step"))
    over_time = [{"step": sample["step"], "text": sample["text"], "prompt": str(sample.get("prompt") or "")} for sample in samples]
    return {"curve": drawn, "over_time": over_time, "panels": panels}


def rounded(value: float) -> float | None:
    """A number with six digits, for the page's script; None for no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def copied(folder: Path, record: dict[str, Any], model: TextModel | None, tally: Tally, hurry: bool, said: list[str]) -> dict[str, Any]:
    """What a hundred texts share with the training text; the corpus is counted on the way, and alone if there are no texts."""
    if not (folder / CORPUS).is_file():
        said.append(f"This folder has no {CORPUS}, so what is copied from it cannot be shown.")
        return {}
    seconds = (folder / CORPUS).stat().st_size / BYTES_A_SECOND
    if hurry and seconds > max(SECONDS, LITTLE * (part(record, "training", "seconds") or 0.0)):
        said.append(f"Comparing texts with this corpus takes about {seconds:.0f} s and was left out; `minigpt report` does it.")
        return {}
    if model is None:
        attempt(lambda: sum(1 for _ in tally.over(documents(folder))), said, CORPUS)
        return {}
    count, longest = affordable(part(record, "model", "parameters") or 0, trained(folder))
    seed = part(record, "seed") or 0
    texts = write(model, count, SampleConfig(max_tokens=longest, temperature=cool(record), seed=seed))
    found = attempt(lambda: measure(folder, texts, seed, tally), said, "what is copied")
    if found is None:
        return {}
    ax = axes(*PANEL)
    draw_shares(ax, found.shares, found.held_out_shares)
    base = part(record, "start", "init") not in (None, "none")
    what = "the training text of this run alone, as the text of the model that it started from is not here" if base else "the training text"
    return {
        "copying": found,
        "shares": inline(ax.figure, "shares", "Share of word sequences that also stand in the training text, by their length"),
        "texts_are": f"{counted(count, 'text')} of at most {longest} tokens, at temperature {cool(record)}, with seeds from {seed}.",
        "compared_with": f"Compared with {what}.",
    }


def trained(folder: Path) -> int:
    """Tokens that the training read, by its metrics."""
    tokens = [value for value in curves.read_metrics(folder)["tokens"] if math.isfinite(value)]
    return int(max(tokens, default=0))


def insight(folder: Path, model: TextModel, text: str | None, tally: Tally, data: dict[str, Any], said: list[str]) -> dict[str, Any]:
    """Attention, expectations and neighbours."""
    given = (inside.sentence(model, text), "Your text.") if text else attempt(lambda: unseen(folder, model), said, "a sentence")
    words, what = given or ("", "")
    found: dict[str, Any] = {}
    if words:
        weights = attempt(lambda: model.attention(words), said, "attention")
        if weights is not None:
            layers = [[inside.thumbnail(head) for head in layer] for layer in weights]
            found["heads"] = {"tokens": inside.labels(model.tokenizer, model.tokenizer.encode(words)), "layers": layers}
            data["attention"] = inside.packed(weights)
        expected = inside.expectations(model, words)
        data["expected"] = [
            {
                "label": one.label,
                "probability": rounded(one.probability),
                "rank": one.rank,
                "likeliest": [[name, rounded(p)] for name, p in one.likeliest],
            }
            for one in expected
        ]
        found |= {"expected": expected, "sentence_loss": -sum(math.log(max(one.probability, 1e-300)) for one in expected) / len(expected)}
        found["sentence_is"] = what
    found["alike"] = inside.neighbours(model, tally.telling())
    return found


def unseen(folder: Path, model: TextModel) -> tuple[str, str]:
    """The beginning of a held-out document, or else of one that was learned, and which of the two it is."""
    for held_out_alone, what in ((True, "held-out document, which the model never saw"), (False, "training document")):
        for document in documents(folder, held_out_alone):
            if len(model.tokenizer.encode(words := inside.sentence(model, document.text))) > 3:
                return words, f"The beginning of a {what}."
    return "", ""


def corpus(record: dict[str, Any], tally: Tally) -> dict[str, Any] | None:
    """The statistics of the corpus: those of its report, which run.json has, and those that were counted on the way."""
    if not isinstance(part(record, "corpus"), dict):
        return None
    report = part(record, "report") if isinstance(part(record, "report"), dict) else {}
    lengths = None
    if tally.lengths:
        ax = axes(*PANEL)
        draw_lengths(ax, tally.lengths)
        lengths = inline(ax.figure, "lengths", "Words per document")
    examples = [text for text in _list(report, "examples") if isinstance(text, str)][:EXAMPLES]
    return {
        "verdict": [line for line in _list(report, "verdict") if isinstance(line, str)],
        "figures": corpus_figures(record, report),
        "kinds": tally.shown() if len(tally.kinds) > 1 else [],
        "lengths": lengths,
        "examples": [text if len(text) <= LETTERS else f"{text[:LETTERS]} …" for text in examples],
    }


def _list(report: dict[str, Any], name: str) -> list[Any]:
    """A list of a report; empty if it has none."""
    value = report.get(name)
    return value if isinstance(value, list) else []


def attempt(work: Callable[[], T], said: list[str], what: str) -> T | None:
    """The result, or None and a line that says why there is none."""
    try:
        return work()
    except MinigptError as error:
        said.append(f"Left out: {what}: {error}.")
        return None
