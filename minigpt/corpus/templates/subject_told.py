"""Texts that tell of the words of a subject: an encyclopedia, a glossary, a comparison, a diary, a letter, a talk, a poem."""

from __future__ import annotations

from minigpt.corpus.english import join_and, title_case, upper_first
from minigpt.corpus.templates.subject_facts import SHORT, Teller
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_sense import CONCRETE, Entry
from minigpt.corpus.templates.subject_words import COUNTS, noun, text_of, verb
from minigpt.corpus.wordnet import wordnet

MOST_TRIES = 12  # words tried, until one has a sister


def entry(t: Teller, size: int) -> list[str]:
    """An entry of an encyclopedia."""
    body = [*t.about(t.main, 3), t.list_of(t.main)]
    related = t.pick(size)
    first = (related or [t.main])[0]
    second = [upper_first(t.say("entry leads", a=t.a(first), word=first.word)), *(s for e in related for s in t.about(e, 1))]
    see = t.pick(t.rng.randint(2, 3))
    ends = [t.say("entry ends", list=", ".join(e.word for e in see))] if see else []
    return [title_case(t.say("entry titles")), text_of(body), text_of(second), *ends]


def glossary(t: Teller, size: int) -> list[str]:
    """Words in the order of the alphabet, with their meanings."""
    main = [t.main] if t.main.sense.gloss else []
    listed = [*main, *t.pick(size + 3)]
    listed.sort(key=lambda e: e.word.lower())
    count = COUNTS[min(12, len(listed))]
    one = t.rng.choice(listed)
    sign = t.rng.choice((": ", " - ", ", "))
    lines = [line(t, e, sign) for e in listed]
    other = t.pick(1) or [one]
    end = t.say("glossary ends", count=count, a=t.a(other[0]), word=one.word)
    return [
        upper_first(t.say("glossary titles", count=count)),
        upper_first(t.say("glossary leads", count=count, a=t.a(one), word=one.word)),
        "\n".join(lines),
        upper_first(end),
    ]


def line(t: Teller, e: Entry, sign: str) -> str:
    """A word and its meaning on one line."""
    label = f"in {t.field(e)}, " if t.field(e) else ""
    more = f" ({e.sense.more})" if e.sense.more else ""
    return f"{'to ' * (e.sense.kind == 'v')}{e.word}{sign}{label}{e.sense.gloss}{more}."


