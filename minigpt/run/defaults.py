"""The defaults and choices of a run's options, for Python and the command line. Needs no array library."""

from __future__ import annotations

from minigpt.config import SIZES, ModelConfig, TrainConfig

SOURCES = ("auto", "template", "ollama", "own")
VOCABULARIES = ("corpus", "full")
MODELS_DIR = "models"
MODEL_SIZE = next(iter(SIZES))  # the smallest
EPOCHS = TrainConfig.epochs
CONTEXT = TrainConfig.context  # tokens a window, where the model has as many positions
BATCH_SIZE = 2  # windows a step
DROPOUT, SEED = ModelConfig.dropout, TrainConfig.seed
CHECKPOINT_SECONDS = 60.0  # the least time between two saves of a training
