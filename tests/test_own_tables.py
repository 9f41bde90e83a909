"""Tables and records: how a file separates its columns, which column has the texts, and conversations."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.own.columns import looks_like_data
from minigpt.corpus.own.files import OwnText
from minigpt.errors import MinigptError

PROSE = ["The fox sang, and it rained.", "Nobody came; the door was open.", "Why not? We went home, slowly.", "It was late, so they slept."]


def read(path: Path, content: str | bytes, column: str | None = None) -> tuple[list[str], str]:
    """The texts, and what the plan says about the file."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    own = OwnText([path], column)
    return [document.text for document in own], own.description[0].removeprefix(f"your own text: {path} ")


def refusal(path: Path, content: str, column: str | None = None) -> str:
    with pytest.raises(MinigptError) as caught:
        read(path, content, column)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table(columns: dict[str, list[str]], delimiter: str = ",", quoting: Any = csv.QUOTE_MINIMAL) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return file.getvalue()


def json_lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


# --- how a file separates its columns


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.sampled_from([*PROSE, 'A "word", said;', "a|b", "tab\there", "so\nit is"]), min_size=3, max_size=3), min_size=2),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_the_delimiter_is_found_whatever_the_texts_hold(tmp_path_factory, rows, delimiter, quoting):
    path = tmp_path_factory.getbasetemp() / "found.csv"
    content = table({name: [row[i] for row in rows] for i, name in enumerate(("Id", "Autor", "Texte"))}, delimiter, quoting)
    assert read(path, content, "Texte")[0] == [row[2] for row in rows]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_commas_of_prose_part_no_columns(tmp_path, delimiter):
    """Even if every row has equally many, and there is no header."""
    rows = [f"{i}{delimiter}Hello, my dear friend number {i}." for i in range(5)]
    texts, said = read(tmp_path / "a.csv", "\n".join(rows))
    assert texts == [f"Hello, my dear friend number {i}." for i in range(5)]
    assert said == "(column '2'; its first row has no names, so columns are numbered)"
    assert read(tmp_path / "a.csv", f"nr{delimiter}brief\n" + "\n".join(rows))[0] == texts


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;  "])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_line_that_excel_writes_decides(tmp_path, first, mark):
    content = f"{mark}{first}\r\na,b;c,d\r\nx,y;Nobody came, and it rained.\r\n"
    assert read(tmp_path / "a.csv", content) == (["Nobody came, and it rained."], "(column 'c,d')")
    assert read(tmp_path / "a.csv", f"{mark}sep=,\nid,text\n1,a;b\n")[0] == ["a;b"]


@pytest.mark.parametrize("header", ["text\n", "Bemerkungen\n", ""])
def test_one_column_may_have_commas_in_its_texts(tmp_path, header):
    texts, said = read(tmp_path / "a.csv", header + "\n".join(PROSE))
    assert texts == PROSE
    assert ("no names" in said) == (not header)
    for rows in (
        ["Hello there, friend", "Nice, really", "what, now, then"],
        ["Aberdeen", "Glasgow", "Perth"],
        ["So it goes", "It rained all day long"],
    ):
        assert read(tmp_path / "a.csv", "\n".join(rows))[0] == rows
    spoken = ['"Hello," she said, and sat.', '"Go," he said.']
    assert read(tmp_path / "a.csv", "text\n" + "\n".join(spoken))[0] == spoken
    assert read(tmp_path / "a.csv", 'text\n"Hello, world"\n"So, ""it"" is"\n')[0] == ["Hello, world", 'So, "it" is']


