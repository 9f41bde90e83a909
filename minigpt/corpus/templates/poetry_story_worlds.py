"""A request -> the world of a tale: where it happens, who lives there, what is wrong, and what can be found and given.

A world knows its jobs, friends, elders, gifts and feasts, which fit each other, and rows for the plots that need several things to agree:
what is feared and what is the matter with it, what stops and why. A topic that no world knows is talked about in an ordinary town.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from minigpt.corpus.english import MANY, plurals, singular, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.templates.occasion_subjects import MASS, MASS_ENDINGS
from minigpt.corpus.templates.poetry_story_topics import GENRES, GONE, THE, place_of, relative_of, walks, weighty
from minigpt.corpus.templates.poetry_topics import DETERMINER, PRONOUNS, short_name
from minigpt.corpus.wordnet import PERSON, wordnet
from minigpt.corpus.words import Words

SHELF = "story worlds"  # the beginning of the names of the tables that hold worlds
ANIMAL = 5  # WordNet's number of the field of animals
ANY = "any"  # the world for topics that no other world knows
PREFERRED = ("jobs", "friends", "elders", "bigs")  # what a world keeps of its own for a narrower topic
SEASONS = ("winter", "spring", "summer", "autumn")
COUNTED = (ANIMAL, 6, 18, 20)  # fields of what can be counted, animals, things, people and plants: "pirate songs" are about pirates
ABSTRACT = ("architecture", "clothing", "jewelry", "gear", "hardware", "weaponry", "moss", "ivy", "algae", "poultry", "plankton")
ALSO_COUNTED = ("ghost", "superhero", "star", "island", "mountain", "river", "dream", "birthday")
NO_MEN = ("human", "german", "roman", "norman", "shaman", "talisman", "caiman", "ottoman")
SAME = ("fish", "sheep", "deer", "moose", "trout", "salmon", "bison", "craft")  # one and many
WORK = {"worker", "professional", "preserver", "businessperson", "creator", "expert", "entertainer", "engineer", "writer", "official"}
ALSO_WORK = ("barber", "scientist", "explorer", "hacker", "monk", "lawyer", "judge")
GENDERED = ("man", "woman", "ess", "maid", "boy", "girl")  # endings
SPOTS = {
    "town": ("a street in", "a narrow lane in", "the old part of"),
    "country": ("a small town in", "a village in", "a harbor town in"),
}
ANIMALS = ("a goose", "a goat", "a fat hen", "a donkey")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
IN_PLACE = re.compile(r"(?P<who>.+) (?:in|from) (?P<place>[^,]+)")
ARTICLE = re.compile(r"^an? ")
OF_ONE = re.compile(r"\b(?:the|an?|my|our|your|his|her|their) ")  # "losing a friend" is about one
NO_ADJECTIVE = set("my your our his her their its two three four five six seven many some several these those all no".split())
MEN, WOMEN = {"man", "male", "male child", "boy"}, {"woman", "female", "female child", "girl"}


@dataclass(frozen=True)
class World:
    """The world of one document. `topic`: what was asked for, "" if nothing was; `plain`: the world is just that."""

    name: str
    slots: Mapping[str, Any]
    topic: str = ""
    plain: bool = True

    @property
    def stories(self) -> str:
        """Stories of the topic, as one says it: "ghost stories", "stories about cats"."""
        if (many_of(self.topic) != self.topic and not ARTICLE.match(self.topic)) or self.topic in GENRES:
            return f"{self.topic} stories"
        return f"stories about {self.spoken}"

    @property
    def spoken(self) -> str:
        """The topic after "about": "a vampire" and "vampire" as "vampires"."""
        return many_of(self.topic)


def many_of(topic: str) -> str:
    """The topic in the plural if it is one thing that can be counted, else as it is."""
    bare = ARTICLE.sub("", topic)
    last = WORD.findall(bare)[-1:] or [""]
    if not re.fullmatch(r"[a-z' -]+", bare) or bare != short_name(bare) or not last[0] or OF_ONE.search(bare):
        return topic
    senses = wordnet().senses(last[0])
    counted = (
        bool(senses)
        and senses[0][0].kind == "c"
        and senses[0][0].file in COUNTED
        and not last[0].endswith(MASS_ENDINGS)
        and last[0] not in (*MASS, *ABSTRACT)
    )
    if (bare == topic and not counted and last[0] not in ALSO_COUNTED) or last[0].endswith(SAME):
        return bare if last[0].endswith(SAME) else topic
    men = last[0].removesuffix("man") + "men" if last[0].endswith("man") and last[0] not in NO_MEN else ""
    return bare.removesuffix(last[0]) + (MANY.get(last[0]) or men or plurals(last[0])[0])


def worlds_of(words: Words) -> dict[str, Any]:
    """All worlds by name."""
    return {name: world for shelf, worlds in words.items() if shelf.startswith(SHELF) for name, world in worlds.items()}


def find_world(words: Words, phrase: str, season: str | None) -> str | None:
    """The world of a phrase, by the whole phrase or the last word of its head; None if there is none, or only one of another season."""
    head = DETERMINER.sub("", short_name(phrase.lower()))
    tries = [head, *(WORD.findall(head)[-1:])]
    if tries[-1] in GENRES and len(tries[0].split()) > 1:  # a space adventure happens in space
        tries.insert(1, tries[0].split()[-2])
    for word in tries:
        for name, world in worlds_of(words).items():
            keys = {*world["keys"], DETERMINER.sub("", name)}
            if {word, singular(word)} & keys and not (name in SEASONS and season not in (None, name)):
                return name
    return None


def world_for(rng: random.Random, words: Words, request: Request) -> World:
    """The world of one of the request's topics, of its season, or any of them if it asks for neither."""
    worlds = worlds_of(words)
    known = {topic: name for topic in request.topics if (name := find_world(words, topic, request.season))}
    if request.topics:
        topic = rng.choice(weighty(known) or weighty(request.topics) or request.topics)
        beast = beast_of(topic)
        if beast and ARTICLE.match(topic) and walks(beast) and not GONE & set(topic.split()):  # one mouse is the hero; of mice one is met
            world = worlds[known.get(topic, "friendship")]
            others = [friend for friend in world["friends"] if not pattern_of(beast).search(friend[0])]
            slots = {**world, "hero": ARTICLE.sub("", short_name(topic.lower())), "trade": "no", "friends": others or world["friends"]}
            return World(known.get(topic, "friendship"), slots, request.spell(topic), plain=False)
        if beast and not lives_in(worlds.get(known.get(topic, "")), beast):
            friends = friends_of(words, beast)
            return World("friendship", {**worlds["friendship"], "friends": friends}, request.spell(topic), plain=False)
        if topic not in known and (kind := place_of(topic)):
            return abroad(worlds, kind, request.spell(topic))
        if (where := IN_PLACE.fullmatch(topic)) and (kind := place_of(where["place"])):
            there = world_for(rng, words, replace(request, topics=(where["who"],)))
            spelled = " ".join(map(request.spell, where["place"].split()))
            return replace(there, slots={**there.slots, "towns": spots_of(kind, spelled)}, topic=request.spell(topic), plain=False)
        if topic not in known and (job := job_of(topic)):
            return World("friendship", {**worlds["friendship"], "hero": job}, request.spell(topic), plain=False)
        if topic not in known and (relative := relative_of(topic)):
            return World("friendship", {**worlds["friendship"], "kin": relative}, request.spell(topic), plain=False)
        if topic not in known and (person := person_of(topic)):
            return World("friendship", {**worlds["friendship"], **person}, request.spell(topic), plain=False)
        name = known.get(topic, ANY)
        bare, keys = DETERMINER.sub("", topic.lower()), worlds[name]["keys"][:1]
        plain = bool(known) and {bare, singular(bare)} & {*keys, name, DETERMINER.sub("", name)} != set()
        return World(name, preferring(swapped(worlds[name], bare), bare), request.spell(topic), plain)
    if request.season:
        return World(request.season, worlds[request.season])
    name = rng.choice([name for name in worlds if name not in (ANY, "detectives")])
    return World(name, worlds[name])


