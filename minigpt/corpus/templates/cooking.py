"""Writes cooking documents, in any of the forms in FORMS."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_answers import notes, question, swap, technique
from minigpt.corpus.templates.cooking_dishes import named_forms, nothing_left, some_plate
from minigpt.corpus.templates.cooking_foods import all_foods, asked_foods
from minigpt.corpus.templates.cooking_lists import menu, plan, shopping
from minigpt.corpus.templates.cooking_recipes import card, cook_some, prose
from minigpt.corpus.templates.cooking_talk import TRIES, Talk
from minigpt.corpus.templates.grammar import Form, Told, idea_of
from minigpt.corpus.words import Words, load_words
from minigpt.errors import MinigptError

SAVORY = (
    "soup", "cold_soup", "pasta", "stir_fry", "salad", "curry", "braise", "omelette", "traybake", "tacos", "rice_bowl", "risotto",
    "pilaf", "seared", "skewers",
)  # fmt: skip
KINDS: dict[str, Callable[[Talk], str]] = {
    "question": question, "technique": technique, "menu": menu, "meal_plan": plan, "shopping_list": shopping, "chef_notes": notes,
    "substitution": swap,
}  # fmt: skip
SWEET = ("pancakes", "cookies", "cake", "crumble", "smoothie", "parfait", "pudding", "poached")


def with_diet(request: Request, diet: str) -> Request:
    """The request with a further diet."""
    return request if diet in request.diets else replace(request, diets=(*request.diets, diet))


def recipe(rng: random.Random, words: Words, request: Request, forms: tuple[str, ...] = (), sweet: bool | None = None) -> str:
    """A recipe in one of the dish forms, by default any."""
    return card(rng, words, cook_some(rng, words, request, forms, sweet))


def told(rng: random.Random, words: Words, request: Request, sweet: bool = False) -> str:
    """A recipe in paragraphs."""
    return prose(rng, words, cook_some(rng, words, request, (), sweet))


def kept_diet(rng: random.Random, words: Words, request: Request, diet: str) -> str:
    """A recipe with a further diet: of a sort that the prompt names, such as vegan cakes, or a savory one."""
    kept = with_diet(request, diet)
    forms = named_forms(kept)
    return recipe(rng, words, kept, forms, None if forms else False)


def write(rng: random.Random, words: Words, request: Request, sweet: bool, text: Callable[[Talk], str]) -> str:
    """A text of one kind, savory or sweet; if an ingredient is requested, one that mentions it."""
    names = {name for key in asked_foods(request) for name in (key, all_foods()[key].general)}
    for _ in range(TRIES):
        said = text(Talk(rng, words, request, sweet))
        if not names or any(name in said.lower() for name in names):
            break
    return Told(str(said), idea_of(said))


FORMS: dict[str, Form] = {name: partial(recipe, forms=(name,)) for name in (*SAVORY, *SWEET)}
FORMS |= {diet.replace("-", "_"): partial(kept_diet, diet=diet) for diet in ("vegetarian", "vegan")}
FORMS |= {"recipe": partial(recipe, sweet=False), "dessert": partial(recipe, sweet=True)}
FORMS |= {"told_recipe": told, "told_dessert": partial(told, sweet=True)}
FORMS |= {name: partial(write, sweet=False, text=kind) for name, kind in KINDS.items()}
FORMS |= {f"baking_{name}": partial(write, sweet=True, text=kind) for name, kind in KINDS.items()}


def _possible(form: str, request: Request) -> bool:
    """Whether the form can obey the request, found out by trying."""
    try:
        return bool(FORMS[form](random.Random(0), load_words("cooking"), request))
    except MinigptError:
        return False


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that can obey it, in its order; if none can, recipes that do; MinigptError if there are none."""
    own = tuple(form for form in request.forms if _possible(form, request))
    if own:
        return own
    sweet = all(form in SWEET or "dessert" in form or form.startswith("baking_") for form in request.forms)
    order = ("dessert", "told_dessert", "recipe", "told_recipe") if sweet else ("recipe", "told_recipe", "dessert", "told_dessert")
    other = tuple(form for form in order if _possible(form, request))[:2]
    if not other:
        some_plate(random.Random(0), request)  # names the obstacle, if it can
        raise nothing_left(request)
    return other
