"""Describes a request for the plan: what was understood, and the limits of templates."""

from __future__ import annotations

from collections.abc import Sequence

from minigpt.corpus.english import article, join_and, plurals
from minigpt.corpus.prompt.language import NAMES
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able, covers, doubts, subject
from minigpt.corpus.templates.left_out import ruled_out_things
from minigpt.corpus.templates.persona_voices import voice_of
from minigpt.corpus.wordnet import wordnet

FEW = 4  # most forms that are named
SHARES = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth"}
NOUNS = {"cooking": "recipes", "poetry": "poems, songs and stories", "technical": "programming texts", "general": "everyday texts",
         "occasion": "short texts of many kinds"}  # fmt: skip
FORMS = {  # in the plural, where that is not the name with an ending
    "pasta": "pasta", "seared": "seared dishes", "stir_fry": "stir-fries", "risotto": "risottos", "vegan": "recipes",
    "vegetarian": "recipes", "podcast intro": "podcast intros",
    "question": "questions and answers", "baking_question": "questions and answers", "chef_notes": "chef's notes", "told_recipe": "recipes",
    "baking_chef_notes": "baker's notes", "told_dessert": "desserts", "free_verse": "free verse", "haiku": "haiku", "haibun": "haibun",
    "haiku_sequence": "haiku", "capacity": "capacity plans", "paging": "paging notes", "pseudocode": "pseudocode", "email": "e-mails",
    "memo": "memos", "news": "news", "advice": "advice", "faq": "FAQs", "howto": "how-to guides", "commits": "commit messages",
    "weather": "weather reports", "travel": "travel guides", "would you rather": "would-you-rather questions",
    "quiz": "quizzes", "guessing": "guessing games", "entry": "encyclopedia entries", "poached": "poached fruit",
}  # fmt: skip

UNCOUNTED = ("soy", "coconut", "garlic")  # as foods
VOICES = {"santa": "Santa Claus", "player": "a stage actor"}  # those that are not "a" or "an" and their name


def describe(request: Request, templates: bool = True) -> list[str]:
    """What was understood, such as "vegan Italian recipes for children", then warnings about what templates cannot do.

    Several kinds are listed: "haiku about autumn and recipes, half each; both for children". With `templates` False a language model
    writes, which covers every subject, many languages and any kind of text.
    """
    parts = request.parts
    details = [_details(part, templates) for part in parts]
    unwritten = () if templates else request.unwritten
    count = len(parts) + len(unwritten)
    if count > 1:
        common = [detail for detail in details[0] if all(detail in other for other in details)]
        shown = [_phrase(part.kind, [d for d in own if d not in common]) for part, own in zip(parts, details, strict=True) if part.kind]
        said = f"{join_and([*shown, *unwritten])}, {SHARES.get(count, f'1/{count}')} each"
        said += f"; {'both' if count == 2 else 'all'} {', '.join(common)}" if common else ""
    else:
        said = _one(request, details[0], templates)
    lines = ([said] if said else []) + _not_understood(request)
    if request.beside:
        lines.append(f"left out: {', '.join(request.beside)}; the preset {request.preset} does not write them")
    return lines + (_warnings(request) if templates else [])


def _one(request: Request, details: list[str], templates: bool) -> str:
    """A request for one kind of text, or the details and a note that no writer covers it; empty if nothing was understood."""
    if request.persona:
        return _speaker(request, details, templates)
    preset = f" (preset {request.preset})" if request.preset else ""
    if request.confidence > 0:
        return _phrase(request.kind or named(request.category, request.forms), details) + preset
    kind = request.kind if not (templates and request.doubts) else ""
    if not templates:
        return _phrase(kind or "texts", details) if details or kind else ""
    how = "facts from WordNet" if subject.covers(request) else "no template covers this"
    return f"{_phrase(kind or ('texts' if details else 'texts of many kinds'), details)} ({how})"


def named(category: str, forms: Sequence[str]) -> str:
    """What texts of these forms are called: "cookies and cakes" if there are few, else a word for the category."""
    names = list(dict.fromkeys(map(_plural, forms)))
    return join_and(names) if len(names) <= FEW else NOUNS.get(category, "texts")


def _plural(form: str) -> str:
    """The name of a form in the plural."""
    name = form.replace("_", " ")
    if form in FORMS or (name.endswith("s") and not name.endswith("sis")):
        return FORMS.get(form, name)
    return plurals(name)[-1 if name.endswith("sis") else 0]


