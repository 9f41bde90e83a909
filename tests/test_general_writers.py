"""General documents, read without knowing the writers: their days, sums and names agree, and a dialogue takes turns."""

from __future__ import annotations

import random
import re
from datetime import datetime
from itertools import islice, pairwise

import pytest

from minigpt.corpus.prompt import understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import write_documents

DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b({DAYS}), ({MONTHS}) (\d{{1,2}})\b")
EACH = re.compile(r"(\d+) [a-z ]+? at (\d+) dollars each, (\d[\d,]*) dollars in total")
TURN = re.compile(r"[A-Z][\w. ]{0,20}: \S.*[.!?\"]")
PRESETS = ("daily_conversation_assistant", "business_writer", "education_support", "news_summarizer")


def texts(preset: str, n: int = 150, seed: int = 9) -> list[str]:
    return [document.text for document in islice(write_documents(understand("", preset), random.Random(seed)), n)]


@pytest.mark.parametrize("preset", PRESETS)
def test_weekdays_and_dates_of_a_document_fit_one_year(preset):
    """There is a year in which every "Tuesday, May 14" of the document is a Tuesday."""
    found = 0
    for text in texts(preset):
        dates = [(day, datetime.strptime(f"{month} {number}", "%B %d")) for day, month, number in DATE.findall(text)]
        found += len(dates)
        years = range(2024, 2032)
        assert any(all(date.replace(year=year).strftime("%A") == day for day, date in dates) for year in years), text
    assert found > 5 or preset == "education_support"


def test_totals_of_business_letters_are_right():
    found = [match for text in texts("business_writer") for match in EACH.findall(text)]
    assert len(found) > 10
    for count, price, total in found:
        assert int(count) * int(price) == int(total.replace(",", ""))


def test_a_dialogue_takes_turns_between_two_people():
    for text in texts("daily_conversation_assistant"):
        lines = text.split("\n")
        assert all(TURN.fullmatch(line) for line in lines), text
        speakers = [line.split(":")[0] for line in lines]
        assert len(set(speakers)) == 2
        assert all(a != b for a, b in pairwise(speakers))
        assert len(lines) % 2 == 0  # every question is answered


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


def test_a_report_has_a_headline_a_body_and_a_true_summary():
    for text in texts("news_summarizer"):
        headline, body, summary = text.split("\n\n")
        assert not headline.endswith(".")
        assert summary.startswith(("In short: ", "The short version: ", "Summary: "))
        numbers = set(re.findall(r"\d[\d,]*", summary))
        assert numbers <= set(re.findall(r"\d[\d,]*", headline + " " + body)), text
        sums = re.search(r"(\d[\d,]*) dollars from the town and (\d[\d,]*) from .*?, (\d[\d,]*) dollars in all", body)
        if sums:
            a, b, both = (int(value.replace(",", "")) for value in sums.groups())
            assert a + b == both


@pytest.mark.parametrize("form", ["dialogue", "email", "news"])
def test_a_season_keeps_to_its_months(form):
    request = Request("general", (form,), season="winter")
    for document in islice(write_documents(request, random.Random(1)), 60):
        assert not re.search(r"\b(?:May|June|July|August|September|October) \d", document.text), document.text


@pytest.mark.parametrize("form", ["dialogue", "email"])
def test_a_formal_document_contracts_nothing(form):
    request = Request("general", (form,), tone="formal")
    for document in islice(write_documents(request, random.Random(1)), 60):
        assert not re.search(r"\b(?:I'm|don't|can't|it's|isn't|we'll|you're|let's)\b", document.text, re.IGNORECASE), document.text
