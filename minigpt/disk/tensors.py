"""Named float32 arrays -> a safetensors file with a checksum, and back.

The format (github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the header, the arrays in turn. Arrays are
written one by one, as they may fill most of the machine's memory. The checksum, a SHA-256 of metadata and arrays, is an entry of the
metadata that other readers ignore.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from minigpt.disk.files import open_to_read, read_json_object, whole_file
from minigpt.disk.place import File
from minigpt.errors import MinigptError, first_line

ALIGNMENT = 8  # bytes: the arrays begin at a multiple
DTYPE = np.dtype("<f4")
SHARD = re.compile(r"[\w.-]+\.safetensors", re.ASCII)  # a part of a model, in its own folder
SEAL = "sha256"  # the checksum's name in the metadata


def write_tensors(file: File, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write the arrays atomically; the same arrays and metadata give the same bytes."""
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise MinigptError(f"{file}: {name} is of type {array.dtype}; only floating-point arrays are written")
    flat = {name: np.ascontiguousarray(arrays[name], DTYPE) for name in sorted(arrays)}
    header: dict[str, Any] = {"__metadata__": {**metadata, SEAL: seal(flat, metadata)}}
    end = 0
    for name, array in flat.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end := end + array.nbytes]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with whole_file(file) as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for array in flat.values():
            stream.write(array.data)


def seal(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """The SHA-256 of metadata (but its checksum) and arrays, each in the order of their names, in hexadecimal."""
    digest = hashlib.sha256()
    for name in sorted(metadata):
        if name != SEAL:
            digest.update(json.dumps([name, metadata[name]]).encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name], DTYPE).data)
    return digest.hexdigest()


def is_whole(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bool:
    """Whether what was read is what was written; True for files of other programs, which have no checksum."""
    return SEAL not in metadata or seal(arrays, metadata) == metadata[SEAL]


@contextmanager
def open_tensors(path: Path) -> Iterator[Any]:
    """Open a safetensors file without reading arrays; MinigptError if it is missing, damaged, or not a regular file."""
    open_to_read(path).close()  # raises for a FIFO, on which the library would block
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except OSError as error:
        raise MinigptError(f"{path} cannot be read: {first_line(error)}") from error
    except (SafetensorError, UnicodeDecodeError) as error:
        raise MinigptError(f"{path} is damaged or cut short: {first_line(error)}") from error


class Shards:
    """Several safetensors files, read as one; the index says which of them has an array."""

    def __init__(self, index: Path, files: Mapping[str, Any], places: Mapping[str, str]) -> None:
        self.files, self.places = files, places
        for name, file in places.items():
            if name not in files[file].keys():  # noqa: SIM118 (not a dict)
                raise MinigptError(f"{index} looks for {name} in {file}, which does not have it")

    def keys(self) -> list[str]:
        return list(self.places)

    def metadata(self) -> dict[str, str]:
        return {}  # a checksum would be that of one file

    def get_slice(self, name: str) -> Any:
        return self.files[self.places[name]].get_slice(name)

    def get_tensor(self, name: str) -> np.ndarray:
        array: np.ndarray = self.files[self.places[name]].get_tensor(name)
        return array


@contextmanager
def open_shards(index: Path) -> Iterator[Shards]:
    """Open the files that an index of transformers names, without reading arrays; MinigptError if one is missing or damaged."""
    places = read_json_object(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(file, str) and SHARD.fullmatch(file) for file in places.values()):
        raise MinigptError(f"{index}: expected a weight_map from each array to a .safetensors file of this folder")
    with ExitStack() as stack:
        yield Shards(index, {file: stack.enter_context(open_tensors(index.with_name(file))) for file in set(places.values())}, places)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file that `write_tensors` wrote; MinigptError if it is damaged."""
    with open_tensors(path) as file:
        metadata, names = file.metadata() or {}, list(file.keys())
        if any(file.get_slice(name).get_dtype() != "F32" for name in names):
            raise MinigptError(f"{path} is damaged: its arrays are not float32")
        arrays = {name: file.get_tensor(name) for name in names}
    if SEAL not in metadata or not is_whole(arrays, metadata):
        raise MinigptError(f"{path} is damaged: its checksum does not match")
    return arrays
