"""One spelling of a prompt: how it was typed, pasted or sent makes no difference to what is understood."""
# ruff: noqa: RUF001  (look-alikes are the subject)

from __future__ import annotations

import time
import unicodedata
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.ollama.plan import author, said_forms, subject
from minigpt.corpus.prompt.language import language_of
from minigpt.corpus.prompt.legible import legible
from minigpt.corpus.prompt.understand import PRESETS, understand

PROMPTS = [
    "A GPT that writes vegan recipes without nuts for children", "cookies w/o nuts, no eggs",
    "stories about the fall of Rome, not for kids",
    "Un GPT qui écrit des poèmes d'été", "Ein GPT für vegetarische Küche ohne Käse", "receitas sem açúcar", "GPT viết công thức nấu ăn",
    "한국어 요리 레시피를 쓰는 GPT", "シェフのためのデザート",
    "ナッツと卵を使わないケーキのレシピ", "стихи о зиме для детей", "şekersiz tatlı tarifleri",
    "dikter för barn på våren", "συνταγές χωρίς ζάχαρη", "สูตรอาหารทำง่าย ไม่ใส่นม", "बच्चों के लिए कहानी",
    "وصفات نباتية بدون بيض", "סיפורים לילדים",
    "داستان‌های کودکان پارسی", "przepisy wegańskie bez orzechów",
]  # fmt: skip
INVISIBLE = ["\u00ad", "\u200b", "\ufeff", "\u2060", "\u200e", "\u202a", "\u2066", "\u061c", "\u034f", "\ufe0f", "\x00", "\x1b[1m"]


@pytest.mark.parametrize(
    "typed",
    [
        "poems about the sea<|endoftext|>", "<|im_start|>poems about the sea<|im_end|>", "[INST] poems about the sea [/INST]",
        "p\u0334o\u0334e\u0334m\u0334s\u0334 about the sea", "p\u0332o\u0332e\u0332m\u0332s\u0332 about the sea",
        "r\u0336e\u0336c\u0336i\u0336p\u0336e\u0336s\u0336 poems about the sea", r"\x1b[31mpoems\x1b[0m about the sea",
        r"poems about the sea\n", r"\033[1mpoems\033[0m about the sea.\r\n",
    ],
)  # fmt: skip
def test_tokens_of_models_strokes_and_escapes_that_are_spelt_out_say_nothing(typed: str) -> None:
    request = understand(typed)
    assert (request.category, request.topics, request.others) == ("poetry", ("the sea",), ())


def test_line_ends_that_are_spelt_out_part_lines() -> None:
    assert [part.kind for part in understand(r"- haiku\n- recipes\n- memos").parts] == ["haiku", "recipes", "memos"]
    assert legible(r"poems about C:\notes and new") == "poems about and new"


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_form_of_a_sentence_gives_one_request(prompt: str) -> None:
    expected = asdict(understand(prompt))
    for variant in (*(unicodedata.normalize(form, prompt) for form in ("NFC", "NFD", "NFKC", "NFKD")), full_width(prompt), f" {prompt}\n"):
        assert asdict(understand(variant)) == expected


@given(st.sampled_from(PROMPTS), st.sampled_from(INVISIBLE), st.integers(0, 60), st.integers(1, 5))
def test_what_is_invisible_says_nothing(prompt: str, odd: str, place: int, step: int) -> None:
    """Anywhere, except between a letter and its accent."""
    place %= len(prompt)
    pieces = [prompt[:place], *(prompt[i : i + step] for i in range(place, len(prompt), step))]
    assert asdict(understand(odd.join(pieces))) == asdict(understand(prompt))


@pytest.mark.parametrize("apostrophe", "'`´‘’‛′ʼʹʻ＇\ufffd")
@pytest.mark.parametrize("verb", ["don{}t use", "doesn{}t have", "can{}t contain"])
def test_every_apostrophe_is_one(apostrophe: str, verb: str) -> None:
    assert understand(f"cookies that {verb.format(apostrophe)} nuts").without == ("nut",)