def comparison(t: Teller, size: int) -> list[str]:
    """Two words side by side: what they share, and what each means."""
    one, two = pair(t)
    third = (t.pick(1, lambda e: e.sense.kind != "v") or [t.main])[0]
    words = {"word1": one.word, "word2": two.word, "word3": third.word, "a": t.a(one), "b": t.a(two), "gloss3": third.sense.gloss}
    shared = t.common(one, two)
    both = (
        [t.say("compare common", parent=shown(shared), are="are"), upper_first(t.say("compare apart", **words, **{"is": "is"}))]
        if shared
        else [t.say("compare nothing")]
    )
    p1, p2 = t.parent(one), t.parent(two)
    if p1 and p2 and len({p1, p2, shared}) == 3 and one.sense.kind == "c" == two.sense.kind:
        both.append(t.say("compare kinds", a=t.a(one), b=t.a(two), parent=shown(p1), parent2=shown(p2), is2="is", **{"is": "is"}))
    sides = [text_of([*t.about(e, 1), t.list_of(e) if t.rng.random() < 0.5 else ""]) for e in (one, two)]
    ends = [t.say("compare ends", **words)]
    return [
        title_case(t.say("compare titles", **words)),
        text_of([upper_first(t.say("compare opens", **words)), t.define(t.main) if t.main.sense.gloss else ""]),
        text_of(both),
        *sides,
        text_of(ends),
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
        if alike := [o for o in apart if t.common(one, o)]:
            break
    two = t.rng.choice(alike or apart or list(t.subject.mains))
    t.told.add(two.sense.number)
    return one, two


def plain(entry: Entry) -> bool:
    """Whether a word and its meaning are in the singular, and no name."""
    return entry.sense.kind in "cm" and not entry.sense.single and not entry.sense.plural


def diary(t: Teller, size: int) -> list[str]:
    """A day on which somebody meets the words of the subject, one after the other."""
    told = [t.main, *t.pick(size, noun)]
    parts = [moment(t, e, place / len(told)) for place, e in enumerate(told)]
    last = (t.pick(1, noun) or [t.main])[0]
    end = t.say("diary ends", a=t.a(last), list=join_and([e.word for e in told[-3:]]), **{"is": verb(last.sense, last.word)})
    half = (len(parts) + 1) // 2
    return [t.say("diary opens"), " ".join(parts[:half]), " ".join(parts[half:]), upper_first(end)]


def moment(t: Teller, e: Entry, hour: float) -> str:
    """How somebody met a word, what it means, and sometimes more."""
    fields = t.definition(e)
    if fields["is"] == "means":
        fields |= {"a": e.word, "is": "is"}
    picture = e.sense.file in CONCRETE and e.sense.kind == "c" and not e.sense.plural and t.rng.random() < 0.4
    step = t.say("diary pictures", **fields) if picture else t.timed("diary steps", hour, **fields)
    if not e.sense.gloss:
        return text_of([upper_first(step), t.kind(e)])
    tell = t.define(e, "define short") if e.sense.plural else upper_first(t.say("diary tells", **fields))
    more = t.say("diary feels", word=e.word) if t.rng.random() < 0.35 else t.kind(e) if t.rng.random() < 0.4 else ""
    return text_of([upper_first(step), tell, more])


def letter(t: Teller, size: int) -> list[str]:
    """A letter that explains words to somebody who asked."""
    told = t.pick(size, noun)
    first = [upper_first(t.say("letter opens")), *t.about(t.main, 2), t.list_of(t.main)]
    rest = [
        s for e in told for s in (upper_first(t.say("letter joins", a=t.a(e), word=e.word)) if t.rng.random() < 0.5 else "", *t.about(e, 1))
    ]
    more = t.pick(2, noun) or [t.main]
    end = t.say("letter ends", list=t.names(more, articles=True), a=t.a(more[0]))
    return [t.say("letter greets"), text_of(first), text_of(rest), upper_first(end), f"{t.say('letter closings')},\n{t.fixed['name1']}"]


def talk(t: Teller, size: int) -> list[str]:
    """A short talk: a greeting, some points, a last word."""
    told = t.pick(size, noun)
    start = upper_first(t.say("talk starts", a=t.a(t.main), **{"is": verb(t.main.sense, t.main.word)}))
    first = [start, *t.about(t.main, 2), t.list_of(t.main)]
    points = [text_of([upper_first(t.say("talk points", a=t.a(e), word=e.word)), *t.about(e, 2)]) for e in told]
    last = [e for e in told if e.sense.gloss and not e.sense.plural] or [t.main]
    end = t.say("talk ends", list=join_and([e.word for e in told[:3]]), **t.definition(t.rng.choice(last)))
    return [title_case(t.say("talk titles")), text_of(first), *points, upper_first(end)]


def poem(t: Teller, size: int) -> list[str]:
    """A poem that calls the words by name and says what some of them mean."""
    stanzas = []
    for e in [t.main, *t.pick(max(2, min(size, 4)), lambda e: len(e.sense.gloss.split()) <= SHORT and not e.sense.plural)]:
        x, y, z = (o.word for o in ([*t.pick(3), *t.subject.mains, *t.subject.entries][:3]))
        lines = [upper_first(t.say("poem calls", x=x, y=y, z=z)), t.say("poem answers")]
        fields = t.definition(e)
        if e.sense.gloss and fields["is"] != "means":
            lines += [upper_first(t.say("poem tells", answer=t.say("poem answers"), **fields))]
        stanzas.append("\n".join(lines))
    x, y, z = (o.word for o in t.rng.sample(t.subject.entries, 3))
    return [title_case(t.say("poem titles")), *stanzas, upper_first(t.say("poem ends", x=x, y=y, z=z))]
