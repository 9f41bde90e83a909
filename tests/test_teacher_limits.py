"""What a teacher is asked for, how often, and with how much room: on either side of each line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from ollama_server import Reply, model, serve, words

from minigpt.corpus.ollama.client import Answer, Client
from minigpt.corpus.ollama.judge import MARKS, can_judge, judge, read_marks
from minigpt.corpus.ollama.limits import Limits
from minigpt.corpus.ollama.models import _model
from minigpt.corpus.ollama.plan import LISTS, WORDS, clean_entries, draw, make_plan, schema
from minigpt.corpus.ollama.repetition import Repetition
from minigpt.corpus.ollama.teacher import Host, Question, Teacher, TeacherSettings
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.request import Request
from minigpt.tokenizer import Tokenizer

PROMPT = "A GPT that writes letters about rivers"
REQUEST = Request("general", ("news",))


SAME = "The same words are said again here."


def nothing(line: str) -> None:
    """Nobody listens."""


def answer(text: str) -> Answer:
    return Answer(text, False, True, "stop", 50, 1.0, 0.1, 1.0)


class Asked:
    """Keeps the questions; answers by a function of the question and its number."""

    def __init__(self, reply: Callable[[Question, int], str]) -> None:
        self.reply, self.questions = reply, list[Question]()

    def __call__(self, question: Question) -> Answer:
        self.questions.append(question)
        return answer(self.reply(question, len(self.questions)))


def lists(topics: int) -> dict[str, list[str]]:
    """A plan with so many topics, and as many other entries as the schema allows."""
    sizes = {name: part["maxItems"] for name, part in schema()["properties"].items()}
    sizes["topics"] = topics
    letters = "abcdefghijklmnopqrstuvwxyz" * 2
    kinds = {name: "" if name == "words" else f"my {name[:-1]} of " for name in LISTS}
    towns = [f"{letter}ville" for letter in letters]
    return {name: [kind + town for town in towns[: sizes[name]]] for name, kind in kinds.items()}


# --- the plan


@pytest.mark.parametrize(("topics", "made_by"), [(3, "tables"), (8, "schema")])
def test_a_plan_has_a_handful_of_topics_or_is_made_anew_a_few_times(
    topics: int,
    made_by: str,
) -> None:
    listed = "Storms\nDeltas\nA weir"
    asked = Asked(lambda question, number: json.dumps(lists(topics)) if question.schema else listed)
    plan = make_plan(asked, PROMPT, REQUEST, 1, 60.0, lambda line: None)
    assert plan.made_by == made_by
    tries = len([q for q in asked.questions if q.schema])
    assert tries == 1 if made_by == "schema" else 2 <= tries <= 3
    different = {(q.seed, q.temperature) for q in asked.questions if q.schema}
    assert len(different) == tries  # the same question would have the same answer


def test_a_plan_is_asked_for_what_a_corpus_can_use_and_gets_the_room_for_it(
    gpt2: Tokenizer,
) -> None:
    """Some twenty topics, each drawn a few times in a corpus of a hundred documents; their JSON
    fits in, but not three times."""
    sizes = {name: part["maxItems"] for name, part in schema()["properties"].items()}
    assert 16 <= sizes["topics"] <= 40 and 16 <= sizes["words"] <= 40
    asked = Asked(lambda question, number: "")
    make_plan(asked, PROMPT, REQUEST, 1, 60.0, lambda line: None)
    size = len(gpt2.encode(json.dumps(lists(sizes["topics"]), indent=1)))
    rooms = [question.tokens for question in asked.questions]
    assert size < min(rooms) <= max(rooms) < 2.5 * size
    assert str(sizes["topics"]) in asked.questions[0].prompt


def test_an_entry_is_a_phrase_and_no_paragraph() -> None:
    assert clean_entries(["x" * 60, "y" * 100]) == ["x" * 60]
    assert schema()["properties"]["topics"]["items"]["maxLength"] == 80


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_task_prescribes_two_things_more_and_has_room_for_its_words(
    gpt2: Tokenizer,
    language: str,
) -> None:
    """A text of so many words fits into the answer with a third to spare, and an endless one is cut
    before it is four times as long."""
    asked = Asked(lambda question, number: json.dumps(lists(20)))
    plan = make_plan(asked, PROMPT, REQUEST, 1, 60.0, lambda line: None)
    extras = [text.split(" {")[0] for text in WORDS["ask"]["extras"]]
    text = "The river carried timber from the mountains to the towns, and nobody had asked why. "
    a_word = len(gpt2.encode(text)) / len(text.split()) * (2 if language == "ja" else 1)
    for seed in range(20):
        task = draw(plan, PROMPT, replace(REQUEST, language=language), random.Random(seed), [])
        assert sum(extra in task.prompt for extra in extras) == 2
        assert 1.33 < task.tokens / (task.words * a_word) < 4


# --- the judge


def marks(mark: int) -> str:
    return json.dumps(dict.fromkeys(MARKS, mark))


def test_marks_go_to_ten_and_fit_into_the_answer(gpt2: Tokenizer) -> None:
    assert "to 10" in WORDS["judge"]["text"]
    assert (read_marks(marks(10)), read_marks(marks(5)), read_marks(marks(11))) == (1.0, 0.5, None)
    asked = Asked(lambda question, number: marks(7))
    assert judge(asked, PROMPT, "A text.", 60.0) == 0.7
    for mark in asked.questions[0].schema["properties"].values():
        assert (mark["minimum"], mark["maximum"]) == (0, 10)
    size = len(gpt2.encode(json.dumps(dict.fromkeys(MARKS, 10), indent=2)))
    assert size < asked.questions[0].tokens < 3 * size


def test_a_judge_is_asked_twice_and_reads_no_more_than_a_few_pages() -> None:
    asked = Asked(lambda question, number: "?")
    assert judge(asked, PROMPT, "a" * 2500 + "b" * 7500, 60.0) is None
    assert len(asked.questions) == 2
    assert asked.questions[0].prompt.count("a" * 2500) == 1
    assert 500 < asked.questions[0].prompt.count("b") < 4000


@pytest.mark.parametrize(("wrong", "able"), [(0, True), (1, True), (2, False)])
def test_a_judge_may_be_wrong_once_in_five(wrong: int, able: bool) -> None:
    examples = WORDS["judge examples"]
    assert len(examples) == 5
    better = [example["bad" if i < wrong else "good"] for i, example in enumerate(examples)]

    def reply(question: Question, number: int) -> str:
        return marks(9 if any(text in question.prompt for text in better) else 3)

    asked = Asked(reply)
    assert can_judge(asked, 60.0, lambda line: None) == able


# --- the requests


def test_a_question_is_as_warm_as_a_writing_begins() -> None:
    assert Question("Write.", 1).temperature == Repetition(20).temperature
    assert 0.7 <= Repetition(20).temperature <= 0.9


def test_a_request_fits_into_the_context_and_does_not_fill_the_memory(gpt2: Tokenizer) -> None:
    """The longest is a judgement, of 4,000 characters; a larger context takes memory that a larger
    model could use."""
    with serve(lambda body, number: Reply(["x"])) as server:
        desk = Host(
            Client(server.url, Limits()),
            _model(model("teacher:latest")),
            _model(model("teacher:latest")),
            "30m",
        )
    asked = Asked(lambda question, number: "?")
    judge(
        asked,
        PROMPT,
        ("Nobody knew what the miller's daughter had seen in the pond. " * 100)[:4000],
        60.0,
    )
    longest = len(gpt2.encode(asked.questions[0].prompt)) + asked.questions[0].tokens
    assert 1.5 * longest < desk.options["num_ctx"] < 8 * longest


def test_a_model_that_cannot_be_kept_from_thinking_gets_some_times_the_room() -> None:
    """The longest document and its thoughts still fit into the context."""
    sizes = []
    for name in ("teacher:latest", "gpt-oss:20b"):
        with serve(lambda body, number: Reply(["x"]), models=[model(name)]) as server:
            teacher = _model(model(name))
            desk = Host(Client(server.url, Limits()), teacher, teacher, "30m")
            desk.ask(Question("Write.", tokens=100))
            sizes.append(server.bodies()[-1]["options"]["num_predict"])
    assert sizes[0] == 100
    assert 200 < sizes[1] < 800


# --- the end


def run(reply: Callable[[dict, int], Reply], tmp_path, tokens: int, limits: Limits):
    with (
        serve(reply) as server,
        Teacher.connect(TeacherSettings((server.url,), limits=limits), nothing, {}) as teacher,
    ):
        server.judge = lambda text: "?"
        documents = list(
            write_with_ollama(
                teacher,
                PROMPT,
                REQUEST,
                tokens,
                1,
                tmp_path / "a.jsonl",
                lambda text: len(text.split()),
                lambda line: None,
            )
        )
        asked = [body["format"]["properties"] for body in server.bodies() if body.get("format")]
        plans = [properties for properties in asked if "topics" in properties]
        return documents, server.written, teacher.record, len(plans)


def test_a_teacher_of_whom_nothing_is_accepted_is_asked_some_times_what_the_tokens_need(
    tmp_path,
) -> None:
    """As long as nothing is known of its documents, they are taken for 150 tokens long."""
    limits = Limits(answers=2, repeat_window=3, useless_in_a_row=1000, in_flight=1)
    documents, asked, record, _ = run(lambda body, number: Reply([]), tmp_path, 6000, limits)
    assert documents == [] and "answers were requested" in record["ended"]
    assert 2 * 6000 / 250 + 6 < asked < 2 * 6000 / 90 + 8


def test_a_teacher_that_goes_on_repeating_itself_makes_two_more_plans_at_most(tmp_path) -> None:
    def reply(body, number):
        rng = random.Random(number)
        fresh = [f"w{rng.randrange(10**6)}" for _ in range(12)]
        return Reply(words(" ".join(fresh) + "." if number % 2 else SAME))

    limits = Limits(repeat_window=3, in_flight=1, answers=100)
    documents, *_, plans = run(reply, tmp_path, 12 * 30, limits)
    assert len(documents) >= 30
    assert plans == 3
