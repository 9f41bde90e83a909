"""The defaults and choices of a run's options, for Python and the command line. Needs no array library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from minigpt.config import SIZES, ModelConfig, TrainConfig

Source = Literal["auto", "template", "ollama", "own"]
Vocabulary = Literal["corpus", "full"]
Architecture = Literal["gpt1", "gpt2"]  # config.ARCHITECTURES
Precision = Literal["float32", "tf32", "bfloat16"]  # config.PRECISIONS
SOURCES: tuple[str, ...] = get_args(Source)
VOCABULARIES: tuple[str, ...] = get_args(Vocabulary)
MODELS_DIR = "models"
MODEL_SIZE = next(iter(SIZES))  # the smallest
EPOCHS = TrainConfig.epochs
CONTEXT = TrainConfig.context  # tokens a window, where the model has as many positions
BATCH_SIZE = 2  # windows a step
LORA_FROM, LORA_RANK = 100_000_000, 8  # from so many parameters on, the model of --init is adapted by default
DROPOUT, SEED = ModelConfig.dropout, TrainConfig.seed
COOL = 0.6  # the temperature of a run's own samples: closer to what it learned than `generate`, whose 0.8 is more varied
COOLER = {"technical": 0.5}  # of those in a category where one wrong sign spoils a whole program (docs/quality.md)
SAMPLE_TOKENS = 600  # of each of them, at most
CHECKPOINT_SECONDS = 60.0  # the least time between two saves of a training
BASE, NONE = "base", "none"  # values of --init that are not folders


class Recipe(NamedTuple):
    """How much text is written, and how it is learned, unless the options say otherwise."""

    initial_tokens: int  # written
    final_tokens: int  # kept of those
    epochs: int
    learning_rate: float
    dropout: float
    varied: bool  # templates draw evenly from their lists; else they favour some words, which random weights need to learn any


# From the base, which knows English and the templates: more text, fewer epochs and smaller steps (measured in docs/quality.md).
FROM_BASE = Recipe(240_000, 120_000, 2, 3e-4, 0.0, True)
STRANGE = 4, 8e-4  # epochs and learning rate for templates in forms that the base has not read
FAMILIAR = 0.6  # nats a token of held-out text, below which the base knows a category of templates well
ONCE = FROM_BASE._replace(initial_tokens=120_000, final_tokens=60_000, epochs=1)  # for such: a quarter of the time, and less is copied
OWN_FROM_BASE = 3e-4  # the learning rate for text that is new to it


def cool(record: Mapping[str, Any]) -> float:
    """The temperature of a run's own samples, from its record: by the category of the prompt, unless the documents are the user's."""
    request, source = record.get("request"), record.get("source")
    own = isinstance(source, Mapping) and source.get("name") == "own"
    category = request.get("category") if isinstance(request, Mapping) else None
    return COOL if own or not isinstance(category, str) else COOLER.get(category, COOL)
