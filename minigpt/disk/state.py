"""The state of a training (flat arrays, and a snapshot of its bookkeeping) -> a file with a checksum, and back. The latest two are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.disk.jsontext import json_object
from minigpt.disk.place import Folder, held
from minigpt.disk.tensors import SEAL, is_whole, open_tensors, write_tensors
from minigpt.errors import MinigptError

NAME = "state-{step:012}.safetensors"
PATTERN = re.compile(r"state-\d{12}\.safetensors")
KEPT = 2  # the latest, and the one before in case the latest is damaged
SNAPSHOT = "facts"  # the snapshot's name in the file's metadata


def save_state(folder: Folder, step: int, arrays: Mapping[str, np.ndarray], snapshot: dict[str, Any]) -> None:
    """Write the state after a step, then remove all but the latest KEPT."""
    with held(folder) as place:
        write_tensors(place / NAME.format(step=step), arrays, {SNAPSHOT: json.dumps(snapshot, allow_nan=False)})
        for name in _latest_first(place.files())[KEPT:]:
            place.remove(name)


def states(folder: Path) -> list[Path]:
    """The states in a folder, latest first."""
    return [folder / name for name in _latest_first(path.name for path in folder.iterdir())]


def _latest_first(names: Iterable[str]) -> list[str]:
    """The names that are those of states, latest first."""
    return sorted((name for name in names if PATTERN.fullmatch(name)), reverse=True)


def load_state(
    folder: Path, shapes: Mapping[str, tuple[int, ...]], say: Callable[[str], None]
) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Arrays and snapshot of the latest intact state; None without one. A damaged state is reported and the one before it used."""
    for path in states(folder):
        try:
            return read_state(path, shapes)
        except MinigptError as error:
            say(f"{error}; using the one before it")
    return None


def read_state(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays, which must have these names and shapes, and the snapshot; MinigptError for any other file."""
    with open_tensors(path) as file:
        metadata = file.metadata() or {}
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        described = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in parts.items()}
        if described != {name: (shape, "F32") for name, shape in shapes.items()} or not {SNAPSHOT, SEAL} <= set(metadata):
            raise MinigptError(f"{path} is damaged, or not a state of this training")
        arrays = {name: file.get_tensor(name) for name in parts}
    if not is_whole(arrays, metadata):
        raise MinigptError(f"{path} is damaged: its checksum does not match")
    return arrays, json_object(metadata[SNAPSHOT], path)
