"""The people, things and numbers that the code and the prose of one technical document share."""

from __future__ import annotations

import random
from collections.abc import Sequence
from string import Template

from minigpt.corpus.english import join_and, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.technical_parts import run
from minigpt.corpus.words import Words


class Scene(dict[str, str]):
    """What a document is about, as strings for templates."""

    def code(self, lines: Sequence[str]) -> str:
        """The lines as Python code, with $name replaced by the scene's value."""
        filled = [Template(line).substitute(self) for line in lines]
        return "\n".join(line if '"' in line else line.replace("'", '"') for line in filled)

    def ran(self, code: str) -> str:
        """The output of the code, whose first and last lines the templates can name."""
        out = run(code)
        lines = out.splitlines() or [""]
        self.update(out1=lines[0], out=lines[-1], out_first=lines[-1].split(" ")[0], out_last=lines[-1].split(" ")[-1])
        return out


def scene(rng: random.Random, words: Words, request: Request, only: str = "") -> Scene:
    """A random scene, with the request's own things if its topics name a place or thing that the tables know.

    `only` names the measure that the scene must have.
    """
    rows = [row for row in words["scenes"] if only in ("", row["measure"])]
    named = [row for row in rows if {row["place"], row["one"], row["many"]} & set(request.topics)]
    row = rng.choice(named or rows)
    first, second, third, extra = names = rng.sample(row["names"], 4)
    v1, v2, v3 = rng.sample(row["values"], 3)
    values: dict[str, object] = {key: row[key] for key in ("place", "one", "many", "measure", "table", "value")}
    values |= {"One": upper_first(row["one"]), "names3": names[:3], "pairs": dict(zip(names, (v1, v2, v3), strict=False))}
    values |= {"first": first, "second": second, "third": third, "extra": extra, "v1": v1, "v2": v2, "v3": v3, "w": min(v1, v2)}
    values |= {"sorted3": join_and(sorted(names[:3]))}
    values |= _people(rng, words, names) | _numbers(rng) | _texts(rng, words)
    return Scene({key: str(value) for key, value in values.items()})


def _people(rng: random.Random, words: Words, names: Sequence[str]) -> dict[str, object]:
    """Three people who are none of the scene's things."""
    person, other, third = rng.sample([name for name in words["people"] if name not in names], 3)
    last = rng.choice(words["last names"])
    return {"person": person, "other": other, "third_p": third, "last_name": last, "p0": person[0], "s0": last[0]}


def _numbers(rng: random.Random) -> dict[str, object]:
    """Few numbers, so small that a reader can follow every step: a is above 5, b and c are below, and none equals another."""
    a, b, c, n = rng.choice((6, 7, 8)), rng.choice((2, 3, 4)), rng.choice((1, 5)), rng.choice((3, 4))
    x, y = rng.sample((12, 15, 20, 30), 2)
    values: dict[str, object] = {"a": a, "b": b, "c": c, "n": n, "x": x, "y": y, "ab": a + b, "abc": a + b + c, "aa": a * a}
    values |= {"a1": a + 1, "b1": b + 1, "c1": c + 1, "a2": 2 * a, "b2": 2 * b, "n1": n + 1, "n2": n + 2, "n_1": n - 1, "n_2": n - 2}
    values |= {"c5": rng.randint(3, 5), "big": rng.choice((12, 15, 20, 30)), "hi": rng.randint(7, 10), "small": a, "rest2": a % 2}
    values |= {"age": rng.choice((9, 12, 20, 30)), "temp": rng.choice((5, 8, 12, 20, 30)), "lim": rng.randint(4, 6)}
    return values


def _texts(rng: random.Random, words: Words) -> dict[str, object]:
    """Words, letters and other texts."""
    word, word2 = rng.sample(words["short words"], 2)
    long, node = rng.choice(words["long words"]), sorted(rng.sample("BCDFGHKM", 4))
    (country, capital), (country2, capital2) = rng.sample(words["capitals"], 2)
    drink, drink2 = rng.sample(next(row["names"] for row in words["scenes"] if row["one"] == "drink"), 2)
    fv, sv = rng.choice(words["number names"])
    values: dict[str, object] = {"word": word, "word2": word2, "up": word.upper(), "long": long, "cut": long[:3]}
    values |= {"l0": word[0], "l1": word[1], "l2": word[2], "last_l": word[-1]}
    values |= {"spelled": "-".join(word), "spelled_long": "-".join(long), "sound": rng.choice(("ha", "ho", "la", "tick", "go"))}
    values |= dict(zip(("na", "nb", "nc", "nd"), node, strict=True))
    values |= {"country": country, "capital": capital, "country2": country2, "capital2": capital2}
    values |= {"drink": drink, "drink2": drink2, "fv": fv, "sv": sv, "day": rng.choice(words["days"]), "light": rng.choice(words["lights"])}
    return values
