"""How far the readers of own text look, and what they take for what: on either side of each
line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minigpt.corpus.own.columns import choose, is_code, is_data, is_date, listed, prose, words
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.own.records import column_texts, json_records, lines
from minigpt.corpus.own.tables import csv_records, find_dialect, is_no_name, look

FOX = "The old fox went down to the river and sang. "


def nothing(what: str) -> None:
    raise AssertionError(what)


# --- columns


def test_of_a_text_the_first_two_thousand_characters_are_looked_at() -> None:
    """A whole book in a cell takes no longer."""
    assert words(FOX * 10) == 100
    assert 200 < words(FOX * 1000) < 800
    assert prose("x1 " * 300 + FOX * 100) > 0 == prose("x1 " * 1500 + FOX * 100)


def test_a_column_nearly_as_good_as_the_best_is_named() -> None:
    def said(other: str) -> str:
        records = [{"one": "seven words stand here in a row", "two": other}] * 3
        return choose(records, None, "a.csv")[1]

    assert "'two' would also do" in said("six words stand here in row")
    assert "would do too" not in said("three words stand")


@pytest.mark.parametrize(
    ("texts", "data"),
    [
        (["very good", "very bad"] * 4, True),
        (["very good", "very bad", "so so"], False),
        (["it was a very good one", "it was a very bad one"] * 4, False),
        (["one of them", "one of these"] * 4, True),
        (["red"] * 3, False),
        (["red"] * 4, True),
        (["red", "green", "blue", "red", "black", "white", "grey", "brown"], False),
    ],
)
def test_a_few_words_that_come_again_and_again_are_labels(texts: list[str], data: bool) -> None:
    """From four texts on, each of which comes twice on average and has fewer than four words."""
    assert is_data(texts) == data


@pytest.mark.parametrize(("text", "chosen"), [("so so", "said"), ("it was so so", "review_body")])
def test_a_column_named_after_texts_has_some_words_in_each(text: str, chosen: str) -> None:
    record = {"review_body": text, "said": "He came, and all of us saw him."}
    assert choose([record] * 3, None, "a.csv")[0] == chosen


def test_without_spaces_some_letters_are_a_word() -> None:
    assert 3 <= words("\u6599\u7406\u306f\u697d\u3057\u3044" * 5) <= 10


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("incomprehensibilities", False),
        ("Donaudampfschifffahrt", False),
        ("abcdefghijklmnopqrstuvwxyzabcd", True),
    ],
)
def test_what_is_longer_than_words_is_code(word: str, code: bool) -> None:
    assert is_code(word) == code


def test_a_date_is_not_longer_than_dates_are() -> None:
    date = "Wednesday, 3rd September 2020 10:00:00 pm"
    assert is_date(date)
    assert not is_date(date.replace("Wednesday", "W" * 30 + "ednesday"))


def test_of_many_columns_the_first_ones_are_named_in_short() -> None:
    said = listed([f"column {i} {'x' * 200}" for i in range(100)], ", ")
    assert 1000 < len(said) < 2000
    assert said.endswith("...") and "column 9 " in said


# --- records and tables


def test_a_record_has_four_million_characters_at_most() -> None:
    said: list[str] = []
    text = ["x" * 3_000_000, "\n" + "y" * 5_000_000, "\nz\n"]
    assert [(number, line[0]) for number, line in lines(text, "a", said.append) if line] == [
        (1, "x"),
        (3, "z"),
    ]
    assert len(said) == 1 and "line 2 has more than" in said[0]


def column_of(record: dict[str, str], behind: dict[str, str], count: int) -> str:
    """What the plan says of the column, where so many records come before another kind of them."""
    records = ((number, record if number < count else behind) for number in range(count + 300))
    return column_texts(iter(records), "a", None, nothing)[0]


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (20, "two"),
        (90, "two"),
        (120, "one"),
        (400, "one"),
    ],
)
def test_a_hundred_records_decide_which_column_has_the_texts(count: int, chosen: str) -> None:
    assert f"'{chosen}'" in column_of({"one": "x y", "two": ""}, {"one": "", "two": FOX * 3}, count)


@pytest.mark.parametrize(("letters", "chosen"), [(60_000, "two"), (200_000, "one")])
def test_and_fewer_where_they_are_long(letters: int, chosen: str) -> None:
    """A megabyte of them."""
    short = {"one": "x y " * (letters // 4), "two": ""}
    assert f"'{chosen}'" in column_of(short, {"one": "", "two": FOX * 20}, 8)


def test_of_an_object_without_text_a_few_columns_are_named() -> None:
    said: list[str] = []
    record = json.dumps({f"c{i}": i for i in range(50)})
    assert list(json_records([f"{record}\n"], "a", said.append)) == []
    assert 3 <= said[0].count("is a number") <= 10


def test_the_first_rows_tell_how_a_table_separates_its_columns() -> None:
    """Two hundred lines, or a quarter of a million letters."""
    assert 100 <= len(look((number, "a,b") for number in range(10_000))) <= 400
    looked = look((number, "x" * 5000) for number in range(1000))
    assert 2**17 <= sum(len(line) for _, line in looked) <= 2**19


def test_commas_with_blanks_behind_them_are_those_of_sentences() -> None:
    """Nearly all of them: in a table, some cells begin with a blank."""
    prose = ["It rained, it poured\n", "It snowed, it froze\n"] * 20
    for sentences in (prose, [*prose, *["It was 10,000 feet\n"] * 2]):
        assert find_dialect(sentences, None).delimiter != ","
    table = [f"fox {i}, red\n" if i % 3 else f"fox {i},red\n" for i in range(60)]
    assert find_dialect(table, None).delimiter == ","


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("what the customer wrote to us", True),
        ("what the customer wrote to us in the year before the last", False),
    ],
)
def test_a_long_cell_is_no_name_of_a_column(cell: str, name: bool) -> None:
    assert is_no_name(cell) != name


@pytest.mark.parametrize(
    ("head", "said"),
    [("Customer remarks", ""), ("Remarks of our customers", "its first row has no names")],
)
def test_above_a_single_column_of_texts_a_name_is_short(head: str, said: str) -> None:
    text = f"{head}\n" + "".join(f"{FOX}Then it went home for the {i}th time\n" for i in range(5))
    found = csv_records([text], "a.csv", nothing)[0]
    assert found.startswith(said) and bool(found) == bool(said)


def test_the_columns_of_a_few_tables_of_a_folder_are_shown(tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"{number:02}.csv").write_text(f"id,text\n{number},{FOX}\n")
    (line,) = [line for line in OwnText([tmp_path]).description if line.startswith("read as text")]
    shown, left = (int(part.split()[0]) for part in (line.split("(")[1], line.split("; ")[1]))
    assert shown + left == 70
    assert 10 <= shown <= 40


def test_of_what_was_skipped_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join("{\n" for _ in range(40)) + '{"text": "sound"}\n')
    own = OwnText([tmp_path / "a.jsonl"])
    assert len(list(own)) == 1
    told = own.skipped.lines()
    assert 2 <= len(told) - 1 <= 5
    assert told[-1] == f"skipped: {40 - len(told) + 1} more like these"
