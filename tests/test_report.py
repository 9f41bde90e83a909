"""The corpus report: its figures are those of the corpus, its words follow from the figures."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import islice

import pytest
from test_cli import call

from minigpt.config import SIZES
from minigpt.corpus.prompt import understand
from minigpt.corpus.report import CorpusReport, recommended
from minigpt.corpus.templates import write_documents


def report(texts: list[str], dropped: dict[str, int] | None = None) -> dict:
    figures = CorpusReport(0)
    for text in texts:
        figures.add(text, len(text.split()))
    return figures.figures(Counter(dropped or {}), Counter(), SIZES["12M"], 10_000_000)


def test_figures_are_those_of_the_corpus():
    figures = report(["a b a b a", "c d e f g", "c d e f h"], {"duplicate": 1, "near duplicate": 1})
    assert (figures["documents"], figures["tokens"], figures["vocabulary"]) == (3, 15, 8)
    assert figures["unique_share"] == pytest.approx(4 / 5)
    assert figures["near_duplicates"] == pytest.approx(1 / 5)
    assert figures["distinct_1"] == pytest.approx(8 / 15, abs=1e-4)
    assert figures["distinct_4"] == pytest.approx(5 / 6, abs=1e-4)  # abab baba / cdef defg / cdef defh
    assert figures["openings"][0] == ["c d e", 2]
    assert sorted(figures["examples"]) == sorted(["a b a b a", "c d e f g", "c d e f h"])


def test_examples_are_drawn_evenly():
    """Each of 40 documents is among the five about equally often."""
    drawn: Counter[str] = Counter()
    for seed in range(600):
        figures = CorpusReport(seed)
        for i in range(40):
            figures.add(str(i), 1)
        drawn.update(figures.examples)
    assert len(drawn) == 40
    assert max(drawn.values()) < 2 * min(drawn.values())


def test_a_repetitive_corpus_is_called_so_and_a_varied_one_too():
    assert any("Repetitive" in line for line in report(["the same words in the same order"] * 50)["verdict"])
    varied = [d.text for d in islice(write_documents(understand("", "story_creator"), random.Random(1)), 60)]
    assert any("Varied" in line for line in report(varied)["verdict"])


def test_little_free_prose_is_named_and_what_templates_write_is_not():
    rng = random.Random(2)
    lexicon = ["".join(rng.choices("abcdefghij", k=5)) for _ in range(2000)]
    free = [" ".join(rng.choices(lexicon, k=100)) for _ in range(1100)]
    written = [d.text for d in islice(write_documents(understand("", "haiku_master"), random.Random(1)), 300)]
    named = [any("Free prose" in line for line in report(texts)["verdict"]) for texts in (free[:50], free, written)]
    assert named == [True, False, False]


def test_what_says_little_is_learned_by_heart_and_noise_is_not():
    rng = random.Random(0)
    noise = [" ".join(f"{rng.getrandbits(64):x}" for _ in range(400)) for _ in range(100)]
    assert report(["ab ab ab ab"] * 10)["memorizable_share"] == 1
    figures = CorpusReport(0)
    for text in noise:
        figures.add(text, len(text) // 2)
    assert figures.figures(Counter(), Counter(), SIZES["12M"], 10_000)["memorizable_share"] < 0.1


def test_sizes_that_fit():
    assert [recommended(n) for n in (100, 15_000, 60_000, 10**6)] == ["12M", "12M", "33M", "117M"]
    assert "15,000 tokens: 12M; 117M wants 10 times that." in report(["w " * 150] * 100)["verdict"]


def test_the_corpus_command_writes_reports_and_can_be_trained_on(tmp_path):
    small = "--initial-tokens 4000 --final-tokens 2500".split()
    done = call("corpus", "-p", "A GPT that writes haiku", "--out", tmp_path / "run", *small)
    assert done.returncode == 0, done.stderr
    corpus = [json.loads(line) for line in (tmp_path / "run" / "corpus.jsonl").read_text().splitlines()]
    shown = [text for text in done.stdout.split("---\n") if text.strip()]
    assert len(shown) == 5
    assert {text.strip() for text in shown} <= {d["text"].strip() for d in corpus}
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["report"]["documents"] == len(corpus)
    assert all(line in done.stderr for line in record["report"]["verdict"])
    again = call("corpus", "-p", "A GPT that writes haiku", "--out", tmp_path / "run", *small)
    assert again.returncode == 1
    assert "nothing is overwritten" in again.stderr
