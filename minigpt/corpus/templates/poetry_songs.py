"""Songs, ballads, lullabies and limericks: in goes a request, out come lines that rhyme by the table of rhyme sounds.

A line is a clause about the topic and a tail from the table of one rhyme sound: "the tide breathes in and out" + "in the morning light".
"""

from __future__ import annotations

import random
import re

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Words, fill, title_case, upper_first
from minigpt.corpus.templates.poetry_topics import Images, images_for, obedient, scaled

WORD = re.compile(r"[a-z']+")
STRUCTURES = ("VCVC", "VCVCBC", "VVCVC", "CVCVBC", "VCVBC")


class Rhymer:
    """Lines of one song. A rhyme sound is used in one verse only, and a tail's last word ends one line only."""

    def __init__(self, rng: random.Random, words: Words, images: Images) -> None:
        self.rng, self.words, self.images = rng, words, images
        self.sounds = rng.sample(sorted(words["rhyme tails"]), len(words["rhyme tails"]))
        self.ends: set[str] = set()

    def sound(self) -> str:
        """The next rhyme sound that this song has not had."""
        return str(self.sounds.pop())

    def tails(self, sound: str, count: int) -> list[str]:
        """So many tails of the sound that end in different, unused words."""
        found: list[str] = []
        for template in self.rng.sample(self.words["rhyme tails"][sound], len(self.words["rhyme tails"][sound])):
            tail = fill(self.rng, template, {})
            if len(found) < count and last_word(tail) not in self.ends:
                found.append(tail)
                self.ends.add(last_word(tail))
        return found

    def line(self, tail: str) -> str:
        """A clause about the topic in one of several moods, closed by the tail."""
        images, kind = self.images, self.rng.random()
        if kind < 0.5:
            front = images.clause()
        elif kind < 0.75:
            front = f"{self.rng.choice(('we', 'I', 'you and I'))} {images.get('we')}"
        else:
            front = fill(self.rng, self.rng.choice(self.words["line fronts"]), {"see": images.get("see"), "place": images.get("places")})
        comma = "," if tail.startswith(("and ", "though ", "like ", "as ", "until ", "since ", "now that ")) else ""
        return upper_first(f"{own(front)}{comma} {tail}")

    def verse(self, scheme: str) -> list[str]:
        """Lines in a rhyme scheme such as ABAB; a letter that comes once ends as it likes."""
        tails: dict[str, list[str]] = {}
        for letter in dict.fromkeys(scheme):
            tails[letter] = self.tails(self.sound(), scheme.count(letter))
        return [self.line(tails[letter].pop()) for letter in scheme]


def own(front: str) -> str:
    """ "I fill our pockets" -> "I fill my pockets"."""
    if not front.startswith("I "):
        return front
    swaps = {"our": "my", "us": "me", "we": "I", "ourselves": "myself"}
    front = re.sub(r"\b(each other|one another)\b", "you", front)
    return re.sub(r"\b(our|us|we|ourselves)\b", lambda m: swaps[m[0]], front)


def last_word(line: str) -> str:
    """The word that a line rhymes with."""
    return str(WORD.findall(line.lower())[-1])


def song(rng: random.Random, words: Words, request: Request) -> str:
    """Verses and a chorus that returns, in one of several structures; each verse's label names its rhyme scheme."""
    return obedient(words, request, lambda: _song(rng, words, request))


def _song(rng: random.Random, words: Words, request: Request) -> str:
    images = images_for(rng, words, request)
    rhymer = Rhymer(rng, words, images)
    hook, sound = rng.choice(words["hooks"])
    rhymer.sounds.remove(sound)
    rhymer.ends.add(last_word(hook))
    chorus = _chorus(rng, words, rhymer, hook, sound)
    scheme = rng.choice(("AABB", "ABAB", "ABCB"))
    structure = {"short": "VC", "long": "VCVCVBC"}.get(request.length or "") or rng.choice(STRUCTURES)
    parts, verses = [], 0
    for kind in structure:
        if kind == "C":
            parts.append(["Chorus", *chorus])
        elif kind == "B":
            parts.append(["Bridge (AA)", *rhymer.verse("AA")])
        else:
            verses += 1
            parts.append([f"Verse {verses} ({scheme})", *rhymer.verse(scheme)])
    title = hook if not (request.topics or request.season) else title_case(f"{hook}: a Song of {images.name}")
    return "\n\n".join([title] + ["\n".join(part) for part in parts])


def _chorus(rng: random.Random, words: Words, rhymer: Rhymer, hook: str, sound: str) -> list[str]:
    """Four lines: the hook, a line that rhymes with it, the hook called again, another line that rhymes."""
    first, second = (rhymer.line(tail) for tail in rhymer.tails(sound, 2))
    call = fill(rng, rng.choice(words["chorus calls"]), {"hook": hook.lower()})
    return [upper_first(hook.lower()), first, call, second]


def ballad(rng: random.Random, words: Words, request: Request) -> str:
    """Quatrains that rhyme ABCB, the last line of each second one a refrain that names the topic."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images)
        verses = [rhymer.verse("ABCB") for _ in range(scaled(rng, request, 2, (3, 4), 6))]
        place = images.get("places")
        title = title_case(fill(rng, rng.choice(words["ballad titles"]), {"topic": images.name, "see": images.get("see"), "place": place}))
        return "\n\n".join([title, *("\n".join(_stops(verse)) for verse in verses)])

    return obedient(words, request, write)


def _stops(lines: list[str]) -> list[str]:
    """Lines with a comma or a full stop at their ends, two to a sentence."""
    return [f"{line}{'.' if i % 2 else ';'}" for i, line in enumerate(lines)]


def lullaby(rng: random.Random, words: Words, request: Request) -> str:
    """Couplets with a soft refrain before each pair."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images)
        who = rng.choice(words["lullaby names"])
        refrain = fill(rng, rng.choice(words["lullaby refrains"]), {"who": who})
        verses = ["\n".join([refrain, *_stops(rhymer.verse("AABB"))]) for _ in range(scaled(rng, request, 1, (2, 3), 4))]
        titles = [title for title in words["lullaby titles"] if "{topic}" in title or not request.topics]
        title = title_case(fill(rng, rng.choice(titles), {"topic": images.name, "who": who, "place": images.get("places")}))
        return "\n\n".join([title, *verses, fill(rng, rng.choice(words["lullaby endings"]), {"who": who})])

    return obedient(words, request, write)


def limerick(rng: random.Random, words: Words, request: Request) -> str:
    """Five lines that rhyme AABBA about somebody who met with something of the topic."""

    def write() -> str:
        images = images_for(rng, words, request)
        first, second = rng.sample(words["limericks"], 2)
        ends: list[str] = []
        person = fill(rng, rng.choice(words["limerick people"]), {})
        look = {"person": person, "see": images.get("see"), "we": images.get("we"), "topic": images.name}
        while len(set(ends)) < 5:
            lines = [fill(rng, rng.choice(first[key]), look) for key in ("who", "what")]
            lines += [fill(rng, rng.choice(second[key]), look) for key in ("then", "more")] + [fill(rng, rng.choice(first["end"]), look)]
            ends = [last_word(line) for line in lines]
        return title_case(f"{person} and {images.name}") + "\n\n" + "\n".join(upper_first(line) for line in lines)

    return obedient(words, request, write)
