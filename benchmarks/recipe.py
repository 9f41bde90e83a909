"""Which recipe brings a run's model to the lowest loss on new text: learning rate, epochs, dropout, from the base or from random weights.

python benchmarks/recipe.py --init base,none --rates 3e-4,6e-4,1e-3 --epochs 5,20

For each prompt the templates write a corpus as `train` does; each setting is trained on it, evaluated EVALUATIONS times, and its best
evaluation counts. Losses in bits per byte: of the held-out documents (written like those learned) and of fresh documents in the same forms,
with another seed and the whole variety of words. Bytes compare across vocabularies, tokens do not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from judge.fresh import bits_per_byte, fresh_texts, size

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.corpus import sources
from minigpt.corpus.gather import Gathering, closed_ids
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.sources import Templates
from minigpt.corpus.split import split
from minigpt.disk.checkpoint import Checkpoint, load_checkpoint
from minigpt.run.defaults import BASE
from minigpt.run.learn import warmup
from minigpt.run.start import first_model
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer
from minigpt.training import HeldOut, Windows, held_out_loss

PROMPTS = (
    "A fun GPT that generates cooking recipes",
    "A GPT that writes short fairy tales",
    "A GPT that explains Python to beginners",
    "A GPT that answers questions about falconry",
)
EVALUATIONS = 10


class Corpus(NamedTuple):
    """Three texts for one prompt, as ids of GPT-2's vocabulary and as bytes."""

    learned: np.ndarray
    held_out: np.ndarray
    fresh: np.ndarray
    bytes: dict[str, int]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), help="so many of them")
    parser.add_argument("--init", default="base,none")
    parser.add_argument("--rates", default="1e-3")
    parser.add_argument("--epochs", default="20")
    parser.add_argument("--tokens", default="15000", help="of the corpus")
    parser.add_argument("--even", default="300000", help="tokens from which on templates draw evenly, instead of favouring some words")
    parser.add_argument("--dropout", default="0.1")
    parser.add_argument("--seeds", default="42")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", ".")) / "recipe.json")
    return parser.parse_args()


def write(request: Request, tokens: int, seed: int, even: int, full: Tokenizer) -> Corpus:
    """A corpus as `train` writes it, and fresh documents."""
    sources.EVEN_FROM = even  # type: ignore[attr-defined]
    source = Templates(request, 2 * tokens, tokens, seed, full)
    entries = Gathering(full, request, seed).entries(source, tokens)
    parts: dict[bool, list[Any]] = {False: [], True: []}
    texts = set[str]()
    for entry, out in split(entries, partial(closed_ids, full), np.random.default_rng([seed, 3])):
        parts[out].append(entry)
        texts.add(entry.document.text)
    fresh = fresh_texts(request, tokens, seed, texts, full)
    ids = [i for text in fresh for i in closed_ids(full, text)]
    held = [entry.document.text for entry in parts[True]]
    sizes = {name: size(some) for name, some in (("held_out", held), ("fresh", fresh))}
    streams = [np.concatenate([np.array(entry.ids) for entry in parts[out]]) for out in (False, True)]
    return Corpus(*streams, np.array(ids), sizes)


def trained(corpus: Corpus, first: Checkpoint | None, full: Tokenizer, setting: dict[str, Any], device: str) -> dict[str, Any]:
    """The best evaluation of one training."""
    used = np.unique(np.concatenate([corpus.learned, corpus.held_out])).tolist()
    tokenizer = first.tokenizer if first else compact(full, used)

    def encoded(ids: np.ndarray) -> np.ndarray:
        """The same text in the model's vocabulary, which may lack some of GPT-2's tokens."""
        documents = np.split(ids, np.flatnonzero(ids == full.end_of_text) + 1)
        return np.array([i for some in documents if len(some) for i in (*tokenizer.encode(full.decode(some)), tokenizer.end_of_text)])

    learned, held_out, fresh = map(encoded, corpus[:3])
    config = ModelConfig(vocab_size=tokenizer.vocab_size, dropout=setting["dropout"])
    windows = Windows(learned, 256, 2, setting["seed"], tokenizer.end_of_text)
    steps = windows.steps * setting["epochs"]
    how = TrainConfig(setting["rate"], warmup(steps), "cosine", steps, seed=setting["seed"])
    best, course = dict[str, Any](held_out=math.inf), []
    with closing(Trainer(config, how, device=device)) as trainer:
        if first:
            trainer.load_state_dict(first.state)
        began = time.perf_counter()
        for step, (x, y) in enumerate(windows.batches(0)):
            if step % max(1, steps // EVALUATIONS) == 0 or step == steps:
                found = {
                    name: bits_per_byte(
                        held_out_loss(trainer, HeldOut(ids, 256, 8, tokenizer.end_of_text)) or 0, len(ids), corpus.bytes[name]
                    )
                    for name, ids in (("held_out", held_out), ("fresh", fresh))
                }
                course.append(round(found["held_out"], 3))
                if found["held_out"] < best["held_out"]:
                    best = {**found, "step": step, "of": steps}
            if step == steps:
                break
            trainer.step(x, y)
        return {**best, "course": course, "vocabulary": tokenizer.vocab_size, "seconds": round(time.perf_counter() - began, 1)}


def settings(a: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every combination; the prompts vary fastest."""
    numbers = [[float(x) for x in getattr(a, name).split(",")] for name in ("rates", "dropout", "epochs", "seeds", "tokens", "even")]
    for rate, dropout, epochs, seed, tokens, even in product(*numbers):
        for init in a.init.split(","):
            for prompt in PROMPTS[: a.prompts]:
                yield {
                    "init": init, "rate": rate, "dropout": dropout, "epochs": int(epochs), "seed": int(seed), "tokens": int(tokens),
                    "even": int(even), "prompt": prompt,
                }  # fmt: skip


def main() -> None:
    a, full, start = parse(), Tokenizer.gpt2(), time.monotonic()
    folder = first_model(BASE) if BASE in a.init else None
    base = load_checkpoint(folder) if folder else None
    corpora: dict[Any, Corpus] = {}
    rows = []
    for setting in settings(a):
        if time.monotonic() - start > a.seconds:
            print("the time is over", flush=True)
            break
        key = setting["prompt"], setting["tokens"], setting["seed"], setting["even"]
        if key not in corpora:
            corpora[key] = write(understand(setting["prompt"], None), *key[1:], full)
        row = setting | trained(corpora[key], base if setting["init"] == BASE else None, full, setting, a.device)
        rows.append(row)
        shown = {k: round(v, 3) if isinstance(v, float) and v > 0.01 else v for k, v in row.items()}
        print(" ".join(f"{k}={str(v)[:90]}" for k, v in shown.items()), flush=True)
        a.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
