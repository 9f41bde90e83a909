"""minigpt: describe a GPT in one sentence, and train it on your own machine, from scratch.

    run = minigpt.train("A fun GPT that generates cooking recipes", out="models/chef")
    print(run.generate("Ingredients:"))

Public names are imported at their first use, so that `python -m minigpt --help` needs no array
library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigpt.config import ModelConfig, SampleConfig, TrainConfig
    from minigpt.errors import MinigptError
    from minigpt.run.pipeline import resume, train
    from minigpt.run.textmodel import TextModel, load
    from minigpt.tokenizer import Tokenizer
    from minigpt.trainer import Trainer

__version__ = "0.1.0"

_HOMES = {
    "MinigptError": "errors",
    "ModelConfig": "config",
    "SampleConfig": "config",
    "TextModel": "run.textmodel",
    "Tokenizer": "tokenizer",
    "TrainConfig": "config",
    "Trainer": "trainer",
    "load": "run.textmodel",
    "resume": "run.pipeline",
    "train": "run.pipeline",
}

__all__ = [
    "MinigptError",
    "ModelConfig",
    "SampleConfig",
    "TextModel",
    "Tokenizer",
    "TrainConfig",
    "Trainer",
    "load",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".machine", __name__).spare_blas()
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
