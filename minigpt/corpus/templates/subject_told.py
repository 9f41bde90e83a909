"""Texts that tell of the words of a subject: an encyclopedia, a glossary, a comparison, a diary, a letter, a talk, a poem."""

from __future__ import annotations

from minigpt.corpus.english import join_and, title_case, upper_first
from minigpt.corpus.templates.subject_facts import SHORT, Teller
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_joined import apposed, both, near, several, told
from minigpt.corpus.templates.subject_sense import CONCRETE, Entry
from minigpt.corpus.templates.subject_words import COUNTS, noun, text_of
from minigpt.corpus.wordnet import PERSON, wordnet

OTHER = 0.35  # how often a text says what the other words of its topic mean
WITH_WORDS = 0.65  # how often the first sentence also lists words of the subject
MOST_TRIES = 12  # words tried, until one has a sister


def start(t: Teller) -> list[str]:
    """What the subject is, and what belongs to it."""
    others = [e for e in t.subject.mains if e is not t.main and e.sense.gloss]
    second = told(t, t.rng.choice(others)) if others and t.rng.random() < OTHER else ""
    near = [e for e in t.open if e.near < 2 and e.main == t.first and noun(e) and not e.sense.single]
    if t.main.sense.gloss and not t.main.sense.plural and len(near) > 4 and t.rng.random() < WITH_WORDS:
        chosen = t.rng.sample(near, t.rng.randint(2, 3))
        lists = {"list": join_and([t.the(e) for e in chosen]), "words": join_and([f'"{e.word}"' for e in chosen])}
        return [upper_first(t.say("main and words", **lists, **t.definition(t.main))), second]
    return [t.define(t.main, "define short" if t.sober else "define main") if t.main.sense.gloss else "", t.list_of(t.main), second]


def family(t: Teller, size: int) -> list[Entry]:
    """Words to tell, those of one family beside each other, people last."""
    chosen = t.pick(size, noun)
    ordered: list[Entry] = []
    while chosen:
        ordered.append(chosen.pop(0))
        alike = [o for o in chosen if t.common(ordered[-1], o)]
        ordered += alike[:1]
        chosen = [o for o in chosen if o not in alike[:1]]
    return sorted(ordered, key=lambda e: e.sense.single and e.sense.file == PERSON)


