"""Writes stories, fables and dialogue scenes: one hero, one trouble, and an ending that answers the beginning."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Told, draw, fill
from minigpt.corpus.templates.poetry_story_wording import wording
from minigpt.corpus.templates.poetry_story_worlds import ANY, SEASONS, World, beast_of, cast, pattern_of, the, world_for
from minigpt.corpus.templates.poetry_topics import obedient, short_name
from minigpt.corpus.words import Words

THEME = 8  # times as often come the plots that are about a virtue or vice that was asked for
NEARER = 3  # times as often come the plots that speak of the very topic
FUNNY = 4  # times as often, in a fun tone, come the plots that are funny
BEDTIME = 0.8  # share of bedtime stories whose last line says good night
ELSEWHERE = ("the stranger at supper", "the map")  # plots that could happen in any world, and so are about none
LOVE = "love"  # the world whose plots are its own
NOT_AT_WORK = ("too young", "advice")  # frames that are no beginning of a tale that has nothing to do with work
NO_TRADE = (*NOT_AT_WORK, "saying", "once")  # nor of one whose hero is "a shy boy", who is neither "a young" nor "the only" one
Plot = tuple[str, Mapping[str, Any], Mapping[str, str]]  # name, plot, and the row of its own that it needs


def look_up(held: dict[str, str]) -> Callable[[str], str]:
    """The look-up of a tale's fields; its topic is said in full once, and then by its head."""

    def find(key: str) -> str:
        value = held[key]
        if key == "topic":
            held["topic"] = short_name(value)
        return value

    return find


def plots_for(words: Words, world: World) -> list[Plot]:
    """The plots that suit a world, each with one of the world's rows if it needs one."""
    if world.name == LOVE:
        return [(name, plot, {}) for name, plot in words["story plots of love"].items()]
    if "kin" in world.slots:
        return [(name, plot, {}) for name, plot in words["story plots of kin"].items()]
    if world.name == ANY:
        return [(name, plot, {}) for name, plot in words["story plots about"].items()]
    rows = [(name, plot, row) for name, plot in words["story plots of rows"].items() for row in world.slots.get(plot["row"], ())]
    unfit = {*world.slots.get("unfit", ()), *(ELSEWHERE if world.topic else ())}
    friends: list[Plot] = [(name, plot, {}) for name, plot in words["story plots of friends"].items() if name not in unfit]
    return rows + friends


def choose(rng: random.Random, words: Words, plots: Sequence[Plot], request: Request, world: World) -> Plot:
    """A plot: rather one that speaks of a topic that is narrower than its world, and in a fun tone rather a funny one."""
    said, fitting = pattern_of(world.topic), words["story themes"].get(world.topic, ())
    weights = [
        (FUNNY if request.tone == "fun" and plot.get("fun") else 1)
        * (NEARER if not world.plain and said.search(str(row)) else 1)
        * (THEME if name in fitting else 1)
        for name, plot, row in plots
    ]
    return rng.choices(plots, weights)[0]


def fields_of(row: Mapping[str, str]) -> dict[str, str]:
    """A row's fields, and what is named with an article a second time."""
    return dict(row) | {f"{key}.the": the(row[key]) for key in ("prize", "noise") if key in row}


def elder_beside(rng: random.Random, held: Mapping[str, str], world: World, row: Mapping[str, str]) -> str:
    """The elder, or another of the world if the row tells of one like it: who is lost on the sands gives no advice at home."""
    said, elder = " ".join(row.values()), held["elder"]

    def told(one: str) -> bool:
        return bool(re.search(rf"\b{re.escape(head_of(one))}\b", said, re.IGNORECASE))

    others = [one for one in world.slots["elders"] if "{" not in one and one != f"the {held['job']}" and not told(one)]
    return rng.choice(others) if told(elder) and others else elder


def head_of(elder: str) -> str:
    """What somebody is, in a word: "keeper" for the keeper of the lock."""
    return re.split(r" (?:of|at|with|next|from|in) ", elder)[0].split()[-1]