def test_rows_with_too_many_cells_are_told_with_the_remedy(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,Good\n2,One, two, three\n")
    own = OwnText([tmp_path / "a.csv"])
    assert [document.text for document in own] == ["Good"]
    assert "line 3 has 4 columns, the first row has 2; texts with ',' in them need quotes" in own.skipped.lines()[0]


def test_tables_parted_by_tabs_need_no_quotes(tmp_path):
    rows = ['"Hello," she said', "It's 5\" long", '"Go']
    content = "id\ttext\n" + "".join(f"{i}\t{row}\n" for i, row in enumerate(rows))
    for name in ("a.tsv", "a.csv"):
        assert read(tmp_path / name, content) == (rows, "(column 'text')")
    assert read(tmp_path / "a.tsv", table({"id": ["1", "2"], "text": ["a\tb", 'c "d"']}, "\t"))[0] == ["a\tb", 'c "d"']


def test_blanks_behind_delimiters_belong_to_no_name(tmp_path):
    assert read(tmp_path / "a.csv", 'id, text, n\n1, "So, it rained", 2\n')[0] == ["So, it rained"]


@pytest.mark.parametrize(
    "row",
    [
        '1,"It rained all day."',
        "https://a.org/1,Nobody came.",
        "2020-02-03,7",
        "3,Loved it",
        "me@example.org,Loved it",
        "3,A man and a woman went home by the river",
    ],
)
def test_a_first_row_that_is_data_is_read_too(tmp_path, row):
    texts, said = read(tmp_path / "a.csv", f"{row}\n8,Nobody came.\n9,It was late.\n", "2")
    assert texts == [next(csv.reader([row]))[1], "Nobody came.", "It was late."]
    assert said == "(column '2'; its first row has no names, so columns are numbered)"


@pytest.mark.parametrize(
    "header",
    [
        "id,text",
        ",kommentar",
        "Timestamp,What did you like about our service in general?",
        "q1,q2 answer",
        "No,Meinung",
        "review_id,review_body",
        "v1,v2",
        "n,No.",
    ],
)
def test_a_first_row_of_names_is_none_of_the_texts(tmp_path, header):
    texts, said = read(tmp_path / "a.csv", f"{header}\n1,It rained all day.\n2,Nobody came.\n")
    assert texts == ["It rained all day.", "Nobody came."]
    assert "no names" not in said


def test_a_sentence_that_was_asked_for_is_a_name(tmp_path):
    header = "This is how I felt about it that day."
    assert read(tmp_path / "a.csv", f"n,{header}\n1,Good.\n", header)[0] == ["Good."]


def test_columns_of_the_same_name_are_all_there(tmp_path):
    content = "text,text,\nfirst,second,third\n"
    assert [read(tmp_path / "a.csv", content, column)[0] for column in ("text", "text 2", "3")] == [["first"], ["second"], ["third"]]


# --- which column has the texts


NOT_PROSE = {
    "link": [f"https://example.org/a/very/long/way/{'to-go/' * 20}{i}" for i in range(4)],
    "uuid": [f"123e4567-e89b-12d3-a456-42661417400{i}" for i in range(4)],
    "hash": [f"{i}" * 128 for i in "abcd"],
    "blob": ["aGVsbG8gd29ybGQ" * 40 + i for i in "abcd"],
    "when": ["Mon, 3 Feb 2020 10:00:00 GMT", "2020-02-03T10:00:00Z", "March 3, 2020", "03.02.2020"],
    "meta": ['{"a very": "long object", "with": ["sentences. In it.", "And more."]}'] * 4,
    "tags": ["fox, river, stone, bridge, evening, summer, children, song"] * 3 + ["rain, door, house, night, sleep, dream"],
    "n": ["12345678901234567890" * 9] * 4,
    "kind": ["good news", "bad news", "good news", "good news"],
}


@pytest.mark.parametrize("name", NOT_PROSE)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_column_that_looks_like_prose_is_chosen_however_long_the_others_are(tmp_path, name, kind):
    columns = {name: NOT_PROSE[name], "was": PROSE}
    content = table(columns) if kind == "csv" else json_lines(*({name: columns[name][i], "was": PROSE[i]} for i in range(4)))
    assert read(tmp_path / f"a.{kind}", content) == (PROSE, "(column 'was')")


@pytest.mark.parametrize(
    "name", ["text", "Content", "BODY", "message", "story", "article", "document", "review", "lyrics", "review_body", "fullText"]
)
def test_a_name_for_texts_decides_before_their_length(tmp_path, name):
    columns = {"remarks": [" ".join(PROSE * 4)] * 3 + ["So it was. And so it is."], name: PROSE}
    assert read(tmp_path / "a.csv", table(columns)) == (PROSE, f"(column {name!r})")


def test_the_names_have_an_order(tmp_path):
    order = ["text", "content", "body", "message", "story", "article", "document", "review"]
    names = random.Random(0).sample(order, len(order))
    while names:
        record = {name: f"It is the {name} that was read." for name in names}
        best = min(names, key=order.index)
        assert read(tmp_path / "a.jsonl", json_lines(record))[0] == [record[best]]
        names.remove(best)


@pytest.mark.parametrize("name", ["content", "message", "article", "review", "text_id", "review_date"])
def test_a_name_for_texts_does_not_count_where_there_is_data(tmp_path, name):
    for data in ("uuid", "link", "kind", "n"):
        columns = {name: NOT_PROSE[data], "was": PROSE}
        assert read(tmp_path / "a.csv", table(columns))[0] == PROSE


def test_a_text_that_is_no_prose_is_read_where_its_name_or_nothing_else_says_so(tmp_path):
    molecules = ["CC(=O)O1", "C1=CC=CC=C1", "CCO[N+]", "N#N=1"]
    assert read(tmp_path / "a.csv", table({"label": ["a b", "a b", "c d", "a b"], "text": molecules}))[0] == molecules
    assert read(tmp_path / "a.csv", table({"n": ["1", "2", "3", "4"], "smiles": molecules}))[0] == molecules


def test_columns_that_look_alike_are_named_and_column_chooses(tmp_path):
    columns = {"before": PROSE, "n": ["1", "2", "3", "4"], "after": PROSE[::-1]}
    texts, said = read(tmp_path / "a.csv", table(columns))
    assert (texts, said) == (PROSE, "(column 'before'; 'after' would also do; to choose: --column)")
    assert read(tmp_path / "a.csv", table(columns), "after") == (PROSE[::-1], "(column 'after')")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("first", False),
        ("5 stars", False),
        ("[Verse 1] la la [Chorus]", False),
        ("3 March 2020 was cold", False),
        ("7f", True),
        ("n/a", True),
    ],
)
def test_what_is_data(text, data):
    assert looks_like_data(text) == data


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_any_text_is_data_or_not(text):
    assert looks_like_data(text) in (True, False)


