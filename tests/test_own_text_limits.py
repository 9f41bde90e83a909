"""How own text is read, block by block, and cut into documents: on either side of each line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from minigpt.corpus.own.cut import cut
from minigpt.corpus.own.decode import decode
from minigpt.corpus.own.files import blocks
from minigpt.corpus.own.outline import Outline
from minigpt.corpus.own.separators import END, parted
from minigpt.errors import MinigptError

FOX = "The old fox went down to the river and sang. "


def test_a_long_text_becomes_documents_of_a_page() -> None:
    pieces = list(cut([FOX * 1000]))
    assert all(len(piece) <= 2000 for piece in pieces)
    assert sum(map(len, pieces)) / len(pieces) > 1500


def test_headings_of_all_six_ranks_begin_a_document() -> None:
    text = "".join(f"{'#' * rank} Part {rank}\n\n{FOX * 30}\n\n" for rank in (1, 2, 3, 4, 5, 6))
    pieces = [piece for piece in cut([text]) if piece.startswith("#")]
    assert len(pieces) == 6
    deepest = "".join(f"###### Part {number}\n\n{FOX * 6}\n\n" for number in range(20))
    pieces = list(cut([deepest]))
    assert len(pieces) < 6  # short ones stay together
    assert all(piece.startswith("######") for piece in pieces)


def test_lines_are_read_whole_unless_they_are_very_long() -> None:
    """A block may end anywhere; what decides about it is waited for, but not for ever."""
    outline = Outline()
    given = outline.sections("Before.\n\n" + "x" * 2500)
    assert "".join(text for _, text in given) + outline.held == "Before.\n\n" + "x" * 2500
    assert outline.held.endswith("x" * 2500)
    for _ in range(100):
        outline.sections("y" * 1000)
        assert len(outline.held) < 10_000


@pytest.mark.parametrize(("blanks", "documents"), [(30, 1), (200, 2)])
def test_a_mention_is_told_from_a_separator_by_what_is_near(blanks: int, documents: int) -> None:
    """Sixty characters before it: what has words on its line is no separator."""
    text = f"It ends with{' ' * blanks}</s>\nand goes on."
    assert len([part for part in "".join(parted([text])).split(END) if part.strip()]) == documents


@pytest.mark.parametrize(
    "mark",
    [
        codecs.BOM_UTF8,
        codecs.BOM_UTF16_LE,
        codecs.BOM_UTF16_BE,
        codecs.BOM_UTF32_LE,
        codecs.BOM_UTF32_BE,
    ],
)
def test_a_mark_is_seen_whole_wherever_a_block_ends(mark: bytes) -> None:
    names = {
        codecs.BOM_UTF8: "utf-8",
        codecs.BOM_UTF16_LE: "utf-16-le",
        codecs.BOM_UTF16_BE: "utf-16-be",
    }
    encoding = names.get(mark, "utf-32-le" if mark == codecs.BOM_UTF32_LE else "utf-32-be")
    data = mark + "Fox.".encode(encoding)
    assert "".join(decode([data[i : i + 1] for i in range(len(data))], "a")) == "Fox."


def test_what_kind_of_file_it_is_is_told_by_some_kilobytes() -> None:
    """A zero byte shortly behind the fault makes it a binary file; one that is farther away does
    not."""
    for distance, binary in ((2000, True), (10_000, False)):
        with pytest.raises(MinigptError) as caught:
            list(decode([b"Fox \xff" + b"x" * distance + b"\0\0"], "a"))
        assert ("binary" in str(caught.value)) == binary


def test_a_file_is_read_in_blocks_of_about_a_megabyte(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 10**7)
    with (tmp_path / "a.txt").open("rb") as file:
        sizes = [len(block) for block in blocks(file, tmp_path / "a.txt", lambda read: None)]
    assert sum(sizes) == 10**7
    assert 5 <= len(sizes) <= 20