def story(rng: random.Random, words: Words, request: Request) -> str:
    """A short tale with one hero: a beginning, the scenes of one plot, and an end that answers the beginning."""
    return obedient(words, request, lambda: _story(rng, words, request))


def _story(rng: random.Random, words: Words, request: Request) -> str:
    world = world_for(rng, words, request)
    plots = plots_for(words, world)
    name, plot, row = choose(rng, words, plots, request, world)
    held = cast(rng, words, world, bool(plot.get("hard"))) | fields_of(row)
    held["elder"] = elder_beside(rng, held, world, row)
    held["saying"] = rng.choice(plot["sayings"])
    find = look_up(held)
    unfit = NO_TRADE if "trade" in world.slots else NOT_AT_WORK if world.name in (ANY, LOVE) else ()
    frames = [frame for kind, frame in words["story frames"].items() if kind not in unfit and kind not in name]
    opening, closing = rng.choice(frames)
    first = [rng.choice(words["story tellers"])] if world.topic and not world.plain else []
    season = request.season or (world.name if world.name in SEASONS else "")
    first += [opening] + ([rng.choice(words["season touches"][season])] if season else [])
    parts = [" ".join(first), *(rng.choice(choices) for choices in plot["beats"])]
    told = [upper_first(fill(rng, part, find)) for part in parts]
    more = [other for other in plots if other[2] and other[0] != name]
    if request.length == "long" and more:
        told += episode(rng, words, rng.choice(more), held)
    if season:
        told[-1] += " " + fill(rng, rng.choice(words["season closes"][season]), find)
    told.append(fill(rng, closing, find))
    if any("bedtime" in match for match in request.matched) and rng.random() < BEDTIME:
        told.append(fill(rng, rng.choice(words["bedtime ends"]), find))
    title = title_case(fill(rng, rng.choice(plot["titles"]), look_up(held | {"topic": world.spoken})))
    speakers = (held["friend.the"], f"the {held['other']}", *([] if row else [held["elder"]]))
    say = wording(rng, words, (held["name"], held["he"]), dict.fromkeys(speakers, held["name"]))
    return Told(say(title) + "\n\n" + "\n".join(map(say, told)), f"story: {idea(name, row, held, world)}")


def episode(rng: random.Random, words: Words, plot: Plot, held: dict[str, str]) -> list[str]:
    """What else happened to the same hero, for a long story."""
    find = look_up(held | fields_of(plot[2]))
    parts = (rng.choice(words["story turns"]), *(rng.choice(choices) for choices in plot[1]["beats"]))
    return [upper_first(fill(rng, part, find)) for part in parts]


def idea(name: str, row: Mapping[str, str], held: Mapping[str, str], world: World) -> str:
    """What a tale shares with others that tell the same in other words: its plot, and what it is about in this world."""
    about = next(iter(row.values()), held["answer"] if name == "the riddle" else world.name)
    return f"{name}, {about}"


def fable(rng: random.Random, words: Words, request: Request) -> str:
    """A fable: two animals, what happened between them, and the moral."""

    def write() -> str:
        world = world_for(rng, words, request)
        first, second = animals(rng, words, world, request)
        calls = bare_names(first, second)
        fables = words["fables about"] if world.name == ANY else words["fables"]
        season = request.season or (world.name if world.name in SEASONS else "")
        unfit = {kind for kind, no in (("ground", bool(world.slots.get("indoors"))), ("mild", season == "winter")) if no}
        fitting = words["story themes"].get(world.topic, ())
        names = [name for name, plot in fables.items() if not unfit & plot.keys()]
        name = rng.choice([name for name in names if name in fitting] or names)
        find = look_up(cast(rng, words, world) | {"a": first, "b": second, "a.bare": calls[0], "b.bare": calls[1]})
        opening = [rng.choice(words["fable openings"])] + ([rng.choice(words["fable seasons"][season])] if season else [])
        tellers = [rng.choice(words["fable tellers"])] if world.topic and not world.plain else []
        parts = [" ".join([*tellers, *opening]), *fables[name]["beats"]]
        say = wording(rng, words, spoken_to={first: calls[1], second: calls[0]})
        if season:
            parts[-1] += " " + rng.choice(words["season closes"][season])
        told = [say(upper_first(fill(rng, part, find))) for part in parts]
        return Told(
            f"{title_case(f'{first} and {second}')}\n\n" + "\n".join(told) + f"\n\nMoral: {rng.choice(fables[name]['morals'])}.",
            f"fable: {name}" + (f", {world.name}" if world.topic else ""),
        )

    return obedient(words, request, write)


