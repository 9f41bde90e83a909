"""One hero's name throughout a story (benchmarks/judge/names.py): seen where it is so, and where it is not."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import write_documents
from minigpt.corpus.words import load_words

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
if str(BENCHMARKS) not in sys.path:
    sys.path.append(str(BENCHMARKS))
from judge.names import Names  # noqa: E402
from judge.text import without_title  # noqa: E402

SMALL = "and then so soon in a town, one day, beyond the fox, only a moral, old aunts."


def written(seed: int, number: int, form: str = "") -> list[str]:
    """The first template documents for fairy tales, of one form if it is given."""
    documents = write_documents(understand("A GPT that writes short fairy tales"), random.Random(seed))
    return [document.text for document in islice((d for d in documents if form in ("", d.origin.get("form"))), number)]


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        ("Ada slept. Then Ada woke.\nSoon Ada ate. Ada sang.", True),
        ("Ada slept. Then Ada woke.\nSoon Mara ate, and Mara sang.", False),
        ("Ada slept. Then Mara woke.\nSoon Ada ate. Then Mara sang.", False),
        ("In a town Ada slept.\nAunt Odile sang, and old Mrs. Plum, and the widow Sorrel.\nThen Ada woke.", True),
        ("In a town Ada slept. So Ada woke.\nOnly a goat named Button saw Ada.", True),
        ("In a town lived a baker named Ada. So Mara sang.\nMara slept, and Mara woke.", False),
        ("Mara and the Goat\n\nIn a town Ada slept.\nOne day Ada woke.", True),
        ("In a town on Mars lived Ada.\nBeyond the orbit of Mars, in May, on a Sunday, Ada woke.", True),
        ("The fox sang. Then the crow sang.\nMoral: The crow sings.", None),
        ("In a town Ada slept.", None),
    ],
)
def test_who_keeps_a_hero(text: str, keeps: bool | None) -> None:
    assert Names([SMALL]).keeps_hero(text) is keeps


def test_the_training_text_tells_names_from_other_first_words() -> None:
    text = 'Then Ada slept. So Ada woke.\n"Pour the tea," said Ada. Greta sang. Greta ran.'
    assert Names([SMALL]).keeps_hero(text) is False  # Greta is new, "pour" too, but spoken
    assert Names([SMALL + " Then Greta sang."]).keeps_hero(text) is False
    assert Names([SMALL + " Greta is known to begin sentences."]).keeps_hero(text) is True
    assert Names([SMALL + " A greta is a thing."]).keeps_hero(text) is True


@pytest.mark.slow
def test_the_writers_tales_have_one_hero() -> None:
    """And where another name takes its place, it is seen: always in the second half, in one paragraph most of the times."""
    heroes = {name for name, _ in load_words("poetry")["heroes"]}
    names, rng = Names(written(1, 200)), random.Random(2)
    tales, seen = [tale for seed in (3, 4, 5) for tale in written(seed, 150, "story")], Counter[str]()
    for tale in tales:
        hero = Counter(word for word in re.findall(r"\w+", without_title(tale)) if word in heroes).most_common(1)[0][0]
        other = rng.choice(sorted(heroes - {hero}))
        title, *told = tale.split("\n")
        for change, places in (("half", range(len(told) // 2 + 1, len(told))), ("one", [rng.randrange(2, len(told))])):
            new = [re.sub(rf"\b{hero}\b", other, part) if i in places else part for i, part in enumerate(told)]
            if new != told:
                seen[f"{change} {names.keeps_hero(chr(10).join([title, *new]))}"] += 1
    assert sum(names.keeps_hero(tale) is not True for tale in tales) <= 1
    assert seen["half False"] > 300 and seen.keys() == {"half False", "one False", "one True"}
    assert seen["one True"] < 0.3 * seen["one False"]  # tales have other people now, who may come in late
    assert {names.keeps_hero(fable) for fable in written(3, 50, "fable")} <= {None, True}  # few have names
