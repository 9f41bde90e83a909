"""The whole job: a prompt or the user's own text in, a run folder with a trained model out. `train` is its table of contents.

A run is a row of stages. Each has its results on the disk before the next begins, and reads there what the ones before it left.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from .batches import Windows
from .card import model_card
from .checkpoint import save_config, save_tokenizer, save_weights
from .config import ModelConfig, SampleConfig, TrainConfig
from .corpus.gather import HELD_OUT, LEARNED, Entry, Gathering, write_corpus
from .corpus.sources import Source, Templates
from .files import write_text
from .job import Job, plan
from .listener import Listener
from .options import Options
from .parallel import Trainer
from .streams import compact_for, open_stream, renumber
from .textmodel import TextModel, load, samples
from .tokenizer import Tokenizer
from .training import Course, Report, Result, fit

WARMUP = 100  # steps at most; a tenth of a shorter run
SAMPLE_TOKENS = 400
TRAIN_IDS, HELD_OUT_IDS = "train.ids", "held_out.ids"  # the token streams under the model's own vocabulary


def train(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> TextModel:
    """Make a GPT for a prompt: corpus, vocabulary, training, files, samples. Returns the best model.

    Options are those of `Options` (model_size, data, epochs, out, ...). Raises MinigptError for bad input; once the folder exists, its
    run.json has the status.
    """
    job = plan(prompt, Options.parse(options), listener or Listener())
    job.run.create()
    with job.run.recorded():
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})
    for text in job.run.record["samples"]:
        job.hear.sample(text)
    job.hear.say("Folder", str(job.run.path))
    return load(job.run.path, job.options.device)


def write(job: Job) -> None:
    """The corpus: documents, cleaned, chosen and split -> corpus.jsonl, and their ids under GPT-2's whole vocabulary."""
    gathering = Gathering(Tokenizer.gpt2())
    counts = write_corpus(entries(job, gathering), job.run.path, job.run.checkpoint, job.options.seed)
    dropped = dict(sorted(gathering.cleaner.dropped.items()))
    job.run.record["corpus"] = {
        "documents": counts.documents,
        "tokens": counts.tokens,
        "by_source": dict(sorted(counts.by_source.items())),
        "tokens_by_source": dict(sorted(counts.tokens_by_source.items())),
        "generated_tokens": gathering.tokens,
        "kept_tokens": counts.tokens,
        "held_out_documents": counts.held_out_documents,
        "held_out_tokens": counts.held_out_tokens,
        "dropped": dropped,
        "skipped": job.own.skipped.count if job.own else 0,
    }
    for line in job.own.skipped.lines() if job.own else ():
        job.hear.say("", line)
    reasons = "".join(f", {count:,} dropped ({reason})" for reason, count in dropped.items())
    held_out = f"{counts.held_out_documents:,} held out" if counts.held_out_documents else "none held out, because there is only one"
    job.hear.say("", f"{gathering.tokens:,} tokens{reasons}; kept {counts.tokens:,} in {counts.documents:,} documents, {held_out}")
    if len(counts.by_source) > 1:
        job.hear.say("", f"your own text is {counts.tokens_by_source['own'] / counts.tokens:.0%} of these tokens")


def entries(job: Job, gathering: Gathering) -> Iterator[Entry]:
    """The documents that the options ask for: written ones, the user's own, or both."""
    o = job.options

    def generate(final_tokens: int) -> Source:
        assert job.request is not None
        initial_tokens = o.initial_tokens or max(o.size.initial_tokens, 2 * final_tokens)
        source = Templates(job.request, initial_tokens, final_tokens, o.seed, gathering.full)
        return introduced(source, job.hear)

    if job.own is None:
        final_tokens = o.final_tokens or o.size.final_tokens
        return gathering.entries(generate(final_tokens), final_tokens)
    own = introduced(job.own, job.hear)
    if o.data_share is None or not o.generates:
        return gathering.entries(own, o.final_tokens)
    return gathering.mixed(own, o.data_share, o.final_tokens, generate)


def introduced(source: Source, hear: Listener) -> Source:
    """The source, after the listener heard what it is."""
    for topic, line in zip(("Corpus", *[""] * len(source.description)), source.description, strict=False):
        hear.say(topic, line)
    return source


