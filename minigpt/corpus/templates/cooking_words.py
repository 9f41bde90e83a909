"""Says something about a dish around its recipe: what it is, how to choose its foods, how to serve and keep it, and why to laugh."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from minigpt.corpus.templates.cooking_dishes import slots
from minigpt.corpus.templates.cooking_facts import named, tell
from minigpt.corpus.templates.cooking_foods import all_foods, allowed
from minigpt.corpus.templates.cooking_kitchen import ANIMAL, CLOCKS
from minigpt.corpus.templates.cooking_parts import PLAIN, Parts

LEAST = "Taste {dish} once more before you call everybody to the table."
MOST_LONGER = 4  # minutes by which a food of a pot may be cooked longer than alone
SWAPPED = ("main", "veg", "fruit", "flavor", "finish", "carb")
NAMES = ("Brussels", "Sichuan", "Chinese", "Japanese", "Thai", "Swiss", "Every")  # stay capitalised within a sentence
FRYING = ("stir_fry", "pasta", "salad", "traybake", "tacos", "rice_bowl", "risotto", "pilaf", "seared", "skewers", "omelette")


def _kin(old: str, new: str) -> bool:
    """Whether two toppings are of a kind: both nuts, both herbs."""
    return bool((all_foods()[old].kinds & all_foods()[new].kinds) - {"plant"})


def _meat(key: str) -> bool:
    """Whether a food is meat or fish."""
    return bool(all_foods()[key].kinds & ANIMAL)


class Around(Parts):
    """Sentences about one dish, in the register of the request."""

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
            lead = self.lead if request.audience == "professionals" or request.tone == "formal" else ""
            said = [self.say(register, lead) or self.say(self.words["form intros"][self.dish.form], self.lead)]
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
        """Why now; the second time nothing."""
        if "season" in self.said:
            return ""
        self.said.add("season")
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

    def lore(self, key: str = "", framed: bool = True, named: bool = True) -> str:
        """Something worth knowing about a food of the dish, or about its cuisine; each time about another. `named`: may name the dish."""
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
        frames = [frame for frame in self.words["frames"] if named or "{" not in frame]
        said, frame = tell(self.rng, self.words, self.known(key), {}), self.rng.choice(frames)
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
            (role, [key for key, _ in group])
            for role in SWAPPED
            for choices, _ in (slots(self.dish.row[role]) if role in self.dish.row else ())
            for group in choices
        ]
        pairs = [
            (a, b)
            for role, group in groups
            for a in group
            if a in self.foods and self.roles.get(a) == role and self._in_its_time(a)
            for b in group
            if b in free and b not in self.dish.amounts
        ]
        general = {key: food.general for key, food in all_foods().items()}
        pairs = [(a, b) for a, b in pairs if general[a] not in general[b] and general[b] not in general[a] and _meat(a) == _meat(b)]
        pairs = [(a, b) for a, b in pairs if not (self.roles[a] == "carb" and general[a] in self.name)]
        pairs = [(a, b) for a, b in pairs if self._alike(self.clock(a, b)) and (self.roles[a] != "finish" or _kin(a, b))]
        named, here = set(self.name.split()), {general[key].split()[-1] for key in self.foods}  # no orange cake without orange zest
        pairs = [(a, b) for a, b in pairs if a not in self.name and not named & {*general[a].split(), *a.split()}]
        pairs = [(a, b) for a, b in pairs if general[b].split()[-1] not in here - {general[a].split()[-1]}]  # no second kind of tomato
        return self.rng.choice(pairs) if pairs else None

    def _in_its_time(self, key: str) -> bool:
        """Whether the steps cook a food for about its own time; meat may keep it longer in the pot."""
        name = self.method.get("stage", "").split()[-1:]
        if not name or name[0] not in CLOCKS or key not in self.kitchen.groups["early"] + self.kitchen.groups["late"]:
            return True
        cooked = self.kitchen.rest + self.kitchen.lead * (key in self.kitchen.groups["early"])
        return abs(cooked - self.kitchen.time(key, name[0])) <= MOST_LONGER

    @staticmethod
    def _alike(times: tuple[int, int] | None) -> bool:
        """Whether two foods can take each other's place in the pot."""
        return not times or (abs(times[0] - times[1]) <= 20 and max(times) <= 3 * min(times))

    def clock(self, old: str, new: str) -> tuple[int, int] | None:
        """The minutes of both foods in a dish of this form, if it cooks them by one clock."""
        name = self.method.get("stage", "").split()[-1:]
        if self.method.get("fire") == "no" or not name or name[0] not in CLOCKS or self.roles.get(old) not in self.method["stage"].split():
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
        pool: list[Callable[[], str]] = [lambda: self.advice("serve"), lambda: self.advice("keep"), self.swap_line, self.lore]
        count = {"short": 0, "long": 3}.get(self.request.length or "", self.rng.choice((1, 1, 2)))
        chosen = ["" if self.kitchen.brief and self.request.tone == "fun" else tip, *(line() for line in self.rng.sample(pool, count))]
        if self.request.audience == "children":
            chosen.append(self.say(self.words["talk"]["children end"], self.lead))
        if self.request.tone == "fun" or (self.request.audience == "children" and self.request.tone != "formal"):
            chosen.append(self.say(self.words["cheers"], self.lead))
        return list(dict.fromkeys(text for text in chosen if text)) or [self._least()]

    def _least(self) -> str:
        """A note that any dish can have."""
        said = (self.say([*self.method["keep"], *self.method["serve"], *self.method["tips"]]), self.swap_line(), self.say([LEAST]))
        return next(filter(None, said))
