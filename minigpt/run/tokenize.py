"""Stage 2, the tokens: the corpus in GPT-2's ids -> its own vocabulary, the corpus in that vocabulary's ids, the model's configuration.

A run that starts from a trained model keeps that model's tokens and their rows of the embedding; new tokens get new rows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from minigpt.corpus.gather import CORPUS, HELD_OUT, LEARNED, closed_ids
from minigpt.disk.checkpoint import CONFIG_FILES, TOKENIZER_FILES, load_checkpoint, save_config, save_tokenizer
from minigpt.disk.files import LIMIT, open_to_read, whole_file
from minigpt.disk.jsontext import decoded, json_object
from minigpt.disk.place import Folder
from minigpt.disk.schema import validate
from minigpt.disk.streams import open_stream, to_bytes
from minigpt.disk.tensors import write_tensors
from minigpt.errors import MinigptError
from minigpt.model import count_parameters
from minigpt.run.job import Job
from minigpt.run.start import described, grown, kept_tokens
from minigpt.run.vocabulary import compact_for, renumber
from minigpt.tokenizer import Tokenizer

TRAIN_IDS, HELD_OUT_IDS = "train.ids", "held_out.ids"  # the token streams in the model's own vocabulary
INITIAL = "initial.safetensors"  # the weights to start from, if not random


def tokenize(job: Job) -> list[Path]:
    """Choose the vocabulary, renumber the corpus, and save tokenizer and model configuration."""
    full, place, inner = Tokenizer.gpt2(), job.run.checkpoint, job.run.inner
    if not (place / LEARNED).exists():  # a complete run, trained further
        tokenize_again(job.run.path / CORPUS, full, inner)
    first = load_checkpoint(job.first_model) if job.first_model else None
    if not job.run.base_step and described(job.options) != job.run.record.get("start", described(job.options)):
        raise MinigptError(f"--init: {job.first_model} is another model than when this run began; put that one back, or start again")
    kept = kept_tokens(first, full)
    tokenizer = full if job.options.vocab == "full" else compact_for(full, [place / LEARNED, place / HELD_OUT], kept)
    for source, target in ((LEARNED, TRAIN_IDS), (HELD_OUT, HELD_OUT_IDS)):
        renumber(place / source, full, tokenizer, inner / target)
    config = replace(job.config, vocab_size=tokenizer.vocab_size)
    context = min(job.train_config.context, len(open_stream(place / TRAIN_IDS)))
    made = [place / TRAIN_IDS, place / HELD_OUT_IDS]
    if first:
        write_tensors(inner / INITIAL, grown(first, tokenizer), {})
        made.append(place / INITIAL)
    save_tokenizer(job.run.place, tokenizer, context)
    save_config(job.run.place, config, context, tokenizer.end_of_text)
    shape = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size")}
    job.run.record["model"] = {"size": job.options.size_name, **shape, "parameters": count_parameters(config)}
    return [*(job.run.path / name for name in (*CONFIG_FILES, *TOKENIZER_FILES)), *made]


def tokenize_again(corpus: Path, full: Tokenizer, inner: Folder) -> None:
    """Rebuild the token streams in GPT-2's ids from corpus.jsonl, which is what a complete run keeps."""
    with open_to_read(corpus) as lines, whole_file(inner / LEARNED) as learned, whole_file(inner / HELD_OUT) as held_out:
        while line := lines.readline(LIMIT):
            document = validate(json_object(decoded(line, corpus), corpus), {"text": str, "split": str}, corpus)
            (learned if document["split"] == "train" else held_out).write(to_bytes(closed_ids(full, document["text"])))
