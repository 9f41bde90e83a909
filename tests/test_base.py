"""The programs that make the base: documents become streams, and streams weights."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import write_documents
from minigpt.tokenizer import Tokenizer, parse_merges

BASE = Path(__file__).parent.parent / "base"
SMALL = "--layers 1 --width 64 --context 32 --batch 4 --seconds 2 --warmup 5 --device cpu".split()


def run(program: str, *given: str | Path) -> str:
    done = subprocess.run([sys.executable, str(BASE / program), *map(str, given)], capture_output=True, text=True, timeout=120, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def test_documents_become_streams_and_streams_become_weights(tmp_path: Path) -> None:
    documents, streams, trained = tmp_path / "documents", tmp_path / "streams", tmp_path / "trained"
    documents.mkdir()
    for source, prompt in (("minigpt:templates", "haiku about the city"), ("pypi:others", "haiku about the sea")):
        texts = [document.text for document in islice(write_documents(understand(prompt), random.Random(1)), 400)]
        entries = [{"text": text, "source": source, "kind": "poetry", "licence": "MIT"} for text in texts]
        (documents / f"{source[:4]}.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")
    run("text/prepare.py", documents, streams, "--rehearse", "0.25")
    figures = json.loads((streams / "figures.json").read_text())
    assert 0.1 < figures["characters"]["pypi:others poetry"] / figures["characters"]["minigpt:templates poetry"] < 0.4
    tokenizer = Tokenizer(parse_merges((streams / "merges.txt").read_text("utf-8"), "merges.txt"))
    ids = np.fromfile(streams / "train.u2", "<u2")
    assert len(ids) == figures["train"]["tokens"] and (ids == tokenizer.end_of_text).sum() == figures["train"]["documents"]
    assert "Haiku" in tokenizer.decode(ids.tolist())

    run("train.py", streams, *SMALL, "--out", trained)
    found = json.loads((trained / "base-0.001.json").read_text())
    assert found["held_out"]["all"] < np.log(tokenizer.vocab_size) and found["tokens"] == found["steps"] * 4 * 32
    weights = np.concatenate([np.load(trained / f"weights-{part}.npy") for part in range(2)])
    assert np.isfinite(weights).all() and weights.std() > 0
