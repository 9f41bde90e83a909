"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. `train` is its table of contents."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .backend import Backend, choose_backend
from .batches import Windows
from .card import model_card
from .checkpoint import save_config, save_tokenizer, save_weights
from .config import ModelConfig, SampleConfig, TrainConfig
from .corpus.gather import Corpus, gather, read_corpus, write_corpus
from .files import write_text
from .folder import RunFolder, new_folder, require_free
from .options import Options
from .parallel import Trainer
from .textmodel import TextModel, load, samples
from .tokenizer import Tokenizer
from .training import Course, Report, Result, fit
from .vocabulary import compact

WARMUP = 100  # steps at most; a tenth of a shorter run
SAMPLE_TOKENS = 400


class Listener:
    """What hears how a run goes; this one keeps it to itself."""

    def say(self, topic: str, text: str) -> None:
        """A line of the plan or of the result."""

    def step(self, course: Course) -> None:
        """A step was made."""

    def report(self, report: Report) -> None:
        """A line of metrics was written."""

    def sample(self, text: str) -> None:
        """The finished model wrote this."""


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first byte is written."""

    options: Options
    prompt: str
    folder: Path
    backend: Backend
    corpus: Corpus
    tokenizer: Tokenizer
    config: ModelConfig
    train_config: TrainConfig
    windows: Windows
    held_out: np.ndarray  # the held-out stream, (n,)


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; once the folder exists, its
    run.json has the status.
    """
    hear = listener or Listener()
    plan = make_plan(prompt, Options.parse(options), hear)
    run = RunFolder(plan.folder, record(plan))
    announce(plan, run.record, hear)

    run.create()
    with run.recorded():
        run.write_corpus(plan.corpus.lines())
        save_tokenizer(plan.folder, plan.tokenizer, plan.windows.context)
        save_config(plan.folder, plan.config, plan.windows.context, plan.tokenizer.end_of_text)
        learn(plan, run, hear)
        model = load(plan.folder, plan.options.device)
        texts = samples(model, 3, SampleConfig(max_tokens=SAMPLE_TOKENS, seed=plan.options.seed))
        write_text(plan.folder / "README.md", model_card(run.record | {"samples": texts}))
        run.save("complete", samples=texts)
    for text in texts:
        hear.sample(text)
    hear.say("Folder", str(plan.folder))
    return model


