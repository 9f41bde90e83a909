"""The recipe: every number of a default training decides something that these tests see."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest

import minigpt
from minigpt.run.listener import Listener

SENTENCE = [
    "the baker|a tall sailor|my aunt|the young cook|our neighbour|a patient nurse|the old clockmaker|one of the twins",
    "carries|paints|forgets|mends|sells|hides|borrows|counts",
    "a loaf of bread|two blue chairs|the silver key|seven letters|an umbrella|the green boat|a bag of apples|her map",
    "near the harbour.|after lunch.|before the rain comes.|in the garden.|without a word.|on Mondays.|under the bridge.|at dawn.",
]


def sentences(documents: int) -> str:
    """Documents of four sentences each, drawn by a generator that is the same everywhere (that of ANSI C)."""
    state, parts = 1, [part.split("|") for part in SENTENCE]

    def pick() -> int:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return (state >> 16) % 8

    texts = []
    for _ in range(documents):
        who = parts[0][pick()]
        said = (" ".join([who, *(part[pick()] for part in parts[1:])]) for _ in range(4))
        texts.append(" ".join(map(str.capitalize, said)))
    return "\n<|endoftext|>\n".join(texts)


def metrics_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the default recipe with a model of 26,000 parameters, and two epochs more."""
    folder = tmp_path_factory.mktemp("golden")
    (folder / "text.txt").write_text(sentences(45))
    shape = {"layers": 2, "heads": 2, "width": 32, "positions": 64, "threads": 2}
    minigpt.train(None, data=folder / "text.txt", out=folder / "run", listener=Listener(), **shape)
    minigpt.resume(folder / "run", epochs="+2", listener=Listener())
    return folder / "run"


# step, train_loss, held_out_loss, learning_rate, grad_norm of every 35th line and the last; 280 steps, and 28 more of the continuation
CURVE: list[list[float | None]] = [
    [1, 6.1713467, None, 1e-05, 1.0081002],
    [36, 6.0190105, None, 0.00036, 1.5134979],
    [71, 4.9976492, None, 0.00071, 0.9453285],
    [106, 4.2599416, None, 0.0009983, 0.7296804],
    [141, 3.9576471, None, 0.0008947, 0.9485096],
    [176, 3.549814, None, 0.0006665, 0.8652571],
    [211, 3.3205805, None, 0.0003961, 1.0952242],
    [246, 3.0870414, None, 0.0001814, 0.9363544],
    [281, 2.8051178, None, 2.73e-05, 1.6427453],
    [308, 2.684561, 2.6599802, 3.23e-05, 1.2026136],
]


def test_a_tiny_run_has_its_known_curve(golden: Path) -> None:
    """Every number of the recipe moves it by more than this; other threads, BLAS kernels and versions by some millionths."""
    lines = metrics_of(golden)
    names = ("step", "train_loss", "held_out_loss", "learning_rate", "grad_norm")
    found = [[line[name] for name in names] for line in [*lines[::35], lines[-1]]]
    assert [row[0] for row in found] == [row[0] for row in CURVE]
    assert [value for row in found for value in row if value] == pytest.approx([v for row in CURVE for v in row if v], rel=1e-3)
    assert record_of(golden)["result"]["scale"] == pytest.approx(1.247, abs=2e-3)


def test_a_tiny_run_learns_more_than_how_often_each_token_comes(golden: Path) -> None:
    assert record_of(golden)["result"]["held_out_loss"] < unigram_entropy(golden) - 1


def unigram_entropy(run: Path) -> float:
    """Nats per token of the held-out text for whoever knows how often each token stands in it, and nothing else."""
    tokenizer = minigpt.load(run).tokenizer
    documents = [json.loads(line) for line in (run / "corpus.jsonl").read_text().splitlines()]
    times = Counter(i for d in documents if d["split"] == "held_out" for i in [*tokenizer.encode(d["text"]), tokenizer.end_of_text])
    n = times.total()
    assert n == record_of(run)["corpus"]["held_out_tokens"]
    return -sum(k / n * math.log(k / n) for k in times.values())


@pytest.mark.slow
def test_the_default_recipe_leaves_the_frequencies_of_words_behind(tmp_path: Path) -> None:
    """8,000 tokens and 12 million parameters: after a warm-up that is too short, or at too high a rate, the loss stays at the unigrams' for
    good. A run that is well below is stopped."""
    lowest = [math.inf]

    class Enough(Exception):
        pass

    class Watch(Listener):
        def report(self, report) -> None:
            if report.held_out_loss is not None:
                lowest.append(min(lowest[-1], report.held_out_loss))
                if lowest[-1] < 4.0:
                    raise Enough

    with pytest.raises(Enough):
        minigpt.train(
            "A fun GPT that generates cooking recipes", out=tmp_path / "run", source="template", initial_tokens=12_000, final_tokens=8_000,
            listener=Watch(),
        )  # fmt: skip
    assert lowest[-1] < 4.0 < unigram_entropy(tmp_path / "run") - 0.5
