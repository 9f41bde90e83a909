"""Games with the words of a subject: a quiz, and the guessing of a word."""

from __future__ import annotations

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.templates.subject_asked import wrong
from minigpt.corpus.templates.subject_drift import BROAD
from minigpt.corpus.templates.subject_facts import Teller
from minigpt.corpus.templates.subject_field import shown
from minigpt.corpus.templates.subject_sense import ANIMALS, CONCRETE, LIVING, Entry
from minigpt.corpus.templates.subject_words import COUNTS, gloss_of, noun, verb
from minigpt.corpus.wordnet import PERSON, Sense, wordnet

CHOICES = "abc"
MOST_ASKED = 6  # questions of a quiz
FILES = {5: "an animal", 6: "something that people make", 13: "something to eat or drink", 18: "a person", 20: "a plant"}
FILES |= {8: "a part of a body", 4: "something that people do", 15: "a place", 28: "a time", 17: "a thing in nature"}
FILES |= {10: "something that is said or written", 27: "a substance"}


def guessing(t: Teller, size: int) -> list[str]:
    """Somebody thinks of a word, and somebody guesses it by what it is, what it is not, and its letters."""
    one, two = t.fixed["name1"], t.fixed["name2"]
    chosen = t.pick(1, lambda e: guessable(e) and e.sense.file in CONCRETE and t.parent(e) is not None)
    e = (chosen or t.pick(1, guessable) or t.pick(1))[0]
    t.idea = f"guess: {e.word}"
    turns = [t.say("guess opens")]
    others = [o for o in wrong(t, e, 24) if guessable(o)]
    alike = [o for o in others if o.sense.file == e.sense.file]
    alike = [o for o in alike if t.common(e, o)] or alike  # whoever knows that it is an animal guesses no paw
    far = [o for o in others if o.sense.file != e.sense.file]
    for b in far[: max(0, 2 - len(alike))]:
        turns += _miss(t, b)
    turns += _by_file(t, e)
    hints = [s for s in reversed(wordnet().above(e.sense)[:3]) if _familiar(s) and shown(s) not in e.word]
    for number in range(max(2, min(size - 1, 4))):
        if number < len(hints) and e.sense.kind == "c":
            turns += [t.say("guess kind", parent=shown(hints[number])), t.say("guess kind yes", parent=shown(hints[number]))]
        if number < len(alike):
            turns += _miss(t, alike[number])
    hint = t.say("guess hint", gloss=gloss_of(e.sense), **spelled(e.word))
    turns += [t.say("guess hint ask"), hint, t.say("guess right", a=t.a(e)), t.say("guess yes", a=t.a(e))]
    return ["\n".join(f"{(one, two)[i % 2]}: {upper_first(text)}" for i, text in enumerate(turns))]


def _miss(t: Teller, b: Entry) -> list[str]:
    """A wrong guess, and what that word means."""
    return [t.say("guess wrong", b=t.a(b)), t.say("guess no", b=t.a(b), gloss=b.sense.gloss, **{"is": verb(b.sense, b.word)})]


def spelled(word: str) -> dict[str, str]:
    """The first and the last letter of a word, and how many it has."""
    letters = sum(map(str.isalpha, word))
    return {"first": word[0].upper(), "last": word[-1].upper(), "letters": COUNTS[letters] if letters < len(COUNTS) else str(letters)}


def guessable(e: Entry) -> bool:
    return e.sense.kind in "cm" and not (e.sense.single or e.sense.plural)


def _familiar(sense: Sense) -> bool:
    """Whether a wider term is one that a player would say."""
    word = shown(sense)
    return sense.word not in BROAD and sense.kind == "c" and not sense.single and wordnet().uses(word) > 0 and word.isascii()


def _by_file(t: Teller, e: Entry) -> list[str]:
    """Is it an animal? No. Is it a plant? Yes: by WordNet's fields."""
    if e.sense.file not in FILES:
        return []
    name = (
        "a part of an animal"
        if e.sense.file == ANIMALS and "animal" not in {s.word for s in wordnet().above(e.sense)}
        else FILES[e.sense.file]
    )
    others = t.rng.sample([name for file, name in FILES.items() if file != e.sense.file], t.rng.randint(0, 2))
    turns = [text for name in others for text in (t.say("guess what", what=name), t.say("guess what no", what=name))]
    return [*turns, t.say("guess what", what=name), t.say("guess what yes", what=name)]


