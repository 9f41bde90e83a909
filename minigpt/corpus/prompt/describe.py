"""Describes a request for the plan: what was understood, and the limits of templates."""

from __future__ import annotations

from minigpt.corpus.english import article, join_and
from minigpt.corpus.prompt.language import NAMES
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able, covers, subject
from minigpt.corpus.templates.left_out import ruled_out_things
from minigpt.corpus.templates.persona_voices import voice_of

FEW = 3  # most forms that are named
SHARES = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth"}


def describe(request: Request, templates: bool = True) -> list[str]:
    """What was understood, such as "cooking; Italian; vegan; for children", then warnings about what templates cannot do.

    Several kinds are listed: "poetry (haiku; about autumn) and cooking (recipes), half each; for children". With `templates` False a
    language model writes, which covers every subject, many languages and any kind of text.
    """
    parts = request.parts
    details = [_details(part, templates) for part in parts]
    common = [detail for detail in details[0] if all(detail in other for other in details)]
    shown = [_kind(part, [d for d in own if d not in common]) for part, own in zip(parts, details, strict=True) if part.kind]
    unwritten = () if templates else request.unwritten
    if len(parts) + len(unwritten) > 1:
        count = len(parts) + len(unwritten)
        said = [f"{' and '.join([*shown, *unwritten])}, {SHARES.get(count, f'1/{count}')} each", *common]
    else:
        said = [*_subject(request, templates), *common]
    lines = (["; ".join(said)] if said else []) + _not_understood(request)
    if request.beside:
        lines.append(f"left out: {', '.join(request.beside)}; the preset {request.preset} does not write them")
    return lines + (_warnings(request) if templates else [])


def _subject(request: Request, templates: bool) -> list[str]:
    """The category of a request for one kind of text, or a note that no writer covers it."""
    if request.persona:
        return [_persona(request, templates)]
    if request.confidence > 0:
        forms = ", ".join(form.replace("_", " ") for form in request.forms) if request.category == "occasion" else ""
        said = forms if forms and len(request.forms) <= FEW else request.category
        return [f"{request.category} ({request.kind})" if request.kind else said]
    if not templates:
        return []
    return ["no template of its own; facts from WordNet" if subject.covers(request) else "no template covers this; general forms"]


def _persona(request: Request, templates: bool) -> str:
    """Who speaks, and with what voice of the tables."""
    owner, _, noun = str(request.persona).partition(" ")
    who = f"{owner} {request.manner} {noun}" if request.manner and noun else str(request.persona)
    if request.manner and owner in ("a", "an"):
        who = f"{article(request.manner)} {request.manner} {noun}"
    known = [f"voice: {voice_of(str(request.persona)) or 'a general one'}"] if templates else []
    known += [f"manner: {request.manner}"] if request.manner else []
    return f"persona: {who} ({'; '.join(known)})" if known else f"persona: {who}"


def _kind(part: Request, details: list[str]) -> str:
    """One of several kinds, with the details of its own."""
    return f"{part.category} ({'; '.join([part.kind, *details])})"


def _details(request: Request, templates: bool) -> list[str]:
    """The constraints and topics of a request."""
    about = _about(request)
    said = [f"preset {request.preset}"] if request.preset else []
    said += [cuisine.title() for cuisine in request.cuisines] + list(request.diets)
    said += [f"{word}: {', '.join(values)}" for word, values in (("with", request.ingredients), ("without", request.without)) if values]
    said += [value for value in (request.season, request.audience and f"for {request.audience}", request.tone, request.length) if value]
    said += [f"about {about}"] if about else []
    if request.language != "en":
        said.append(f"asked in {NAMES[request.language]}" + (", but templates write English" if templates else ""))
    return said


def _about(request: Request) -> str:
    return ", ".join(request.spell(topic) for topic in request.topics)


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
    if request.unwritten:
        lines.append(f"templates cannot write {', '.join(request.unwritten)}; a local Ollama model can (--source ollama)")
    return lines
