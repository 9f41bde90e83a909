"""Personas: prompts that ask for a voice are recognised, and the voice is kept from the first line to the last."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from persona_checks import check

from minigpt.corpus.english import starts_with_vowel_sound
from minigpt.corpus.ollama.plan import built_in, draw
from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.persona import NAMES
from minigpt.corpus.templates.persona_voices import entries, everyday, everyday_name, manner_names, rows_of, voice_nouns, voice_of, voices
from minigpt.corpus.words import load_words

# prompt: who, voice ("" for none of its own), manner, topic
ASKED = {
    "a GPT that answers as a grumpy wizard": ("a wizard", "wizard", "grumpy", ""),
    "talks like a pirate": ("a pirate", "pirate", "", ""),
    "a therapist that listens": ("a therapist", "doctor", "", ""),
    "speaks like Shakespeare": ("Shakespeare", "player", "", ""),
    "a sarcastic robot that gives life advice": ("a robot", "robot", "sarcastic", ""),
    "in the voice of a 1920s detective": ("a 1920s detective", "detective", "", ""),
    "pretends to be my grandmother": ("my grandmother", "grandmother", "", ""),
    "a cat that comments on everything": ("a cat", "cat", "", ""),
    "a polite butler": ("a butler", "butler", "polite", ""),
    "yoda-like sage": ("a yoda-like sage", "sage", "", ""),
    "an accordionist who complains about the weather": ("an accordionist", "musician", "", "the weather"),
    "letters in the voice of a pirate": ("a pirate", "pirate", "", ""),
    "a strict ballet teacher": ("a ballet teacher", "teacher", "strict", ""),
    "a grumpy chef who insults my cooking": ("a chef", "chef", "grumpy", "cooking"),
    "You are a sarcastic robot": ("a robot", "robot", "sarcastic", ""),
    "a paranoid time traveler who warns me about the future": ("a time traveler", "time traveller", "paranoid", "the future"),
    "explains physics like a pirate": ("a pirate", "pirate", "", "physics"),
    "answers every question as if it were a medieval knight": ("a medieval knight", "knight", "", ""),
    "a conversation with a ghost": ("a ghost", "ghost", "", ""),
    "pirate chatbot": ("a pirate", "pirate", "", ""),
    "talk like pirates": ("a pirate", "pirate", "", ""),
    "gives relationship advice like a drill sergeant": ("a drill sergeant", "soldier", "", "love"),
    "from the perspective of a houseplant": ("a houseplant", "plant", "", ""),
    "the ghost of a Roman emperor": ("a ghost", "ghost", "", ""),
    "imitates Sherlock Holmes": ("Sherlock Holmes", "detective", "", ""),
    "a bot which answers like an angry Scottish grandmother": ("a Scottish grandmother", "grandmother", "angry", ""),
    "A GPT that explains things as Einstein would": ("Einstein", "scientist", "", ""),
    "A Grumpy Wizard That Gives Life Advice": ("a wizard", "wizard", "grumpy", ""),
    "I want a GPT that talks to me like my Italian grandmother": ("my Italian grandmother", "grandmother", "", ""),
    "a cynical undertaker giving advice on gardening": ("an undertaker", "", "cynical", "gardening"),
    "GPT that answers in pirate speak": ("a pirate", "pirate", "", ""),
    "a cowboy philosopher": ("a cowboy philosopher", "philosopher", "", ""),
    "a conversation with the moon": ("the moon", "old house", "", ""),
    "monologues of a tired plumber": ("a plumber", "craftsman", "tired", ""),
}
NOT_ASKED = [
    "stories about a wizard", "recipes for pirates", "pirate sea shanties", "a chef", "a storyteller", "poems by a robot",
    "a wizard story", "songs for my grandmother", "letters to a chef", "A GPT that writes stories in the style of Edgar Allan Poe",
    "detective stories", "a robot that writes Python code", "cats", "dragons", "Explain recursion to kids",
    "Explain gravity like I am five", "a helpful assistant", "a professional chef's assistant", "a GPT that plays chess",
    "a friendly chatbot", "recipes like songs", "a black cat", "the king of Sweden", "knights of the middle ages",
    "a math teacher who explains fractions", "a story told by a dog", "the wizard of Oz", "a pirate ship",
    "songs that do not sound like a robot", "a lonely island", "how a robot works", "a guide to owning a cat",
    "a programmer", "pirate", "a dark castle", "help with my car", "a teacher",
    "a Python script that acts as a server", "code that works like a charm", "summer salads like my grandmother made", "a cat and a dog",
    "an interview with a chef about cooking", "customer support chatbot", "jokes about a priest", "a cynical view", "a polite letter", "",
]  # fmt: skip


def texts(request: Request, count: int, seed: int = 3) -> list[str]:
    found = [document.text for document in islice(write_documents(request, random.Random(seed)), count)]
    assert len(found) == count
    return found


def asked(voice: str | None, manner: str | None = None, *forms: str) -> Request:
    return Request("persona", forms or NAMES, persona=voice and f"a {voice}", manner=manner)


def said(text: str) -> list[str]:
    """The sentences of a text that have more than three words."""
    plain = re.sub(r"(?m)^[\w' -]+: |^\d\. ", "", text).replace('"', "")
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+|\n+", plain) if len(sentence.split()) > 3]


# ---- what a prompt asks for --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ASKED)
def test_a_voice_is_recognised(prompt: str) -> None:
    who, voice, manner, topic = ASKED[prompt]
    request = understand(prompt)
    assert (request.category, request.persona, request.manner or "") == ("persona", who, manner)
    assert voice_of(who) == voice and request.topics == ((topic,) if topic else ())
    assert set(request.forms) <= set(NAMES) and request.confidence > 0


@pytest.mark.parametrize("prompt", NOT_ASKED)
def test_a_clear_kind_of_text_or_a_mere_subject_is_no_persona(prompt: str) -> None:
    request = understand(prompt)
    assert request.category != "persona" and request.persona is None and request.manner is None


def test_a_prompt_may_name_the_form() -> None:
    assert understand("letters in the voice of a pirate").forms == ("letter",)
    assert understand("a conversation with a ghost").forms == ("exchange", "scene")
    assert understand("monologues of a tired plumber").forms == ("monologue",)
    assert understand("talks like a pirate").forms == NAMES


def test_the_plan_says_who_speaks() -> None:
    assert describe(understand("answers as a grumpy wizard")) == ["a grumpy wizard speaks"]
    assert describe(understand("talks like an undertaker about love")) == ["an undertaker speaks about love, in a general voice"]
    assert describe(understand("talks like a pirate"), templates=False) == ["a pirate speaks"]


def test_a_teacher_writes_in_the_voice() -> None:
    for prompt in ASKED:
        request = understand(prompt)
        task = draw(built_in(prompt, request), prompt, request, random.Random(1), [])
        assert "in the voice of " in task.system and task.prompt.startswith("Write ") and task.form and task.topic
    assert "a grumpy wizard" in draw(built_in("x", asked("wizard", "grumpy")), "x", asked("wizard", "grumpy"), random.Random(1), []).system


# ---- the tables --------------------------------------------------------------------------------------------------------------------


def test_every_voice_is_whole() -> None:
    """Enough entries in each list, and no noun names two voices."""
    least = {"visitors": 4, "hails": 7, "dears": 4, "things": 10, "deeds": 10, "acts": 9, "places": 8, "folk": 7, "woes": 7, "joys": 6}
    least |= {"sayings": 7, "pictures": 6, "closes": 5}
    for name in [*voices(), "any voice"]:
        for key, count in least.items():
            assert len(set(entries(rows_of(name)[key]))) >= count, (name, key)
    nouns = [noun for rows in voices().values() for noun in entries(rows["nouns"])]
    assert len(nouns) == len(set(nouns)) and len(voices()) >= 30 and all(voice_of(noun) for noun in voice_nouns())


def test_manners_have_sentences_and_subjects_have_questions() -> None:
    words = load_words("persona")
    assert set(manner_names().values()) == set(words["manners"]) and len(words["manners"]) >= 15
    for manner in words["manners"].values():
        assert len(manner["open"]) >= 4 and len(manner["aside"]) >= 6 and len(manner["close"]) >= 4
    for subject in everyday().values():
        assert len(subject.questions) >= 4 and len(subject.tips) >= 5 and len(subject.truths) >= 4, subject.name
        assert all(len(asked.says) >= 3 and asked.kind in {"h", "w", "q", "o"} for asked in subject.questions), subject.name
    assert len(everyday()) >= 50 and everyday_name("the weather") == "rain" and everyday_name("relationship advice") == "love"


def test_what_is_handed_over_can_be_held() -> None:
    """A visitor holds the cat's bowl, not its tail; every voice has things to hand over."""
    fixed = set(entries(load_words("persona")["things that stay"]))
    things = {name: set(entries(rows["things"])) for name, rows in voices().items()}
    assert fixed <= set().union(*things.values(), {"window", "bench", "fountain", "fireplace", "ladder"})
    assert not [name for name, own in things.items() if len(own - fixed) < 4]


