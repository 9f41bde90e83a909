"""The recipe: every number of a default training decides something that these tests see."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_texts import sentences

import minigpt
import minigpt.training
from minigpt.run.listener import Listener
from minigpt.trainer import Trainer


def metrics_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the default recipe with a model of 26,000 parameters, and two epochs more."""
    folder = tmp_path_factory.mktemp("golden")
    (folder / "text.txt").write_text(sentences(45))
    shape = {"layers": 2, "heads": 2, "width": 32, "positions": 64, "threads": 1}
    minigpt.train(None, data=folder / "text.txt", out=folder / "run", listener=Listener(), **shape)
    minigpt.resume(folder / "run", epochs="+2", listener=Listener())
    return folder / "run"


# step, train_loss, held_out_loss, learning_rate, grad_norm of every 35th line and the last; 280
# steps, and 28 more of the continuation
CURVE: list[list[float | None]] = [
    [1, 6.146148, None, 1e-05, 1.013622],
    [36, 6.018057, None, 0.00036, 1.461162],
    [71, 5.070141, None, 0.00071, 0.9356622],
    [106, 4.301508, None, 0.0009982876, 0.8038238],
    [141, 3.945005, None, 0.00089472, 0.8376498],
    [176, 3.516923, None, 0.0006664686, 0.9056497],
    [211, 3.268731, None, 0.0003960909, 0.915547],
    [246, 3.084039, None, 0.0001813816, 0.9084139],
    [281, 2.784389, None, 2.727273e-05, 1.331037],
    [308, 2.710608, 2.643867, 3.229863e-05, 1.122508],
]


def test_a_tiny_run_has_its_known_curve(golden: Path) -> None:
    """Every number of the recipe moves it by more than this; other threads, BLAS kernels and
    versions by some millionths."""
    lines = metrics_of(golden)
    names = ("step", "train_loss", "held_out_loss", "learning_rate", "grad_norm")
    found = [[line[name] for name in names] for line in [*lines[::35], lines[-1]]]
    assert [row[0] for row in found] == [row[0] for row in CURVE]
    values, known = ([value for row in rows for value in row if value] for rows in (found, CURVE))
    assert values == pytest.approx(known, rel=2e-4)
    assert record_of(golden)["result"]["scale"] == pytest.approx(1.247, abs=2e-3)


def test_the_rate_rises_and_falls_and_a_continuation_is_gentler(golden: Path) -> None:
    """Layers with their norm behind them need small steps at first, at most two fifths of a run. At
    the whole peak, a trained model would forget first."""
    rates = [line["learning_rate"] for line in metrics_of(golden)]
    steps = record_of(golden)["base"]["step"]
    peaks = []
    for part in (rates[:steps], rates[steps:]):
        top = part.index(max(part))
        assert 0.2 <= top / len(part) <= 0.4
        assert part[: top + 1] == sorted(part[: top + 1])
        assert part[top:] == sorted(part[top:], reverse=True)
        assert part[0] < 0.2 * part[top]
        assert 0.05 < part[-1] / part[top] < 0.2
        peaks.append(part[top])
    assert 0.1 < peaks[1] / peaks[0] < 0.6


def test_a_tiny_run_learns_more_than_how_often_each_token_comes(golden: Path) -> None:
    assert record_of(golden)["result"]["held_out_loss"] < unigram_entropy(golden) - 1


def unigram_entropy(run: Path) -> float:
    """Nats per token of the held-out text for whoever knows how often each token stands in it, and
    nothing else."""
    tokenizer = minigpt.load(run).tokenizer
    documents = [json.loads(line) for line in (run / "corpus.jsonl").read_text().splitlines()]
    texts = [document["text"] for document in documents if document["split"] == "held_out"]
    times = Counter(i for text in texts for i in [*tokenizer.encode(text), tokenizer.end_of_text])
    n = times.total()
    assert n == record_of(run)["corpus"]["held_out_tokens"]
    return -sum(k / n * math.log(k / n) for k in times.values())


class Enough(Exception):
    """A training has shown what it was to show."""


def lowest_loss(run: Path, **shape: int) -> tuple[float, float]:
    """The lowest held-out loss of the default recipe on 10,000 tokens, and the entropy of their
    unigrams; a run well below is stopped."""

    class Watch(Listener):
        found, entropy = math.inf, 0.0

        def report(self, report: minigpt.training.Report) -> None:
            if report.held_out_loss is not None:
                self.entropy = self.entropy or unigram_entropy(run)
                self.found = min(self.found, report.held_out_loss)
                if self.found < self.entropy - 0.5:
                    raise Enough

    watch = Watch()
    with suppress(Enough):
        minigpt.train(
            "A fun GPT that generates cooking recipes",
            out=run,
            source="template",
            init="none",
            initial_tokens=15_000,
            final_tokens=10_000,
            listener=watch,
            **shape,
        )
    return watch.found, watch.entropy


@pytest.mark.slow  # five seconds; test_a_tiny_run_learns_more_than_how_often_each_token_comes is the quick one
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"layers": 6, "heads": 2, "width": 64, "positions": 64, "threads": 1}, id="narrow"),
        pytest.param({}, id="12M"),
    ],
)
def test_the_default_recipe_learns_more_than_how_often_each_word_comes(
    tmp_path: Path,
    shape: dict[str, int],
) -> None:
    """At ten times the rate, all six layers stay at the frequencies for good."""
    loss, entropy = lowest_loss(tmp_path / "run", **shape)
    assert loss < entropy - 0.5


@pytest.mark.slow
def test_troubles_that_were_overcome_do_not_add_up(tmp_path: Path) -> None:
    """Five divergences end nothing where each is followed by a gain; three in a row do
    (test_continue.py)."""
    spoiled: list[int] = []
    due: list[Trainer] = []

    class Trap(np.ndarray):
        """Tokens that spoil a parameter when the next window is taken, after the state of the step was saved, if it was."""

        def __getitem__(self, at: Any) -> Any:
            while due:
                due.pop().parameters.values[5] = math.nan
            return np.asarray(self)[at]

    class Spoiler(Listener):
        def step(self, course) -> None:
            course.windows.ids = course.windows.ids.view(Trap)
            best = course.best.step if course.best else 0
            if len(spoiled) < 5 and best > max(spoiled, default=0) and course.step > best:
                spoiled.append(course.step)
                due.append(course.trainer)

    (tmp_path / "text.txt").write_text(sentences(45))
    shape = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "threads": 1, "epochs": 24}
    minigpt.train(
        None,
        data=tmp_path / "text.txt",
        out=tmp_path / "run",
        listener=Spoiler(),
        learning_rate=0.01,
        checkpoint_seconds=1e-6,
        **shape,
    )
    record = record_of(tmp_path / "run")
    assert len(spoiled) == record["training"]["rate_halvings"] == 5
    assert not record["training"]["stopped_early"]