def quiz(t: Teller, size: int) -> list[str]:
    """Numbered questions, and their answers at the end."""
    asked = t.pick(max(3, min(size, MOST_ASKED))) or list(t.subject.entries[:3])
    kinds = [quiz_word, quiz_choice, quiz_true, quiz_odd, quiz_riddle, quiz_word]
    chosen = t.rng.sample(kinds, len(asked))
    pairs = [kind(t, e) for e, kind in zip(asked, chosen, strict=True)]
    count = COUNTS[len(asked)]
    named = [e for e, kind in zip(asked, chosen, strict=True) if kind is not quiz_odd]  # which asks for others
    last = t.rng.choice([e for e in named if noun(e) and not e.sense.single] or [t.main])  # nobody tries Karpov
    return [
        upper_first(t.say("quiz titles", count=count)),
        upper_first(t.say("quiz leads", count=count, word=last.word)),
        "\n".join(f"{i}. {question}" for i, (question, _) in enumerate(pairs, 1)),
        t.fill("Answers about {topic}\n") + "\n".join(f"{i}. {reply}" for i, (_, reply) in enumerate(pairs, 1)),
        upper_first(t.say("quiz ends", word=last.word, count=count)),
    ]


def quiz_word(t: Teller, e: Entry) -> tuple[str, str]:
    """Which word has this meaning?"""
    others = [o.word for o in wrong(t, e, 2)]
    names = t.rng.sample([*others, e.word], len(others) + 1)
    options = f" ({', '.join(names[:-1])} or {names[-1]})" if others else ""
    key = "quiz verb" if e.sense.kind == "v" else "quiz word"
    return t.say(key, gloss=e.sense.gloss).rstrip("?.") + options + "?", upper_first(f"{e.word}.")


def quiz_choice(t: Teller, e: Entry) -> tuple[str, str]:
    """Which of three meanings has this word?"""
    others = wrong(t, e, 2)
    if not others:  # a choice of one is none
        return quiz_word(t, e)
    rows = t.rng.sample([e, *others], 1 + len(others))
    options = "\n".join(f"   {letter}) {gloss_of(row.sense)}" for letter, row in zip(CHOICES, rows, strict=False))
    fields = t.definition(e)
    key = "quiz who" if e.sense.single and e.sense.file == PERSON else "quiz choice"
    meant = fields["is"] == "means" or not noun(e)
    question = f'What does "{e.word}" mean?' if meant else upper_first(t.say(key, **fields))
    return f"{question}\n{options}", f"{CHOICES[rows.index(e)]}) {gloss_of(e.sense)}."


def quiz_true(t: Teller, e: Entry) -> tuple[str, str]:
    """True or false?"""
    if e.sense.single or e.sense.kind != "c" or e.sense.plural:
        return quiz_choice(t, e)
    others = [o for o in wrong(t, e, 2) if noun(o) and not (o.sense.single or o.sense.plural)]
    fields = t.definition(e)
    if others and t.rng.random() < 0.5:
        said = t.say("quiz true", **fields | {"gloss": others[0].sense.gloss})
        return upper_first(said), upper_first(t.say("quiz false", **fields, b=t.a(others[0])))
    return upper_first(t.say("quiz true", **fields)), t.fill("True: {a} {is} {gloss}.", **fields)


def quiz_odd(t: Teller, e: Entry) -> tuple[str, str]:
    """Which of these is of another kind?"""
    counted = [o for o in t.open if guessable(o) and o.sense.kind == "c"]
    families = [(p, [o for o in counted if wordnet().is_a(o.sense, p) and shown(p) not in o.word]) for p in _families(t)]
    families = [(p, group) for p, group in families if len(group) > 1]
    if not families:
        return quiz_choice(t, e)
    parent, group = t.rng.choice(families)
    strangers = [o for o in t.open if guessable(o) and not wordnet().is_a(o.sense, parent) and not wordnet().is_a(parent, o.sense)]
    strangers = [o for o in strangers if not set(o.word.split()) & set(shown(parent).split())]
    strangers = [o for o in strangers if not any(wordnet().is_a(s, parent) for s, _ in wordnet().senses(o.word))]
    strangers = [o for o in strangers if parent.file not in LIVING or o.sense.file not in LIVING]  # a Christmas rose is a flower, too
    if not strangers:
        return quiz_choice(t, e)
    odd, names = t.rng.choice(strangers), t.rng.sample([o.word for o in group], min(len(group), t.rng.randint(2, 3)))
    listed = t.rng.sample([odd.word, *names], len(names) + 1)
    fields = {"list": f"{', '.join(listed[:-1])} or {listed[-1]}", "parent": shown(parent), "rest": join_and(names)}
    return t.say("quiz odd", **fields), upper_first(t.say("quiz odd answer", word=odd.word, **fields))


def _families(t: Teller) -> list[Sense]:
    """Wider terms of the subject's words that a reader knows."""
    return list({p.number: p for o in t.open if guessable(o) and (p := t.parent(o)) and _familiar(p)}.values())


def quiz_riddle(t: Teller, e: Entry) -> tuple[str, str]:
    """Who am I? Three hints."""
    parent = t.parent(e)
    if parent is None or not guessable(e) or parent.kind != "c" or shown(parent) in e.word or len(e.word.split()) > 2:
        return quiz_choice(t, e)
    return t.say("quiz riddle", gloss=e.sense.gloss, parent=shown(parent), **spelled(e.word)), upper_first(f"{e.word}.")
