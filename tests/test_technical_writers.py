"""Technical documents are true and obey their requests: programs are run, sums computed again, JSON parsed, constraints looked for."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from typing import Any

import pytest
from few import few
from technical_checks import SIGNS, check, check_sums, printed, programs
from technical_reading import check_reading, check_sense

from minigpt.corpus.prompt.understand import PRESETS
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS
from minigpt.corpus.templates.grammar import idea_of
from minigpt.corpus.templates.technical import forms_for
from minigpt.corpus.templates.technical_small import small_program
from minigpt.corpus.words import load_words

pytestmark = pytest.mark.filterwarnings("error")
KEYS = ("programming_explainer", "api_documentation_writer", "algorithm_specialist", "system_architect")
ALL = tuple(form for key in KEYS for form in PRESETS[key].forms)
PROMPTS: tuple[Request, ...] = (
    *(Request("technical", PRESETS[key].forms, key) for key in KEYS),
    Request("technical", ALL, topics=("sorting",), audience="beginners"),
    Request("technical", ALL, topics=("graphs",), length="short"),
    Request("technical", ALL, topics=("databases",), tone="formal", length="long"),
    Request("technical", ALL, topics=("caching",), audience="professionals"),
    Request("technical", ALL, topics=("security",), tone="formal"),
    Request("technical", ALL, topics=("javascript",), audience="beginners"),
    Request("technical", PRESETS[KEYS[0]].forms, topics=("rust", "recursion"), audience="children"),
    Request("technical", PRESETS[KEYS[0]].forms, topics=("strings",), audience="children", tone="fun"),
    Request("technical", PRESETS[KEYS[3]].forms, topics=("queues",), length="short", tone="formal"),
    Request("technical", PRESETS[KEYS[1]].forms, topics=("library",), audience="beginners", length="long"),
    Request("technical", ALL, topics=("concurrency", "testing"), tone="fun", length="long"),
    Request("technical", ALL, topics=("networking",), audience="professionals", length="short"),
)


def documents(request: Request, count: int, seed: int) -> list[str]:
    """So many documents, the request's forms in turn."""
    rng, words, forms = random.Random(seed), load_words("technical"), forms_for(request)
    return [FORMS["technical"][forms[i % len(forms)]](rng, words, request) for i in range(count)]


@pytest.mark.parametrize("count", [26, pytest.param(60, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("request_", PROMPTS, ids=lambda r: "-".join(filter(None, (r.preset, *r.topics, r.audience, r.tone, r.length))))
def test_documents_are_true_and_obey_the_request(request_: Request, count: int) -> None:
    for text in documents(request_, count, 5):
        assert check(text, request_) == [], text


@pytest.mark.parametrize("form", few(ALL, 0, 5, 10, 15))
def test_every_form_has_many_ideas_and_says_which(form: str) -> None:
    ideas = {idea_of(text) for text in documents(Request("technical", (form,)), 400, 4)}
    assert "" not in ideas and len(ideas) >= 10


def test_beginners_begin_with_the_basics() -> None:
    texts = documents(Request("technical", ("concept", "question", "exercise"), audience="beginners"), 120, 6)
    assert not any(re.search(r"(?m)^import |^from |^class |lambda|lru_cache", text) for text in texts)
    shown = [out for text in texts for _, out in programs(text)]
    assert sum(len(out) <= 40 for out in shown) >= 0.9 * len(shown)


def test_a_fault_of_reading_is_noticed() -> None:
    request = Request("technical", ("function",), audience="beginners")
    for text in documents(request, 30, 9):
        name = text.split("Function: ")[1].split("\n")[0]
        assert check_reading(text) == []
        assert check_reading(text.replace(f"Function: {name}", "Function: other"))
        assert check_reading(f"{text}\n\nAnd and nothing more")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The word in asks that at once.", "no quotes"),
        ('The word "in" asks that at once.', ""),
        ("A Anchor token may send 50 requests.", "article"),
        ("- 429 (too_many_requests): Wait.\n\nErrors from 500 on may be repeated; the others come back.", "429"),
        ('Mia wants to print.\n\nWord to know: "sum" is the function that adds, as Tom says.', "Tom comes from nowhere"),
        ("Load: 148 * 86,400 = 12,787,200 a day.", "148 a second"),
    ],
)
def test_a_text_that_makes_no_sense_is_noticed(text: str, fault: str) -> None:
    found = check_sense(text)
    assert any(fault in one for one in found) if fault else not found


def test_short_is_shorter_than_long() -> None:
    def mean(length: str) -> float:
        texts = documents(Request("technical", ALL, length=length), 120, 3)
        return sum(len(text.split()) for text in texts) / len(texts)

    assert 1.1 * mean("short") < mean("long")


def test_programs_do_the_same_in_an_interpreter_of_their_own() -> None:
    texts = documents(Request("technical", ("concept", "review")), 6, 8)
    for code, out in [pair for text in texts for pair in programs(text)][:4]:
        done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30)
        assert done.stdout.rstrip("\n") == out


def test_the_check_notices_what_is_wrong() -> None:
    request = Request("technical", ("concept",))
    text = next(t for t in documents(request, 20, 2) if programs(t))
    _, out = programs(text)[0]
    assert check(text.replace(f"Output:\n{out}", f"Output:\n{out}1"), request)
    assert check(text, Request("technical", ("concept",), topics=("javascript",)))
    assert check_sums("Traffic: 20 jobs a second; at the peak 20 * 10 = 210 a second.")
    assert check_sums("so 200 / 40, rounded up, makes 6.") and not check_sums("so 200 / 40, rounded up, makes 5.")


@pytest.mark.parametrize("topic", sorted(SIGNS))
def test_every_topic_has_forms_in_every_preset_or_keeps_them(topic: str) -> None:
    for key in KEYS:
        forms = forms_for(Request("technical", PRESETS[key].forms, topics=(topic,)))
        assert forms and set(forms) <= set(PRESETS[key].forms)
    assert len(forms_for(Request("technical", ALL, topics=(topic,)))) >= 5


@pytest.mark.parametrize("row", few(load_words("technical")["small programs"], 3, 20, 40, 60), ids=lambda row: f"{row['on']}-{row['key']}")
def test_every_step_of_a_small_program_runs_alone_and_beside_others(row: dict[str, Any]) -> None:
    rng, words, request = random.Random(1), load_words("technical"), Request("technical", ("concept",))
    made = [small_program(rng, words, request, row) for _ in range(12)]
    for small in made:
        assert printed(small.code) == small.out and "Error" not in small.out
        assert small.out.count("\n") < 12 and len(small.code.split("\n")) <= 10
    assert {len(small.steps) for small in made} == {1, 2} and len({small.key for small in made}) >= 4


def test_most_of_what_beginners_see_printed_stands_above_it() -> None:
    texts = documents(Request("technical", ("concept", "question", "exercise", "session"), audience="beginners"), 160, 12)
    shown = [(code, line) for text in texts for code, out in programs(text) for line in out.split("\n")]
    assert sum(all(word in code for word in re.findall(r"\w+", line)) for code, line in shown) >= 0.5 * len(shown)
    assert all(abs(int(number)) <= 400 for _, line in shown for number in re.findall(r"\b\d+\b", line))