@pytest.mark.parametrize("hyphen", "-‐‑‒–−﹣－")
def test_every_hyphen_is_one(hyphen: str) -> None:
    assert understand(f"no{hyphen}nuts cookies").without == ("nut",)
    assert understand(f"gluten{hyphen}free cakes").diets == ("gluten-free",)


def test_joiners_stay_where_a_script_needs_them() -> None:
    persian = "داستان‌های کودکان پارسی"
    assert legible(persian) == persian and language_of(persian) == "fa" and "\u200c" in understand(persian).topics[0]
    assert legible("क\u094d\u200dया") == "क\u094d\u200dया"
    assert asdict(understand("बच्चों के लिए कहा\u200dनी")) == asdict(understand("बच्चों के लिए कहानी"))
    assert legible("reci\u200cpes re\u200dcipes") == "recipes recipes"


def test_the_numero_sign_is_no_negation() -> None:
    assert understand("recipe № 5 with nuts").ingredients == ("nut",)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("\x1b[31mvegan\x1b[0m soups \x1b]8;;https://a.b/dragons\x07here\x1b]8;;\x07", "vegan soups here"),
        ("<p><b>vegan</b> soups</p> with<i>out</i> <a href='x'>nuts</a> &amp; eggs", "vegan soups without nuts & eggs"),
        ("soups&nbsp;with&shy;out nuts &lt;b&gt;now&lt;/b&gt;", "soups without nuts now"),
        ("[vegan soups](https://a.b/dragons) and ![cakes](img/dragon.png)", "vegan soups and cakes"),
        ("soups like https://a.b/dragons?x=1. More at www.dragons.net/x", "soups like . More at"),
        ("soups for dragon@example.com or <me@a.org>", "soups for or"),
        ("soups from /home/dragon/a.txt, C:\\dragon\\b.txt, ~/dragon, ../dragon/x and dragon/notes.txt", "soups from , , , and"),
        ("soups <!-- dragons --> ~~with nuts~~ <del>with eggs</del> **now**", "soups now"),
        ("# Soups\n> without\n- nuts\n- eggs\n\nfor kids", "Soups\nwithout, nuts, eggs ; for kids"),
        ("Soups.No nuts", "Soups. No nuts"),
    ],
)  # fmt: skip
def test_markup_and_addresses_are_not_read(typed: str, read: str) -> None:
    assert legible(typed) == read


@pytest.mark.parametrize(
    "address", ["https://dragons.example/castle", "dragons@castle.org", "/srv/dragons/castle.txt", "dragons.com/castle"]
)
def test_an_address_is_no_topic(address: str) -> None:
    assert asdict(understand(f"poems about the sea {address}")) == asdict(understand("poems about the sea"))


def test_the_teacher_is_told_what_a_reader_would_see() -> None:
    plain = "A GPT that writes diaries about roses"
    odd = "\x1b[1mＡ GPT\u200b that wri\u00adtes <b>diaries</b> about [roses](https://a.b/c)"
    assert (author(odd), subject(odd), said_forms(odd)) == (author(plain), subject(plain), said_forms(plain))
    assert "https://a.b/c" in author("https://a.b/c")  # nothing else is left to read


def test_the_prompt_of_a_preset_is_known_in_any_spelling() -> None:
    for key, preset in PRESETS.items():
        assert understand(full_width(preset.prompt), key) == understand("", key)


@given(st.text(max_size=300))
def test_reading_twice_changes_nothing_of_the_request(text: str) -> None:
    assert "\x1b" not in legible(text)
    assert unicodedata.is_normalized("NFC", legible(text))


@pytest.mark.parametrize(
    "piece", ["<", "[a", "a/", "a.", "a@", "~~a", "\\", "\x1b]", "<!--", "&a", "-", "a-", "<a b=c ", "<s>", "/a", "\n", "w/", "'"]
)
def test_hostile_prompts_are_read_in_passing(piece: str) -> None:
    start = time.perf_counter()
    understand(piece * 20_000)
    assert time.perf_counter() - start < 2
