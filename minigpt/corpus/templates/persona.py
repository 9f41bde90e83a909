"""Writes what a persona says: questions and answers, advice, monologues, scenes, letters and rules, in one voice from first to last."""

from __future__ import annotations

import random
import re
from functools import partial

from minigpt.corpus.english import article, gerund, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import ARTICLE, Form, draw, fill
from minigpt.corpus.templates.grammar import _article as chosen_article
from minigpt.corpus.templates.persona_voices import ANY, character, entries, manner_names, rows_of, subject
from minigpt.corpus.words import Words

SENTENCE = re.compile(r"(^|[.!?] |\n)([\"(]?)([a-z])")
SINGULAR = {"things": "thing", "deeds": "deed", "acts": "act", "places": "place", "woes": "woe", "joys": "joy", "hails": "hail"}
SINGULAR |= {"dears": "dear", "sayings": "saying", "pictures": "picture"}
WITH_NOUN = re.compile(r"\{(?:noun|manner)\}")
ASIDES = 0.7  # how many of a persona's asides show its manner, after the first
OWN = re.compile(r"\{(?:noun|full)\}")
FOLLOWING = ("tale", "tell", "know", "woe", "joy", "say", "picture", "tell", "know", "tale")
SIZES = {"short": (1, 1), "long": (4, 5), None: (2, 4)}  # exchanges, or paragraphs
PROPER = ("Little Tom", "Young Pete")  # visitors with a name


class Speaker:
    """The look-up for templates: one voice, one manner, one subject; the entries of each list all come once before any repeats."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words = rng, words
        self.who = character(rng, request.persona, request.manner)
        rows = rows_of(self.who.voice)
        self.lists = {SINGULAR.get(key, key): list(entries(str(row))) for key, row in rows.items() if isinstance(row, str)}
        self.subject = subject(rng, words, tuple(request.spell(topic) for topic in request.topics))
        self.lists |= {"tip": list(self.subject.tips), "truth": list(self.subject.truths), "ask": list(self.subject.asks)}
        fixed = set(entries(words["things that stay"]))
        self.lists["held"] = [thing for thing in self.lists["thing"] if thing not in fixed] or self.lists["thing"]
        self.lists["outcome"] = words["outcomes"]
        self.frames = {key: self._fitting([*frames, *self._own(key)]) for key, frames in words["frames"].items()}
        if self.who.voice == ANY:  # what it says must come from its own words
            self.frames = {key: frames + 3 * [frame for frame in frames if OWN.search(frame)] for key, frames in self.frames.items()}
        self.frames["close"] += self._fitting(self.lists["closes"])
        table = words["manners"].get(_manner(words, self.who.manner), words["any manner"]) if self.who.manner else {}
        self.manner = {key: self._fitting(table.get(key, [])) for key in ("open", "aside", "close")}
        if table and table is not words["any manner"]:
            extra = words["any manner"]
            self.manner = {key: [*self.manner[key], *self._fitting(extra[key])[:2]] for key in self.manner}
        self.swaps = [(re.compile(old), new) for old, new in rows.get("swaps", [])]
        guest = rng.choice(self.lists["visitors"])
        self.guest = guest
        self.lists["folk"] = [folk for folk in self.lists["folk"] if guest.lower() not in folk] or self.lists["folk"]
        name = self.who.label
        self.fixed = {"subject": self.subject.name, "guest2": "my friend", "noun": self.who.noun, "full": self.who.full, "name": name}
        self.fixed |= {"manner": self.who.manner, "noun2": self.who.title, "guest": guest}
        self.fixed |= {"a guest": _a_guest(guest), "the guest": _the_guest(guest)}
        self.left: dict[str, list[str]] = {}
        self.shown = False  # whether a sentence of the manner has come

    def _own(self, key: str) -> list[str]:
        """The voice's own frames, which come as often as the common ones."""
        own = rows_of(self.who.voice).get(key, [])
        return [*own, *own] if isinstance(own, list) else []

    def _fitting(self, frames: list[str]) -> list[str]:
        """The frames that a name can fill: nobody is any Shakespeare, or a moon."""
        return [frame for frame in frames if not ((self.who.named or self.who.only) and WITH_NOUN.search(frame))]

    def __call__(self, name: str) -> str:
        if name in self.fixed:
            return self.fixed[name]
        if name == "folk3":  # whom a stranger may know
            return f"my {self.rng.choice(('doctor', 'neighbour', 'sister', 'teacher', 'best friend', 'boss', 'uncle', 'hairdresser'))}"
        if name == "folk2":  # of the persona's acquaintances, one that a visitor may know
            return self.rng.choice([folk for folk in self.lists["folk"] if folk.startswith("the ")])
        if name in ("thing2", "place2"):
            return self.visited(self.pick(name[:-1]))
        if name == "acting":
            verb, _, rest = self.pick("act").partition(" ")
            return f"{gerund(verb)} {rest}".strip()
        return self.pick(name)

    def visited(self, text: str) -> str:
        """The persona's thing or place in a visitor's words: in your tower."""
        return re.sub(r"\bmy\b", "your", re.sub(r"\byour\b", "our", text))

    def pick(self, name: str, pool: list[str] | None = None) -> str:
        """An entry of the list that has not come since all the others did."""
        if not self.left.get(name):
            items = self._fitting(self.lists[name] if pool is None else pool)
            self.left[name] = draw(self.rng, items, len(items))
        return self.left[name].pop()

    def fill(self, template: str) -> str:
        """The template filled, as a narrator says it."""
        return sentences(fill(self.rng, template, self))

    def say(self, *kinds: str) -> str:
        """A sentence of each kind, as the persona says them."""
        return self.voiced(" ".join(fill(self.rng, self._frame(kind), self) for kind in kinds))

    def voiced(self, text: str) -> str:
        """The text in the dialect of the voice."""
        for old, new in self.swaps:
            text = old.sub(new, text)
        return sentences(text)

    def _frame(self, kind: str) -> str:
        if kind == "aside" and not (self.manner["aside"] and (not self.shown or self.rng.random() < ASIDES)):
            kind = self.rng.choice(("woe", "joy", "tale"))
        self.shown |= kind == "aside"
        if self.manner.get(kind) and (kind == "aside" or self.rng.random() < 0.6):
            return self.pick(f"manner {kind}", self.manner[kind])
        return self.pick(f"frame {kind}", self.frames[kind])