def test_every_template_is_a_sentence() -> None:
    words, rng = load_words("persona"), random.Random(0)
    parts = (words["frames"], words["follow ups"], *words["manners"].values(), words["any manner"])
    for frame in [frame for part in parts for frames in part.values() for frame in frames]:
        for _ in range(8):
            text = fill(rng, frame, lambda name: "saying." if name == "saying" else "word")
            assert re.search(r"[.?!]$", text) and (text[0].isupper() or text.startswith("word")), text
            assert not re.search(r"[a-z] (?:We|The|It|Is|They|You)\b|  | ,", text), text


# ---- the voice ---------------------------------------------------------------------------------------------------------------------


def marks(voice: str) -> set[str]:
    """The longer words of a voice's own lists."""
    keys = ("nouns", "hails", "dears", "things", "deeds", "acts", "places", "folk", "woes", "joys", "sayings")
    return {word for key in keys for entry in entries(rows_of(voice)[key]) for word in re.findall(r"[a-z]{4,}", entry.lower())}


@pytest.mark.parametrize("voice", [*voices()])
def test_a_voice_is_kept_in_every_document(voice: str) -> None:
    """Ten words of its own in each document, and no exclamation of another voice."""
    own = marks(voice)
    mine = set(entries(rows_of(voice)["hails"]))
    others = {hail for name in voices() if name != voice for hail in entries(rows_of(name)["hails"]) if len(hail) > 12 and hail not in mine}
    for text in texts(asked(voice), 12):
        assert sum(word in own for word in re.findall(r"[a-z]{4,}", text.lower())) >= 10, text
        assert not [hail for hail in others if hail in text.lower()], text


