"""The look-up for templates of one persona: its voice, its manner, its subject, and what it says in them."""

from __future__ import annotations

import random
import re

from minigpt.corpus.english import article, gerund, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import ARTICLE, draw, fill
from minigpt.corpus.templates.grammar import _article as chosen_article
from minigpt.corpus.templates.persona_trade import Trade, trade
from minigpt.corpus.templates.persona_voices import ANY, Question, character, entries, manner_names, plural, rows_of, subject
from minigpt.corpus.words import Words

SENTENCE = re.compile(r"(^|[.!?] |\n)([\"(]?)([a-z])")
SINGULAR = {"things": "thing", "deeds": "deed", "acts": "act", "places": "place", "woes": "woe", "joys": "joy", "hails": "hail"}
SINGULAR |= {"dears": "dear", "sayings": "saying", "pictures": "picture"}
OWN_FRAMES = {"tip": "tell", "truth": "know"}  # the names under which a voice has frames of its own
WITH_NOUN = re.compile(r"\{(?:noun|manner)\}")
OWN = re.compile(r"\{(?:noun|full)\}")
ASIDES = 0.6  # how often a sentence beside the answer shows the manner, after the first
SEASONS = {
    "h": ("tried", "tried", "tale", "picture"),
    "w": ("tale", "tale", "truth"),
    "q": ("tale", "truth"),
    "o": ("tale", "truth"),
    "fact": ("tale", "truth"),
}
HELP = (  # before a question that begins with a statement
    "You must help me, {name}[, and please do not laugh|, for {folk2} only shrugged|, before {folk2} comes|]. {ask}",
    "I need [advice|your help], {name}[, and {folk2} must not know|, and soon|, or I must ask {folk2}|]. {ask}",
    "{ask}",
)
PROPER = ("Little Tom", "Young Pete")  # visitors with a name