def test_the_plan_says_the_columns_of_a_folder_too(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.jsonl").write_text(json_lines({"text": "So it was."}))
    (tmp_path / "d.csv").write_text(table({"id": ["1", "2", "3", "4"], "review": PROSE}))
    (tmp_path / "e.csv").write_text('id,text\n1,"never closed\n')
    (tmp_path / "f.txt").write_text("plain")
    own = OwnText([tmp_path])
    assert own.description[1:] == ["read as text: column 'text' (3 files), column 'review' (d.csv)"]
    for i in range(30):
        (tmp_path / f"{i}.jsonl").write_text(json_lines({"text": "So it was."}))
    assert OwnText([tmp_path]).description[1] == "read as text: column 'text' (20 files); 12 more files not examined yet"


# --- objects and conversations


def test_objects_in_objects_have_dotted_names(tmp_path):
    records = [{"id": i, "data": {"text": text, "more": {"title": "T"}}} for i, text in enumerate(PROSE)]
    assert read(tmp_path / "a.jsonl", json_lines(*records)) == (PROSE, "(column 'data.text')")
    assert read(tmp_path / "a.jsonl", json_lines(*records), "data.more.title")[0] == ["T"] * 4
    assert "it has: 'data.more.title', 'data.text'" in refusal(tmp_path / "a.jsonl", json_lines(*records), "text")
    assert read(tmp_path / "a.jsonl", json_lines({"text": "above", "data": {"text": "below"}}))[0] == ["above"]
    squad = {"context": "It was a game, and a long one.", "question": "Who?", "answers": {"text": ["Nobody"]}}
    assert read(tmp_path / "a.jsonl", json_lines(squad))[0] == [squad["context"]]
    assert read(tmp_path / "a.jsonl", json_lines({"lines": ["So it is,", "said the fox."], "n": [1, 2]}))[0] == ["So it is,\nsaid the fox."]


def test_a_record_without_text_says_what_it_has(tmp_path):
    record = {"paragraphs": [{"text": "a"}], "n": 1, "meta": {"ok": True}, "none": None}
    said = "line 1 has no text: 'paragraphs' is a list, 'n' is a number, 'meta' is an object without text, 'none' is null"
    assert refusal(tmp_path / "a.jsonl", json_lines(record)).endswith(said)
    assert refusal(tmp_path / "a.jsonl", "{}").endswith("line 1 has no text: the object is empty")


HELLO = "User: Hello, who are you?\nAssistant: A fox."


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "Hello, who are you?"}, {"role": "assistant", "content": "A fox."}]},
        {"conversations": [{"from": "human", "value": "Hello, who are you?"}, {"from": "gpt", "value": " A fox.\n"}]},
        {"id": "a long name for it", "chat": [{"role": "USER", "content": ["Hello, who are you?"]}, {"role": "bot", "content": "A fox."}]},
        {
            "messages": [
                {"role": "system", "content": "You are a helpful animal."},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Hello, who are you?"}, {"type": "image_url", "image_url": {"url": "x"}}],
                },
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "assistant", "content": "A fox."},
            ],
            "prompt": "Hello, who are you?",
        },
        {"data": {"messages": [{"role": "user", "content": "Hello, who are you?"}, {"role": "model", "content": "A fox."}]}},
        {"instruction": "Hello, who are you?", "input": "", "output": "A fox."},
        {"Prompt": "Hello, who are you?", "Completion": "A fox."},
        {"question": "Hello, who are you?", "answer": "A fox."},
        {"inputs": "Hello, who are you?", "targets": "A fox."},
        {"prompt": "Hello, who are you?", "chosen": "A fox.", "rejected": "A dog. And a cat, and a mouse."},
        [{"role": "user", "content": "Hello, who are you?"}, {"role": "assistant", "content": "A fox."}],
        {"contents": [{"role": "user", "parts": [{"text": "Hello, who are you?"}]}, {"role": "model", "parts": [{"text": "A fox."}]}]},
        {
            "chat": [
                {"author": {"role": role}, "content": {"parts": [said]}} for role, said in (("user", HELLO[6:25]), ("assistant", "A fox."))
            ]
        },
        {
            "prompt": "Hello, who are you?",
            "chosen": [{"role": "user", "content": "Hello, who are you?"}, {"role": "assistant", "content": "A fox."}],
        },
        {
            "messages": [
                {"role": "user", "content": "Hello, who are you?"},
                {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "content": '{"animal": "fox"}'},
                {"role": "assistant", "content": "A fox."},
            ]
        },
    ],
)
def test_a_conversation_is_one_dialogue(tmp_path, record):
    texts, said = read(tmp_path / "a.jsonl", json_lines(record, record))
    assert texts == [HELLO, HELLO]
    assert said.endswith(", as dialogues)")


