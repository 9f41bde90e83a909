"""A run in a real llama.cpp: the same token ids for 200 texts, the same greedy continuations of 20 prompts, in f32, f16 and q8_0.

    python benchmarks/llama_cpp.py models/NAME --node ~/.cache/minigpt-llama

RUN is one with GPT-2's blocks. llama.cpp is that of the npm package node-llama-cpp, installed into the folder --node if it is not there
(with node 20 or later); `make llama-check` does both. In f32, a difference is a failure: exit status 1. f16 and q8_0 are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from minigpt.config import SampleConfig
from minigpt.export import TYPES, export
from minigpt.run.dialogue import learned
from minigpt.run.textmodel import TextModel, load
from minigpt.tokenizer import StreamDecoder

PACKAGE = "node-llama-cpp@3.22.1"
TEXTS, PROMPTS, TOKENS = 200, 20, 50
GOLDEN = Path(__file__).parents[1] / "tests" / "golden_tokens.jsonl"  # Unicode of every kind


def texts(run: Path, rng: np.random.Generator) -> list[str]:
    """Unicode of many kinds, texts of the run, and random strings of both."""
    golden = [text for line in GOLDEN.read_text(encoding="utf-8").splitlines() if (text := json.loads(line)["text"])]
    read = [text for text in learned(run / "corpus.jsonl") if text.strip()][: TEXTS // 3]
    characters = list("".join(golden) + "".join(read[:5]))
    mixed = ["".join(rng.choice(characters, int(rng.integers(1, 60)))) for _ in range(TEXTS)]
    return [*rng.permutation(golden)[: TEXTS // 3].tolist(), *read, *mixed][:TEXTS]


def prompts(run: Path, model: TextModel) -> list[str]:
    """Beginnings of documents, so long that the continuation stays within the context."""
    room = min(24, model.context - TOKENS - 1)
    found = []
    for i, text in enumerate(learned(run / "corpus.jsonl")):
        ids = model.tokenizer.encode(text)[: 1 + i % room]
        found.append(model.tokenizer.decode(ids))
    return list(dict.fromkeys(text for text in found if text.strip() and "\ufffd" not in text))[:PROMPTS]


def in_llama(node: Path, model: Path, request: Path) -> dict:
    """What llama.cpp answers."""
    if not (node / "node_modules" / "node-llama-cpp").is_dir():
        node.mkdir(parents=True, exist_ok=True)
        (node / "package.json").write_text('{"private": true, "type": "module"}')
        environment = os.environ | {"NODE_LLAMA_CPP_SKIP_DOWNLOAD": "true"}
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", PACKAGE], cwd=node, env=environment, check=True)
    script = shutil.copy(Path(__file__).with_suffix(".mjs"), node)
    return json.loads(subprocess.run(["node", script, model, request], stdout=subprocess.PIPE, check=True, text=True).stdout)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("run", type=Path)
    options.add_argument(
        "--node", type=Path, default=Path.home() / ".cache" / "minigpt-llama", help="a folder with node-llama-cpp, or for it"
    )
    chosen = options.parse_args()
    model = load(chosen.run, brief=True)
    asked = {"texts": texts(chosen.run, np.random.default_rng(1)), "prompts": prompts(chosen.run, model), "tokens": TOKENS}
    ids = [model.tokenizer.encode(text) for text in asked["texts"]]
    config = SampleConfig(temperature=0, max_tokens=TOKENS)
    greedy = [model.sample(prompt, config).text for prompt in asked["prompts"]]
    failed = False
    with tempfile.TemporaryDirectory() as home:
        request = Path(home, "request.json")
        request.write_text(json.dumps(asked))
        for kind in TYPES:
            Path(home, kind).mkdir()
            made = export(chosen.run, "gguf", Path(home, kind, "model.gguf"), type=kind)
            found = in_llama(chosen.node, made.path, request)
            same_ids = sum(a == b for a, b in zip(found["ids"], ids, strict=True))
            same = [
                "".join(map(StreamDecoder(model.tokenizer).feed, tokens)) == text
                for tokens, text in zip(found["greedy"], greedy, strict=True)
            ]
            size = made.path.stat().st_size / 1e6
            print(f"{kind:<5} {size:6.1f} MB  ids {same_ids} of {len(ids)} texts  greedy {sum(same)} of {len(same)} prompts", flush=True)
            failed |= same_ids < len(ids) or (kind == "f32" and not all(same))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
