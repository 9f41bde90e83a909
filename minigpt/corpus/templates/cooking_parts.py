"""Facts about a dish for the sentences around its recipe: its names, its numbers, and the foods that play a part in it."""

from __future__ import annotations

import random

from minigpt.corpus.english import join_and
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import methods, ripe
from minigpt.corpus.templates.cooking_facts import Facts, agree, named
from minigpt.corpus.templates.cooking_foods import HEAD_END, all_foods, allowed, are_many, asked_foods, show_food
from minigpt.corpus.templates.cooking_kitchen import ANIMAL, BULBS, Kitchen
from minigpt.corpus.words import Words

PLAIN = ("fat", "flour", "sugar", "egg", "leaven", "liquid", "carb", "spice")  # roles about which there is little to say
SECOND = ("spice", "sugar", "liquid", "carb")  # of these, mentioned if nothing else is
NUMBERS = ("no one", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MASHED = frozenset(
    [*"potato carrot parsnip cauliflower pea pumpkin chickpea".split(), "sweet potato", "butternut squash", "white bean", "black bean"]
)
UNCUT = frozenset([*"tomato spinach pea corn arugula lettuce kale edamame".split(), "bean sprout", "snow pea", "cherry tomato"])  # not cut
LEAVES = frozenset(("spinach", "lettuce", "arugula", "scallion"))
COUNTED = frozenset(
    "soup salad omelette bowl cake gateau crumble crisp parfait smoothie shake lassi stew curry risotto tagine chowder slaw".split()
    + "stir-fry pudding compote chili biryani paella pot minestrone pilaf gazpacho".split()
)  # dishes of which one says "a"


def article(name: str) -> str:
    """A dish's name as a sentence puts it, as a template: "a(n) onion soup", but "pad thai" and "tacos"."""
    return f"a(n) {name}" if HEAD_END.split(name)[0].split()[-1] in COUNTED else name


class Parts:
    """One dish, and what sentences about it can name."""

    def __init__(self, rng: random.Random, words: Words, request: Request, kitchen: Kitchen, name: str, time: str, minutes: int) -> None:
        self.rng, self.words, self.request, self.kitchen, self.name = rng, words, request, kitchen, name
        self.time, self.minutes = time, minutes
        self.dish, self.method = kitchen.dish, methods()[kitchen.dish.form]
        self.foods = [key for key in kitchen.used if key != "salt"]
        self.roles = {key: role for role, keys in self.dish.roles.items() for key in keys}
        self.said: set[str] = set()  # foods about which something was said
        self.title = True  # whether the dish goes by its full name; once introduced, it goes by the part before "with"
        role = next((role for role in self.method.get("lead", "main veg fruit").split() if self.dish.roles.get(role)), "")
        self.lead = next((key for key in self.dish.roles.get(role, ()) if key in self.foods), self.foods[0])

    def facts(self, hero: str = "") -> Facts:
        """Facts about the dish: its name, its time, and some of its foods."""
        asked = [key for key in asked_foods(self.request) if key in self.foods]
        leads = [[key for key in self.foods if self.roles[key] in pair] for pair in (("main", "veg", "fruit"), ("flavor", "carb"))]
        hero = hero or self.rng.choice(asked or leads[0] or leads[1] or self.foods)
        telling = [key for key in self.foods if self.roles[key] not in PLAIN and key != hero]
        self.rng.shuffle(telling)
        more = [key for key in self.foods if self.roles[key] in SECOND and key not in (hero, *telling)] if len(telling) < 2 else []
        new = [key for key in telling if all_foods()[key].general not in self.name and key not in self.name]
        telling = new if len(new) > 1 else [*new, *(key for key in telling if key not in new)]  # rather what the name does not mention
        general = [all_foods()[key].general for key in (*telling, *more)]
        names = [name for name in dict.fromkeys(general) if name != all_foods()[hero].general]
        look = Facts({"verb": self.rng.choice(self.method["verb"]), "minutes": self.time, "count": str(len(self.kitchen.used))})
        short = self.kitchen.short
        look |= agree("dish", self.name, are_many(self.name)) if self.title else agree("dish", f"the {short}", are_many(short))
        look |= agree("short", short, are_many(short)) | {"some": article(self.name), "some short": article(short)}
        look["pace"] = self._pace()
        if len(names) > 1:
            count = self.rng.randint(2, 4)
            look["list"] = join_and(names[:count])
            said = [name for name in names if name in self.name]  # who asks what a dish needs wants all that its name mentions
            look["needs"] = join_and([*said, *(name for name in names if name not in said)][: max(count, len(said))])
        for slot, key in zip(("hero", "other", "third"), (hero, *telling), strict=False):
            look |= named(slot, key)
        look |= named("plus", new[0]) if new else {}
        look |= named("more", new[1]) if len(new) > 1 else {}
        return look | self._numbers() | self._slots(hero)

    def _pace(self) -> str:
        pace = next(lines for most, lines in self.words["pace"].items() if self.minutes <= int(most))
        return str(self.rng.choice(pace)).replace("{minutes}", self.time)

    def _numbers(self) -> Facts:
        """How many it serves, or makes, and what of one food this takes."""
        serves, foods = self.kitchen.serves, all_foods()
        number = {"number": str(serves)} if self.method.get("makes") else {"serves": NUMBERS[serves]}
        weighed = [key for key in self.foods if self.roles[key] not in ("spice", "leaven", "aroma", "acid", "fat")] or self.foods
        line = self.rng.choice(weighed)
        return Facts({**number, "line": show_food(foods[line], self.kitchen.amounts[line], self.kitchen.metric)})

    def _slots(self, hero: str) -> Facts:
        """Foods that play a part on which there is advice: to be mashed, cut, browned, added fresh."""
        foods, roles, look = all_foods(), self.roles, Facts()
        fits = {
            "fresh": [key for key in self.foods if "herb" in foods[key].kinds or (key in LEAVES and roles[key] in ("veg", "finish"))],
            "bulb": [key for key in self.foods if key in BULBS and roles[key] == "aroma"],
            "mash": [key for key in self.foods if key in MASHED],
            "meat": [key for key in self.foods if foods[key].kinds & ANIMAL and roles[key] == "main"],
            "chunk": [key for key in self.foods if roles[key] == "veg" and key not in UNCUT],
            "browned": [key for key in self.foods if roles[key] in ("main", "veg") and foods[key].kinds & {*ANIMAL, "firm"}]
            or [key for key in self.foods if key in ("mushroom", "shiitake")],
            "spice": [key for key in self.foods if roles[key] == "spice"],
            "rice": [key for key in self.foods if roles[key] == "carb" and "rice" in key],
            "ripe": [key for key in self.foods if key in ripe(self.request)],
        }
        for slot, role in (("pasta", "carb"), ("flour", "flour"), ("liquid", "liquid"), ("crunch", "extra")):
            fits[slot] = [key for key in self.foods if roles[key] == role]
        for slot, keys in fits.items():
            if keys:
                look |= named(slot, self.rng.choice(keys))
        if self.request.season:
            look["season"] = self.request.season
        if self.side():
            look["side"] = self.rng.choice(self.side())
        if self.dish.row["of"] in self.words["lands"]:
            look["land"] = self.words["lands"][self.dish.row["of"]]
        return look

    def side(self) -> list[str]:
        """What the request allows to go with the dish and is not in it."""
        free, full, salad = allowed(self.request), bool(self.dish.roles.get("carb")), self.dish.form == "salad"
        of = "any" if self.dish.row["sweet"] else self.dish.row["of"]
        pairs = [side.split("|") for side in self.words["sides"][of]]
        starchy = {key for key, food in all_foods().items() if food.role == "carb"} | {"potato"}
        pairs = [(key, text) for key, text in pairs if not (full and key in starchy) and not (salad and "salad" in text)]
        return [text for key, text in pairs if (key in free or key == "tea") and key not in self.foods]
