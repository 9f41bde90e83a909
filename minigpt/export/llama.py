"""A GPT-2 -> a GGUF file, which llama.cpp, Ollama and LM Studio run, and beside it a Modelfile for Ollama.

Matrices are stored as float32, as float16 or as q8_0 (rows in blocks of 32 int8 numbers with a scale each); norms, biases and positions,
which are few, stay float32. The output matrix, tied to the token embedding, is left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minigpt.disk.checkpoint import Checkpoint
from minigpt.disk.files import require_free, whole_file, write_text
from minigpt.embedding import names
from minigpt.errors import MinigptError
from minigpt.export import TYPES, Export
from minigpt.export.about import about, notes, opened
from minigpt.export.modelfile import MODELFILE, command, jinja_template, modelfile
from minigpt.fast.install import to_install
from minigpt.model import PUBLISHED, parts
from minigpt.run.dialogue import Form, find_form

BLOCK = 32  # numbers with a scale in common, in q8_0
ROUND = 256  # llama.cpp rounds a context up to a multiple of this, and ends its process at a position beyond the table
LAYER = re.compile(r"transformer\.h\.(\d+)\.(.+)\.(weight|bias)")
BLOCK_NAMES = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
NORMAL, CONTROL = 1, 3  # kinds of tokens


def write(path: Path, out: Path, type: str = "f16") -> Export:
    """Write the file and, beside it, the Modelfile; MinigptError for a model that llama.cpp does not compute."""
    require_free(out)
    beside = out.with_name(MODELFILE)
    if os.path.lexists(beside):
        raise MinigptError(f"{beside} exists already, and nothing is overwritten; choose a file in another folder with --out")
    checkpoint, record = opened(path)
    require_computed(path, checkpoint, type)
    gguf = package()
    form, name = find_form(path), path.resolve().name
    form = form if form and form.usual else None
    known = about(path, checkpoint, record)
    with whole_file(out) as stream:
        write_gguf(gguf, stream, checkpoint, type, known, form, name)
    write_text(beside, modelfile(name, out.name, checkpoint.context, form, str(known.get("licence", ""))))
    return Export(
        out,
        notes=[*notes(path, record), f"Beside it: {beside}, with the template, the settings and the stop strings for Ollama"],
        then="With Ollama, type:",
        commands=[command(name, beside)],
    )


def package() -> Any:
    """The package gguf; MinigptError with the command that installs it."""
    try:
        import gguf
    except ImportError as error:
        raise MinigptError(f"--to gguf needs the package gguf: {to_install('gguf')}") from error
    return gguf


def require_computed(path: Path, checkpoint: Checkpoint, type: str) -> None:
    """MinigptError for a network that llama.cpp does not know, and for rows that cannot be stored so."""
    if type not in TYPES:
        raise MinigptError(f"--type {type} is not one of {', '.join(TYPES)}")
    if parts() != PUBLISHED:
        raise MinigptError(
            f"{path}: this minigpt computes other parts than the published ones (model.py), and llama.cpp has no such network"
        )
    config = checkpoint.config
    if config.architecture != "gpt2":
        why = "llama.cpp, and with it Ollama, has GPT-2's blocks but not GPT-1's, which normalize after each sum"
        raise MinigptError(
            f"{path} is a GPT-1: {why}; train one that it has: minigpt train --architecture gpt2, or export --to html or onnx"
        )
    if type == "q8_0" and config.n_embd % BLOCK:
        wide = f"its width {config.n_embd} is not divisible by {BLOCK}, as q8_0 needs"
        raise MinigptError(f"{path}: {wide}; use --type f16")


def write_gguf(
    gguf: Any, stream: BinaryIO, checkpoint: Checkpoint, type: str, known: dict[str, str | int], form: Form | None, name: str
) -> None:
    """Write the whole file to a stream."""
    config, tokenizer = checkpoint.config, checkpoint.tokenizer
    arrays = tensors(checkpoint)
    writer = gguf.GGUFWriter(None, "gpt2")
    writer.add_name(name)
    writer.add_description(str(known.get("prompt", "")))
    for key, value in known.items():
        (writer.add_uint64 if isinstance(value, int) else writer.add_string)(f"minigpt.{key}", value)
    writer.add_block_count(config.n_layer)
    writer.add_context_length(len(arrays["position_embd.weight"]))
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_file_type(
        {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}[type]
    )
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")  # "default" splits texts otherwise, into other ids
    writer.add_token_list(list(tokenizer.token_ids))
    writer.add_token_types([CONTROL if token == tokenizer.end_of_text else NORMAL for token in range(tokenizer.vocab_size)])
    writer.add_token_merges([f"{left} {right}" for left, right in tokenizer.merges])
    writer.add_bos_token_id(tokenizer.end_of_text)
    writer.add_eos_token_id(tokenizer.end_of_text)
    writer.add_chat_template(jinja_template(form))
    stored = gguf.GGMLQuantizationType[type.upper()]
    for each, array in arrays.items():
        matrix = array.ndim == 2 and each != "position_embd.weight"
        kind = stored if matrix else gguf.GGMLQuantizationType.F32
        writer.add_tensor(each, gguf.quantize(array, kind), raw_dtype=kind)
    writer.fout, writer.state = [stream], gguf.gguf_writer.WriterState.EMPTY  # a file of ours in place of one that it opens
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()


def tensors(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The model's arrays as llama.cpp names them: a row for each output, where transformers' Conv1D has a column."""
    name, state = names(checkpoint.config), checkpoint.state
    found = {
        "token_embd.weight": state[name.tokens][: checkpoint.tokenizer.vocab_size],  # without padding
        "position_embd.weight": positions(state[name.positions], checkpoint.context),
        "output_norm.weight": state["transformer.ln_f.weight"],
        "output_norm.bias": state["transformer.ln_f.bias"],
    }
    for each, array in state.items():
        if match := LAYER.fullmatch(each):
            layer, part, kind = match.groups()
            found[f"blk.{layer}.{BLOCK_NAMES[part]}.{kind}"] = array.T if array.ndim == 2 else array
    return {each: np.ascontiguousarray(array, np.float32) for each, array in found.items()}


def positions(table: np.ndarray, context: int) -> np.ndarray:
    """The rows of the table that a text within the context reaches, and as many more as make their number a multiple of ROUND.

    No text should reach those: the Modelfile says how far a context goes. The table has most of them, trained only where the model started
    from another one; where it ends, its second half comes again.
    """
    rows, half = np.arange(-(-context // ROUND) * ROUND), max(1, len(table) // 2)
    return table[np.where(rows < len(table), rows, len(table) - half + (rows - len(table)) % half)]
