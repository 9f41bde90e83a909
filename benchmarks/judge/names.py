"""One hero's name throughout a story.

A bare name is a capitalised word that the training text does not write small and that stands inside a sentence somewhere, in the text or
in the training text; a word of the narration that the training text lacks altogether is one as well. The title counts as none of the
text. Aunt Odile, Mrs. Plum and the widow Sorrel have a title and are other people; so is whoever is introduced after the first paragraph
("a goat named Button"). What always stands after "on", "in", "at" or "of", as Mars does, is no person. The hero is the most frequent bare
name. A text keeps its hero if at least KEPT of the bare names in its first half, and of those in its second half, are the hero's, and no
paragraph has LEAST bare names or more without the hero's.

The writers' own tales, whose hero is known, seen with a run's training text: none of 450 is taken for one that loses its hero; with another
name in the second half none of 450 passes, with another name in one paragraph after the first 69 of 436. Of 150 fables, few of which name
anybody, 139 seem to have no hero and none loses one.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from judge.text import without_title

KEPT = 0.8
LEAST = 2  # mentions; a text with fewer has no hero to lose
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
NAME = re.compile(r"[A-Z][a-z]+")
OPENS = re.compile(r"(?:^|[\n\"“(]|[.!?:][\"”')]*\s+[\"“]?)$")  # what stands before the first word of a sentence or of a speech
BACK = 6  # characters before a word in which that is looked for
RANKS = frozenset("mr mrs ms dr st aunt uncle widow captain king queen prince princess sir lady lord old".split())
PLACES = ("on", "in", "at", "of")
INTRODUCES = ("named", "called")
NOBODY = frozenset(
    "January February March April May June July August September October November December"
    " Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter Moral End".split()
)


class Mention(NamedTuple):
    """A capitalised word without a title before it or a second name beside it."""

    name: str
    place: int  # in characters
    inside: bool  # a sentence; else it begins one
    placed: bool  # after a preposition of PLACES
    spoken: bool  # between quotation marks


class Names:
    """Which words are names, by how the training text writes them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.small: Counter[str] = Counter()
        self.inside: Counter[str] = Counter()
        self.known: set[str] = set()
        for text in texts:
            body = without_title(text)
            self.small.update(word for word in WORD.findall(body) if word[0].islower())
            found = list(capitalised(body))
            self.inside.update(mention.name for mention in found if mention.inside)
            self.known.update(mention.name.lower() for mention in found)
        self.known |= self.small.keys()

    def mentions(self, text: str) -> list[Mention]:
        """Every bare name of a text, in order."""
        found = list(capitalised(without_title(text)))
        inside = self.inside + Counter(mention.name for mention in found if mention.inside)
        people = {mention.name for mention in found if not mention.placed} - NOBODY
        told = {mention.name for mention in found if not mention.spoken}
        named = {name for name in people if inside[name] > self.small[name.lower()] or (name in told and name.lower() not in self.known)}
        return [mention for mention in found if mention.name in named]

    def keeps_hero(self, text: str) -> bool | None:
        """Whether one bare name goes through the whole text; None if it has fewer than LEAST."""
        mentions = self.mentions(text)
        if len(mentions) < LEAST:
            return None
        hero = Counter(mention.name for mention in mentions).most_common(1)[0][0]
        middle = len(without_title(text)) / 2
        halves = [m.name for m in mentions if m.place < middle], [m.name for m in mentions if m.place >= middle]
        ends = [at for at, char in enumerate(without_title(text)) if char == "\n"]
        paragraphs: dict[int, list[str]] = {}
        for mention in mentions:
            paragraphs.setdefault(bisect(ends, mention.place), []).append(mention.name)
        lost = any(hero not in names and len(names) >= LEAST for names in paragraphs.values())
        return not lost and all(half.count(hero) >= KEPT * len(half) for half in halves)


def capitalised(body: str) -> Iterator[Mention]:
    """The capitalised words that may be bare names."""
    words = list(WORD.finditer(body))
    first = body.find("\n") % (len(body) + 1)  # the end of the first paragraph

    def opens(number: int) -> bool:
        start = words[number].start()
        return OPENS.search(body[max(0, start - BACK) : start]) is not None

    for number, found in enumerate(words):
        if not NAME.fullmatch(found[0]) or found[0].lower() in RANKS:
            continue
        begins, left, right = opens(number), "", ""
        if number and body[words[number - 1].end() : found.start()] in (" ", ". "):
            left = words[number - 1][0]
        if number + 1 < len(words) and body[found.end() : words[number + 1].start()] == " ":
            right = words[number + 1][0]
        whole = NAME.fullmatch(left) is not None and not begins and not opens(number - 1)  # a second name; but "So Kofi", "Then Kofi"
        met = left in INTRODUCES and found.start() > first
        if not (whole or met or left.lower() in RANKS or NAME.fullmatch(right)):
            line = body[body.rfind("\n", 0, found.start()) + 1 : found.start()]
            yield Mention(found[0], found.start(), not begins, left in PLACES, line.count('"') % 2 == 1)
