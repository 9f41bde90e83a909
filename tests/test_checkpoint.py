"""A model folder: there and back, as transformers reads it; and everything that is refused, with its message."""

from __future__ import annotations

import json
import shutil
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minigpt import model
from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.disk.checkpoint import (
    CONFIG,
    TIED,
    WEIGHTS,
    load_checkpoint,
    load_tokenizer,
    read_scale,
    save_config,
    save_tokenizer,
    save_weights,
)
from minigpt.errors import MinigptError
from minigpt.model import new_parameters
from minigpt.run.textmodel import load
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer

TOKENS = "transformer.tokens_embed.weight"
NAME = "transformer.h.0.mlp.c_fc.weight"


@pytest.fixture(scope="module")
def config(small_tokenizer: Tokenizer) -> ModelConfig:
    """A tiny model over the small tokenizer, no field at its default."""
    return ModelConfig(2, 2, 8, 16, small_tokenizer.vocab_size, dropout=0.2, layer_norm_epsilon=1e-4, initializer_range=0.03)


@pytest.fixture
def state(config: ModelConfig, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random parameters by name, the same in every test."""
    parameters = new_parameters(config, Backend("tests"))
    parameters.values[...] = rng.standard_normal(parameters.n)
    return {p.name: p.value.copy() for p in parameters}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, config: ModelConfig, small_tokenizer: Tokenizer) -> Path:
    """What does not change from test to test, written once."""
    folder = tmp_path_factory.mktemp("saved")
    save_config(folder, config, 12, small_tokenizer.end_of_text)
    save_tokenizer(folder, small_tokenizer, 12)
    return folder


@pytest.fixture
def folder(tmp_path: Path, saved: Path, state: dict[str, np.ndarray]) -> Path:
    """A saved model, to be spoiled."""
    folder = shutil.copytree(saved, tmp_path / "model")
    save_weights(folder, state)
    return folder


def edit(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file; ... removes one."""
    stored = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({k: v for k, v in stored.items() if v is not ...}), encoding="utf-8")


def refusal(folder: Path) -> str:
    """The one line that load_checkpoint refuses a folder with."""
    with pytest.raises(MinigptError) as refused:
        load_checkpoint(folder)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_model_round_trips(folder: Path, config: ModelConfig, state: dict[str, np.ndarray], small_tokenizer: Tokenizer) -> None:
    """Configuration, weights to the bit, tokenizer and context."""
    found = load_checkpoint(folder)
    assert found.config == config
    assert found.context == 12
    assert found.tokenizer.token_ids == small_tokenizer.token_ids
    assert found.tokenizer.merges == small_tokenizer.merges
    assert found.state.keys() == state.keys()
    for name, array in state.items():
        assert found.state[name].dtype == np.float32
        assert np.array_equal(found.state[name], array), name


def test_saving_writes_these_files_and_no_others(folder: Path) -> None:
    """The names that transformers looks for; the tied matrix is stored once."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "generation_config.json", "merges.txt", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.json",
    ]  # fmt: skip
    assert TIED not in load_file(folder / WEIGHTS)


def test_the_configuration_speaks_transformers_language(folder: Path, small_tokenizer: Tokenizer) -> None:
    """The fields by which OpenAIGPTLMHeadModel and generate compute the same."""
    stored = json.loads((folder / CONFIG).read_text())
    assert stored["model_type"] == "openai-gpt"
    assert stored["architectures"] == ["OpenAIGPTLMHeadModel"]
    assert (stored["n_layer"], stored["n_head"], stored["n_embd"], stored["n_positions"]) == (2, 2, 8, 16)
    assert (stored["embd_pdrop"], stored["attn_pdrop"], stored["resid_pdrop"]) == (0.2, 0.2, 0.2)
    assert (stored["layer_norm_epsilon"], stored["initializer_range"], stored["afn"]) == (1e-4, 0.03, "gelu")
    assert stored["bos_token_id"] == stored["eos_token_id"] == small_tokenizer.end_of_text
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == small_tokenizer.end_of_text


def test_a_swapped_part_is_named_and_refused_by_a_program_without_it(
    folder: Path, config: ModelConfig, small_tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parameters may fit: what they are for is another matter."""
    with monkeypatch.context() as swapped:
        swapped.setattr(model, "Norm", type("OtherNorm", (model.Norm,), {}))
        assert model.family("gpt1") == "GPT-1 with OtherNorm"
        save_config(folder, config, 12, small_tokenizer.end_of_text)
        assert load_checkpoint(folder).config == config
    assert model.family("gpt1") == "GPT-1"
    assert "other parts; this version of minigpt computes norm LayerNorm" in refusal(folder)
    assert json.loads((folder / CONFIG).read_text())["model_type"] == "minigpt"


