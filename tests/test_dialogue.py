"""The form of a corpus's dialogues, and conversations in that form."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_folders import CONTEXT, write_model

from minigpt.config import SampleConfig
from minigpt.corpus.own.dialogues import conversation
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import persona
from minigpt.corpus.words import load_words
from minigpt.generate import Predictor
from minigpt.run.dialogue import Form, find_form, learn_form, turns
from minigpt.run.talk import Reader, Talk
from minigpt.run.textmodel import TextModel, load

PLAY = "ROMEO:\nIs the day so young?\n\nBENVOLIO:\nBut new struck nine,\nand a half.\n\nROMEO:\nAy me!"
CHAT = "Ann: Hello.\nBen: Hello, Ann.\nAnn: Is it late?\nBen: It is."
RECIPE = "Pancakes\n\nServes: 4\nIngredients: flour, milk\nSteps: mix and fry"
ASKED = "Question: What is rice?\n\nAnswer: A grain.\nIt grows in water."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return load(write_model(tmp_path_factory.mktemp("model")), "cpu")


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        (CHAT, ["Ann", "Ben", "Ann", "Ben"]),
        (PLAY, ["ROMEO", "BENVOLIO", "ROMEO"]),
        (ASKED, ["Question", "Answer"]),
        (f"Tea: questions and answers\n\n{ASKED}\n\n{ASKED}", ["Question", "Answer"] * 2),
        (f"A title\n\n{CHAT}", ["Ann", "Ben", "Ann", "Ben"]),
        (RECIPE, []),
        ("Title: Rain\nText: It rains.", []),
        ("Note: one.\nNote: two.", []),
        ("It was late: he left.\nIt was early: he came.", []),
        ("Haiku: Rain\n\nThe hawk holds the wind:\nsnow.\n\nThe hawk holds the wind:\nrain.", []),
        (f"{CHAT}\nBen: Sleep now.", ["Ann", "Ben", "Ann", "Ben", "Ben"]),
        ("http://example.org\nhttp://example.com", []),
        ("", []),
    ],
)
def test_turns_are_told_from_other_lines_with_a_colon(text: str, speakers: list[str]) -> None:
    assert [turn.name for turn in turns(text)] == speakers


@given(st.text(alphabet="AB:\n \u00e9.", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert all(turn.name.strip() == turn.name for turn in turns(text))


def test_a_persona_answers_its_visitors_as_its_templates_have_it() -> None:
    request, rng = understand("A pirate who gives advice about cats"), random.Random(0)
    documents = [persona.write(rng, load_words("persona"), request, form) for form in ("exchange", "advice", "monologue") * 10]
    form = learn_form(documents)
    assert form
    assert (form.model, form.gap, form.before_answer, form.before_you, form.lines, form.persona) == ("Pirate", " ", "\n", "\n", False, True)
    assert (form.usual, form.stops) == (True, ("\n",))
    assert any(document.startswith(f"{form.you}: ") for document in documents)


def test_an_own_conversation_has_the_names_and_lines_of_its_records() -> None:
    turn = ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.\nHow are you?"})
    form = learn_form([str(conversation(list(turn) * n)) for n in (2, 2, 3)])
    assert form == Form("User", "Assistant", lines=True, exchanges=2, persona=True)
    assert form.stops == ("\nUser:", "\nAssistant:")
    assert form.prompt([("Hi", "Hello.")], "Why?") == "User: Hi\nAssistant: Hello.\nUser: Why?\nAssistant:"


def test_a_play_and_questions_keep_what_lies_between_their_turns() -> None:
    play = learn_form([PLAY])
    assert play
    assert play.prompt([], "Who is there?") == "ROMEO:\nWho is there?\n\nBENVOLIO:"
    asked = learn_form([ASKED, RECIPE, RECIPE])
    assert asked
    assert (asked.prompt([], "Why?"), asked.exchanges, asked.usual) == ("Question: Why?\n\nAnswer:", 1, False)
    assert learn_form([RECIPE] * 3) is None is learn_form([])


def test_a_form_is_read_from_the_corpus_or_else_from_the_samples(tmp_path: Path) -> None:
    assert find_form(tmp_path) is None
    (tmp_path / "run.json").write_text(json.dumps({"samples": [CHAT, 3]}))
    assert find_form(tmp_path) == learn_form([CHAT])
    lines = [json.dumps({"text": ASKED, "split": "train"}), "{broken", "[]", json.dumps({"text": CHAT, "split": "held_out"})]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    assert find_form(tmp_path) == learn_form([ASKED])
    (tmp_path / "corpus.jsonl").write_bytes(b"\xff\x00" * 99)
    assert find_form(tmp_path) is None


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=2 * CONTEXT), min_size=1, max_size=4))
def test_a_text_is_read_from_where_it_parts_from_the_one_before(model: TextModel, texts: list[list[int]]) -> None:
    reader = Reader(model)
    for ids in texts:
        for length in (len(ids), len(ids) + 1):
            read = [*ids, 7][:length]
            alone = Predictor(model.network, model.context).logits(read)
            assert np.allclose(reader.logits(read), alone, rtol=1e-4, atol=1e-4)


def talk(model: TextModel, form: Form | None, **options: object) -> Talk:
    return Talk(model, SampleConfig(**{"max_tokens": 6, "seed": 1, **options}), form)  # type: ignore[arg-type]


def test_a_conversation_is_remembered_as_far_as_it_fits(model: TextModel) -> None:
    form = Form("A", "B", exchanges=9, lines=True)
    speaks = talk(model, form)
    prompts = []
    for number in range(12):
        said = f"no {number}"
        list(speaks.answer(said))
        prompts.append(speaks.answers[-1].prompt)
        assert prompts[-1].endswith(f"A: {said}\nB:")
        assert len(model.tokenizer.encode(prompts[-1])) <= model.context
    assert prompts[1].startswith(prompts[0])
    assert "no 0" not in prompts[-1]
    speaks.forget()
    list(speaks.answer("again"))
    assert speaks.answers[-1].prompt == "A: again\nB:"


def test_an_answer_ends_where_the_other_would_speak(model: TextModel) -> None:
    """At the next line, in a corpus whose turns are lines: what the model would say after it is not heard."""
    options = {"max_tokens": 200, "temperature": 1.5, "top_k": 0}
    texts = {seed: "".join(talk(model, None, seed=seed, **options).answer("A: hello\nB:")) for seed in range(20)}
    cut = {seed: text for seed, text in texts.items() if text.strip().partition("\n")[2]}
    assert cut
    for seed, text in cut.items():
        answer = "".join(talk(model, Form("A", "B"), seed=seed, **options).answer(" hello "))
        assert answer == text.partition("\n")[0].strip()


def test_again_takes_the_place_of_an_answer_and_its_seed_repeats_it(model: TextModel) -> None:
    speaks = talk(model, None)
    first = "".join(speaks.answer("The"))
    other = "".join(speaks.again())
    assert [(a.typed, a.text, a.config.seed) for a in speaks.answers] == [("The", other, 2)]
    speaks.seed = 1
    assert "".join(speaks.again()) == first != other
    assert model.generate("The", max_tokens=6, seed=1) == first


def test_an_empty_line_goes_on_and_a_new_one_begins_anew(model: TextModel) -> None:
    speaks = talk(model, None)
    first = "".join(speaks.answer("The"))
    second = "".join(speaks.answer(""))
    list(speaks.answer("A"))
    assert [answer.prompt for answer in speaks.answers] == ["The", f"The{first}", "A"]
    assert speaks.transcript() == f"The{first}{second}\n---\nA{speaks.answers[-1].text}\n"


def test_an_interrupted_answer_is_kept_as_far_as_it_came(model: TextModel) -> None:
    speaks = talk(model, None, max_tokens=40)
    pieces = speaks.answer("The")
    seen = next(pieces) + next(pieces)
    pieces.close()
    assert speaks.last
    assert speaks.last.text == seen
    assert "".join(speaks.answer("")) != ""
    assert speaks.answers[-1].prompt == f"The{seen}"
