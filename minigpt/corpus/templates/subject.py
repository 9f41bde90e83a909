"""Writes documents about any subject that WordNet knows: what its words mean, in encyclopedias, quizzes, talk, letters and poems."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from minigpt.corpus.english import join_and, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.subject_facts import COUNTS, SHORT, Teller, gloss_of, named, verb
from minigpt.corpus.templates.subject_field import CONCRETE, Entry, shown, subject_of
from minigpt.corpus.wordnet import PERSON, wordnet
from minigpt.corpus.words import Words

SIZES = {"short": (2, 3), None: (3, 5), "long": (6, 8)}  # words of the subject besides its name
CHOICES = "abc"
FUN = 0.7


def covers(request: Request) -> bool:
    """Whether WordNet knows one of the topics, asked in English: German "Gift" is no present."""
    return request.language == "en" and any(subject_of(topic) for topic in request.topics)


def known(request: Request) -> list[str]:
    """What WordNet knows of the topics, each word with its article."""
    found = [subject for topic in request.topics if (subject := subject_of(topic))]
    return list(dict.fromkeys(named(main.sense, request.spell(main.word)) for subject in found for main in subject.mains))


def told(request: Request) -> Request:
    """The request for forms that fit any topic, moved to the forms of a subject."""
    every = set(AS_TOPIC) <= set(request.forms)
    forms = tuple(FORMS) if every else tuple(dict.fromkeys(form for asked in request.forms for form in AS_TOPIC[asked]))
    return replace(request, category="subject", forms=forms)


def write(rng: random.Random, words: Words, request: Request, form: Callable[[Teller, int], list[str]]) -> str:
    """A document of the form: its paragraphs."""
    teller = Teller(rng, words, request)
    paragraphs = form(teller, rng.randint(*SIZES[request.length]))
    if request.tone == "fun":
        word = teller.rng.choice([e for e in teller.subject.entries if e.sense.number in teller.told] or teller.subject.mains)
        paragraphs.append(f"P.S. {teller.say('fun', a=teller.a(word), word=word.word)}")
    text = "\n\n".join(filter(None, paragraphs))
    return text.replace("!", ".") if request.tone == "formal" else text


def entry(t: Teller, size: int) -> list[str]:
    """An entry of an encyclopedia."""
    body = [*t.about(t.main, 3), t.list_of(t.main)]
    related = t.pick(size)
    first = (related or [t.main])[0]
    second = [upper_first(t.say("entry leads", a=t.a(first), word=first.word)), *(s for e in related for s in t.about(e, 1))]
    see = t.pick(t.rng.randint(2, 3))
    ends = [t.say("entry ends", list=", ".join(e.word for e in see))] if see else []
    return [title_case(t.say("entry titles")), text_of(body), text_of(second), *ends]


def answers(t: Teller, size: int) -> list[str]:
    """Questions, each with its answer."""
    marks = t.rng.choice([("Question: ", "Answer: "), ("Q: ", "A: "), (f"{t.fixed['name1']} asks: ", f"{t.fixed['name2']} answers: "), ("", "")])
    pairs = [pair for e in [t.main, *t.pick(size)] for pair in ask(t, e)]
    return [upper_first(t.say("answer titles")), *(f"{marks[0]}{question}\n{marks[1]}{answer}" for question, answer in pairs[: size + 3])]


def ask(t: Teller, e: Entry) -> list[tuple[str, str]]:
    """What somebody asks about a word, with the answers."""
    fields, pairs = t.definition(e), []
    if fields["is"] == "means":
        fields |= {"a": f'the word "{e.word}"', "is": "is"}
        pairs.append((f'What does the word "{e.word}" mean?', upper_first(f"{e.sense.gloss}.")))
    elif e.sense.kind == "v" or (e.sense.single and e.sense.file == PERSON):
        pairs.append((t.say("q do" if e.sense.kind == "v" else "q who", **fields), t.define(e)))
    elif e.sense.gloss:
        pairs.append((upper_first(t.say("q what", **fields)), text_of([t.define(e), t.more(e) if t.rng.random() < 0.5 else ""])))
    parent = t.parent(e)
    extra: list[tuple[str, str]] = []
    if parent and not e.sense.single and fields["is"] != "means" and not e.sense.plural:
        question = upper_first(t.say("q kind", parent=shown(parent), **fields))
        yes = t.say("yes") if question.startswith(("Is", "Are")) else ""
        extra.append((question, text_of([yes, t.fill("{A} {is} a kind of {parent}.", parent=shown(parent), **fields)])))
    if text := t.list_of(e):
        key = "kind" if "kind" in text or "tell apart" in text else ""
        extra += [(upper_first(t.say("q kinds", **fields)), text)] if key else [(upper_first(t.say("q use", **fields)), text)]
    if (text := t.also(e)) and not e.sense.plural:
        extra.append((upper_first(t.say("q other", **fields)), text))
    return pairs + extra[: t.rng.randint(0, 1)]


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
    return [upper_first(t.say("glossary titles", count=count)), upper_first(t.say("glossary leads", count=count, a=t.a(one), word=one.word)), "\n".join(lines), upper_first(end)]


def line(t: Teller, e: Entry, sign: str) -> str:
    """A word and its meaning on one line."""
    label = f"in {t.field(e)}, " if e.sense.label else ""
    more = f" ({e.sense.more})" if e.sense.more else ""
    return f"{'to ' * (e.sense.kind == 'v')}{e.word}{sign}{label}{e.sense.gloss}{more}."


def quiz(t: Teller, size: int) -> list[str]:
    """Numbered questions, and their answers at the end."""
    asked = t.pick(size)
    questions, replies = [], []
    for e in asked:
        question, reply = t.rng.choice((quiz_word, quiz_choice, quiz_true))(t, e)
        questions.append(question)
        replies.append(reply)
    count = COUNTS[len(asked)]
    last = t.rng.choice(asked)
    lead = t.say("quiz leads", count=upper_first(count), a=t.a(last))
    lines = [f"{i}. {question}" for i, question in enumerate(questions, 1)]
    ends = [f"{i}. {reply}" for i, reply in enumerate(replies, 1)]
    end = t.say("quiz ends", a=t.a(last), count=count)
    return [upper_first(t.say("quiz titles", count=count)), upper_first(lead), "\n".join(lines), "Answers\n" + "\n".join(ends), upper_first(end)]


def quiz_word(t: Teller, e: Entry) -> tuple[str, str]:
    others = [o.word for o in wrong(t, e, 2)]
    names = t.rng.sample([*others, e.word], len(others) + 1)
    options = f" ({', '.join(names[:-1])} or {names[-1]})" if others else ""
    return t.say("quiz word", gloss=gloss_of(e.sense)).replace("?", "") .rstrip(".") + options + "?", upper_first(f"{t.a(e)}.")


def quiz_choice(t: Teller, e: Entry) -> tuple[str, str]:
    rows = t.rng.sample([e, *wrong(t, e, 2)], 1 + len(wrong(t, e, 2)))
    options = "\n".join(f"   {letter}) {gloss_of(row.sense)}" for letter, row in zip(CHOICES, rows, strict=False))
    fields = t.definition(e)
    question = f'What does "{e.word}" mean?' if fields["is"] == "means" or not noun(e) else upper_first(t.say("quiz choice", **fields))
    return f"{question}\n{options}", f"{CHOICES[rows.index(e)]}) {gloss_of(e.sense)}."


def quiz_true(t: Teller, e: Entry) -> tuple[str, str]:
    parent = t.parent(e)
    if parent is None or e.sense.single or e.sense.kind != "c":
        return quiz_choice(t, e)
    fields = {"a": t.a(e), "is": "is", "parent": shown(parent)}
    false = [p for o in wrong(t, e, 3) if (p := t.parent(o)) and not wordnet().is_a(e.sense, p) and not wordnet().is_a(p, e.sense)]
    if false and t.rng.random() < 0.5:
        question = t.say("quiz true", **fields | {"parent": shown(false[0])})
        return upper_first(question), t.fill("False. {A} {is} a kind of {parent}.", **fields)
    return upper_first(t.say("quiz true", **fields)), t.fill("True. {A} {is} {gloss}.", gloss=e.sense.gloss, **fields) if not e.sense.plural else "True."


def wrong(t: Teller, e: Entry, count: int) -> list[Entry]:
    """Entries that mean something else: no kind of it, nor it of them."""
    net = wordnet()
    others = [o for o in t.subject.entries if o is not e and (o.sense.kind == "v") == (e.sense.kind == "v") and t.fit(o)]
    others = [o for o in others if not net.is_a(o.sense, e.sense) and not net.is_a(e.sense, o.sense) and o.sense.gloss != e.sense.gloss]
    return random.Random(e.sense.number + len(t.told)).sample(others, min(count, len(others)))


def conversation(t: Teller, size: int) -> list[str]:
    """A learner asks, and somebody who knows answers."""
    one, two = t.fixed["name1"], t.fixed["name2"]
    opening = t.rng.choice(t.words["talk opens"])
    turns = [t.fill(text) for text in opening]
    told = [t.main, *t.pick(max(2, size - 1))]
    for number, e in enumerate(told):
        for question, answer in ask(t, e)[: t.rng.randint(1, 2)]:
            react = upper_first(t.say("talk reacts")) + " " if number or len(turns) > 2 else ""
            turns += [f"{react}{question}", answer]
    closing = t.rng.choice(t.words["talk closes"])
    last = (t.pick(1, noun) or [t.main])[0]
    turns += [upper_first(t.fill(text, a=t.a(last), **{"is": verb(last.sense, last.word)})) for text in closing]
    return ["\n".join(f"{(one, two)[i % 2]}: {text}" for i, text in enumerate(turns))]


def guessing(t: Teller, size: int) -> list[str]:
    """Somebody thinks of a word, and somebody guesses it by its wider terms and its meaning."""
    one, two = t.fixed["name1"], t.fixed["name2"]
    chosen = t.pick(1, lambda e: e.sense.kind in "cmp" and e.sense.file in CONCRETE and not e.sense.single and t.parent(e) is not None)
    chosen = chosen or t.pick(1, lambda e: e.sense.kind in "cmp") or t.pick(1)
    e = chosen[0]
    turns = [t.say("guess opens")]
    misses = [o for o in wrong(t, e, 4 * size) if o.sense.kind in "cmp" and o.sense.file in CONCRETE and not (o.sense.plural or o.sense.single)]
    hints = [s for s in reversed([p for p in wordnet().above(e.sense) if p.kind != "v"][:4]) if shown(s).isascii()]
    for number in range(max(2, min(size, 4))):
        if number < len(misses):
            b = misses[number]
            turns += [t.say("guess wrong", b=t.a(b)), t.say("guess no", b=t.a(b), gloss=b.sense.gloss, **{"is": verb(b.sense, b.word)})]
        if number < len(hints) and e.sense.kind in "cmp" and shown(hints[number]) not in e.word:
            turns += [t.say("guess kind", parent=shown(hints[number])), t.say("yes")]
    hint = t.say("guess hint", gloss=gloss_of(e.sense), **{"is": "is"})
    if e.sense.plural or e.sense.kind == "p":
        hint = upper_first(f"the book says: {e.sense.gloss}.")
    turns += [t.say("guess hint ask"), hint, t.say("guess right", a=t.a(e)), t.say("guess yes", a=t.a(e))]
    return ["\n".join(f"{(one, two)[i % 2]}: {upper_first(text)}" for i, text in enumerate(turns))]


def comparison(t: Teller, size: int) -> list[str]:
    """Two words side by side: what they share, and what each means."""
    one, two = pair(t)
    third = (t.pick(1, lambda e: e.sense.kind != "v") or [t.main])[0]
    words = {"word1": one.word, "word2": two.word, "word3": third.word, "a": t.a(one), "b": t.a(two), "gloss3": third.sense.gloss}
    shared = t.common(one, two)
    both = [t.say("compare common", parent=shown(shared), are="are"), upper_first(t.say("compare apart", **words, **{"is": "is"}))] if shared else [t.say("compare nothing")]
    p1, p2 = t.parent(one), t.parent(two)
    if p1 and p2 and p1 is not p2 and one.sense.kind == "c" == two.sense.kind:
        both.append(t.say("compare kinds", a=t.a(one), b=t.a(two), parent=shown(p1), parent2=shown(p2), is2="is", **{"is": "is"}))
    sides = [text_of([*t.about(e, 1), t.list_of(e) if t.rng.random() < 0.5 else ""]) for e in (one, two)]
    ends = [t.say("compare ends", **words)]
    return [title_case(t.say("compare titles", **words)), upper_first(t.say("compare opens", **words)), text_of(both), *sides, text_of(ends)]


def pair(t: Teller) -> tuple[Entry, Entry]:
    """Two words to compare, of the same family if there are such."""
    for _ in range(5):
        one = (t.pick(1, plain) or t.pick(1) or [t.main])[0]
        apart = [o for o in t.open if o is not one and plain(o) and not (wordnet().is_a(o.sense, one.sense) or wordnet().is_a(one.sense, o.sense))]
        if alike := [o for o in apart if t.common(one, o)]:
            break
    two = t.rng.choice(alike or apart or list(t.subject.mains))
    t.told.add(two.sense.number)
    return one, two


def noun(entry: Entry) -> bool:
    return entry.sense.kind != "v"


def plain(entry: Entry) -> bool:
    """Whether a word and its meaning are in the singular, and no name."""
    return entry.sense.kind in "cm" and not entry.sense.single and not entry.sense.plural


def diary(t: Teller, size: int) -> list[str]:
    """A day on which somebody meets the words of the subject, hour by hour."""
    steps = t.words["diary steps"]
    told = [t.main, *t.pick(size, noun)]
    order = sorted(t.rng.sample(range(len(steps)), min(len(told), len(steps))), key=lambda i: i if i < 7 else t.rng.uniform(1, 6))
    parts = []
    for number, e in zip(order, told, strict=False):
        fields = t.definition(e)
        if fields["is"] == "means":
            fields |= {"a": e.word, "is": "is"}
        tell = t.say("diary tells", **fields) if not e.sense.plural and e.sense.gloss else t.define(e, "define short") if e.sense.gloss else t.kind(e)
        feel = t.say("diary feels", word=e.word) if t.rng.random() < 0.35 else t.kind(e) if t.rng.random() < 0.4 else ""
        parts.append(text_of([upper_first(t.fill(steps[number], **fields)), upper_first(tell), feel]))
    last = t.pick(1, noun) or [t.main]
    end = t.say("diary ends", a=t.a(last[0]), list=join_and([e.word for e in told[-3:]]), **{"is": verb(last[0].sense, last[0].word)})
    half = (len(parts) + 1) // 2
    return [t.say("diary opens"), " ".join(parts[:half]), " ".join(parts[half:]), upper_first(end)]


def letter(t: Teller, size: int) -> list[str]:
    """A letter that explains words to somebody who asked."""
    told = t.pick(size, noun)
    first = [upper_first(t.say("letter opens")), *t.about(t.main, 2), t.list_of(t.main)]
    rest = [s for e in told for s in (upper_first(t.say("letter joins", a=t.a(e), word=e.word)) if t.rng.random() < 0.5 else "", *t.about(e, 1))]
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


def text_of(sentences: list[str]) -> str:
    """Sentences as one paragraph; empty ones are left out."""
    return " ".join(sentence for sentence in sentences if sentence)


WRITE = {
    "entry": entry, "answers": answers, "conversation": conversation, "glossary": glossary, "quiz": quiz, "comparison": comparison,
    "diary": diary, "guessing": guessing, "letter": letter, "talk": talk, "poem": poem,
}  # fmt: skip
FORMS: dict[str, Form] = {name: partial(write, form=form) for name, form in WRITE.items()}
AS_TOPIC = {
    "answer": ("answers", "entry"), "diary": ("diary",), "conversation": ("conversation", "guessing"), "questions": ("quiz", "glossary"),
    "letter": ("letter",), "plan": ("talk", "comparison"), "talk": ("talk", "entry"), "poem": ("poem",),
}  # fmt: skip
