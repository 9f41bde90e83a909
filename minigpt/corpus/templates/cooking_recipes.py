"""Writes recipes, as numbered steps or in prose.

The ingredient list is collected from the steps, in the order in which they first name the foods, so the steps use exactly the
ingredients on the list. The time on top is likewise the sum of the times in the steps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from minigpt.corpus.english import join_and, title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import Plate, methods, nothing_left, promised, slots, some_plate
from minigpt.corpus.templates.cooking_foods import all_foods, allowed, asked_foods, show_food
from minigpt.corpus.templates.cooking_kitchen import Kitchen, fields
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words

Facts = dict[str, str]
MINUTES = re.compile(r"(\d+) (minute|hour)s?( on each side)?")
ONE = re.compile(r"\b1 minutes")
ARTICLE = re.compile(r"(?<=[a-z,] )the (?!pan|pot|heat|oven|bowl|water|[a-z]+ of )")  # articles that a terse note omits
TRIES = 30
HEROES = ("main", "veg", "fruit", "flavor")
SWAPPED = ("main", "veg", "fruit", "flavor", "finish", "carb")
PLAIN = ("fat", "flour", "sugar", "egg", "leaven", "liquid", "carb")  # roles about which there is little to say
SECOND = ("sugar", "liquid", "carb")  # of these, mentioned if nothing else is
GRAMMAR = {
    "s": ("s", ""), "es": ("es", ""), "is": ("is", "are"), "has": ("has", "have"), "it": ("it", "them"), "they": ("it", "they"),
    "does": ("does", "do"),
}  # fmt: skip


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


def tell(rng: random.Random, words: Words, templates: Sequence[str], look: Mapping[str, str]) -> str:
    """A random template whose fields can all be filled, as a sentence; empty if there is none."""
    usable = [template for template in templates if all(name in look for name in fields(template))]
    return upper_first(ONE.sub("1 minute", fill(rng, rng.choice(usable), look, words["phrases"]))) if usable else ""


def named(slot: str, key: str) -> Facts:
    """A food as facts: its general name, and words that agree in number."""
    return agree(slot, all_foods()[key].general, all_foods()[key].is_plural)


def agree(slot: str, name: str, is_plural: bool) -> Facts:
    """A name as facts, with words that agree in number."""
    return {slot: name} | {f"{slot}.{field}": pair[is_plural] for field, pair in GRAMMAR.items()}


@lru_cache(maxsize=8192)
def _heroes(template: str) -> int:
    """How many of the leading roles a sentence mentions."""
    return len({role for name in fields(template) for role in re.split(r"[.+]", name)} & {*HEROES, "carb", "early", "late"})


class Cook:
    """A written-out recipe: title, yield, time, ingredients and steps of one plate."""

    def __init__(self, rng: random.Random, words: Words, request: Request, dish: Plate) -> None:
        self.rng, self.words, self.request, self.dish = rng, words, request, dish
        self.method = methods()[dish.form]
        serves, wanted = rng.choice(self.method.get("serves", (2, 3, 4, 5, 6, 8))), promised(dish, request)
        for _ in range(TRIES):  # some wordings omit an optional food, which must not be one in the name
            self.kitchen = Kitchen(rng, dish, serves, words, request)
            self.name = self._say(dish.name)
            self.steps = [step for sentences in self.method["steps"] if (step := self._step(sentences))]
            self.keeps_word = all(keys & set(self.kitchen.used) for keys in wanted)
            if self.keeps_word:
                break
        self.foods = [key for key in self.kitchen.used if key != "salt"]
        self.needs = self.kitchen.listing()
        self.minutes = -(-(rng.choice(self.method["prep"]) + minutes_in(self.steps)) // 5) * 5  # rounded up to five minutes

    def _say(self, template: str) -> str:
        return ONE.sub("1 minute", fill(self.rng, template, self.kitchen.look, self.words["phrases"]))

    def _step(self, sentences: Sequence[Sequence[str]]) -> str:
        """One step: for each of its sentences a wording that this plate can fill, and a word to the audience."""
        said = []
        for choices in sentences:
            usable = [template for template in choices if self.kitchen.can(template)]
            most = max(map(_heroes, usable), default=0)  # a shorter wording must not lose what the title promises
            if usable:
                said.append(upper_first(self._say(self.rng.choice([template for template in usable if _heroes(template) == most]))))
        text = " ".join(said)
        if not text:
            return ""
        if self.request.audience == "professionals":
            return ARTICLE.sub("", text)
        for pattern, asides in self.words["asides"].get(self.request.audience or "", {}).items():
            if re.search(pattern, text):
                return f"{text} {self._say(self.rng.choice(asides))}"
        return text

    def facts(self, hero: str = "") -> Facts:
        """Facts about the dish: its name, its time, and some of its foods."""
        roles = {key: role for role, keys in self.dish.roles.items() for key in keys}
        asked = [key for key in asked_foods(self.request) if key in self.foods]
        leads = [[key for key in self.foods if roles[key] in pair] for pair in (("main", "veg", "fruit"), ("flavor", "carb"))]
        hero = hero or self.rng.choice(asked or leads[0] or leads[1] or self.foods)
        telling = [key for key in self.foods if roles[key] not in PLAIN and key != hero]
        self.rng.shuffle(telling)
        more = [key for key in self.foods if roles[key] in SECOND and key not in (hero, *telling)] if len(telling) < 2 else []
        telling.sort(key=lambda key: key in self.name)  # preferably foods that the name does not mention
        weighed = self.rng.choice([key for key in self.foods if roles[key] not in ("spice", "leaven")])
        look = {
            "verb": self.rng.choice(self.method["verb"]), "minutes": show_time(self.minutes), "count": str(len(self.needs)),
            "serves": str(self.kitchen.serves),
            "line": show_food(all_foods()[weighed], self.kitchen.amounts[weighed], self.kitchen.metric),
        }  # fmt: skip
        look |= agree("dish", self.name, self.name.split(" with ")[0].split(" in ")[0].split(",")[0].endswith("s"))
        if self.dish.row["of"] in self.words["places"]:
            look["place"] = self.rng.choice(self.words["places"][self.dish.row["of"]])
        if telling or more:
            look["list"] = join_and([all_foods()[key].general for key in (*telling, *more)[: self.rng.randint(2, 5)]])
        for slot, key in zip(("hero", "other", "third"), (hero, *telling), strict=False):
            look |= named(slot, key)
        for slot, kinds in (("fresh", ("herb", "vegetable", "fruit")), ("sharp", ("spice", "aromatic")), ("fat", ())):
            keys = [key for key in self.foods if (all_foods()[key].kinds & set(kinds) or roles[key] == slot) and key != hero]
            if keys:
                look |= named(slot, self.rng.choice(keys))
        return look | ({"season": self.request.season} if self.request.season else {})

    def intro(self) -> str:
        """A sentence or two before the recipe, in the register of the request."""
        request, lines = self.request, self.words["intros"]
        keys = [key for key in (request.audience, request.tone) if key in lines and request.tone in (key, None, "fun")]
        tables = [self.rng.choice(keys) if keys else "plain"]
        tables += ["season"] * bool(request.season)
        tables += ["detail"] * {"short": 0, "long": 2}.get(request.length or "", 0 if request.season else 1)
        look = self.facts()
        return " ".join(tell(self.rng, self.words, lines[table], look | (self.facts() if i else {})) for i, table in enumerate(tables))

    def swap(self) -> tuple[str, str] | None:
        """A food of the dish, and a substitute for it from the same slot."""
        free = allowed(self.request)
        groups = [
            [key for key, _ in group]
            for role in SWAPPED
            for choices, _ in (slots(self.dish.row[role]) if role in self.dish.row else ())
            for group in choices
        ]
        pairs = [(a, b) for group in groups for a in group if a in self.foods for b in group if b in free and b not in self.dish.amounts]
        return self.rng.choice(pairs) if pairs else None

    def notes(self) -> list[str]:
        """The notes below a recipe: a tip, a swap, serving and keeping; more if the request says long."""
        look = self.facts()
        pool = [tell(self.rng, self.words, self.words[table], self.facts()) for table in ("serve lines", "keep lines", "serve lines")]
        pair = self.swap()
        if pair:
            pool.append(tell(self.rng, self.words, self.words["swap lines"], named("old", pair[0]) | named("new", pair[1])))
        count = {"short": 0, "long": 3}.get(self.request.length or "", self.rng.choice((1, 1, 2)))
        chosen = [tell(self.rng, self.words, self.method["tips"], look), *dict.fromkeys(self.rng.sample(pool, min(count, len(pool))))]
        if self.request.audience == "children":
            chosen.append(tell(self.rng, self.words, self.words["talk"]["children end"], {}))
        if self.request.tone == "fun" or (self.request.audience == "children" and self.request.tone != "formal"):
            chosen.append(self._say(self.rng.choice(self.words["cheers"])))
        return [upper_first(text) for text in chosen if text]

    def yields(self) -> str:
        """How many the recipe serves, or what it makes."""
        made = self.method.get("makes")
        return f"Makes {self.kitchen.serves} {made}." if made else f"Serves {self.kitchen.serves}."


def cook_some(rng: random.Random, words: Words, request: Request, forms: tuple[str, ...] = (), sweet: bool | None = None) -> Cook:
    """A dish of one of these forms, written out so that it uses everything its name and the request promise."""
    for _ in range(TRIES):
        cook = Cook(rng, words, request, some_plate(rng, request, forms, sweet))
        if cook.keeps_word:
            return cook
    raise nothing_left(request)


def card(rng: random.Random, words: Words, cook: Cook) -> str:
    """A recipe as a card: title, introduction, ingredients, numbered steps, notes."""
    head = rng.choice(words["card heads"])
    lines = [title_case(cook.name), "", cook.intro(), f"{cook.yields()} {head[0].format(show_time(cook.minutes))}", "", head[1]]
    lines += [f"- {need}" for need in cook.needs] + ["", head[2]]
    lines += [f"{i}. {step}" for i, step in enumerate(cook.steps, 1)]
    return "\n".join([*lines, "", f"{head[3]}: " + " ".join(cook.notes())])


def prose(rng: random.Random, words: Words, cook: Cook) -> str:
    """A recipe in paragraphs, as one cook would write to another."""
    needs = [show_food(all_foods()[key], cook.kitchen.amounts[key], cook.kitchen.metric) for key in cook.foods]
    salt = (", with salt and pepper" if cook.kitchen.pepper else ", with salt") if "salt" in cook.kitchen.used else ""
    listed = join_and(needs) + salt
    look = cook.facts() | {"needs": listed}
    opening = tell(rng, words, words["prose openings"], look)
    return "\n\n".join([title_case(cook.name), f"{cook.intro()} {opening}", " ".join(cook.steps), " ".join(cook.notes())])
