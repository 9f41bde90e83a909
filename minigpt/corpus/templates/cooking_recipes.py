"""Writes recipes, as numbered steps or in prose.

The ingredient list is collected from the steps, in the order in which they first name the foods, so the steps use exactly the
ingredients on the list. The time on top is likewise the sum of the times in the steps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from minigpt.corpus.english import join_and, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import Plate, methods, nothing_left, promised, some_plate
from minigpt.corpus.templates.cooking_facts import ONE, agree, fields, tell
from minigpt.corpus.templates.cooking_foods import all_foods, are_many, show_food
from minigpt.corpus.templates.cooking_kitchen import Kitchen
from minigpt.corpus.templates.cooking_words import Around
from minigpt.corpus.templates.grammar import Told, fill
from minigpt.corpus.words import Words

MINUTES = re.compile(r"(\d+) (minute|hour)s?( on each side)?")
TRIES = 30
SHORT = 60  # minutes of a dish for those who ask for short recipes, if there is one
HEROES = ("main", "veg", "fruit", "flavor")
LEADING = {*HEROES, "carb", "early", "late", "leaven", "liquid"}  # what a wording must not leave out
SOLID = ("main", "veg", "carb", "fruit", "flour", "egg")
SALT = ("salt", "fat", "spice", "leaven")  # roles that an aside does not speak of


def minutes_in(steps: Sequence[str]) -> int:
    """The sum of all minutes in the steps."""
    total = 0
    for number, unit, sides in MINUTES.findall(" ".join(steps)):
        total += int(number) * (60 if unit == "hour" else 1) * (2 if sides else 1)
    return total


def show_time(minutes: int) -> str:
    """35 as "35 minutes", 95 as "1 hour 35 minutes"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour" + "s" * (hours > 1)] * (hours > 0) + [f"{rest} minutes"] * (rest > 0)
    return " ".join(parts)


@lru_cache(maxsize=8192)
def _heroes(template: str) -> int:
    """How many of the leading roles a sentence mentions."""
    return len({role for name in fields(template) for role in re.split(r"[.+]", name)} & LEADING)