def animals(rng: random.Random, words: Words, world: World, request: Request) -> list[str]:
    """Two who meet in a fable: those that were asked for, or of a topic its own creatures first; else any two."""
    asked = [f"the {beast}" for beast in dict.fromkeys(map(beast_of, request.topics)) if beast]
    if len(asked) > 1:
        return draw(rng, asked, 2)
    if asked and "hero" not in world.slots:
        return draw(
            rng, [asked[0], rng.choice([animal for animal in words["fable animals"] if animal.split()[-1] != asked[0].split()[-1]])], 2
        )
    if "hero" in world.slots:
        hero = f"the {world.slots['hero']}"
        return draw(rng, [hero, rng.choice([animal for animal in words["fable animals"] if animal.split()[-1] != hero.split()[-1]])], 2)
    friends = [friend for _, friend in world.slots["friends"]] if world.topic and world.name != ANY else []
    own = [friend for friend in dict.fromkeys(friends) if "'" not in friend]
    first = rng.choice(own or words["fable animals"])
    others = [animal for animal in [*own, *words["fable animals"]] if animal.split()[-1] != first.split()[-1]]
    pair = [first, rng.choice(others)]
    return draw(rng, pair, 2)


def bare_names(first: str, second: str) -> tuple[str, str]:
    """What two animals call each other: "robot" for the old robot, but "old robot" if both are robots."""
    if first.split()[-1] == second.split()[-1]:
        return first.removeprefix("the "), second.removeprefix("the ")
    return first.split()[-1], second.split()[-1]


def scene(rng: random.Random, words: Words, request: Request) -> str:
    """A dialogue between two people; each second line answers the one before."""

    def write() -> str:
        world = world_for(rng, words, request)
        scenes = words["scenes about"] if world.name == ANY else words["scenes"]
        name = rng.choice(list(scenes))
        (one, _), (two, _) = draw(rng, words["heroes"], 2)
        hours = "late" if scenes[name].get("late") else "any"
        when = {"time": rng.choice(words["scene times"][hours]), "light": rng.choice(words["scene lights"][hours])}
        find = look_up(cast(rng, words, world) | when | {"name": one, "other": two})
        keep = {"short": 0.0, "long": 1.0}.get(request.length or "", 0.4)
        group = rng.random() < keep  # turns that answer each other stay or go together
        turns = [turn[:2] for turn in scenes[name]["turns"] if len(turn) == 2 or (group if turn[2] == "+a" else rng.random() < keep)]
        season = [rng.choice(words["fable seasons"][request.season])] if request.season else []
        setting = min(words["scene settings"], key=len) if request.length == "short" else rng.choice(words["scene settings"])
        say = wording(rng, words)
        asked = bool(world.topic) and not world.plain
        about = [rng.choice(words["scene topics"])] if asked and world.name != ANY else []
        parts = [setting, *season, *about, rng.choice(scenes[name]["opening"])]
        opening = " ".join(upper_first(fill(rng, part, find)) for part in parts)
        lines = [f"{who}: {say(upper_first(fill(rng, text, find)))}" for turn in turns for who, text in zip((one, two), turn, strict=True)]
        named = f" about {world.spoken}" if asked else ""
        return Told(f"{title_case(f'{one} and {two}: a scene{named}')}\n\n{opening}\n\n" + "\n".join(lines), f"scene: {name}")

    return obedient(words, request, write)
