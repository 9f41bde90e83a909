"""A prompt and options -> what a run would do, and how long it would take here; nothing is written and no server is asked."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from minigpt.backend import choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.ollama.limits import plain
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import doubts
from minigpt.errors import counted
from minigpt.machine import usable_cores
from minigpt.model import count_parameters
from minigpt.run.defaults import BASE, BATCH_SIZE
from minigpt.run.memory import step_memory
from minigpt.run.options import Options
from minigpt.run.ranks.shared import new_trainer
from minigpt.run.room import free_room, gigabytes
from minigpt.run.start import settled, tuned
from minigpt.run.timing import WRITTEN, WRITTEN_FROM_BASE

BYTES_PER_TOKEN = 4  # of English text, about
TRIAL = 1.0  # seconds of steps that are timed
MINUTE, HOUR = 60, 3600  # seconds


@dataclass(frozen=True)
class Estimate:
    """What a run would do. `lines`: topic and text; `doubts`: what the templates do otherwise than the prompt asks."""

    lines: list[tuple[str, str]]
    doubts: tuple[str, ...]


def estimate(prompt: str | None, o: Options) -> Estimate:
    """The plan of a run with these options, with the speed measured on this machine; MinigptError if it could not be run."""
    prompt = o.full_prompt(prompt)
    request = understand(prompt, o.preset) if prompt else None
    o = tuned(settled(o), request)
    config, train_config = o.configure()
    config = replace(config, vocab_size=WRITTEN_FROM_BASE if o.init == BASE else WRITTEN)
    batch, rate = o.batch_size or BATCH_SIZE, tokens_per_second(o, config, train_config)
    workers, free = min(batch, o.threads or usable_cores()), free_room()
    needed = step_memory(config, batch, train_config.context, workers, train_config).total
    start = {BASE: "from the base", "none": "from random weights"}.get(str(o.init), f"from {o.init}")
    shape = f"{counted(config.n_layer, 'layer')} of width {config.n_embd}, about {count_parameters(config) / 1e6:,.1f}M parameters"
    text, tokens = source_of(o)
    lines = [("Model", f"{o.size_name}, {start}: {shape}")]
    if request and o.generates:
        lines.append(("Topic", "; ".join(describe(request, o.source == "template"))))
    lines += [
        ("Text", text),
        ("Training", duration(o, train_config, tokens, rate)),
        ("Memory", f"about {gigabytes(needed)}; {free}"),
    ]
    clauses = doubts(request) if request and o.generates and o.source == "template" else ()
    if clauses:
        lines.append(("Note", f"the templates {'; they '.join(clauses)}"))
    return Estimate(lines, clauses)


def source_of(o: Options) -> tuple[str, int]:
    """Where the text comes from, and about how many tokens of it are learned."""
    if o.data:
        size = OwnText([Path(path) for path in o.data], o.column, ours=[Path(o.models_dir)]).total
        tokens = o.final_tokens or max(1, size // BYTES_PER_TOKEN)
        return f"your own, {gigabytes(size) if size >= 1e6 else f'{size / 1e3:,.0f} kB'}: about {rounded(tokens)} tokens", tokens
    writer = f"written by {plain(o.ollama_gen_model or 'Ollama')}" if o.source == "ollama" else "from templates"
    if o.minutes is not None:
        return f"{writer}, as much as there is time for", o.recipe.final_tokens
    written, kept = o.initial_tokens or o.recipe.initial_tokens, o.final_tokens or o.recipe.final_tokens
    return f"{written:,} tokens {writer}, of which the best {kept:,} are kept", kept


def duration(o: Options, config: TrainConfig, tokens: int, rate: float) -> str:
    """How long the training takes."""
    speed = f"{rounded(int(rate))} tokens/s measured here"
    if o.minutes is not None:
        return f"{o.minutes:g} min in all, including writing the text; {speed}"
    return f"{counted(config.epochs, 'epoch')}, at most {in_words(config.epochs * tokens / rate)}; {speed}"


def tokens_per_second(o: Options, config: ModelConfig, train_config: TrainConfig) -> float:
    """Measured on a few steps with random weights."""
    backend, batch = choose_backend(o.device), o.batch_size or BATCH_SIZE
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (batch, train_config.context + 1))
    with closing(new_trainer(config, threads=o.threads or usable_cores(), precision=o.precision, backend=backend)) as trainer:
        trainer.step(ids[:, :-1], ids[:, 1:])  # allocates
        times = [time.perf_counter()]
        while len(times) < 3 or times[-1] - times[0] < TRIAL:
            trainer.step(ids[:, :-1], ids[:, 1:])
            times.append(time.perf_counter())
    backend.release()
    return float(batch * train_config.context / np.median(np.diff(times)))


def in_words(seconds: float) -> str:
    """A duration to one figure or two: an estimate is no more."""
    if seconds < MINUTE:
        return "a minute"
    if seconds < HOUR:
        return counted(round(seconds / MINUTE), "minute")
    return f"{seconds / HOUR:.1f} hours" if seconds < 10 * HOUR else counted(round(seconds / HOUR), "hour")


def rounded(number: int) -> str:
    """A number to two figures."""
    digits = max(0, len(str(number)) - 2)
    return f"{round(number, -digits):,}"
