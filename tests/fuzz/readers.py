"""Bytes from strangers into every reader, guided by the code that they reach: `make fuzz`, or

    python tests/fuzz/readers.py weights -max_total_time=3600

Each reader must give a result or a ValueError with a message, within the time and the memory that libFuzzer is told to allow. The corpus
of each starts from a sound file and grows in the folder `.fuzz`, where a failing input is kept too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["minigpt"]):
    import numpy as np

    from minigpt.config import ModelConfig
    from minigpt.corpus.ollama.journal import Journal
    from minigpt.corpus.own.files import read_texts
    from minigpt.disk.checkpoint import load_tokenizer, load_weights, read_config, save_config, save_tokenizer, save_weights
    from minigpt.disk.files import read_json_object, write_json
    from minigpt.disk.folder import read_record
    from minigpt.disk.jsontext import sealed
    from minigpt.disk.state import read_state, save_state
    from minigpt.disk.tensors import read_tensors
    from minigpt.model import specs
    from minigpt.tokenizer import Tokenizer

ROOM = Path(tempfile.mkdtemp(prefix="fuzz-"))
TINY = ModelConfig(n_layer=1, n_head=1, n_embd=2, n_positions=3, vocab_size=258)
STATE = {"parameters": (4,), "m": (4,), "v": (4,)}
MERGES = [("t", "h"), ("th", "e")]


def place(name: str, data: bytes) -> Path:
    """A file of these bytes."""
    path = ROOM / name
    path.write_bytes(data)
    return path


def read_own(suffix: str) -> Callable[[bytes], object]:
    """The reader of own text of a kind."""
    return lambda data: list(read_texts([data[i : i + 100] for i in range(0, len(data), 100)], Path(f"a{suffix}"), None, lambda _: None)[1])


def read_tokenizer(data: bytes) -> object:
    """A folder with this tokenizer.json; where there is none, its parts from the other files."""
    place("tokenizer.json", data)
    return load_tokenizer(ROOM)


def read_merges(data: bytes) -> object:
    """A folder with this merges.txt and its vocab.json."""
    (ROOM / "tokenizer.json").unlink(missing_ok=True)
    place("merges.txt", data)
    return load_tokenizer(ROOM)


READERS: dict[str, Callable[[bytes], object]] = {
    "weights": lambda data: load_weights(place("model.safetensors", data), TINY),
    "tensors": lambda data: read_tensors(place("initial.safetensors", data)),
    "state": lambda data: read_state(place("state.safetensors", data), STATE),
    "json": lambda data: read_json_object(place("a.json", data)),
    "config": lambda data: read_config(read_json_object(path := place("config.json", data)), path),
    "record": lambda data: place("run.json", data) and read_record(ROOM),
    "tokenizer": read_tokenizer,
    "merges": read_merges,
    "journal": lambda data: Journal(place("teacher.jsonl", data), lambda _: None).close(),
    "text": read_own(".txt"),
    "jsonl": read_own(".jsonl"),
    "csv": read_own(".csv"),
}


def seeds() -> dict[str, bytes]:
    """A sound file for each reader."""
    rng = np.random.default_rng(0)
    save_weights(ROOM, {name: rng.standard_normal(shape, dtype=np.float32) for name, (shape, *_) in specs(TINY).items()})
    save_config(ROOM, TINY, 3, 257)
    save_tokenizer(ROOM, Tokenizer(MERGES), 3)
    save_state(ROOM, 1, {name: np.zeros(shape, np.float32) for name, shape in STATE.items()}, {"step": 1})
    write_json(ROOM / "run.json", sealed({"stages": {"a": {"b": "c"}}, "options": {}, "prompt": "", "status": "complete"}))
    journal = Journal(ROOM / "seed.jsonl", lambda _: None)
    journal.append({"text": "A text.", "request": 1})
    journal.close()
    files = {name: (ROOM / name).read_bytes() for name in ("model.safetensors", "config.json", "tokenizer.json", "merges.txt", "run.json")}
    state = next(ROOM.glob("state-*")).read_bytes()
    return {
        "weights": files["model.safetensors"], "tensors": files["model.safetensors"], "state": state, "json": files["config.json"],
        "config": files["config.json"], "record": files["run.json"], "tokenizer": files["tokenizer.json"], "merges": files["merges.txt"],
        "journal": (ROOM / "seed.jsonl").read_bytes(), "text": b"# A\n\nOne text.\n<|endoftext|>\n~~~\n# B\n~~~\n\nTitle\n===\n\nAnother.",
        "csv": b'text,b\n"one, text",2\n',
        "jsonl": b'{"text": "one"}\n{"text": "two", "b": {"c": "d"}}\n{"messages": [{"role": "user", "content": ["three"]}]}\n',
    }  # fmt: skip


def main() -> None:
    """Fuzz one reader."""
    name, reader = sys.argv[1], READERS[sys.argv[1]]
    corpus = Path(".fuzz") / name
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "sound").write_bytes(seeds()[name])
    reader((corpus / "sound").read_bytes())

    def one(data: bytes) -> None:
        try:
            reader(data)
        except ValueError as error:  # MinigptError is one
            if not str(error):
                raise AssertionError("an error without a message") from error

    bounds = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=65536", f"-artifact_prefix={corpus.parent}/"]
    atheris.Setup([sys.argv[0], *sys.argv[2:], *bounds, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
