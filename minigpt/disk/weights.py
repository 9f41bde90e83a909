"""A model's parameters -> model.safetensors with transformers' names, and back, validated first.

Matrices may be stored in a quarter of the memory: as int8 with a scale for each row. The base is (minigpt.run.start).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.config import ModelConfig
from minigpt.disk.place import Folder
from minigpt.disk.tensors import is_whole, open_tensors, write_tensors
from minigpt.embedding import names
from minigpt.errors import MinigptError, counted
from minigpt.model import count_arrays, family, specs

WEIGHTS, CONFIG = "model.safetensors", "config.json"
PICKLED = "pytorch_model.bin"
INDEXES = (f"{WEIGHTS}.index.json", f"{PICKLED}.index.json")  # of a sharded model
SCALE = "minigpt_scale"  # in the metadata of model.safetensors
PREFIX = "transformer."  # missing in files of transformers' OpenAIGPTModel and GPT2Model, which have no output matrix
TIED = "lm_head.weight"  # the tied output matrix, which some writers store a second time
BUFFERS = re.compile(r".*\.attn\.(bias|masked_bias)|(.*\.)?position_ids")  # causal masks and positions: not parameters
READABLE = {"F16": np.float16, "F32": np.float32, "F64": np.float64}
SCALES = ".scales"  # ending of a name: the scales (rows, 1) of an int8 matrix
CONVERT = (
    """python -c "from transformers import OpenAIGPTLMHeadModel as M; M.from_pretrained('.').save_pretrained('.', max_shard_size='1TB')\""""
)


def save_weights(folder: Folder, state: dict[str, np.ndarray], scale: float | None = None) -> None:
    """Write model.safetensors, with transformers' names and layouts; the tied matrix once. `scale`: the factor that calibrated it."""
    write_tensors(folder / WEIGHTS, state, {"format": "pt"} | ({SCALE: str(scale)} if scale else {}))


def read_scale(folder: Path) -> float | None:
    """The factor that a calibrated model's logits were scaled by; None if it is not calibrated."""
    with open_tensors(folder / WEIGHTS) as file:
        scale: str = (file.metadata() or {}).get(SCALE, "")
    if not scale:
        return None
    if not re.fullmatch(r"\d{1,9}(\.\d{1,20})?", scale, re.ASCII):
        raise MinigptError(f"{folder / WEIGHTS}: {SCALE} is {scale[:40]!r}, expected a number")
    return float(scale)


def load_weights(path: Path, config: ModelConfig) -> dict[str, np.ndarray]:
    """Every parameter as float32. Names, shapes and types are checked against the configuration before an array is read."""
    if not path.exists():
        raise MinigptError(_instead(path))
    embedding, tied = names(config).tokens, names(config).output != TIED
    with open_tensors(path) as file:
        present = [name for name in file.keys() if not BUFFERS.fullmatch(name)]  # noqa: SIM118 (not a dict)
        stored = _stored_names(path, [name for name in present if not name.endswith(SCALES)], config)
        wanted = {name: spec.shape for name, spec in specs(config).items()}
        wanted |= {TIED: wanted[embedding]} if TIED in stored else {}
        for name, stored_as in stored.items():
            _require_fit(path, stored_as, file.get_slice(stored_as), wanted.get(name), config)
            if file.get_slice(stored_as).get_dtype() == "I8":
                _require_scales(path, stored_as, file, present)
        with np.errstate(all="ignore"):  # what overflows float32 is refused below
            state = {name: _read(file, stored[name]) for name in wanted}
        whole = is_whole(state, file.metadata() or {})
    if not whole:
        raise MinigptError(f"{path} is damaged: its checksum does not match")
    if tied and TIED in state and not np.array_equal(state.pop(TIED), state[embedding]):
        raise MinigptError(f"{path}: {TIED} differs from the token embedding; minigpt's output matrix is tied to it")
    for name, array in state.items():
        if not np.isfinite(array).all():
            raise MinigptError(f"{path}: {name} contains NaN or infinity, so this model is unusable")
    return state


def _stored_names(path: Path, present: list[str], config: ModelConfig) -> Mapping[str, str]:
    """A parameter's name -> its name in the file."""
    embedding, tied = names(config).tokens, names(config).output != TIED
    bare = embedding not in present and embedding.removeprefix(PREFIX) in present
    stored = {PREFIX + name if bare and name != TIED else name: name for name in present}
    if len(stored) - (TIED in stored and tied) != count_arrays(config):  # before names for a million layers are made
        wanted = f"a {family(config.architecture)} of {counted(config.n_layer, 'layer')}"
        raise MinigptError(f"{path} has {counted(len(present), 'array')}, not those of {wanted}; is the file complete?")
    return stored


def _require_fit(path: Path, name: str, found: Any, wanted: tuple[int, ...] | None, config: ModelConfig) -> None:
    if wanted is None:
        raise MinigptError(f"{path}: {name} is not a parameter of a {family(config.architecture)}")
    if tuple(found.get_shape()) != wanted:
        raise MinigptError(f"{path}: {name} has shape {tuple(found.get_shape())}, but {CONFIG} implies {wanted}")
    if found.get_dtype() not in (*READABLE, "I8"):
        raise MinigptError(f"{path}: {name} is stored as {found.get_dtype()}; save the model as float32")


def _require_scales(path: Path, name: str, file: Any, names: list[str]) -> None:
    """MinigptError unless an int8 array is a matrix with a scale for each row."""
    shape = file.get_slice(name).get_shape()
    scales = file.get_slice(name + SCALES) if name + SCALES in names else None
    if len(shape) != 2 or scales is None or scales.get_dtype() not in READABLE or tuple(scales.get_shape()) != (shape[0], 1):
        raise MinigptError(f"{path}: {name} is stored as int8 without a scale for each row; save the model as float32")


def _read(file: Any, name: str) -> np.ndarray:
    """An array as float32, whatever it is stored as."""
    array: np.ndarray = file.get_tensor(name)
    wide = array.astype(np.float32, copy=False)
    return wide * file.get_tensor(name + SCALES).astype(np.float32) if array.dtype == np.int8 else wide


def quantized(state: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Parameters as they are stored in a quarter of the memory, and what `load_weights` will make of them.

    Each row of a matrix becomes int8 numbers of at most 127 times a scale in float32; vectors become float16.
    """
    stored, read = dict[str, np.ndarray](), dict[str, np.ndarray]()
    for name, array in state.items():
        if array.ndim == 2:
            scales = (np.abs(array).max(axis=1, keepdims=True) / 127).astype(np.float32)
            stored[name] = np.round(array / np.where(scales > 0, scales, 1)).astype(np.int8)
            stored[name + SCALES] = scales
            read[name] = stored[name].astype(np.float32) * scales
        else:
            stored[name] = array.astype(np.float16)
            read[name] = stored[name].astype(np.float32)
    return stored, read


def _instead(path: Path) -> str:
    """What to do about missing weights."""
    has = [name for name in (*INDEXES, PICKLED) if path.with_name(name).exists()]
    if not has:
        return f"{path} is missing; no model was saved here yet"
    why = "minigpt does not read pickles" if has[-1] == PICKLED else "the model is split into several files"
    return f"{path} is missing, but {has[-1]} is there: {why}; to convert it to one {WEIGHTS}, run in that folder: {CONVERT}"
