"""Says something about a dish around its recipe: what it is, how to choose its foods, how to serve and keep it, and why to laugh."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from minigpt.corpus.english import join_and
from minigpt.corpus.request import Request
from minigpt.corpus.templates.cooking_dishes import methods, ripe, slots
from minigpt.corpus.templates.cooking_facts import Facts, agree, named, tell
from minigpt.corpus.templates.cooking_foods import HEAD_END, all_foods, allowed, are_many, asked_foods, show_food
from minigpt.corpus.templates.cooking_kitchen import ANIMAL, BULBS, CLOCKS, Kitchen
from minigpt.corpus.words import Words

SWAPPED = ("main", "veg", "fruit", "flavor", "finish", "carb")
PLAIN = ("fat", "flour", "sugar", "egg", "leaven", "liquid", "carb", "spice")  # roles about which there is little to say
SECOND = ("spice", "sugar", "liquid", "carb")  # of these, mentioned if nothing else is
NUMBERS = ("no one", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NAMES = ("Brussels", "Sichuan", "Chinese", "Japanese", "Thai", "Swiss", "Every")  # stay capitalised within a sentence
FRYING = ("stir_fry", "pasta", "salad", "traybake", "tacos", "rice_bowl", "risotto", "pilaf", "seared", "skewers", "omelette")
MASHED = frozenset(
    ("potato", "sweet potato", "pumpkin", "butternut squash", "carrot", "parsnip", "cauliflower", "white bean", "chickpea", "pea", "black bean")
)
SMALL = frozenset(("spinach", "pea", "corn", "bean sprout", "snow pea", "cherry tomato", "arugula", "lettuce", "kale", "edamame"))  # not cut
LEAVES = frozenset(("spinach", "lettuce", "arugula", "scallion"))


COUNTED = frozenset(
    "soup salad omelette bowl cake gateau crumble crisp parfait smoothie shake lassi stew curry risotto tagine chowder slaw stir-fry".split()
    + "pudding compote chili biryani paella pot minestrone pilaf gazpacho".split()
)  # dishes of which one says "a"


def article(name: str) -> str:
    """A dish's name as a sentence puts it, as a template: "a(n) onion soup", but "pad thai" and "tacos"."""
    return f"a(n) {name}" if HEAD_END.split(name)[0].split()[-1] in COUNTED else name


def _kin(old: str, new: str) -> bool:
    """Whether two toppings are of a kind: both nuts, both herbs."""
    return bool((all_foods()[old].kinds & all_foods()[new].kinds) - {"plant"})


