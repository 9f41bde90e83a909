"""Questions and answers about the words of a subject, and talk."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_facts import QUALITIES, Teller
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_joined import both, told
from minigpt.corpus.templates.subject_sense import CONCRETE, Entry
from minigpt.corpus.templates.subject_words import noun, text_of, verb
from minigpt.corpus.wordnet import PERSON, wordnet

SHORT, NEAR = 5, 4  # most words of a definition that may fit others; wider terms that are looked at
Way = Callable[[Teller, Entry, dict[str, str]], "tuple[str, str] | None"]


def answers(t: Teller, size: int) -> list[str]:
    """Questions, each with its answer."""
    marks = t.rng.choice([("Question: ", "Answer: "), ("Q: ", "A: "), (f"{t.fixed['name1']}: ", f"{t.fixed['name2']}: "), ("", "")])
    pairs = [asked_main(t), *(ask(t, e) for e in t.pick(size + 1))]
    return [upper_first(t.say("answer titles")), *(f"{marks[0]}{question}\n{marks[1]}{answer}" for question, answer in pairs)]


def asked_main(t: Teller) -> tuple[str, str]:
    """What the subject is."""
    e = t.main
    if not e.sense.gloss or t.definition(e)["is"] == "means":
        return upper_first(t.say("q kinds", **t.definition(e))), t.list_of(e) or t.kind(e) or told(t, e)
    more = t.list_of(e) if t.rng.random() < 0.5 else ""
    return upper_first(t.say("q main", **t.definition(e))), text_of([t.define(e, "define main"), more])


def ask(t: Teller, e: Entry) -> tuple[str, str]:
    """What somebody asks about a word, with the answer."""
    fields = t.definition(e)
    if fields["is"] == "means":
        return f'What does the word "{e.word}" mean?', upper_first(f"{e.sense.gloss}.")
    if e.sense.kind == "v":
        return t.say("q do", **fields), t.define(e)
    if e.sense.single and e.sense.file == PERSON:
        return t.say("q who", **fields), t.define(e)
    ways: list[Way] = [_what, _what, _word_for, _difference, _difference, _is_it]
    for way in t.rng.sample(ways, len(ways)):
        if pair := way(t, e, fields):
            return upper_first(pair[0]), upper_first(pair[1])
    return upper_first(t.say("q what", **fields)), told(t, e)


def _what(t: Teller, e: Entry, fields: dict[str, str]) -> tuple[str, str]:
    return t.say("q what", **fields), text_of([told(t, e), t.more(e) if t.rng.random() < 0.5 else ""])


def _word_for(t: Teller, e: Entry, fields: dict[str, str]) -> tuple[str, str] | None:
    if len(e.sense.gloss.split()) < 4 or e.sense.single or e.sense.plural or e.sense.gloss.startswith(("any ", "one of ")):
        return None
    extra = t.kind(e) if t.rng.random() < 0.6 else ""
    return t.say("q word", **fields), text_of([t.say("a word", **fields), extra])


def _difference(t: Teller, e: Entry, fields: dict[str, str]) -> tuple[str, str] | None:
    others = [o for o in t.open if o.sense.number not in t.told and t.common(e, o) and o.sense.kind == e.sense.kind]
    two = t.rng.choice(others) if others else None
    text = both(t, e, two) if two else ""
    if not two or not text:
        return None
    t.told.add(two.sense.number)
    return t.say("q difference", b=t.a(two), **fields), text


def _is_it(t: Teller, e: Entry, fields: dict[str, str]) -> tuple[str, str] | None:
    """Is a hood a kind of tuft? No: ..."""
    parent = t.parent(e)
    if parent and e.sense.file not in CONCRETE and not any(wordnet().is_a(parent, main.sense) for main in t.subject.mains):
        return None  # a bite of a fish is hardly "a kind of success"
    if parent is None or e.sense.file in QUALITIES or shown(parent) in e.word or e.sense.kind != "c" or e.sense.single or e.sense.plural:
        return None
    false = [
        p
        for o in wrong(t, e, 3)
        if (p := t.parent(o))
        and t.common(e, o)
        and wordnet().uses(shown(p))
        and not (wordnet().is_a(e.sense, p) or wordnet().is_a(p, e.sense))
    ]
    if false and t.rng.random() < 0.5:
        return t.say("q kind", parent=shown(false[0]), **fields), t.say("no", parent=shown(parent), **fields)
    return t.say("q kind", parent=shown(parent), **fields), t.say("yes", parent=shown(parent), **fields)


def conversation(t: Teller, size: int) -> list[str]:
    """A learner asks, and somebody who knows answers."""
    one, two = t.fixed["name1"], t.fixed["name2"]
    turns = [t.fill(text) for text in t.rng.choice(t.words["talk opens"])]
    for number, (question, answer) in enumerate([asked_main(t), *(ask(t, e) for e in t.pick(max(2, size)))]):
        react = t.say("talk reacts") if number else ""
        turns += [f"{upper_first(react)} {question}".strip(), answer]
    last = (t.pick(1, lambda e: noun(e) and not e.sense.single) or [t.main])[0]
    closing = t.rng.choice(t.words["talk closes"])
    turns += [upper_first(t.fill(text, a=t.a(last), **{"is": verb(last.sense, last.word)})) for text in closing]
    return ["\n".join(f"{(one, two)[i % 2]}: {text}" for i, text in enumerate(turns))]


def wrong(t: Teller, e: Entry, count: int) -> list[Entry]:
    """Entries that mean something else: no kind of it, nor it of them, nor what its definition fits as well."""
    net = wordnet()
    others = [o for o in t.subject.entries if o is not e and (o.sense.kind == "v") == (e.sense.kind == "v") and t.fit(o)]
    others = [o for o in others if not net.is_a(o.sense, e.sense) and not net.is_a(e.sense, o.sense) and o.sense.gloss != e.sense.gloss]
    others = [o for o in others if not (fits_too(e, o) or (e.sense.kind != "v" and fits_too(o, e)))]
    alike = [o for o in others if o.sense.plural == e.sense.plural]  # "Which of these is a dodo?" has no answer that speaks of many
    others = alike if len(alike) >= min(count, 2) else others
    alike = [o for o in others if o.sense.file == e.sense.file]  # a garden rather than a mouse
    others = alike if len(alike) >= 2 * count else others
    return random.Random(e.sense.number + len(t.told)).sample(others, min(count, len(others)))


def fits_too(e: Entry, o: Entry) -> bool:
    """Whether a short definition of one word says no more than a wider term of another: a mountain is an elevated formation, too."""
    said = e.sense.gloss
    return len(said.split()) <= SHORT and any(
        re.search(rf"\b{re.escape(wider.word)}\b", said) for wider in wordnet().above(o.sense)[:NEAR] if wider.word not in BROAD
    )
