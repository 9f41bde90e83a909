"""Writes what a persona says: questions and answers, advice, monologues, scenes, letters and rules, in one voice from first to last."""

from __future__ import annotations

import random
import re
from functools import partial

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form, Told, draw, fill
from minigpt.corpus.templates.persona_speaker import Speaker, sentences
from minigpt.corpus.templates.persona_voices import Question, everyday_name, facts
from minigpt.corpus.words import Words

LONGER = re.compile(r" (?:on|across|of|with|from|who|in|by|next|under|at|that|behind) .+")  # what tells somebody from others, said once
SIZES = {"short": (1, 1), "long": (4, 5), None: (2, 3)}  # exchanges, or sentences beside the answer


def _size(speaker: Speaker, request: Request) -> int:
    return speaker.rng.randint(*SIZES[request.length])


def exchange(speaker: Speaker, request: Request) -> str:
    """A visitor asks two to four times, and the persona answers."""
    rng, words = speaker.rng, speaker.words
    asked = speaker.question()
    lines = [_line(speaker, fill(rng, rng.choice(words["greetings of a visitor"]), speaker) + speaker.asked())]
    lines.append(_answer(speaker, f"{speaker.say('open')} {speaker.direct(asked)} {speaker.season(asked)}"))
    kinds = draw(rng, ["tip" if asked.kind == "h" else "truth", "tale", "own" if asked.kind == "h" else "truth"], 3)
    kinds = [kind for place, kind in enumerate(kinds) if kind not in kinds[:place]]
    turns = max(1, _size(speaker, request) - 1)
    for turn in range(turns):
        if turn == turns - 1 and turns > 1 and rng.random() < 0.4:
            kinds.append("news")
        elif (turn % 2 and speaker.questions and rng.random() < 0.8) or not kinds:
            kinds.append("question")
        kind = kinds.pop()
        if kind == "question":
            asked = speaker.question()
            lines.append(_line(speaker, fill(rng, speaker.led(rng.choice(words["another question"])), speaker)))
            lines.append(_answer(speaker, f"{speaker.direct(asked)} {speaker.season(asked)}"))
            continue
        lines.append(_line(speaker, fill(rng, speaker.pick(f"follow up {kind}", words["follow ups"][kind]), speaker)))
        more = f" {speaker.season(asked)}" if kind == "tip" else ""
        lines.append(_answer(speaker, speaker.say(kind) + more))
    lines.append(_line(speaker, fill(rng, rng.choice(words["thanks"]), speaker)))
    lines.append(_answer(speaker, speaker.say("close")))
    return "\n".join(lines)


def _line(speaker: Speaker, text: str) -> str:
    return f"{speaker.guest}: {sentences(text)}"


def _answer(speaker: Speaker, text: str) -> str:
    return f"{speaker.who.label}: {text}"


def _more(speaker: Speaker, asked: Question, request: Request) -> list[str]:
    """What else there is to say about a question: counsel, and how the persona came by it."""
    count = _size(speaker, request)
    return [speaker.counsel(asked) if place % 2 == 0 else speaker.season(asked, wise=False) for place in range(count)]


def advice(speaker: Speaker, request: Request) -> str:
    """A letter to the persona, and its answer."""
    rng = speaker.rng
    asked = speaker.question()
    sign = rng.choice(speaker.subject.signs)
    speaker.fixed["ask"] = speaker.asked("leads in a letter")
    letter = speaker.fill(rng.choice(speaker.words["letters in"]))
    parts = [speaker.say("open"), speaker.direct(asked), speaker.season(asked, wise=False), *_more(speaker, asked, request)]
    answer = " ".join([*parts, speaker.say("close")])
    return f"Dear {speaker.who.label},\n{letter}\n{sign}\n\nDear {sign.removeprefix('A ')},\n{answer}"


def monologue(speaker: Speaker, request: Request) -> str:
    """What the persona says about a thing when nobody stops it."""
    rng, words = speaker.rng, speaker.words
    title = title_case(fill(rng, rng.choice(speaker.titles("titles")), speaker))
    start = speaker.voiced(fill(rng, rng.choice(words["rants"]), speaker))
    asked = speaker.question()
    ask = speaker.voiced(fill(rng, rng.choice(words["people ask"]), speaker))
    paragraphs = [f"{start} {ask} {speaker.direct(asked)} {speaker.season(asked)}"]
    for _ in range(max(1, _size(speaker, request) - 2)):
        asked = speaker.question()
        ask = speaker.voiced(fill(rng, speaker.pick("people also ask", words["people also ask"]), speaker))
        paragraphs.append(f"{ask} {speaker.direct(asked)} {speaker.season(asked)}")
    paragraphs.append(f"{speaker.say('truth', 'joy', 'close')}")
    return "\n\n".join([title, *paragraphs])