def test_defaults_that_transformers_leaves_out_are_filled_in(folder: Path) -> None:
    """GPT-1's own: 12 layers, 12 heads, width 768 and 40,478 tokens, which this folder then contradicts."""
    edit(folder / CONFIG, n_layer=..., n_head=..., n_embd=..., n_positions=..., vocab_size=..., minigpt_context=...)
    assert "config.json says 40,478: these are files of two different models" in refusal(folder)


def test_without_a_context_every_position_counts(folder: Path) -> None:
    """A folder of transformers does not know the field."""
    edit(
        folder / CONFIG,
        minigpt_context=...,
        afn=...,
        tie_word_embeddings=...,
        resid_pdrop=...,
        layer_norm_epsilon=...,
        initializer_range=...,
    )
    found = load_checkpoint(folder)
    assert found.context == 16
    assert (found.config.dropout, found.config.layer_norm_epsilon, found.config.initializer_range) == (0.1, 1e-5, 0.02)


def test_the_tokenizer_is_read_from_its_older_files_too(folder: Path, small_tokenizer: Tokenizer) -> None:
    """vocab.json and merges.txt, where tokenizer.json is not there; merges as pairs, as newer transformers writes them."""
    stored = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    stored["model"]["merges"] = [merge.split(" ") for merge in stored["model"]["merges"]]
    edit(folder / "tokenizer.json", **stored)
    assert load_checkpoint(folder).tokenizer.token_ids == small_tokenizer.token_ids
    (folder / "tokenizer.json").unlink()
    assert load_checkpoint(folder).tokenizer.token_ids == small_tokenizer.token_ids


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_float_types_become_float32(dtype: type, folder: Path, state: dict[str, np.ndarray]) -> None:
    """Half and double precision are read."""
    save_file({name: array.astype(dtype) for name, array in state.items()}, folder / WEIGHTS)
    found = load_checkpoint(folder).state
    for name, array in state.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], array.astype(dtype).astype(np.float32))


def test_what_other_writers_store_beside_the_weights_is_passed_over(folder: Path, state: dict[str, np.ndarray]) -> None:
    """The tied matrix a second time, and the causal masks of older transformers."""
    masks = {f"transformer.h.{i}.attn.bias": np.tri(16, dtype=np.float32)[None, None] for i in range(2)}
    save_file({**state, **masks, TIED: state[TOKENS]}, folder / WEIGHTS)
    assert load_checkpoint(folder).state.keys() == state.keys()


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """Missing, a file, or without a model."""
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'} is not a folder; `minigpt list` shows your models"
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refusal(tmp_path / "file")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(empty) == f"{empty} has no model: config.json is missing; `minigpt list` shows your models"
    (empty / "run.json").write_text("{}")
    assert refusal(empty).endswith(f"config.json is missing; to finish an interrupted run: minigpt resume {empty}")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ([CONFIG], "config.json is missing"),
        ([WEIGHTS], "model.safetensors is missing; no model was saved here yet"),
        (["tokenizer.json", "merges.txt"], "has no tokenizer.json and no merges.txt; the model cannot read text without them"),
        (["tokenizer.json", "vocab.json"], "vocab.json is missing"),
    ],
    ids=str,
)
def test_a_missing_file_is_named(missing: list[str], message: str, folder: Path) -> None:
    """With what it means."""
    for name in missing:
        (folder / name).unlink()
    assert message in refusal(folder)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, 0.5, 0.9, -1])
def test_weights_cut_short_are_refused(kept: float, folder: Path) -> None:
    """At any length: within the header's size, the header, the arrays, one byte before the end."""
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    assert "model.safetensors is damaged or cut short: " in refusal(folder)


def test_a_changed_weight_is_found_by_the_checksum(folder: Path) -> None:
    """The number that it becomes is as good as another."""
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-4] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    assert "model.safetensors is damaged: its checksum does not match" in refusal(folder)


