"""The corpus report: its figures are those of the corpus, its words follow from the figures."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import islice

import pytest
from test_cli import call

from minigpt.config import SIZES
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.report import CorpusReport, recommended
from minigpt.corpus.templates import write_documents


def report(texts: list[str], dropped: dict[str, int] | None = None, size: str = "12M", held_out: bool = True) -> dict:
    figures = CorpusReport(0)
    for text in texts:
        figures.add(text, len(text.split()))
    return figures.figures(Counter(dropped or {}), Counter(), SIZES.get(size), 10_000_000, held_out)


def free(documents: int, words: int, seed: int = 2) -> list[str]:
    """Texts in which hardly a phrase occurs twice."""
    rng = random.Random(seed)
    lexicon = ["".join(rng.choices("abcdefghij", k=5)) for _ in range(2000)]
    return [" ".join(rng.choices(lexicon, k=words)) for _ in range(documents)]


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


def test_how_often_phrases_come_again_is_said_as_it_was_measured():
    """Every claim is computed: a phrase that occurs three times is not called rare."""
    assert any("Repetitive: only 2% of its" in line for line in report(["the same words in the same order"] * 50)["verdict"])
    story = [d.text for d in islice(write_documents(understand("", "story_creator"), random.Random(1)), 60)]
    thrice = [text for text in free(40, 100) for _ in range(2)]
    for texts, name in ((free(40, 100), "Varied"), (thrice, "Varied"), (story, None), ([*thrice, *thrice[::3]], "Some repetition")):
        figures = report(texts)
        [line] = [line for line in figures["verdict"] if " on average" in line]
        assert f": a four-word sequence occurs {1 / figures['distinct_4']:.1f} times on average." in line
        assert name is None or line.startswith(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one", "it has 0 four-word sequences."),
        ("one two three four", "it has 1 four-word sequence."),
        (free(1, 500)[0], "it has 497 four"),
    ],
)
def test_a_short_text_is_not_called_varied(text, said):
    verdict = report([text])["verdict"]
    assert any(line.startswith(f"Too short to say how varied it is: {said}") for line in verdict)
    assert "Only 1 document: the model will memorise it, not learn the genre." in verdict
    assert not any(word in line for line in verdict for word in ("Varied", "few repeated phrases", "Enough"))


def test_few_documents_are_few_only_where_they_are_short():
    assert "Only 3 documents: the model will memorise them, not learn the genre." in report(free(3, 1000))["verdict"]
    assert not any("Only" in line for line in report(free(3, 50_000))["verdict"])


def test_little_text_without_repetition_is_named_and_what_templates_write_is_not():
    written = [d.text for d in islice(write_documents(understand("", "haiku_master"), random.Random(1)), 300)]
    named = [
        any("few repeated phrases" in line for line in report(texts)["verdict"]) for texts in (free(50, 100), free(1100, 100), written)
    ]
    assert named == [True, False, False]


def test_what_could_be_memorised_is_said_of_the_model_that_learns_and_of_what_is_held_out():
    texts = free(200, 100)
    times = r"about [\d,]+ times over"
    assert_said(report(texts), rf"A 12M model could memorise this text {times}, so the checkpoint with the best held-out loss is kept\.")
    assert_said(report(texts, size="33M"), "A 33M model could memorise")
    assert_said(report(texts, size="custom", held_out=False), rf"This model could memorise this text {times}, and no held-out text shows")
    assert not any("12M" in line and "model" in line for line in report(texts, size="custom")["verdict"])
    small = CorpusReport(0)
    small.add(texts[0], 1000)
    for parameters, said in ((100, r"can memorise about \d+% of this text"), (1, "can memorise less than 1% of this text")):
        figures = small.figures(Counter(), Counter(), None, parameters)
        assert_said(figures, said)
        assert "held-out" not in " ".join(figures["verdict"])


def assert_said(figures: dict, pattern: str) -> None:
    assert any(re.search(pattern, line) for line in figures["verdict"]), figures["verdict"]


def test_what_says_little_is_learned_by_heart_and_noise_is_not():
    rng = random.Random(0)
    noise = [" ".join(f"{rng.getrandbits(64):x}" for _ in range(400)) for _ in range(100)]
    assert report(["ab ab ab ab"] * 10)["memorizable_share"] == 1
    figures = CorpusReport(0)
    for text in noise:
        figures.add(text, len(text) // 2)
    assert figures.figures(Counter(), Counter(), SIZES["12M"], 10_000)["memorizable_share"] < 0.1


@pytest.mark.parametrize(
    ("tokens", "size", "said"),
    [
        (150, "12M", "Little text: 12M, the smallest size, wants about 15,000 tokens."),
        (15_000, "12M", "Enough text for 12M; 117M would need 10 times as much."),
        (15_000, "33M", "Enough text for 12M; 33M would need 3 times as much, and takes longer for about the same result."),
        (70_000, "117M", "Enough text for 33M; 117M would need twice as much, and takes longer for about the same result."),
        (60_000, "12M", "Enough text even for 33M: 12M learns it faster, 33M better, with about 2 times the work per token."),
        (120_000, "33M", "Enough text for 33M; 117M would need a little more."),
        (120_000, "custom", "Enough text for 33M; 117M would need a little more."),
        (150_000, "117M", "Enough text for 117M."),
    ],
)
def test_sizes_that_fit(tokens, size, said):
    figures = CorpusReport(0)
    figures.add("a few words", tokens)
    assert figures.figures(Counter(), Counter(), SIZES.get(size), 10**7)["verdict"][-1] == said
    assert [recommended(n) for n in (100, 15_000, 60_000, 10**6)] == ["12M", "12M", "33M", "117M"]


@pytest.mark.slow
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
