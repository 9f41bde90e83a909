"""Writes arithmetic lessons: a student, a worked example, a check, and exercises of the same kind with their answers."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from minigpt.corpus.english import upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates import lessons_measures as measures
from minigpt.corpus.templates import lessons_numbers as numbers
from minigpt.corpus.templates import lessons_parts as parts
from minigpt.corpus.templates.grammar import Told
from minigpt.corpus.templates.lessons_desk import EASY, Desk, Lesson, Worked
from minigpt.corpus.words import Words

NAME = re.compile(r"\b[A-Z]\w+")
PLAIN = 0.6  # share of lessons whose first exercise has no story
EXERCISES = {"short": (2, 3), "long": (6, 7), None: (3, 5)}


@dataclass(frozen=True)
class Subject:
    """What a lesson teaches, the words by which a request may name it, and whether it is for those who know the basics."""

    title: str
    named: str
    teach: Lesson
    hard: bool = False


SUBJECTS = (
    Subject("adding in steps", "addition add adding sum plus", numbers.adding),
    Subject("subtracting by counting up", "subtraction subtract subtracting difference minus", numbers.subtracting),
    Subject("multiplying in your head", "multiplication multiplying multiply times table", numbers.multiplying),
    Subject("division with a remainder", "division dividing divide remainder", numbers.sharing),
    Subject("rounding and estimating", "rounding estimate estimation estimating", numbers.estimating),
    Subject("number sequences", "sequence pattern series", numbers.sequences),
    Subject("solving an equation", "equation algebra unknown", numbers.equations, hard=True),
    Subject("numbers below zero", "negative below integer", numbers.below_zero, hard=True),
    Subject("fractions with the same denominator", "fraction denominator", parts.same_bottom),
    Subject("adding fractions", "fraction denominator decimal", parts.unlike_bottoms),
    Subject("a fraction of a number", "fraction part", parts.part_of),
    Subject("comparing fractions", "fraction comparison decimal", parts.comparing),
    Subject("percentages and discounts", "percentage percent discount", parts.discount, hard=True),
    Subject("percentages of a group", "percentage percent share statistics", parts.share, hard=True),
    Subject("ratios", "ratio proportion", parts.ratio, hard=True),
    Subject("the area and the perimeter of a rectangle", "area perimeter rectangle geometry measure measurement", measures.area),
    Subject("speed, distance and time", "speed distance", measures.speed, hard=True),
    Subject("adding times", "time clock hour minute measure measurement", measures.clock),
    Subject("prices and the rule of three", "price proportion money", measures.unit_price),
    Subject("reading the scale of a map", "scale map measure measurement", measures.scale, hard=True),
    Subject("the average", "average mean statistics", measures.average, hard=True),
    Subject("counting change", "change money shopping", measures.change),
)
SURE = frozenset(  # what topics must have of which one wants lessons
    "addition adding subtraction subtracting multiplication multiplying division dividing".split()
    + "fraction decimal percentage percent average ratio arithmetic math".split()
)
BESIDE = frozenset(
    "exercise lesson problem task practice statistic mental basic simple long word".split()
)  # may be said with it: "cell" may not
ALL = "math maths mathematics arithmetic number calculation".split()


def lesson(rng: random.Random, words: Words, request: Request) -> str:
    """A lesson: its subject, an example worked step by step, a check, a closing remark, and exercises."""
    said = request.topics or tuple(word for word in request.matched if word.removesuffix("s") not in BESIDE)  # "times tables"
    chosen = taught(replace(request, topics=said)) or SUBJECTS
    subject = rng.choice([one for one in chosen if not one.hard] or chosen) if request.audience in EASY else rng.choice(chosen)
    desk = Desk(rng, words, request)
    worked = subject.teach(desk)
    friend = desk.other()
    intro = upper_first(desk.say(rng.choice(words["lesson intros"]), topic=subject.title, friend=friend))
    proof = desk.say(rng.choice(words["lesson checks"])) + worked.check
    end = desk.say(rng.choice(words["lesson ends"]), friend=friend)
    example = " ".join(upper_first(step) for step in worked.steps)
    text = "\n\n".join([f"Lesson: {subject.title}", f"{intro} {example}", f"{proof} {end}", _practice(desk, worked, request.length)])
    return Told(text, f"lesson: {subject.title}: {worked.about}")


def _practice(desk: Desk, worked: Worked, length: str | None) -> str:
    """Exercises of the lesson's kind, no two alike, and their answers."""
    tasks = dict([worked.plain()] if desk.rng.random() < PLAIN else [])
    wanted = desk.rng.randint(*EXERCISES[length])
    seen: set[str] = set()
    while len(tasks) < wanted:
        asked, answer = worked.story()
        bare = NAME.sub("", asked)  # another name makes no other exercise
        if bare not in seen:
            seen.add(bare)
            tasks.setdefault(upper_first(asked), answer)
    asked_lines = [f"{number}. {asked}" for number, asked in enumerate(tasks, 1)]
    answers = ", ".join(f"{number}: {answer}" for number, answer in enumerate(tasks.values(), 1))
    heads = desk.words["practice heads"], desk.words["answer heads"]
    return "\n".join([desk.rng.choice(heads[0]), *asked_lines, f"{desk.rng.choice(heads[1])} {answers}."])


def sure(request: Request) -> bool:
    """Whether the topics can only mean arithmetic: subtraction, not scales."""
    said = {word.removesuffix("s") for topic in request.topics for word in topic.lower().split()}
    return bool(SURE & said) and said <= SURE | BESIDE and bool(taught(request))


def taught(request: Request) -> tuple[Subject, ...]:
    """The lessons about a request's topics; empty if a topic is not arithmetic, and all if one is all of it: sums about dinosaurs."""
    every = [{word if word == "times" else word.removesuffix("s") for word in topic.lower().split()} for topic in request.topics]
    known = {name for one in SUBJECTS for name in one.named.split()}
    asked = [words for words in every if words & known or not words & set(ALL)]  # arithmetic lessons about fractions are about fractions
    if every and not asked:
        return SUBJECTS
    if not all(any(name.startswith(word) for one in SUBJECTS for name in one.named.split() for word in words) for words in asked):
        return SUBJECTS if len(asked) < len(every) else ()
    words = {name for word in set().union(*asked) for name in known if name == word or (name.startswith(word) and word not in known)}
    return tuple(one for one in SUBJECTS if words & {*one.named.split()})
