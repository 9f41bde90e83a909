"""A GPT-1 or GPT-2 -> an ONNX file: the whole network with a cache of keys and values, for any ONNX runtime.

Inputs and outputs have the names that Optimum and transformers.js use. B sequences, T new tokens, P tokens in the cache, D head size:

    input_ids                          (B, T) int64
    past_key_values.0.key, .value, ... (B, H, P, D) float32 for each layer; P is 0 at the start
    logits                             (B, T, V) float32
    present.0.key, .value, ...         (B, H, P + T, D) float32: the past of the next call

P + T is at most the context. The operators are those of opset 20. The file's metadata hold tokenizer.json and what is known of the model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.config import ModelConfig
from minigpt.disk.checkpoint import Checkpoint, save_tokenizer
from minigpt.disk.files import read_text, require_free, whole_file
from minigpt.embedding import names
from minigpt.errors import MinigptError
from minigpt.export import Export
from minigpt.export.about import about, notes, opened
from minigpt.fast.install import to_install
from minigpt.model import PUBLISHED, parts

OPSET, IR = 20, 9  # the first with Gelu; onnxruntime reads it from 1.17 on
LARGEST = 2**31 - 2**20  # bytes of a protocol buffer
HIDDEN = -1e30  # added to scores: exp of the sum is 0


def write(path: Path, out: Path) -> Export:
    """Write the file; MinigptError for a network of other parts, or one that is too large for a file of this kind."""
    require_free(out)
    try:
        import onnx
    except ImportError as error:
        raise MinigptError(f"--to onnx needs the package onnx: {to_install('onnx')}") from error
    checkpoint, record = opened(path)
    if parts() != PUBLISHED:
        raise MinigptError(f"{path}: this minigpt computes other parts than the published ones (model.py), which the graph does not have")
    if (size := sum(array.nbytes for array in checkpoint.state.values())) > LARGEST:
        raise MinigptError(f"{path}: the weights have {size:,} bytes, more than the {LARGEST:,} of an ONNX file; use --to gguf or hf")
    model = Graph(onnx, checkpoint).model()
    known = {f"minigpt.{name}": str(value) for name, value in about(path, checkpoint, record).items()}
    onnx.helper.set_model_props(model, {**known, "tokenizer.json": tokenizer_json(checkpoint)})
    with whole_file(out) as stream:
        stream.write(model.SerializeToString())
    return Export(out, notes=notes(path, record), then="It runs in any ONNX runtime; its tokenizer.json is in its metadata.")


def tokenizer_json(checkpoint: Checkpoint) -> str:
    """The tokenizer as transformers' `tokenizers` and transformers.js read it."""
    with tempfile.TemporaryDirectory(prefix="minigpt-") as folder:
        save_tokenizer(Path(folder), checkpoint.tokenizer, checkpoint.context)
        return read_text(Path(folder, "tokenizer.json"))


