"""Stage 1, the corpus: documents from the sources, cleaned, selected and split -> corpus.jsonl, and their ids."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from minigpt.corpus.choose.clean import one_by_one
from minigpt.corpus.documents import Entry
from minigpt.corpus.gather import CORPUS, HELD_OUT, LEARNED, Counts, Gathering, write_corpus
from minigpt.corpus.report import CorpusReport
from minigpt.corpus.sources import FORMS, OllamaSource, OllamaThenTemplates, Source, Templates
from minigpt.errors import counted
from minigpt.model import count_parameters
from minigpt.run.job import Job
from minigpt.run.listener import Listener
from minigpt.run.ranks.shared import examine
from minigpt.run.timing import corpus_tokens
from minigpt.tokenizer import Tokenizer

JOURNAL = "teacher.jsonl"  # a teacher's documents, in checkpoint/
NONE_HELD_OUT = "Too little text to hold some out: the last model is kept, and its loss on new text is not measured."
SEQUENCES = {1: "words", 2: "word pairs", 4: "four-word sequences"}
TEACHING = 0.5  # the largest share of --minutes for a teacher's writing


def make_corpus(job: Job) -> list[Path]:
    """Gather the documents; write corpus.jsonl and their ids in GPT-2's whole vocabulary."""
    job.listener.busy("Writing the corpus" if job.options.generates else "Reading your text")
    by_all = examine if job.own else one_by_one  # generated documents are few, and come when they are written
    gathering, report = Gathering(Tokenizer.gpt2(), job.request, job.options.seed, by_all), CorpusReport(job.options.seed)
    counts = write_corpus(entries(job, gathering), job.run.place, job.run.inner, job.options.seed, report, gathering.full)
    blocks = count_parameters(replace(job.config, vocab_size=1))  # without the embedding: the vocabulary is unknown yet
    size = job.options.size if job.options.size_name == job.options.size.name else None
    figures = report.figures(gathering.cleaner.dropped, gathering.cleaner.trimmed, size, blocks, counts.held_out_documents > 0)
    job.run.record["corpus"] = {
        "documents": counts.documents,
        "tokens": counts.tokens,
        "by_source": dict(sorted(counts.by_source.items())),
        "tokens_by_source": dict(sorted(counts.tokens_by_source.items())),
        **({"tokens_by_kind": dict(counts.tokens_by_kind)} if counts.tokens_by_kind else {}),
        "generated_tokens": gathering.tokens,
        "kept_tokens": counts.tokens,
        "held_out_documents": counts.held_out_documents,
        "held_out_tokens": counts.held_out_tokens,
        "held_out_bytes": counts.held_out_bytes,
        **({"held_out_ideas": len(counts.ideas)} if counts.ideas else {}),
        "dropped": figures["dropped"],
        "skipped": job.own.skipped.count if job.own else 0,
    }
    job.run.record["report"] = figures
    written = max(gathering.tokens, counts.tokens)  # each part of a split document has its own end-of-text
    show_corpus(job, counts, report.warning)
    show_figures(job, written, counts, figures)
    return [job.run.path / CORPUS, job.run.checkpoint / LEARNED, job.run.checkpoint / HELD_OUT]


def show_corpus(job: Job, counts: Counts, warning: str) -> None:
    """Show the corpus in a line or two, and what is wrong with it."""
    say = partial(job.listener.say, "")
    for line in job.own.skipped.lines() if job.own else ():
        say(line)
    said = f"{counted(counts.documents, 'document')}, {counted(counts.tokens, 'token')}"
    if counts.held_out_documents:
        say(f"{said}, {counts.held_out_tokens / counts.tokens:.0%} of them held out to test the model")
    else:
        say(said)
        say(NONE_HELD_OUT)
    if warning:
        say(warning)


def show_figures(job: Job, written: int, counts: Counts, figures: dict[str, Any]) -> None:
    """Show all that is known of the corpus."""
    say = partial(job.listener.detail, "")
    reasons = "".join(f", {counted(count, 'document')} dropped ({reason})" for reason, count in figures["dropped"].items())
    said = f"{counted(written, 'token')}{reasons}; kept {counts.tokens:,} in {counted(counts.documents, 'document')}"
    if counts.held_out_documents:
        parts = f", {counted(len(counts.ideas), 'idea')} that training never sees" if counts.ideas else ""
        if counts.passages:
            parts += f", including {counted(counts.passages, 'passage of a longer document', 'passages of longer documents')}"
        say(f"{said}, {counts.held_out_documents:,} held out ({counts.held_out_tokens / counts.tokens:.0%} of the tokens{parts})")
    else:
        say(said)
    if figures["trimmed"]:
        say("cleaned: " + ", ".join(f"{reason} in {counted(count, 'document')}" for reason, count in figures["trimmed"].items()))
    if len(counts.by_source) > 1:
        say(f"your own text is {counts.tokens_by_source['own'] / counts.tokens:.0%} of these tokens")
    if counts.tokens_by_kind:
        say("kinds: " + ", ".join(f"{tokens / counts.tokens:.0%} {kind}" for kind, tokens in counts.tokens_by_kind.items()))
    distinct = ", ".join(f"{figures[f'distinct_{n}']:.0%} of {what}" for n, what in SEQUENCES.items())
    low, middle, high = (figures["length_percentiles"][p] for p in ("5", "50", "95"))
    lengths = f"{low:,} to {high:,} tokens, median {middle:,}" if low < high else counted(low, "token")
    say(f"distinct: {distinct}; vocabulary {counted(figures['vocabulary'], 'word')}; documents of {lengths}")
    for line in figures["verdict"]:
        say(line)


def entries(job: Job, gathering: Gathering) -> Iterator[Entry]:
    """The documents that the options ask for: generated ones, the user's own, or both."""
    o = job.options
    generate = partial(generated, job, gathering.full)
    if job.own is None:
        timed = o.minutes and not job.teacher
        final_tokens = o.final_tokens or (corpus_tokens(job) if timed else o.recipe.final_tokens)
        return gathering.entries(generate(final_tokens), final_tokens)
    own = announced(job.own, job.listener)
    if o.data_share is None or not o.generates:
        return gathering.entries(own, o.final_tokens)
    return gathering.mixed(own, o.data_share, o.final_tokens, generate)


def generated(job: Job, full: Tokenizer, final_tokens: int) -> Source:
    """Documents for the prompt, enough to keep `final_tokens`: a teacher's, templates', or a teacher's filled up with templates'."""
    o, request = job.options, job.request
    assert request is not None
    initial_tokens = o.initial_tokens or max(o.recipe.initial_tokens, 2 * final_tokens)
    writing = 60 * o.minutes * TEACHING if o.minutes else math.inf

    def templates(tokens: int) -> Templates:
        return Templates(request, tokens, final_tokens, o.seed, full, o.recipe.varied)

    source: Source = templates(initial_tokens)
    if job.teacher:
        journal, say = job.run.inner / JOURNAL, partial(job.listener.say, "Teacher")
        record = job.run.record["teacher"] = {}
        source = taught = OllamaSource(job.teacher, job.prompt, request, initial_tokens, o.seed, journal, full, say, writing, record)
        if o.allow_template_fill:
            source = OllamaThenTemplates(taught, templates)
    return announced(source, job.listener)


def announced(source: Source, listener: Listener) -> Source:
    """The source, after showing what it is."""
    for topic, line in zip(("Corpus", *[""] * len(source.description)), source.description, strict=False):
        (listener.detail if line.startswith(FORMS) else listener.say)(topic, line)
    return source
