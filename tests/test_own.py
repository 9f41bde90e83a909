"""The user's own text: what is read, how it is cut, and what a file that cannot be read is told."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.own.cut import LONG, cut
from minigpt.corpus.own.decode import decode
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.own.records import LONGEST
from minigpt.errors import MinigptError

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}
no_zero = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
cuts = st.lists(st.integers(0, 200), max_size=5)


def texts(*paths: Path, column: str | None = None) -> list[str]:
    return [document.text for document in OwnText(paths, column)]


def refusal(*paths: Path, column: str | None = None) -> str:
    """The one line that a user is told."""
    with pytest.raises(MinigptError) as caught:
        texts(*paths, column=column)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def in_blocks(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({*(place for place in places if place < len(data)), len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def test_a_folder_is_read_in_sorted_order_and_each_document_knows_its_file(tmp_path):
    (tmp_path / "b.md").write_text("second\r\n")
    (tmp_path / "a.txt").write_text("\ufefffirst", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.jsonl").write_text('{"text": "third"}\n\n{"text": "fourth", "other": 1}\n')
    (tmp_path / "sub" / "d.csv").write_text("id,note\n1,fifth\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("not this")
    own = OwnText([tmp_path])
    documents = list(own)
    assert [d.text for d in documents] == ["first", "second", "third", "fourth", "fifth"]
    names = ["a.txt", "b.md", str(Path("sub", "c.jsonl")), str(Path("sub", "c.jsonl")), str(Path("sub", "d.csv"))]
    assert [d.origin["file"] for d in documents] == names
    assert {d.source for d in documents} == {"own"}
    assert "(4 files, 1 of other kinds left out)" in own.description[0]
    assert own.skipped.count == 0


def test_what_is_hidden_is_not_read(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("hidden")
    (tmp_path / "b.txt").write_text("seen")
    assert texts(tmp_path) == ["seen"]


# --- from bytes to text


@given(text=no_zero, encoding=st.sampled_from(sorted(ENCODINGS)), places=cuts)
def test_every_encoding_that_says_what_it_is_is_read_however_it_is_cut(text, encoding, places):
    """And each kind of line end becomes one \\n."""
    text = text.lstrip("\ufeff")
    data = ENCODINGS[encoding] + text.encode(encoding)
    assert "".join(decode(in_blocks(data, places), "x")) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(before=no_zero, after=no_zero, byte=st.sampled_from([0, 0x80, 0xBF, 0xC0, 0xFF]), places=cuts)
def test_the_first_byte_that_is_no_text_is_named(before, after, byte, places):
    before = before.lstrip("\ufeff").encode()
    with pytest.raises(MinigptError, match=rf"^x is not UTF-8: byte {len(before)} is 0x{byte:02x}; ") as caught:
        "".join(decode(in_blocks(before + bytes([byte]) + after.encode(), places), "x"))
    assert "save it as UTF-8" in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Plain words of a letter.", "\u00e9t\u00e9, l'\u00e9t\u00e9 est long"])
def test_utf_16_without_its_mark_is_recognised_and_refused(tmp_path, encoding, text):
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert "UTF-16 without its byte order mark" in refusal(tmp_path / "a.txt")


def test_a_binary_file_is_told_to_be_one(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    assert "a.txt is not UTF-8: byte 0 is 0x89; it looks like a binary file" in refusal(tmp_path / "a.txt")


@settings(max_examples=200)
@given(
    data=st.one_of(st.binary(), no_zero.map(str.encode), st.text('{}[]":,;\n\\u0a1\r"').map(str.encode)),
    kind=st.sampled_from(["txt", "md", "jsonl", "csv"]),
)
def test_any_bytes_give_documents_or_one_clear_line(tmp_path_factory, data, kind):
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    path.write_bytes(data)
    try:
        read = list(OwnText([path]))
    except MinigptError as error:
        assert "\n" not in str(error)
    else:
        assert read
        assert all(document.text.strip() == document.text != "" for document in read)
        for document in read:
            document.text.encode()


# --- from text to documents


@given(st.lists(st.text(st.sampled_from("ab \n"), min_size=1, max_size=900), max_size=12), cuts)
def test_cutting_loses_nothing_but_white_space(paragraphs, places):
    text = "\n\n".join(paragraphs)
    blocks = [block.decode() for block in in_blocks(text.encode(), places)]
    pieces = list(cut(blocks))
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= LONG for piece in pieces)


@pytest.mark.parametrize("border", ["\n", ". "])
def test_a_long_text_without_blank_lines_is_cut_at_lines_or_sentences(border):
    """So that some of it can be held out."""
    text = border.join(f"Number {i} is a number like any other" for i in range(300)) + "."
    pieces = list(cut([text]))
    assert len(pieces) > 4
    assert "".join(pieces) == text
    assert all(len(piece) <= LONG for piece in pieces)
    assert all(piece.strip().startswith("Number") for piece in pieces)


def test_a_chapter_begins_a_document_and_short_ones_stay_together():
    chapters = [f"# Chapter {i}\n\n" + f"Sentence {i}. " * 90 + "\n\n" for i in range(6)]
    short = "# A\n\nOne.\n\n# B\n\nTwo.\n"
    assert list(cut(["".join(chapters)])) == chapters
    assert list(cut([short])) == [short]


@pytest.mark.parametrize(
    "text", ["\u6599\u7406\u306f\u697d\u3057\u3044\u3002" * 1000, "word " * 2000, "x" * 10_000], ids=["no blanks", "no sentences", "no end"]
)
def test_every_text_can_be_cut(text):
    pieces = list(cut([text]))
    assert "".join(pieces) == text
    assert all(len(piece) <= LONG for piece in pieces)
    assert len({piece[-1] for piece in pieces}) == 1


def test_a_flood_of_white_space_ends_soon():
    assert [piece for piece in cut(["\n" * 2**20, " \n" * 2**18, "end"]) if piece.strip()][-1].strip() == "end"


# --- records


def test_of_json_lines_the_text_or_the_column_asked_for_or_the_longest(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "body": "longer"}\n{"text": "b", "body": "longer still"}\n')
    assert texts(path) == ["a", "b"]
    assert texts(path, column="body") == ["longer", "longer still"]
    assert "has no column 'title' with text; it has: 'body', 'text'" in refusal(path, column="title")
    path.write_text('{"id": "7f", "body": "the longest by far"}\n')
    own = OwnText([path])
    assert [d.text for d in own] == ["the longest by far"]
    assert "column 'body'" in own.description[0]


def test_a_record_that_cannot_be_read_is_skipped_and_told(tmp_path):
    bad = [
        "not json",
        "[1]",
        '{"txt": "no text"}',
        '{"text": "a \\ud800 b"}',
        "[" * 100_000,
        '{"text": "a", "n": ' + "9" * 5000 + "}",
        '{"text": 1}',
        '{"text": "a \\u0000 b"}',
    ]
    bad.append('{"text": "' + "long " * (LONGEST // 5) + '"}')
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(['{"text": "good"}', *bad, '{"text": "also good"}']))
    own = OwnText([path])
    assert [d.text for d in own] == ["good", "also good"]
    assert own.skipped.count == len(bad)
    first, second, third, more = own.skipped.lines()
    assert "lines.jsonl, line 2 is not JSON" in first
    assert "line 3: expected an object, got list" in second
    assert "line 6 is not readable JSON" in third  # the rest follows
    assert f"{len(bad) - 3} more" in more
    for line in bad:
        path.write_text(line + "\n")
        assert "lines.jsonl" in refusal(path, column="text")


@given(st.lists(st.tuples(no_zero, no_zero), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_csv_comes_back_as_it_was_written(tmp_path_factory, rows, delimiter):
    """Quotes, delimiters and line ends inside a text too."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("name", "words"), *rows])
    expected = [text.replace("\r\n", "\n").replace("\r", "\n").strip() for _, text in rows]
    if not any(expected):
        assert "any.csv" in refusal(path, column="words")
    else:
        assert texts(path, column="words") == [text for text in expected if text]


