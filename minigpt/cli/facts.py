"""A run's record -> what `show`, `rm` and `compare` say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minigpt.cli.tables import local_time
from minigpt.disk.folder import RunFolder
from minigpt.disk.record import AFTER
from minigpt.disk.schema import validate
from minigpt.disk.shelf import RECORD, bits_per_byte
from minigpt.disk.standing import WEIGHTS, status_of
from minigpt.errors import as_argument, counted

CONFIG = "config.json"
SAMPLE_LINES = 8  # of a sample, at most, that `show` quotes
UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def record_of(path: Path) -> dict[str, Any]:
    """The record of a run, or what a model folder without one says of itself; MinigptError for any other folder."""
    if (path / RECORD).is_file() or not (path / CONFIG).is_file():
        record = RunFolder.open(path).record
        for schema in AFTER.values():  # also of stages that are under way
            validate(record, {f"{name}?": part for name, part in schema.items()}, path / RECORD)
        return record
    from minigpt.disk.checkpoint import read_config
    from minigpt.disk.files import read_json_object
    from minigpt.model import count_parameters

    config = read_config(read_json_object(path / CONFIG), path / CONFIG)
    shape = {name: getattr(config, name) for name in ("architecture", "n_layer", "n_head", "n_embd", "n_positions", "vocab_size")}
    return {"prompt": "", "status": "complete", "stages": {}, "model": {**shape, "parameters": count_parameters(config)}}


def figures(path: Path, found: Path, record: dict[str, Any]) -> dict[str, Any]:
    """What programs want to know of a run, named as `list --json` has it; it was `found` there, an archive or the folder itself."""
    corpus, result = record.get("corpus", {}), record.get("result", {})
    return {
        "name": path.resolve().name,
        "folder": str(found),
        "created": record.get("created"),
        "status": status_of(path, record["status"]),
        "prompt": record["prompt"],
        "size": record.get("model", {}).get("size"),
        "parameters": record.get("model", {}).get("parameters"),
        "documents": corpus.get("documents"),
        "tokens": corpus.get("tokens"),
        "sources": sorted(corpus.get("by_source", {})),
        "train_loss": result.get("train_loss"),
        "held_out_loss": result.get("held_out_loss"),
        "held_out_bits_per_byte": bits_per_byte(result, corpus),
    }


def all_facts(path: Path, found: Path, record: dict[str, Any], size: int) -> list[tuple[str, str]]:
    """What is known of a run, in the order in which people ask for it; an empty text for what is not known."""
    made = f"{local_time(record['created'])}, by minigpt {record.get('minigpt', '')}" if "created" in record else ""
    return [
        ("Prompt", record["prompt"]),
        ("Status", status_of(path, record["status"])),
        ("Model", model_of(record)),
        ("Start", start_of(record)),
        ("Corpus", corpus_of(record)),
        ("Training", training_of(record)),
        ("Loss", loss_of(record)),
        ("Made", made),
        ("Folder", f"{found}, {in_bytes(size)}"),
        ("Try it", f"minigpt generate {as_argument(found)}" if (path / WEIGHTS).exists() else ""),
    ]


def compared_facts(path: Path, found: Path, record: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts in which two runs may differ, each loss in a line of its own."""
    known = figures(path, found, record)
    losses = {"Training loss": "train_loss", "Held-out loss": "held_out_loss", "Bits per byte": "held_out_bits_per_byte"}
    kept = ("Prompt", "Status", "Model", "Start", "Corpus", "Training", "Made")
    return [
        *((name, text) for name, text in all_facts(path, found, record, 0) if name in kept),
        *((name, "" if known[field] is None else f"{known[field]:.3f}") for name, field in losses.items()),
    ]


def in_short(path: Path, record: dict[str, Any]) -> str:
    """A run in a few words."""
    size = record.get("model", {}).get("size")
    words = [str(size) if size else "", status_of(path, record["status"]), local_time(record.get("created"))]
    return ", ".join(word for word in words if word)


def in_bytes(size: int) -> str:
    """A size with its unit."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.3g} {name}" if size < 1000 * unit else f"{size / unit:,.0f} {name}"
    return counted(size, "byte")


def model_of(record: dict[str, Any]) -> str:
    """Size and shape; empty before the corpus is complete."""
    model = record.get("model")
    if not model:
        return ""
    shape = f"{counted(model['n_layer'], 'layer')}, {counted(model['n_head'], 'head')}, width {model['n_embd']:,}"
    size = f"{model['size']}: " if model.get("size") else ""
    return f"{size}{model['parameters']:,} parameters ({shape}, {model['vocab_size']:,} tokens)"


def start_of(record: dict[str, Any]) -> str:
    """What it knew before it was trained."""
    init = record.get("start", {}).get("init")
    return {None: "", "none": "random weights", "base": "the base"}.get(init, str(init))


def corpus_of(record: dict[str, Any]) -> str:
    """How much text of which sources; empty before the corpus is complete."""
    corpus = record.get("corpus")
    if not corpus:
        return ""
    names = {"template": "templates", "own": "own text", "ollama": str(record.get("teacher", {}).get("model") or "Ollama")}
    sources = " and ".join(names.get(name, name) for name in sorted(corpus["by_source"]))
    held_out = f", {corpus['held_out_tokens']:,} of them held out" if corpus["held_out_tokens"] else ""
    return f"{counted(corpus['documents'], 'document')} from {sources}, {counted(corpus['tokens'], 'token')}{held_out}"


def training_of(record: dict[str, Any]) -> str:
    """How long, in which steps, on what; empty before the first evaluation."""
    training = record.get("training")
    if not training:
        return ""
    steps = f"{counted(training['steps'], 'step')} of {training['batch_size']} x {training['context']} tokens"
    passes = training.get("epochs")
    epochs = f" ({passes:.3g} epoch{'s' * (passes != 1)})" if isinstance(passes, (int, float)) else ""
    device = {"cpu": "the CPU"}.get(str(record.get("device")), str(record.get("device")))
    return f"{steps}{epochs} in {duration(training['seconds'])} on {device}, seed {record.get('seed', '')}"


def duration(seconds: float) -> str:
    """How long something took, in the unit that people use for it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def loss_of(record: dict[str, Any]) -> str:
    """The losses; empty before the first evaluation."""
    result = record.get("result")
    if not result:
        return ""
    best = f", at step {result['best_step']:,}"
    if result["held_out_loss"] is None:
        return f"training {result['train_loss']:.3f} nats per token{best}; held-out not measured"
    bits = bits_per_byte(result, record.get("corpus", {}))
    shown = f" ({bits:.3f} bits per byte)" if bits is not None else ""
    return f"held-out {result['held_out_loss']:.3f}{shown}, training {result['train_loss']:.3f} nats per token{best}"


def sample_of(record: dict[str, Any]) -> list[str]:
    """The first lines of what a complete run wrote at its end."""
    samples = record.get("samples") or [""]
    lines = str(samples[0]).strip().splitlines()
    return lines[:SAMPLE_LINES] + (["..."] if len(lines) > SAMPLE_LINES else [])
