"""Writes e-mails and memos whose occasion, dates, sums and names agree."""

from __future__ import annotations

from minigpt.corpus.english import plurals, singular, upper_first
from minigpt.corpus.templates.general_facts import Pen, contract
from minigpt.corpus.templates.general_readers import acquaint, letters_to, reader_of
from minigpt.corpus.templates.general_scene import Scene, choose_scene, set_scene, told
from minigpt.corpus.templates.wording import joined
from minigpt.corpus.words import Words

OPENED = 0.3  # share of e-mails that begin with a wish; formal ones always do
MATES = {"colleague", "colleagues", "coworkers"}  # topics that say to whom letters go
WHOLE = 0.25  # share in a single paragraph
TITLES = {"she": "Ms.", "he": "Mr."}


def email(pen: Pen) -> str:
    """An e-mail of one occasion: subject, greeting, what it is about, a closing and a name; a joke below it for a fun tone."""
    reader = reader_of(pen.request)
    scene = choose_scene(pen, letters_to(pen, reader), topical=False) if reader else choose_scene(pen, _letters(pen))
    _business(pen, scene)
    if reader:
        acquaint(pen, reader)
    tone, words, to = pen.request.tone, pen.words, scene["to"]
    sentences = [told(pen, part) for part in scene["body"]]
    if tone == "formal" or (pen.request.length != "short" and pen.rng.random() < OPENED):
        sentences[0].insert(0, pen.pick(words["letter openings"][to]))
    paragraphs = [pen.tell(*part) for part in sentences if part]
    if pen.request.length == "short" or (pen.request.length is None and pen.rng.random() < WHOLE):
        paragraphs = [" ".join(paragraphs)]
    subject = upper_first(pen.say(pen.pick(scene["subject"])))
    text = [f"Subject: {subject}", _greeting(pen, to), *paragraphs]
    closing = pen.rng.choice(words["letter closings"][tone or to])
    after = [pen.say(pen.pick([*scene.get("fun", []), *words["fun postscripts"]]))] if tone == "fun" else []
    text = [contract(pen, part) if tone == "fun" else part for part in text]
    return "\n\n".join([*text, f"{closing}\n{pen.facts['p2']}", *after])


def memo(pen: Pen) -> str:
    """A memo: to, from, date and subject, then what is to be known."""
    readers = " ".join([*pen.words["departments"], "the office"])
    scene = choose_scene(pen, pen.words["memos"], topical=not (pen.prefer and pen.prefer.search(readers)))
    _business(pen, scene)
    department, town = pen.facts["department"], pen.facts["town"]
    to = pen.rng.choice((f"all of {department}", department, f"everyone in {town}", f"the office in {town}"))
    head = (
        ("To", upper_first(to)),
        ("From", pen.facts["p1"]),
        ("Date", pen.facts["today"]),
        ("Subject", pen.say(pen.pick(scene["subject"]))),
    )
    sentences = [pen.say(part) for part in told(pen, scene["body"])]
    half = (len(sentences) + 1) // 2
    return "\n\n".join(
        [
            "\n".join(f"{name}: {value}" for name, value in head),
            *(joined(pen.rng, " ".join(part)) for part in (sentences[:half], sentences[half:])),
        ]
    )


def letters(words: Words) -> list[Scene]:
    """The occasions of all e-mails."""
    return [*words["letters about"], *words["letters people"], *words["letters trade"]]


def _letters(pen: Pen) -> list[Scene]:
    """Those that bear the tone: what is funny goes to people one knows."""
    every = letters(pen.words)
    kinds = [set(pen.words["letters of a kind"].get(singular(said), ())) for said in pen.request.matched]
    if kinds := list(filter(None, kinds)):  # of minutes and meetings the minutes, of proposals and reminders both
        named = set.intersection(*kinds) or set.union(*kinds)
        return [letter for letter in every if letter["name"] in named]
    if _to_mates(pen):
        return [letter for letter in every if letter["to"] == "team"]
    return (
        [letter for letter in every if letter["to"] in ("colleague", "team") or letter.get("fun")] if pen.request.tone == "fun" else every
    )


def _greeting(pen: Pen, to: str) -> str:
    tone, facts = pen.request.tone, pen.facts
    if to == "team":
        return (
            "Dear colleagues,"
            if tone == "formal" or _to_mates(pen)
            else pen.rng.choice(("Hello everybody,", "Dear all,", "Dear colleagues,"))
        )
    if tone == "formal" or (tone is None and to != "colleague"):
        return f"Dear {TITLES[facts['p1.she']]} {facts['p1.last']},"
    return f"{'Hello' if tone == 'fun' else 'Dear'} {facts['p1.first']},"


def _business(pen: Pen, scene: Scene) -> None:
    """Set the scene between two companies; {event} and {work} are about the request's topic, if it has one."""
    rng, words, facts = pen.rng, pen.words, pen.facts
    set_scene(pen, scene)
    topic = pen.choose("project subjects") if _to_mates(pen) else many(facts.get("topic", "")) or pen.choose("project subjects")
    facts |= {
        "topicish": topic,
        "event": f"{rng.choice(words['event kinds'])} {topic}",
        "work": f"{rng.choice(words['work kinds'])} {topic}",
    }
    houses, kinds = rng.sample(words["surnames"], 2), rng.sample(words["company kinds"], 2)
    facts |= {"company": f"{houses[0]} {kinds[0]}", "company2": f"{houses[1]} {kinds[1]}", "department": pen.choose("departments")}
    if scene.get("open"):
        pen.idea += f" for {facts['topicish']}"


def _to_mates(pen: Pen) -> bool:
    """Whether the prompt names colleagues, who are not what the e-mails are about, but get them."""
    return bool(pen.request.topics) and set(pen.request.topics) <= MATES


def many(topic: str) -> str:
    """ "schools" for "a school": a brochure is about all of them."""
    article, _, noun = topic.partition(" ")
    return plurals(noun)[0] if article in ("a", "an") and noun else topic