class Around:
    """Sentences about one dish, in the register of the request."""

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
        telling = new if len(new) > 1 else [*new, *(key for key in telling if key not in new)]  # preferably foods that the name does not mention
        names = list(dict.fromkeys(all_foods()[key].general for key in (*telling, *more) if all_foods()[key].general != all_foods()[hero].general))
        look = Facts({"verb": self.rng.choice(self.method["verb"]), "minutes": self.time, "count": str(len(self.kitchen.used))})
        short = self.kitchen.short
        look |= agree("dish", self.name, are_many(self.name)) if self.title else agree("dish", f"the {short}", are_many(short))
        look |= agree("short", short, are_many(short)) | {"some": article(self.name), "some short": article(short)}
        look["pace"] = self._pace()
        if len(names) > 1:
            look["list"] = join_and(names[: self.rng.randint(2, 4)])
        for slot, key in zip(("hero", "other", "third"), (hero, *telling), strict=False):
            look |= named(slot, key)
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
            "chunk": [key for key in self.foods if roles[key] == "veg" and key not in SMALL],
            "browned": [key for key in self.foods if roles[key] in ("main", "veg") and foods[key].kinds & {*ANIMAL, "firm"}]
            or [key for key in self.foods if key in ("mushroom", "shiitake")],
            "spice": [key for key in self.foods if roles[key] == "spice"],
            "pasta": [key for key in self.foods if roles[key] == "carb"], "rice": [key for key in self.foods if "rice" in key and roles[key] == "carb"],
            "flour": [key for key in self.foods if roles[key] == "flour"], "liquid": [key for key in self.foods if roles[key] == "liquid"],
            "crunch": [key for key in self.foods if roles[key] == "extra"], "ripe": [key for key in self.foods if key in ripe(self.request)],
        }  # fmt: skip
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
        free, full = allowed(self.request), bool(self.dish.roles.get("carb"))
        of = "any" if self.dish.row["sweet"] else self.dish.row["of"]
        pairs = [side.split("|") for side in self.words["sides"][of]]
        starchy = {key for key, food in all_foods().items() if food.role == "carb"} | {"potato"}
        return [text for key, text in pairs if (key in free or key == "tea") and key not in self.foods and not (full and key in starchy)]

    def say(self, templates: Sequence[str], hero: str = "") -> str:
        """One of the templates, about this dish."""
        return tell(self.rng, self.words, self.fitting(templates), self.facts(hero))

    def intro(self) -> str:
        """A sentence or two before the recipe, in the register of the request."""
        request, lines = self.request, self.words["intros"]
        if request.tone == "fun" and request.audience not in lines:
            said = [self.say(self.words["fun forms"][self.dish.form])]
            said += [self.joke()] * (request.length != "short" or "!" not in said[0])
        elif request.audience in lines or request.tone in lines:
            register = lines[request.audience if request.audience in lines else request.tone]
            said = [self.say(register) or self.say(self.words["form intros"][self.dish.form], self.lead)]
            said += [self.joke()] * (request.tone == "fun" and request.length != "short")
        else:
            own = self.words["form intros"][self.dish.form]
            plain = self.say(lines["plain"], self.lead) if self.rng.random() < 0.4 else ""
            said = [plain or self.say(own, self.lead)]
        if request.season:
            said.append(self.season())
        count = {"short": 0, "long": 2}.get(request.length or "", int(len(said) == 1))
        return " ".join(filter(None, [*said, *(self.lore() for _ in range(count))]))

    def season(self) -> str:
        """Why now."""
        look = self.facts()
        return tell(self.rng, self.words, [line for line in self.words["intros"]["season"] if "{ripe" in line or "ripe" not in look], look)

    def joke(self) -> str:
        """A joke about one of the foods; empty if they take themselves seriously."""
        keys = [key for key in self.foods if key in self.words["fun foods"] and key not in self.said]
        keys = [key for key in keys if self.roles[key] not in ("egg", "aroma")] or keys
        if not keys:
            return ""
        key = self.rng.choice(keys)
        self.said.add(key)
        return tell(self.rng, self.words, self.words["fun foods"][key], {})

    def lore(self, key: str = "", framed: bool = True) -> str:
        """Something worth knowing about a food of the dish, or about its cuisine; each time about another."""
        known = [key] if key else [food for food in self.foods if food not in self.said and self.known(food)]
        of = None if self.dish.row["sweet"] else self.words["cuisine lore"].get(self.dish.row["of"])
        if of and not key and "land" not in self.said and self.rng.random() < 0.2:
            self.said.add("land")
            return self.say(of, self.lead)
        if not known:
            return ""
        telling = [food for food in known if self.roles.get(food) not in (*PLAIN, "aroma")]
        key = self.rng.choice([food for food in telling if self.roles.get(food) != "finish"] or telling or known)
        self.said.add(key)
        said, frame = tell(self.rng, self.words, self.known(key), {}), self.rng.choice(self.words["frames"])
        frame = "" if not framed or ":" in said or "?" in said or frame in self.said else frame
        self.said.add(frame)
        return (frame and self.say([frame])) + (said[0].lower() + said[1:] if frame and said.split()[0].strip(",") not in NAMES else said)

    def known(self, key: str) -> list[str]:
        """What there is to know about a food in a dish of this form."""
        return self.fitting(self.words["lore"].get(key, ()))

    def fitting(self, lines: Sequence[str]) -> list[str]:
        """The lines that hold for a dish of this form: "@fry ..." only holds in a pan."""
        chosen = []
        for line in lines:
            tag = re.match(r"@(\S+) ", line)
            forms = [form for name in (tag[1].split(",") if tag else ()) for form in (FRYING if name == "fry" else (name,))]
            if not tag or self.dish.form in forms or (tag[1] == "chunky" and not self.dish.row.get("blend")):
                chosen.append(line[tag.end() :] if tag else line)
        return chosen

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
        general = {key: food.general for key, food in all_foods().items()}
        pairs = [(a, b) for a, b in pairs if general[a] != general[b] and not (self.roles[a] == "carb" and general[a] in self.name)]
        pairs = [(a, b) for a, b in pairs if self._alike(self.clock(a, b)) and (self.roles[a] != "finish" or _kin(a, b))]
        pairs = [pair for pair in pairs if pair[0] not in self.name and general[pair[0]] not in self.name] or pairs
        return self.rng.choice(pairs) if pairs else None

    @staticmethod
    def _alike(times: tuple[int, int] | None) -> bool:
        """Whether two foods can take each other's place in the pot."""
        return not times or (abs(times[0] - times[1]) <= 20 and max(times) <= 3 * min(times))

    def clock(self, old: str, new: str) -> tuple[int, int] | None:
        """The minutes of both foods in a dish of this form, if it cooks them by one clock."""
        name = self.method.get("stage", "").split()[-1:]
        if not name or name[0] not in CLOCKS or self.roles.get(old) not in self.method["stage"].split():
            return None
        times = self.kitchen.time(old, name[0]), int(getattr(all_foods()[new], name[0]))
        return times if all(times) else None

    def swap_line(self) -> str:
        """A sentence about a substitute, with the change of time where there is one."""
        pair = None if "swap" in self.said else self.swap()
        if not pair:
            return ""
        self.said.add("swap")
        look, times = self.facts() | named("old", pair[0]) | named("new", pair[1]), self.clock(*pair)
        general = all_foods()[pair[0]].general.removesuffix("s")
        lines = [line for line in self.words["swap lines"] if "make {some" not in line or general not in self.kitchen.short]
        if times and abs(times[0] - times[1]) > 2:
            return tell(self.rng, self.words, self.words["swap times"], look | {"a": str(times[0]), "b": str(times[1])})
        return tell(self.rng, self.words, lines, look)

    def advice(self, kind: str) -> str:
        """What the form says about serving or keeping, or a tip; the second time nothing."""
        if f"{kind}!" in self.said:
            return ""
        self.said.add(f"{kind}!")
        return self.say(self.method[kind], self.lead)

    def notes(self) -> list[str]:
        """The notes below a recipe: a tip, a swap, serving and keeping; more if the request says long."""
        self.title = False
        tip = self.advice("tips") if self.rng.random() < 0.6 else ""
        tip = tip or self.lore(framed=False)
        pool = [lambda: self.advice("serve"), lambda: self.advice("keep"), self.swap_line, self.lore]
        count = {"short": 0, "long": 3}.get(self.request.length or "", self.rng.choice((1, 1, 2)))
        chosen = [tip, *(line() for line in self.rng.sample(pool, count))]
        if self.request.audience == "children":
            chosen.append(self.say(self.words["talk"]["children end"], self.lead))
        if self.request.tone == "fun" or (self.request.audience == "children" and self.request.tone != "formal"):
            chosen.append(self.say(self.words["cheers"], self.lead))
        return list(dict.fromkeys(text for text in chosen if text)) or [self.say(self.method["keep"])]
