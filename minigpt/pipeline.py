"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. Read `train` first: it is the table of contents."""

from __future__ import annotations

import platform
import random
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .backend import Backend, choose_backend
from .batches import Windows, join, split
from .card import model_card
from .checkpoint import save_config, save_tokenizer, save_weights
from .config import ModelConfig, SampleConfig, TrainConfig, find_size
from .corpus.documents import Document
from .corpus.own import read_own
from .corpus.prompt import PRESETS, understand
from .corpus.refine import Kept, distinct, refine
from .corpus.templates import write_documents
from .errors import MinigptError
from .files import write_text
from .folder import RunFolder, new_folder, require_free
from .parallel import Trainer
from .textmodel import TextModel, load, samples
from .tokenizer import Tokenizer
from .training import Course, Report, Result, fit
from .vocabulary import compact


@dataclass(frozen=True)
class Options:
    """What a user may choose about a run; None stands for the default of the size or the corpus. Names are those of the command line."""

    preset: str | None = None
    data: tuple[str, ...] = ()
    source: str = "auto"
    initial_tokens: int | None = None
    final_tokens: int | None = None
    model_size: str = "12M"
    epochs: int = 20
    batch_size: int = 4
    context: int = 256
    learning_rate: float = 1e-3
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


class Listener:
    """What hears how a run goes; this one keeps it to itself."""

    def say(self, topic: str, text: str) -> None:
        """A line of the plan or of the result."""

    def step(self, course: Course, loss: float) -> None:
        """A step was made."""

    def report(self, report: Report) -> None:
        """A line of metrics was written."""

    def sample(self, text: str) -> None:
        """The finished model wrote this."""


@dataclass(frozen=True)
class Corpus:
    """The kept documents, which of them are held out, and what was written to get them."""

    kept: list[Kept]
    held_out: list[bool]
    encoded: list[list[int]]  # each kept document under the full GPT-2 vocabulary
    written: int  # tokens, before refinement
    duplicates: int  # documents that were dropped because an earlier one says the same


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; the folder is then as far
    as the run got, with its status in run.json.
    """
    o = Options(**{**options, "data": _paths(options.get("data", ()))})
    hear = listener or Listener()
    prompt = check_prompt(prompt, o)
    config, train_config = configure(o)
    folder = Path(o.out) if o.out else new_folder(Path(o.models_dir), prompt or Path(o.data[0]).stem)
    require_free(folder)
    backend = choose_backend(o.device)

    full = Tokenizer.gpt2()
    corpus = gather(prompt, o, full, hear)
    tokenizer = compact(full, {token for ids in corpus.encoded for token in ids}) if o.vocab == "corpus" else full
    config = replace(config, vocab_size=tokenizer.vocab_size)
    train_ids, held_out_ids = streams(corpus, tokenizer)
    windows = Windows(train_ids, o.context, o.batch_size, o.seed)
    total_steps = windows.steps * o.epochs
    train_config = replace(train_config, total_steps=total_steps, warmup_steps=min(100, total_steps // 10))
    run = RunFolder(folder, record(prompt, o, config, backend, corpus, windows, len(held_out_ids)))
    announce(hear, run, o, config, train_config, backend, windows)

    run.create()
    run.write_corpus(corpus_lines(corpus))
    save_tokenizer(folder, tokenizer, windows.context)
    save_config(folder, config, windows.context, tokenizer.end_of_text)
    trainer = Trainer(config, train_config, threads=o.threads, backend=backend)
    result = learn(trainer, windows, held_out_ids, tokenizer.end_of_text, run, hear)

    model = load(folder, o.device)
    texts = samples(model, 3, SampleConfig(max_tokens=300, seed=o.seed))
    for text in texts:
        hear.sample(text)
    run.save("complete", samples=texts)
    write_text(folder / "README.md", model_card(run.record))
    hear.say("Folder", str(folder))
    return model


def check_prompt(prompt: str | None, o: Options) -> str:
    """The prompt, that of the preset if there is none, or an empty one where the user's own text stands for it."""
    if o.source not in ("auto", "template", "own"):
        raise MinigptError(f"unknown source {o.source!r}; use auto, template or own")
    if o.source == "template" and o.data:
        raise MinigptError("--source template and --data exclude each other; leave one of them out")
    if o.source == "own" and not o.data:
        raise MinigptError("--source own needs --data FILE or --data FOLDER")
    if o.preset is not None:
        understand("", o.preset)
    prompt = (prompt or "").strip() or (PRESETS[o.preset].prompt if o.preset else "")
    if not prompt and not o.data:
        raise MinigptError('nothing to learn from: give --prompt "A GPT that ...", --preset KEY or --data FILE')
    return prompt


