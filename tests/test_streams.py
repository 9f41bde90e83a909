"""Token streams on the disk are what encoding again would give, and a corpus flows through in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.documents import Document
from minigpt.corpus.gather import HELD_OUT, LEARNED, Gathering, write_corpus
from minigpt.disk.streams import open_stream, to_bytes
from minigpt.run.vocabulary import compact_for, renumber
from minigpt.tokenizer import Tokenizer


class Listed:
    """Documents in a list, as a source."""

    description = "a list"

    def __init__(self, texts: list[str], source: str = "own") -> None:
        self.documents = [Document(text, source) for text in texts]

    def __iter__(self):
        return iter(self.documents)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    texts=st.lists(st.one_of(st.text(max_size=60), st.sampled_from(["Stir the soup.", "naïve 狐 🦊", "don't <|endoftext|>"])), max_size=5)
)
def test_renumbered_ids_are_those_of_encoding_again(tmp_path_factory, texts: list[str], gpt2: Tokenizer) -> None:
    place = tmp_path_factory.mktemp("ids")
    (place / "full").write_bytes(b"".join(to_bytes([*gpt2.encode(text), gpt2.end_of_text]) for text in texts))
    small = compact_for(gpt2, [place / "full"])
    renumber(place / "full", gpt2, small, place / "small")
    again = [token for text in texts for token in (*small.encode(text), small.end_of_text)]
    assert open_stream(place / "small").tolist() == again


def test_the_corpus_and_its_streams_say_the_same(tmp_path: Path, gpt2: Tokenizer) -> None:
    """Of each document one line; its ids, closed by end-of-text, in the stream of its side, in the same order."""
    texts = [f"Document {i} says " + ", ".join(f"{i * i + j * j}" for j in range(20)) + "." for i in range(25)]
    gathering = Gathering(gpt2)
    counts = write_corpus(gathering.entries(Listed([*texts, texts[3]]), None), tmp_path, tmp_path, seed=1)
    lines = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines] == texts
    for name, side in ((LEARNED, "train"), (HELD_OUT, "held_out")):
        expected = [token for line in lines if line["split"] == side for token in (*gpt2.encode(line["text"]), gpt2.end_of_text)]
        assert open_stream(tmp_path / name).tolist() == expected
    assert counts.documents == 25
    assert counts.tokens == gathering.tokens == len(open_stream(tmp_path / LEARNED)) + counts.held_out_tokens
    assert counts.held_out_documents == sum(line["split"] == "held_out" for line in lines) == 3
    assert gathering.cleaner.dropped == {"duplicate": 1}


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("final_tokens", [None, 6000])
def test_own_text_makes_the_share_that_was_asked_for(tmp_path: Path, gpt2: Tokenizer, share: float, final_tokens: int | None) -> None:
    """All of it where no number of tokens was named; else the tokens named."""
    own = [f"My own note number {i} tells of things {i * 7} and {i * 13} that no one else has seen." for i in range(300)]
    asked: list[int] = []

    def generate(tokens: int) -> Listed:
        asked.append(tokens)
        return Listed([f"Written text {i} of {i % 17} words and {i % 23} more, in a form of its own." for i in range(3000)], "template")

    gathering = Gathering(gpt2)
    counts = write_corpus(gathering.mixed(Listed(own), share, final_tokens, generate), tmp_path, tmp_path, seed=1)
    own_tokens, total = counts.tokens_by_source["own"], counts.tokens
    assert own_tokens / total == pytest.approx(share, abs=0.02)
    assert len(asked) == 1
    if final_tokens is None:
        assert counts.by_source["own"] == len(own)
    else:
        assert total == pytest.approx(final_tokens, rel=0.02)


CORPUS = """
import sys
from pathlib import Path
from minigpt.corpus.gather import HELD_OUT, LEARNED, Gathering, write_corpus
from minigpt.corpus.own.files import OwnText
from minigpt.run.vocabulary import compact_for, renumber
from minigpt.tokenizer import Tokenizer
full, place = Tokenizer.gpt2(), Path(sys.argv[1]).parent
gathering = Gathering(full)
write_corpus(gathering.entries(OwnText([Path(sys.argv[1])]), None), place, place, 0)
paths = [place / LEARNED, place / HELD_OUT]
for path in paths:
    renumber(path, full, compact_for(full, paths), place / "ids")
"""
READ = """
import sys
from pathlib import Path
from minigpt.corpus.own.files import OwnText
own = OwnText([Path(sys.argv[1])])
assert sum(1 for _ in own) + own.skipped.count
"""


# Linux's own figure for the program that runs; that of getrusage begins with the memory of the process which started it.
PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"


def peak_megabytes(code: str, path: Path) -> float:
    done = subprocess.run([sys.executable, "-c", code + PEAK, str(path)], stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout) / 1024


def prose(paragraphs: int) -> str:
    """Paragraphs of about 190 characters that are all different."""
    numbers = np.random.default_rng(0).integers(0, 1000, (paragraphs, 40))
    return "\n\n".join(" ".join(map(str, row)) + " and that is the end of it." for row in numbers.tolist()) + "\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory where Linux has it")
@pytest.mark.slow
def test_a_corpus_four_times_as_large_takes_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for paragraphs in (24_000, 96_000):
        (tmp_path / "own.txt").write_text(prose(paragraphs))
        peaks.append(peak_megabytes(CORPUS, tmp_path / "own.txt"))
    assert peaks[1] < peaks[0] + 10


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory where Linux has it")
@pytest.mark.parametrize("name", ["lines.jsonl", "one_line.txt", "one_line.jsonl", "rows.csv"])
def test_a_file_four_times_as_large_takes_no_more_memory_to_read(tmp_path: Path, name: str) -> None:
    """Also where it is all one line."""
    peaks = []
    for megabytes in (8, 32):
        with (tmp_path / name).open("w") as file:
            file.write({"rows.csv": "id,body\n", "one_line.jsonl": '{"text": "'}.get(name, ""))
            for i in range(megabytes * 10):
                words = "word " * 20_000
                file.write({"lines.jsonl": f'{{"text": "{words}{i}"}}\n', "rows.csv": f'{i},"{words}"\n'}.get(name, words))
            file.write({"one_line.jsonl": '"}\n{"text": "good"}\n'}.get(name, ""))
        assert (tmp_path / name).stat().st_size >= megabytes * 10**6
        peaks.append(peak_megabytes(READ, tmp_path / name))
    assert peaks[1] < peaks[0] + 10