@pytest.mark.parametrize("manner", ["grumpy", "cheerful", "sarcastic", "shy", "sleepy", "flirty", "paranoid"])
def test_a_manner_shows_in_every_document(manner: str) -> None:
    """What it adds to a voice is at most two forms' worth of chance away from none: nearly all documents have a sentence of it."""
    words = load_words("persona")
    table = [*words["manners"].get(manner, words["any manner"]).values(), *words["any manner"].values()]
    pieces = [piece for frames in table for frame in frames for piece in re.split(r"\{[^}]*\}|\[[^\]]*\]", frame) if len(piece) > 9]
    found = [any(piece.lower() in text.lower() for piece in pieces) for text in texts(asked("wizard", manner), 60)]
    assert sum(found) >= 57


def test_an_unknown_persona_speaks_from_its_own_words() -> None:
    request = understand("a GPT that answers like a melancholy undertaker")
    for text in texts(request, 60):
        assert re.search(r"\bundertaker", text, re.IGNORECASE), text
    for text in texts(Request("persona", NAMES, persona="Aunt Quux"), 60):
        assert "Aunt Quux" in text and not re.search(r"\b(?:any|every|an?|no) Aunt Quux", text, re.IGNORECASE), text


def test_dialects() -> None:
    for text in texts(asked("pirate", None, "monologue"), 20):
        assert not re.search(r"\b(?:my|your|you)\b", text.split("\n", 1)[1]), text
    assert not any(re.search(r"\bthe\b", text.split("\n", 1)[1]) for text in texts(asked("caveman", None, "monologue"), 20))


def test_one_subject_from_beginning_to_end() -> None:
    request = understand("a sarcastic robot that explains black holes")
    names = [name for name in everyday() if " " in name]
    for text in texts(request, 60):
        assert "black holes" in text.lower() and not any(name in text for name in names), text


# ---- the forms ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("voice", [*voices(), "undertaker"])
def test_documents_are_in_order(voice: str, count: int) -> None:
    for form in NAMES:
        for text in texts(asked(voice, random.Random(voice).choice(sorted(manner_names())), form), count):
            assert not re.search(r"[{}\[\]|~]|\ba\(n\)|  |\.\.| ,| \.|\bNone\b|[?!.][?!.,]", text), text
            assert not re.search(r"\b([a-z]+) \1\b", text.lower()), text
            for line in text.split("\n"):
                assert not re.match(r"[a-z]", line), text
                assert not re.search(r"[.?!] [a-z]", line), text
            for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
                assert (article.lower() == "an") == starts_with_vowel_sound(word), f"{article} {word}"


def test_an_exchange_takes_turns() -> None:
    for text in texts(asked("wizard", None, "exchange"), 60):
        speakers = [line.split(":")[0] for line in text.split("\n")]
        assert set(speakers) == {speakers[0], "Wizard"} and all(a != b for a, b in pairwise(speakers)) and len(speakers) in (6, 8)


def test_advice_and_letters_are_addressed_and_signed() -> None:
    for text in texts(asked("wizard", None, "advice"), 40):
        question, answer = text.split("\n\n")
        assert question.startswith("Dear Wizard,\n") and answer.startswith(f"Dear {question.splitlines()[-1].removeprefix('A ')},\n")
    for text in texts(asked("wizard", "cranky", "letter"), 40):
        assert re.match(r"Dear [A-Z]\w+,\n\n", text) and text.endswith(",\nThe Cranky Wizard")


