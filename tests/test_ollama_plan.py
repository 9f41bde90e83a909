"""The plan of what a teacher is to write, where the teacher can make none; and what is taken over of an answer."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.ollama.answers import read_answer
from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.plan import LISTS, WORDS, built_in, clean_entries, draw, from_lines, from_schema
from minigpt.corpus.ollama.teacher import Question
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import cooking, general, occasion, poetry, technical

QUESTION = Question("Write a short story about the sea.", tokens=200)


def test_every_named_form_is_one_that_a_prompt_can_name():
    known = {*cooking.FORMS, *poetry.FORMS, *technical.FORMS, *general.FORMS, *occasion.FORMS}
    assert set(WORDS["named forms"]) <= known
    named = {form for table in TABLES["narrow"].values() for row in table for forms in row.values() for form in forms}
    assert ({*poetry.FORMS, *occasion.FORMS} & named) <= set(WORDS["named forms"])


@pytest.mark.parametrize(
    ("prompt", "form", "topic"),
    [
        ("A GPT that tells stories about the sea", "a very short story", "the sea"),
        ("A GPT that writes songs about trains", "a song with verses and a chorus", "trains"),
        ("A GPT that writes haiku", "a haiku of three lines", ""),
        ("A GPT that writes business e-mails", "an e-mail with a subject line", ""),
        ("A GPT that writes letters from people who travel through Africa", "a letter", "Africa"),
        ("A GPT that tells jokes about cats", "a joke", "cats"),
        ("Speeches and diaries of Roman emperors", "a short speech", "Roman emperors"),
        ("A GPT that writes news about love letters", "a news report", "love letters"),
        ("A GPT that tells stories about the prayer of a monk", "a very short story", "the prayer of a monk"),
        ("A GPT that writes horoscopes", "a horoscope", ""),
        ("A GPT about medieval falconry", "an answer to a question", "medieval falconry"),
    ],
)
def test_built_in_tables_write_the_form_and_the_topic_that_the_prompt_names(prompt, form, topic):
    plan = built_in(prompt, understand(prompt))
    assert form in plan.forms
    assert all(topic in entry for entry in plan.topics)
    assert len(set(plan.topics)) >= 10


@pytest.mark.parametrize("key", PRESETS)
def test_every_task_is_filled_in(key):
    request = understand("", key)
    rng = random.Random(1)
    for _ in range(30):
        task = draw(built_in("", request), PRESETS[key].prompt, request, rng, ["Once upon"])
        assert "{" not in task.prompt + task.system
        assert task.form in task.prompt and task.topic in task.prompt


def test_a_form_that_has_its_length_is_asked_for_none():
    prompt = "A GPT that writes haiku"
    request, rng = understand(prompt), random.Random(2)
    tasks = [draw(built_in(prompt, request), prompt, request, rng, []) for _ in range(40)]
    assert {task.form: " words." in task.prompt for task in tasks} == {
        "a haiku of three lines": False, "a sequence of three haiku": False, "a haibun, which is prose that ends in a haiku": True,
    }  # fmt: skip


def test_a_list_of_numbers_is_no_list_of_topics():
    lines = "1. 1.1.1.1.1\n2. 2.1.1.3.1\n3. 3\n4. Storms at sea\n5. **A lighthouse**: its keeper\n- World War 2\n"
    assert from_lines(lines) == {"topics": ["Storms at sea", "A lighthouse", "World War 2"]}
    assert clean_entries(["1.1", "", " ", "x" * 100, 5, None, "rain", "Rain", "das Meer", "\u6d77"]) == ["rain", "das Meer", "\u6d77"]


def test_a_plan_that_repeats_the_question_or_itself_is_none():
    """As a real, small model answered: the question's words for topics, the same ones in every list."""
    said = ["ways", "adjectives", "types", "wording", "questions", "opens"]
    assert from_schema(json.dumps(dict.fromkeys(LISTS, said)))["topics"] == []
    good = {"topics": ["storms", "kinds of sails", "a question of honour"], "forms": ["a letter", "a fable"], "tones": ["fable", "a Fable"]}
    assert from_schema(json.dumps(good)) == {name: [] for name in LISTS} | good | {"forms": ["a letter"], "tones": ["fable"]}


def answer(text: str, done_reason: str | None = "stop", **more) -> Answer:
    usual = {"thinking": False, "finished": True, "eval_count": 50, "eval_seconds": 1.0, "waited": 0.1, "streamed": 1.0}
    return Answer(text=text, done_reason=done_reason, **usual | more)


def test_a_text_that_was_cut_keeps_its_whole_sentences():
    assert read_answer(answer("The sea was calm. Nobody spoke.", "length"), QUESTION) == ("The sea was calm. Nobody spoke.", "")
    assert read_answer(answer("The sea was calm. Nobody spoke. The la", "length"), QUESTION) == ("The sea was calm. Nobody spoke.", "")
    assert read_answer(answer("No. The sea was calm and nobody spoke until the la", "length"), QUESTION) == ("", "cut off")


def test_a_text_that_trails_off_is_taken_back_to_its_last_whole_sentence():
    assert read_answer(answer("The sea was calm. Nobody spoke. And now..."), QUESTION) == ("The sea was calm. Nobody spoke.", "")
    assert read_answer(answer("A sailor, adrift on the dark abyss, and now\u2026"), QUESTION) == ("", "cut off")
    assert read_answer(answer('He said: "Wait..." Then he left.'), QUESTION) == ('He said: "Wait..." Then he left.', "")


