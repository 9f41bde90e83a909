"""The options of a run -> validated configurations, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_type_hints

from minigpt.config import ARCHITECTURES, PRECISIONS, SIZES, ModelConfig, Size, TrainConfig, find_size, require_integer
from minigpt.corpus.ollama.limits import Limits
from minigpt.corpus.ollama.teacher import TeacherSettings
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.disk.schema import in_words, mismatch, schema_of
from minigpt.errors import MinigptError, as_usage, counted, instead
from minigpt.machine import require_threads
from minigpt.run.defaults import (
    BASE,
    BATCH_SIZE,
    CHECKPOINT_SECONDS,
    CONTEXT,
    DROPOUT,
    EPOCHS,
    FROM_BASE,
    MODEL_SIZE,
    MODELS_DIR,
    NONE,
    OWN_FROM_BASE,
    SEED,
    SOURCES,
    VOCABULARIES,
    Recipe,
)  # fmt: skip
from minigpt.run.memory import require_memory
from minigpt.run.values import plain_value, require_path, require_positive, require_seconds, require_text, several

COUNTS = "initial_tokens final_tokens layers heads width positions context threads epochs batch_size".split()


@dataclass(frozen=True)
class Options:
    """Options, named as on the command line. None stands for the default of the size, of the corpus, or of the client's limits."""

    preset: str | None = None
    data: tuple[str, ...] = ()
    column: str | None = None
    data_share: float | None = None
    source: str = "auto"
    ollama_host: tuple[str, ...] = ()
    ollama_gen_model: str | None = None
    ollama_refine_model: str | None = None
    ollama_timeout_connection: float | None = None
    ollama_timeout_generation: float | None = None
    ollama_timeout_evaluation: float | None = None
    allow_template_fill: bool = False
    initial_tokens: int | None = None
    final_tokens: int | None = None
    model_size: str = MODEL_SIZE
    init: str | None = None
    epochs: int | None = None
    minutes: float | None = None
    batch_size: int | None = None
    context: int | None = None
    learning_rate: float | None = None
    dropout: float | None = None
    vocab: str = "corpus"
    architecture: str | None = None
    freeze: int | None = None
    lora: int | None = None
    layers: int | None = None
    heads: int | None = None
    width: int | None = None
    positions: int | None = None
    device: str = "auto"
    precision: str | None = None
    threads: int | None = None
    seed: int = SEED
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    sample_prompt: str | None = None
    no_samples: bool = False
    out: str | None = None
    name: str | None = None
    models_dir: str = MODELS_DIR

    @classmethod
    @as_usage()
    def parse(cls, options: dict[str, Any]) -> Options:
        """Validated options from keyword arguments. A text may be a Path, a number NumPy's; `data` and `ollama_host`: one value or
        several."""
        plain: dict[str, Any] = {name: plain_value(value) for name, value in options.items()}
        for name in ("data", "ollama_host"):
            plain[name] = several(plain.get(name))
        for name, value in plain.items():
            if name in TYPES and mismatch(value, TYPES[name]):
                raise MinigptError(f"--{name.replace('_', '-')}={value!r}: expected {in_words(TYPES[name])}")
        o = cls(**plain)
        for name, path in (("out", o.out), ("models-dir", o.models_dir), ("init", o.init), *(("data", path) for path in o.data)):
            require_path(f"--{name}", path)
        if o.source not in SOURCES:
            raise MinigptError(f"unknown source {o.source!r}; {instead(o.source, SOURCES)}")
        o.teacher()
        require_seconds("--checkpoint-seconds", o.checkpoint_seconds)
        if o.minutes is not None:
            require_positive("--minutes", o.minutes, "minutes")
            if o.epochs is not None:
                raise MinigptError("--epochs and --minutes both say how long to train; leave one of them out")
        o._require_sources_that_fit()
        if o.vocab not in VOCABULARIES:
            raise MinigptError(f"unknown vocabulary {o.vocab!r}; use {' or '.join(VOCABULARIES)}")
        if o.architecture not in (None, *ARCHITECTURES):
            raise MinigptError(f"unknown architecture {o.architecture!r}; {instead(o.architecture, list(ARCHITECTURES))}")
        if o.precision not in (None, *PRECISIONS):
            raise MinigptError(f"unknown precision {o.precision!r}; use {', '.join(PRECISIONS)}")
        if o.preset is not None:
            understand("", o.preset)
        for name in (*COUNTS, "freeze", "lora"):
            if (value := getattr(o, name)) is not None:
                require_integer(f"--{name.replace('_', '-')}", value, minimum=0 if name in ("freeze", "lora") else 1)
        require_threads("--threads", o.threads)
        find_size(o.model_size)
        return o

    def _require_what_is_trained(self, config: ModelConfig) -> None:
        """MinigptError if --freeze or --lora leaves nothing to learn, or would keep random weights."""
        for name, value in (("--freeze", self.freeze), ("--lora", self.lora or None)):
            if value is not None and self.init == NONE:
                raise MinigptError(f"{name} keeps weights as they are, and these would be random; start from a trained model with --init")
        if self.freeze is not None and self.freeze >= config.n_layer:
            whole = counted(config.n_layer, "layer")
            raise MinigptError(f"--freeze {self.freeze} leaves nothing to train in a model of {whole}; use at most {config.n_layer - 1}")
        if self.lora and self.lora > config.n_embd // 2:
            raise MinigptError(f"--lora {self.lora} is no low rank in a model of width {config.n_embd}; use at most {config.n_embd // 2}")

    def _require_sources_that_fit(self) -> None:
        """MinigptError if the options about own text and generated text contradict each other."""
        if self.source == "own" and not self.data:
            raise MinigptError("--source own needs --data FILE or --data FOLDER")
        for name, value in (("--column", self.column), ("--data-share", self.data_share)):
            if value is not None and not self.data:
                raise MinigptError(f"{name} applies to your own text, so it needs --data FILE or --data FOLDER")
        share = self.data_share
        if share is not None and (isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1):
            raise MinigptError(
                f"--data-share={share!r}: expected a number above 0 and at most 1; with 0.5, half of the tokens are your own text"
            )
        if self.generates and self.data and self.source == "own":
            raise MinigptError("--source own and --data-share below 1 cannot be combined; leave one of them out")
        if not self.generates:
            if self.source in ("template", "ollama"):
                raise MinigptError(
                    f"--source {self.source} and --data cannot be combined; leave one of them out, or mix them with --data-share"
                )
            for name, given in (("--preset", self.preset), ("--initial-tokens", self.initial_tokens)):
                if given is not None:
                    both = f"{name} applies to generated documents, but --data is your own text"
                    raise MinigptError(f"{both}; leave one of them out, or mix them with --data-share")

    @property
    def generates(self) -> bool:
        """Whether documents are generated, alone or mixed with own text."""
        return not self.data or (self.data_share is not None and self.data_share < 1)

    @property
    def size(self) -> Size:
        """The named size, which the defaults come from."""
        return find_size(self.model_size)

    @property
    def recipe(self) -> Recipe:
        """How much is written and how it is learned, for this start, size and source."""
        size = self.size
        by_size = Recipe(size.initial_tokens, size.final_tokens, EPOCHS, size.learning_rate, DROPOUT, False)
        if self.init != BASE:
            return by_size
        return FROM_BASE if self.source == "template" and not self.data else by_size._replace(learning_rate=OWN_FROM_BASE)

    @property
    def size_name(self) -> str:
        """The size's name, or "custom" if a dimension differs."""
        chosen = self.layers, self.heads, self.width, self.positions
        same = (self.size.n_layer, self.size.n_head, self.size.n_embd, self.size.n_positions)
        return self.size.name if all(mine in (None, its) for mine, its in zip(chosen, same, strict=True)) else "custom"

    @as_usage()
    def shaped_like(self, model: ModelConfig) -> Options:
        """The options for a run that starts from the weights of this model."""
        shape = (model.n_layer, model.n_head, model.n_embd)
        size = next((size.name for size in SIZES.values() if (size.n_layer, size.n_head, size.n_embd) == shape), None)
        another = self.model_size != MODEL_SIZE and self.size.name != size
        if self.architecture not in (None, model.architecture):
            its_name, wanted = ARCHITECTURES[model.architecture], ARCHITECTURES[str(self.architecture)]
            raise MinigptError(
                f"--init names a {its_name}, but --architecture wants a {wanted}; leave out one of them, or start with --init none"
            )
        chosen, its = (self.layers, self.heads, self.width, self.positions), (*shape, model.n_positions)
        if another or any(mine not in (None, number) for mine, number in zip(chosen, its, strict=True)):
            raise MinigptError("--init decides the model's shape; leave out --model-size, --layers, --heads, --width and --positions")
        own = replace(self, architecture=model.architecture, positions=model.n_positions)
        return replace(own, model_size=size or self.model_size, layers=shape[0], heads=shape[1], width=shape[2])

    def teacher(self) -> TeacherSettings:
        """The settings of the teacher, for sources that may use one."""
        limits: dict[str, Any] = {}
        for name in ("connection", "generation", "evaluation"):
            if (seconds := getattr(self, f"ollama_timeout_{name}")) is not None:
                limits[name] = require_seconds(f"--ollama-timeout-{name}", seconds)
        return TeacherSettings(self.ollama_host, self.ollama_gen_model, self.ollama_refine_model, Limits(**limits))

    @as_usage()
    def full_prompt(self, prompt: str | None) -> str:
        """The prompt, else that of the preset, else an empty one if there is own text."""
        prompt = (prompt or "").strip() or (PRESETS[self.preset].prompt if self.preset else "")
        if not prompt and self.generates:
            if self.data:
                raise MinigptError(
                    '--data-share mixes your own text with documents for a prompt: give --prompt "A GPT that ..." or --preset KEY'
                )
            raise MinigptError('nothing to train on: give --prompt "A GPT that ...", --preset KEY or --data FILE')
        require_text("--prompt", prompt)
        require_text("--sample-prompt", self.sample_prompt or "")
        return prompt

    @as_usage()
    def configure(self) -> tuple[ModelConfig, TrainConfig]:
        """The configurations, but for the vocabulary's size and the number of steps, which depend on the corpus."""
        size = self.size
        dropout = self.recipe.dropout if self.dropout is None else self.dropout
        chosen = {"n_layer": self.layers, "n_head": self.heads, "n_embd": self.width, "n_positions": self.positions}
        config = ModelConfig(
            **{name: value or getattr(size, name) for name, value in chosen.items()},
            dropout=dropout,
            architecture=self.architecture or ModelConfig.architecture,
        )
        context = self.context or min(CONTEXT, config.n_positions)
        if context > config.n_positions:
            remedy = f"use --context {config.n_positions} or --positions {context}"
            raise MinigptError(f"a context of {counted(context, 'token')} does not fit {counted(config.n_positions, 'position')}; {remedy}")
        self._require_what_is_trained(config)
        require_memory(config)
        rate = self.recipe.learning_rate if self.learning_rate is None else self.learning_rate
        return config, TrainConfig(
            learning_rate=rate,
            schedule="cosine",
            seed=self.seed,
            batch_size=self.batch_size or BATCH_SIZE,
            context=context,
            epochs=self.epochs or self.recipe.epochs,
            freeze=self.freeze,
            lora=self.lora or 0,
        )


TYPES = {name: schema_of(hint) for name, hint in get_type_hints(Options).items()}
