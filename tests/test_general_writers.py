"""General documents, read without knowing the writers: their days, sums and names agree, and a dialogue takes turns."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import datetime
from itertools import islice, pairwise

import pytest
from general_checks import faults_of

from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able, covers, write_documents

DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b({DAYS}), ({MONTHS}) (\d{{1,2}})\b")
EACH = re.compile(r"(\d+) [a-z ]+? at (\d+) dollars (?:each|apiece), (\d[\d,]*) dollars in (?:total|all)")
TURN = re.compile(r"[A-Z][\w. ]{0,20}: \S.*[.!?\"]")
PRESETS = ("daily_conversation_assistant", "business_writer", "education_support", "news_summarizer")


MONTHS_OF = {
    "winter": "December|January|February", "spring": "March|April|May",
    "summer": "June|July|August", "autumn": "September|October|November",
}  # fmt: skip
CONTRACTED = re.compile(r"\b(?:I'm|don't|can't|it's|isn't|we'll|you're|let's|I'd|that's)\b", re.IGNORECASE)
GROWN = re.compile(r"(?i)\b(?:beer|wine|cocktail|mortgage|salary|debt|divorce|cigarette|whisky)s?\b")
NAMED = {
    "pets": "pet|dog|cat|rabbit|hamster|parrot|goldfish|puppy|kitten|guinea pig|tortoise|canary|animal",
    "music": "music|song|guitar|piano|violin|drum|flute|cello|trumpet|accordion|concert|choir|band|tune",
}
PROMPTS = (
    "A friendly assistant for everyday conversation", "A funny chat about pets for kids", "Formal conversations about music",
    "Winter small talk", "Short everyday dialogues", "Long conversations", "A GPT that writes formal business e-mails about deliveries",
    "A GPT that writes short memos", "Business letters about solar panels", "Funny e-mails to colleagues in summer",
    "A tutor that explains fractions to children", "A study helper for percentages",
    "A GPT that summarizes the news", "Short news in autumn", "Formal news",
)  # fmt: skip


def falls_on(found: tuple[str, str, str], year: int) -> bool:
    """Whether ("Tuesday", "May", "14") is that day of the week in this year."""
    day, month, number = found
    try:
        return datetime.strptime(f"{month} {number} {year}", "%B %d %Y").strftime("%A") == day
    except ValueError:  # the 29th of February
        return False


def check(text: str, request: Request) -> list[str]:
    """What is wrong with a document, by what it says itself and by what was asked."""
    faults, form = [], request.forms[0]
    if not any(all(falls_on(found, year) for found in DATE.findall(text)) for year in range(2024, 2032)):
        faults.append("weekdays and dates fit no year")
    faults += [f"{a} * {b} is not {c}" for a, b, c in EACH.findall(text) if int(a) * int(b) != int(c.replace(",", ""))]
    if re.search(r"[{}\[\]|~]|\ba\(n\)|  | ,|\bNone\b", text):
        faults.append("is not filled in cleanly")
    if request.season:
        others = "|".join(months for season, months in MONTHS_OF.items() if season != request.season)
        faults += [f"{found} in {request.season}" for found in re.findall(rf"\b(?:{others})\b(?= \d)", text)]
    if request.tone == "formal" and CONTRACTED.search(text):
        faults.append("is not formal")
    if request.audience == "children" and GROWN.search(text):
        faults.append("is not for children")
    for topic in request.topics:
        stem = re.sub(r"(?<=\w\w)(?:ies|y|e?s)$", "", topic.lower())
        if not re.search(NAMED.get(topic, rf"\b{re.escape(stem)}"), text, re.IGNORECASE):
            faults.append(f"is not about {topic}")
    return faults + FORM_FAULTS[form](text) + faults_of(text)


def dialogue_faults(text: str) -> list[str]:
    lines = text.split("\n")
    speakers = [line.split(":")[0] for line in lines]
    turns = len(set(speakers)) == 2 and all(a != b for a, b in pairwise(speakers)) and len(lines) % 2 == 0
    return [] if turns and all(TURN.fullmatch(line) for line in lines) else ["does not take turns"]


def letter_faults(text: str) -> list[str]:
    parts = text.split("\n\n")
    closed = any(re.fullmatch(r".+\n[A-Z][\w.]* [A-Z]\w+", part) for part in parts[-2:])
    return [] if parts[0].startswith("Subject: ") and parts[1].endswith(",") and closed else ["is no letter"]


def memo_faults(text: str) -> list[str]:
    heads = [line.split(":")[0] for line in text.split("\n")[:4]]
    return [] if heads == ["To", "From", "Date", "Subject"] else ["is no memo"]


def lesson_faults(text: str) -> list[str]:
    questions = dict(re.findall(r"^(\d)\. What is (\d+ [+x-] \d+)\b", text, flags=re.MULTILINE))
    answers = dict(re.findall(r"\b(\d): (-?\d+)", text.rsplit("\n", 1)[-1]))
    faults = []
    for number, question in questions.items():
        left, sign, right = question.split()
        a, b = int(left), int(right)
        if int(answers.get(number, "-1")) != {"+": a + b, "-": a - b, "x": a * b}[sign]:
            faults.append(f"answer {number} is wrong")
    whole = re.findall(r"(?<![\d/.+*-] )(?<![\d/.])\b(\d+) ([+*-]) (\d+) = (\d+)\b(?![/.]\d)", text)
    faults += [
        f"{a} {s} {b} is not {c}" for a, s, b, c in whole if {"+": int(a) + int(b), "*": int(a) * int(b), "-": int(a) - int(b)}[s] != int(c)
    ]
    return faults


def news_faults(text: str) -> list[str]:
    headline, body, summary = (*text.split("\n\n"), "", "")[:3]
    faults = [] if summary.startswith(("In short: ", "The short version: ", "Summary: ")) and not headline.endswith(".") else ["is no news"]
    if not set(re.findall(r"\d[\d,]*", summary)) <= set(re.findall(r"\d[\d,]*", headline + " " + body)):
        faults.append("the summary knows more than the report")
    if sums := re.search(r"(\d[\d,]*) dollars from the town and (\d[\d,]*) from .*?, (\d[\d,]*) dollars in all", body):
        a, b, both = (int(value.replace(",", "")) for value in sums.groups())
        faults += [] if a + b == both else [f"{a} + {b} is not {both}"]
    return faults


FORM_FAULTS = {"dialogue": dialogue_faults, "email": letter_faults, "memo": memo_faults, "lesson": lesson_faults, "news": news_faults}


@pytest.mark.parametrize("count", [20, pytest.param(60, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("prompt", PROMPTS)
def test_documents_obey_the_prompt_and_agree_with_themselves(prompt, count):
    request = understand(prompt)
    assert request.category == "general" and covers(request), request
    documents = list(islice(write_documents(request, random.Random(5)), count))
    assert len(documents) == count
    for document in documents:
        faults = check(document.text, replace(request, forms=(document.origin["form"],)))
        assert not faults, f"{faults}\n{document.text}"


@pytest.mark.parametrize(
    ("prompt", "forms"),
    [
        ("A friendly assistant for everyday conversation about zorblaxes", {"conversation"}),
        ("A GPT that summarizes local news about zorblaxes", {"talk", "answer"}),
        ("A tutor that explains zorblaxes to kids", {"questions", "answer", "plan"}),
    ],
)
def test_a_topic_that_no_form_knows_is_said_to_be_unknown_and_named_in_every_document(prompt, forms):
    request = understand(prompt)
    assert (able(request).category, set(able(request).forms)) == ("topic", forms)
    assert "know no facts about" in describe(request)[1]
    texts = [document.text.lower() for document in islice(write_documents(request, random.Random(5)), 60)]
    assert [request.topics[0] in text for text in texts] == [True] * 60


def texts(preset: str, n: int = 150, seed: int = 9) -> list[str]:
    return [document.text for document in islice(write_documents(understand("", preset), random.Random(seed)), n)]


@pytest.mark.parametrize("preset", PRESETS)
def test_weekdays_and_dates_of_a_document_fit_one_year(preset):
    """There is a year in which every "Tuesday, May 14" of the document is a Tuesday."""
    found = 0
    for text in texts(preset):
        dates = DATE.findall(text)
        found += len(dates)
        assert any(all(falls_on(date, year) for date in dates) for year in range(2024, 2032)), text
    assert found > 5 or preset == "education_support"


def test_totals_of_business_letters_are_right():
    found = [match for text in texts("business_writer", 300) for match in EACH.findall(text)]
    assert len(found) > 10
    for count, price, total in found:
        assert int(count) * int(price) == int(total.replace(",", ""))


def test_exercises_are_followed_by_their_right_answers():
    """Sums, differences and products written with signs are computed anew."""
    checked = 0
    for text in texts("education_support"):
        questions = dict(re.findall(r"^(\d)\. What is (\d+ [+x-] \d+)\b", text, flags=re.MULTILINE))
        answers = dict(re.findall(r"\b(\d): (-?\d+)", text.rsplit("\n", 1)[-1]))
        for number, question in questions.items():
            left, sign, right = question.split()
            a, b = int(left), int(right)
            assert int(answers[number]) == {"+": a + b, "-": a - b, "x": a * b}[sign], text
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Please let us know by Monday, June 12. We meet on Monday, June 5.", "too late"),
        ("We begin at 9:00 and finish at 9:05.", "takes 5 minutes"),
        ("We offer 5 headsets at 290 dollars each.", "headsets at 290"),
        ("The warranty is 5 months.", "warranty"),
        ("It cost 80 million dollars.", "million"),
        ("Ruth Adams met Ruth Silva.", "share a name"),
        ("It is is late.", "repeats"),
        ("Ben: Thank you, Ben.", "calls"),
        ("Subject: A\n\nDear Ruth,\n\nHello.\n\nBest,\nRuth Silva", "same person"),
        ("Storm in Velden\n\nIt was windy in Yarrow.\n\nIn short: wind.", "only in the headline"),
        ("Lesson: x\n\n1. Find x in 2x + 1 = 5.\nAnswers: 1: 3.", "answer 1 is wrong"),
    ],
)
def test_the_checks_find_what_they_look_for(text, fault):
    assert any(fault in found for found in faults_of(text)), faults_of(text)


@pytest.mark.parametrize(("prompt", "taught"), [
    ("lessons about time", "adding times"), ("lessons about times tables", "multiplying in your head"),
    ("lessons about negative numbers", "numbers below zero"), ("lessons about number patterns", "number sequences"),
])  # fmt: skip
def test_a_lesson_is_about_what_was_asked_even_if_another_is_called_alike(prompt: str, taught: str) -> None:
    texts = [found.text for found in islice(write_documents(understand(f"A GPT that writes {prompt}"), random.Random(3)), 20)]
    assert {text.split("\n")[0] for text in texts} == {f"Lesson: {taught}"}


@pytest.mark.parametrize(("form", "least"), [("dialogue", 60), ("email", 100), ("memo", 20), ("lesson", 60), ("news", 60)])
def test_the_ideas_of_a_form_are_many_and_shared_by_documents_with_other_words(form, least):
    documents = list(islice(write_documents(Request("general", (form,)), random.Random(4)), 250))
    ideas = [document.origin["idea"] for document in documents]
    assert all(idea.startswith(form) for idea in ideas) and least <= len(set(ideas)) < len(ideas)
