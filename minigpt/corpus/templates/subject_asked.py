"""Questions and answers about the words of a subject: talk, quizzes, guessing games."""

from __future__ import annotations

import random

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.subject_facts import Teller
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_sense import CONCRETE, Entry
from minigpt.corpus.templates.subject_words import COUNTS, gloss_of, noun, text_of, verb
from minigpt.corpus.wordnet import PERSON, wordnet

CHOICES = "abc"
MOST_MISSES = 24  # entries from which the wrong guesses come
MOST_ANSWERS, MOST_ASKED = 3, 6  # answers besides one for each word; questions of a quiz


def answers(t: Teller, size: int) -> list[str]:
    """Questions, each with its answer."""
    marks = t.rng.choice(
        [("Question: ", "Answer: "), ("Q: ", "A: "), (f"{t.fixed['name1']} asks: ", f"{t.fixed['name2']} answers: "), ("", "")]
    )
    pairs = [pair for e in [t.main, *t.pick(size)] for pair in ask(t, e)]
    return [
        upper_first(t.say("answer titles")),
        *(f"{marks[0]}{question}\n{marks[1]}{answer}" for question, answer in pairs[: size + MOST_ANSWERS]),
    ]


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
        wider = shown(parent)
        question = upper_first(t.say("q kind", parent=wider, **fields))
        sure = question.startswith(("Is", "Are"))
        answer = t.say("yes", parent=wider, **fields) if sure else t.fill("{A} {is} a kind of {parent}.", parent=wider, **fields)
        extra.append((question, upper_first(answer)))
    if text := t.list_of(e):
        key = "kind" if "kind" in text or "tell apart" in text else ""
        extra += [(upper_first(t.say("q kinds", **fields)), text)] if key else [(upper_first(t.say("q use", **fields)), text)]
    if (text := t.also(e)) and not e.sense.plural:
        extra.append((upper_first(t.say("q other", **fields)), text))
    return pairs + extra[: t.rng.randint(0, 1)]


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
    others = [o for o in wrong(t, e, MOST_MISSES) if o.sense.kind in "cmp" and not (o.sense.plural or o.sense.single)]
    misses = sorted(others, key=lambda o: o.sense.file not in CONCRETE)
    hints = [s for s in reversed([p for p in wordnet().above(e.sense) if p.kind != "v"][:4]) if shown(s).isascii()]
    for number in range(max(2, min(size, 4))):
        if number < len(misses):
            b = misses[number]
            turns += [t.say("guess wrong", b=t.a(b)), t.say("guess no", b=t.a(b), gloss=b.sense.gloss, **{"is": verb(b.sense, b.word)})]
        if number < len(hints) and e.sense.kind in "cmp" and shown(hints[number]) not in e.word:
            turns += [t.say("guess kind", parent=shown(hints[number])), t.say("guess kind yes", parent=shown(hints[number]))]
    hint = t.say("guess hint", gloss=gloss_of(e.sense), **{"is": "is"})
    if e.sense.plural or e.sense.kind == "p":
        hint = upper_first(f"the book says: {e.sense.gloss}.")
    turns += [t.say("guess hint ask"), hint, t.say("guess right", a=t.a(e)), t.say("guess yes", a=t.a(e))]
    return ["\n".join(f"{(one, two)[i % 2]}: {upper_first(text)}" for i, text in enumerate(turns))]


def quiz(t: Teller, size: int) -> list[str]:
    """Numbered questions, and their answers at the end."""
    asked = t.pick(max(3, min(size, MOST_ASKED))) or list(t.subject.entries[:3])
    questions, replies = [], []
    kinds = t.rng.sample([quiz_word, quiz_word, quiz_choice, quiz_choice, quiz_true, quiz_true], len(asked))
    for e, kind in zip(asked, kinds, strict=True):
        question, reply = kind(t, e)
        questions.append(question)
        replies.append(reply)
    count = COUNTS[len(asked)]
    last = t.rng.choice(asked)
    lead = t.say("quiz leads", count=upper_first(count), a=t.a(last))
    lines = [f"{i}. {question}" for i, question in enumerate(questions, 1)]
    ends = [f"{i}. {reply}" for i, reply in enumerate(replies, 1)]
    end = t.say("quiz ends", a=t.a(last), count=count)
    return [
        upper_first(t.say("quiz titles", count=count)),
        upper_first(lead),
        "\n".join(lines),
        t.fill("Answers about {topic}\n") + "\n".join(ends),
        upper_first(end),
    ]


def quiz_word(t: Teller, e: Entry) -> tuple[str, str]:
    others = [o.word for o in wrong(t, e, 2)]
    names = t.rng.sample([*others, e.word], len(others) + 1)
    options = f" ({', '.join(names[:-1])} or {names[-1]})" if others else ""
    return t.say("quiz word", gloss=gloss_of(e.sense)).rstrip("?.") + options + "?", upper_first(f"{t.a(e)}.")


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
        return upper_first(question), t.fill("No: {a} {is} a kind of {parent}.", **fields)
    return upper_first(t.say("quiz true", **fields)), t.fill(
        "Yes: {a} {is} {gloss}.", gloss=e.sense.gloss, **fields
    ) if not e.sense.plural else t.fill("Yes: {a} {is} a kind of {parent}.", **fields)


def wrong(t: Teller, e: Entry, count: int) -> list[Entry]:
    """Entries that mean something else: no kind of it, nor it of them."""
    net = wordnet()
    others = [o for o in t.subject.entries if o is not e and (o.sense.kind == "v") == (e.sense.kind == "v") and t.fit(o)]
    others = [o for o in others if not net.is_a(o.sense, e.sense) and not net.is_a(e.sense, o.sense) and o.sense.gloss != e.sense.gloss]
    return random.Random(e.sense.number + len(t.told)).sample(others, min(count, len(others)))
