"""Stage 4, the report: a finished model -> samples, the model card and report.html."""

from __future__ import annotations

import os
from pathlib import Path

from minigpt.config import ModelConfig, SampleConfig
from minigpt.disk.damage import is_as_written
from minigpt.disk.files import text_checksum, write_text
from minigpt.disk.foreign import plain
from minigpt.disk.shelf import CARD, CHECKPOINT, REPORT
from minigpt.errors import Moved, counted
from minigpt.model import count_parameters
from minigpt.run.defaults import SAMPLE_TOKENS, cool
from minigpt.run.job import Job
from minigpt.run.pace import clock
from minigpt.run.pages.card import model_card
from minigpt.run.pages.writing import affordable
from minigpt.run.textmodel import TextModel, load, samples

SAMPLES = 3
PICTURES, TOGETHER_FASTER = 2.0, 4  # seconds that pictures take; how many times as fast texts are written in a batch
NO_REPORT = "MINIGPT_NO_REPORT"  # set to anything: train writes no report.html; `minigpt report` still does


def report(job: Job) -> list[Path]:
    """Sample from the finished model, write its card and complete the record."""
    run = job.run
    job.listener.busy("Writing samples and the model card")
    model = load(run.path, job.options.device)
    texts = samples(model, SAMPLES, SampleConfig(max_tokens=SAMPLE_TOKENS, temperature=cool(run.record), seed=job.options.seed))
    drawn = {"samples": list(texts.values()), "sample_seeds": list(texts)}
    if stuck := max(texts) - job.options.seed + 1 - SAMPLES:
        job.listener.say("", f"{counted(stuck, 'sample')} got stuck on a word; other seeds took their place")
    write_card(job, model_card(run.record | drawn))
    for files in run.record["stages"].values():
        for name in [name for name in files if name.startswith(CHECKPOINT)]:
            del files[name]
    run.record |= {"status": "complete", **drawn, "checkpoint": "removed"}
    draw(job, model)
    return []


def drawing_seconds(config: ModelConfig, tokens: float, sampling: float) -> float:
    """About how long report.html takes after a training on so many tokens, with a model that writes `sampling` tokens/s."""
    if os.environ.get(NO_REPORT):
        return 0.0
    count, longest = affordable(count_parameters(config), int(tokens))
    return PICTURES + count * longest / (TOGETHER_FASTER * sampling)


def draw(job: Job, model: TextModel) -> None:
    """Write report.html, unless the environment forbids it; a fault in a drawing costs the run nothing but its page."""
    if os.environ.get(NO_REPORT):
        return
    try:
        from minigpt.run.pages.report_page import write_report

        job.listener.busy(f"Drawing {REPORT}")
        write_report(job.run.path, job.run.record, model, job.run.place / REPORT, hurry=True)
    except (KeyboardInterrupt, Moved):
        raise
    except Exception as error:  # of any kind: matplotlib's, a disk's, a font's
        job.listener.say("", f"{REPORT} was not drawn: {plain(error) or type(error).__name__}")


def show_result(job: Job) -> None:
    """Show the losses of the model that was kept, and how long the training took."""
    say, training, result = job.listener.say, job.run.record["training"], job.run.record["result"]
    learned, loss, bits = result["train_loss"], result["held_out_loss"], result.get("held_out_bits_per_byte")
    if loss is None:
        say("Result", f"training loss {learned:.3f}; held-out loss not measured: too little text to hold some out")
        kept = f"the model from the last step, {result['best_step']:,}"
    else:
        say("Result", f"held-out loss {loss:.3f}{f' ({bits:.3f} bits per byte)' if bits else ''}, training loss {learned:.3f}")
        early = ", stopped early" if training["stopped_early"] else ""
        kept = f"the best model, from step {result['best_step']:,} of {training['steps']:,}{early}"
    say("", f"{kept}; {clock(training['seconds'])} of training, {training['tokens_per_second']:,.0f} tokens/s")
    if "scale" in result:
        job.listener.detail("", f"calibrated on held-out text: logits x {result['scale']:g}")


def write_card(job: Job, text: str) -> None:
    """Write the card, unless the one that is there was edited: cards are meant to be, and no edit is lost."""
    path, known, new = job.run.path / CARD, job.run.record.get("card"), text_checksum(text)
    if path.is_file() and not path.is_symlink() and not any(is_as_written(path, own) for own in (known, new) if own):
        job.listener.say("", f"{CARD} was edited, so it stays as it is, with the figures of the earlier training")
        return
    write_text(job.run.place / CARD, text)
    job.run.record["card"] = new
