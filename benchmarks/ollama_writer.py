"""Measures writing with a teacher on the tests' scripted server: concurrency, the client's own cost, kill -9 at random moments.

python benchmarks/ollama_writer.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from ollama_server import serve  # noqa: E402 (needs tests/ on the path)
from test_ollama_writer import REQUEST, count, fresh, killed_runs  # noqa: E402

from minigpt.corpus.ollama.limits import Limits  # noqa: E402
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings  # noqa: E402
from minigpt.corpus.ollama.writer import write_with_ollama  # noqa: E402


def measure(delay: float, slots: int, documents: int, limits: Limits) -> tuple[float, float]:
    """(wall, CPU) seconds per document of 20 chunks. The server runs in this process, so both include its share."""
    with serve(lambda body, number: fresh(body, number, delay=delay), slots=slots) as server:
        server.judge = lambda text: "?"
        with Teacher.connect(TeacherSettings(hosts=(server.url,), limits=limits), lambda line: None) as teacher:
            wall, processor = time.monotonic(), time.process_time()
            journal = Path(tempfile.mkdtemp()) / "corpus.jsonl"
            found = list(write_with_ollama(teacher, "p", REQUEST, 20 * documents, 1, journal, count, lambda line: None))
            seconds = time.monotonic() - wall, time.process_time() - processor
    return seconds[0] / len(found), seconds[1] / len(found)


def main() -> None:
    """Print the three figures."""
    one, _ = measure(0.04, 8, 10, Limits(in_flight=1))
    many, processor = measure(0.04, 8, 120, Limits())
    print(f"40 ms a chunk, 8 slots: {1 / one:.2f} documents/s one at a time, {1 / many:.2f} concurrently: {one / many:.1f} times")
    print(f"CPU time, server included: {1000 * processor:.1f} ms a document, {processor / 0.6:.1%} of 100 documents a minute")
    killed_runs(Path(tempfile.mkdtemp()) / "corpus.jsonl", kills=20, tokens=6000, seed=int(time.time()))
    print("20 kills at random moments: nothing lost, nothing doubled, valid JSON lines")


if __name__ == "__main__":
    main()
