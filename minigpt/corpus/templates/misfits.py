"""Says what templates do otherwise than a prompt asks, so that a person can decide before minutes are spent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from minigpt.corpus.english import join_and, plurals, singular
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking import with_diet
from minigpt.corpus.templates.cooking_dishes import named_forms
from minigpt.corpus.templates.general_readers import reader_of
from minigpt.corpus.templates.lessons import taught
from minigpt.corpus.templates.persona_voices import voice_of
from minigpt.corpus.templates.subject_sense import OF, bare, concepts
from minigpt.corpus.templates.technical_algorithms import forms_naming
from minigpt.corpus.templates.technical_parts import topics_of
from minigpt.corpus.wordnet import PERSON, wordnet
from minigpt.corpus.words import load_words

TABLES = load_words("misfits")
PLACES, TIMES, LANGUAGES, FOOD = 15, 28, 10, 13  # WordNet's numbers of these fields
USUAL_SENSES = 5
GATHERINGS = frozenset(("ceremony", "party", "social gathering", "celebration", "rite"))  # of WordNet
COOKED = frozenset(("dish", "baked goods"))  # of WordNet
ENDINGS = tuple("y ed ing ful ous ish less al ic er est able ible ent ant ive ary an en ate s".split())  # of adjectives, verbs and plurals
USUAL = frozenset(word for table in load_words("prompts_plain").values() for word in table)
NOT_PYTHON = frozenset(("sql", "awk", "sed", "powershell"))  # known for what they work on, but not written
DISHES = frozenset(load_words("prompts")["narrow"]["cooking"][2])  # names of dishes, which a diet outdoes
WIDE = 8  # least forms of a request that names no form of its own
TOLD_AS = {"news": "news reports", "memo": "memos"}  # forms that nothing replaces


def of_part(asked: Request, ready: Request) -> Iterator[str]:
    """Clauses that can follow "the templates"; `ready` is the request as the writers take it."""
    if asked.doubts:
        # letters to a grandmother are no e-mails, and those to a landlord not between people at work
        kept = asked.category == "general" and (ready.category == "occasion" or reader_of(asked) is not None)
        yield from (doubt for doubt in asked.doubts if not (kept and "e-mails" in doubt))
        return
    about = join_and([ready.spell(topic) for topic in ready.topics]) if ready.topics else ""
    if ready.category == "topic" and about:
        yield f"know nothing about {about} and would only talk around it"
    moved = asked.category == "general" and ready.category != "general" and bool(about)
    lost = [name for form, name in TOLD_AS.items() if moved and form in asked.forms]
    if lost and len(lost) == len(asked.forms) and ready.category != "topic":
        yield f"have no {join_and(lost)} about {about}, only other texts about it"
    for said in asked.matched if not lost else ():
        table = TABLES["kinds told as others"]
        if other := table.get(said) or table.get(singular(said)):
            told = [ready.spell(topic) for topic in ready.topics if topic not in said]
            yield f"have no {said}{f' about {join_and(told)}' if told else ''}, only {other}"
    if ready.category == "subject":
        yield from _strangers(ready)
        yield from _far_from_words(asked, ready)
    elif ready.category in ("poetry", "occasion") and ready.language == "en":
        yield from (f"know nothing about {name} but the name" for name in _unknown_names(ready))
    if not (asked.confidence or asked.topics or asked.preset or asked.doubts):
        yield "find no kind of text and no subject in the prompt, and would write everyday texts"
    who = asked.persona or ""
    if who and is_one(who) and (own := TABLES["voices of others"].get(voice_of(who))):
        yield f"do not know how {who} writes and would answer as {own} does"
    if ready.category == "occasion":
        yield from _occasion(ready)
    other = [topic for topic in ready.topics if ready.forms == ("lesson",) and not taught(replace(ready, topics=(topic,)))]
    if other:
        yield f"do sums with everyday things, none with {join_and([ready.spell(topic) for topic in other])}"
    if asked.category == "cooking":
        yield from _cooking(asked)
    if asked.category == "technical":
        yield from _technical(asked)


def _far_from_words(asked: Request, ready: Request) -> Iterator[str]:
    """What the words of a topic do not tell: the meaning of life, small talk about lifts."""
    if skills := [said for said in asked.matched if said in TABLES["skills"] and asked.category == "general"]:
        yield f"teach no {skills[0]}, only what words mean"
        return
    talked = [said for said in asked.matched if singular(said) in TABLES["talk"]]
    if talked and asked.category == "general":
        about = join_and([ready.spell(topic) for topic in ready.topics])
        yield f"have no {about if talked[0] in about else f'{talked[0]} about {about}'}, only talk about what words mean"
        return
    for topic in ready.topics if not asked.matched else ():
        if not wordnet().base(bare(topic)) and (OF.search(topic) or _strange_pair(topic)):
            yield f"know nothing about {ready.spell(topic)} but what its words mean"


def _strange_pair(topic: str) -> bool:
    """Whether a topic is nouns that WordNet does not know together, and none of which tells of another: bumper stickers."""
    words = [singular(word) for word in bare(topic).split()]
    nouns = [word for word in words[:-1] if wordnet().base(word) and word not in wordnet().adjectives]
    head = any(entry.word.lower() == words[-1] for entry in concepts(topic))
    return bool(nouns) and not (head and any(_tells(one, other) for one, other in permutations({*nouns, words[-1]}, 2)))


def _tells(word: str, other: str) -> bool:
    """Whether the meaning of a noun mentions another: an opening is the beginning of a game of chess."""
    glosses = " ".join(sense.gloss for sense, _ in wordnet().senses(word)[:USUAL_SENSES])
    return any(re.search(rf"\b{re.escape(form)}\b", glosses) for form in (other, *plurals(other)[:1]))


def _occasion(request: Request) -> Iterator[str]:
    """Feasts and weather that no text of the kind is about: proms, the weather on Mars."""
    senses = {topic: next((sense for sense, _ in wordnet().senses(wordnet().base(bare(topic)))), None) for topic in request.topics}
    known = {topic: sense for topic, sense in senses.items() if sense}
    if request.forms == ("invitation",):
        feasts = {word for idea in load_words("occasion")["invitation ideas"] for word in idea.get("about", ())}
        for topic, sense in known.items():
            wide = {wider.word for wider in (sense, *wordnet().above(sense))}
            if wide & GATHERINGS and not {singular(word) for word in bare(topic).split()} & feasts:
                yield f"have no invitations to {request.spell(topic)}, only to other feasts"
    if request.forms in (("weather",), ("postcard",)):
        told = "report the weather of" if request.forms == ("weather",) else "send postcards from"
        for topic, sense in known.items():
            if sense.single and sense.file != PLACES:
                yield f"{told} invented towns, with a word on {request.spell(topic)}"


def _cooking(request: Request) -> Iterator[str]:
    words = {singular(word): word for topic in request.topics for word in topic.split()}
    whole = {singular(topic.removeprefix("a ").removeprefix("the ")): topic for topic in request.topics}
    dishes = [said for one, said in (whole | words).items() if one in TABLES["dishes without a recipe"]]
    spelled = dict.fromkeys((*whole.values(), " and ".join(request.topics))) if whole else {}
    dishes += [name for name in spelled if is_dish(name) and not {name, singular(name)} & DISHES and not {*name.split()} & {*dishes}]
    if dishes:
        yield f"have no recipes for {join_and(dishes)} and would write those of other dishes"
    if diets := [said for one, said in words.items() if one in TABLES["diets without a table"] or said in TABLES["diets without a table"]]:
        yield f"know nothing about what is {join_and(diets)}"
    named = [said for said in request.matched if said in DISHES or singular(said) in DISHES]
    if named and request.forms in (("vegan",), ("vegetarian",)) and not named_forms(with_diet(request, request.forms[0])):
        yield f"write any {request.forms[0]} dish, not only {join_and(named)}"
    known = dishes + diets
    far = [said for said in words.values() if said not in known and is_place_or_time(said)]
    if far := far or [request.spell(topic) for topic in request.topics if is_name_of_one(topic)]:
        yield f"know no recipes of that place or time: {join_and([request.spell(word) for word in far])}"


def is_dish(phrase: str) -> bool:
    """Whether a phrase first of all means a dish: goulash, fried rice, mashed potatoes."""
    first = next((sense for sense, _ in wordnet().senses(wordnet().base(phrase))), None)
    if first is None:
        return False
    prepared = first.file == FOOD and " " in phrase and phrase.split()[0].endswith("ed")
    return prepared or any(wider.word in COOKED for wider in (first, *wordnet().above(first)))


def is_place_or_time(word: str) -> bool:
    """Whether a word is an adjective of a country, a people or an age: Korean, medieval."""
    noun = wordnet().pertains(word)
    tongue = any(sense.file == LANGUAGES and sense.word[:1].isupper() for sense, _ in wordnet().senses(word))
    return tongue or (noun is not None and noun.file in (PLACES, TIMES))


def is_name_of_one(topic: str) -> bool:
    """Whether a topic is the name of a place or an age: the Middle Ages, Korea."""
    senses = wordnet().senses(wordnet().base(topic))
    return bool(senses) and senses[0][0].file in (PLACES, TIMES) and senses[0][0].word[:1].isupper()


def _strangers(request: Request) -> Iterator[str]:
    """Names of which WordNet knows the words alone, and words that it does not know beside others: Formula 1, Minecraft commands."""
    for topic in request.topics:
        words = [word for word in bare(topic).split() if word.isalpha()]
        if request.spell(topic) in _unknown_names(request):
            yield f"know nothing about {request.spell(topic)} but what its words mean"
        elif far := [word for word in words if is_strange(word)]:
            yield f"know nothing about {join_and([request.spell(word) for word in far])}"


def _unknown_names(request: Request) -> list[str]:
    """The topics that are names which WordNet does not know: Harry Potter."""
    found = []
    for topic in request.topics:
        words = [word for word in bare(topic).split() if word.isalpha()]
        named = [word for word in words if request.spell(word)[:1].isupper()]
        known = any(sense.word[:1].isupper() for sense, _ in wordnet().senses(bare(topic)))
        if named and named == words and not known and not any(is_name(word) for word in named):
            found.append(request.spell(topic))
    return found


def is_name(word: str) -> bool:
    """Whether WordNet knows a word as a name: Paris."""
    return any(own == word.capitalize() for sense, _ in wordnet().senses(word) for own in sense.words)


def is_one(phrase: str) -> bool:
    """Whether a phrase is the name of one person: Jane Austen."""
    senses = wordnet().senses(phrase.lower())
    return bool(senses) and senses[0][0].single and senses[0][0].file == PERSON


def is_strange(word: str) -> bool:
    """Whether a word is hardly English: leetcode."""
    known = wordnet().base(word) or word in wordnet().adjectives or word in USUAL or word.endswith(ENDINGS)
    return len(word) > 3 and not known


def _technical(request: Request) -> Iterator[str]:
    words = load_words("technical")
    said = [word for phrase in (*request.topics, *request.matched) for word in phrase.split()]
    if others := [word for word in dict.fromkeys(said) if word in words["other languages"] or word in NOT_PYTHON]:
        yield f"write code in Python alone, none in {join_and([TABLES['languages'].get(word, word) for word in others])}"
        return
    if near := [told for topic in said if (told := TABLES["technical told as others"].get(topic))]:
        yield near[0]
        return
    if "system_design" in request.forms and len(request.forms) < WIDE and request.topics and not topics_of(request, words):
        named = {word for row in words["systems"] for word in f"{row['name']} {row['thing']} {row['things']}".split()}
        if not named & set(said):
            yield f"have no design of {join_and([request.spell(topic) for topic in request.topics])}, only of other systems"
            return
    if (
        "algorithm" in request.forms
        and len(request.forms) < WIDE
        and (far := [topic for topic in request.topics if _unexplained(topic, request)])
    ):
        yield f"know nothing about {join_and([request.spell(topic) for topic in far])} and would explain algorithms"
        return
    unknown = [topic for topic in request.topics if not set(topic.split()) <= set(TABLES["said of any program"])]
    if unknown and len(request.forms) >= WIDE and not topics_of(request, words):
        yield f"know nothing about {join_and([request.spell(topic) for topic in unknown])} and would explain programming"


def _unexplained(topic: str, request: Request) -> bool:
    """Whether a topic is a name of computing that is that of no algorithm or topic of the tables: linked lists."""
    words = load_words("technical")
    named = {name for key, names in words["technical topics"].items() for name in (key, *names)}
    plain = {singular(name) for name in named} | {"algorithm", "data", "structure"}
    if topic not in request.matched or {topic, singular(topic), topic.split()[0]} & named:
        return False
    return not {singular(word) for word in topic.split()} <= plain and not forms_naming(replace(request, topics=(topic,)), words)
