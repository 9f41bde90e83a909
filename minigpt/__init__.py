"""minigpt: describe a GPT in one sentence, and train it on your own machine, from scratch.

    run = minigpt.train("A fun GPT that generates cooking recipes", out="models/chef")
    print(run.generate("Ingredients:"))

Public names are imported at their first use, so that `python -m minigpt --help` needs no array library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import ModelConfig, SampleConfig, TrainConfig
    from .errors import MinigptError
    from .parallel import Trainer
    from .pipeline import resume, train
    from .textmodel import TextModel, load
    from .tokenizer import Tokenizer

__version__ = "0.1.0"

_HOMES = {
    "MinigptError": "errors",
    "ModelConfig": "config",
    "SampleConfig": "config",
    "TextModel": "textmodel",
    "Tokenizer": "tokenizer",
    "TrainConfig": "config",
    "Trainer": "parallel",
    "load": "textmodel",
    "resume": "pipeline",
    "train": "pipeline",
}

__all__ = ["MinigptError", "ModelConfig", "SampleConfig", "TextModel", "Tokenizer", "TrainConfig", "Trainer", "load", "resume", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(".machine", __name__).spare_blas()
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
