"""What the template writers promise: endless enough, never twice, the same for the same seed, and true."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice, pairwise
from typing import Any

import pytest
from few import few

from minigpt.corpus.documents import Document
from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.favourites import Favourites
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.poetry_haiku import syllables
from minigpt.corpus.words import load_words

pytestmark = pytest.mark.filterwarnings("error")
# A subject's facts take a while to gather, and those forms have a test file of their own.
SLOW = {"subject": [pytest.mark.slow]}
CASES = [pytest.param(category, form, marks=SLOW.get(category, [])) for category in FORMS for form in FORMS[category]]
STEPS = ("algorithm", "trace", "pseudocode", "algorithm_exercise")  # there, signs may repeat: "the questions are A A B"
TOKENS_PER_WORD = 4 / 3  # of GPT-2's tokenizer on English prose; recipes have more

SIGNED = ("postcard", "thank-you note", "invitation", "card")  # end with a name


@cache
def written(category: str, form: str, count: int = 25) -> tuple[str, ...]:
    """So many documents of one form."""
    rng, words = random.Random(7), load_words(category)
    return tuple(FORMS[category][form](rng, words, Request(category, (form,))) for _ in range(count))


def until(documents: Iterator[Document], count: int) -> list[str]:
    """Texts until they hold so many words, or until there are no more."""
    texts, total = [], 0
    for document in documents:
        texts.append(document.text)
        total += len(document.text.split())
        if total >= count:
            break
    return texts


def distinct4(texts: list[str]) -> float:
    """Different four-word sequences, as a share of all."""
    words = " ".join(texts).split()
    grams = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    return len(set(grams)) / len(grams)


# ---- all forms -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "form"), CASES)
def test_a_document_is_clean_text(category: str, form: str) -> None:
    for text in written(category, form):
        assert text.isascii() and text == text.strip()
        assert "  " not in re.sub(r"(?m)^ +", "", text), text  # but code is indented
        assert "\n\n\n" not in text and " ," not in text and " ." not in text and ".." not in text.replace("...", "")
        assert "**" not in re.sub(r"\w \*\* \d", "", text) and "`" not in text and "#" not in text  # no Markdown; x ** 3 is code
        assert "{~" not in text and "a(n)" not in text and "None." not in text.replace("returns None.", "").replace("is None.", "")
        assert text[-1] in '.!?"' or form in (
            "song",
            "email",
            "free_verse",
            "letter",
            "love letter",
            "complaint letter",
            "apology",
            *SIGNED,
        ), text
        if category != "technical":  # there, brackets and braces belong to code
            assert not re.search(r"[{}|\[\]]", text), text
        assert not re.search(r"\b([a-z]+) \1\b", text.lower()) or form in ("song", *STEPS), text  # "the the"


@pytest.mark.parametrize(("category", "form"), CASES)
def test_articles_agree(category: str, form: str) -> None:
    texts = written(category, form)
    assert texts
    for text in texts:
        for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
            assert (article.lower() == "an") == starts_with_vowel_sound(word), f"{article} {word}"


@pytest.mark.parametrize(("category", "form"), CASES)
def test_length(category: str, form: str) -> None:
    ranges = {
        "cooking": (25, 340),
        "technical": (20, 330),
        "occasion": (40, 350),
        "subject": (60, 350),
        "persona": (40, 300),
    }  # the shortest is a program of one line
    low, high = ranges.get(category, (40, 240))
    low, high = {"haiku": (9, 30), "limerick": (25, 60), "acrostic": (20, 100), "song": (40, 400), "story": (120, 360)}.get(
        form, (low, high)
    )
    assert all(low <= len(text.split()) <= high for text in written(category, form))


# ---- the stream ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("category", [pytest.param(category, marks=SLOW.get(category, [])) for category in FORMS])
def test_a_category_lasts_for_100_000_tokens_and_is_varied(category: str) -> None:
    texts = until(write_documents(Request(category, tuple(FORMS[category])), random.Random(1)), int(100_000 / TOKENS_PER_WORD))
    assert len(" ".join(texts).split()) >= 100_000 / TOKENS_PER_WORD
    assert len(set(texts)) == len(texts)
    assert distinct4(texts[: len(texts) * 3 // 10]) >= 0.4


@pytest.mark.parametrize("preset", few(PRESETS, 0, 5))
def test_a_preset_lasts_for_30_000_tokens(preset: str) -> None:
    texts = until(write_documents(understand("", preset), random.Random(1)), int(30_000 / TOKENS_PER_WORD))
    assert len(" ".join(texts).split()) >= 30_000 / TOKENS_PER_WORD and len(set(texts)) == len(texts)


@pytest.mark.parametrize("category", [pytest.param(category, marks=SLOW.get(category, [])) for category in FORMS])
def test_seeds(category: str) -> None:
    def first(seed: int) -> list[Document]:
        return list(islice(write_documents(Request(category, tuple(FORMS[category])), random.Random(seed)), 20))

    assert first(3) == first(3) != first(4)


def test_forms_take_turns_and_are_named() -> None:
    documents = list(islice(write_documents(understand("", "haiku_master"), random.Random(0)), 3))
    named = [{key: value for key, value in d.origin.items() if key != "idea"} for d in documents]
    assert named == [{"category": "poetry", "form": form} for form in ("haiku", "haiku_sequence", "haibun")]
    assert {d.source for d in documents} == {"template"}
    request = understand("", "algorithm_specialist")
    assert [d.origin["form"] for d in islice(write_documents(request, random.Random(0)), 10)] == list(request.forms) * 2


def test_it_ends_when_the_tables_are_exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One form has two texts, another one text: three documents come, then the stream ends instead of searching for ever."""
    monkeypatch.setitem(
        FORMS, "topic", {"two": lambda rng, words, request: f"text {rng.randrange(2)}", "one": lambda rng, words, request: "text"}
    )
    texts = [d.text for d in write_documents(Request("topic", ("two", "one")), random.Random(0))]
    assert sorted(texts) == ["text", "text 0", "text 1"]


