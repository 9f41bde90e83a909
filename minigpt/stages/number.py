"""The tokens: the corpus under GPT-2's ids in; out come the vocabulary that it needs, the corpus under its ids, the configurations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from minigpt.batches import Windows
from minigpt.checkpoint import CONFIG_FILES, TOKENIZER_FILES, save_config, save_tokenizer
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.gather import HELD_OUT, LEARNED
from minigpt.job import Job
from minigpt.streams import compact_for, open_stream, renumber
from minigpt.tokenizer import Tokenizer

WARMUP = 100  # steps at most; a tenth of a shorter run
TRAIN_IDS, HELD_OUT_IDS = "train.ids", "held_out.ids"  # the token streams under the model's own vocabulary


def number(job: Job) -> list[Path]:
    """The tokens: the vocabulary that the corpus needs, the corpus under its ids, and the model's configuration."""
    full, place = Tokenizer.gpt2(), job.run.checkpoint
    tokenizer = full if job.options.vocab == "full" else compact_for(full, [place / LEARNED, place / HELD_OUT])
    for source, target in ((LEARNED, TRAIN_IDS), (HELD_OUT, HELD_OUT_IDS)):
        renumber(place / source, full, tokenizer, place / target)
    config, _ = configs(job, tokenizer.vocab_size, windows := windows_of(job))
    save_tokenizer(job.run.path, tokenizer, windows.context)
    save_config(job.run.path, config, windows.context, tokenizer.end_of_text)
    shape = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "parameters")}
    job.run.record["model"] = {"size": job.options.size_name, **shape}
    return [*(job.run.path / name for name in (*CONFIG_FILES, *TOKENIZER_FILES)), place / TRAIN_IDS, place / HELD_OUT_IDS]


def windows_of(job: Job) -> Windows:
    """The training windows over the token stream on the disk."""
    return Windows(open_stream(job.run.checkpoint / TRAIN_IDS), job.train_config.context, job.options.batch_size, job.options.seed)


def configs(job: Job, vocab_size: int, windows: Windows) -> tuple[ModelConfig, TrainConfig]:
    """The configurations, now that the corpus is known."""
    steps = windows.steps * job.options.epochs
    schedule = replace(job.train_config, total_steps=steps, warmup_steps=min(WARMUP, steps // 10))
    return replace(job.config, vocab_size=vocab_size), schedule
