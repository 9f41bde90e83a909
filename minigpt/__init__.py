"""minigpt: describe a GPT in one sentence, and train it on your own machine, from scratch.

    run = minigpt.train("A fun GPT that generates cooking recipes", out="models/chef")
    print(run.generate("Ingredients:"))

Public names are imported at their first use, so that `python -m minigpt --help` needs no array
library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigpt.errors import instead

if TYPE_CHECKING:
    from minigpt import plain
    from minigpt.config import ModelConfig, SampleConfig, TrainConfig
    from minigpt.errors import MinigptError
    from minigpt.run.course import Course
    from minigpt.run.listener import Listener, Wish, Written
    from minigpt.run.pipeline import resume, train
    from minigpt.run.reading import Token
    from minigpt.run.textmodel import TextModel, load
    from minigpt.tokenizer import Tokenizer
    from minigpt.trainer import Trainer
    from minigpt.training import Report

__version__ = "0.1.0"

_HOMES = {
    "Course": "run.course",
    "Listener": "run.listener",
    "MinigptError": "errors",
    "ModelConfig": "config",
    "Report": "training",
    "SampleConfig": "config",
    "TextModel": "run.textmodel",
    "Token": "run.reading",
    "Tokenizer": "tokenizer",
    "TrainConfig": "config",
    "Trainer": "trainer",
    "Wish": "run.listener",
    "Written": "run.listener",
    "load": "run.textmodel",
    "plain": "plain",  # a module
    "resume": "run.pipeline",
    "train": "run.pipeline",
}

__all__ = [
    "Course",
    "Listener",
    "MinigptError",
    "ModelConfig",
    "Report",
    "SampleConfig",
    "TextModel",
    "Token",
    "Tokenizer",
    "TrainConfig",
    "Trainer",
    "Wish",
    "Written",
    "load",
    "plain",
    "resume",
    "train",
]


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


if not TYPE_CHECKING:  # a type checker would take any name for known

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            remedy = instead(name, __all__)
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; {remedy}")
        import_module(".machine", __name__).spare_blas()
        home = import_module(f".{_HOMES[name]}", __name__)
        value = home if _HOMES[name] == name else getattr(home, name)
        globals()[name] = value
        return value
