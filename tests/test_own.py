"""The user's own text: what is read, how it is cut, and what a file that cannot be read is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.own import LONG, cut, read_own
from minigpt.errors import MinigptError


def texts(*paths: Path) -> list[str]:
    return [document.text for document in read_own(paths)]


def test_a_folder_is_read_in_sorted_order_and_each_document_knows_its_file(tmp_path):
    (tmp_path / "b.md").write_text("second\r\n")
    (tmp_path / "a.txt").write_text("\ufefffirst", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.jsonl").write_text('{"text": "third"}\n\n{"text": "fourth", "other": 1}\n')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("not this")
    documents = read_own([tmp_path])
    assert [d.text for d in documents] == ["first", "second", "third", "fourth"]
    assert [d.origin["file"] for d in documents] == ["a.txt", "b.md", str(Path("sub", "c.jsonl")), str(Path("sub", "c.jsonl"))]
    assert {d.source for d in documents} == {"own"}


@given(st.lists(st.text(st.sampled_from("ab \n"), min_size=1, max_size=900), max_size=12))
def test_cutting_loses_nothing_but_blank_lines_and_cuts_nowhere_else(paragraphs):
    text = "\n\n".join(paragraphs)
    pieces = list(cut(text))
    assert " ".join("\n".join(pieces).split()) == " ".join(text.split())
    for piece in pieces:
        assert len(piece) <= LONG or "\n\n" not in piece


@pytest.mark.parametrize("border", ["\n", ". "])
def test_a_long_text_without_blank_lines_is_cut_at_lines_or_sentences(border):
    """So that some of it can be held out."""
    text = border.join(f"Number {i} is a number like any other" for i in range(300)) + "."
    pieces = list(cut(text))
    assert len(pieces) > 4
    assert "".join(pieces) == text
    assert all(len(piece) <= LONG for piece in pieces)
    assert all(piece.strip().startswith("Number") for piece in pieces)


def test_what_is_hidden_is_not_read(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("hidden")
    (tmp_path / "b.txt").write_text("seen")
    assert texts(tmp_path) == ["seen"]


def refusal(*paths: Path) -> str:
    with pytest.raises(MinigptError) as caught:
        read_own(paths)
    return str(caught.value)


def test_bad_files_are_named_with_the_place_of_the_fault(tmp_path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Cr\u00e8me br\u00fbl\u00e9e".encode("latin-1"))
    assert "latin.txt is not UTF-8: byte 2 is 0xe8" in refusal(latin)
    (tmp_path / "empty.txt").write_text(" \n")
    assert "empty.txt is empty" in refusal(tmp_path / "empty.txt")
    assert "does not exist" in refusal(tmp_path / "nothing.txt")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    assert ".txt, .md, .jsonl" in refusal(tmp_path / "a.pdf")
    (tmp_path / "sub").mkdir()
    assert "holds no" in refusal(tmp_path / "sub")
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"text": "good"}\nnot json\n')
    assert "line 2 is not JSON" in refusal(lines)
    lines.write_text('{"text": "good"}\n{"txt": "bad"}\n')
    assert 'line 2: wanted an object with a "text"' in refusal(lines)
    lines.write_text("[" * 100_000)
    assert "line 1 is not JSON" in refusal(lines)
    lines.write_text('{"text": "a \\ud800 b"}\n')
    assert "line 1: the text holds half of a surrogate pair" in refusal(lines)
    lines.write_text('{"text": "a", "n": ' + "9" * 5000 + "}")
    assert "line 1 is not JSON" in refusal(lines)
    lines.write_text('{"text": "  "}\n')
    assert "no text in" in refusal(lines)


def test_a_file_without_permission_is_named(tmp_path):
    locked = tmp_path / "locked.txt"
    locked.write_text("secret")
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # the superuser reads everything; a folder in a file's place fails for everyone
        locked.chmod(0o600)
        locked.unlink()
        locked.symlink_to(tmp_path / "loop.txt")
        (tmp_path / "loop.txt").symlink_to(locked)
    assert "locked.txt" in refusal(locked)
