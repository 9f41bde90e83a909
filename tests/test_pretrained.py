"""A run that starts from a GPT-2 of somebody else's: its vocabulary, whole or cut, its window, and its blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few import few
from model_folders import First

import minigpt
from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.disk.checkpoint import load_checkpoint, save_config, save_tokenizer, save_weights
from minigpt.model import new_parameters
from minigpt.run.tokenize import MANY
from minigpt.tokenizer import Tokenizer, gpt2_merges

PROMPT = "A GPT that writes haiku about the sea"
SMALL: dict[str, Any] = {"initial_tokens": 2500, "final_tokens": 2000, "epochs": 1, "context": 32, "source": "template", "threads": 1}
WINDOW = 80
WIDTH = 16


def foreign() -> Tokenizer:
    """A vocabulary in which many tokens are none of GPT-2's, and the words are split in another way."""
    letters, merges = "etaoinshrdlucmfwypvbgkqjxz", gpt2_merges()[:50]
    known = {left + right for left, right in merges}
    pairs = [(a, b) for a in letters for b in letters]
    for left, right in pairs + [(a + b, c) for a, b in pairs for c in letters]:
        if left + right not in known:
            known.add(left + right)
            merges.append((left, right))
    return Tokenizer(merges)


@pytest.fixture(scope="module", params=["GPT-2's tokens", "other tokens"])
def model(request: pytest.FixtureRequest, gpt2: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow GPT-2 with a large vocabulary, as transformers would save it: no window of its own is named."""
    folder = tmp_path_factory.mktemp("theirs")
    tokenizer = gpt2 if request.param == "GPT-2's tokens" else foreign()
    assert tokenizer.vocab_size > MANY
    config = ModelConfig(1, 2, WIDTH, WINDOW, tokenizer.vocab_size, dropout=0.0, initializer_range=0.3, architecture="gpt2")
    parameters = new_parameters(config, Backend("tests"))
    parameters.initialize(np.random.default_rng(1))
    save_config(folder, config, WINDOW, tokenizer.end_of_text)
    save_tokenizer(folder, tokenizer, WINDOW)
    save_weights(folder, {parameter.name: parameter.value for parameter in parameters})
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n\n# A model\n", encoding="utf-8")
    stored = json.loads((folder / "config.json").read_text())
    del stored["minigpt_context"]
    (folder / "config.json").write_text(json.dumps(stored))
    return folder


@pytest.mark.parametrize("vocab", few(["corpus", "full"], 0))
def test_a_run_begins_with_the_rows_of_the_tokens_that_it_keeps(vocab: str, model: Path, tmp_path: Path) -> None:
    """Those that the corpus needs, by default, or all; the same text has the same tokens; window and blocks are the first model's."""
    theirs, heard = load_checkpoint(model), First()
    with pytest.raises(KeyboardInterrupt):
        minigpt.train(PROMPT, out=tmp_path / "run", init=model, vocab=vocab, listener=heard, learning_rate=1e-9, **SMALL)
    ours = minigpt.disk.checkpoint.load_tokenizer(tmp_path / "run")
    assert set(ours.token_ids) <= set(theirs.tokenizer.token_ids)
    assert (ours.vocab_size == theirs.tokenizer.vocab_size) == (vocab == "full")
    cut = f"{ours.vocab_size:,} of the {theirs.tokenizer.vocab_size:,} tokens of the model that it starts from"
    assert (cut in heard.lines) == (vocab == "corpus")
    table = [theirs.tokenizer.token_ids[token] for token in ours.token_ids]
    for name, array in theirs.state.items():
        expected = array[table] if name == "transformer.wte.weight" else array
        np.testing.assert_allclose(heard.state[name], expected, rtol=0, atol=1e-6, err_msg=name)
    for line in (tmp_path / "run" / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        assert [table[i] for i in ours.encode(text)] == theirs.tokenizer.encode(text)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["model"]["gpt2_tokens"] == (set(ours.token_ids) <= set(Tokenizer.gpt2().token_ids))
    stored = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (stored["model_type"], stored["minigpt_context"]) == ("gpt2", WINDOW)


def test_a_large_model_is_adapted_by_default(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    """From so many parameters on; --lora 0 trains all of them."""
    monkeypatch.setattr("minigpt.run.start.LORA_FROM", 1000)
    for options, rank in (({}, 8), ({"lora": 0}, 0), ({"lora": 3}, 3)):
        out = tmp_path / f"rank {rank}"
        with pytest.raises(KeyboardInterrupt):
            minigpt.train(PROMPT, out=out, init=model, listener=First(), **options, **SMALL)
        record = json.loads((out / "run.json").read_text())
        assert (record["options"]["lora"], record["start"]["licence"]) == (rank, "mit")
