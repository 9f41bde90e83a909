"""A model -> a zip of the folder that transformers loads, with the model card: no corpus, no training state, no path of this machine.

The files are written anew from the model, in float32 and without padding, whatever its own are like.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from minigpt.disk.bundle import write_archive
from minigpt.disk.checkpoint import FAMILIES, Checkpoint, save_config, save_tokenizer, save_weights
from minigpt.disk.files import open_to_read, require_free, whole_file
from minigpt.disk.shelf import CARD
from minigpt.embedding import names
from minigpt.errors import MinigptError
from minigpt.export import Export
from minigpt.export.about import notes, opened
from minigpt.model import PUBLISHED, parts


def write(path: Path, out: Path) -> Export:
    """Write the archive, which holds one folder; MinigptError for a network that transformers does not have."""
    require_free(out)
    checkpoint, record = opened(path)
    if parts() != PUBLISHED:
        raise MinigptError(
            f"{path}: this minigpt computes other parts than the published ones (model.py), and transformers has no such model"
        )
    name = path.resolve().name
    with tempfile.TemporaryDirectory(prefix="minigpt-") as home:
        folder = Path(home, name)
        folder.mkdir()
        fill(folder, checkpoint)
        if (path / CARD).is_file():
            with open_to_read(path / CARD) as source, (folder / CARD).open("xb") as target:
                shutil.copyfileobj(source, target)
        files = sorted(file.name for file in folder.iterdir())
        with whole_file(out) as stream:
            write_archive(stream, folder, files, record)
    loads = FAMILIES[checkpoint.config.architecture].language_model
    return Export(out, notes=notes(path, record), then=f"Unpack it; transformers loads the folder: {loads}.from_pretrained({name!r})")


def fill(folder: Path, checkpoint: Checkpoint) -> None:
    """The files of a model."""
    tokenizer, name, state = checkpoint.tokenizer, names(checkpoint.config), dict(checkpoint.state)
    state[name.tokens] = state[name.tokens][: tokenizer.vocab_size]
    config = replace(checkpoint.config, vocab_size=tokenizer.vocab_size)
    save_config(folder, config, checkpoint.context, tokenizer.end_of_text)
    save_tokenizer(folder, tokenizer, checkpoint.context)
    save_weights(folder, state)
