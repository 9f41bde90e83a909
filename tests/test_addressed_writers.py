"""What a text is for and about: toasts, letters and diaries of people that a prompt names, invitations, complaints, and verse and stories
whose hero is what was asked for."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import cache
from itertools import islice

import pytest
from occasion_checks import check

from minigpt.corpus.documents import Document
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import able, forms_for, write_documents
from minigpt.corpus.templates.poetry_haiku import hour_of


@cache
def documents(prompt: str, count: int = 12, seed: int = 3) -> tuple[Document, ...]:
    return tuple(islice(write_documents(understand(prompt), random.Random(seed)), count))


@pytest.mark.parametrize(
    ("prompt", "said", "never"),
    [
        ("birthday speeches for my father", r"\bDad\b.*\bbirthday\b", r"\bfathers\b"),
        ("a toast to my grandmother", r"\bGrandma\b", r"\bgrandmothers\b"),
        ("love letters to my wife", r"(?:Dear|Dearest|My dear) [A-Z]\w+,", r"\bwi(?:fe|ves) of\b|\bwives\b|marry me"),
        ("thank-you notes to my teacher", r"^Dear ", r"\bteachers\b"),
        ("letters to my grandmother", r"\bGrandma\b", r"\bSubject:|\bgrandmothers\b"),
        ("obituaries for my grandmother", r"\b(?:she|her)\b", r"\bgrandmothers\b|\bhe (?:was|worked|did)\b"),
        ("complaint letters about a hotel", r"(?s)hotel.*hotel|Hotel.*hotel", r"\babout hotels\b"),
        ("complaint letters about late trains", r"\btrain\b", r"\babout late trains\b"),
        ("postcards from Italy", r", Italy,", r"\bItaly's|of Italy\b"),
        ("diary entries of a teenager", r"day, [A-Z]", r"\bmy mother-in-law|\bpensioners|\bretirement"),
        ("business emails to customers", r"^Subject: ", r"\b(?:guide to|survey on|report on|day on|about) customers\b"),
    ],
)
def test_a_text_is_for_whom_the_prompt_names_and_not_about_them(prompt: str, said: str, never: str) -> None:
    for document in documents(prompt):
        assert re.search(said, document.text, re.DOTALL), document.text
        assert not re.search(never, document.text), document.text
        assert not check(document.text, understand(prompt)) or document.origin["category"] == "general", document.text


@pytest.mark.parametrize("prompt", ["party invitations", "wedding invitations", "invitations to a talk on bees"])
def test_an_invitation_says_where_and_when_and_wants_an_answer_before(prompt: str) -> None:
    for document in documents(prompt, 20):
        assert document.origin["form"] == "invitation"
        assert re.search(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [A-Z]\w+ \d+", document.text), document.text
        assert re.search(r"\bby [A-Z]\w+ \d+", document.text), document.text
        assert not check(document.text, understand(prompt)), document.text


def test_speeches_at_a_wedding_are_toasts_and_stories_of_detectives_no_fables() -> None:
    assert forms_for(understand("a speech at my best friend's wedding")) == ("toast",)
    assert forms_for(understand("detective stories")) == ("story",)
    assert "fable" in forms_for(understand("fairy tales"))


@pytest.mark.parametrize(
    ("prompt", "said", "never"),
    [
        ("wedding vows about trains", r"\btrains\b", r"\bbread\b(?! and a good)|\bfootball\b"),
        ("wedding vows for a groom", "", r"\bgrooms?\b"),
        ("wedding vows to my wife", "", r"\bwife\b|\bwives\b"),
        ("wedding vows of a programmer", r"\b(?:programs|computers|software|code|programming)\b", r"\bprogrammers\b"),
    ],
)
def test_vows_are_about_what_is_asked_for_and_not_about_those_who_make_them(prompt: str, said: str, never: str) -> None:
    for document in documents(prompt):
        assert document.origin["form"] == "vow" and re.search(said, document.text), document.text
        assert not re.search(never, document.text), document.text


def test_letters_to_colleagues_are_to_all_of_them() -> None:
    for document in documents("Funny e-mails to colleagues in summer", 20):
        assert "\n\nDear colleagues,\n\n" in document.text, document.text
        assert "about colleagues" not in document.text, document.text


READERS = (
    ("letters to a landlord", "landlord"), ("letters to a bank", "bank"), ("complaints about trains", "train"),
    ("complaints about noise", "noise"),
    ("letters to the city council", "city council"), ("letters to a neighbour", "neighbour"), ("emails to a teacher", "teacher"),
    ("letters to the doctor", "doctor"), ("letters to an insurance company", "insurance company"), ("letters to a plumber", "plumber"),
    ("letters to a hotel", "hotel"), ("complaints to an airline", "flight"), ("emails to my internet provider", "internet provider"),
    ("letters to a library", "library"), ("letters to an online shop", "online shop"), ("letters to a gym", "gym"),
    ("letters to a bakery", "bakery"), ("emails to my accountant", "accountant"), ("letters to a flower shop", "flower shop"),
    ("letters to a restaurant", "restaurant"), ("letters to our lawyer", "lawyer"), ("e-mails to my boss", "boss"),
    ("letters to a vet", "vet"), ("letters to the mayor", "mayor"), ("letters to a sculptor", "sculptor"),
    ("letters to the editor", "editor"), ("letters to my electrician", "electrician"), ("letters about rent", "rent"),
)  # fmt: skip
OFFICE = r"\b(?:brochure|report|website|survey|manual|guide|workshop|seminar|discussion|open house) (?:on|to)\b"


@pytest.mark.parametrize(("prompt", "said"), READERS)
def test_a_letter_to_somebody_is_about_what_one_writes_to_them(prompt: str, said: str) -> None:
    """It names the reader as the prompt does, says no word about brochures, and letters to one reader are of several sorts."""
    texts = [document.text for document in documents(f"A GPT that writes {prompt}", 40)]
    for text in texts:
        assert text.startswith("Subject: ") and re.search(r"\n\nDear [A-Z]", text), text
        assert re.search(rf"\b{said}", text) and not re.search(OFFICE, text), text
    subjects = {re.sub(r"[A-Z]\w+|\d+", "#", text.split("\n")[0]) for text in texts}
    assert len(texts) == 40 and len(subjects) >= 5, subjects


@pytest.mark.parametrize(("prompt", "said"), [
    ("customer support e-mails", r"Case|case|order|apologize|delivery"),
    ("minutes of meetings", r"[Mm]inutes of|talk of|conversation of|next steps|agreed"),
    ("letters to the editor about trains", r"about trains"), ("letters to a bank about loans", r"\bloan"),
])  # fmt: skip
def test_a_letter_is_of_the_sort_that_is_asked_for(prompt: str, said: str) -> None:
    for document in documents(f"A GPT that writes {prompt}"):
        assert document.origin["form"] == "email" and re.search(said, document.text), document.text
        assert not re.search(r"customer supports|on meetings", document.text), document.text


def test_talks_in_a_cafe_are_talks() -> None:
    assert able(understand("daily conversations at a cafe")).category == "general"


def test_one_mouse_is_the_hero_and_keeps_the_name() -> None:
    for document in documents("stories about a brave mouse"):
        if document.origin["form"] == "story":
            name = Counter(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", document.text)).most_common(1)[0][0]
            assert re.search(
                rf"brave mouse (?:called |named )?{name}|{name}, the brave mouse|{name}.{{0,120}}brave mouse", document.text
            ), document.text
            assert document.text.count(name) >= 8, document.text


def test_stories_set_in_a_town_happen_there() -> None:
    for document in documents("stories set in Paris"):
        assert re.search(r"\b(?:street|lane|part) (?:in|of) Paris\b", document.text), document.text


@pytest.mark.parametrize(("prompt", "hero"), [("limericks about teachers", "teacher"), ("limericks about cats", "cat")])
def test_a_limerick_is_about_its_hero(prompt: str, hero: str) -> None:
    for document in documents(prompt):
        assert re.search(rf"\b{hero} (?:from|of|in) [A-Z]", document.text), document.text


def test_haiku_of_cats_have_cats_and_one_hour() -> None:
    for document in documents("haiku about cats", 30):
        for poem in re.findall(r"(?m)^(.+(?:,| -|\.\.\.))\n(.+[.;:])\n(.+\.)$", document.text):
            assert re.search(r"\b(?:cat|kitten|tomcat)\b", poem[1]), poem
            assert not (hour_of(poem[0]) and hour_of(poem[2])) or hour_of(poem[0]) == hour_of(poem[2]), poem


@pytest.mark.parametrize("prompt", ["wedding toasts", "thank-you notes", "postcards", "diary entries", "complaint letters", "obituaries"])
def test_no_sentence_is_in_every_document(prompt: str) -> None:
    """Without names and numbers, no sentence comes in more than two fifths of the documents of a form."""
    said: Counter[str] = Counter()
    for document in documents(prompt, 60):
        plain = re.sub(r"\b[A-Z]\w+|\d+", "#", document.text)
        said.update({sentence for sentence in re.split(r"(?<=[.?!])\s+", plain) if len(sentence.split()) > 5})
    assert said.most_common(1)[0][1] <= 24, said.most_common(3)
