"""A prompt and a seed -> a trained run; a run -> its samples."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minigpt
from minigpt.config import SampleConfig

MOST = 800  # tokens of a sample: more than twice the longest document of a default corpus
FIRST = 1000  # the seed of the first sample


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    record: dict[str, Any]
    corpus: list[dict[str, Any]]  # the lines of corpus.jsonl

    @classmethod
    def read(cls, folder: Path) -> Run:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if record["status"] != "complete":
            raise SystemExit(f"{folder}: its status is {record['status']}; finish it with: minigpt resume {folder}")
        lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        return cls(folder, record, [json.loads(line) for line in lines])

    def texts(self, split: str) -> list[str]:
        """The documents of a part: train or held_out."""
        return [line["text"] for line in self.corpus if line["split"] == split]

    @property
    def forms(self) -> set[str]:
        """The forms of its template documents."""
        return {line["form"] for line in self.corpus if "form" in line}


def run_of(folder: Path, prompt: str, seed: int, options: str = "") -> Run:
    """The run in a folder, trained first if it is not finished. `options`: more of those of `train`."""
    program, record = [sys.executable, "-m", "minigpt"], folder / "run.json"
    status = json.loads(record.read_text(encoding="utf-8"))["status"] if record.exists() else ""
    if not status:
        fixed = ["--prompt", prompt, "--seed", str(seed), "--source", "template", "--out", str(folder), "--yes", "--quiet"]
        subprocess.run([*program, "train", *fixed, *shlex.split(options)], check=True, stdout=subprocess.DEVNULL)
    elif status != "complete":
        subprocess.run([*program, "resume", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return Run.read(folder)


def name_of(prompt: str, seed: int) -> str:
    """A folder's name."""
    return f"{'-'.join(re.findall(r'[a-z]+', prompt.lower()))[:60]}-{seed}"


def draw(model: minigpt.TextModel, count: int, temperature: float = SampleConfig.temperature) -> list[dict[str, Any]]:
    """Samples from nothing, with their seeds and how they ended."""
    found = []
    for seed in range(FIRST, FIRST + count):
        sample = model.sample("", SampleConfig(max_tokens=MOST, temperature=temperature, seed=seed))
        found.append({"seed": seed, "text": sample.text, "tokens": sample.tokens, "finish_reason": sample.finish_reason})
    return found
