"""Writes songs, ballads, lullabies and limericks that rhyme by a table of rhyme sounds.

A verse answers an image of the topic ("The tide breathes in and out") with a line by the singer ("I keep a candle for you tonight"). All
lines have about the same number of syllables.
"""

from __future__ import annotations

import random
import re

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.templates.poetry_haiku import syllables
from minigpt.corpus.templates.poetry_topics import PRONOUNS, Images, finder, formal, images_for, obedient, scaled, short_name
from minigpt.corpus.words import Words

WORD = re.compile(r"[A-Za-z']+")
STRUCTURES = ("VCVVC", "VVCVC", "VVCVBC", "VCVVBC", "CVVBVC", "VVBVC")
SCHEMES = ("ABCB", "AABB", "ABAB")
LED = ("I ", "We ", "You ", "The ", "My ", "Your ", "Our ", "Every ", "Nobody ", "Somebody ")  # beginnings of lines that may follow "and"
DRAWS = 40  # most draws for an image of the right length
SHORTEST, LONGEST = 6, 9  # syllables of a line; a rhyming one may have one more


class Rhymer:
    """Draws the lines of one song. No rhyme sound is used in two verses, and no two lines end in the same word."""

    def __init__(self, rng: random.Random, words: Words, images: Images, request: Request, lines: str = "song lines") -> None:
        self.rng, self.words, self.images, self.lines, self.formal = rng, words, images, words[lines], request.tone == "formal"
        self.sounds = draw(rng, sorted(self.lines), len(self.lines))
        self.ends: list[str] = []
        self.seen: set[str] = set()

    def rhymes(self, templates: list[str], count: int) -> list[str]:
        """`count` lines from the templates that end in different unused words, within the usual length."""
        found: list[str] = []
        for template in draw(self.rng, templates, len(templates)):
            if len(found) == count:
                break
            line = fill(self.rng, template, {})
            if line.startswith(LED) and self.rng.random() < 0.5:
                lead = self.rng.choice(self.words["leads"])
                line = f"{lead} {line if line.startswith('I ') else line[0].lower() + line[1:]}"
            if self.formal:  # "it is" is one syllable more than "it's"
                line = formal(self.words, line)
            end = last_word(line)
            if SHORTEST <= syllables(line) <= LONGEST + 1 and not any(end.endswith(e) or e.endswith(end) for e in self.ends):
                found.append(line)
                self.ends.append(end)
        return found

    def image(self, longest: int = LONGEST, shortest: int = SHORTEST) -> str:
        """A new line about the topic within these lengths; None if the tables have none."""
        find, fronts = finder(self.images), self.words["line fronts"]
        for _ in range(DRAWS):
            line = self.images.clause() if self.rng.random() < 0.5 else fill(self.rng, self.rng.choice(fronts), find)
            if line not in self.seen and shortest <= syllables(line) <= longest:
                self.seen.add(line)
                return upper_first(line)
        return ""

    def answered(self, sound: str) -> list[str]:
        """An image with a tail of this sound, and the singer's answer; two answers if no image fits a tail."""
        tails = self.rhymes(self.words["rhyme tails"].get(sound, []), 1)
        image = self.image(LONGEST + 1 - syllables(tails[0]), 3) if tails else ""
        if not image:
            return self.rhymes(self.lines[sound], 2)
        comma = "," if tails[0].startswith("and ") else ""
        return [f"{image}{comma} {tails[0]}", *self.rhymes(self.lines[sound], 1)]

    def pair(self, imaged: bool = True) -> tuple[str, str, str]:
        """Two lines of the next rhyme sound with two left, and the sound; if `imaged`, preferably one with tails."""
        while True:
            tailed = [sound for sound in self.sounds if sound in self.words["rhyme tails"]] if imaged else []
            sound = (tailed or self.sounds)[-1]
            self.sounds.remove(sound)
            found = self.answered(sound) if imaged else self.rhymes(self.lines[sound], 2)
            if len(found) == 2:
                return found[0], found[1], sound

    def verse(self, scheme: str) -> list[str]:
        """Lines that rhyme AA, AABB, ABAB or ABCB; lines without a rhyme are images of the topic."""
        if scheme == "ABCB":
            second, fourth, sound = self.pair(imaged=False)
            sounds = [sound]
            return [self.unrhymed(sounds), second, self.unrhymed(sounds), fourth]
        pairs = [self.pair()[:2] for _ in range(len(scheme) // 2)]
        return [line for pair in (zip(*pairs, strict=True) if scheme == "ABAB" else pairs) for line in pair]

    def unrhymed(self, sounds: list[str]) -> str:
        """An image that does not rhyme with `sounds`, to which its own is added. The first one names the requested topic."""
        table = {word.lower(): sound for sound, row in self.words["rhymes"].items() for word in row}
        line = self.call() if self.images.named and not self.images.mentions else self.image()
        while not line or table.get(end := last_word(line), end) in sounds:
            line = self.image() or self.rng.choice(self.words["quiet lines"])
        sounds.append(table.get(end, end))
        return line

    def call(self) -> str:
        """A line that names the topic, as close in length to the others as the table allows."""
        lines = [upper_first(fill(self.rng, line, {"topic": self.images.name})) for line in self.words["topic calls"]]
        self.images.mentions += 1
        return min(self.rng.sample(lines, len(lines)), key=lambda line: max(SHORTEST - syllables(line), syllables(line) - LONGEST, 0))


def last_word(line: str) -> str:
    """The word on which a line rhymes."""
    return str(WORD.findall(line.lower())[-1])


def song(rng: random.Random, words: Words, request: Request) -> str:
    """Verses and a repeated chorus, in one of several structures; each verse's label names its rhyme scheme."""
    return obedient(words, request, lambda: _song(rng, words, request))


def _song(rng: random.Random, words: Words, request: Request) -> str:
    images = images_for(rng, words, request)
    rhymer = Rhymer(rng, words, images, request)
    hook, chorus = _chorus(rng, words, rhymer)
    scheme = rng.choice(SCHEMES)
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
    title = hook if not (request.topics or request.season) else f"{hook}: {title_case(f'A song of {images.name}')}"
    return "\n\n".join([title] + ["\n".join(part) for part in parts])


def _chorus(rng: random.Random, words: Words, rhymer: Rhymer) -> tuple[str, list[str]]:
    """A hook, and four lines: the hook, a rhyming line, a call of the hook or the topic, another rhyming line."""
    hook, sound = rng.choice(words["hooks"])
    rhymer.sounds.remove(sound)
    rhymer.ends.append(last_word(hook))
    first, second = rhymer.rhymes(words["song lines"][sound], 2)
    call = rhymer.call() if rhymer.images.named else fill(rng, rng.choice(words["chorus calls"]), {"hook": hook.lower()})
    return hook, [upper_first(hook.lower()), first, call, second]


def ballad(rng: random.Random, words: Words, request: Request) -> str:
    """Quatrains that rhyme ABCB: an opening that names the topic, images of it with answers, and a farewell."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images, request)
        opening, closing = (
            [upper_first(fill(rng, line, {"topic": short_name(images.name)})) for line in rng.choice(words[key])]
            for key in ("ballad openings", "ballad closings")
        )
        rhymer.ends += [last_word(line) for line in (*opening, *closing)]
        verses = ["\n".join(_stops(rhymer.verse("ABCB"))) for _ in range(scaled(rng, request, 1, (3, 4), 5))]
        place = images.get("places")
        title = title_case(fill(rng, rng.choice(words["ballad titles"]), {"topic": images.name, "see": images.get("see"), "place": place}))
        return "\n\n".join([title, "\n".join(opening), *verses, "\n".join(closing)])

    return obedient(words, request, write)


def _stops(lines: list[str]) -> list[str]:
    """Lines that end alternately in a semicolon and a full stop."""
    return [f"{line}{'.' if i % 2 else ';'}" for i, line in enumerate(lines)]


def lullaby(rng: random.Random, words: Words, request: Request) -> str:
    """A soft refrain before each verse, in which images of the topic are answered by a promise."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images, request, "lullaby lines")
        who = rng.choice(words["lullaby names"])
        refrains = draw(rng, words["lullaby refrains"], 4)
        verses = [
            [fill(rng, refrains.pop(), {"who": who}), *_stops(rhymer.verse("ABCB"))] for _ in range(scaled(rng, request, 1, (2, 3), 4))
        ]
        look = {"topic": images.name, "who": who, "place": images.get("places")}
        title = title_case(fill(rng, rng.choice(words["lullaby titles"]), look))
        return "\n\n".join([title, *("\n".join(v) for v in verses), fill(rng, rng.choice(words["lullaby endings"]), {"who": who})])

    return obedient(words, request, write)


def limerick(rng: random.Random, words: Words, request: Request) -> str:
    """Five lines that rhyme AABBA, about somebody who encounters something of the topic."""

    def write() -> str:
        images = images_for(rng, words, request)
        first, second = draw(rng, words["limericks"], 2)
        person = fill(rng, rng.choice(words["limerick people"]), {})
        look = {"person": person, "see": images.get("see"), "topic": short_name(images.name)} | PRONOUNS[rng.choice(("he", "she"))]
        look["when"] = f"one {request.season} there" if request.season else rng.choice(("there", "there once"))
        ends: list[str] = []
        while len(set(ends)) < 5 or any(a != b and a.endswith(b) for a in ends for b in ends):
            lines = [fill(rng, rng.choice(first[key]), look) for key in ("who", "what")]
            lines += [fill(rng, rng.choice(second[key]), look) for key in ("then", "more")] + [fill(rng, rng.choice(first["end"]), look)]
            ends = [last_word(line.rstrip('".!?')) for line in lines]
        return title_case(f"{person} and {images.name}") + "\n\n" + "\n".join(upper_first(line) for line in lines)

    return obedient(words, request, write)
