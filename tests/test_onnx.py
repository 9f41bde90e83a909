"""ONNX: the graph computes minigpt's logits, with and without its cache, in onnxruntime."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_folders import write_model

from minigpt.errors import MinigptError
from minigpt.export import export
from minigpt.run.textmodel import load
from minigpt.tokenizer import StreamDecoder, Tokenizer

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


class Session:
    """A network in onnxruntime."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4  # an error is an exception already
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = {each.name: each.shape for each in self.session.get_inputs()}
        self.outputs = [each.name for each in self.session.get_outputs()]

    def empty(self, B: int = 1) -> dict[str, np.ndarray]:
        return {name: np.zeros((B, shape[1], 0, shape[3]), np.float32) for name, shape in self.inputs.items() if name != "input_ids"}

    def run(self, ids: Any, past: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The logits, and the past of the next call."""
        found = dict(zip(self.outputs, self.session.run(None, {"input_ids": np.array(ids, np.int64), **past}), strict=True))
        return found.pop("logits"), {name.replace("present", "past_key_values"): array for name, array in found.items()}


@pytest.fixture(scope="module", params=["gpt1", "gpt2"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and its file."""
    home = tmp_path_factory.mktemp(request.param)
    folder = write_model(home / "model", n_layer=2, architecture=request.param)
    return folder, export(folder, "onnx", home).path


def test_the_graph_is_sound_and_says_what_it_is(made: tuple[Path, Path]) -> None:
    model = onnx.load(made[1])
    onnx.checker.check_model(model, full_check=True)
    known = {each.key: each.value for each in model.metadata_props}
    assert known["minigpt.context"] == "96" and known["minigpt.family"] in ("GPT-1", "GPT-2")
    assert known["tokenizer.json"] == (made[0] / "tokenizer.json").read_text(encoding="utf-8")


def test_logits_are_minigpts(made: tuple[Path, Path]) -> None:
    """Of several sequences at once, too."""
    model, session = load(made[0], brief=True), Session(made[1])
    ids = np.random.default_rng(0).integers(0, model.config.vocab_size, (3, 96))
    logits, past = session.run(ids, session.empty(3))
    for row in range(3):
        assert np.abs(logits[row] - model.logits(ids[row])).max() < 1e-4
    assert past["past_key_values.1.value"].shape == (3, 2, 96, 16)


def test_the_cache_changes_nothing(made: tuple[Path, Path]) -> None:
    """Read in pieces of any length, the logits are the same; greedy tokens, one at a time, are those of `generate`."""
    model, session = load(made[0], brief=True), Session(made[1])
    ids = np.random.default_rng(1).integers(0, model.config.vocab_size, (1, 60))
    whole, _ = session.run(ids, session.empty())
    past, parts = session.empty(), []
    for piece in np.split(ids, [1, 2, 17, 40], axis=1):
        logits, past = session.run(piece, past)
        parts.append(logits)
    assert np.abs(np.concatenate(parts, axis=1) - whole).max() < 1e-4
    tokenizer: Tokenizer = model.tokenizer
    for prompt in ("The moon", "a", "Zoë said: 1, 2"):
        fresh = tokenizer.encode(prompt)
        seen, past, plain, unread = [], session.empty(), list(fresh), fresh
        for _ in range(50):
            logits, past = session.run([unread], past)
            token = int(logits[0, -1].argmax())
            assert int(session.run([plain], session.empty())[0][0, -1].argmax()) == token
            if token == tokenizer.end_of_text:
                break
            unread = [token]
            seen.append(token)
            plain.append(token)
        assert "".join(map(StreamDecoder(tokenizer).feed, seen)) == model.generate(prompt, temperature=0, max_tokens=50)


def test_beyond_the_context_it_stops(made: tuple[Path, Path]) -> None:
    session = Session(made[1])
    with pytest.raises(Exception, match="indices element out of data bounds"):
        session.run([[1] * 97], session.empty())


def test_what_it_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import minigpt.export.graph as graph

    folder, out = write_model(tmp_path / "model"), tmp_path / "a.onnx"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnx", None)
        with pytest.raises(MinigptError, match=r"--to onnx needs the package onnx: .*install onnx"):
            export(folder, "onnx", out)
    with monkeypatch.context() as patch:
        patch.setattr(graph, "LARGEST", 1000)
        with pytest.raises(MinigptError, match=r"more than the 1,000 of an ONNX file; use --to gguf or hf"):
            export(folder, "onnx", out)
    with monkeypatch.context() as patch:
        patch.setattr(graph, "parts", lambda: {"norm": "RMSNorm"})
        with pytest.raises(MinigptError, match="other parts than the published ones"):
            export(folder, "onnx", out)
    out.write_text("mine")
    with pytest.raises(MinigptError, match="nothing is overwritten"):
        export(folder, "onnx", out)
    assert out.read_text() == "mine"