def _speaker(request: Request, details: list[str], templates: bool) -> str:
    """Who speaks, about what, and how, if the name does not tell."""
    who, manner, voice = str(request.persona), request.manner, voice_of(str(request.persona))
    owner, _, noun = who.partition(" ")
    if manner and noun:
        who = f"{article(manner) if owner in ('a', 'an') else owner} {manner} {noun}"
    elif manner:
        details = [*details, f"in {article(manner)} {manner} manner"]
    if templates and (not voice or voice not in who.lower()):
        details = [*details, f"in the voice of {VOICES.get(voice) or f'{article(voice)} {voice}'}" if voice else "in a general voice"]
    return _with(f"{who} speaks", details)


def _phrase(noun: str, details: list[str]) -> str:
    """The noun with its details: single words go before it, unless it has them ("short stories"), and phrases after it."""
    before = [word for word in details if " " not in word and word.lower() not in noun.lower().split()]
    return _with(" ".join([*before, noun]), [detail for detail in details if " " in detail])


def _with(noun: str, details: list[str]) -> str:
    """The noun, then its details: the first without a comma if it is a phrase."""
    return noun + (" " if details and " " in details[0] else ", " if details else "") + ", ".join(details)


def _details(request: Request, templates: bool) -> list[str]:
    """The constraints and topics of a request, each one word or a phrase that begins with a preposition."""
    cooks = request.category == "cooking"
    about = [*map(request.spell, request.topics), *([request.season] if request.season and not cooks else [])]
    of = "to" if request.forms == ("invitation",) else "for" if request.category in ("naming", "greeting") else "about"
    said = [request.length] if request.length else []
    said += [*request.diets, *(cuisine.title() for cuisine in request.cuisines)]
    said += [f"{word} {join_and(values)}" for word, values in (("with", request.ingredients), (of, about)) if values]
    said += [f"without {' or '.join(map(_many, request.without))}"] if request.without else []
    said += [f"for {value}" for value in (request.audience, request.season if cooks else "") if value]
    said += [f"in a {request.tone} tone"] if request.tone else []
    if request.language != "en":
        language = NAMES[request.language]
        said.append(f"in English, as templates know no {language}" if templates else f"in {language}")
    return said


def _many(thing: str) -> str:
    """A thing in the plural, if it is counted: nuts, but milk."""
    senses = () if thing in UNCOUNTED or thing.endswith("ing") else wordnet().senses(thing)
    return senses[0][0].many(thing) if senses else thing


def _about(request: Request) -> str:
    return join_and([request.spell(topic) for topic in request.topics]) if request.topics else ""


def _not_understood(request: Request) -> list[str]:
    """Lines about words that may exclude something, with a clearer wording."""
    unclear = dict.fromkeys(words for part in request.parts for words in part.unclear)
    return [f'not understood: "{words}"; say "without ..." for what to leave out, or "with ..." for what to use' for words in unclear]


def _warnings(request: Request) -> list[str]:
    """Lines about what templates cannot do, and what can."""
    lines = []
    if things := dict.fromkeys(f'"{thing}"' for part in request.parts for thing in ruled_out_things(part)):
        lines.append(f"templates leave out texts with the word {' or '.join(things)}; the thing itself may still come up in other words")
    told = [part for part in able(request).parts if part.category == "subject"]
    if told:
        words = dict.fromkeys(word for part in told for word in subject.known(part))
        about = ", ".join(dict.fromkeys(map(_about, told)))
        better = "a local Ollama model (--source ollama) or your own text (--data FILE) would teach it more"
        lines.append(f"about {about}, templates know only what WordNet says of {join_and(list(words))}; {better}")
    uncovered = [part for part, ready in zip(request.parts, able(request).parts, strict=True)
                 if ready.category != "subject" and not (part.confidence > 0 and covers(part))]  # fmt: skip
    if uncovered:
        about = ", ".join(dict.fromkeys(filter(None, map(_about, uncovered))))
        what = f"know no facts about {about} and only talk around it" if about else "found no subject in the prompt"
        better = "a local Ollama model (--source ollama) or your own text (--data FILE) would work better"
        lines.append(f"templates {what}; {better}")
    lines += [f"templates {doubt}; a local Ollama model could do better (--source ollama)" for doubt in doubts(request) if not uncovered]
    if request.unwritten:
        lines.append(f"templates cannot write {', '.join(request.unwritten)}; a local Ollama model can (--source ollama)")
    return lines