def number(job: Job) -> None:
    """The tokens: the vocabulary that the corpus needs, the corpus under its ids, and the model's configuration."""
    full, place = Tokenizer.gpt2(), job.run.checkpoint
    tokenizer = full if job.options.vocab == "full" else compact_for(full, [place / LEARNED, place / HELD_OUT])
    for source, target in ((LEARNED, TRAIN_IDS), (HELD_OUT, HELD_OUT_IDS)):
        renumber(place / source, full, tokenizer, place / target)
    config, _ = configs(job, tokenizer.vocab_size, windows := windows_of(job))
    save_tokenizer(job.run.path, tokenizer, windows.context)
    save_config(job.run.path, config, windows.context, tokenizer.end_of_text)
    shape = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "parameters")}
    job.run.record["model"] = {"size": job.options.size_name, **shape}


def windows_of(job: Job) -> Windows:
    """The training windows over the token stream on the disk."""
    return Windows(open_stream(job.run.checkpoint / TRAIN_IDS), job.train_config.context, job.options.batch_size, job.options.seed)


def configs(job: Job, vocab_size: int, windows: Windows) -> tuple[ModelConfig, TrainConfig]:
    """The configurations, now that the corpus is known."""
    steps = windows.steps * job.options.epochs
    schedule = replace(job.train_config, total_steps=steps, warmup_steps=min(WARMUP, steps // 10))
    return replace(job.config, vocab_size=vocab_size), schedule


def learn(job: Job) -> None:
    """The training, with the best model so far and the metrics on the disk at every moment."""
    run, hear, windows = job.run, job.hear, windows_of(job)
    config, train_config = configs(job, run.record["model"]["vocab_size"], windows)
    announce(job, config, train_config, windows)
    trainer = Trainer(config, train_config, threads=job.options.threads, backend=job.backend)
    hear.say("", trainer.plan(train_config.batch_size))
    run.save("training")

    def save() -> None:
        save_weights(run.path, trainer.state_dict())

    def on_report(report: Report) -> None:
        run.add_metrics(asdict(report))
        hear.report(report)

    held_out = open_stream(run.checkpoint / HELD_OUT_IDS)
    course = Course(trainer, windows, held_out, config.vocab_size - 1)  # end-of-text is the last token of every vocabulary
    try:
        fit(course, save, on_report, hear.step)
    finally:
        trainer.close()
        if course.best:
            run.record |= figures(course.result(), train_config, windows, trainer.threads)
    hear.say("Result", outcome(course.result()))


def announce(job: Job, config: ModelConfig, t: TrainConfig, windows: Windows) -> None:
    """The model and its training, before the first step."""
    shape = f"{config.n_layer} layers, {config.n_head} heads, width {config.n_embd}, vocabulary {config.vocab_size:,}"
    job.hear.say("Model", f"GPT-1, {job.options.size_name}: {shape}: {config.parameters:,} parameters")
    job.hear.say("Device", job.backend.reason)
    steps = f"{t.epochs} epochs of {windows.steps:,} steps, {t.batch_size} x {windows.context} tokens each"
    job.hear.say("Training", f"{steps}; learning rate {t.learning_rate:g}, dropout {config.dropout:g}, seed {t.seed}")


def figures(result: Result, train_config: TrainConfig, windows: Windows, threads: int) -> dict[str, Any]:
    """What run.json says of a training, finished or not."""
    return {
        "training": {
            "steps": result.steps,
            "epochs": result.epochs,
            "batch_size": train_config.batch_size,
            "context": windows.context,
            "learning_rate": train_config.learning_rate,
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


def report(job: Job) -> None:
    """What the finished model writes, its card, and the folder without what only a run under way needs."""
    run = job.run
    model = load(run.path, job.options.device)
    texts = samples(model, 3, SampleConfig(max_tokens=SAMPLE_TOKENS, seed=job.options.seed))
    write_text(run.path / "README.md", model_card(run.record | {"samples": texts}))
    run.save("complete", samples=texts, checkpoint="removed")
    shutil.rmtree(run.checkpoint)


STAGES = {"corpus": write, "tokens": number, "training": learn, "report": report}
