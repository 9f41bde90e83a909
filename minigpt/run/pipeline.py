"""A prompt or the user's own text -> a run folder with a trained model. `STAGES` is the table of contents.

Each stage writes its results to disk before the next begins, and reads those of the stages before it from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from minigpt.disk.folder import RunFolder
from minigpt.disk.schema import validate
from minigpt.errors import MinigptError, as_argument, as_usage
from minigpt.run.defaults import CHECKPOINT_SECONDS, MODEL_SIZE, MODELS_DIR, SEED, Architecture, Precision, Source, Vocabulary
from minigpt.run.job import Job, new_job, resumed_job
from minigpt.run.keywords import with_options
from minigpt.run.learn import learn
from minigpt.run.listener import Listener
from minigpt.run.options import TYPES, Options
from minigpt.run.progress import watched
from minigpt.run.ranks.join import join
from minigpt.run.report import report, show_result
from minigpt.run.textmodel import TextModel, load
from minigpt.run.tokenize import tokenize
from minigpt.run.values import require_positive, several
from minigpt.run.write_corpus import make_corpus

STAGES = {"corpus": make_corpus, "tokens": tokenize, "training": learn, "report": report}


@with_options
def train(
    prompt: str | None = None, *, progress: bool = False, listener: Listener | None = None,
    preset: str | None = None, data: str | Path | Sequence[str | Path] = (), column: str | None = None, data_share: float | None = None,
    source: Source = "auto", ollama_host: str | Sequence[str] = (), ollama_gen_model: str | None = None,
    ollama_refine_model: str | None = None, ollama_timeout_connection: float | None = None,
    ollama_timeout_generation: float | None = None, ollama_timeout_evaluation: float | None = None, allow_template_fill: bool = False,
    initial_tokens: int | None = None, final_tokens: int | None = None, model_size: str = MODEL_SIZE, init: str | Path | None = None,
    epochs: int | None = None, minutes: float | None = None, batch_size: int | None = None, context: int | None = None,
    learning_rate: float | None = None, dropout: float | None = None, vocab: Vocabulary = "corpus",
    architecture: Architecture | None = None, freeze: int | None = None, lora: int | None = None,
    layers: int | None = None, heads: int | None = None, width: int | None = None, positions: int | None = None, device: str = "auto",
    precision: Precision | None = None, threads: int | None = None, seed: int = SEED, checkpoint_seconds: float = CHECKPOINT_SECONDS,
    sample_prompt: str | None = None, no_samples: bool = False, out: str | Path | None = None,
    name: str | None = None, models_dir: str | Path = MODELS_DIR,
) -> TextModel:  # fmt: skip
    """Make a GPT: get a corpus for the prompt, or read your own text, and train on it. Returns the best model; its `folder` is the run.

    Raises MinigptError for bad input, before anything is written. The options, with what None stands for in brackets:

    prompt: what the GPT should do, in one sentence.
    progress: show how far it is, in a terminal, in a log, or in the cell of a notebook.
    listener: your own callbacks (`minigpt.Listener`).
    preset: a ready-made prompt, such as "haiku_master"; a wrong name lists them all.
    data: your own text instead: one or more .txt, .md, .jsonl, .csv or .tsv files, or folders of them.
    column: the column of .jsonl, .csv and .tsv files that has the text.  [the one that looks most like prose]
    data_share: above 0 and at most 1, the share of your own text; the rest is written for the prompt.  [1]
    source: "auto" takes `data` if given, else a local Ollama server if one answers, else templates.
    ollama_host: where Ollama listens; one address or several.  [OLLAMA_HOST, or this machine]
    ollama_gen_model, ollama_refine_model: the model that writes, and the one that judges.  [the best installed; the one that writes]
    ollama_timeout_connection: seconds to connect, and for short questions.  [5]
    ollama_timeout_generation: seconds per document.  [from the measured speed]
    ollama_timeout_evaluation: seconds per judgement or plan.  [60]
    allow_template_fill: if Ollama goes away, let templates write the rest, marked as such.
    initial_tokens: tokens to write.  [30,000, 50,000 or 100,000, by size; 240,000 from the base, or 120,000]
    final_tokens: tokens to keep of those.  [15,000, 25,000 or 50,000, by size; 120,000 from the base, or 60,000; own text: all]
    model_size: "12M", "33M" or "117M"; also "small", "medium" or "large".
    init: "base", "none" for random weights, or the folder of another model.  [the base, if it is installed and fits]
    epochs: passes over the corpus, at most.  [20; 2 over templates from the base, 1 or 4 of what it knows well or has not read]
    minutes: how long everything may take, instead of `epochs`.
    batch_size, context: windows per step, and tokens per window.  [2, or what fits the minutes; 256]
    learning_rate: the peak, after a warm-up and before a cosine.  [by size and start]
    dropout: the share of units dropped in each training step.  [0.1; 0 over templates from the base]
    vocab: "corpus", the tokens that the corpus needs, or "full", all 50,257 of GPT-2.
    architecture: "gpt1", with layer norms after the branches, or "gpt2", with layer norms before them.  ["gpt1", or that of `init`]
    freeze, lora: keep so many lower layers of `init`, or its matrices, adding a rank to these.  [lora: 8 from 100M parameters on, else 0]
    layers, heads, width, positions: the shape of the model, instead of the size's; positions are its longest window, in tokens.
    device, precision: "auto", "cpu", "cuda" or "cuda:N"; what a GPU's products round their inputs to.  [tf32]
    threads: processor cores to use.  [all]
    seed: decides the corpus, initial weights, order, dropout and samples.
    checkpoint_seconds: the least time between two saves, which `resume` continues from.
    sample_prompt, no_samples: what samples during the training begin with; write none.  [nothing, as a document begins]
    out: the run folder, instead of one in models_dir.
    name, models_dir: what to call the run; its folder is models_dir/name.  [<prompt>-<time>]
    """
    options = {name: value for name, value in locals().items() if name in TYPES}
    with watched(progress, listener) as heard:
        job = new_job(prompt, Options.parse(options), heard)
        with job.run.in_use(new=True):
            _carry_out(job)
        return _show(job)


def write_corpus(prompt: str | None = None, *, listener: Listener | None = None, **options: Any) -> RunFolder:
    """Run only the first stage: a run folder with corpus.jsonl, and a report on it in the record. `resume` trains on it."""
    job = new_job(prompt, Options.parse(options), listener or Listener())
    job.listener.opened(job.run)
    with job.run.in_use(new=True), _under_way(job):
        job.run.carry_out({"corpus": partial(make_corpus, job)})
        job.run.save("written")
    return job.run


@with_options
def resume(
    path: str | Path,
    *,
    epochs: str | int | None = None,
    minutes: str | float | None = None,
    ollama_host: str | Sequence[str] | None = None,
    progress: bool = False,
    listener: Listener | None = None,
) -> TextModel:
    """Resume an interrupted run, with the same result. Returns the best model.

    `epochs` or `minutes`, such as "+10" or 5, are added to the planned length; a complete run is trained further, from its best model and
    on its corpus. Without them a complete run is only verified and loaded. A teacher is looked for at `ollama_host`, else at OLLAMA_HOST
    or Ollama's default address, never at a host that only the record names. `progress` and `listener` are as in `train`.
    """
    with watched(progress, listener) as heard:
        return _resume(Path(path), epochs, minutes, several(ollama_host), heard)


def _resume(
    path: Path, epochs: str | int | None, minutes: str | float | None, ollama_host: tuple[str, ...], listener: Listener
) -> TextModel:
    join()  # of several ranks, only the first goes on
    run = RunFolder.open(path)
    more = extended(run, epochs, minutes)
    if run.record["status"] == "complete":
        for stage in run.record["stages"]:
            run.verify(stage)
        if run.checkpoint.exists():  # the process was killed before removing it
            with run.in_use():
                pass
        if not more:
            require_every_stage(run)
            listener.opened(run)
            listener.say("Complete", f"{path} has nothing left to do; all its files are intact")
            return load(run.path, run.record["options"].get("device", "auto"))
    with run.in_use():  # before anything is recorded: another process may hold the run
        run.require_current()
        if run.record["status"] == "complete":
            require_every_stage(run)
            run.begin_again(**more)
        elif more:
            run.extend(**more)
        job = resumed_job(run, listener, ollama_host)
        _carry_out(job)
    return _show(job)


def require_every_stage(run: RunFolder) -> None:
    """MinigptError for a record of a complete run that lacks a stage."""
    validate(run.record["stages"], dict.fromkeys(STAGES, dict), f"{run.path}: the record of the stages")


@as_usage()
def extended(run: RunFolder, epochs: str | int | None, minutes: str | float | None) -> dict[str, Any]:
    """The changed options of a run that is to train longer; empty if it is not."""
    if epochs is not None and minutes is not None:
        raise MinigptError("--epochs and --minutes both say how much longer to train; leave one of them out")
    if epochs is None and minutes is None:
        return {}
    name, asked = ("epochs", epochs) if epochs is not None else ("minutes", minutes)
    try:
        more = int(str(asked)) if name == "epochs" else float(str(asked))
    except ValueError as error:
        raise MinigptError(f"--{name}={asked!r}: expected how much longer to train, such as +10") from error
    require_positive(f"--{name}", more, name)
    if run.record["status"] == "complete":
        return {"epochs": None, "minutes": None, name: more}
    known = run.record["options"].get("minutes")
    if (known is None) != (name == "epochs"):
        raise MinigptError(f"this unfinished run is planned in {'epochs' if known is None else 'minutes'}, so only those can be added")
    return {name: (run.record["options"].get(name) or Options.parse(run.record["options"]).recipe.epochs) + more}


def _carry_out(job: Job) -> None:
    job.listener.opened(job.run)
    with _under_way(job):
        job.run.carry_out({name: partial(stage, job) for name, stage in STAGES.items()})


@contextmanager
def _under_way(job: Job) -> Iterator[None]:
    """Handle signals, record how the work ends, and report what the file system does not guarantee."""
    with job.interrupt.listening(), job.run.recorded():
        for line in job.run.limits:
            job.listener.say("Disk", line)
        yield


def _show(job: Job) -> TextModel:
    """Load the finished model, after showing its samples."""
    for text in job.run.record["samples"]:
        job.listener.sample(text)
    show_result(job)
    job.listener.say("Folder", str(job.run.path))
    job.listener.say("Try it", f"minigpt chat {as_argument(job.run.path)}")
    return load(job.run.path, job.options.device)