# ---- the template language -------------------------------------------------------------------------------------------------------


def test_fill() -> None:
    rng, asked = random.Random(0), []

    def look(name: str) -> str:
        asked.append(name)
        return {"x": "egg", "y": "a(n) {x}"}[name]

    assert {fill(rng, "[a|b[c|d]]", {}) for _ in range(50)} == {"a", "bc", "bd"}
    assert fill(rng, "{Y} is {y}, not a(n) unicorn or a(n) pan", look) == "An egg is an egg, not a unicorn or a pan"
    asked.clear()
    assert fill(random.Random(1), "[{x}|{x}] and [|]", look) == "egg and " and asked == ["x"]  # the other alternative was not looked up
    assert fill(rng, "{~nice} {~nice}", {}, {"nice": ["so"]}) == "so so"
    with pytest.raises(KeyError):
        fill(rng, "{missing}", {})


def test_every_sentence_of_the_tables_ends_like_one() -> None:
    """Filled with a dummy word, each entry that stands as a sentence ends in a full stop or the like, whichever alternative is drawn."""
    cooking, poetry, general = load_words("cooking"), load_words("poetry"), load_words("general")
    methods = [method for key in ("pot methods", "pan methods", "sweet methods") for method in cooking[key].values()]
    sentences = [s for method in methods for step in method["steps"] for choices in step for s in choices]
    sentences += [s for method in methods for key in ("tips", "serve", "keep") for s in method[key]]
    by_kind = ("intros", "form intros", "cuisine lore", "lore", "fun foods", "fun forms")
    sentences += [s for key in by_kind for lines in cooking[key].values() for s in lines]
    sentences += [s for key in ("swap lines", "swap times", "cheers", "prose openings") for s in cooking[key]]
    sentences += [f"{line}." for rows in poetry["acrostic lines"].values() for line in rows]
    sentences += [" ".join(rows) for walk in poetry["haibun"] for code, alternatives in walk["parts"][:-1] for rows in alternatives]
    plots = [plot for kind in ("of rows", "of friends", "about", "of love") for plot in poetry[f"story plots {kind}"].values()]
    plots += [fable for key in ("fables", "fables about") for fable in poetry[key].values()]
    sentences += [s for plot in plots for beat in plot["beats"] for s in (beat if isinstance(beat, list) else [beat])]
    sentences += [s for frame in poetry["story frames"].values() for s in frame] + poetry["story turns"] + poetry["bedtime ends"]
    scenes = [
        scene
        for key, table in general.items()
        if key.startswith(("news scenes", "letters ", "memos"))
        for scene in table
        if "body" in scene
    ]
    sentences += [s for scene in scenes for part in scene["body"] for s in ([part] if isinstance(part, str) else part)]
    sentences += [s for key, talks in general.items() if key.startswith("talks ") for talk in talks for pair in talk["turns"] for s in pair]
    sentences += general["lesson ends"] + general["fun postscripts"]
    assert len(scenes) > 60 and len(sentences) > 900
    rng = random.Random(0)
    for sentence in sentences:
        for _ in range(8):
            text = fill(rng, sentence, lambda name: "word", cooking["phrases"])
            assert re.search(r"[.?!][\"']?$", text), text
            assert not re.search(r"[a-z] (We|Please|The|It|Is|They|You)\b", text.removeprefix("?")), text