class Graph:
    """The graph of a network, node by node. A value is known by its name."""

    def __init__(self, onnx: Any, checkpoint: Checkpoint) -> None:
        self.onnx, self.config = onnx, checkpoint.config
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        name = names(self.config)
        arrays = dict(checkpoint.state)
        arrays[name.tokens] = arrays[name.tokens][: checkpoint.tokenizer.vocab_size]  # without padding
        arrays[name.positions] = arrays[name.positions][: checkpoint.context]  # without what was never trained
        self.vocabulary = checkpoint.tokenizer.vocab_size
        for each, array in arrays.items():
            self.constant(each, np.ascontiguousarray(array, np.float32))

    def add(self, operator: str, *inputs: str, to: Iterable[str] = (), **attributes: Any) -> str:
        """Add a node; its only result, or the first of the results `to`."""
        results = list(to) or [f"{operator}_{len(self.nodes)}"]
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, results, **attributes))
        return results[0]

    def constant(self, name: str, value: Any) -> str:
        """Give an array a name."""
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def whole(self, *numbers: int) -> str:
        """Whole numbers, in one dimension."""
        return self.constant(f"whole_{len(self.constants)}", np.array(numbers, np.int64))

    def model(self) -> Any:
        """The network as an ONNX model."""
        config, helper, name = self.config, self.onnx.helper, names(self.config)
        self.places()
        x = self.add("Add", self.add("Gather", name.tokens, "input_ids"), self.add("Gather", name.positions, "places"))
        for layer in range(config.n_layer):
            x = self.block(f"transformer.h.{layer}", layer, x)
        if config.architecture == "gpt2":
            x = self.norm("transformer.ln_f", x)
        rows = self.add("Reshape", x, self.whole(-1, config.n_embd))
        shape = self.add("Concat", "shape", self.whole(self.vocabulary), axis=0)
        self.add("Reshape", self.add("Gemm", rows, name.output, transB=1), shape, to=["logits"])
        number, integer = self.onnx.TensorProto.FLOAT, self.onnx.TensorProto.INT64
        ids = helper.make_tensor_value_info("input_ids", integer, ["batch", "tokens"])
        logits = helper.make_tensor_value_info("logits", number, ["batch", "tokens", self.vocabulary])
        graph = helper.make_graph(
            self.nodes, "minigpt", [ids, *self.cache("past_key_values", "past")], [logits, *self.cache("present", "all")], self.constants
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="minigpt")

    def cache(self, name: str, length: str) -> list[Any]:
        """The keys and values of all layers, as inputs or outputs."""
        shape = ["batch", self.config.n_head, length, self.config.head_size]
        every = [f"{name}.{layer}.{part}" for layer in range(self.config.n_layer) for part in ("key", "value")]
        return [self.onnx.helper.make_tensor_value_info(each, self.onnx.TensorProto.FLOAT, shape) for each in every]

    def places(self) -> None:
        """`shape`: (B, T); `places` (T,): the positions of the new tokens; `mask` (T, P + T): 0 for what each sees, else HIDDEN."""
        zero, one = self.constant("zero", np.int64(0)), self.constant("one", np.int64(1))
        new = self.add("Gather", self.add("Shape", "input_ids", to=["shape"]), one)
        past = self.add("Gather", self.add("Shape", "past_key_values.0.key"), self.constant("two", np.int64(2)))
        length = self.add("Add", past, new)
        queries = self.add("Unsqueeze", self.add("Range", past, length, one, to=["places"]), self.whole(1))
        seen = self.add("LessOrEqual", self.add("Range", zero, length, one), queries)
        nothing, hidden = self.constant("nothing", np.float32(0)), self.constant("hidden", np.float32(HIDDEN))
        self.add("Where", seen, nothing, hidden, to=["mask"])

    def block(self, name: str, layer: int, x: str) -> str:
        """GPT-2 normalizes in front of each branch, GPT-1 after each sum."""
        if self.config.architecture == "gpt2":
            n = self.add("Add", x, self.attention(f"{name}.attn", layer, self.norm(f"{name}.ln_1", x)))
            return self.add("Add", n, self.mlp(f"{name}.mlp", self.norm(f"{name}.ln_2", n)))
        n = self.norm(f"{name}.ln_1", self.add("Add", x, self.attention(f"{name}.attn", layer, x)))
        return self.norm(f"{name}.ln_2", self.add("Add", n, self.mlp(f"{name}.mlp", n)))

    def attention(self, name: str, layer: int, x: str) -> str:
        config: ModelConfig = self.config
        qkv = [f"{name}.{part}" for part in ("query", "key", "value")]
        self.add("Split", self.linear(f"{name}.c_attn", x), to=qkv, axis=2, num_outputs=3)
        heads = self.whole(0, 0, config.n_head, config.head_size)  # 0: as it is
        query, key, value = (self.add("Transpose", self.add("Reshape", part, heads), perm=[0, 2, 1, 3]) for part in qkv)
        keys = self.add("Concat", f"past_key_values.{layer}.key", key, axis=2, to=[f"present.{layer}.key"])
        values = self.add("Concat", f"past_key_values.{layer}.value", value, axis=2, to=[f"present.{layer}.value"])
        scaled = self.add("Mul", query, self.constant(f"{name}.scale", np.float32(config.head_size**-0.5)))
        scores = self.add("MatMul", scaled, self.add("Transpose", keys, perm=[0, 1, 3, 2]))
        weights = self.add("Softmax", self.add("Add", scores, "mask"), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        return self.linear(f"{name}.c_proj", self.add("Reshape", mixed, self.whole(0, 0, config.n_embd)))

    def mlp(self, name: str, x: str) -> str:
        return self.linear(f"{name}.c_proj", self.add("Gelu", self.linear(f"{name}.c_fc", x), approximate="tanh"))

    def norm(self, name: str, x: str) -> str:
        epsilon = self.config.layer_norm_epsilon
        return self.add("LayerNormalization", x, f"{name}.weight", f"{name}.bias", axis=-1, epsilon=epsilon)

    def linear(self, name: str, x: str) -> str:
        return self.add("Add", self.add("MatMul", x, f"{name}.weight"), f"{name}.bias")