def configure(o: Options) -> tuple[ModelConfig, TrainConfig]:
    """Options as configurations, validated before anything is written; the vocabulary's size and the steps come later."""
    size = find_size(o.model_size)
    if o.vocab not in ("corpus", "full"):
        raise MinigptError(f"unknown vocabulary {o.vocab!r}; use corpus or full")
    for name in ("initial_tokens", "final_tokens"):
        if (value := getattr(o, name)) is not None and value < 1:
            raise MinigptError(f"{name}={value} must be at least 1")
    chosen = {"n_layer": o.layers, "n_head": o.heads, "n_embd": o.width, "n_positions": o.positions}
    config = ModelConfig(**{name: getattr(size, name) if value is None else value for name, value in chosen.items()}, dropout=o.dropout)
    if o.context > config.n_positions:
        raise MinigptError(f"a context of {o.context} tokens does not fit {config.n_positions} positions; use --context {config.n_positions} or --positions {o.context}")
    return config, TrainConfig(
        learning_rate=o.learning_rate, schedule="cosine", seed=o.seed, batch_size=o.batch_size, context=o.context, epochs=o.epochs
    )


def gather(prompt: str, o: Options, full: Tokenizer, hear: Listener) -> Corpus:
    """Documents from the user's files or from the templates, without duplicates; the best of them; split."""
    size = find_size(o.model_size)
    if o.data:
        hear.say("Corpus", f"your own text: {', '.join(o.data)}")
        everything = read_own([Path(path) for path in o.data])
        final_tokens = o.final_tokens
    else:
        everything = write_templates(prompt, o, full, o.initial_tokens or size.initial_tokens, hear)
        final_tokens = o.final_tokens or size.final_tokens
    documents = distinct(everything)
    encoded = [full.encode(document.text) for document in documents]
    lengths = [len(ids) + 1 for ids in encoded]  # with end-of-text
    kept = refine(documents, lengths, final_tokens)
    held_out = split(len(kept), np.random.default_rng([o.seed, 3]))
    return Corpus(kept, held_out, [encoded[k.number] for k in kept], sum(lengths), len(everything) - len(documents))


def write_templates(prompt: str, o: Options, full: Tokenizer, tokens: int, hear: Listener) -> list[Document]:
    """Template documents until they make so many tokens, or until the templates have no more to say."""
    request = understand(prompt, o.preset)
    reason = f"preset {o.preset}" if o.preset else f"because of {', '.join(repr(w) for w in request.matched)}" if request.matched else "no writer knows these words"
    hear.say("Corpus", f"templates for {request.category} ({reason}): {', '.join(request.forms)}")
    documents, written = [], 0
    for document in write_documents(request, random.Random(o.seed)):
        documents.append(document)
        written += len(full.encode(document.text)) + 1
        if written >= tokens:
            break
    return documents