# ---- poetry ----------------------------------------------------------------------------------------------------------------------


def test_every_word_of_the_haiku_table_is_counted_once() -> None:
    rows = [word for rows in load_words("poetry")["syllable table"].values() for row in rows for word in row.split()]
    assert len(rows) == len(set(rows)) and syllables("A quiet waterfall") == 6

    def words_of(table: Any) -> Iterator[str]:
        if isinstance(table, str):
            yield from re.findall(r"[a-z']+", table.replace("a(n)", "an").lower())
        else:
            for key, entry in table.items() if isinstance(table, dict) else enumerate(table):
                yield from () if key in ("themes", "topic", "season") else words_of(entry)

    for word in words_of([load_words("poetry")[key] for key in ("haiku", "haiku topics", "haiku stays", "season lines")]):
        assert word in rows, word


# ---- technical -------------------------------------------------------------------------------------------------------------------


def test_functions_compile_and_return_what_is_said() -> None:
    for text in written("technical", "function", 200):
        code = re.search(r"(?ms)^def .*?(?=\n\n)", text)
        assert code is not None
        names: dict[str, Any] = {}
        exec(compile(code[0], "<document>", "exec"), names)
        calls = re.findall(r"(?:Example: |And )(\w+\(.*?\)) returns (.*?)\.(?= And |$)", text)
        assert calls
        for call, value in calls:
            assert eval(call, names) == eval(value), text


def test_endpoints_hold_json_that_parses() -> None:
    for text in written("technical", "endpoint", 100):
        bodies = re.findall(r"(?m)^\{.*\}$", text)
        assert all(isinstance(json.loads(body), dict) for body in bodies)
        assert bool(bodies) == (not text.startswith("DELETE"))
        assert re.match(r"(GET|POST|PATCH|DELETE) /v\d/[a-z]+(/\{id\})?\n", text)


def test_traces_of_algorithms_end_in_the_right_answer() -> None:
    sorts = searches = sums = 0
    for text in written("technical", "algorithm", 300):
        if "sort " in text and (lists := re.findall(r"\[[-\d, ]+\]", text)) and "Problem: put a list in order" in text:
            assert json.loads(lists[-1]) == sorted(json.loads(lists[0])), text
            sorts += 1
        if found := re.search(r"search for (\d+) in (\[[\d, ]+\]).*at position (\d+)", text):
            assert json.loads(found[2])[int(found[3])] == int(found[1]), text
            searches += 1
        for a, op, b, value in re.findall(r"(?<![\d*/] )\b(\d+) ([*+]) (\d+) = (\d+)", text):
            assert (int(a) * int(b) if op == "*" else int(a) + int(b)) == int(value), text
            sums += 1
    assert min(sorts, searches, sums) > 5


