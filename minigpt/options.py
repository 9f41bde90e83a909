"""What a user may choose about a run: options in, checked configurations out. Nothing is written before all of them are good."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config import ModelConfig, Size, TrainConfig, find_size
from .corpus.prompt import PRESETS, understand
from .errors import MinigptError

CONTEXT = 256  # tokens a window, where the model has as many positions


@dataclass(frozen=True)
class Options:
    """Names are those of the command line; None stands for the default of the size or of the corpus."""

    preset: str | None = None
    data: tuple[str, ...] = ()
    source: str = "auto"
    initial_tokens: int | None = None
    final_tokens: int | None = None
    model_size: str = "12M"
    epochs: int = 20
    batch_size: int = 2
    context: int | None = None
    learning_rate: float | None = None
    dropout: float = 0.1
    vocab: str = "corpus"
    layers: int | None = None
    heads: int | None = None
    width: int | None = None
    positions: int | None = None
    device: str = "auto"
    threads: int | None = None
    seed: int = 42
    out: str | None = None
    models_dir: str = "models"

    @classmethod
    def parse(cls, options: dict[str, Any]) -> Options:
        """Options as keyword arguments, checked one by one; `data` may be one path or several, as text or as Path."""
        plain: dict[str, Any] = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
        data = plain.get("data", ())
        plain["data"] = (data,) if isinstance(data, str) else tuple(str(path) for path in data)
        o = cls(**plain)
        if o.source not in ("auto", "template", "own"):
            raise MinigptError(f"unknown source {o.source!r}; use auto, template or own")
        if o.source == "template" and o.data:
            raise MinigptError("--source template and --data exclude each other; leave one of them out")
        if o.source == "own" and not o.data:
            raise MinigptError("--source own needs --data FILE or --data FOLDER")
        if o.vocab not in ("corpus", "full"):
            raise MinigptError(f"unknown vocabulary {o.vocab!r}; use corpus or full")
        if o.preset is not None:
            understand("", o.preset)
        for name in ("initial_tokens", "final_tokens", "layers", "heads", "width", "positions", "context", "threads"):
            if (value := getattr(o, name)) is not None and value < 1:
                raise MinigptError(f"--{name.replace('_', '-')} {value}: wanted a whole number of at least 1")
        return o

    @property
    def size(self) -> Size:
        """The named size that the defaults come from."""
        return find_size(self.model_size)

    @property
    def size_name(self) -> str:
        """The size's name, or "custom" where a dimension was overridden."""
        return "custom" if any((self.layers, self.heads, self.width, self.positions)) else self.size.name

    def full_prompt(self, prompt: str | None) -> str:
        """The prompt, that of the preset if there is none, or an empty one where the user's own text stands for it."""
        prompt = (prompt or "").strip() or (PRESETS[self.preset].prompt if self.preset else "")
        if not prompt and not self.data:
            raise MinigptError('nothing to learn from: give --prompt "A GPT that ...", --preset KEY or --data FILE')
        return prompt

    def configure(self) -> tuple[ModelConfig, TrainConfig]:
        """The configurations; the vocabulary's size and the number of steps follow from the corpus."""
        size = self.size
        chosen = {"n_layer": self.layers, "n_head": self.heads, "n_embd": self.width, "n_positions": self.positions}
        config = ModelConfig(**{name: value or getattr(size, name) for name, value in chosen.items()}, dropout=self.dropout)
        context = self.context or min(CONTEXT, config.n_positions)
        if context > config.n_positions:
            remedy = f"use --context {config.n_positions} or --positions {context}"
            raise MinigptError(f"a context of {context} tokens does not fit {config.n_positions} positions; {remedy}")
        rate = size.learning_rate if self.learning_rate is None else self.learning_rate
        return config, TrainConfig(
            learning_rate=rate, schedule="cosine", seed=self.seed, batch_size=self.batch_size, context=context, epochs=self.epochs
        )