def _manner(words: Words, adjective: str) -> str:
    return manner_names().get(adjective, adjective)


def _a_guest(guest: str) -> str:
    return guest if guest in PROPER else f"{article(guest)} {guest.lower()}"


def _the_guest(guest: str) -> str:
    return guest if guest in PROPER else f"the {guest.lower()}"


def sentences(text: str) -> str:
    """The text with each sentence capitalised and its articles chosen."""
    text = ARTICLE.sub(chosen_article, text)
    return SENTENCE.sub(lambda m: m[1] + m[2] + m[3].upper(), text)


def _sizes(rng: random.Random, request: Request, most: int = 4) -> int:
    count = rng.randint(*SIZES[request.length])
    return count if request.length else min(count, most)


def _kinds(rng: random.Random, count: int) -> list[str]:
    """Kinds of sentences, no two equal ones in a row."""
    found: list[str] = []
    while len(found) < count:
        kind = rng.choice(FOLLOWING)
        if kind not in found[-2:]:
            found.append(kind)
    return found


def exchange(speaker: Speaker, request: Request) -> str:
    """A visitor asks two to four times, and the persona answers."""
    rng = speaker.rng
    turns = _sizes(rng, request, most=3)
    lines = [_line(speaker, fill(rng, rng.choice(speaker.words["greetings of a visitor"]) + "{ask}", speaker))]
    lines.append(_answer(speaker, speaker.say("open", rng.choice(("know", "picture", "tale")), "tell")))
    used: list[str] = []
    for _ in range(turns - 1):
        kind = rng.choice([kind for kind in speaker.words["follow ups"] if kind not in used])
        used.append(kind)
        lines.append(_line(speaker, fill(rng, speaker.pick(f"follow up {kind}", speaker.words["follow ups"][kind]), speaker)))
        lines.append(_answer(speaker, speaker.say(kind, rng.choice(("aside", "know", "tell")))))
    lines.append(_line(speaker, fill(rng, rng.choice(speaker.words["thanks"]), speaker)))
    lines.append(_answer(speaker, speaker.say("close")))
    return "\n".join(lines)


def _line(speaker: Speaker, text: str) -> str:
    return f"{speaker.guest}: {sentences(text)}"