# ---- general ---------------------------------------------------------------------------------------------------------------------


def test_the_sums_of_a_lesson_are_right() -> None:
    """Each "expression = number" in a lesson is computed anew."""
    checked = 0
    for text in written("general", "lesson", 300):
        if "adding fractions" not in text:
            text = re.sub(r"\d+x \+ \d+ = \d+|\d+x = ", "", text)  # an equation to solve, not a sum
            for left, right in re.findall(r"((?:\d+|\()[\d +*/()-]*[\d)]) = (-?\d+)\b(?! [*+/-] |[*/])", text):
                assert eval(left) == int(right), text
                checked += 1
        elif found := re.search(r"What is (\d+)/(\d+) \+ (\d+)/(\d+)\?.*The sum is (\d+)/(\d+)\.", text):
            a, b, c, d, top, bottom = map(int, found.groups())
            assert (a * d + c * b) * bottom == top * b * d, text
            checked += 1
    assert checked > 500


def test_a_dialogue_takes_turns() -> None:
    for text in written("general", "dialogue", 100):
        speakers = [line.split(":")[0] for line in text.split("\n")]
        assert len(set(speakers)) == 2 and all(a != b for a, b in pairwise(speakers)) and len(speakers) % 2 == 0


def test_an_email_is_complete() -> None:
    for text in written("general", "email", 100):
        subject, greeting, *body, closing = text.split("\n\n")
        assert subject.startswith("Subject: ") and greeting.endswith(",")
        assert body and all(paragraph.endswith((".", "?", "!")) for paragraph in body)
        assert re.fullmatch(r"[A-Z][\w ]+,\n[A-Z]\w+ [A-Z]\w+", closing)


def test_favourites_are_dealt_evenly_and_few_others_come():
    rng, items = Favourites(3, share=0.1), [f"item {i}" for i in range(100)]
    counts = Counter()
    for _ in range(4000):
        counts[rng.choice(items)] += 1
        rng.drawn = 0
    favourites = counts.most_common(10)
    assert min(count for _, count in favourites) > 350
    assert max(count for _, count in favourites) - min(count for _, count in favourites) < 25
    assert 100 < 4000 - sum(count for _, count in favourites) < 300
    others = Favourites(4, share=0.1)
    assert {item for item, _ in favourites} != {others.choice(items) for _ in range(10)}


def test_who_searches_long_looks_wider():
    rng, items = Favourites(3, share=0.01), list(range(1000))
    first = {rng.choice(items) for _ in range(190)}
    assert len({rng.choice(items) for _ in range(3000)}) > 20 * len(first)


def test_favourites_depend_on_the_seed_alone():
    """Not on addresses of objects or the hashes of one process."""
    code = """
from minigpt.corpus.templates.favourites import Favourites
rng = Favourites(5, share=0.1)
print([rng.choice([f'{i}{k}' for i in range(30 + k % 3)]) for k in range(300)], rng.sample([{'a': i} for i in range(40)], 5))
"""
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(3)}
    assert len(runs) == 1


def test_favourites_do_not_depend_on_where_functions_are() -> None:
    """A list of functions that is made anew each time is one list: its two favourites are dealt in turn."""
    rng = Favourites(3, share=0.1)
    kept = [[lambda: "a", lambda: "b", lambda: "c", lambda: "d"] for _ in range(200)]  # all at once: no address comes twice
    (_, most), (_, next_most) = Counter(rng.choice(some)() for some in kept).most_common(2)
    assert most - next_most <= 4