def test_the_column_of_a_csv_is_the_one_with_the_longest_texts(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,title,body,number\n1,One,A long body,123456789012345678\n2,Two,Another,123456789012345678\n")
    own = OwnText([path])
    assert [d.text for d in own] == ["A long body", "Another"]
    assert "column 'body'" in own.description[0]
    assert texts(path, column="title") == ["One", "Two"]


def test_bad_tables_are_named_with_the_line(tmp_path):
    path = tmp_path / "a.csv"
    for content in ("", "\n\n"):
        path.write_text(content)
        assert "a.csv is empty" in refusal(path)
    path.write_text("id,body\n")
    assert "a.csv" in refusal(path)
    path.write_text('id,body\n1,"never closed\n2,b\n')
    assert "line 2 is not CSV: unexpected end of data" in refusal(path)
    path.write_text("id,n\n1,2\n")
    assert "no column with text" in refusal(path)
    path.write_text("id,body\n1,one, two\n2,good text\n3\n")
    own = OwnText([path])
    assert [d.text for d in own] == ["good text"]
    assert "line 2 has 3 columns, the first row has 2" in own.skipped.lines()[0]
    assert own.skipped.count == 2
    path.write_text("id,body\n1," + "long " * (LONGEST // 4) + "\n")
    assert "line 2 has more than 4,194,304 characters; split it, or check its quotes" in refusal(path)
    path.write_text('id,body\n1,"' + ("long " * 1000 + "\n") * (LONGEST // 4000) + '"\n')
    assert "the record has more than 4,194,304 characters" in refusal(path)


def test_the_first_hundred_records_decide_about_the_column(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"title": f"number {i}", "body": "longer than its title"} for i in range(100)]
    path.write_text("\n".join(map(json.dumps, [*rows, {"title": "long " * 10_000, "body": "the last"}])))
    assert texts(path)[-1] == "the last"


# --- files and folders


def test_bad_files_are_named_with_the_place_of_the_fault(tmp_path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Cr\u00e8me br\u00fbl\u00e9e".encode("latin-1"))
    assert "latin.txt is not UTF-8: byte 2 is 0xe8" in refusal(latin)
    (tmp_path / "empty.txt").write_text(" \n")
    assert "empty.txt is empty" in refusal(tmp_path / "empty.txt")
    assert "does not exist" in refusal(tmp_path / "nothing.txt")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    assert ".txt, .md, .jsonl, .csv" in refusal(tmp_path / "a.pdf")
    (tmp_path / "sub").mkdir()
    assert "has no .txt" in refusal(tmp_path / "sub")


def test_in_a_folder_what_cannot_be_read_is_skipped_and_told(tmp_path):
    (tmp_path / "a.txt").write_text("good")
    (tmp_path / "b.txt").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "c.csv").write_text("")
    (tmp_path / "d.jsonl").write_text("not json\n")
    (tmp_path / "e.txt").write_bytes(b"good for long\n\n" * 100_000 + b"\xff")
    own = OwnText([tmp_path])
    assert {d.origin["file"] for d in own} == {"a.txt", "e.txt"}
    shown = own.skipped.lines()
    assert own.skipped.count == 4
    assert [name in line for name, line in zip(("b.txt", "c.csv is empty", "d.jsonl, line 1"), shown, strict=False)] == [True] * 3
    assert "1 more" in shown[-1]
    (tmp_path / "a.txt").unlink()
    (tmp_path / "e.txt").unlink()
    assert "b.txt is not UTF-8" in refusal(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_that_go_round_in_circles_end(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("once")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "sub")
    (tmp_path / "x.txt").symlink_to(tmp_path / "y.txt")
    (tmp_path / "y.txt").symlink_to(tmp_path / "x.txt")
    own = OwnText([tmp_path])
    assert [d.text for d in own] == ["once"]
    assert own.skipped.count == 2
    assert "x.txt" in refusal(tmp_path / "x.txt")


@contextmanager
def unprivileged() -> Iterator[None]:
    """The superuser reads everything; so be nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
def test_what_may_not_be_read_is_named_and_in_a_folder_skipped():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.txt").write_text("good")
        (folder / "locked.txt").write_text("secret")
        (folder / "locked.txt").chmod(0)
        (folder / "closed").mkdir(mode=0)
        try:
            with unprivileged():
                assert "locked.txt cannot be read: Permission denied" in refusal(folder / "locked.txt")
                own = OwnText([folder])
                assert [d.text for d in own] == ["good"]
            assert ["closed cannot be read" in own.skipped.first[0], "locked.txt cannot be read" in own.skipped.first[1]] == [True, True]
        finally:
            (folder / "closed").chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_what_is_no_file_of_text_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert "pipe.txt is not a regular file" in refusal(tmp_path / "pipe.txt")
    (tmp_path / "memory.txt").symlink_to("/proc/self/mem")  # it can be opened, and its first byte cannot be read
    assert "memory.txt cannot be read: Input/output error" in refusal(tmp_path / "memory.txt")


def test_a_named_file_that_breaks_off_in_the_middle_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"good for long\n\n" * 200_000 + b"\xff")
    own = iter(OwnText([tmp_path / "a.txt"]))
    assert next(own).text.startswith("good")
    with pytest.raises(MinigptError, match=r"a\.txt is not UTF-8: byte 3000000"):
        list(own)


def test_without_standard_input_there_is_one_line():
    code = "from minigpt.corpus.own.files import *; import sys; sys.stdin = None; list(OwnText([STDIN]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "standard input is closed; name a file or a folder with --data" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("given_text", "expected"), [("one\n\ntwo", ["one\n\ntwo"]), ('{"n": 1}\n{"text": "one"}\n{"text": "two"}\n', ["one", "two"])]
)
def test_standard_input_is_text_or_json_lines(given_text, expected):
    code = "import json; from minigpt.corpus.own.files import *; print(json.dumps([d.text for d in OwnText([STDIN])]))"
    done = subprocess.run([sys.executable, "-c", code], input=given_text, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == expected


def test_progress_tells_bytes_and_ends_at_the_total(tmp_path):
    (tmp_path / "a.txt").write_text("word " * 600_000)
    (tmp_path / "b.txt").write_text("more")
    seen: list[tuple[int, int | None]] = []
    assert list(OwnText([tmp_path], progress=lambda done, total: seen.append((done, total))))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert {total for _, total in seen} == {3_000_004}
    assert seen[-1][0] == 3_000_004
    assert len(seen) == 4
