"""Draws dishes that a request allows, with a food in each role."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_foods import WORD, all_foods, allowed, asked_foods, singular
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

ROLES = (
    "carb", "flour", "fat", "sugar", "egg", "leaven", "main", "fruit", "veg", "aroma", "spice", "extra", "liquid", "sauce", "acid",
    "flavor", "finish",
)  # fmt: skip
CARRYING = ("carb", "main", "veg", "fruit", "flour", "liquid")  # roles without which it would be another dish
HOSTED = ("main", "veg", "finish", "fruit")  # roles that can be filled by foods not in the dish's row
MANY = 3  # least options of a role into which a requested food may be put: saag is made of spinach or kale, minestrone of what there is
TRIES = 20  # most draws for a dish with a seasonal food or a true name

Option = tuple[str, float]  # a food, and its amount for one person
Slot = tuple[tuple[tuple[Option, ...], ...], bool]  # groups in order of preference; whether it may stay empty


@dataclass
class Plate:
    """One dish with its foods, from which a recipe is written."""

    row: Mapping[str, Any]
    roles: dict[str, list[str]]
    amounts: dict[str, float] = field(default_factory=dict)  # food -> amount for one person, in its unit
    name: str = ""  # as in the table, with fields

    @property
    def form(self) -> str:
        return str(self.row["form"])

    def foods(self) -> list[str]:
        """All foods of the dish."""
        return [key for keys in self.roles.values() for key in keys]


@lru_cache(maxsize=4096)
def slots(text: str) -> tuple[Slot, ...]:
    """ "a, b:50 > c; d?" is two slots: a or b, or c if neither is allowed; and optionally d."""
    parts = [slot.strip() for slot in text.split(";")]
    return tuple(
        (tuple(tuple(_option(o.strip()) for o in group.split(",")) for group in part.rstrip("?").split(">")), part.endswith("?"))
        for part in parts
    )


def _option(text: str) -> Option:
    key, _, amount = text.partition(":")
    return key, float(amount) if amount else all_foods()[key].amount


@lru_cache
def methods() -> dict[str, Any]:
    """Form -> how its dishes are cooked: needed roles, steps, tips."""
    words = load_words("cooking")
    return {**words["pot methods"], **words["pan methods"], **words["sweet methods"]}


@lru_cache
def all_dishes() -> tuple[dict[str, Any], ...]:
    """Every row; savory ones are completed by their cuisine."""
    words = load_words("cooking")
    savory = [{**words["cuisines"][row["of"]], **row, "sweet": False} for row in words["savory dishes"]]
    sweet = [{**row, "sweet": True} for row in words["sweet dishes"]]
    return tuple({**row, "needs": methods()[row["form"]]["needs"].split()} for row in (*savory, *sweet))


@lru_cache(maxsize=256)
def named_forms(request: Request, sweet: bool | None = None) -> tuple[str, ...]:
    """The forms of the dishes or meals that a prompt names beside a diet or a kind of text: cookies for tips on baking."""
    _, _, named, meals = load_words("prompts")["narrow"]["cooking"][:4]
    said = [singular(word) for word in request.matched]
    forms = [form for table in (named, meals) for word in said for form in table.get(word, ()) if form in methods()]
    kinds = {row["form"] for row in all_dishes() if sweet in (None, row["sweet"])}
    return tuple(form for form in dict.fromkeys(forms) if form in kinds and any(row["form"] == form for row in dishes(request, (form,))))


@lru_cache(maxsize=256)
def dishes(request: Request, forms: tuple[str, ...] = (), sweet: bool | None = None) -> tuple[dict[str, Any], ...]:
    """The rows that the request allows: of its cuisines and season, with a food for every needed role."""
    free = allowed(request)
    fits = [row for row in all_dishes() if (not forms or row["form"] in forms) and sweet in (None, row["sweet"])]
    if request.cuisines:
        own = [row for row in fits if row["of"] in request.cuisines]
        fits = own or [row for row in fits if row["of"] == "any"]
    fits = [row for row in fits if _possible(row, free) and _names(row, free)]
    if request.season:
        fits = [row for row in fits if request.season in load_words("cooking")["form seasons"].get(row["form"], request.season)]
    asked = asked_foods(request)
    if not asked:
        return tuple(fits)
    return tuple(row for row in fits if _named(row, asked) or _hosts(row, asked, MANY)) or tuple(row for row in fits if _hosts(row, asked))


def _possible(row: Mapping[str, Any], free: frozenset[str]) -> bool:
    """Whether each essential role can have a food of its first slot."""
    firsts = [slots(row[role])[0] for role in {*row["needs"], *CARRYING} if role in row]
    return all(optional or any(key in free for group in groups for key, _ in group) for groups, optional in firsts)


def _names(row: Mapping[str, Any], free: frozenset[str]) -> list[str]:
    """The names of the dish that mention only foods it can have."""
    options = [option for role in ROLES if role in row for slot, _ in slots(row[role]) for group in slot for option in group]
    foods = [all_foods()[key] for key, _ in options if key in free]
    return [name for name in row["names"] if all(any(food.matches(key) for food in foods) for key in _promises(name))]


def _named(row: Mapping[str, Any], asked: Sequence[str]) -> list[tuple[str, int, Option]]:
    """Where the row itself offers a requested food: role, slot, option."""
    return [
        (role, i, option)
        for role in ROLES
        if role in row
        for i, (groups, _) in enumerate(slots(row[role]))
        for group in groups
        for option in group
        if option[0] in asked
    ]


def _hosts(row: Mapping[str, Any], asked: Sequence[str], least: int = 1) -> list[tuple[str, int, Option]]:
    """Where a requested food can be added to the dish, because it has the same role; not for what makes the dish, which has few options."""
    foods = [all_foods()[key] for key in asked]
    clock = methods()[row["form"]].get("stage", "").split()[-1:]
    hosts = [food for food in foods if food.role in row and food.role in HOSTED and (food.role == "fruit") == row["sweet"]]
    hosts = [food for food in hosts if food.role not in ("main", "veg") or sum(map(len, slots(row[food.role])[0][0])) >= least]
    hosts = [food for food in hosts if not (food.role == "main" and row["form"] == "omelette")]  # an omelette is made of eggs
    if clock != ["simmer"] and "main.soft" not in str(methods()[row["form"]]["steps"]):
        hosts = [food for food in hosts if food.key not in load_words("cooking")["cooked from dry"]]  # lentils would stay raw
    able = [food for food in hosts if not clock or food.role != "main" or getattr(food, clock[0])]
    return [(food.role, 0, (food.key, food.amount)) for food in able]


def plate(rng: random.Random, request: Request, row: Mapping[str, Any]) -> Plate | None:
    """The dish with foods drawn, including a requested one, if any, and if possible a seasonal one.

    None if in TRIES draws no name of the dish was true of its foods.
    """
    names = _names(row, allowed(request))
    now = ripe(request)
    found = None
    for _ in range(TRIES):
        result = _draw(rng, row, request)
        fitting = [name for name in names if _is_true(name, result)]
        if fitting:
            result.name = rng.choice(fitting)
            found = result
            if not now or now & set(result.foods()):
                break
    return found


@lru_cache(maxsize=1024)
def _promises(name: str) -> tuple[str, ...]:
    """The foods that a name mentions; the longer of "red pepper" and "pepper"."""
    text = " ".join(singular(w) for w in WORD.findall(re.sub(r"\{[^}]*\}", ".", name).lower()))
    found = []
    for key in sorted(all_foods(), key=len, reverse=True):
        words = " ".join(singular(w) for w in WORD.findall(key))
        if re.search(rf"\b{words}\b", text):
            found.append(key)
            text = re.sub(rf"\b{words}\b", ".", text)
    return tuple(found)


def _is_true(name: str, dish: Plate) -> bool:
    """Whether the plate has every food that the name mentions."""
    foods = [all_foods()[key] for key in dish.foods()]
    has = all(any(food.matches(key) for food in foods) for key in _promises(name))
    return has and all(dish.roles.get(role) for role in re.findall(r"\{(\w+)\.", name))


def promised(dish: Plate, request: Request) -> list[set[str]]:
    """Sets of foods of which a text about the dish must use one each: in its name, requested, in season."""
    name = dish.name
    sets = [{dish.roles[role][0]} for role in re.findall(r"\{(\w+)\.", name)]
    sets += [{key for key in dish.foods() if all_foods()[key].matches(word)} for word in _promises(name)]
    sets += [wanted & set(dish.foods()) for wanted in (set(asked_foods(request)), ripe(request))]
    return [keys for keys in sets if keys]


def ripe(request: Request) -> set[str]:
    return set(load_words("cooking")["seasons"].get(request.season or "", ()))


def _draw(rng: random.Random, row: Mapping[str, Any], request: Request) -> Plate:
    result = Plate(row, {}, {})
    free, asked = allowed(request), asked_foods(request)
    chance = {"short": 0.0, "long": 0.8}.get(request.length or "", 0.5)  # of an optional food
    forced = None
    if asked:
        forced = rng.choice(_named(row, [a for a in asked if a in free]) or _hosts(row, asked, MANY) or _hosts(row, asked))
        result.amounts[forced[2][0]] = forced[2][1]
    for role in ROLES:
        for i, (groups, optional) in enumerate(slots(row[role]) if role in row else ()):
            if forced and (role, i) == forced[:2]:
                result.roles.setdefault(role, []).append(forced[2][0])
                continue
            left = [[o for o in group if o[0] in free and o[0] not in result.amounts] for group in groups]
            options = next((group for group in left if group), [])
            if not options or (optional and rng.random() >= chance):
                continue
            key, amount = rng.choice(options)
            result.amounts[key] = amount
            result.roles.setdefault(role, []).append(key)
    return result


def nothing_left(request: Request) -> MinigptError:
    """The error for a request that leaves no dish."""
    parts = (*request.cuisines, *request.diets, *request.ingredients, *(f"without {w}" for w in request.without), request.season or "")
    limits = ", ".join(part for part in parts if part) or "this request"
    return MinigptError(f"no dish is left for: {limits}; leave out one of these, or give recipes of your own with --data")


def some_plate(rng: random.Random, request: Request, forms: tuple[str, ...] = (), sweet: bool | None = None) -> Plate:
    """A dish of one of these forms; MinigptError if the request leaves none."""
    rows = dishes(request, forms, sweet)
    for row in rng.sample(rows, len(rows)):
        result = plate(rng, request, row)
        if result:
            return result
    raise nothing_left(request)
