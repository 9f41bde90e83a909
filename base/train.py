"""Trains the base: minigpt's own Trainer over the streams that text/prepare.py wrote, for so many seconds.

python base/train.py FOLDER --seconds 420 --out FOLDER          # a GPU if there is one
python base/train.py FOLDER --seconds 20 --rate 2e-3 --no-save  # is this rate better?

FOLDER has train.u2 and held_out.u2 (ids, two bytes each), merges.txt, and kinds.json (kind -> (first, last) id of held_out.u2). Writes
weights-0.npy, weights-1.npy (the flat parameters in float16, in two parts) and base.json (how it was trained, and its losses).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.tokenizer import Tokenizer, parse_merges
from minigpt.training import HeldOut, Windows, held_out_loss

REPORTS = 40
WARMUP = 1000  # steps
MEASURED = 200  # steps, from which the number of all steps is estimated
KEPT = 500  # steps between two states that a training returns to
WORSE = 1.0  # nats above the mean of the KEPT steps before: it has come apart, and returns to an earlier state at half the rate


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=420)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--no-save", action="store_true")
    return parser.parse_args()


def copied(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in state.items()}


def main() -> None:
    a = parse()
    began = time.perf_counter()
    tokenizer = Tokenizer(parse_merges((a.folder / "merges.txt").read_text("utf-8"), "merges.txt"))
    ids, held_out = (np.fromfile(a.folder / f"{name}.u2", "<u2") for name in ("train", "held_out"))
    config = ModelConfig(a.layers, a.width // 64, a.width, 512, tokenizer.vocab_size, dropout=0.0)
    optimizer = TrainConfig(
        learning_rate=a.rate, warmup_steps=WARMUP, schedule="cosine", total_steps=10**6, beta2=0.99, weight_decay=a.decay, seed=a.seed
    )
    trainer = Trainer(config, optimizer, device=a.device)
    windows = Windows(ids, a.context, a.batch, a.seed, tokenizer.end_of_text)
    print(
        f"{trainer.plan(a.batch)}; {len(ids):,} tokens, {windows.steps:,} steps an epoch, vocabulary {tokenizer.vocab_size:,}", flush=True
    )
    steps, total, losses, lines = 0, 10**6, [], []
    recent, before, states = [], np.inf, [(copied(trainer.flat_state()), 0)]
    evaluation = HeldOut(held_out, a.context, a.batch, tokenizer.end_of_text)
    for x, y in windows.batches(0):
        losses.append(trainer.step(x, y))
        recent.append(losses[-1])
        steps += 1
        if len(recent) == KEPT:
            mean, recent = float(np.mean(recent)), []
            if not mean < before + WORSE:
                trainer.load_flat_state(*states[0])
                trainer.configure(learning_rate=trainer.train_config.learning_rate / 2)
                print(f"step {steps}: the loss rose to {mean:.2f}; back to an earlier state, at half the rate", flush=True)
            else:
                before, states = mean, [states[-1], (copied(trainer.flat_state()), trainer.optimizer.step)]
        seconds = time.perf_counter() - began
        if steps == MEASURED or (steps > MEASURED and steps % 100 == 0 and steps < 0.9 * total):
            if steps == MEASURED:
                start, seconds_at = seconds, steps
                continue
            pace = (seconds - start) / (steps - seconds_at)
            total = steps + max(1, int((a.seconds - seconds) / pace))
            trainer.configure(total_steps=total)
        if steps % max(1, total // REPORTS) == 0 or steps >= total:
            line = {"step": steps, "of": total, "seconds": round(seconds, 1), "loss": round(float(np.mean(losses)), 4)}
            print(json.dumps(line), flush=True)
            lines.append(line)
            losses = []
        if steps >= total or seconds > 1.05 * a.seconds:
            break
    found: dict[str, Any] = {
        "steps": steps, "tokens": steps * a.batch * a.context, "epochs": round(steps / windows.steps, 2),
        "seconds": round(time.perf_counter() - began, 1), "options": {k: str(v) for k, v in vars(a).items()},
        "device": trainer.backend.reason, "course": lines, "held_out": held_out_loss(trainer, evaluation),
    }  # fmt: skip
    kinds = json.loads((a.folder / "kinds.json").read_text())
    found["by_kind"] = {
        kind: held_out_loss(trainer, HeldOut(held_out[first:last], a.context, a.batch, tokenizer.end_of_text))
        for kind, (first, last) in kinds.items()
    }
    print(json.dumps({k: v for k, v in found.items() if k not in ("course", "options")}), flush=True)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / f"base-{a.rate:g}.json").write_text(json.dumps(found, indent=1))
    if not a.no_save:
        flat = trainer.flat_state()["parameters"].astype(np.float16)
        for i, half in enumerate(np.array_split(flat, 2)):
            np.save(a.out / f"weights-{i}.npy", half)


if __name__ == "__main__":
    main()
