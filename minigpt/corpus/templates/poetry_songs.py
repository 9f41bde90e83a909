"""Writes songs, ballads, lullabies and limericks: each tells one plot, in stanzas written to rhyme and scan."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from minigpt.corpus.english import singular, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill
from minigpt.corpus.templates.occasion_subjects import INDEFINITE, plural, single, sort_of
from minigpt.corpus.templates.occasion_subjects import named as named_subject
from minigpt.corpus.templates.plots import stanzas
from minigpt.corpus.templates.poetry_haiku import syllables
from minigpt.corpus.templates.poetry_plots import Fields, filled, in_season, named, plots_for
from minigpt.corpus.templates.poetry_story_topics import walks
from minigpt.corpus.templates.poetry_story_worlds import job_of, person_of
from minigpt.corpus.templates.poetry_topics import PRONOUNS, images_for, obedient
from minigpt.corpus.words import Words, load_words

RULERS = {
    "king": "he",
    "prince": "he",
    "duke": "he",
    "emperor": "he",
    "wizard": "he",
    "monk": "he",
    "queen": "she",
    "witch": "she",
    "nun": "she",
}
LISTENERS = ("boy", "girl", "baby", "toddler", "child", "son", "daughter", "kid", "infant", "newborn", "grandchild")  # of a lullaby
FEW_PARTS = 6  # of a ballad that is none for who wants a long one
SHAPES = ("VCVCBVC", "VVCBVC", "CVVCVC", "VCVBVC", "VCVVC")  # of a song with three verses; B falls away where a plot has none


def song(rng: random.Random, words: Words, request: Request) -> str:
    """Verses that tell one story, with a repeated chorus; each verse's label names its rhyme scheme."""
    return obedient(words, request, lambda: _song(rng, words, request))


def _song(rng: random.Random, words: Words, request: Request) -> str:
    images = images_for(rng, words, request)
    plot = rng.choice(plots_for(words, images, "song"))
    look = Fields(rng, words, images)
    extra = {"short": 0, "long": 3}.get(request.length or "", 1)
    verses = in_season(rng, words, request, look) + [filled(rng, lines, look) for _, lines in stanzas(rng, plot, "Vv", extra)]
    chorus, bridge = (filled(rng, stanzas(rng, plot, code)[0][1], look) for code in "CB")
    shape = {"short": "VCVC", "long": "VCVCVCVBVC"}.get(request.length or "") or rng.choice(SHAPES)
    missing = len(verses) - shape.count("V")
    shape = shape.replace("V", "V" * (1 + missing), 1) if missing > 0 else shape
    parts, number = [], 0
    for kind in shape:
        if kind == "V" and number < len(verses):
            number += 1
            parts.append([f"Verse {number} (ABCB)", *verses[number - 1]])
        elif kind == "C":
            parts.append(["Chorus", *chorus])
        elif kind == "B":
            parts.append(["Bridge (AA)", *bridge])
    hook = ", ".join(title_case(upper_first(part)) for part in chorus[0].rstrip(",.;").split(", "))
    title = hook if not (request.topics or request.season) else f"{hook}: {title_case(f'A song of {images.name}')}"
    told = "\n\n".join([title, *("\n".join(_without_marks(part)) for part in parts)])
    return Told(told, f"song: {plot['name']}, {hook.lower()}")


def _without_marks(lines: list[str]) -> list[str]:
    """Lines of a song: a comma or full stop at the end is left out, as songbooks do."""
    return [line.rstrip(",.;") for line in lines]


def ballad(rng: random.Random, words: Words, request: Request) -> str:
    """Quatrains that rhyme ABCB and tell one tale."""

    def write() -> str:
        images = images_for(rng, words, request)
        kind, hero = hero_of(images.name)
        own = [plot for plot in words.get(f"ballads of {kind}", ()) if hero not in plot.get("unfit", ())]
        own = [plot for plot in own if len(plot["parts"]) > FEW_PARTS] if request.length == "long" else own
        plots = sorted(own or plots_for(words, images, "ballad"), key=lambda plot: len(plot["parts"]))
        half = len(plots) // 2
        plot = rng.choice({"short": plots[: max(1, half)], "long": plots[half:]}.get(request.length or "", plots))
        look = Fields(rng, words, images)
        if kind:
            look.held |= PRONOUNS[pronoun_of(rng, hero)] | {"one": hero}
        extra = {"short": 0, "long": 3}.get(request.length or "", 1)
        verses = in_season(rng, words, request, look) + [filled(rng, lines, look) for _, lines in stanzas(rng, plot, "Vv", extra)]
        title = _about(named(rng, plot, images, look), images.name, bool(request.topics or request.season), "a ballad of")
        who = [look.held[key] for key in ("boy1", "boy2", "girl1", "girl2") if key in look.held]
        return Told("\n\n".join([title, *("\n".join(verse) for verse in verses)]), f"ballad: {plot['name']}, {' and '.join(who)}")

    return obedient(words, request, write)