def test_rules_are_numbered() -> None:
    for text in texts(asked("witch", None, "rules"), 40):
        numbers = [int(number) for number in re.findall(r"(?m)^(\d+)\. ", text)]
        assert numbers == list(range(1, len(numbers) + 1)) and 4 <= len(numbers) <= 6


def test_length() -> None:
    mean = {}
    for length in ("short", None, "long"):
        found = texts(replace(asked("wizard"), length=length), 120)
        mean[length] = sum(len(text.split()) for text in found) / len(found)
    assert mean["short"] * 1.1 < mean[None] < mean["long"] / 1.1


# ---- variety -----------------------------------------------------------------------------------------------------------------------


# 2,500 texts each; the forms draw from the same tables, so that one of them is enough for make test.
@pytest.mark.parametrize("form", [name if name == "letter" else pytest.param(name, marks=pytest.mark.slow) for name in NAMES])
def test_a_form_gives_thousands_of_documents(form: str) -> None:
    assert len(set(texts(asked("wizard", "grumpy", form), 2500))) == 2500


@pytest.mark.parametrize("form", NAMES)
def test_thirty_documents_share_few_sentences(form: str) -> None:
    found = texts(asked("wizard", "grumpy", form), 30)
    counts = Counter(sentence for text in found for sentence in set(said(text)))
    assert sum(count for count in counts.values() if count > 1) <= 0.12 * counts.total()


def test_two_personas_have_little_in_common() -> None:
    prompts = ("a grumpy wizard", "talks like a pirate")
    one, other = ({sentence for text in texts(understand(prompt), 150) for sentence in said(text)} for prompt in prompts)
    assert len(one & other) < 0.05 * min(len(one), len(other))


def test_the_seed_decides() -> None:
    request = understand("a grumpy wizard")
    assert texts(request, 12, seed=5) == texts(request, 12, seed=5) != texts(request, 12, seed=6)
    assert FORMS["persona"].keys() == set(NAMES)


def test_left_out_words_do_not_occur() -> None:
    request = understand("a grumpy wizard, but never mention dragons")
    assert (request.category, request.without) == ("persona", ("dragon",))
    assert not [text for text in texts(request, 150) if re.search(r"\bdragons?\b", text, re.IGNORECASE)]


# ---- read without the tables -------------------------------------------------------------------------------------------------------

PROMPTS = [
    *ASKED,
    "a nervous lighthouse keeper",
    "a beekeeper who loves jazz",
    "a cheerful falconer who explains the universe",
    "a shy astronaut",
]


@pytest.mark.parametrize("count", [8, pytest.param(24, marks=pytest.mark.slow)])  # the first of them at least, always
@pytest.mark.parametrize("prompt", PROMPTS)
def test_documents_stand_the_checks(prompt: str, count: int) -> None:
    request = understand(prompt)
    assert request.category == "persona"
    for document in islice(write_documents(request, random.Random(prompt)), count):
        found = check(document.text, replace(request, forms=(document.origin["form"],)))
        assert not found, f"{found}\n{document.text}"


def test_an_idea_is_a_question_and_there_are_many() -> None:
    ideas = {document.origin["idea"] for document in islice(write_documents(understand("a grumpy wizard"), random.Random(1)), 300)}
    assert len(ideas) > 150 and all(": " in idea and "{" not in idea.replace("{subject}", "") for idea in ideas)
    about_one = understand("a pirate who explains photosynthesis")
    assert len({document.origin["idea"] for document in islice(write_documents(about_one, random.Random(1)), 200)}) >= 20


def test_an_answer_answers_its_question() -> None:
    """After each question about sleep comes one of the answers that its row of the table has for it."""
    request = replace(asked("wizard", None, "monologue"), topics=("sleep",))
    answers = {question.ask: question.says for question in everyday()["sleep"].questions}
    seen = 0
    for text in texts(request, 80):
        for ask, says in answers.items():
            if f'"{ask}"' in text:
                seen += 1
                after = text.split(f'"{ask}"')[1].lower()
                assert any(said.lower()[:40] in after for said in says), text
    assert seen > 40


def test_unknown_personas_do_what_their_trade_does() -> None:
    for prompt, acts in {"a shy falconer": "(?:train|breed)(?:ing)? ", "a funny barber": "cut(?:ting)? hair|shav"}.items():
        joined = " ".join(texts(understand(f"a GPT that answers like {prompt}"), 40))
        assert len(re.findall(acts, joined)) >= 8, prompt


def test_facts_name_their_source() -> None:
    about = {"a pirate who explains photosynthesis": True, "a grumpy wizard": False, "a pirate who explains the weather": False}
    for prompt, known in about.items():
        document = next(write_documents(understand(prompt), random.Random(1)))
        assert (document.origin.get("facts") == "wordnet") == known