def streams(corpus: Corpus, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """The training and the held-out documents as token streams of this tokenizer."""
    ids = [tokenizer.encode(k.document.text) for k in corpus.kept]
    train_ids, held_out_ids = ([i for i, held_out in zip(ids, corpus.held_out, strict=True) if held_out == part] for part in (False, True))
    return join(train_ids, tokenizer.end_of_text), join(held_out_ids, tokenizer.end_of_text)


def corpus_lines(corpus: Corpus) -> list[dict[str, Any]]:
    """The corpus as corpus.jsonl has it."""
    return [
        {"text": k.document.text, "source": k.document.source, **k.document.origin, "score": k.score, "split": "held_out" if held_out else "train"}
        for k, held_out in zip(corpus.kept, corpus.held_out, strict=True)
    ]


def record(prompt: str, o: Options, config: ModelConfig, backend: Backend, corpus: Corpus, windows: Windows, held_out_tokens: int) -> dict[str, Any]:
    """run.json before training: everything that decides the run, and what the corpus became."""
    sources = [k.document.source for k in corpus.kept]
    size = find_size(o.model_size).name
    named = {"n_layer": o.layers, "n_head": o.heads, "n_embd": o.width, "n_positions": o.positions}
    shape = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "parameters")}
    return {
        "minigpt": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "prompt": prompt,
        "seed": o.seed,
        "device": backend.name,
        "device_reason": backend.reason,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "options": asdict(o),
        "model": {"size": "custom" if any(value is not None for value in named.values()) else size, **shape},
        "corpus": {
            "documents": len(corpus.kept),
            "tokens": len(windows.ids) + held_out_tokens,
            "by_source": {source: sources.count(source) for source in sorted(set(sources))},
            "generated_tokens": corpus.written,
            "kept_tokens": sum(len(ids) + 1 for ids in corpus.encoded),
            "held_out_documents": sum(corpus.held_out),
            "held_out_tokens": held_out_tokens,
            "duplicates_dropped": corpus.duplicates,
        },
    }


def announce(hear: Listener, run: RunFolder, o: Options, config: ModelConfig, train_config: TrainConfig, backend: Backend, windows: Windows) -> None:
    """The plan, before it is carried out."""
    c, model = run.record["corpus"], run.record["model"]
    dropped = f", {c['duplicates_dropped']} duplicates dropped" if c["duplicates_dropped"] else ""
    held_out = f"{c['held_out_documents']} held out" if c["held_out_documents"] else "none held out, because there is only one"
    hear.say("", f"{c['generated_tokens']:,} tokens{dropped}; kept {c['kept_tokens']:,} in {c['documents']:,} documents, {held_out}")
    hear.say("Model", f"GPT-1, {model['size']}: {config.n_layer} layers, {config.n_head} heads, width {config.n_embd}, vocabulary {config.vocab_size:,}: {config.parameters:,} parameters")
    hear.say("Device", backend.reason)
    hear.say(
        "Training",
        f"{o.epochs} epochs of {windows.steps} steps, {o.batch_size} x {windows.context} tokens each; learning rate {o.learning_rate:g}, dropout {o.dropout:g}, seed {o.seed}",
    )


def learn(trainer: Trainer, windows: Windows, held_out: np.ndarray, end_of_text: int, run: RunFolder, hear: Listener) -> Result:
    """Train, with the best model and the metrics on the disk at every moment; an interruption keeps what there is."""
    hear.say("", trainer.plan(trainer.train_config.batch_size))
    run.save("training")

    def save() -> None:
        save_weights(run.path, trainer.state_dict())

    def on_report(report: Report) -> None:
        run.add_metrics(asdict(report))
        hear.report(report)

    try:
        result = fit(trainer, windows, held_out, end_of_text, save, on_report, hear.step)
    except KeyboardInterrupt:
        run.save("interrupted")
        raise
    except MinigptError:
        run.save("failed")
        raise
    finally:
        trainer.close()
    c = trainer.train_config
    run.save(
        "training",
        training={
            "steps": result.steps,
            "epochs": result.epochs,
            "batch_size": c.batch_size,
            "context": windows.context,
            "learning_rate": c.learning_rate,
            "seconds": result.seconds,
            "tokens_per_second": result.tokens_per_second,
            "threads": trainer.threads,
            "stopped_early": result.stopped_early,
        },
        result={"train_loss": result.train_loss, "held_out_loss": result.held_out_loss, "best_step": result.best_step},
    )
    held_out_text = "" if result.held_out_loss is None else f", held-out loss {result.held_out_loss:.3f}"
    early = ", stopped early" if result.stopped_early else ""
    hear.say("Result", f"best at step {result.best_step} of {result.steps}{early}: training loss {result.train_loss:.3f}{held_out_text}; {result.seconds:.0f} s, {result.tokens_per_second:,.0f} tokens/s")
    return result


def _paths(data: str | Path | tuple[str | Path, ...] | list[str | Path]) -> tuple[str, ...]:
    """One path or several, as texts."""
    return (str(data),) if isinstance(data, str | Path) else tuple(str(path) for path in data)