def scene(speaker: Speaker, request: Request) -> str:
    """A visit and what comes of it, told by the persona."""
    rng, words = speaker.rng, speaker.words
    plot = rng.choice(list(words["scenes"]))
    speaker.idea = f"{plot}: {speaker.idea}"
    speaker.fixed["place"] = speaker.pick("place")
    speaker.fixed["folk"] = speaker("folk2")
    others = [folk for folk in speaker.lists["folk"] if folk != speaker.fixed["folk"] and folk.startswith("the ")]
    speaker.fixed |= {
        "folk2": rng.choice(others),
        "even folk": f"even {speaker.fixed['folk']}",
        "me and folk": f"me and {speaker.fixed['folk']}",
    }
    speaker.fixed["noun2b"] = "one" if speaker.who.named or speaker.who.only else speaker.who.noun
    first = speaker.question()
    said = {"ask": speaker.asked(), "answer": speaker.direct(first), "tip": speaker.counsel(first)}
    said["season"] = speaker.season(first)
    if speaker.manner["aside"] and "{season}" not in str(words["scenes"][plot]):
        said["answer"] += " " + said["season"]
    second = speaker.question()
    said |= {"ask2": speaker.asked(), "answer2": speaker.direct(second)}
    title = title_case(fill(rng, rng.choice(speaker.titles("scene titles")), speaker))
    first_told, *others = words["scenes"][plot]
    paragraphs = [title, _told(speaker, first_told, said)]
    short = LONGER.sub("", speaker.fixed["folk"])
    if short.split()[-1] not in speaker.who.noun.lower():
        speaker.fixed |= {"folk": short, "even folk": f"even {short}", "me and folk": f"me and {short}"}
    return "\n\n".join([*paragraphs, *(_told(speaker, text, said) for text in others)])


def _told(speaker: Speaker, template: str, said: dict[str, str]) -> str:
    """A paragraph of a scene, in the persona's dialect but for what the visitor says."""
    for name in said:
        template = template.replace("{" + upper_first(name) + "}", f"\0{name}\0").replace("{" + name + "}", f"\0{name}\0")
    text = speaker.voiced(fill(speaker.rng, template, speaker))
    for name, value in said.items():
        text = text.replace(f"\0{name}\0", value)
    return text


def letter(speaker: Speaker, request: Request) -> str:
    """A letter from the persona that answers a question."""
    rng, words = speaker.rng, speaker.words
    asked = speaker.question()
    start = speaker.voiced(fill(rng, rng.choice(words["letter starts"]), speaker))
    first = f"{start} {speaker.direct(asked)} {speaker.season(asked, wise=False)}"
    more = _more(speaker, asked, request)
    speaker.fixed["news"] = speaker.raw("news")
    news = speaker.voiced(fill(rng, rng.choice(words["letter news"]), speaker))
    end = f"{rng.choice(words['letter ends'])},\n{upper_first(title_case(speaker.who.title))}"
    paragraphs = [f"Dear {speaker.guest},", first, " ".join(more), f"{news} {speaker.say('close')}", end]
    return "\n\n".join(paragraphs)


def rules(speaker: Speaker, request: Request) -> str:
    """Numbered rules, with a title and a last word."""
    rng, words = speaker.rng, speaker.words
    title = title_case(fill(rng, rng.choice(speaker.titles("rule titles")), speaker))
    start = speaker.voiced(fill(rng, rng.choice(words["rule intros"]), speaker))
    kinds = ["tip", *(rng.choice(("tip", "tip", "truth")) for _ in range(_size(speaker, request))), "truth"]
    lines = [f"{number}. {speaker.say(kind)}" for number, kind in enumerate(kinds, 1)]
    last = speaker.voiced(fill(rng, rng.choice(words["rule ends"]), speaker))
    return "\n".join(
        [title, "", start, *lines, f"{len(lines) + 1}. {last}", "", speaker.say("aside" if speaker.manner["aside"] else "joy", "close")]
    )


def write(rng: random.Random, words: Words, request: Request, form: str) -> str:
    """A document of the form."""
    speaker = Speaker(rng, words, request)
    text = WRITE[form](speaker, request)
    return Told(text, speaker.idea)


def learned(request: Request) -> bool:
    """Whether what is said of the topics rests on WordNet."""
    return any(facts(topic) for topic in map(request.spell, request.topics) if not everyday_name(topic))


WRITE = {"exchange": exchange, "advice": advice, "monologue": monologue, "scene": scene, "letter": letter, "rules": rules}
NAMES = tuple(WRITE)
FORMS: dict[str, Form] = {name: partial(write, form=name) for name in NAMES}