SENTENCES = ("The sea rose.", "A gull cried out.", "Nobody spoke of it.", "The lamp went out again.")


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=40))
def test_a_text_that_goes_round_in_circles_is_kept_up_to_there_or_not_at_all(sentences):
    text, trouble = read_answer(answer(" ".join(sentences)), QUESTION)
    assert (text == "") == bool(trouble)
    assert " ".join(sentences).startswith(text)
    words = text.split()
    fours = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    assert len(set(fours)) >= len(fours) / 2


def test_a_text_that_goes_round_in_circles_inside_its_sentences_is_no_document():
    lines = [f"{name} went on and on and on and on and on and on and on and on and on." for name in ("Anna", "Bert", "Clara")]
    assert read_answer(answer(" ".join(lines)), QUESTION) == ("", "circling")

    miracles = "She is a mother, and she has seen many miracles. " * 2 + "She has gone to the village, and she has seen many miracles. " * 3
    kept = "A gardener walked through her garden at noon. Nobody had called her there. She is a mother, and she has seen many miracles."
    begin = kept.rpartition(" She is")[0] + " "
    assert read_answer(answer(begin + miracles), QUESTION) == (kept, "")


def test_an_answer_without_end_is_no_document():
    assert read_answer(answer('"' + "The sea was calm. " * 2000), QUESTION) == ("", "too long")


@pytest.mark.parametrize("piece", ["\n", "\n ", "1. ", "- \n", '"', "\u201e", "a. ", "a\n"])
def test_an_answer_of_long_runs_is_read_in_passing(piece):
    text, trouble = read_answer(answer("A mill." + piece * (19_000 // len(piece)) + "x"), QUESTION)
    assert bool(text) != bool(trouble)


def test_what_only_announces_is_no_document():
    assert read_answer(answer("Dialogue:\n1. John:\nDialogue:\n2. Sarah:"), QUESTION) == ("", "empty")
    assert read_answer(answer("John:\nThe tide is late.\nSarah:\nSo is the bus."), QUESTION)[1] == ""
    assert read_answer(answer("1. The tide is late.\n2. So is the bus.\n3."), QUESTION)[0] == "1. The tide is late.\n2. So is the bus."
    assert read_answer(answer("1. The tide is late. 2. So is the bus. 3."), QUESTION)[0] == "1. The tide is late. 2. So is the bus."
    assert read_answer(answer("The tide is late.\n\nP.S."), QUESTION)[0] == "The tide is late."
    assert read_answer(answer("The tide is late. It came at 3."), QUESTION)[0] == "The tide is late. It came at 3."


def test_a_line_that_is_said_again_and_again_is_said_once():
    assert read_answer(answer("Dear James,\n\nDear James,\n\nDear James,\n\nI wait."), QUESTION)[0] == "Dear James,\n\nI wait."
    for refrain in ("Ring.\nRing the bell.\nRing.", "Let it be.\nLet it be.\nShe spoke."):
        assert read_answer(answer(refrain), QUESTION)[0] == refrain


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('He rose. "Come," she said. "Come now.', 'He rose. "Come," she said.'),
        ('He rose early and went. She asked: "What? It is.', "He rose early and went."),
        ("He rose and went to the shore. He said \u201cno. Then he slept.", "He rose and went to the shore."),
        ('"I love gardens.\n\n"They love me back.', "I love gardens.\n\nThey love me back."),
        ('"I love gardens.\n\n"They love me back."', '"I love gardens.\n\n"They love me back."'),
        ('"I love gardens.\n\nThey love me back.', "I love gardens.\n\nThey love me back."),
        ('def f():\n    """One.\n\n    Two.\n    """', 'def f():\n    """One.\n\n    Two.\n    """'),
        ('"I love gardens, he said.\n\nThey love me back."', '"I love gardens, he said.\n\nThey love me back."'),
        ("Use `logging` for it. This example uses `logging.", "Use `logging` for it."),
        ("Use `logging`:\n\n```python\nimport logging\n\nprint(2.)", "Use `logging`:\n\n```python\nimport logging\n\nprint(2.)"),
        ("Sie rief: \u201eKomm heim!\u201c Er ging.", "Sie rief: \u201eKomm heim!\u201c Er ging."),
        ("Hon sa: \u201dKom hem!\u201d Han gick.", "Hon sa: \u201dKom hem!\u201d Han gick."),
        ('A pipe of 5" fits. Nobody knew.', 'A pipe of 5" fits. Nobody knew.'),
        ('She said "and so on', ""),
    ],
)
def test_a_quotation_that_never_ends_is_left_out(text, kept):
    assert read_answer(answer(text), QUESTION)[0] == kept


def test_a_text_that_repeats_its_instructions_is_no_document():
    assert read_answer(answer("Here it is: write a short story about the sea, and so on."), QUESTION) == ("", "echoing")
    asked = Question("Write a description about tides. Write about 40 words.", tokens=200)
    assert read_answer(answer("To make it engaging I used 40 words to describe the tides."), asked) == ("", "echoing")
    assert read_answer(answer("A poem of 30 words, or 400 words. The sea took 40 days."), asked)[1] == ""
