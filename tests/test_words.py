"""`--init` of GPT-1's published weights: real folders of transformers' OpenAIGPTLMHeadModel, and a tokenizer in GPT-1's format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from model_folders import First

import minigpt
from minigpt.backend import choose_backend
from minigpt.cli import cli
from minigpt.disk.checkpoint import load_checkpoint
from minigpt.disk.words import WORD_END, WordTokens, load_first
from minigpt.errors import MinigptError
from minigpt.run.textmodel import TextModel
from minigpt.tokenizer import Tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

PROMPT = "A GPT that writes haiku about the sea"
SMALL: dict[str, Any] = {"initial_tokens": 2500, "final_tokens": 2000, "epochs": 1, "context": 32, "source": "template", "threads": 1}
TEXT = "the moon and the sea sing in the evening ; a fisherman's boat is on the sea , and the rain is here . \n".lower()
EMBEDDING = "transformer.tokens_embed.weight"


def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """GPT-1's order: special tokens, characters that end a word and that do not, merges."""
    characters = sorted({*TEXT, *"abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"-é\n"} - {" "})
    tokens = ["<unk>", *(c + WORD_END for c in characters), *(c for c in characters if c != "\n")]
    merges = [tuple(m.split()) for m in ("t h", "th e</w>", "s e", "se a</w>", "i n", "in g</w>", "m o", "o n</w>", "mo on</w>", "' s</w>")]
    return {token: i for i, token in enumerate([*tokens, *(a + b for a, b in merges)])}, merges  # type: ignore[misc]


@pytest.fixture(scope="module", params=["vocab.json and merges.txt", "tokenizer.json"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("gpt1")
    vocab, merges = vocabulary()
    torch.manual_seed(0)
    config = transformers.OpenAIGPTConfig(vocab_size=len(vocab), n_positions=64, n_embd=32, n_layer=2, n_head=2)
    transformers.OpenAIGPTLMHeadModel(config).save_pretrained(folder)
    if request.param == "tokenizer.json":
        transformers.OpenAIGPTTokenizer(vocab=vocab, merges=merges).save_pretrained(folder)
        assert (folder / "tokenizer.json").exists()
    else:
        save_tokens(folder)
    return folder


def save_tokens(folder: Path) -> None:
    """vocab.json and merges.txt."""
    vocab, merges = vocabulary()
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")


@pytest.mark.parametrize(
    ("token", "pieces"),
    [
        (b" the", ["the</w>"]),
        (b"The", ["the</w>"]),
        (b" Sea", ["sea</w>"]),
        (b" seat", ["se", "a", "t</w>"]),
        (b"seat", ["se", "a", "t"]),
        (b"ing", ["ing</w>"]),
        (b"sing", ["s", "in", "g"]),
        (b" sing", ["s", "ing</w>"]),
        (b"'s", ["'s</w>"]),
        (b' ;"', [";</w>", '"</w>']),
        (b"\n\n", ["\n</w>"]),
        (b" ", ["\n</w>"]),
        (b"", ["\n</w>"]),
        (b"\xc3", ["<unk>"]),
        ("é".encode(), ["é</w>"]),
        ("狐".encode(), ["<unk>"]),
        (b"_a", ["a</w>"]),
        (b"42", ["4", "2"]),
    ],
)
def test_the_pieces_of_a_token(token: bytes, pieces: list[str], model: Path) -> None:
    tokens = WordTokens(model)
    assert tokens.cut(token) == [tokens.ids[piece] for piece in pieces]


def test_words_are_cut_as_transformers_cuts_them(model: Path) -> None:
    vocab, merges = vocabulary()
    theirs, ours = transformers.OpenAIGPTTokenizer(vocab=vocab, merges=merges), WordTokens(model)
    for word in [*re.findall(r"\S+", TEXT), "Thing", "seas", "moonsing", "!?", "10", "the-sea", "themoon"]:
        assert ours.cut(b" " + word.encode()) == theirs(word, add_special_tokens=False)["input_ids"], word


def test_a_run_begins_with_the_mean_rows_and_the_same_blocks(model: Path, tmp_path: Path) -> None:
    heard = First()
    with pytest.raises(KeyboardInterrupt):
        minigpt.train(PROMPT, out=tmp_path / "run", init=model, listener=heard, learning_rate=1e-9, **SMALL)
    ours, theirs = minigpt.disk.checkpoint.load_tokenizer(tmp_path / "run"), transformers.OpenAIGPTLMHeadModel.from_pretrained(model)
    assert ours.vocab_size < 5000 and ours.token_ids.keys() <= Tokenizer.gpt2().token_ids.keys()
    state = {name: array.numpy() for name, array in theirs.state_dict().items() if ".attn.bias" not in name and "lm_head" not in name}
    tokens = WordTokens(model)
    for name, array in state.items():
        expected = np.stack([array[tokens.cut(token)].mean(axis=0) for token in ours.tokens]) if name == EMBEDDING else array
        np.testing.assert_allclose(heard.state[name], expected, rtol=0, atol=1e-6, err_msg=name)
    assert any("mean of the rows that GPT-1's own tokens have" in line for line in heard.lines)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (stored["model_type"], stored["minigpt_context"]) == ("openai-gpt", 64)


def test_the_blocks_give_the_same_hidden_states(model: Path) -> None:
    """For the same embeddings: those of words that are one token in both."""
    first = load_first(model)
    words = [" the", " sea", " moon", " a", "'s", " .", " the"]
    ours = [first.tokenizer.token_ids[word.replace(" ", "Ġ")] for word in words]
    tokens = WordTokens(model)
    theirs = [tokens.cut(word.encode()) for word in words]
    assert all(len(ids) == 1 for ids in theirs)
    network = TextModel(first, choose_backend("cpu")).network
    hidden = network.forward(np.array([ours]))
    with torch.no_grad():
        expected = transformers.OpenAIGPTModel.from_pretrained(model)(torch.tensor(theirs).T)[0][0].numpy()
    np.testing.assert_allclose(hidden, expected, atol=1e-5)


def fault(folder: Path, name: str) -> None:
    """Damage a folder in one way."""
    path = folder / "vocab.json"
    vocab = json.loads(path.read_text(encoding="utf-8"))
    if name == "merge":
        del vocab["the</w>"]
    elif name == "size":
        vocab["zzz</w>"] = len(vocab)
    elif name == "ids":
        vocab["the</w>"] = 1
    path.write_text(json.dumps(vocab), encoding="utf-8")
    if name in ("afn", "gpt2"):
        config = json.loads((folder / "config.json").read_text())
        config |= {"afn": "silu"} if name == "afn" else {"model_type": "gpt2"}
        (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("merge", "the merge of 'th' and 'e</w>' is no token of its vocabulary"),
        ("size", "tokens, config.json says"),
        ("ids", "a vocabulary gives each token an id of its own"),
        ("afn", "afn is 'silu'; minigpt supports only 'gelu'"),
        ("gpt2", "tokens that end with </w> are GPT-1's, but config.json says that the model is a GPT-2"),
    ],
)
def test_faults_have_one_line_each(name: str, message: str, model: Path, tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors"):
        (tmp_path / file).write_bytes((model / file).read_bytes())
    save_tokens(tmp_path)
    fault(tmp_path, name)
    with pytest.raises(MinigptError, match=re.escape(message)) as caught:
        load_first(tmp_path)
    assert "\n" not in str(caught.value)


def test_tokens_of_another_kind_are_refused_before_a_corpus_is_written(model: Path, tmp_path: Path) -> None:
    """Such as a GPT-2 with a word list, of antibodies or music."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for file in ("config.json", "model.safetensors"):
        (folder / file).write_bytes((model / file).read_bytes())
    (folder / "vocab.txt").write_text("[PAD]\nA\nC\n")
    with pytest.raises(MinigptError, match=r"has no tokenizer\.json and no merges\.txt"):
        minigpt.train(PROMPT, out=tmp_path / "run", init=folder, **SMALL)
    assert not (tmp_path / "run").exists()


def test_it_is_for_training_only(model: Path) -> None:
    with pytest.raises(MinigptError, match="has GPT-1's own tokens, in lower case; minigpt only starts from such a model"):
        load_checkpoint(model)
    done = CliRunner().invoke(cli, ["generate", str(model)])
    assert done.exit_code == 1 and done.stderr.count("\n") == 1 and "--init" in done.stderr
