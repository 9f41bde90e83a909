"""Trains the base: minigpt's own Trainer over the streams that text/prepare.py wrote, for so many seconds.

python base/train.py FOLDER --seconds 420 --out FOLDER          # a GPU if there is one
python base/train.py FOLDER --seconds 20 --rate 2e-3 --no-save  # is this rate better?
python base/train.py FOLDER --init MODEL --seconds 2400 --rate 5e-4 --warmup 100 --batch 8 --out FOLDER   # train a model further, on a CPU

FOLDER has train.u2 and held_out.u2 (ids, two bytes each), merges.txt, and kinds.json (kind -> (first, last) id of held_out.u2). Writes
weights-0.npy, weights-1.npy (the flat parameters in float16, in two parts) and base-RATE.json (how it was trained, and its losses).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.disk.checkpoint import load_checkpoint
from minigpt.tokenizer import Tokenizer, parse_merges
from minigpt.training import HeldOut, Windows, held_out_loss

REPORTS = 40
MEASURED = 100  # steps, from which the number of all steps is estimated; it is corrected every CORRECTED steps
CORRECTED = 50
UNKNOWN = 10**6  # steps: until then
KEPT = 500  # steps between two states that a training returns to
WORSE = 1.0  # nats above the mean of the KEPT steps before: it has come apart, and returns to an earlier state at half the rate

State = tuple[dict[str, np.ndarray], int]  # flat arrays, and the number of updates


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=420)
    parser.add_argument("--init", type=Path, help="a model folder to start from")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=1000, help="steps")
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


class Clock:
    """The number of steps that `seconds` are enough for, as it is known after each step."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.began, self.total = seconds, time.perf_counter(), UNKNOWN
        self.first = 0.0  # when MEASURED steps were made: what comes before is compiled and loaded

    @property
    def now(self) -> float:
        return time.perf_counter() - self.began

    def estimate(self, steps: int) -> int:
        """The total, corrected now and then until the end is near."""
        if steps == MEASURED:
            self.first = self.now
        elif steps > MEASURED and steps % CORRECTED == 0 and steps < 0.9 * self.total:
            pace = (self.now - self.first) / (steps - MEASURED)
            self.total = steps + max(1, int((self.seconds - self.now) / pace))
        return self.total


class Guard:
    """Returns to an earlier state, at half the learning rate, if the loss has risen for good."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.losses, self.before = trainer, list[float](), np.inf
        self.states: list[State] = [self.state()]

    def state(self) -> State:
        return {name: array.copy() for name, array in self.trainer.flat_state().items()}, self.trainer.optimizer.step

    def watch(self, loss: float) -> None:
        """After each step."""
        self.losses.append(loss)
        if len(self.losses) < KEPT:
            return
        mean, self.losses = float(np.mean(self.losses)), []
        if mean < self.before + WORSE:
            self.before, self.states = mean, [self.states[-1], self.state()]
            return
        self.trainer.load_flat_state(*self.states[0])
        self.trainer.configure(learning_rate=self.trainer.train_config.learning_rate / 2)
        print(f"the loss rose to {mean:.2f}; back to an earlier state, at half the rate", flush=True)


def train(trainer: Trainer, windows: Windows, seconds: float) -> list[dict[str, float]]:
    """Train for so long; the mean losses between REPORTS reports."""
    clock, guard, lines, losses = Clock(seconds), Guard(trainer), list[dict[str, float]](), list[float]()
    for steps, (x, y) in enumerate(windows.batches(0), 1):
        losses.append(trainer.step(x, y))
        guard.watch(losses[-1])
        total = clock.estimate(steps)
        if total != trainer.train_config.total_steps:
            trainer.configure(total_steps=total)
        done = steps >= total or clock.now > 1.05 * seconds
        if steps % max(1, total // REPORTS) == 0 or done:
            lines.append({"step": steps, "of": total, "seconds": round(clock.now, 1), "loss": round(float(np.mean(losses)), 4)})
            print(json.dumps(lines[-1]), flush=True)
            losses = []
        if done:
            break
    return lines


def main() -> None:
    a = parse()
    tokenizer = Tokenizer(parse_merges((a.folder / "merges.txt").read_text("utf-8"), "merges.txt"))
    ids, held_out = (np.fromfile(a.folder / f"{name}.u2", "<u2") for name in ("train", "held_out"))
    config = ModelConfig(a.layers, a.width // 64, a.width, 512, tokenizer.vocab_size, dropout=0.0)
    optimizer = TrainConfig(a.rate, a.warmup, "cosine", UNKNOWN, beta2=0.99, weight_decay=a.decay, seed=a.seed)
    trainer = Trainer(config, optimizer, device=a.device)
    if a.init:
        trainer.load_state_dict(load_checkpoint(a.init).state)
    windows = Windows(ids, a.context, a.batch, a.seed, tokenizer.end_of_text)
    kinds = json.loads((a.folder / "kinds.json").read_text())

    def losses() -> dict[str, float | None]:
        """On the held-out text of each kind, and of all."""
        parts = {"all": held_out, **{kind: held_out[first:last] for kind, (first, last) in kinds.items()}}
        return {kind: held_out_loss(trainer, HeldOut(some, a.context, a.batch, tokenizer.end_of_text)) for kind, some in parts.items()}

    print(f"{trainer.plan(a.batch)}; {len(ids):,} tokens, {windows.steps:,} steps an epoch", flush=True)
    at_first = losses() if a.init else None
    if at_first:
        print(json.dumps({"at first": at_first}), flush=True)
    course = train(trainer, windows, a.seconds)
    steps = int(course[-1]["step"])
    found: dict[str, Any] = {
        "steps": steps, "tokens": steps * a.batch * a.context, "epochs": round(steps / windows.steps, 2),
        "options": {name: value.name if isinstance(value, Path) else str(value) for name, value in vars(a).items()},
        "device": trainer.backend.reason, "course": course, "held_out_at_first": at_first, "held_out": losses(),
    }  # fmt: skip
    print(json.dumps({name: found[name] for name in ("steps", "tokens", "held_out")}), flush=True)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / f"base-{a.rate:g}.json").write_text(json.dumps(found, indent=1))
    if not a.no_save:
        for i, half in enumerate(np.array_split(trainer.flat_state()["parameters"].astype(np.float16), 2)):
            np.save(a.out / f"weights-{i}.npy", half)


if __name__ == "__main__":
    main()
