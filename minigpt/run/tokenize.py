"""Stage 2, the tokens: the corpus in GPT-2's ids -> its own vocabulary, the corpus in that vocabulary's ids, the model's configuration.

A run that starts from a trained model keeps that model's tokens and their rows of the embedding, or, of a large vocabulary, those that the
corpus needs. A compact vocabulary grows: new tokens get new rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from minigpt.corpus.gather import CORPUS, HELD_OUT, LEARNED
from minigpt.disk.checkpoint import CONFIG_FILES, TOKENIZER_FILES, Checkpoint, save_config, save_tokenizer
from minigpt.disk.files import LIMIT, open_to_read, whole_file
from minigpt.disk.jsontext import decoded, json_object
from minigpt.disk.place import File
from minigpt.disk.schema import validate
from minigpt.disk.streams import open_stream, to_bytes
from minigpt.disk.tensors import write_tensors
from minigpt.disk.words import has_words, load_first
from minigpt.errors import MinigptError, counted
from minigpt.model import count_parameters
from minigpt.run.job import Job
from minigpt.run.ranks.shared import encode
from minigpt.run.start import config_of, described, grown, is_same_start
from minigpt.run.vocabulary import compact_for, renumber
from minigpt.tokenizer import Tokenizer

TRAIN_IDS, HELD_OUT_IDS = "train.ids", "held_out.ids"  # the token streams in the model's own vocabulary
INITIAL = "initial.safetensors"  # the weights to start from, if not random
# A model with WIDE tokens or more has one for each frequent word, and keeps just these: new rows take long to learn. Of one with more than
# MANY, a run keeps those that the corpus needs: the others would be most of a small model's memory and arithmetic.
WIDE, MANY = 4096, 16_384


def tokenize(job: Job) -> list[Path]:
    """Choose the vocabulary, write the corpus in its ids, and save tokenizer, model configuration and the weights to start from."""
    first = load_first(job.first_model) if job.first_model else None
    if not job.run.base_step and not is_same_start(described(job.options), job.run.record.get("start")):
        raise MinigptError(f"--init: {job.first_model} is not the model that this run began with; put that one back, or start a new run")
    place, inner = job.run.checkpoint, job.run.inner
    tokenizer = streams(job, first)
    config = replace(job.config, vocab_size=tokenizer.vocab_size)
    context = min(job.train_config.context, len(open_stream(place / TRAIN_IDS)))
    context = max(context, first.context) if first else context  # what it was trained on before, it still knows
    made = [place / TRAIN_IDS, place / HELD_OUT_IDS]
    if first:
        job.rows[:] = told(job, first, tokenizer)
        write_tensors(inner / INITIAL, grown(first, tokenizer), {})
        made.append(place / INITIAL)
    save_tokenizer(job.run.place, tokenizer, context)
    save_config(job.run.place, config, context, tokenizer.end_of_text)
    shape = {name: getattr(config, name) for name in ("architecture", "n_layer", "n_head", "n_embd", "n_positions", "vocab_size")}
    job.run.record["model"] = {"size": job.options.size_name, **shape, "context": context, "parameters": count_parameters(config)}
    job.run.record["model"]["gpt2_tokens"] = tokenizer.token_ids.keys() <= Tokenizer.gpt2().token_ids.keys()
    return [*(job.run.path / name for name in (*CONFIG_FILES, *TOKENIZER_FILES)), *made]


def told(job: Job, first: Checkpoint, tokenizer: Tokenizer) -> list[str]:
    """Where the rows of the embedding come from, in words; nothing if the vocabulary is the first model's."""
    if job.first_model and config_of(job.first_model).architecture == "gpt1" and has_words(job.first_model):
        return ["each token starts from the mean of the rows that GPT-1's own tokens have for its text, in lower case"]
    kept, had = len(tokenizer.token_ids.keys() & first.tokenizer.token_ids.keys()), first.tokenizer.vocab_size
    new = tokenizer.vocab_size - kept
    cut = f"{kept:,} of the {had:,} tokens of the model that it starts from" if kept < had else ""
    grew = f"{counted(new, 'new token')}, each with the mean of the rows of its parts" if new else ""
    return [line for line in (cut, grew) if line]


def streams(job: Job, first: Checkpoint | None) -> Tokenizer:
    """The run's tokenizer, after writing both token streams in its ids."""
    place, inner, corpus, whole = job.run.checkpoint, job.run.inner, job.run.path / CORPUS, job.options.vocab == "full"
    full, own = Tokenizer.gpt2(), first.tokenizer if first else None
    foreign = own is not None and not own.token_ids.keys() <= full.token_ids.keys()
    if own and ((foreign and (whole or own.vocab_size <= MANY)) or (not whole and WIDE <= own.vocab_size <= MANY)):
        write_streams(corpus, own, inner / TRAIN_IDS, inner / HELD_OUT_IDS)
        return own
    sources, kept = (LEARNED, HELD_OUT), list[int]()
    if own and foreign:  # too many tokens of another language or kind of text: those that the corpus needs
        full, sources = own, (f"own.{TRAIN_IDS}", f"own.{HELD_OUT_IDS}")
    elif own and own.vocab_size <= MANY:
        kept = [full.token_ids[token] for token in own.token_ids]
    if not (place / sources[0]).exists():  # or a complete run, trained further
        write_streams(corpus, full, inner / sources[0], inner / sources[1])
    tokenizer = full if whole else compact_for(full, [place / name for name in sources], kept)
    for source, target in zip(sources, (TRAIN_IDS, HELD_OUT_IDS), strict=True):
        renumber(place / source, full, tokenizer, inner / target)
    return tokenizer


def write_streams(corpus: Path, tokenizer: Tokenizer, train: File, held_out: File) -> None:
    """The documents of corpus.jsonl as ids, in two streams."""
    splits = deque[str]()  # of the documents whose ids are still to come

    def texts(lines: BinaryIO) -> Iterator[str]:
        while line := lines.readline(LIMIT):
            document = validate(json_object(decoded(line, corpus), corpus), {"text": str, "split": str}, corpus)
            splits.append(document["split"])
            yield document["text"]

    with open_to_read(corpus) as lines, whole_file(train) as learned, whole_file(held_out) as out:
        for ids in encode(tokenizer, texts(lines)):
            (learned if splits.popleft() == "train" else out).write(to_bytes(ids))
