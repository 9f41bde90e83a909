"""What of a text is copied: exact, in words of any script, with its source."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import MinigptError
from minigpt.run.pages.copying import begun, comparison
from minigpt.run.pages.novelty import RUN, Copy, Document, compare, documents, marked, numbered, shares
from minigpt.run.pages.words import folded, spots, words

TEXTS = st.lists(st.text("ab xyé'狐.\n", max_size=40), max_size=5)


def learned(texts: list[str]) -> list[Document]:
    return [Document(number, text, {"source": "own"}, True) for number, text in enumerate(texts, 1)]


def folded_words(text: str) -> list[str]:
    return [folded(word) for word in words(text)]


def longest_match(words: list[str], corpus: list[list[str]]) -> int:
    """The longest ending of some words that stands in a row in one document, by trying all."""
    for start in range(len(words)):
        run = words[start:]
        if any(document[i : i + len(run)] == run for document in corpus for i in range(len(document) - len(run) + 1)):
            return len(run)
    return 0


@given(TEXTS, TEXTS)
def test_every_match_is_the_longest_there_is(texts, corpus):
    plain = [folded_words(text) for text in corpus]
    for text, found in zip(texts, compare(texts, learned(corpus)), strict=True):
        own = folded_words(text)
        assert found.reach == [longest_match(own[: end + 1], plain) for end in range(len(own))]
        for copy in [*found.copies, *([found.longest] if found.longest else [])]:
            source = plain[copy.document - 1]
            assert source[copy.source_start : copy.source_start + copy.length] == own[copy.start : copy.stop]
        assert "".join(piece for piece, _ in found.pieces()) == text


def test_runs_count_from_eight_words_on_and_only_within_one_document():
    source = "one two three four five six seven eight nine ten".split()
    for length, copied in ((RUN - 1, 0), (RUN, RUN), (10, 10)):
        text = " ".join(["new", *source[:length], "newer"])
        [found] = compare([text], learned([" ".join(source)]))
        assert (found.copied, len(found.spots)) == (copied, length + 2)
        assert found.share == pytest.approx(copied / (length + 2))
    [split] = compare([" ".join(source)], learned([" ".join(source[:5]), " ".join(source[5:])]))
    assert (split.copied, split.longest.length) == (0, 5)


def test_overlapping_copies_are_united_and_count_once():
    a, b = "a b c d e f g h i j".split(), "f g h i j k l m n o".split()
    [found] = compare([" ".join("a b c d e f g h i j k l m n o".split())], learned([" ".join(a), " ".join(b)]))
    assert found.stretches() == [(0, 15)]
    assert [(copy.start, copy.stop, copy.document) for copy in found.copies] == [(0, 10, 1), (5, 15, 2)]


def test_case_punctuation_and_line_breaks_do_not_hide_a_copy():
    [found] = compare(["STIR: the soup,\nthen don\u2019t stir; it - again!"], learned(["Stir the soup then don't stir it again."]))
    assert found.copied == len(found.spots) == 8


def test_held_out_documents_are_not_what_was_learned():
    text = "one two three four five six seven eight"
    [found] = compare([text], [Document(1, text, {}, False)])
    assert (found.copied, found.longest) == (0, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop-now, é1x", ["Don't", "stop", "now", "é1x"]),
        ("我爱你 today", ["我", "爱", "你", "today"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("… — !", []),
        ("", []),
    ],
)
def test_words_of_any_script(text, expected):
    assert words(text) == expected
    assert [text[spot.start : spot.stop] for spot in spots(text)] == expected


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_both_ways_of_finding_words_agree(text):
    assert [spot.word for spot in spots(text)] == folded_words(text)


@given(st.text("abc 1'-\n"))
def test_ascii_text_has_the_same_words_as_in_other_text(text):
    assert words(text) == words(f"{text} é")[:-1]


def test_shares_fall_with_the_length_of_the_sequence():
    [found] = compare(["a b c x a b"], learned(["a b c d"]))
    assert shares([found], 3) == [pytest.approx(5 / 6), pytest.approx(3 / 5), pytest.approx(1 / 4)]


def corpus(folder: Path, *lines: dict) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_the_source_is_the_line_of_the_corpus(tmp_path):
    run = "the quick brown fox jumps over the lazy dog"
    lines = [{"text": f"Number {i}.", "source": "own", "file": "a.txt", "split": "train"} for i in range(30)]
    lines[20]["text"] = f"Once upon a time {run}, and slept."
    lines[25]["split"] = "held_out"
    folder = corpus(tmp_path / "run", *lines)
    found = comparison(folder)(f"New words: {run.title()}!")
    assert found.figures["longest"] == {"words": 9, "text": run.title(), "document": 21, "source": "own", "file": "a.txt"}
    assert found.figures["copied"] == pytest.approx(9 / 11, abs=1e-4)
    assert found.lines == [
        "Novelty   18% of 11 words new, 82% copied in passages of 8 words or more",
        f'          the longest passage has 9 words, from document 21 (own, a.txt): "{run.title()}"',
    ]
    assert [document.number for document in documents(folder, held_out_alone=True)] == [26]
    assert numbered(folder, {3, 21})[21].text == lines[20]["text"]
    assert "none of which" in comparison(folder)("xyz").lines[0]


def test_a_folder_without_its_corpus_says_so_before_anything_is_written(tmp_path):
    with pytest.raises(MinigptError, match=r"corpus\.jsonl to compare with"):
        comparison(tmp_path)


def test_marks_and_beginnings():
    text = "One, two; three four."
    assert marked(text, spots(text), [(1, 3)]) == [("One, ", False), ("two; three", True), (" four.", False)]
    assert begun(text, 2) == "One, two"
    assert begun(text, 9) == text
    assert Copy(2, 5, 1, 0).length == 3


def test_a_long_run_takes_no_longer_than_many_short_ones():
    """The time is that of the corpus's length alone: a text copied a thousand times is read as fast as random words."""
    rng = random.Random(1)
    lexicon = [f"w{i}" for i in range(2000)]
    texts = [" ".join(rng.choices(lexicon, k=60)) for _ in range(40)]
    sources, times = (" ".join([texts[0]] * 500), " ".join(rng.choices(lexicon, k=30_000))), ([], [])
    for _ in range(3):  # what else the process does in one of them is no matter
        for source, taken in zip(sources, times, strict=True):
            began = time.thread_time()
            compare(texts, learned([source]))
            taken.append(time.thread_time() - began)
    assert min(times[0]) < 4 * min(times[1])
