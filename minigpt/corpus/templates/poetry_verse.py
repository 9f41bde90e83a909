"""Writes free verse, prose poems and acrostics from images of one topic."""

from __future__ import annotations

import random
from collections.abc import Callable

from minigpt.corpus.english import title_case, upper_first
from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import draw, fill
from minigpt.corpus.templates.poetry_topics import WORD, Images, find_topic, finder, images_for, obedient, scaled, titled, topic_tables
from minigpt.corpus.words import Words


def lines_finder(rng: random.Random, words: Words, images: Images) -> Callable[[str], str]:
    """A look-up for a poem's templates, in which no thought, moment or ending comes twice."""
    supply: dict[str, list[str]] = {
        name: draw(rng, words[f"{name}s"], len(words[f"{name}s"])) for name in ("thought", "moment", "ending", "bridge")
    }
    held: dict[str, str] = {}
    look = finder(images)

    def find(name: str) -> str:
        if name in supply:
            return supply[name].pop()
        if name == "subject":  # {subject} {first}, and later the same subject's {second}
            held["subject"], verbs = images.act()
            held["first"], held["second"] = verbs.split("|")
        return held[name] if name in held else look(name)

    return find


def free_verse(rng: random.Random, words: Words, request: Request) -> str:
    """A poem without rhyme: an opening, stanzas of images and thoughts, an ending."""

    def write() -> str:
        images = images_for(rng, words, request)
        find = lines_finder(rng, words, images)
        stanzas = [rng.choice(words["verse openings"])]
        stanzas += draw(rng, words["verse stanzas"], scaled(rng, request, 1, (2, 3), 5))
        stanzas.append(rng.choice(words["verse closings"]))
        titles = words["topic titles" if request.topics or request.season else "verse titles"]
        title = title_case(fill(rng, rng.choice(titles), titled(images, find)))
        return "\n\n".join([title, *("\n".join(_sentence_lines(fill(rng, "\n".join(stanza), find))) for stanza in stanzas)])

    return obedient(words, request, write)


def _sentence_lines(stanza: str) -> list[str]:
    """The lines of a stanza, capitalised at its start and after each full stop."""
    lines, start = [], True
    for line in stanza.split("\n"):
        lines.append(upper_first(line) if start else line)
        start = line[-1] in ".!?"
    return lines


def prose_poem(rng: random.Random, words: Words, request: Request) -> str:
    """A poem in one paragraph: images joined into sentences of varied structure."""

    def write() -> str:
        images = images_for(rng, words, request)
        find = lines_finder(rng, words, images)
        sentences = [fill(rng, rng.choice(words["prose openings"]), find)]
        sentences += [fill(rng, s, find) for s in draw(rng, words["prose sentences"], scaled(rng, request, 3, (5, 7), 10))]
        sentences.append(fill(rng, "{ending}", find))
        titles = words["topic titles" if request.topics or request.season else "verse titles"]
        title = title_case(fill(rng, rng.choice(titles), titled(images, find)))
        return title + "\n\n" + " ".join(upper_first(sentence) for sentence in sentences)

    return obedient(words, request, write)


def acrostic(rng: random.Random, words: Words, request: Request) -> str:
    """A poem whose initial letters spell its title, a word of the topic."""

    def write() -> str:
        images = images_for(rng, words, request)
        word = _spelled(rng, words, images.name)
        lines = []
        for i, letter in enumerate(word):
            opener = rng.choice(words["letter openers"][letter])
            front = fill(rng, opener, {"clause": images.clause(), "we": images.get("we"), "see": images.get("see")})
            lines.append(upper_first(front) + ("." if i == len(word) - 1 else ","))
        return f"{word.capitalize()}: an acrostic\n\n" + "\n".join(lines)

    return obedient(words, request, write)


def _spelled(rng: random.Random, words: Words, name: str) -> str:
    """A word for the topic: one of its keys, or the longest word of an unknown topic."""
    tables = topic_tables(words) | words["season topics"]
    known = find_topic(words, name)
    spellable = [key for key in tables[known]["keys"] if 4 <= len(key) <= 9] if known in tables else []
    own = max((part.replace("'", "") for part in WORD.findall(name.lower())), key=len, default="poem")
    return rng.choice(spellable) if name == known and spellable else own
