"""Compares tokenizing speed with tiktoken and HF tokenizers: the same text and ids, cold caches, one thread, in turn.

python benchmarks/tokenizer.py [FILE]     # default: template documents of all four categories, 3 MB

Each round makes a new tokenizer, so that its cache starts empty; making it is not timed.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from minigpt import Tokenizer
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents
from minigpt.disk.checkpoint import save_tokenizer

PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def text(megabytes: float) -> str:
    """Documents of every preset in turn."""
    streams = [write_documents(understand("", key), random.Random(0)) for key in PRESETS]
    pieces: list[str] = []
    while sum(map(len, pieces)) < megabytes * 1e6:
        pieces += [document.text for stream in streams for document in islice(stream, 20)]
    return "\n\n".join(pieces)


def makers() -> dict[str, Callable[[], Callable[[str], list[int]]]]:
    """Name -> a function that makes a new encoder."""
    result: dict[str, Callable[[], Callable[[str], list[int]]]] = {"minigpt": lambda: Tokenizer.gpt2().encode}
    full = Tokenizer.gpt2()
    try:
        import tiktoken

        ranks = {token: i for i, token in enumerate(full.tokens[:-1])}
        result["tiktoken"] = lambda: tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={}).encode_ordinary
    except ModuleNotFoundError:
        print("tiktoken is not installed: left out")
    try:
        import tokenizers

        folder = tempfile.mkdtemp()
        save_tokenizer(Path(folder), full, 512)

        def hugging_face() -> Callable[[str], list[int]]:
            made = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
            return lambda text: made.encode(text).ids

        result["tokenizers"] = hugging_face
    except ModuleNotFoundError:
        print("tokenizers is not installed: left out")
    return result


def main() -> None:
    sample = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else text(3)
    size = len(sample.encode()) / 1e6
    speeds: dict[str, list[float]] = {}
    ids: dict[str, list[int]] = {}
    for _ in range(5):
        for name, make in makers().items():
            encode = make()
            start = time.perf_counter()
            ids[name] = encode(sample)
            speeds.setdefault(name, []).append(size / (time.perf_counter() - start))
    print(f"{size:.1f} MB, {len(ids['minigpt']):,} tokens, {len(set(sample.split())):,} distinct words")
    for name, rates in speeds.items():
        ratio = statistics.median(m / r for m, r in zip(speeds["minigpt"], rates, strict=True))
        same = "same ids" if ids[name] == ids["minigpt"] else "DIFFERENT IDS"
        spread = f"{min(rates):.2f}-{max(rates):.2f}"
        print(f"{name:<11} {statistics.median(rates):6.2f} MB/s ({spread}); minigpt is {ratio:.2f} times that; {same}")


if __name__ == "__main__":
    main()
