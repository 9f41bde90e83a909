"""What every text about cooking needs that is no recipe: dishes, sentences, and how a food is cooked by itself.

All foods and dishes come from plates that the request allows, all numbers from the same tables as in recipes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from minigpt.corpus.english import title_case
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import named_forms
from minigpt.corpus.templates.cooking_facts import Facts, named, tell
from minigpt.corpus.templates.cooking_foods import all_foods, asked_foods
from minigpt.corpus.templates.cooking_kitchen import ANIMAL, CLOCKS, sign
from minigpt.corpus.templates.cooking_recipes import Cook, cook_some
from minigpt.corpus.templates.grammar import fill
from minigpt.corpus.words import Words

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STARTERS = ("soup", "cold_soup", "salad")
COURSES = (0, 30, 75)  # minutes after the first course
LETTERS = {"fry": "f", "simmer": "s", "roast": "r"}  # clock -> the signs that belong to it
CUT = re.compile(r"(peeled|cut|sliced|thinly sliced|halved|quartered|shredded|diced|torn|trimmed|washed and (sliced|trimmed))\b")
STIRRED = ("risotto", "pilaf", "pudding")  # forms that do not boil their rice by itself
TRIES = 12  # most plates drawn for one that suits the text


class Talk:
    """Plates and sentences for one text."""

    def __init__(self, rng: random.Random, words: Words, request: Request, sweet: bool) -> None:
        self.rng, self.words, self.request, self.sweet, self.table = rng, words, request, sweet, words["talk"]

    def cook(self, forms: tuple[str, ...] = (), sweet: bool | None = None) -> Cook:
        """A dish that the request allows, as a written-out recipe; for tips on baking, one that is baked."""
        sweet = self.sweet if sweet is None else sweet
        return cook_some(self.rng, self.words, self.request, forms or named_forms(self.request, sweet), sweet)

    def cooks(self, count: int) -> list[Cook]:
        """`count` dishes with different names, or as many as there are."""
        found: dict[str, Cook] = {}
        for _ in range(4 * count):
            cook = self.cook()
            found.setdefault(cook.name, cook)
            if len(found) == count:
                break
        return list(found.values())

    def say(self, templates: str | Sequence[str], look: Facts) -> str:
        """A filled template, from a list or the table of that name."""
        return tell(self.rng, self.words, self.table[templates] if isinstance(templates, str) else templates, look)

    def title(self, name: str, look: Facts) -> str:
        """A title."""
        return title_case(self.say(name, look))

    def heat(self, key: str, clock: str) -> Facts:
        """How a food is cooked, for how long, and how to tell that it is done."""
        food, minutes = all_foods()[key], getattr(all_foods()[key], clock)
        kinds = (
            ("carb" if food.role == "carb" else "fish" if food.kinds & {"fish"} else "meat" if food.kinds & ANIMAL else "other")
            if clock == "simmer"
            else clock
        )
        until = sign(self.words, [key], [key], LETTERS[clock], {})
        look = Facts({"n": str(minutes), "early": str(max(1, minutes * 2 // 3)), "sign": until, "when": until.removeprefix("until ")})
        look |= {"do": self.rng.choice(self.table["do"][kinds]), "way": self.rng.choice(self.table["ways"][kinds])}
        cut = fill(self.rng, food.cut, {})
        return look | named("food", key) | ({"cut": cut} if CUT.match(cut) else {})

    def closing(self, cook: Cook, count: int) -> list[str]:
        """Closing sentences: `count` things worth knowing, and what season, audience and tone ask for."""
        cook.around.title = False
        around, count = cook.around, count + {"short": -1, "long": 2}.get(self.request.length or "", 0)
        others: list[Callable[[], str]] = [around.swap_line, around.lore, lambda: around.advice("tips"), around.lore]
        others = others[1:2] if "old" in around.said else others
        others += [lambda: around.advice("serve"), lambda: around.advice("keep")]
        said = [line() for line in self.rng.sample(others, min(max(count, 0), len(others)))]
        if self.request.season:
            said.append(around.season())
        if self.request.audience == "children":
            said.append(self.say("children end", around.facts(around.lead)))
        if self.request.tone == "fun":
            said += [around.joke(), around.say(self.words["cheers"], around.lead)]
        return [text for text in said if text]


def heated(cook: Cook) -> list[tuple[str, str]]:
    """(food, clock): the foods of a dish that can be cooked by themselves; only the requested ones, if there are any."""
    signs, foods, roles = cook.words["signs"], all_foods(), cook.around.roles
    *staged, last = ("", "") if cook.method.get("fire") == "no" else cook.method.get("stage", "").split() or ("", "")
    pairs = [
        (key, clock)
        for key in cook.foods
        for clock in CLOCKS
        if getattr(foods[key], clock) > 2
        and ((roles[key] in staged and clock == last) or (roles[key] == "carb" and clock == "simmer" and cook.dish.form not in STIRRED))
        and (signs.get(key, {}).get(LETTERS[clock]) or foods[key].role == "carb")
        and not (clock == "simmer" and "pulse" in foods[key].kinds and key not in cook.words["cooked from dry"])
    ]
    asked = asked_foods(cook.request)
    return [pair for pair in pairs if pair[0] in asked] or pairs
