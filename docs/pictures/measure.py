"""What takes long or depends on the machine, measured and stored beside the pictures:
`python -m pictures.measure trained workers`, with docs/ on the path."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import minigpt

from . import example
from .style import HERE

PROMPT = "A fun GPT that generates cooking recipes"
TINY = {"layers": 2, "heads": 2, "width": 64, "positions": 64, "context": 64}
STEPS = 40
TEXT = "- 1 lemon\n- 2 eggs\n1. Beat the eggs and add the lemon"


def trained() -> dict[str, Any]:
    """A tiny model on the corpus of README's prompt, trained for about half a minute: its attention
    over a text, and its scores of the next token where it is least certain."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        model = minigpt.train(
            PROMPT,
            source="template",
            out=str(out),
            device="cpu",
            epochs=100,
            batch_size=8,
            learning_rate=4e-3,
            **TINY,
        )
        record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    ids = model.tokenizer.encode(TEXT)
    rows = model.logits(ids)
    after = max(range(len(ids)), key=lambda t: _entropy(rows[t]))
    logits = rows[after]
    weights = [block.attn.weights[0] for block in model.network.blocks]  # (H, T, T)
    return {
        "prompt": PROMPT,
        "documents": record["corpus"]["documents"],
        "tokens": record["corpus"]["tokens"],
        "vocabulary": record["model"]["vocab_size"],
        **TINY,
        "seconds": round(record["training"]["seconds"]),
        "held_out_loss": round(record["result"]["held_out_loss"], 3),
        "text": [model.tokenizer.decode([i]) for i in ids],
        "weights": [
            [[_rounded(row[: t + 1]) for t, row in enumerate(head)] for head in block]
            for block in weights  # right of the diagonal they are undefined
        ],
        "after": after,
        "logits": _rounded(logits),
        "likeliest": [model.tokenizer.decode([int(i)]) for i in logits.argsort()[:-4:-1]],
    }


def _entropy(logits: np.ndarray) -> float:
    """Of softmax(logits), in nats."""
    p = np.exp(logits - logits.max())
    p /= p.sum()
    return -float((p * np.log(p + 1e-30)).sum())


def _rounded(array: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in array]


def workers() -> dict[str, Any]:
    """When each of two workers computed what, in the fastest of some steps: [thread, stage, start,
    end], in milliseconds; thread 0 is the one that called. Nothing else should run meanwhile."""
    config = example.config()
    x, y = example.batch(config.vocab_size)
    with closing(minigpt.Trainer(config, device="cpu", threads=2)) as trainer:
        trainer.step(x, y)  # starts the threads, takes the memory
        found = [timed_step(trainer, x, y) for _ in range(STEPS)]
    fastest = min(found, key=lambda step: step["milliseconds"])
    return {"layers": config.n_layer, "batch": x.shape, "steps": STEPS, **fastest}


def timed_step(trainer: minigpt.Trainer, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """One step. Its calls of the workers are, in order: forward; forward and backward of each chunk
    of the loss; backward; adding up the gradients; the update."""
    began, calls, spans = time.perf_counter(), 0, []
    share_out = trainer.workers.map
    changed = [trainer.workers, *(model.embedding for model in trainer.models)]

    def timed(work: Callable[..., Any], call: int) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = work(*arguments)
            spans.append((threading.get_ident(), call, start - began, time.perf_counter() - began))
            return result

        return run

    def map_timed(work: Callable[..., Any], *arguments: Any) -> list[Any]:
        nonlocal calls
        calls += 1
        return share_out(timed(work, calls), *arguments)

    for owner in changed:
        if owner is trainer.workers:
            owner.map = map_timed
        else:
            owner.backward = timed(owner.backward, 0)
    trainer.step(x, y)
    seconds = time.perf_counter() - began
    for owner in changed:
        del owner.__dict__["map" if owner is trainer.workers else "backward"]
    loss = ("logits", "loss backward") * ((calls - 4) // 2)
    stages = ("embedding", "forward", *loss, "backward", "add up", "update")
    caller = threading.get_ident()
    threads = [caller, *sorted({span[0] for span in spans} - {caller})]
    lines = [
        [threads.index(thread), stages[call], round(1000 * start, 2), round(1000 * end, 2)]
        for thread, call, start, end in sorted(spans, key=lambda span: span[2])
    ]
    return {"milliseconds": round(1000 * seconds, 2), "spans": lines}


def main(names: list[str]) -> None:
    """Measure and write."""
    for name in names:
        path = HERE / f"{name}.json"
        path.write_text(json.dumps(globals()[name](), ensure_ascii=False) + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
