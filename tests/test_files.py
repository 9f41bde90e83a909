"""Files are whole or not there, and JSON is read within bounds."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.disk import files, jsontext
from minigpt.disk.files import read_json_object, whole_file, write_bytes, write_json, write_text
from minigpt.errors import MinigptError

keys = st.text(max_size=5)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(st.none() | st.booleans() | numbers | keys, lambda v: st.lists(v, max_size=3) | st.dictionaries(keys, v, max_size=3))


def listing(folder: Path) -> list[str]:
    """The names in a folder, hidden ones included."""
    return sorted(path.name for path in folder.iterdir())


def test_a_writer_that_raises_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails as the new file is brought to it: half of it is never seen under its name."""
    path, seen = tmp_path / "run.json", []

    def full_disk(_: int) -> None:
        seen.append((path.read_text(), len(listing(tmp_path))))
        raise OSError("no space left")

    write_text(path, "old")
    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_text(path, "new")
    assert seen == [("old", 2)]  # the temporary file lay beside the old one, in the same folder
    assert path.read_text() == "old"
    assert listing(tmp_path) == ["run.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """No bytes, a value that is no JSON, a text that is no UTF-8: the name keeps what it had."""
    path = tmp_path / "run.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        write_bytes(path, "a text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write_json(path, {"new": object()})
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half a pair: \ud800")
    assert read_json_object(path) == {"old": 1}
    assert listing(tmp_path) == ["run.json"]


def test_an_error_names_the_file_and_not_its_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError) as caught:
        write_bytes(tmp_path / "taken", b"new")
    assert caught.value.filename == str(tmp_path / "taken")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # the interpreter closes them
def test_an_interrupt_at_any_line_before_the_first_byte_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C between two lines, from the choice of a temporary name to the moment when the caller can write."""
    reached, interrupted = [False], 0
    for line in range(1, 1000):
        left = [line]

        def trace(frame: FrameType, event: str, _: Any, left: list[int] = left) -> Any:
            if frame.f_globals.get("__name__", "").startswith("minigpt.disk") and not reached[0]:
                left[0] -= event == "line"
                if not left[0]:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            with whole_file(tmp_path / "file"):
                reached[0] = True
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(None)
        if reached[0]:
            break
        assert list(tmp_path.iterdir()) == [], f"interrupted at line event {line}"
    assert interrupted > 10


def test_an_interrupted_writer_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no Exception, and is cleaned up behind all the same."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "new", b"new")
    assert listing(tmp_path) == []


def test_a_new_file_replaces_the_old_one(tmp_path: Path) -> None:
    """Also one that was longer, and leaves nothing beside it."""
    path = tmp_path / "model.safetensors"
    for data in (b"a long old file", b"new", b""):
        write_bytes(path, data)
        assert path.read_bytes() == data
    assert listing(tmp_path) == ["model.safetensors"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Folders are made by those who name them."""
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "none" / "file", b"new")


def test_texts_are_utf_8_with_plain_line_ends(tmp_path: Path) -> None:
    """Whatever the platform's own."""
    write_text(tmp_path / "a.txt", "naïve 🦊\nsoup\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "naïve 🦊\nsoup\r\n".encode()


@given(value=st.dictionaries(keys, values, max_size=4))
def test_json_objects_round_trip(value: dict, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Anything JSON can say."""
    path = tmp_path_factory.getbasetemp() / "round_trip.json"
    write_json(path, value)
    assert read_json_object(path) == value


def test_json_is_readable_by_eye(tmp_path: Path) -> None:
    """Indented, with letters as letters, and a line end at the end."""
    write_json(tmp_path / "a.json", {"text": "naïve"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "text": "naïve"\n}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not_are_not_written(number: float, tmp_path: Path) -> None:
    """And the old file stays."""
    path = tmp_path / "a.json"
    write_json(path, {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"x": number})
    assert read_json_object(path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON: line 1, column 1: Expecting value"),
        (b'{"a": 1,\n "b"', "is not JSON: line 2, column 5: Expecting ':' delimiter"),
        (b'{"a": 1} {', "is not JSON: line 1, column 10: Extra data"),
        (b"\xef\xbb\xbf{}", "is not JSON: line 1, column 1: Unexpected UTF-8 BOM"),
        (b'{"a": "\xff"}', "is not UTF-8: byte 7"),
        (b"\x00\x00", "is not JSON: line 1, column 1: Expecting value"),
        (b"[1, 2]", ": expected a JSON object, got list"),
        (b"null", ": expected a JSON object, got NoneType"),
        (b'"text"', ": expected a JSON object, got str"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
    ids=range(11),
)
def test_what_is_no_json_object_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """With the file and the place."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(MinigptError) as refused:
        read_json_object(path)
    assert str(refused.value).startswith(str(path))
    assert message in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As one line."""
    with pytest.raises(MinigptError) as refused:
        read_json_object(tmp_path / "a.json")
    assert str(refused.value) == f"{tmp_path / 'a.json'} is missing"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """As one line, for instance of a folder."""
    with pytest.raises(MinigptError, match=f"{tmp_path} cannot be read: Is a directory"):
        read_json_object(tmp_path)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=1), st.data())
def test_a_seal_fits_its_object_and_no_other(value: dict, data: st.DataObject) -> None:
    """However the JSON is spaced; a changed entry and a lost seal are told apart."""
    value.pop(jsontext.SEAL, None)
    whole = jsontext.sealed(value)
    assert jsontext.unsealed(json.loads(json.dumps(whole, indent=3)), "it") == value
    with pytest.raises(MinigptError, match="it has no checksum"):
        jsontext.unsealed(value, "it")
    name = data.draw(st.sampled_from([*value, "another"]))
    with pytest.raises(MinigptError, match="it is damaged or was changed"):
        jsontext.unsealed(whole | {name: [value.get(name)]}, "it")


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first; at the limit it is read."""
    monkeypatch.setattr(files, "LIMIT", 20)
    path = tmp_path / "a.json"
    path.write_text('{"a": "' + "x" * 11 + '"}')
    assert read_json_object(path) == {"a": "x" * 11}
    path.write_text('{"a": "' + "x" * 12 + '"}')
    with pytest.raises(MinigptError, match=r"a\.json has 21 bytes, more than the 20 that such a file may have"):
        read_json_object(path)
