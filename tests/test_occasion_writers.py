"""The kinds of text that have a name of their own: a prompt that names one gets it, about what the rest of the prompt says, and each
keeps the promises of its kind."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from datetime import date
from functools import cache
from itertools import islice, pairwise

import pytest
from occasion_checks import check
from verse_checks import faults_of_shanty, faults_of_spell

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.describe import named as called
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, forms_for, write_documents
from minigpt.corpus.templates.occasion_subjects import named, plural, subject
from minigpt.corpus.words import load_words

NAMES = tuple(FORMS["occasion"])
TOPICS = ("programmers", "kettle", "badgers", "a wedding", "the moon landing")
# No topic and one for make test, all of them for make slow: every form with each of them is many thousand texts.
ALL = [topic if topic in ("", "programmers") else pytest.param(topic, marks=pytest.mark.slow) for topic in ("", *TOPICS)]
WORDS = load_words("occasion")
REQUESTS = tuple(Request("occasion", (form,), topics=("kettles",)) for form in NAMES if form not in ("shanty", "spell"))
VARIED = ("shanty", "spell", "riddle", "horoscope", "changelog", "commits", "weather", "quote")
# A form in verse, one of play and one of prose, a thousand texts each; make slow has all forms.
FEW = ("shanty", "riddle", "toast")
MANY = [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


@cache
def texts(form: str, topic: str = "", count: int = 40, seed: int = 4, **asked: str) -> tuple[str, ...]:
    """So many documents of a form."""
    request = Request("occasion", (form,), topics=(topic,) if topic else (), **asked)
    return tuple(document.text for document in islice(write_documents(request, random.Random(seed)), count))


def sentences(text: str) -> set[str]:
    """The sentences of at least four words, without speakers, numbers and labels."""
    lines = [re.sub(r"^(?:[A-Z]\w+: |- |\d+\. |What was (?:not|good): )", "", line) for line in text.split("\n")]
    return {sentence for line in lines for sentence in re.split(r"(?<=[.?!]) ", line) if len(sentence.split()) >= 4}


# ---- recognition -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "form", "topics"),
    [
        ("pirate sea shanties", "shanty", ("pirate",)),
        ("Write me a shanty", "shanty", ()),
        ("horoscopes for programmers", "horoscope", ("programmers",)),
        ("a GPT that writes horoscopes", "horoscope", ()),
        ("wedding toasts", "toast", ("wedding",)),
        ("toasts for a retirement party", "toast", ("a retirement party",)),
        ("best man speeches", "toast", ()),
        ("speeches about climate change", "speech", ("climate change",)),
        ("product reviews of kettles", "review", ("kettles",)),
        ("toaster reviews", "review", ("toaster",)),
        ("D&D quests", "quest", ("fantasy",)),
        ("Shakespearean insults", "insult", ()),
        ("commit messages for a Rust project", "commits", ("a rust project",)),
        ("riddles about badgers", "riddle", ("badgers",)),
        ("funny riddles for children", "riddle", ()),
        ("dad jokes about dogs", "joke", ("dogs",)),
        ("puns about cheese", "joke", ("cheese",)),
        ("spells for witches", "spell", ("witches",)),
        ("love letters to a robot", "love letter", ("a robot",)),
        ("a love letter to coffee", "love letter", ("coffee",)),
        ("weather reports for Mars", "weather", ("mars",)),
        ("FAQ about chess", "faq", ("chess",)),
        ("how-to guides for knitting", "howto", ("knitting",)),
        ("gardening tutorials", "howto", ("gardening",)),
        ("release notes", "changelog", ()),
        ("tweets about space", "posts", ("space",)),
        ("postcards from Italy", "postcard", ("italy",)),
        ("captain's logs from a spaceship", "log", ("a spaceship",)),
        ("Christmas toasts", "toast", ("christmas",)),
        ("obituaries for umbrellas", "obituary", ("umbrellas",)),
        ("classified ads", "classified ad", ()),
        ("ads for bicycles", "advertisement", ("bicycles",)),
        ("museum labels for toys", "label", ("toys",)),
        ("motivational quotes for runners", "quote", ("runners",)),
        ("prophecies about dragons", "prophecy", ("dragons",)),
        ("proverbs about the sea", "proverb", ("the sea",)),
        ("blessings for travelers", "blessing", ("travelers",)),
        ("to-do lists of a wizard", "to-do list", ("a wizard",)),
        ("travel guides to Paris", "travel", ("paris",)),
        ("complaint letters about neighbors", "complaint letter", ("neighbors",)),
        ("apology letters from a cat", "apology", ("a cat",)),
        ("bedtime rituals for toddlers", "bedtime ritual", ()),
        ("dream diaries", "dream", ()),
    ],
)
def test_a_kind_that_is_named_is_written(prompt: str, form: str, topics: tuple[str, ...]) -> None:
    request = understand(prompt)
    assert (request.category, request.forms, request.topics) == ("occasion", (form,), topics)
    assert request.confidence > 0.7 and describe(request)[0].startswith(called("occasion", (form,)))


@pytest.mark.parametrize(
    ("prompt", "category"),
    [
        ("stories about a spell", "poetry"), ("poems about a quest", "poetry"), ("a song about a toast", "poetry"),
        ("a story about the prayer of a monk", "poetry"), ("love songs", "poetry"), ("sonnets about the moon", "poetry"),
        ("news about a speech", "general"), ("spelling lessons", "general"), ("a GPT that helps with spelling", "general"),
        ("business letters", "general"), ("code reviews", "technical"), ("JavaScript tutorials for professionals", "technical"),
        ("a recipe for a toast", "cooking"), ("restaurant menus", "cooking"), ("how to train a dog", "topic"),
        ("a grumpy wizard", "persona"),
        ("medieval falconry", "topic"),
    ],
)  # fmt: skip
def test_a_kind_that_is_only_a_subject_is_not_written(prompt: str, category: str) -> None:
    assert understand(prompt).category == category


def test_every_name_of_a_kind_is_read_in_singular_and_plural() -> None:
    (table,) = TABLES["narrow"]["occasion"]
    for name, forms in table.items():
        assert understand(f"{name} about badgers").forms == tuple(forms), name
        assert understand(f"{plural(name)} about badgers").forms == tuple(forms), name


def test_several_kinds_are_all_written() -> None:
    parts = understand("sea shanties, riddles and haiku about rain").parts
    assert [(part.category, part.forms[0], part.topics) for part in parts] == [
        ("occasion", "shanty", ("rain",)), ("occasion", "riddle", ("rain",)), ("poetry", "haiku", ("rain",)),
    ]  # fmt: skip
    documents = list(islice(write_documents(understand("riddles and jokes"), random.Random(1)), 40))
    assert {document.origin["kind"] for document in documents} == {"riddles", "jokes"}


# ---- subjects --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "topic", "field", "many"),
    [
        ("pirate sea shanties", "pirates", "pirates", True), ("wedding toasts", "weddings", "weddings", True),
        ("riddles about a badger", "badgers", "animals", True), ("Christmas toasts", "Christmas", "christmas", False),
        ("postcards from Italy", "Italy", "any", False), ("falconry shanties", "falconry", "any", False),
        ("jokes about the fall of Rome", "the fall of Rome", "history", False), ("FAQs for an API", "APIs", "any", True),
        ("commit messages for a Rust project", "Rust", "programming", False), ("best man speeches", "best men", "weddings", True),
        ("movie reviews", "movies", "art", True), ("chess riddles", "chess", "games", False), ("sheep jokes", "sheep", "farms", True),
        ("speeches on climate change", "climate change", "any", False), ("owl riddles", "owls", "animals", True),
    ],
)  # fmt: skip
def test_the_subject_of_a_prompt(prompt: str, topic: str, field: str, many: bool) -> None:
    found = subject(random.Random(0), WORDS, understand(prompt))
    assert (found.topic, found.field, found.many) == (topic, field, many)


def test_every_field_has_words_enough() -> None:
    assert len(WORDS["fields"]) >= 40
    for name, field in WORDS["fields"].items():
        assert min(len(field[key]) for key in ("person", "place", "doing", "trouble", "joy")) >= 6, name
        assert len(field["thing"]) >= 12, name
        for key in ("trouble", "joy"):
            assert all(re.match(r"(?:an?|the|leaves) ", entry) for entry in field[key]), (name, key)
        for key in ("trouble", "joy", "place"):
            for article, word in re.findall(r"\b(an?) (\w+)", " ".join(field[key])):
                assert (article == "an") == starts_with_vowel_sound(word), (name, word)


@pytest.mark.parametrize("topic", ALL[1:])
@pytest.mark.parametrize("form", NAMES)
def test_a_text_names_its_topic_twice_and_speaks_of_its_subject(form: str, topic: str) -> None:
    about = named(WORDS, topic, topic)
    words = {word.lower() for rows in about.lists.values() for row in rows for word in row.split() if len(word) > 3}
    counts = []
    for text in texts(form, topic):
        low = text.lower()
        assert max(low.count(about.topic), low.count(about.short or about.topic)) >= 2, text
        counts.append(sum(word in words or word.removesuffix("s") in words for word in re.findall(r"[a-z'-]+", low)))
    assert sorted(counts)[len(counts) // 2] >= 5, (form, topic)  # the rest is its story


@pytest.mark.parametrize("form", MANY)
def test_two_subjects_have_hardly_a_sentence_in_common(form: str) -> None:
    if form == "tongue twister":  # which are sounds, whatever they are for
        return
    drawn = (("pirates", 4), ("a wizard's tower", 5))  # the same seed would draw the same words from lists that have no topic
    one, other = (set().union(*map(sentences, texts(form, topic, seed=seed))) for topic, seed in drawn)
    most = 0.12 if form in VARIED else 0.45  # a plot may come again with another subject
    assert len(one & other) < most * min(len(one), len(other)), form


# ---- all forms -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ALL)
@pytest.mark.parametrize("form", NAMES)
def test_a_text_is_filled_in_cleanly(form: str, topic: str) -> None:
    for text in texts(form, topic):
        assert 45 <= len(text.split()) <= 350, text
        assert not re.search(r"[{}\[\]|~<>]|\ba\(n\)|\S  |\.\.| ,| \.|\bNone\b", text), text
        assert not re.search(r"\b([a-z]+) \1\b", text), text
        for line in text.split("\n"):
            parts = re.split(r"(?<=[.?!]) ", re.sub(r"^(?:- |\d+\. )", "", line))
            small = [part for part in parts if re.match(r"[a-z]", part)]
            assert not small or form in ("commits", "posts"), small
        for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
            assert (article.lower() == "an") == starts_with_vowel_sound(word), f"{article} {word}"


@pytest.mark.parametrize("form", MANY)
def test_a_form_is_varied(form: str) -> None:
    """No text twice in a thousand; of the sentences of thirty texts about one thing, few come in two."""
    some = texts(form, "kettles", 1000)
    assert len(set(some)) == 1000
    counts = Counter(sentence for text in some[:30] for sentence in sentences(text))
    shared = sum(number for number in counts.values() if number > 1) / counts.total()
    assert shared < (0.3 if form in VARIED else 0.9)  # the others tell some ten ideas, so that thirty texts meet again


def test_the_same_seed_gives_the_same_texts() -> None:
    def first(seed: int) -> list[str]:
        request = Request("occasion", NAMES, topics=("owls",))
        return [document.text for document in islice(write_documents(request, random.Random(seed)), 2 * len(NAMES))]

    assert first(5) == first(5) != first(6)


def test_words_that_are_left_out_do_not_occur() -> None:
    request = understand("sea shanties without rum and whales")
    assert request.without == ("rum", "whale") and request.forms == ("shanty",)
    for document in islice(write_documents(request, random.Random(2)), 80):
        assert not re.search(r"\b(?:rum|whales?)\b", document.text, re.IGNORECASE)


def test_children_and_formal_readers_are_spared() -> None:
    for text in texts("shanty", "pirates", 60, audience="children"):
        assert not re.search(r"\b(?:rum|ale|beer|tavern)\b", text.lower())
    for form in ("toast", "joke", "posts"):
        assert not any(re.search(r"!|\b(?:do|is|ca|wo)n't\b", text) for text in texts(form, "owls", tone="formal"))


@pytest.mark.parametrize("form", ["shanty", "riddle", "joke", "faq", "changelog", "commits", "posts", "speech", "to-do list", "howto"])
def test_length(form: str) -> None:
    mean = {}
    for length in ("short", "", "long"):
        asked = {"length": length} if length else {}
        some = texts(form, "kettles", **asked)
        mean[length] = sum(len(text.split()) for text in some) / len(some)
    assert mean["short"] < mean[""] and (mean[""] < mean["long"] or form == "howto")


# ---- one by one ------------------------------------------------------------------------------------------------------------------


def test_call_and_response_alternate_and_calls_rhyme() -> None:
    for text in texts("shanty", "pirates", 100):
        assert faults_of_shanty(text) == [], text
        marks = [line.split(":")[0] for line in text.split("\n") if line.startswith(("Caller", "Crew"))]
        assert marks == ["Caller", "Crew"] * (len(marks) // 2) and len(marks) >= 12


def test_the_words_of_a_spell_rhyme() -> None:
    for text in texts("spell", "owls", 100):
        assert faults_of_spell(text) == [], text
        assert text.count("\n- ") >= 4 and re.search(r"(?m)^1\. ", text) and "\nWarning: " in text


def test_a_riddle_has_clues_a_question_and_an_answer_that_it_keeps_to_itself() -> None:
    for text in texts("riddle", "programmers", 100):
        before, after = text.split("\n\nAnswer: ")
        answer = re.match(r"(?:an? )?([\w ]+)\.", after)
        assert answer is not None and "?" in before and before.count("\n") >= 4
        clues = before.split("\n\n")[2]
        assert not re.search(rf"\b{answer[1]}s?\b", clues.replace("programmers", "")), text
        letters = re.findall(r'My \w+ is in "(\w+)", but not in "(\w+)"', clues)
        assert not letters or len(letters) == len(answer[1])
        for letter, (inside, outside) in zip(answer[1], letters, strict=False):
            assert letter in inside and letter not in outside


def test_speakers_of_jokes_take_turns() -> None:
    for text in texts("joke", "dogs", 100):
        speakers = [line.split(": ")[0] for line in text.split("\n")[2:]]
        assert len(set(speakers)) == 2 and all(a != b for a, b in pairwise(speakers)), text
        for line in text.split("\n")[2:]:
            speaker, said = line.split(": ", 1)
            assert not re.search(rf"\b{speaker}\b", said), line


def test_a_horoscope_has_all_twelve_signs_in_order() -> None:
    signs = [name for name, _ in WORDS["signs"]]
    assert len(signs) == 12
    for text in texts("horoscope", "programmers", 60):
        assert re.findall(r"(?m)^(\w+): ", text) == signs
        assert re.search(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?: horoscope)?, [A-Z]\w+ (?:[1-9]|1\d|2[0-8])\b", text)


def test_a_toast_is_about_one_person_and_raises_the_glass() -> None:
    for text in texts("toast", "weddings", 60):
        assert re.search(r"\bglass(?:es)?\b", text) and not re.search(r"\b1th|\b2th|\b3th|1[123](?:st|nd|rd)", text)
        name = re.search(r"[Tt]o ([A-Z]\w+)", text.split("\n\n")[-1])
        assert name is not None and text.count(name[1]) >= 3


def test_the_stars_of_a_review_fit_its_words() -> None:
    number = {"One": 1, "Two": 2, "Three": 3, "Four": 4, "Five": 5}
    for text in texts("review", "kettles", 120):
        stars = int(re.search(r"\n(\d) of 5 stars\n", text)[1])  # type: ignore[index]
        verdict = text.split("\n\n")[-1]
        said = re.search(r"\b(One|Two|Three|Four|Five)(?: well-earned)? stars?\b", verdict)
        assert said is not None and number[said[1]] == stars
        assert ("What was good: " in text) == (stars > 1) and ("What was not: " in text or stars == 5)


def test_questions_have_answers() -> None:
    for text in texts("faq", "owls", 60):
        blocks = [block for block in text.split("\n\n") if block.startswith("Q: ")]
        assert len(blocks) >= 4
        for block in blocks:
            question, answer = block.split("\n")
            assert question.endswith("?") and answer.startswith("A: ") and answer.endswith(".")


def test_steps_are_numbered_from_one() -> None:
    for form in ("howto", "bedtime ritual", "spell"):
        for text in texts(form, "owls", 60):
            steps = [int(step) for step in re.findall(r"(?m)^(\d+)\. ", text)]
            assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 3


def test_versions_and_dates_fall_from_the_newest_to_the_oldest() -> None:
    for text in texts("changelog", "owls", 100):
        entries = re.findall(r"(?m)^Version (\d+)\.(\d+)\.(\d+) \((\d{4}-\d\d-\d\d)\)$", text)
        assert len(entries) >= 2
        for newer, older in pairwise(entries):
            assert tuple(map(int, newer[:3])) > tuple(map(int, older[:3]))
            assert date.fromisoformat(newer[3]) > date.fromisoformat(older[3])
        assert all("- Fixed: " in block for block in text.split("\n\n") if re.match(r"Version \d+\.\d+\.[1-9]", block))


def test_commit_messages_are_conventional_and_counted() -> None:
    for text in texts("commits", "Rust", 60):
        lines = re.findall(r"(?m)^[0-9a-f]{7} (?:feat|fix|docs|refactor|test|chore)\([a-z]+\): [a-z].*[^.]$", text)
        said = re.search(r"\b(\d+) commits", text.split("\n\n")[-1])
        assert said is not None and int(said[1]) == len(lines) >= 6


def test_temperatures_of_a_day_are_in_order() -> None:
    for text in texts("weather", "kites", 60):
        low, high, night = (int(number) for number in re.findall(r"\b(-?\d+) degrees", text))
        assert low < high and night < high


def test_the_tables_are_plain_text() -> None:
    for name in ("toast", "quest", "review"):
        assert json.dumps(WORDS[name]).isascii()


@pytest.mark.parametrize("topic", [*ALL[1:], pytest.param("umbrellas", marks=pytest.mark.slow), "Italy"])
@pytest.mark.parametrize("form", [name for name in NAMES if name not in ("shanty", "spell")])
def test_a_reader_finds_no_fault(form: str, topic: str) -> None:
    request = Request("occasion", (form,), topics=(topic.lower(),), names=("Italy",) if topic == "Italy" else ())
    for document in islice(write_documents(request, random.Random(7)), 12):
        assert not check(document.text, request), document.text
        assert document.origin["idea"].startswith(forms_for(request)[0])  # speeches at a wedding are toasts


def test_the_checks_find_faults() -> None:
    bad = {
        "Five Slogans for Owls\n\n1. Owls.\n2. More owls.": "lines in the title",
        "Version 1.1.0 (2019-01-01)\n- Fixed: x.\n\nVersion 1.0.0 (2019-05-01)\n- Added: owls.": "above",
        "Ada Pryce, 1990 to 1999\n\nOwls.": "lived",
        "Owls: fine\n4 of 5 stars\n\nOwls. Three stars.": "stars, said",
        "Dear Ada,\n\nOwls.\n\nYours,\nAda": "writes to",
        "A owl and the the owls.": "twice",
    }
    for text, fault in bad.items():
        assert any(fault in found for found in check(text, Request("occasion", ("posts",), topics=("owls",)))), text
