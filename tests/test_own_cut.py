"""How a text becomes documents: separators always end one, and in a long text headings begin one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.own.cut import LONG, cut
from minigpt.corpus.own.files import OwnText
from minigpt.corpus.own.outline import Outline
from minigpt.corpus.own.separators import AROUND, END, parted

ANYWHERE = ["<|endoftext|>", "<|end_of_text|>", "<|startoftext|>", "<|begin_of_text|>", "<|EndOfText|>"]
ALONE = ["<s>", "</s>", "<bos>", "<eos>", "<EOS>", "<pad>"]
STORY = st.lists(st.sampled_from(["A fox sang.", '"Good night," she said.', "It rained, it poured!", "x < y", "<b>loud</b>"]), min_size=1)


def in_pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def documents(text: str) -> list[str]:
    return [document.strip() for document in cut([text]) if document.strip()]


# --- separators


@settings(max_examples=50)
@given(
    st.lists(STORY.map(" ".join), min_size=1, max_size=6),
    st.sampled_from(ANYWHERE),
    st.sampled_from(["{}", "\n{}\n", "\n\n  {} \t\n\n", "{}\n", "\n{}", " {} ", "\n{}\n{}\n"]),
)
def test_texts_that_a_separator_parts_are_the_documents_and_it_is_gone(stories, mark, between):
    between = between.replace("{}", mark)
    assert documents(between.join(stories)) == stories
    assert documents("".join(f"{mark}{story}{mark}\n" for story in stories)) == stories


@pytest.mark.parametrize("mark", ALONE)
def test_what_html_and_formulas_have_too_is_a_separator_only_alone_on_a_line(mark):
    assert documents(f"One.\n{mark}\nTwo.\n  {mark}\t\nThree.\n{mark}") == ["One.", "Two.", "Three."]
    sentence = f"It ends with {mark} here, and {mark}that{mark} is text."
    assert documents(sentence) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "The token `<|endoftext|>` ends a document.",
        'GPT-2 writes "<|endoftext|>" between documents, and "<|startoftext|>" is another\'s.',
        "GPT-2 writes \u201c<|endoftext|>\u201d there.",
        "**<|endoftext|>** is the last one",
        'tokenizer.encode(text, allowed_special={"<|endoftext|>"})',
        "The token <|endoftext|> ends a document.",
        "An <|endoftext|> token is number 50256.",
        "Documents are separated by <|endoftext|>.",
        "There are two (<|startoftext|> and others).",
        "Put <|endoftext|>, alone, between them.",
        "<code><|endoftext|></code> in HTML",
    ],
)
def test_a_separator_that_a_sentence_speaks_of_is_text(sentence):
    assert documents(f"Before.\n\n{sentence}\n\nBehind.") == [f"Before.\n\n{sentence}\n\nBehind."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Bye," she said. "Bye."<|endoftext|>"Hello," he said.', ['"Bye," she said. "Bye."', '"Hello," he said.']),
        ("He waited.<|endoftext|>...and so it went on.", ["He waited.", "...and so it went on."]),
        ("i am happy <|endoftext|> so tired", ["i am happy", "so tired"]),
        ("It was a token. <|endoftext|> It was a sign.", ["It was a token.", "It was a sign."]),
        ("```\ncode\n<|endoftext|>\n# A", ["```\ncode", "# A"]),
    ],
)
def test_a_separator_beside_quotation_marks_or_dots_still_parts(text, expected):
    assert documents(text) == expected


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([*ANYWHERE[:2], "<eos>", "\n", " ", "`", '"', "token", "A fox.", "x" * AROUND, "<|", "|>"]), max_size=12),
    st.integers(1, 2 * AROUND),
)
def test_where_a_text_is_parted_does_not_depend_on_the_blocks(parts, size):
    text = "".join(parts)
    assert "".join(parted(in_pieces(text, size))) == "".join(parted([text]))


def test_a_separator_is_found_across_the_blocks_of_a_file_whatever_its_line_ends(tmp_path):
    stories = [f"Story {i} is about a fox and a stone near the river, and it ends there." for i in range(20_000)]
    (tmp_path / "a.txt").write_bytes("\r\n<|endoftext|>\r\n".join(stories).encode())
    assert [document.text for document in OwnText([tmp_path / "a.txt"])] == stories


def test_a_record_ends_at_a_separator_too(tmp_path):
    rows = ["One.<|endoftext|>", "<|startoftext|>Two.\r\n<|endoftext|>\r\nThree.", "The token `<|endoftext|>` is text.", "<|endoftext|>"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    assert [document.text for document in OwnText([tmp_path / "a.jsonl"])] == ["One.", "Two.", "Three.", rows[2]]


# --- headings


def section(heading: str, letters: int) -> str:
    """A heading and paragraphs after it."""
    return f"{heading}\n\n" + "So it was said. " * (letters // 16) + "\n\n"


def test_a_section_belongs_to_the_heading_above_it():
    first = section("# A", 300) + section("## a", 1100)
    second = section("# B", 300) + section("## b", 1200)
    assert list(cut([first + second])) == [first, second]


def test_a_long_text_is_cut_at_the_highest_rank_that_gives_documents():
    parts = [section(f"## {i}", 600) + section(f"### {i}", 900) for i in range(4)]
    assert list(cut([section("# Book", 100) + "".join(parts)])) == [section("# Book", 100) + parts[0], *parts[1:]]


def test_a_section_that_is_too_long_does_not_run_into_the_next_one():
    long, short = section("# A", 3 * LONG), section("# B", 100)
    *_, last = cut([long + short])
    assert last == short


def test_underlined_headings_have_ranks_too():
    one, two = section("The first\n=========", 1200), section("The second\n===", 1200)
    assert list(cut([one + two])) == [one, two]
    parts = [section(f"Part {i}\n---", 1200) for i in range(3)]
    assert list(cut([one.rstrip() + "\n\n" + "".join(parts)]))[1:] == parts


def ranks(text: str, size: int = 10**9) -> list[int]:
    outline = Outline()
    found = [section for piece in in_pieces(text, size) for section in outline.sections(piece)] + outline.sections("", last=True)
    assert "".join(part for _, part in found) == text
    return [rank for rank, _ in found if rank]


FENCED = {
    "backticks": "```sh\n# no heading\n```\n",
    "tildes": "~~~\n# no heading\n~~~\n",
    "longer": "````\n```\n# no heading\n```\n````\n",
    "closed by a longer one": "```\n# no heading\n`````\n",
    "of the other kind inside": "~~~\n```\n# no heading\n~~~\n",
    "indented": "- a list\n\n    ```\n# no heading\n    ```\n",
    "first in a list": "1. ```sh\n# no heading\n   ```\n",
    "text behind what closes": "```\n# no heading\n``` not closed\n# no heading\n```\n",
    "indented inside": "```\n    ```\n# no heading\n```\n",
    "a title inside": "```\n\nno title\n========\n\n```\n",
}


@pytest.mark.parametrize("fenced", FENCED.values(), ids=FENCED)
def test_there_are_no_headings_in_fenced_code(fenced):
    text = f"# One\n\n{fenced}\n# Two\n"
    for size in (1, 5, 10**9):
        assert ranks(text, size) == [1, 1]


def test_a_fence_that_is_never_closed_lasts_to_the_end_of_its_text():
    assert ranks("# One\n\n```\n# no heading\n\n# no heading\n") == [1]
    texts = [f"# {name}\n\n```\n# code\n" + "So it was said. " * 80 for name in "AB"]
    assert documents("<|endoftext|>\n".join(texts)) == [text.strip() for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "#hashtag\n",
        "####### seven\n",
        "    # code\n",
        "a line\n---\n",
        "\n- item\n---\n",
        "\n| a |\n---\n",
        "```in a line``` # no\n# Yes\n",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text):
    assert ranks(f"so\n{text}") == [1] * ("Yes" in text)


def test_the_front_matter_of_a_page_has_no_headings():
    page = "---\ntitle: A page\n# a comment\n\nlayout: post\n---\n\n# One\n"
    assert ranks(page) == [1]
    assert documents(page) == [page.strip()]
    assert ranks("---\n\n# One\n\n---\n") == [1]  # two rules, and no front matter


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from(["# A\n", "## B\n", "```\n", "~~~~\n", "Title\n===\n", "\n", "text ", "---\n", "a: b\n", "    "]), max_size=30)
)
def test_an_outline_does_not_depend_on_the_blocks_and_loses_nothing(parts):
    text = "so\n" + "".join(parts)
    assert ranks(text, 7) == ranks(text)


@pytest.mark.parametrize("flood", ["```\n", "# \n", "a\n---\n\n", "<|endoftext|>", "1. ", "    \n", "---\na: b\n", "<eos>\n"])
def test_a_flood_of_marks_takes_no_longer_than_text(flood):
    assert sum(len(document) for document in cut(in_pieces(flood * (2**18 // len(flood)), 2**16))) <= 2**18
    assert END not in "".join(cut([flood * 100]))