def hero_of(topic: str) -> tuple[str, str]:
    """Whom a ballad can be about: "people", "kin" or "animals", and one of them, "miner" for "miners" or "a miner"; "" if it is none."""
    bare = INDEFINITE.sub("", topic)
    kind, one = kind_of(topic if bare == topic else plural(bare))
    if one in RULERS:
        return "people", one
    if kind == "people":
        return (kind if person_of(one) or job_of(one) else "kin"), one
    return (kind, one) if kind == "animals" and walks(one) else ("", "")


def pronoun_of(rng: random.Random, one: str) -> str:
    """He or she, as the noun says, else either."""
    return RULERS.get(one) or person_of(one).get("pronoun") or rng.choice(("he", "she"))


def _about(title: str, topic: str, asked: bool, kind: str) -> str:
    """The title with the topic that was asked for, if it lacks it."""
    return title if not asked or topic.lower() in title.lower() else f"{title}: {title_case(f'{kind} {topic}')}"


def lullaby(rng: random.Random, words: Words, request: Request) -> str:
    """A soft refrain before each verse; the verses rhyme ABAB and bring somebody to sleep."""
    asked = [topic for topic in request.topics if singular(topic.split()[-1]) not in LISTENERS]
    request = replace(request, topics=tuple(asked))

    def write() -> str:
        images = images_for(rng, words, request)
        plot = rng.choice(plots_for(words, images, "lullaby"))
        look = Fields(rng, words, images)
        extra = {"short": 0, "long": 2}.get(request.length or "", 1)
        seasonal = in_season(rng, words, request, look)
        verses = [filled(rng, lines, look) for _, lines in stanzas(rng, plot, "Vv", extra)]
        if request.length == "short":
            verses = [verses[0], *verses[-1:]]
        refrain = filled(rng, stanzas(rng, plot, "R")[0][1], look)[0]
        title = _about(named(rng, plot, images, look), images.name, bool(request.topics or request.season), "a lullaby of")
        sung = ["\n".join([f"{refrain}," if number else f"{refrain}.", *verse]) for number, verse in enumerate(seasonal + verses)]
        return Told("\n\n".join([title, *sung, f"{refrain}."]), f"lullaby: {plot['name']}, {look.held['child1']}")

    return obedient(words, request, write)


def kind_of(topic: str) -> tuple[str, str]:
    """The kind of limericks that a topic has, "people", "animals", "things" or "foods", and its singular; "" if it has none."""
    one, sort = single(topic), sort_of(topic)
    plain = topic.isascii() and topic == topic.lower() and (one != topic or sort == "food") and len(topic.split()) == 1
    kinds = {"person": "people", "animal": "animals", "thing": "things", "plant": "things", "food": "foods"}
    return kinds.get(sort, "") if plain else "", one


def things_of(rng: random.Random, topic: str) -> list[str]:
    """Short names of what somebody of a topic has at hand, for one document; of what is in any house if no table knows the topic."""
    about = named_subject(load_words("occasion"), topic, topic)
    own = about.lists["item"] if about.field != "any" else load_words("poetry")["verse words"]["thing"]
    fit = [thing for thing in own if syllables(thing) <= 2]
    return draw(rng, fit, len(fit))


def limerick(rng: random.Random, words: Words, request: Request) -> str:
    """Five lines that rhyme AABBA: somebody of a town, what they did about the topic, and what came of it."""

    def write() -> str:
        images = images_for(rng, words, request)
        look = Fields(rng, words, images)
        kind, one = kind_of(images.name)
        joke = rng.choice(words[f"limericks of {kind}" if kind else "limericks"])
        look.held |= PRONOUNS[rng.choice(("he", "she"))]
        people = [fill(rng, person, {}) for person in draw(rng, words["limerick people"], len(words["limerick people"]))]
        look.held["who1"] = next((who for who in people if who.split()[-1] not in images.name.lower()), people[0])  # no plumber on plumbers
        if kind in ("people", "animals"):  # the topic is who it happens to
            if kind == "people":
                look.held |= PRONOUNS[pronoun_of(rng, one)]
            look.held["who1"] = fill(rng, f"a(n) {rng.choice(words['limerick adjectives'])} {one}", {})
            look.decks["thing"] = things_of(rng, images.name)
        look.held["there"] = f"one {request.season} there" if request.season else rng.choice(("there", "there once"))
        lines = [upper_first(line) for line in filled(rng, joke["lines"], look)]
        who = look.held["who1"]
        title = title_case(f"{who} and {images.name}" if kind not in ("people", "animals") else re.sub("^an? ", "the ", who))
        return Told(title + "\n\n" + "\n".join(lines), f"limerick: {joke['name']}, {look.held['who1']}")

    return obedient(words, request, write)