class Speaker:
    """One voice, one manner, one subject; the entries of each list all come once before any repeats."""

    def __init__(self, rng: random.Random, words: Words, request: Request) -> None:
        self.rng, self.words = rng, words
        self.who = character(rng, request.persona, request.manner)
        rows = rows_of(self.who.voice)
        self.lists = {SINGULAR.get(key, key): list(entries(str(row))) for key, row in rows.items() if isinstance(row, str)}
        self.subject = subject(rng, words, tuple(request.spell(topic) for topic in request.topics))
        self.lists |= {"tip": list(self.subject.tips), "truth": list(self.subject.truths)}
        self.lists |= {"outcome": words["outcomes"], "outcome2": words["outcomes of others"], "outcome3": words["outcomes of the opposite"]}
        if self.who.voice == ANY and not self.who.named:
            self._learn(trade(self.who.noun))
        fixed = set(entries(words["things that stay"]))
        self.lists["held"] = [thing for thing in self.lists["thing"] if thing not in fixed] or self.lists["thing"]
        self.frames = {key: self._fitting([*frames, *self._own(key)]) for key, frames in words["frames"].items()}
        if self.who.voice == ANY:  # what it says must come from its own words
            self.frames = {key: frames + 3 * [frame for frame in frames if OWN.search(frame)] for key, frames in self.frames.items()}
        self.frames["close"] += self._fitting(self.lists["closes"])
        self.manner = self._manner()
        self.swaps = [(re.compile(old), new) for old, new in rows.get("swaps", [])]
        others = [guest for guest in self.lists["visitors"] if guest.lower() != self.who.noun.lower()]  # no mechanic asks a mechanic
        guest = rng.choice(others or self.lists["visitors"])
        self.guest = guest
        self.lists["folk"] = [
            folk for folk in self.lists["folk"] if not re.search(rf"{guest.lower()}|\b{self.who.noun.lower()}$", folk)
        ] or self.lists["folk"]
        self.fixed = {"subject": self.subject.name, "noun": self.who.noun, "full": self.who.full, "name": self.who.label}
        self.fixed |= {"manner": self.who.manner, "noun2": self.who.title, "it": "them" if plural(self.subject.name) else "it"}
        self.fixed |= {"a guest": guest if guest in PROPER else f"{article(guest)} {guest.lower()}"}
        self.fixed |= {"the guest": guest if guest in PROPER else f"the {guest.lower()}"}
        self.left: dict[str, list[str]] = {}
        self.shown = False  # whether a sentence of the manner has come
        self.questions: list[Question] = draw(rng, self.subject.questions, len(self.subject.questions))
        self.first = self.questions[-1]
        self.idea = f"{self.subject.name}: {self.first.ask}"

    def _learn(self, known: Trade) -> None:
        """Puts the acts and things of a trade before those that anybody has."""
        self.lists["act"] = [*known.acts * 3, *self.lists["act"][: len(self.lists["act"]) if not known.acts else 4]]
        self.lists["thing"] = [*known.things, *self.lists["thing"][: max(4, 12 - 2 * len(known.things))]]
        self.lists["deed"] = [*known.deeds, *self.lists["deed"]]

    def _manner(self) -> dict[str, list[str]]:
        adjective, extra = self.who.manner, self.words["any manner"]
        if not adjective:
            return {"open": [], "aside": [], "close": []}
        table = self.words["manners"].get(manner_names().get(adjective, adjective), {})
        return {key: self._fitting([*table[key], *frames[:2]] if table else frames) for key, frames in extra.items()}

    def _own(self, key: str) -> list[str]:
        """The voice's own frames, which come as often as the common ones."""
        own = rows_of(self.who.voice).get(OWN_FRAMES.get(key, key), [])
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
        if name == "chore":  # what a guest can do instead
            acts = self.lists["act"]
            self.fixed[name] = self.rng.choice([act for act in acts if not re.search(r"\b(?:my|me|myself)\b", act)] or acts)
            return self.fixed[name]
        if name in ("thing2", "place2"):
            return self.visited(self.pick(name[:-1]))
        if name == "acting":
            verb, _, rest = self.pick("act").partition(" ")
            rest = re.sub(r"^(and|or) ([a-z]+)", lambda m: f"{m[1]} {gerund(m[2])}", rest)  # breeding and training hawks
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

    def question(self) -> Question:
        """A question about the subject that has not been asked yet; its words stand under "ask"."""
        asked = self.questions.pop() if self.questions else self.first
        plain = upper_first(fill(self.rng, asked.ask, self))
        self.fixed |= {"ask": plain, "asking": plain if re.match(r"I\b", plain) else plain[0].lower() + plain[1:]}
        return asked

    def asked(self, leads: str = "leads to a question") -> str:
        """The question in a visitor's words."""
        lead = self.pick(leads, self.words[leads])
        return sentences(fill(self.rng, self.led(lead), self))

    def led(self, lead: str) -> str:
        """The lead, or one for a question that begins with a statement: "I am sad. What helps?" """
        told = ". " in self.fixed["ask"] and "{asking}" in lead
        return self.rng.choice(HELP) if told else lead

    def titles(self, key: str) -> list[str]:
        """Titles of the list; whoever is known by name alone must stand in them."""
        named = self.who.voice == ANY or self.who.named
        return [title for title in self.words[key] if not named or "{noun2}" in title.lower()]

    def fill(self, template: str) -> str:
        """The template filled, as a narrator or a visitor says it."""
        return sentences(fill(self.rng, template, self))

    def say(self, *kinds: str) -> str:
        """A sentence of each kind, as the persona says them."""
        return self.voiced(" ".join(self.raw(kind) for kind in kinds))

    def raw(self, kind: str) -> str:
        """A sentence of the kind, before it is put into the dialect."""
        if kind in ("tip", "truth"):
            return self.framed(kind, self.frames[kind], self.pick(kind))
        if self.manner.get(kind) and (kind == "aside" or self.rng.random() < 0.6 or (kind == "close" and not self.shown)):
            self.shown |= kind in ("aside", "close")
            return fill(self.rng, self.pick(f"manner {kind}", self.manner[kind]), self)
        return fill(self.rng, self.pick(f"frame {kind}", self.frames[kind]), self)

    def framed(self, kind: str, frames: list[str], clause: str) -> str:
        """The clause in a frame; what has a colon of its own stands in a frame without one."""
        fit = [frame for frame in frames if not any(mark in clause and mark in frame for mark in ":;")]
        fresh = [frame for frame in fit if frame not in self.left.setdefault(f"used {kind}", [])] or fit
        frame = self.rng.choice(fresh)
        self.left[f"used {kind}"].append(frame)
        self.fixed["fact" if kind == "fact" else "direct" if kind == "direct" else kind] = clause
        text = fill(self.rng, frame, self)
        if kind in ("tip", "truth"):
            del self.fixed[kind]
        return text

    def direct(self, asked: Question) -> str:
        """The answer to a question, as the persona says it."""
        clause = self.rng.choice(asked.says)
        if asked.kind == "fact":
            return self.voiced(self.framed("fact", self.frames["fact"], clause))
        return self.voiced(self.framed("direct", self.frames["direct"] + self.frames[f"direct {asked.kind}"], clause))

    def season(self, asked: Question, wise: bool = True) -> str:
        """A sentence of the persona's own world beside the answer, which shows its manner if it has one; no truth unless `wise`."""
        if self.manner["aside"] and (not self.shown or self.rng.random() < ASIDES):
            return self.say("aside")
        return self.say(self.rng.choice([kind for kind in SEASONS[asked.kind] if wise or kind != "truth"]))

    def counsel(self, asked: Question) -> str:
        """More of what helps, or of what is so."""
        return self.say("tip" if asked.kind == "h" else "truth")

    def voiced(self, text: str) -> str:
        """The text in the dialect of the voice."""
        for old, new in self.swaps:
            text = old.sub(new, text)
        return sentences(text)


def sentences(text: str) -> str:
    """The text with each sentence capitalised and its articles chosen."""
    text = ARTICLE.sub(chosen_article, text)
    return SENTENCE.sub(lambda m: m[1] + m[2] + m[3].upper(), text)