def test_weights_that_cannot_be_read_are_named(folder: Path) -> None:
    """A folder with the name of the file, for one."""
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    assert "model.safetensors cannot be read" in refusal(folder)


def test_weights_with_something_behind_them_are_refused(folder: Path) -> None:
    """The file must be what its header says."""
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes() + b"more")
    assert "model.safetensors is damaged or cut short: " in refusal(folder)


@pytest.mark.parametrize("name", [CONFIG, "tokenizer.json"])
@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_json_cut_short_is_refused(name: str, share: float, folder: Path) -> None:
    """With the file and the place."""
    text = (folder / name).read_text(encoding="utf-8").rstrip()
    (folder / name).write_text(text[: int(share * len(text))], encoding="utf-8")
    assert f"{name} is not JSON: line " in refusal(folder)


@pytest.mark.parametrize("name", [CONFIG, "tokenizer.json"])
def test_deeply_nested_json_is_refused(name: str, folder: Path) -> None:
    """It ends neither the process nor the stack."""
    (folder / name).write_text('{"model":' * 200_000)
    assert f"{name} is nested too deeply" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model_type": "llama"},
            "model_type is 'llama'; minigpt reads only 'openai-gpt' and 'gpt2', the architectures of GPT-1 and GPT-2",
        ),
        ({"model_type": ["gpt2"]}, "model_type is ['gpt2']; minigpt reads only 'openai-gpt' and 'gpt2'"),
        ({"model_type": ...}, "model_type is None; minigpt reads only 'openai-gpt'"),
        ({"model_type": "gpt2", "activation_function": "relu"}, "activation_function is 'relu'; minigpt supports only 'gelu_new'"),
        ({"model_type": "gpt2", "scale_attn_weights": False}, "scale_attn_weights is False; minigpt supports only True"),
        (
            {"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": True},
            "scale_attn_by_inverse_layer_idx is True; minigpt supports only False",
        ),
        ({"model_type": "gpt2", "add_cross_attention": True}, "add_cross_attention is True; minigpt supports only False"),
        ({"model_type": "gpt2", "n_inner": 33}, "n_inner is 33; minigpt supports only four times n_embd"),
        ({"model_type": "gpt2"}, "has 26 arrays, not those of a GPT-2 of 2 layers"),
        ({"afn": "relu"}, "afn is 'relu'; minigpt supports only 'gelu'"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is False; minigpt supports only True"),
        ({"n_head": 3}, "width 8 (n_embd) is not divisible by 3 heads (n_head); use a width of 6 or 9"),
        ({"n_layer": 0}, "n_layer=0 must be a whole number of at least 1"),
        ({"n_layer": "2"}, "n_layer='2' must be a whole number of at least 1"),
        ({"n_embd": [8]}, "n_embd=[8] must be a whole number of at least 1"),
        ({"n_positions": None}, "n_positions=None must be a whole number of at least 1"),
        ({"resid_pdrop": 1.5}, "dropout=1.5 must be a finite number"),
        ({"layer_norm_epsilon": float("nan")}, "NaN is not JSON"),
        ({"minigpt_context": 17}, "minigpt_context must be from 1 to 16, got 17"),
        ({"minigpt_context": 0}, "minigpt_context must be from 1 to 16, got 0"),
        ({"minigpt_context": True}, "minigpt_context must be from 1 to 16, got True"),
        ({"minigpt_context": "12"}, "minigpt_context must be from 1 to 16, got '12'"),
        ({"vocab_size": 50_257}, "config.json says 50,257: these are files of two different models"),
        ({"n_layer": 3}, "has 26 arrays, not those of a GPT-1 of 3 layers; is the file complete?"),
        ({"n_embd": 12}, "config.json implies"),
        ({"n_positions": 32}, "transformer.positions_embed.weight has shape (16, 8), but config.json implies (32, 8)"),
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit_is_refused(changes: dict[str, Any], message: str, folder: Path) -> None:
    """Another architecture, senseless numbers, or the numbers of another model."""
    edit(folder / CONFIG, **changes)
    assert message in refusal(folder)


@pytest.mark.parametrize("name", ["n_layer", "n_embd", "n_positions", "n_head"])
@pytest.mark.parametrize("number", [10**6, 10**9, 10**18])
def test_huge_numbers_take_neither_memory_nor_time(name: str, number: int, folder: Path) -> None:
    """What a configuration claims is compared with the file before anything is made for it."""
    edit(folder / CONFIG, **{name: number, "minigpt_context": 4})
    tracemalloc.start()
    start = time.perf_counter()
    try:
        refusal(folder)
        assert time.perf_counter() - start < 2
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value: float, folder: Path, state: dict[str, np.ndarray]) -> None:
    """One is enough, and its array is named."""
    state[NAME][3, 4] = value
    save_weights(folder, state)
    assert f"{NAME} contains NaN or infinity, so this model is unusable" in refusal(folder)


