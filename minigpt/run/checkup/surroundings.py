"""Memory, disk, the base, and Ollama's servers: what a run needs around it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from minigpt.config import SIZES, ModelConfig
from minigpt.corpus.ollama.limits import Away, Limits
from minigpt.corpus.ollama.teacher import TeacherSettings, installed_models
from minigpt.disk.checkpoint import load_checkpoint
from minigpt.disk.foreign import plain
from minigpt.errors import MinigptError, counted
from minigpt.machine import usable_cores
from minigpt.model import count_parameters
from minigpt.run.checkup.finding import FAULT, NOTE, Finding
from minigpt.run.defaults import BATCH_SIZE, CONTEXT
from minigpt.run.memory import USABLE, step_memory
from minigpt.run.room import free_room, gigabytes, whole_memory
from minigpt.run.start import base_folder, base_remedy

ASKING = 3.0  # seconds for each short request to an Ollama server
SMALL_DISK, LEAST_DISK = 5e9, 5e8  # bytes: a 117M run with its checkpoint takes less than the first, a 12M run than the second
VOCABULARY = 4000  # tokens, about, of a corpus written for a prompt
NAMED = 6  # models, at most, that a line names
UNANSWERED = "restart it, or set OLLAMA_HOST to another; without it: --source template"


def memory() -> Finding:
    """The free memory, and which sizes can be trained in it."""
    free, (whole, _) = free_room(), whole_memory()
    fits = [name for name, needed in needs().items() if needed <= USABLE * free.size]
    text = f"{free} of {gigabytes(whole)}"
    if len(fits) == len(SIZES):
        return Finding("Memory", f"{text}: enough to train every size")
    lacking = ", ".join(f"{name} needs {gigabytes(needed)}" for name, needed in needs().items() if name not in fits)
    fix = "close other programs" if fits else "close other programs, or use --layers 2 --heads 2 --width 128"
    return Finding("Memory", f"{text}: {lacking}", NOTE if fits else FAULT, fix)


def needs() -> dict[str, int]:
    """Size -> the bytes of a step with the defaults."""
    configs = {name: ModelConfig(s.n_layer, s.n_head, s.n_embd, s.n_positions, VOCABULARY) for name, s in SIZES.items()}
    return {name: step_memory(config, BATCH_SIZE, CONTEXT, min(BATCH_SIZE, usable_cores())).total for name, config in configs.items()}


def disk(models: Path) -> Finding:
    """Whether runs can be written where they go, and how much."""
    place = models.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    another = "choose another folder with --models-dir"
    try:
        if not place.is_dir():
            return Finding("Disk", plain(f"{place} is not a folder"), FAULT, another)
        with TemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding("Disk", plain(f"{place} cannot be written: {error.strerror or error}"), FAULT, another)
    text = f"{gigabytes(free)} free for runs in {plain(models)}"
    if free < SMALL_DISK:
        small = free < LEAST_DISK
        return Finding("Disk", f"{text}, {'too little' if small else 'too little for a 117M run'}", FAULT if small else NOTE, another)
    return Finding("Disk", text)


def base() -> Finding:
    """Whether the base is installed, and its files are intact."""
    folder = base_folder()
    if folder is None:
        return Finding("Base", "not installed: models start from random weights", NOTE, base_remedy())
    try:
        first = load_checkpoint(folder)
    except (MinigptError, OSError) as error:
        return Finding("Base", plain(f"damaged: {error}", 300), FAULT, f"{base_remedy(again=True)}, or use --init none")
    return Finding("Base", f"{counted(count_parameters(first.config), 'parameter')}, {counted(first.config.vocab_size, 'token')}: intact")


def ollama() -> list[Finding]:
    """A finding for each server: its models, or what is wrong with it."""
    found = []
    named = bool(os.environ.get("OLLAMA_HOST"))
    for url, models in installed_models(TeacherSettings(limits=Limits(connection=ASKING))).items():
        if isinstance(models, MinigptError):
            absent = isinstance(models, Away) and not named
            fix = "ollama serve (https://ollama.com); without it, templates write" if isinstance(models, Away) else UNANSWERED
            found.append(Finding("Ollama", plain(models, 300), NOTE if absent else FAULT, fix))
        elif not models:
            found.append(Finding("Ollama", f"{url} has no model that writes text", NOTE, "ollama pull llama3.2"))
        else:
            more = f" and {len(models) - NAMED} more" if len(models) > NAMED else ""
            found.append(Finding("Ollama", f"{url}: {', '.join(model.line() for model in models[:NAMED])}{more}"))
    return found