def _answer(speaker: Speaker, text: str) -> str:
    return f"{speaker.who.label}: {text}"


def advice(speaker: Speaker, request: Request) -> str:
    """A letter to the persona, and its answer."""
    rng = speaker.rng
    sign = rng.choice(speaker.words["signs"])
    asked = speaker.fill(rng.choice(speaker.words["letters in"]))
    kinds = ["open", *_kinds(rng, _sizes(rng, request)), "tell", "aside"]
    answer = speaker.say(*kinds, "close")
    return f"Dear {speaker.who.label},\n{asked}\n{sign}\n\nDear {sign.removeprefix('A ')},\n{answer}"


def monologue(speaker: Speaker, request: Request) -> str:
    """What the persona says about a thing when nobody stops it."""
    rng = speaker.rng
    title = title_case(fill(rng, rng.choice(speaker.words["titles"]), speaker))
    start = speaker.voiced(fill(rng, rng.choice(speaker.words["rants"]), speaker))
    first = f"{start} {speaker.say('aside', 'know', 'woe')}"
    middle = speaker.say("tale", *_kinds(rng, _sizes(rng, request, most=3)))
    last = speaker.say(rng.choice(("know", "say", "joy")), "tell", "close")
    return f"{title}\n\n{first}\n\n{middle}\n\n{last}"


def scene(speaker: Speaker, request: Request) -> str:
    """A visit, told by the persona."""
    rng, words = speaker.rng, speaker.words
    speaker.fixed["place"] = speaker.pick("place")

    def told(key: str, **more: str) -> str:
        text = speaker.pick(key, words[key])
        for name in more:
            text = text.replace("{" + name + "}", "\0" + name)
        text = speaker.voiced(fill(rng, text, speaker))
        for name, value in more.items():
            text = text.replace("\0" + name, value)
        return text

    paragraphs = [title_case(fill(rng, rng.choice(words["scene titles"]), speaker))]
    paragraphs += [f"{told('scene starts')} {told('scene asks', Ask=speaker.fill('{ask}'))}"]
    paragraphs.append(told("scene turns", answer=speaker.say("open", "know", "tell")))
    for kind in _kinds(rng, _sizes(rng, request, most=2) - 1):
        follow = sentences(fill(rng, speaker.pick(f"follow up {kind}", words["follow ups"][kind]), speaker))
        paragraphs.append(told("scene middles", Follow=follow))
        paragraphs.append(told("scene turns", answer=speaker.say(kind, "aside")))
    paragraphs.append(told("scene ends"))
    return "\n\n".join(paragraphs)


def letter(speaker: Speaker, request: Request) -> str:
    """A letter from the persona."""
    rng, words = speaker.rng, speaker.words
    start = speaker.voiced(fill(rng, rng.choice(words["letter starts"]), speaker))
    first = f"{start} {speaker.say('know', 'aside')}"
    second = speaker.say("tale", *_kinds(rng, _sizes(rng, request)), "tell")
    end = rng.choice(words["letter ends"])
    return f"Dear {speaker.guest},\n\n{first}\n\n{second}\n\n{speaker.say('close')}\n\n{end},\n{upper_first(title_case(speaker.who.title))}"


def rules(speaker: Speaker, request: Request) -> str:
    """Numbered rules, with a title and a last word."""
    rng, words = speaker.rng, speaker.words
    title = title_case(fill(rng, rng.choice(words["rule titles"]), speaker))
    start = speaker.voiced(fill(rng, rng.choice(words["rule intros"]), speaker))
    kinds = ["tell", *(rng.choice(("know", "tell", "picture", "say")) for _ in range(_sizes(rng, request))), "tell"]
    lines = [f"{number}. {speaker.say(kind)}" for number, kind in enumerate(kinds, 1)]
    return "\n".join([title, "", start, *lines, "", speaker.say("aside", "close")])


def write(rng: random.Random, words: Words, request: Request, form: str) -> str:
    """A document of the form."""
    return WRITE[form](Speaker(rng, words, request), request)


WRITE = {"exchange": exchange, "advice": advice, "monologue": monologue, "scene": scene, "letter": letter, "rules": rules}
NAMES = tuple(WRITE)
FORMS: dict[str, Form] = {name: partial(write, form=name) for name in NAMES}
