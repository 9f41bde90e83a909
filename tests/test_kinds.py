"""A prompt that lists several kinds of text gets all of them, in equal shares, or the plan says which are left out."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ollama_server import Reply, serve, words

from minigpt.corpus.choose.refine import even_share, refine
from minigpt.corpus.choose.topicality import topicality
from minigpt.corpus.documents import Document
from minigpt.corpus.english import plurals
from minigpt.corpus.gather import Gathering
from minigpt.corpus.ollama.limits import Limits
from minigpt.corpus.ollama.plan import built_in, draw
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings
from minigpt.corpus.ollama.turns import Turns
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.prompt.lexicon import TABLES, keys
from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.request import Request
from minigpt.corpus.sources import LEAST_OF_A_KIND, Templates
from minigpt.corpus.templates import FORMS, write_documents


def kinds(prompt: str) -> list[tuple[str, str]]:
    """The category and the name of every kind that templates write."""
    return [(part.category, part.kind) for part in understand(prompt).parts]


# ---- what a prompt lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("limericks, recipes and memos", "poetry limericks, cooking recipes, general memos"),
        ("A GPT that writes songs and recipes", "poetry songs, cooking recipes"),
        ("news, fables and Python code", "general news, poetry fables, technical python code"),
        ("lessons & haiku", "general lessons, poetry haiku"),
        ("poems/dialogues", "poetry poems, general dialogues"),
        ("recipes + limericks", "cooking recipes, poetry limericks"),
        ("recipes\n- songs\n- memos", "cooking recipes, poetry songs, general memos"),
        ("1. recipes 2. songs 3. memos", "cooking recipes, poetry songs, general memos"),
        ("Write fables. Also write menus.", "poetry fables, cooking menus"),
        ("ballads as well as e-mails", "poetry ballads, general e-mails"),
        ("poems plus recipes", "poetry poems, cooking recipes"),
        ("sonnets or desserts", "poetry sonnets, cooking desserts"),
        ("not only recipes but also poems", "cooking recipes, poetry poems"),
        ("a bot for fairy tales, news summaries, and REST API docs", "poetry fairy tales, general news summaries, technical API docs"),
        ("haiku about rain, recipes with pumpkin and letters in French", "poetry haiku, cooking recipes, general letters"),
        ("poems about the sea, recipes with mushrooms and letters to a chef", "poetry poems, cooking recipes, general letters"),
        ("recipes, haiku about autumn and letters", "cooking recipes, poetry haiku, general letters"),
        ("a recipe for a good API and a poem", "technical recipe, poetry poem"),
        ("recipes and Python code", "cooking recipes, technical python code"),
        ("recipes and soups", "cooking recipes, cooking soups"),
        ("stews and recipes", "cooking stews, cooking recipes"),
        ("stories without dragons and recipes without nuts", "poetry stories, cooking recipes"),
        ("Kürbissuppe und Pilzrezepte", "cooking suppe, cooking rezepte"),
        ("Gedichte und Kurzgeschichten", "poetry gedichte, poetry kurzgeschichten"),
        ("诗歌和食谱", "poetry 诗歌, cooking 食谱"),
        ("half poems, half recipes", "poetry poems, cooking recipes"),
        ("either quizzes or fables", "general quizzes, poetry fables"),
        ("A GPT about recipes and poems", "cooking recipes, poetry poems"),
        ("A cooking GPT that writes poems and menus", "poetry poems, cooking menus"),
        ("cooking and poetry", "cooking cooking, poetry poetry"),
        ("a mix of news and short stories", "general news, poetry short stories"),
        ("songs, ballads and stories", "poetry songs, poetry ballads, poetry stories"),
        ("soups, salads and desserts", "cooking soups, cooking salads, cooking desserts"),
        ("e-mails, letters and memos", "general e-mails and letters, general memos"),
        ("RECIPES AND POEMS", "cooking recipes, poetry poems"),
        ("Märchen, Gedichte und Rezepte", "poetry märchen, poetry gedichte, cooking rezepte"),
        ("recettes et poèmes", "cooking recettes, poetry poèmes"),
        ("俳句とレシピ", "poetry 俳句, cooking レシピ"),
    ],
)
def test_every_kind_in_a_list_is_asked_for(prompt: str, expected: str) -> None:
    request = understand(prompt)
    assert ", ".join(" ".join(kind) for kind in kinds(prompt)) == expected
    assert request.unwritten == ()
    assert all(part.forms and set(part.forms) <= set(FORMS[part.category]) and part.confidence > 0 for part in request.parts)


@pytest.mark.parametrize(
    "prompt",
    [
        "stories about a chef", "a recipe for a good API", "poems about letters", "songs for programmers", "letters to a chef",
        "poems about recipes and letters", "poems about recipes, letters and songs", "poems about the sea, songs and stars",
        "stories about a boy, his recipes and his letters", "songs with verses and a chorus", "stories with a song and a poem",
        "recipes like songs", "a story in letters", "recipes written as haiku and songs", "a poem that is also a recipe",
        "A GPT that turns recipes into poems and songs", "conversations about poems and recipes", "songs that tell a story",
        "stories, no poems", "not recipes but poems", "news summaries", "story and tale", "cookie recipes", "recipe: chocolate cake",
        "poems such as haiku and limericks", "soup, a good recipe", "lyrics and songs", "Gedichte über Rezepte und Briefe",
        "レシピについての詩", "code for poems and recipes", "a song about code and poems", "stories about cooking, recipes and love",
    ],
)  # fmt: skip
def test_a_kind_that_is_a_subject_or_belongs_to_another_is_none(prompt: str) -> None:
    request = understand(prompt)
    assert (request.others, request.unwritten, request.kind) == ((), (), "")


NAMES = {
    "recipes": "cooking", "poems": "poetry", "haiku": "poetry", "stories": "poetry", "songs": "poetry", "limericks": "poetry",
    "python code": "technical", "API docs": "technical", "e-mails": "general", "news": "general", "lessons": "general",
    "dialogues": "general", "memos": "general",
}  # fmt: skip


@given(
    st.lists(st.sampled_from(sorted(NAMES)), min_size=2, max_size=6, unique=True),
    st.sampled_from([" and ", ", ", "; ", " & ", " / ", " or ", "\n", "\n- ", " + ", " | ", ", as well as "]),
    st.sampled_from(["", "A GPT that writes ", "I'd like ", "a bot for ", "A funny GPT for children that creates "]),
    st.sampled_from(["", ".", " about the sea", " for beginners", " in French"]),
)
@settings(max_examples=25)
def test_any_list_of_kinds_is_read_whole(listed: list[str], joint: str, before: str, behind: str) -> None:
    prompt = before + joint.join(listed) + behind
    assert kinds(prompt) == [(NAMES[name], name) for name in listed], prompt


@pytest.mark.slow
@given(
    st.lists(
        st.sampled_from([*keys(), "riddles", "toasts", "palindromes", *",;:&("] + [" and ", "about", "for", "with"] * 40), max_size=15
    ).map(" ".join)
)
@settings(max_examples=60)
def test_any_text_gives_parts_that_can_be_written(prompt: str) -> None:
    request = understand(prompt)
    for part in request.parts:
        assert part.forms and set(part.forms) <= set(FORMS[part.category]) and not part.others
        assert part.confidence > 0 or part == request
    assert len({part.kind for part in request.kinds}) == len(request.kinds)
    assert all(line and "\n" not in line for templates in (True, False) for line in describe(request, templates))


def test_a_kind_of_many_forms_leaves_those_to_others_that_they_name() -> None:
    recipes, stews = understand("recipes and beef stews").parts
    assert stews.forms == ("soup", "curry") and stews.ingredients == ("beef",)
    assert {"salad", "cake"} < set(recipes.forms) and not {"soup", "curry"} & set(recipes.forms) and recipes.ingredients == ()


def test_a_diet_of_one_kind_spares_another_that_cannot_keep_to_it() -> None:
    assert [part.diets for part in understand("vegan cakes and beef stews").parts] == [("vegan",), ()]
    assert [part.diets for part in understand("vegan cakes and mushroom stews").parts] == [("vegan",), ("vegan",)]


def test_the_manner_of_a_later_kind_is_its_own() -> None:
    def manner(prompt: str) -> list[tuple[str | None, str | None]]:
        return [(part.tone, part.length) for part in understand(prompt).parts]

    assert manner("poems and funny short stories") == [(None, None), ("fun", "short")]
    assert manner("funny stories and poems") == [("fun", None), ("fun", None)]
    assert manner("poems and stories, short and funny") == [("fun", "short")] * 2
    assert [part.cuisines for part in understand("soups and Italian desserts").parts] == [(), ("italian",)]


def test_words_of_quantity_are_no_topics() -> None:
    for prompt in (
        "half poems, half recipes",
        "mostly poems and the occasional recipe",
        "either poems or recipes",
        "equal parts poems and recipes",
    ):
        assert [part.topics for part in understand(prompt).parts] == [(), ()]


def test_a_form_belongs_to_one_kind_alone() -> None:
    for prompt in ("poems and haiku", "songs and ballads", "stories, fables and songs", "recipes, desserts and cakes", "docs and code"):
        parts = understand(prompt).parts
        forms = [(part.category, form) for part in parts for form in part.forms]
        assert len(forms) == len(set(forms)) and len(parts) == len(prompt.replace(" and", ",").split(", "))


def test_the_tables_name_kinds_that_prompts_are_read_by() -> None:
    for category, names in TABLES["kinds of text"].items():
        for name in names:
            assert any(name in words for words in TABLES["weights"][category].values()), name
            request = understand(f"{plurals(name)[1]} and {'memos' if category != 'general' else 'poems'}")
            assert category in {part.category for part in request.parts} and len(request.parts) == 2, name


# ---- subjects and constraints ------------------------------------------------------------------------------------------------------


def test_what_follows_the_list_holds_for_all_and_what_stands_inside_for_one() -> None:
    def topics(prompt: str) -> list[tuple[str, ...]]:
        return [part.topics for part in understand(prompt).parts]

    assert topics("poems and stories about the sea") == [("the sea",), ("the sea",)]
    assert topics("poems about love, and stories about the sea") == [("love",), ("the sea",)]
    assert topics("love songs and e-mails") == [("love",), ()]
    assert topics("love songs and ballads") == [("love",), ("love",)]
    assert topics("songs and letters to customers") == [(), ("customers",)]
    assert topics("recipes and poems about chefs") == [(), ("chefs",)]
    assert topics("news about chess, essays and poems") == [("chess",), ()]


def test_constraints_hold_for_every_kind_that_can_obey_them() -> None:
    poems, recipes = understand("A funny GPT for children that writes poems and vegan recipes without nuts").parts
    assert (poems.tone, poems.audience, poems.diets) == ("fun", "children", ())
    assert (recipes.tone, recipes.audience, recipes.diets, recipes.without) == ("fun", "children", ("vegan",), ("nut",))


def test_a_kind_keeps_its_own_constraints() -> None:
    assert [part.tone for part in understand("funny limericks and formal e-mails").parts] == ["fun", "formal"]
    assert [part.length for part in understand("short poems, long stories").parts] == ["short", "long"]
    assert [part.cuisines for part in understand("Italian pasta and Mexican tacos").parts] == [("italian",), ("mexican",)]
    songs, recipes, _ = understand("songs about apples, recipes with pumpkin and memos").parts
    assert (songs.topics, recipes.ingredients) == (("apples",), ("pumpkin",))
    cakes, soups = understand("cakes without eggs, soups without nuts").parts  # somebody may be allergic
    assert set(cakes.without) == set(soups.without) == {"egg", "nut"}


# ---- the plan ----------------------------------------------------------------------------------------------------------------------


def test_the_plan_names_every_kind_and_its_share() -> None:
    assert describe(understand("haiku, recipes and letters")) == ["haiku, recipes and letters, a third each"]
    assert describe(understand("haiku about rain, and formal memos")) == ["haiku about rain and memos in a formal tone, half each"]
    assert describe(understand("songs and recipes about rain, for children")) == [
        "songs and recipes, half each; both about rain, for children"
    ]


@pytest.mark.parametrize(
    ("prompt", "written", "unwritten"),
    [
        ("essays and recipes", ["recipes"], ("essays",)),
        ("menus, essays and jokes", ["menus", "jokes"], ("essays",)),
        ("poems, crossword clues and memos", ["poems", "memos"], ("crossword clues",)),
        ("haiku, palindromes and letters", ["haiku", "letters"], ("palindromes",)),
        ("blog posts and songs about trains", ["songs"], ("blog posts",)),
    ],
)
def test_kinds_without_a_writer_are_named(prompt: str, written: list[str], unwritten: tuple[str, ...]) -> None:
    request = understand(prompt)
    assert [part.kind for part in request.parts] == written and request.unwritten == unwritten
    assert not any(word in topic for part in request.parts for topic in part.topics for name in unwritten for word in name.split())
    line = next(line for line in describe(request) if line.startswith("templates cannot write"))
    assert line == f"templates cannot write {', '.join(unwritten)}; a local Ollama model can (--source ollama)"
    (taught,) = describe(request, templates=False)
    assert all(name in taught for name in (*written, *unwritten)) and "each" in taught


def test_a_kind_that_a_preset_does_not_write_is_told_and_is_no_topic() -> None:
    request = understand("recipes with pumpkin, haiku about rain and stories", "simple_cooking_recipes")
    assert (request.ingredients, request.topics, request.beside) == (("pumpkin",), (), ("haiku", "stories"))
    assert any("left out: haiku, stories" in line and "simple_cooking_recipes" in line for line in describe(request))
    request = understand("chats about poems and cooking", "daily_conversation_assistant")
    assert request.beside == () and "poems" in " ".join(request.topics)


def test_jokes_make_nothing_else_funny() -> None:
    assert [part.tone for part in understand("poems, jokes and memos").parts] == [None, "fun", None]


# ---- documents ---------------------------------------------------------------------------------------------------------------------


def test_documents_of_all_kinds_come_in_turn_and_name_their_kind() -> None:
    documents = list(islice(write_documents(understand("haiku, stories and recipes"), random.Random(1)), 120))
    sizes: Counter[str] = Counter()
    for document in documents:
        sizes[document.origin["kind"]] += len(document.text)
        assert document.origin["form"] in FORMS[document.origin["category"]]
    assert {document.origin["kind"] for document in documents[:3]} == set(sizes) == {"haiku", "stories", "recipes"}
    assert max(sizes.values()) - min(sizes.values()) < max(len(document.text) for document in documents)
    assert documents == list(islice(write_documents(understand("haiku, stories and recipes"), random.Random(1)), 120))
    assert "kind" not in next(write_documents(understand("stories about recipes"), random.Random(1))).origin


def test_a_kind_that_has_no_more_to_say_leaves_the_rest_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        FORMS, "topic", {"one": lambda rng, words, request: "text", "all": lambda rng, words, request: f"text {rng.random()}"}
    )
    request = Request("topic", ("one",), kind="a", others=(Request("topic", ("all",), kind="b"),))
    documents = list(islice(write_documents(request, random.Random(0)), 20))
    assert Counter(document.origin["kind"] for document in documents) == {"a": 1, "b": 19}


def kept(prompt: str, tokens: int, final_tokens: int, seed: int, full) -> Counter[str]:
    """Tokens of each kind in the corpus that is kept."""
    request, found = understand(prompt), Counter()
    for entry in Gathering(full, request).entries(Templates(request, tokens, final_tokens, seed, full), final_tokens):
        found[entry.document.origin["kind"]] += len(entry.ids)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "seed"),
    [
        ("recipes, haiku and letters", 1), ("recipes, haiku and letters", 2), ("e-mails, poems and python code", 3),
        ("a bot for short stories, news summaries, and REST API docs", 4), ("poems and news about floods", 5),
        ("soups, salads and desserts", 6),
    ],
)  # fmt: skip
def test_refinement_keeps_the_shares(prompt, seed, gpt2):
    found = kept(prompt, 6000, 4000, seed, gpt2)
    assert sorted(found) == sorted(part.kind for part in understand(prompt).parts)
    assert sum(found.values()) <= 4000
    for tokens in found.values():
        assert abs(tokens / sum(found.values()) - 1 / len(found)) < 0.07


def test_tokens_for_too_few_kinds_leave_out_the_last_ones_and_the_plan_says_so(gpt2):
    request = understand("haiku, recipes and letters")
    templates = Templates(request, 4000, 2 * LEAST_OF_A_KIND, 1, gpt2)
    assert templates.description[0] == "haiku and recipes, half each"
    assert "left out: letters (2,000 tokens are enough for 2 of 3 kinds; all need 3,000, see --final-tokens)" in templates.description
    assert {document.origin["kind"] for document in templates} == {"haiku", "recipes"}
    assert not any("left out" in line for line in Templates(request, 6000, 3 * LEAST_OF_A_KIND, 1, gpt2).description)
    alone = Templates(request, 2000, 500, 1, gpt2)
    assert alone.description[0] == "haiku" and "left out: recipes, letters" in alone.description[1]


# ---- refinement --------------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 200))
def test_an_even_share_uses_all_that_there_is(available: list[int], total: int) -> None:
    share = even_share(available, total)
    used = sum(min(share, tokens) for tokens in available)
    assert used <= total
    assert used == sum(available) or total - used < len(available)


def test_a_kind_is_not_refined_away() -> None:
    """A repetitive kind and a varied one are each half of what is kept; one that is too small leaves its tokens to the other."""
    rng = np.random.default_rng(0)
    dull = [Document(f"a word and a word and a word {i}", "template", {"form": "x", "kind": "dull"}) for i in range(40)]
    varied = [Document(" ".join(f"w{n}" for n in rng.integers(0, 9999, 9)), "template", {"form": "y", "kind": "varied"}) for _ in range(40)]
    request = Request("poetry", ("story",), kind="dull", others=(Request("general", ("news",), kind="varied"),))

    def count(documents: list[Document], total: int) -> Counter[str]:
        chosen = refine(documents, [9] * len(documents), total, request)
        assert [one.number for one in chosen] == sorted(one.number for one in chosen)
        assert all(one.document is documents[one.number] for one in chosen)
        return Counter(one.document.origin["kind"] for one in chosen)

    assert count(dull + varied, 360) == {"dull": 20, "varied": 20}
    assert count(dull[:5] + varied, 360) == {"dull": 5, "varied": 35}


def test_a_text_fits_a_request_of_several_kinds_if_it_fits_one() -> None:
    texts = ["Simmer the soup with onions and garlic.", "Yours sincerely, regarding the meeting on the budget."]
    both, soup, letter = (topicality(understand(prompt), texts) for prompt in ("recipes and letters", "recipes", "letters"))
    assert np.array_equal(both, np.maximum(soup, letter)) and soup.argmax() != letter.argmax()


# ---- a teacher ---------------------------------------------------------------------------------------------------------------------


def test_built_in_tables_ask_for_every_kind_in_its_own_words():
    prompt = "haiku about rain, recipes with pumpkin, letters, palindromes and riddles"
    request = understand(prompt)
    assert [kind.kind for kind in request.kinds] == ["haiku", "recipes", "letters", "riddles", "palindromes"]
    plan = built_in(prompt, request)
    assert {"a haiku of three lines", "a recipe for a soup", "a letter", "a palindrome", "a riddle and its answer"} <= set(plan.forms)
    turns, asked = Turns(request), {}
    for number in range(5):
        kind = turns.next()
        asked[kind.kind] = draw(turns.plan_for(kind, plan), prompt, kind, random.Random(number), [])
    assert list(asked) == [kind.kind for kind in request.kinds]
    assert "rain" in asked["haiku"].topic and "pumpkin" in asked["recipes"].topic and "rain" not in asked["letters"].topic


def test_turns_even_out_long_and_short_kinds_and_do_not_wait_for_one_that_fails():
    turns = Turns(understand("haiku, stories and riddles"))
    asked: Counter[str] = Counter()
    for _ in range(240):
        kind = turns.next().kind
        asked[kind] += 1
        if kind != "riddles":
            turns.add(kind, {"haiku": 20, "stories": 200}[kind])
    assert 8 < asked["haiku"] / asked["stories"] < 12
    assert 0 < asked["riddles"] < 120


def answers() -> Iterator[str]:
    rng = random.Random(5)
    while True:
        yield " ".join(f"{rng.choice('river lamp stone coat bell road salt tower'.split())}{rng.randrange(100)}" for _ in range(20)) + "."


def test_a_teacher_is_asked_for_all_kinds_in_turn(tmp_path):
    texts = answers()
    prompt, said = "riddles, recipes and letters", []
    limits = Limits(connection=1, first_byte=3, between_chunks=0.5, evaluation=0.5, generation=5, in_flight=1)
    with serve(lambda body, number: Reply(words(next(texts))), slots=1) as server:

        def write(tokens: int) -> list[Document]:
            with Teacher.connect(TeacherSettings(hosts=(server.url,), limits=limits), said.append, environment={}) as teacher:
                journal = tmp_path / "teacher.jsonl"
                return list(
                    write_with_ollama(teacher, prompt, understand(prompt), tokens, 1, journal, lambda t: len(t.split()), said.append)
                )

        first, more = write(180), write(360)
        asked = [body["prompt"] for body in server.writing()]
    assert more[: len(first)] == first
    counts = Counter(document.origin["kind"] for document in more)
    assert set(counts) == {"riddles", "recipes", "letters"} and max(counts.values()) - min(counts.values()) <= 1
    for form in ("riddle", "recipe", "letter"):
        assert sum(form in text for text in asked) >= 5


# ---- the whole way -----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_corpus_command_says_what_became_of_each_kind(tmp_path):
    command = [sys.executable, "-m", "minigpt", "corpus", "--prompt", "memos and limericks, essays", "--source", "template"]
    command += ["--initial-tokens", "4000", "--final-tokens", "2400", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=dict(os.environ), check=False)
    said = result.stderr + result.stdout
    assert result.returncode == 0, said
    assert "memos and limericks, half each" in said and "templates cannot write essays" in said
    lines = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["kind"] for line in lines} == {"memos", "limericks"}
    assert re.search(r"kinds: (4[5-9]|5[0-5])% \w+, (4[5-9]|5[0-5])% \w+", said)


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        *(("runbooks", "runbook"), ("failure analyses of systems", "failure_analysis"), ("capacity plans", "capacity")),
        *(("quick start documentation", "quick_start"), ("exercises for Python", "exercise"), ("code reviews", "review")),
    ],
)
def test_technical_kinds_by_their_names(prompt: str, form: str) -> None:
    """Not texts about the words."""
    request = understand(f"A GPT that writes {prompt}")
    assert (request.category, request.forms) == ("technical", (form,))


@pytest.mark.parametrize(
    "prompt", ["loops and functions in short texts", "variables, lists and strings", "if statements", "arrays and pointers"]
)
def test_words_of_programming_are_explained_with_code(prompt: str) -> None:
    """By the technical writers, not by a dictionary."""
    request = understand(f"A GPT that explains {prompt}")
    assert request.category == "technical"
    assert {"concept", "mistake", "session"} <= set(request.forms)