def make_plan(prompt: str | None, o: Options, hear: Listener) -> Plan:
    """Check the options, write or read the corpus, and decide vocabulary, model and schedule."""
    prompt = o.full_prompt(prompt)
    config, train_config = o.configure()
    folder = Path(o.out) if o.out else new_folder(Path(o.models_dir), prompt or Path(o.data[0]).stem)
    require_free(folder)
    backend = choose_backend(o.device)

    full = Tokenizer.gpt2()
    final_tokens, say = o.final_tokens, partial(hear.say, "Corpus")
    if o.data:
        documents = read_corpus(o.data, say)
    else:
        final_tokens = final_tokens or o.size.final_tokens
        documents = write_corpus(prompt, o.preset, o.initial_tokens or o.size.initial_tokens, final_tokens, o.seed, full, say)
    corpus = gather(documents, final_tokens, o.seed, full)
    tokenizer = compact(full, {token for ids in corpus.encoded for token in ids}) if o.vocab == "corpus" else full
    learned, held_out = corpus.streams(tokenizer)
    windows = Windows(learned, train_config.context, o.batch_size, o.seed)
    steps = windows.steps * o.epochs
    return Plan(
        options=o,
        prompt=prompt,
        folder=folder,
        backend=backend,
        corpus=corpus,
        tokenizer=tokenizer,
        config=replace(config, vocab_size=tokenizer.vocab_size),
        train_config=replace(train_config, total_steps=steps, warmup_steps=min(WARMUP, steps // 10)),
        windows=windows,
        held_out=held_out,
    )


def record(plan: Plan) -> dict[str, Any]:
    """run.json before training: everything that decides the run, and what the corpus became."""
    sources = [k.document.source for k in plan.corpus.kept]
    shape = {name: getattr(plan.config, name) for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "parameters")}
    return {
        "minigpt": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "prompt": plan.prompt,
        "seed": plan.options.seed,
        "device": plan.backend.name,
        "device_reason": plan.backend.reason,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "options": asdict(plan.options),
        "model": {"size": plan.options.size_name, **shape},
        "corpus": {
            "documents": len(sources),
            "tokens": len(plan.windows.ids) + len(plan.held_out),
            "by_source": {source: sources.count(source) for source in sorted(set(sources))},
            "generated_tokens": plan.corpus.written,
            "kept_tokens": plan.corpus.tokens,
            "held_out_documents": sum(plan.corpus.held_out),
            "held_out_tokens": len(plan.held_out),
            "duplicates_dropped": plan.corpus.duplicates,
        },
    }


def announce(plan: Plan, record: dict[str, Any], hear: Listener) -> None:
    """The plan, before it is carried out."""
    config, c, t = plan.config, record["corpus"], plan.train_config
    dropped = f", {c['duplicates_dropped']} duplicates dropped" if c["duplicates_dropped"] else ""
    held_out = f"{c['held_out_documents']} held out" if c["held_out_documents"] else "none held out, because there is only one"
    hear.say("", f"{c['generated_tokens']:,} tokens{dropped}; kept {c['kept_tokens']:,} in {c['documents']:,} documents, {held_out}")
    shape = f"{config.n_layer} layers, {config.n_head} heads, width {config.n_embd}, vocabulary {config.vocab_size:,}"
    hear.say("Model", f"GPT-1, {record['model']['size']}: {shape}: {config.parameters:,} parameters")
    hear.say("Device", plan.backend.reason)
    steps = f"{t.epochs} epochs of {plan.windows.steps} steps, {t.batch_size} x {plan.windows.context} tokens each"
    hear.say("Training", f"{steps}; learning rate {t.learning_rate:g}, dropout {config.dropout:g}, seed {t.seed}")


def learn(plan: Plan, run: RunFolder, hear: Listener) -> None:
    """Train, with the best model so far and the metrics on the disk at every moment."""
    trainer = Trainer(plan.config, plan.train_config, threads=plan.options.threads, backend=plan.backend)
    hear.say("", trainer.plan(plan.train_config.batch_size))
    run.save("training")

    def save() -> None:
        save_weights(plan.folder, trainer.state_dict())

    def on_report(report: Report) -> None:
        run.add_metrics(asdict(report))
        hear.report(report)

    course = Course(trainer, plan.windows, plan.held_out, plan.tokenizer.end_of_text)
    try:
        fit(course, save, on_report, hear.step)
    finally:
        trainer.close()
        if course.best:
            run.record |= figures(course.result(), plan, trainer.threads)
    run.save("training")
    hear.say("Result", outcome(course.result()))


def figures(result: Result, plan: Plan, threads: int) -> dict[str, Any]:
    """What run.json says of a training, finished or not."""
    return {
        "training": {
            "steps": result.steps,
            "epochs": result.epochs,
            "batch_size": plan.train_config.batch_size,
            "context": plan.windows.context,
            "learning_rate": plan.train_config.learning_rate,
            "seconds": result.seconds,
            "tokens_per_second": result.tokens_per_second,
            "threads": threads,
            "stopped_early": result.stopped_early,
        },
        "result": {"train_loss": result.train_loss, "held_out_loss": result.held_out_loss, "best_step": result.best_step},
    }


def outcome(result: Result) -> str:
    """The result in one line."""
    early = ", stopped early" if result.stopped_early else ""
    held_out = "" if result.held_out_loss is None else f", held-out loss {result.held_out_loss:.3f}"
    speed = f"{result.seconds:.0f} s, {result.tokens_per_second:,.0f} tokens/s"
    return f"best at step {result.best_step} of {result.steps}{early}: training loss {result.train_loss:.3f}{held_out}; {speed}"
