"""`export --to hf`: what transformers needs of a run, and nothing else of it. tests/parity loads it there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from model_folders import write_model

import minigpt
from minigpt.disk.checkpoint import load_checkpoint
from minigpt.errors import MinigptError
from minigpt.export import export

FILES = "config.json generation_config.json merges.txt model.safetensors tokenizer.json tokenizer_config.json vocab.json".split()


@pytest.mark.parametrize("architecture", ["gpt1", "gpt2"])
def test_the_model_arrives_and_what_is_private_stays(tmp_path: Path, architecture: str) -> None:
    folder = write_model(tmp_path / "poet", architecture=architecture)
    (folder / "README.md").write_text("# A card\n", encoding="utf-8")
    for private in ("corpus.jsonl", "report.html", "samples.jsonl", "metrics.jsonl", "notes.txt"):
        (folder / private).write_text("private", encoding="utf-8")
    made = export(folder, "hf", tmp_path)
    assert made.path == tmp_path / "poet-hf.zip"
    loads = {"gpt1": "OpenAIGPTLMHeadModel", "gpt2": "GPT2LMHeadModel"}[architecture]
    assert made.then == f"Unpack it; transformers loads the folder: {loads}.from_pretrained('poet')"
    with zipfile.ZipFile(made.path) as archive:
        assert sorted(archive.namelist()) == sorted(f"poet/{name}" for name in (*FILES, "README.md"))
        archive.extractall(tmp_path / "there")
    there = tmp_path / "there" / "poet"
    assert json.loads((there / "config.json").read_text(encoding="utf-8"))["architectures"] == [loads]
    assert (there / "README.md").read_text(encoding="utf-8") == "# A card\n"
    assert minigpt.load(there).generate("The", seed=1) == minigpt.load(folder).generate("The", seed=1)


def test_padding_goes(tmp_path: Path) -> None:
    """Rows without a token, which other programs put there."""
    folder = write_model(tmp_path / "padded", architecture="gpt2", vocab_size=512)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["minigpt_context"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    padded = load_checkpoint(folder)
    with zipfile.ZipFile(export(folder, "hf", tmp_path / "a.zip").path) as archive:
        archive.extractall(tmp_path / "there")
    found = load_checkpoint(tmp_path / "there" / "padded")
    assert found.config.vocab_size == found.tokenizer.vocab_size < 512
    for name, array in found.state.items():
        assert np.array_equal(array, padded.state[name][: len(array)])


def test_the_same_model_gives_the_same_file_and_overwrites_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "poet")
    one, other = (export(folder, "hf", tmp_path / name).path.read_bytes() for name in ("a.zip", "b.zip"))
    assert one == other
    with pytest.raises(MinigptError, match="nothing is overwritten"):
        export(folder, "hf", tmp_path / "a.zip")
    monkeypatch.setattr(minigpt.export.hub, "parts", lambda: {"norm": "RMSNorm"})  # type: ignore[attr-defined]
    with pytest.raises(MinigptError, match="transformers has no such model"):
        export(folder, "hf", tmp_path / "c.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip", "poet"]