class Cook:
    """A written-out recipe: title, yield, time, ingredients and steps of one plate."""

    def __init__(self, rng: random.Random, words: Words, request: Request, dish: Plate) -> None:
        self.rng, self.words, self.request, self.dish = rng, words, request, dish
        self.method = methods()[dish.form]
        serves, wanted = rng.choice(self.method.get("serves", (2, 3, 4, 4, 5, 6, 8))), promised(dish, request)
        for _ in range(TRIES):  # some wordings omit an optional food, which must not be one in the name
            self.explained: set[str] = set()  # asides that were said
            self.begun = False  # whether a step was said
            self.kitchen = Kitchen(rng, dish, serves, words, request)
            self.name = self._say(dish.name)
            self.kitchen.rename(self.name)
            self.steps = [step for sentences in self.method["steps"] if (step := self._step(sentences))]
            self.keeps_word = all(keys & set(self.kitchen.used) for keys in wanted)
            if self.keeps_word:
                break
        self.foods = [key for key in self.kitchen.used if key != "salt"]
        self.needs = self.kitchen.listing()
        self.minutes = -(-(rng.choice(self.method["prep"]) + minutes_in(self.steps)) // 5) * 5  # rounded up to five minutes
        self.around = Around(rng, words, request, self.kitchen, self.name, show_time(self.minutes), self.minutes)

    @property
    def idea(self) -> str:
        """The kind of dish and its two leading foods."""
        base = " ".join(re.sub(r"\{[^}]*\}", "", self.dish.row["names"][0]).split())
        leads = [key for role in HEROES for key in self.dish.roles.get(role, ())]
        return f"{self.dish.form}: {', '.join([base, *leads[:2]])}"

    def _say(self, template: str) -> str:
        text = ONE.sub(r"1 \1", fill(self.rng, template, self.kitchen.look, self.words["phrases"]))
        return text.replace("the last 1 minute", "the last minute")

    def _step(self, sentences: Sequence[Sequence[str]]) -> str:
        """One step: for each of its sentences a wording that this plate can fill, and a word to the audience."""
        said = []
        for choices in sentences:
            usable = [template for template in choices if self.kitchen.can(template)]
            most = max(map(_heroes, usable), default=0)  # a shorter wording must not lose what the title promises
            if usable:
                fit = [template for template in usable if _heroes(template) == most]
                drawn = self.rng.choices(fit, k=8 if self.kitchen.brief else 1)
                said.append(upper_first(self._say(min(drawn, key=len))))
        text = self._joined(said) if said else ""
        return " ".join(filter(None, [text, self._aside(text)])) if text else ""

    def _joined(self, said: Sequence[str]) -> str:
        """The sentences of a step, some of them run together, as one who stands beside the cook would say them."""
        text = ""
        for i, sentence in enumerate(said):
            orders = not self.kitchen.brief and sentence.split()[0].strip(",") in self.words["imperatives"]
            frame = "{}"
            if i and orders and self.rng.random() < 0.7:
                plain, later = ";" in text + sentence, " then " in f" {text} {sentence}".lower()
                frames = [joined for joined in self.words["joined"] if not (plain and ";" in joined) and not (later and "hen" in joined)]
                frame = self._frame(frames)
            elif not i and self.begun and orders and self.rng.random() < 0.3:
                frame = self._frame(self.words["starts"])
            put = frame.format(sentence[0].lower() + sentence[1:] if frame != "{}" else sentence)
            text = put if not i else text.removesuffix(".") + put if frame != "{}" else f"{text} {put}"
        self.begun = True
        return text

    def _frame(self, frames: Sequence[str]) -> str:
        """A frame for a sentence that did not begin one before: nobody says "next" three times."""
        fresh = [frame for frame in frames if ";" in frame or frame.strip(" .{}") not in self.explained]
        frame = self.rng.choice(fresh or ["{}"])
        self.explained.add(frame.strip(" .{}"))
        return frame

    def _aside(self, step: str) -> str:
        """A word on the step for children or beginners, which no other step has."""
        table = self.words["asides"].get(self.request.audience or "", {})
        called = {key: all_foods()[key].name(self.kitchen.amounts[key]) for key in self.dish.amounts}
        spoken = [key for key, role in self._roles().items() if role not in SALT and called[key] in step]
        spoken = [key for key in spoken if self._roles()[key] in SOLID] or spoken
        look = agree("short", self.kitchen.short, are_many(self.kitchen.short))
        if spoken:
            thing = called[self.rng.choice(spoken)]
            look |= agree("thing", thing, are_many(thing))
        beginner = self.request.audience == "beginners"
        if beginner and self.rng.random() < 0.3:
            return ""
        for topic, lines in table.items():
            pattern, choices = (lines[0], lines[1:]) if beginner else (topic, lines)
            if re.search(pattern, step) and not (beginner and topic in self.explained):
                fresh = [line for line in choices if line not in self.explained and all(name in look for name in fields(line))]
                line = self.rng.choice(fresh or [line for line in choices if all(name in look for name in fields(line))] or [""])
                if line:
                    self.explained |= {topic, line}
                    return tell(self.rng, self.words, [line], look)
        return ""

    def _roles(self) -> dict[str, str]:
        return {key: role for role, keys in self.dish.roles.items() for key in keys}

    def yields(self) -> str:
        """How many the recipe serves, or what it makes."""
        made = self.method.get("makes")
        return f"Makes {self.kitchen.serves} {made}" if made else f"Serves {self.kitchen.serves}"


def cook_some(rng: random.Random, words: Words, request: Request, forms: tuple[str, ...] = (), sweet: bool | None = None) -> Cook:
    """A dish of one of these forms, written out so that it uses everything its name and the request promise."""
    found: Cook | None = None
    for _ in range(TRIES):
        cook = Cook(rng, words, request, some_plate(rng, request, forms, sweet))
        if cook.keeps_word and (request.length != "short" or cook.minutes <= SHORT):
            return cook
        found = cook if cook.keeps_word else found
    if found:
        return found
    raise nothing_left(request)


def card(rng: random.Random, words: Words, cook: Cook) -> str:
    """A recipe as a card: title, introduction, ingredients, numbered steps, notes."""
    cold = cook.method.get("fire") == "no"
    heads = [head for head in words["card heads"] if not (cold and head[2] in ("At the stove:", "Cooking:"))]
    cheer = cook.request.tone == "fun" and cook.request.length == "short"  # then no tip follows
    head = rng.choice([head for head in heads if not cheer or head[3] in ("A last word", "One more thing")])
    lines = [title_case(cook.name), "", cook.around.intro(), f"{cook.yields()}{head[0].format(show_time(cook.minutes))}", "", head[1]]
    lines += [f"- {need}" for need in cook.needs] + ["", head[2]]
    lines += [f"{i}. {step}" for i, step in enumerate(cook.steps, 1)]
    return Told("\n".join([*lines, "", f"{head[3]}: " + " ".join(cook.around.notes())]), cook.idea)


def prose(rng: random.Random, words: Words, cook: Cook) -> str:
    """A recipe in paragraphs, as one cook would write to another."""
    needs = [show_food(all_foods()[key], cook.kitchen.amounts[key], cook.kitchen.metric) for key in cook.foods]
    salt = (", with salt and pepper" if cook.kitchen.pepper else ", with salt") if "salt" in cook.kitchen.used else ""
    opening = tell(rng, words, words["prose openings"], cook.around.facts() | {"needs": join_and(needs) + salt})
    start = " ".join([cook.around.intro(), opening])
    return Told("\n\n".join([title_case(cook.name), start, " ".join(cook.steps), " ".join(cook.around.notes())]), cook.idea)