def beast_of(topic: str) -> str:
    """The animal that a topic is about, in the singular, if it is one: "mouse" for "a brave mouse"."""
    last = singular((WORD.findall(short_name(topic.lower())) or [""])[-1])
    senses = wordnet().senses(last) if last.isascii() else []
    return last if senses and senses[0][0].file == ANIMAL and (senses[0][0].kind == "c" or last in SAME) else ""


def job_of(topic: str) -> str:
    """The work of those that a topic is about, if it is one that anybody can do: "tailor" for "a clever tailor"."""
    phrase = ARTICLE.sub("", short_name(topic.lower())).split()
    while len(phrase) > 1 and phrase[0] in wordnet().adjectives:
        phrase = phrase[1:]
    if not phrase or len(phrase) > 2 or not "".join(phrase).isascii():
        return ""
    last = singular(phrase[-1])
    senses = wordnet().senses(last)
    kinds = {wide.word for wide in wordnet().above(senses[0][0])} if senses and senses[0][0].file == PERSON else set()
    works = last in ALSO_WORK or (bool(kinds & WORK) and not last.endswith(GENDERED))
    return " ".join([*phrase[:-1], last]) if works else ""


def person_of(topic: str) -> dict[str, str]:
    """The hero that a topic asks for, if it is a person of no trade, with the pronoun if only one will do: "shy boy" for "shy boys"."""
    *before, last = THE.sub("", short_name(topic.lower())).split() or [""]
    one = singular(last)
    senses = wordnet().senses(one) if one.isascii() else []
    if not senses or senses[0][0].file != PERSON or senses[0][0].kind != "c" or len(before) > 2 or NO_ADJECTIVE & set(before):
        return {}
    kinds = {one, *(wide.word for wide in wordnet().above(senses[0][0]))}
    if "relative" in kinds:  # somebody's, as relative_of says
        return {}
    pronoun = "he" if kinds & MEN else "she" if kinds & WOMEN else ""
    return {"hero": " ".join([*before, one]), "trade": "no"} | ({"pronoun": pronoun} if pronoun else {})