def entry(t: Teller, size: int) -> list[str]:
    """An entry of an encyclopedia."""
    t.sober = True
    words = family(t, size + 2)
    half = max(2, len(words) // 2)
    first = text_of([t.say("entry leads", a=t.the(words[0]), b=t.the(words[-1])), *several(t, words[:half], size)]) if words else ""
    second = text_of(several(t, words[half:], size))
    see = t.pick(t.rng.randint(2, 3))
    ends = [t.say("entry ends", list=", ".join(e.word for e in see))] if see else []
    return [title_case(t.say("entry titles")), text_of(start(t)), first, second, *ends]


def glossary(t: Teller, size: int) -> list[str]:
    """Words in the order of the alphabet, with their meanings."""
    main = [t.main] if t.main.sense.gloss else []
    listed = [*main, *t.pick(size + 3)]
    listed.sort(key=lambda e: heading(e).lower())
    ends = {"x": listed[0].word, "y": listed[-1].word}
    count = COUNTS[min(12, len(listed))]
    one = t.rng.choice([e for e in listed if noun(e)] or listed)
    sign = t.rng.choice((": ", " - "))
    lines = [line(t, e, sign, listed) for e in listed]
    other = t.rng.choice([e for e in listed if e is not one] or [one])
    more = (t.pick(1, lambda e: noun(e) and not e.sense.single) or [other])[0]
    end = t.say("glossary ends", count=count, a=t.a(more), word=one.word, word2=other.word)
    return [
        upper_first(t.say("glossary titles", count=count, **ends)),
        upper_first(t.say("glossary leads", count=count, a=t.a(one), word=one.word)),
        "\n".join(lines),
        upper_first(end),
    ]


def heading(e: Entry) -> str:
    """The word as its meaning needs it: falcons are birds of prey."""
    return e.many if e.sense.plural and e.sense.kind == "c" else e.word


def line(t: Teller, e: Entry, sign: str, listed: list[Entry]) -> str:
    """A word and its meaning on one line, often with a word to compare."""
    label = f"in {t.field(e)}, " if t.field(e) else ""
    more = f" ({e.sense.more})" if e.sense.more else ""
    others = [o for o in t.subject.entries if o is not e and t.fit(o) and not o.sense.single]
    alike = [o for o in others if t.common(e, o) and o.sense.kind == e.sense.kind]
    other = t.rng.choice(alike) if alike else None
    see = other or t.rng.choice([o for o in others if o.main == e.main and o.near < 2 and plain(o)] or [t.main])
    compare = t.say("line ends" if other else "line see", word=see.word) if see is not e and t.rng.random() < 0.85 else ""
    return f"{'to ' * (e.sense.kind == 'v')}{heading(e)}{sign}{label}{e.sense.gloss}{more}{compare}."


def comparison(t: Teller, size: int) -> list[str]:
    """Two words side by side: what they share, and what each means."""
    one, two = pair(t)
    t.idea = f"{t.main.word}: {one.word} and {two.word}"
    third = (t.pick(1, lambda e: noun(e) and t.common(one, e) is not None) or t.pick(1, noun) or [t.main])[0]
    words = {"word1": one.word, "word2": two.word, "a": t.a(one), "b": t.a(two), "gloss": one.sense.gloss, "gloss2": two.sense.gloss}
    words |= {"c": t.a(third), "gloss3": third.sense.gloss}
    shared = t.common(one, two)
    if shared:
        middle = t.say("compare common", parent=shown(shared), aparent=t.named(shared), **words)
    else:
        middle = t.say("compare nothing", **words)
    sides = text_of([told(t, one), told(t, two)])
    last = t.say("compare third", **words) if apposed(third) and not third.sense.single else ""
    return [
        title_case(t.say("compare titles", **words)),
        text_of([upper_first(t.say("compare opens", **words)), *start(t)[:1]]),
        sides,
        text_of([upper_first(middle), upper_first(last)]),
        upper_first(t.say("compare ends", **words)),
    ]


def pair(t: Teller) -> tuple[Entry, Entry]:
    """Two words to compare, of the same family if there are such."""
    for _ in range(MOST_TRIES):
        one = (t.pick(1, plain) or t.pick(1) or [t.main])[0]
        apart = [
            o
            for o in t.open
            if o is not one and plain(o) and not (wordnet().is_a(o.sense, one.sense) or wordnet().is_a(one.sense, o.sense))
        ]
        if alike := [o for o in apart if (p := t.common(one, o)) and near(one.sense, p) and near(o.sense, p)]:
            break
    two = t.rng.choice(alike or apart or list(t.subject.mains))
    t.told.add(two.sense.number)
    return one, two


def plain(entry: Entry) -> bool:
    """Whether a word and its meaning are in the singular, and no name."""
    return entry.sense.kind in "cm" and not entry.sense.single and not entry.sense.plural


def diary(t: Teller, size: int) -> list[str]:
    """A day on which somebody meets the words of the subject, one after the other."""
    words = family(t, size + 1)
    parts = [moment(t, e, place / len(words)) for place, e in enumerate(words)]
    half = (len(parts) + 1) // 2
    end = t.say("diary ends", a=t.a(words[0] if words else t.main), list=join_and([e.word for e in words[-3:]]))
    first = text_of([t.define(t.main, "diary main") if t.main.sense.gloss and not t.main.sense.plural else "", *parts[:half]])
    return [t.say("diary opens"), first, " ".join(parts[half:]), upper_first(end)]


def moment(t: Teller, e: Entry, hour: float) -> str:
    """How somebody met a word, and what it means."""
    fields = t.definition(e)
    if apposed(e) and e.sense.single:
        return upper_first(t.say("diary names", **fields))
    if not apposed(e):
        return text_of([upper_first(t.timed("diary words", hour, **fields | {"a": f'"{e.word}"'})), told(t, e)])
    picture = e.sense.file in CONCRETE and e.sense.kind == "c" and not e.sense.single and t.rng.random() < 0.5
    return upper_first(t.say("diary pictures", **fields) if picture else t.timed("diary steps", hour, **fields))


def letter(t: Teller, size: int) -> list[str]:
    """A letter that explains words to somebody who asked."""
    words = family(t, size + 1)
    first = [upper_first(t.say("letter opens")), *start(t)]
    lead = upper_first(t.say("letter joins", a=t.the(words[0]))) if words else ""
    more = t.pick(2, noun) or [t.main]
    end = t.say("letter ends", list=t.names(more, articles=True), a=t.a(more[0]))
    rest = text_of([lead, *several(t, words, size)])
    return [t.say("letter greets"), text_of(first), rest, upper_first(end), f"{t.say('letter closings')},\n{t.fixed['name1']}"]


def talk(t: Teller, size: int) -> list[str]:
    """A short talk: a greeting, some points, a last word."""
    words = family(t, size + 1)
    first = [upper_first(t.say("talk starts", a=t.a(t.main))), *start(t)]
    points = []
    while words:
        one, *words = words
        two = words[0] if words and t.rng.random() < 0.85 else None
        text = both(t, one, two) if two else ""
        words = words[1:] if text else words
        lead = t.say("talk names" if one.sense.single else "talk points", a=t.the(one))
        points.append(text_of([upper_first(lead), text or told(t, one), t.example(one) if t.rng.random() < 0.4 else ""]))
    names = [e.word for e in t.subject.entries if e.sense.number in t.told]
    end = t.say("talk ends", list=join_and(t.rng.sample(names, min(3, len(names)))), a=t.a(t.main))
    return [title_case(t.say("talk titles")), text_of(first), *points, upper_first(end)]


def poem(t: Teller, size: int) -> list[str]:
    """A poem that calls the words by name and says what some of them mean."""
    stanzas = []
    for e in t.pick(max(3, min(size, 5)), lambda e: apposed(e) and len(e.sense.gloss.split()) <= SHORT):
        x, y, z = (o.word for o in ([*t.pick(3, noun), *t.subject.mains, *t.subject.entries][:3]))
        lines = [upper_first(t.say("poem calls", x=x, y=y, z=z)), t.say("poem answers")]
        lines.append(upper_first(t.say("poem tells", answer=t.say("poem answers"), **t.definition(e))))
        stanzas.append("\n".join(lines))
    x, y, z = (o.word for o in t.rng.sample(t.subject.entries, 3))
    return [title_case(t.say("poem titles")), *stanzas, upper_first(t.say("poem ends", x=x, y=y, z=z))]
