"""Folders with a small model, made in milliseconds: random weights, so large that every token of the vocabulary is likely somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.disk.checkpoint import save_config, save_tokenizer, save_weights
from minigpt.model import new_parameters
from minigpt.run.listener import Listener
from minigpt.tokenizer import Tokenizer, gpt2_merges

CONTEXT = 96  # tokens


def write_model(folder: Path, seed: int = 0, **more: Any) -> Path:
    """Write a model of one layer, or as `more` of ModelConfig says, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(gpt2_merges()[:200])
    shape = {"n_layer": 1, "n_head": 2, "n_embd": 32, "n_positions": CONTEXT, "vocab_size": tokenizer.vocab_size, "initializer_range": 0.5}
    config = ModelConfig(**shape | more)
    parameters = new_parameters(config, Backend("tests"))
    parameters.initialize(np.random.default_rng(seed))
    save_config(folder, config, CONTEXT, tokenizer.end_of_text)
    save_tokenizer(folder, tokenizer, CONTEXT)
    save_weights(folder, {parameter.name: parameter.value for parameter in parameters})
    return folder


class First(Listener):
    """Keeps the weights that training begins with and what the plan says, and ends it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, label: str, text: str = "") -> None:
        self.lines.append(text)

    def step(self, course: Any) -> None:
        self.state = course.trainer.state_dict()
        raise KeyboardInterrupt
