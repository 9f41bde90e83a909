"""Songs, ballads, lullabies and limericks: in goes a request, out come lines that rhyme by the table of rhyme sounds.

A verse answers an image of the topic ("The tide breathes in and out") with a line of the singer's own ("I keep a candle for you tonight").
Every line has about the same number of syllables.
"""

from __future__ import annotations

import random
import re

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Words, draw, fill, title_case, upper_first
from minigpt.corpus.templates.poetry_haiku import syllables
from minigpt.corpus.templates.poetry_topics import PRONOUNS, Images, finder, images_for, obedient, scaled

WORD = re.compile(r"[A-Za-z']+")
STRUCTURES = ("VCVVC", "VVCVC", "VVCVBC", "VCVVBC", "CVVBVC", "VVBVC")
SCHEMES = ("ABCB", "AABB", "ABAB")
DECLARED = ("I ", "We ", "You ", "The ", "My ", "There", "It ", "Your ")  # such lines may be joined to the one before
LINKS = ("And", "While", "And still", "", "", "")
SHORTEST, LONGEST = 6, 9  # syllables of a line


class Rhymer:
    """Lines of one song. A rhyme sound is used in one verse only, and a last word ends one line only."""

    def __init__(self, rng: random.Random, words: Words, images: Images, lines: str = "song lines") -> None:
        self.rng, self.words, self.images, self.lines = rng, words, images, words[lines]
        self.sounds = draw(rng, sorted(self.lines), len(self.lines))
        self.ends: list[str] = []
        self.seen: set[str] = set()

    def rhymes(self, templates: list[str], count: int, linked: bool = True) -> list[str]:
        """So many lines from the templates that end in different, unused words and are not too long."""
        found: list[str] = []
        for template in draw(self.rng, templates, len(templates)):
            line = fill(self.rng, template, {})
            if linked and line.startswith(DECLARED) and (link := self.rng.choice(LINKS)):
                line = f"{link} {line if line.startswith('I ') else line[0].lower() + line[1:]}"
            end = last_word(line)
            if len(found) == count:
                break
            if syllables(line) <= LONGEST + 1 and not any(end.endswith(e) or e.endswith(end) for e in self.ends):
                found.append(line)
                self.ends.append(end)
        return found

    def image(self, longest: int = LONGEST, shortest: int = SHORTEST) -> str:
        """A line about the topic that this song has not had, the nearest to the wanted length that the tables give."""
        find, fronts = finder(self.images), self.words["line fronts"]
        lines = [self.images.clause() if self.rng.random() < 0.5 else fill(self.rng, self.rng.choice(fronts), find) for _ in range(10)]
        lines = [line for line in lines if line not in self.seen] or lines
        line = min(lines, key=lambda each: max(shortest - syllables(each), syllables(each) - longest, 0))
        self.seen.add(line)
        return upper_first(line)

    def answered(self, sound: str) -> list[str]:
        """An image closed by a tail of the sound, and the singer's answer; two answers if the sound has no tails that fit."""
        tails = self.rhymes(self.words["rhyme tails"].get(sound, []), 1)
        if not tails:
            return self.rhymes(self.lines[sound], 2)
        image = self.image(LONGEST + 1 - syllables(tails[0]), 4)
        comma = "," if tails[0].startswith("and ") else ""
        return [f"{image}{comma} {tails[0]}", *self.rhymes(self.lines[sound], 1)]

    def pair(self, imaged: bool = True) -> tuple[str, str, str]:
        """Two lines of the next rhyme sound that has two to give, and the sound."""
        while True:
            sound = self.sounds.pop()
            found = self.answered(sound) if imaged else self.rhymes(self.lines[sound], 2)
            if len(found) == 2:
                return found[0], found[1], sound

    def verse(self, scheme: str) -> list[str]:
        """Lines that rhyme AA, AABB or ABAB, or ABCB, where the lines without a rhyme are images of the topic."""
        if scheme == "ABCB":
            second, fourth, sound = self.pair(imaged=False)
            sounds = [sound]
            return [self.unrhymed(sounds), second, self.unrhymed(sounds), fourth]
        pairs = [self.pair()[:2] for _ in range(len(scheme) // 2)]
        return [line for pair in (zip(*pairs, strict=True) if scheme == "ABAB" else pairs) for line in pair]

    def unrhymed(self, sounds: list[str]) -> str:
        """An image whose last word has none of the verse's rhyme sounds; they gain its own."""
        table = {word: sound for sound, row in self.words["rhymes"].items() for word in row}
        while table.get(last_word(line := self.image()), "") in sounds:
            pass
        sounds.append(table.get(last_word(line), last_word(line)))
        return line


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
    rhymer.ends.append(last_word(hook))
    first, second = rhymer.rhymes(words["song lines"][sound], 2, linked=False)
    chorus = [upper_first(hook.lower()), first, fill(rng, rng.choice(words["chorus calls"]), {"hook": hook.lower()}), second]
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
    title = hook if not (request.topics or request.season) else title_case(f"{hook}: a Song of {images.name}")
    return "\n\n".join([title] + ["\n".join(part) for part in parts])


def ballad(rng: random.Random, words: Words, request: Request) -> str:
    """Quatrains that rhyme ABCB: an opening that names the topic, its images, each one answered, and a farewell."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images)
        opening, closing = (
            [upper_first(fill(rng, line, {"topic": images.name})) for line in rng.choice(words[key])]
            for key in ("ballad openings", "ballad closings")
        )
        rhymer.ends += [last_word(line) for line in (*opening, *closing)]
        verses = ["\n".join(_stops(rhymer.verse("ABCB"))) for _ in range(scaled(rng, request, 1, (3, 4), 5))]
        place = images.get("places")
        title = title_case(fill(rng, rng.choice(words["ballad titles"]), {"topic": images.name, "see": images.get("see"), "place": place}))
        return "\n\n".join([title, "\n".join(opening), *verses, "\n".join(closing)])

    return obedient(words, request, write)


def _stops(lines: list[str]) -> list[str]:
    """Lines with a semicolon or a full stop at their ends, two to a sentence."""
    return [f"{line}{'.' if i % 2 else ';'}" for i, line in enumerate(lines)]


def lullaby(rng: random.Random, words: Words, request: Request) -> str:
    """A soft refrain before each verse, whose images of the topic are answered by a promise."""

    def write() -> str:
        images = images_for(rng, words, request)
        rhymer = Rhymer(rng, words, images, "lullaby lines")
        who = rng.choice(words["lullaby names"])
        refrains = draw(rng, words["lullaby refrains"], 4)
        verses = [[fill(rng, refrains.pop(), {"who": who}), *_stops(rhymer.verse("ABCB"))] for _ in range(scaled(rng, request, 1, (2, 3), 4))]
        look = {"topic": images.name, "who": who, "place": images.get("places")}
        title = title_case(fill(rng, rng.choice(words["lullaby titles"]), look))
        return "\n\n".join([title, *("\n".join(v) for v in verses), fill(rng, rng.choice(words["lullaby endings"]), {"who": who})])

    return obedient(words, request, write)


def limerick(rng: random.Random, words: Words, request: Request) -> str:
    """Five lines that rhyme AABBA about somebody who met with something of the topic."""

    def write() -> str:
        images = images_for(rng, words, request)
        first, second = draw(rng, words["limericks"], 2)
        person = fill(rng, rng.choice(words["limerick people"]), {})
        look = {"person": person, "see": images.get("see"), "topic": images.name} | PRONOUNS[rng.choice(("he", "she"))]
        ends: list[str] = []
        while len(set(ends)) < 5 or any(a != b and a.endswith(b) for a in ends for b in ends):
            lines = [fill(rng, rng.choice(first[key]), look) for key in ("who", "what")]
            lines += [fill(rng, rng.choice(second[key]), look) for key in ("then", "more")] + [fill(rng, rng.choice(first["end"]), look)]
            ends = [last_word(line.rstrip('".!?')) for line in lines]
        return title_case(f"{person} and {images.name}") + "\n\n" + "\n".join(upper_first(line) for line in lines)

    return obedient(words, request, write)