def test_an_array_of_another_shape_is_refused(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Also the transposed one, which has as many numbers."""
    save_weights(folder, {**state, NAME: np.ascontiguousarray(state[NAME].T)})
    assert f"{NAME} has shape (32, 8), but config.json implies (8, 32)" in refusal(folder)


@pytest.mark.parametrize(("dtype", "name"), [(np.int32, "I32"), (np.uint8, "U8"), (np.bool_, "BOOL")])
def test_an_array_of_another_type_is_refused(dtype: type, name: str, folder: Path, state: dict[str, np.ndarray]) -> None:
    """Integers are no weights."""
    save_file({**state, NAME: state[NAME].astype(dtype)}, folder / WEIGHTS)
    assert f"{NAME} is stored as {name}; save the model as float32" in refusal(folder)


def test_bfloat16_is_refused(folder: Path) -> None:
    """NumPy does not know it; the remedy is named. The header is changed by hand: two bytes a number."""
    data = (folder / WEIGHTS).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    position = 0
    for entry in (entry for key, entry in header.items() if key != "__metadata__"):
        size = 2 * int(np.prod(entry["shape"]))
        entry.update(dtype="BF16", data_offsets=[position, position + size])
        position += size
    text = json.dumps(header).encode()
    (folder / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + bytes(position))
    assert "is stored as BF16; save the model as float32" in refusal(folder)


def test_an_unknown_array_is_refused(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Beside the others, or in the place of one."""
    save_weights(folder, {**state, "extra": state[NAME]})
    assert "has 27 arrays, not those of a GPT-1 of 2 layers" in refusal(folder)
    del state[NAME]
    save_weights(folder, {**state, "transformer.h.0.mlp.c_gate.weight": np.zeros((8, 32), np.float32)})
    assert "transformer.h.0.mlp.c_gate.weight is not a parameter of a GPT-1" in refusal(folder)


def test_an_output_matrix_of_its_own_is_refused(folder: Path, state: dict[str, np.ndarray]) -> None:
    """minigpt would compute other logits than the model that was saved."""
    save_weights(folder, {**state, TIED: state[TOKENS] + 1})
    assert f"{TIED} differs from the token embedding; minigpt's output matrix is tied to it" in refusal(folder)
    save_weights(folder, {**state, TIED: state[TOKENS][1:]})
    assert f"{TIED} has shape" in refusal(folder)


def test_the_tokenizer_of_another_model_is_refused(folder: Path, gpt2: Tokenizer) -> None:
    """Its number of tokens gives it away."""
    other = compact(gpt2, gpt2.encode("entirely different"))
    save_tokenizer(folder, other, 12)
    assert f"the tokenizer has {other.vocab_size:,} tokens, config.json says" in refusal(folder)
    save_tokenizer(folder, load_tokenizer(folder), 12)
    path = folder / "tokenizer.json"
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    edit(path, model=model | {"vocab": model["vocab"] | {"new": 9_999}})
    assert "the tokenizer has 10,000 tokens, config.json says" in refusal(folder)


@pytest.mark.parametrize("end", ["<|endoftext|>", "</s>"])
def test_a_vocabulary_in_another_order_is_read_with_its_rows(end: str, folder: Path, config: ModelConfig) -> None:
    """As other programs order theirs: the end first, tokens that no text has, then bytes and merges; the model is the same one."""
    before = load_checkpoint(folder)
    path, V = folder / "tokenizer.json", config.vocab_size
    order = np.random.default_rng(4).permutation(np.arange(2, V + 1))  # of all tokens but the end, which has id 0; 1 is for no text
    ids = {token: int(order[i]) for token, i in before.tokenizer.token_ids.items() if token != "<|endoftext|>"}
    added = [{"id": 0, "content": end, "special": True}, {"id": 1, "content": "<pad>", "special": True}]
    edit(path, model=json.loads(path.read_text(encoding="utf-8"))["model"] | {"vocab": ids}, added_tokens=added)
    rows = np.full((V + 1, config.n_embd), 7, np.float32)
    rows[[ids.get(token, 0) for token in before.tokenizer.token_ids]] = before.state[TOKENS]
    save_weights(folder, before.state | {TOKENS: rows})
    edit(folder / CONFIG, vocab_size=V + 1, bos_token_id=0, eos_token_id=0)
    after = load_checkpoint(folder)
    assert after.tokenizer.tokens == before.tokenizer.tokens
    assert after.config == before.config
    assert all(np.array_equal(after.state[name], array) for name, array in before.state.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model | {"vocab": model["vocab"] | {"a": model["vocab"]["b"]}}, "a vocabulary gives each token an id of its own"),
        (lambda model: model | {"vocab": model["vocab"] | {"a": -1}}, "a vocabulary gives each token an id of its own"),
        (lambda model: model | {"vocab": {"a": 0}}, "of its byte-level BPE have no id, such as"),
        (lambda model: model | {"vocab": list(model["vocab"])}, "a vocabulary gives each token an id of its own"),
        (lambda model: model | {"type": "Unigram"}, "has no byte-level BPE; minigpt reads only GPT-2's kind of tokenizer"),
        (lambda model: {"type": "BPE"}, "has no byte-level BPE"),
        (lambda model: [], "has no byte-level BPE"),
        (lambda model: model | {"merges": [["t", "h", "e"]]}, "each merge must be two tokens"),
        (lambda model: model | {"merges": [["t", 1]]}, "each merge must be two tokens"),
        (lambda model: model | {"merges": [5]}, "each merge must be two tokens"),
        (lambda model: model | {"merges": ["th"]}, "each merge must be two tokens"),
        (lambda model: model | {"merges": ["th e"]}, "merge 1, 'th' 'e': both halves must be tokens already"),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_tokenizer_that_minigpt_cannot_follow_is_refused(change: Any, message: str, folder: Path) -> None:
    """Another order, another kind, or merges that are none; the file is named."""
    path = folder / "tokenizer.json"
    edit(path, model=change(json.loads(path.read_text(encoding="utf-8"))["model"]))
    assert message in refusal(folder)
    assert str(path) in refusal(folder)


def test_a_merges_file_that_is_none_is_refused(folder: Path) -> None:
    """Its line is named, or its byte."""
    (folder / "tokenizer.json").unlink()
    (folder / "merges.txt").write_text("#version: 0.2\nt h\nthe\n")
    assert "merges.txt, line 3: expected two tokens with one space between them, got 'the'" in refusal(folder)
    (folder / "merges.txt").write_bytes(b"#version: 0.2\nt \xff\n")
    assert "merges.txt is not UTF-8: byte 16" in refusal(folder)
    (folder / "merges.txt").write_text("#version: 0.2\nt zz\n")
    assert "merge 1, 't' 'zz': both halves must be tokens already" in refusal(folder)


def test_a_save_that_fails_leaves_the_model_that_was_there(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Weights that are no numbers: the old ones stay, and no temporary file."""
    before = sorted(folder.iterdir())
    with pytest.raises(MinigptError, match="object"):
        save_weights(folder, {**state, NAME: np.array([None])})
    assert sorted(folder.iterdir()) == before
    assert np.array_equal(load_checkpoint(folder).state[NAME], state[NAME])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalizer": {"type": "Lowercase"}}, "has a normalizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "does not split text into words as GPT-2 does"),
        ({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}}, "puts a space before each text"),
    ],
)
def test_a_tokenizer_that_reads_texts_otherwise_is_refused(folder: Path, change: dict, message: str) -> None:
    """It would give other ids than AutoTokenizer does."""
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    assert message in refusal(folder)


def test_weights_in_several_files_are_told_apart_from_none(folder: Path) -> None:
    """The remedy is another one."""
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    assert "no model was saved here yet" in refusal(folder)
    (folder / "model.safetensors.index.json").write_text("{}")
    assert "max_shard_size" in refusal(folder)


def test_what_newer_and_older_programs_store_beside_the_weights_is_passed_over(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Positions and masks are buffers, not parameters; their types do not matter."""
    buffers = {
        "transformer.position_ids": np.arange(16),
        "transformer.h.0.attn.bias": np.tri(16),
        "transformer.h.1.attn.masked_bias": np.zeros(1),
    }
    save_file({**state, **buffers}, folder / WEIGHTS)
    assert load_checkpoint(folder).state.keys() == state.keys()


def test_names_without_their_prefix_are_read(folder: Path, state: dict[str, np.ndarray]) -> None:
    """As transformers' OpenAIGPTModel stores them, perhaps with the output matrix."""
    bare = {name.removeprefix("transformer."): array for name, array in state.items()}
    for more in ({}, {TIED: state[TOKENS]}, {"position_ids": np.arange(16), "h.0.attn.bias": np.tri(16)}):
        save_file({**bare, **more}, folder / WEIGHTS)
        found = load_checkpoint(folder).state
        assert found.keys() == state.keys()
        assert np.array_equal(found[NAME], state[NAME])
    save_file({**bare, NAME: state[NAME]}, folder / WEIGHTS)
    assert "arrays, not those of a GPT-1" in refusal(folder)


@pytest.fixture
def padded(folder: Path, state: dict[str, np.ndarray], config: ModelConfig) -> Path:
    """Another program's folder, whose embedding has seven rows more than the tokenizer has tokens; they would win every draw."""
    rows = np.vstack([state[TOKENS], 100 * state[TOKENS][:7]])
    edit(folder / CONFIG, vocab_size=config.vocab_size + 7, minigpt_context=...)
    save_file({**state, TOKENS: rows}, folder / WEIGHTS)
    return folder


def test_a_padded_vocabulary_has_scores_and_no_text(padded: Path, config: ModelConfig) -> None:
    """The logits are those of the model; the rows beyond the tokenizer are never drawn."""
    model = load(padded, "cpu")
    assert model.logits([1, 2]).shape == (2, config.vocab_size + 7)
    assert model.logits([1, 2])[-1].argmax() >= config.vocab_size
    for seed in range(5):
        model.generate("the", max_tokens=20, temperature=2.0, top_k=0, seed=seed)
    assert model.generate("the", max_tokens=3, temperature=0)


def test_only_padding_of_another_program_is_taken_for_padding(padded: Path, config: ModelConfig) -> None:
    """minigpt pads nothing, and nobody pads by much more than a thousand rows: then the tokenizer belongs to another model."""
    edit(padded / CONFIG, vocab_size=config.vocab_size + 1100)
    assert "these are files of two different models" in refusal(padded)
    edit(padded / CONFIG, vocab_size=config.vocab_size + 1000)
    assert "tokens_embed.weight has shape" in refusal(padded)
    edit(padded / CONFIG, vocab_size=config.vocab_size + 7, minigpt_context=12)
    assert "these are files of two different models" in refusal(padded)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pytorch_model.bin", "does not read pickles"),
        ("pytorch_model.bin.index.json", "several files"),
        ("model.safetensors.index.json", "several files"),
    ],
)
def test_weights_in_another_form_come_with_the_line_that_converts_them(folder: Path, name: str, why: str) -> None:
    """One line, with the file that is there, and a command."""
    (folder / WEIGHTS).rename(folder / name)
    assert f"model.safetensors is missing, but {name} is there" in refusal(folder)
    assert why in refusal(folder)
    assert "from transformers import OpenAIGPTLMHeadModel as M; M.from_pretrained('.').save_pretrained('.'" in refusal(folder)


@pytest.mark.parametrize("scale", ["nan", "inf", "-1", "1e3", "x", "\x1b[2J"])
def test_a_scale_that_is_no_plain_number_is_refused(folder: Path, state: dict[str, np.ndarray], scale: str) -> None:
    """It is metadata of a file that anybody may have written."""
    save_file(state, folder / WEIGHTS, {"minigpt_scale": scale})
    with pytest.raises(MinigptError, match="minigpt_scale is"):
        read_scale(folder)
    save_weights(folder, state, 0.989)
    assert read_scale(folder) == 0.989