def test_speakers_of_other_names_keep_them_and_several_lines_stay(tmp_path):
    record = {"turns": [{"role": "alice", "content": "One.\nTwo."}, {"role": "the cat", "content": "42"}]}
    assert read(tmp_path / "a.jsonl", json_lines(record))[0] == ["Alice: One.\nTwo.\nThe cat: 42"]


def test_an_input_follows_its_instruction_and_a_completion_its_prompt(tmp_path):
    record = {"instruction": "Add.", "input": "One and two", "output": "Three"}
    assert read(tmp_path / "a.jsonl", json_lines(record))[0] == ["User: Add.\nOne and two\nAssistant: Three"]
    assert read(tmp_path / "a.csv", table({name: [text] for name, text in record.items()}))[0] == [
        "User: Add.\nOne and two\nAssistant: Three"
    ]
    texts, said = read(tmp_path / "a.jsonl", json_lines({"prompt": "Once upon", "completion": " a time."}))
    assert (texts, said) == (["Once upon a time."], "(column 'prompt + completion', each completion after its prompt)")
    assert read(tmp_path / "a.jsonl", json_lines(record | {"text": "The whole."}))[0] == ["The whole."]
    assert read(tmp_path / "a.jsonl", json_lines(record), "output")[0] == ["Three"]


@pytest.mark.parametrize(
    "value", [[], [{}], [{"role": 1, "content": "a"}], [{"role": "system", "content": "a"}], [[{"role": "user"}]], [{"role": "user"}]]
)
def test_what_is_no_conversation_is_not_read_as_one(tmp_path, value):
    assert read(tmp_path / "a.jsonl", json_lines({"messages": value, "was": PROSE[0]})) == ([PROSE[0]], "(column 'was')")
    assert "a.jsonl, line 1 has no text: 'messages' is a list" in refusal(tmp_path / "a.jsonl", json_lines({"messages": value}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "messages", "from", "text", "input", "output"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from(["messages", "text", "prompt", "completion", "a"]), json_values), min_size=1, max_size=4))
def test_any_records_give_documents_or_one_clear_line(tmp_path_factory, records):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text(json_lines(*records))
    try:
        documents = list(OwnText([path]))
    except MinigptError as error:
        assert "\n" not in str(error)
    else:
        assert documents
        assert all(document.text.strip() == document.text != "" for document in documents)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("csv", "," * 2**17),
        ("csv", ",".join(f"c{i}" for i in range(6_000)) + "\n" + ",".join(["so it"] * 6_000)),
        ("csv", ("@." * 1000 + "," + "1" * 2000 + "x," + "_" * 2000 + "\u00e9\n") * 40),
        ("csv", "|;,\t" * 2**14),
        ("jsonl", "{" + ",".join(f'"k{i}": {{"x": "so it"}}' for i in range(6_000)) + "}"),
        ("jsonl", '{"a":' * 500 + '"x"' + "}" * 500),
    ],
)
def test_floods_of_columns_and_of_what_might_be_anything_end_in_one_short_line(tmp_path, kind, content):
    try:
        said = read(tmp_path / f"a.{kind}", content)[1]
    except MinigptError as error:
        said = str(error)
    assert len(said) < 1000


# --- nothing to read


@pytest.mark.parametrize("nothing", ["", " \n\t\n", "<|endoftext|>\n<|endoftext|>\n", "</s>"])
@pytest.mark.parametrize("kind", ["txt", "md"])
def test_a_file_without_text_is_empty(tmp_path, nothing, kind):
    assert refusal(tmp_path / f"a.{kind}", nothing).endswith(f"a.{kind} is empty")
    (tmp_path / "b.txt").write_text("mine")
    own = OwnText([tmp_path])
    assert [document.text for document in own] == ["mine"]
    assert own.skipped.lines() == [f"skipped: a.{kind} is empty"]


def test_a_table_of_empty_texts_is_empty(tmp_path):
    assert "a.csv is empty" in refusal(tmp_path / "a.csv", "id,text\n1,\n2, \n", "text")