def lives_in(world: Mapping[str, Any] | None, beast: str) -> bool:
    """Whether a world has such an animal for a friend or to be feared, or is one of water, where it may live out of sight."""
    if world is None:
        return False
    return "waters" in world or beast in world["keys"][:1] or bool(pattern_of(beast).search(str([world["friends"], world.get("bigs")])))


def friends_of(words: Words, beast: str) -> list[list[str]]:
    """Several different friends that are such an animal."""
    return [[text.replace("{beast}", beast) for text in friend] for friend in words["creatures"]]


def abroad(worlds: Mapping[str, Any], kind: str, place: str) -> World:
    """A world in a place that has a name: what happens in Paris happens in a street of Paris."""
    name = "friendship" if kind == "country" else "the city"
    return World(name, {**worlds[name], "towns": spots_of(kind, place)}, place, plain=False)


def spots_of(kind: str, place: str) -> list[list[str]]:
    """Where a tale can happen in a town or a country."""
    return [[f"{spot} {place}", the(spot.rsplit(" ", 1)[0])] for spot in SPOTS[kind]]


def swapped(world: Mapping[str, Any], phrase: str) -> Mapping[str, Any]:
    """The world, of grandfathers where the phrase says so, else of grandmothers."""
    new = singular((WORD.findall(phrase) or [""])[-1])
    old = world.get("swaps", {}).get(new)
    return json.loads(json.dumps(world).replace(old, "grandfather").replace(upper_first(old), "Grandfather")) if old else world


def preferring(world: Mapping[str, Any], phrase: str) -> Mapping[str, Any]:
    """The world, with only those people, animals and feared ones that are what the phrase says, if there are any: cats for "cats"."""
    said = pattern_of(phrase)
    if said.fullmatch(world["keys"][0] if world["keys"] else ""):
        return world
    own = {kind: rows for kind in PREFERRED if (rows := [row for row in world.get(kind, ()) if said.search(str(row))])}
    if len(own.get("jobs", ())) < 2:  # one for the hero, one for another
        own.pop("jobs", None)
    return {**world, **own}


def pattern_of(phrase: str) -> re.Pattern[str]:
    """Finds the last word of the phrase, in the singular: a cat, but not a cat's."""
    return re.compile(rf"\b{re.escape(singular((WORD.findall(phrase.lower()) or [''])[-1]) or '-')}\b(?!'s \w+ )")


def the(phrase: str) -> str:
    """The phrase with "the" for its "a": the slow knocking."""
    return ARTICLE.sub("the ", phrase)


def cast(rng: random.Random, words: Words, world: World, hard: bool = False) -> dict[str, str]:
    """The fields of one tale: hero, town, friend, elder, gift (one that can break, if `hard`) and whatever else stays the same in it."""
    slots = world.slots
    gifts = [gift for gift in slots["gifts"] if not (hard and gift[0].endswith(tuple(words["soft gifts"])))] or slots["gifts"]
    name, pronoun = rng.choice([hero for hero in words["heroes"] if slots.get("pronoun") in (None, hero[1])])
    (job, other), gift = rng.sample(slots["jobs"], 2), rng.choice(gifts)
    job = slots.get("hero", job)
    town, friend, animal = rng.choice(slots["towns"]), rng.choice(slots["friends"]), rng.choice(slots.get("animals", ANIMALS))
    riddle, answer = rng.choice(words["story riddles"])
    held = {
        "name": name, "job": job, "job.a": f"a(n) {job}", "other": other, "town": town[0], "town.the": town[1], "friend": friend[0],
        "friend.the": friend[1], "friend.the.bare": friend[1].split()[-1],
        "gift": gift[0], "gift.a": f"a(n) {gift[0]}", "gift.the": gift[1], "gift.virtue": gift[2],
        "animal": animal, "animal.the": the(animal), "riddle": riddle, "answer": answer, "small": rng.choice(words["story smalls"]),
        "kin": slots.get("kin", ""), "topic": world.spoken, "stories": world.stories,
    }  # fmt: skip
    slots = {**slots, "elders": [elder for elder in slots["elders"] if elder != f"the {job}"] or slots["elders"]}
    one_each = {"elder": "elders", "food": "foods", "path": "paths", "sight": "sights", "feast": "feasts", "land": "land"}
    held |= {field: fill(rng, rng.choice(slots[kind]), {"topic": world.spoken}) for field, kind in one_each.items()}
    return held | PRONOUNS[pronoun]
