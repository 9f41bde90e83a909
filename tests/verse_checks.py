"""Verse in; out come its faults, found by reading it: rhymes by sound, the length of lines, titles and names that agree.

It knows nothing of the writers' tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from poetry_sound import rhymes

from minigpt.corpus.english import starts_with_vowel_sound

CHEER = re.compile(r"(?i)\b(?:hooray|hurrah|yippee|what fun|so happy|jolly|merry)\b|!")
LOUD = re.compile(r"(?i)\b(?:roar|shout|scream|crash|bang|thunder|afraid|monster)\w*\b|!")
SAD = ("heartbreak", "loss", "grief", "loneliness")
SPEAKERS = re.compile(r"^(?:Caller|Crew|All): ")


def syllables(line: str) -> int:
    """Roughly: groups of vowels, less silent endings."""
    return sum(_spoken(word) for word in re.findall(r"[a-z']+", line.lower()))


def _spoken(word: str) -> int:
    count = len(re.findall(r"[aeiouy]+", word))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouysxzlcg](?<!ch)(?<!sh)es$|[^aeiouytd]ed$", word)
    return max(count - bool(silent and count > 1), 1)


def faults_of_scheme(lines: Sequence[str], scheme: str) -> list[str]:
    """Lines with one letter rhyme, but for letters that come once."""
    if len(lines) != len(scheme):
        return [f"{len(lines)} lines for {scheme}"]
    groups = {letter: [line for line, mark in zip(lines, scheme, strict=True) if mark == letter] for letter in scheme}
    pairs = [(row[0], other) for row in groups.values() for other in row[1:]]
    return [f"{one!r} / {other!r}" for one, other in pairs if not rhymes(one, other)]


def faults_of_length(lines: Iterable[str], topic: str, low: int, high: int) -> list[str]:
    """Lines outside these syllables; a topic counts as two."""
    told = {line: re.sub(re.escape(topic), "topic", line, flags=re.IGNORECASE) if topic else line for line in lines}
    return [f"{syllables(plain)} syllables: {line!r}" for line, plain in told.items() if not low <= syllables(plain) <= high]


def faults_of_text(text: str) -> list[str]:
    """Faults that any verse can have: articles, doubled words, leftovers of templates, spaces, the end of the last line."""
    articles = re.findall(r"\b([Aa]n?) ([a-z]{3,})", text)
    faults = [f"{article} {word}" for article, word in articles if (article.lower() == "an") != starts_with_vowel_sound(word)]
    faults += [f"doubled {found[0]!r}" for found in re.finditer(r"(?i)\b([a-z]{2,}) \1\b", text)]
    faults += [f"leftover {found[0]!r}" for found in re.finditer(r"[{}|\[\]]|a\(n\)|  |\n\n\n| [,.;:]|[,;]\.", text)]
    faults += [f"small letter after {found[0]!r}" for found in re.finditer(r"[a-z]\. [a-z]", text)]
    lines = text.split("\n\n", 1)[1].split("\n")
    parts = [*text.split("\n\n"), ""]
    for part, after in pairwise(parts):  # a speech may go on in the next stanza, which then begins with its mark
        if part.count('"') % 2 and not after.startswith('"'):
            faults.append(f"quotes in {part!r}")
    return faults + ["an empty line"] * any(line and not line.strip() for line in lines)


def faults_of_song(text: str, topic: str = "") -> list[str]:
    """Verses and bridge rhyme as their labels say, the chorus stays the same, its first line is the title, lines are sung in one breath."""
    title, *blocks = text.split("\n\n")
    faults, choruses, numbers = [], set(), []
    for label, *lines in (block.split("\n") for block in blocks):
        faults += faults_of_length(lines, topic, 3, 17)
        if label == "Chorus":
            choruses.add(tuple(lines))
            faults += faults_of_scheme(lines, "ABCB")
        elif found := re.fullmatch(r"(?:Verse (\d)|Bridge) \(([ABC]+)\)", label):
            numbers += [int(found[1])] if found[1] else []
            faults += faults_of_scheme(lines, found[2])
        else:
            faults.append(f"label {label!r}")
    faults += ["the chorus changes"] * (len(choruses) != 1) + ["verses are misnumbered"] * (numbers != list(range(1, len(numbers) + 1)))
    hook = re.sub(r"[^a-z ]", "", next(iter(choruses), ("",))[0].lower())
    return faults + ([] if re.sub(r"[^a-z :]", "", title.lower()).split(":")[0].strip() == hook.strip() else [f"title {title!r}"])


def faults_of_ballad(text: str, topic: str = "") -> list[str]:
    """Quatrains rhyme ABCB."""
    _, *verses = text.split("\n\n")
    faults = [fault for verse in verses for fault in faults_of_scheme(verse.split("\n"), "ABCB")]
    return faults + faults_of_length([line for verse in verses for line in verse.split("\n")], topic, 3, 15)


def faults_of_lullaby(text: str, topic: str = "") -> list[str]:
    """Verses rhyme ABAB (a verse of the season ABAB too), each under the same soft line, and nothing in them is loud."""
    _, *verses, last = text.split("\n\n")
    first = {re.sub(r"[,.]$", "", verse.split("\n")[0]) for verse in verses} | {last.removesuffix(".")}
    faults = ["the refrain changes"] * (len(first) != 1)
    faults += [fault for verse in verses for fault in faults_of_scheme(verse.split("\n")[1:], "ABAB")]
    faults += faults_of_length([line for verse in verses for line in verse.split("\n")[1:]], topic, 4, 16)
    return faults + [f"loud: {found[0]}" for found in LOUD.finditer("\n".join(verses))]


def faults_of_limerick(text: str, topic: str = "") -> list[str]:
    """Five lines that rhyme AABBA, the third and fourth the shortest, about one person."""
    lines = text.split("\n\n")[1].split("\n")
    faults = faults_of_scheme(lines, "AABBA")
    lengths = [syllables(re.sub(re.escape(topic), "topic", line, flags=re.IGNORECASE)) if topic else syllables(line) for line in lines]
    faults += [f"lengths {lengths}"] * (max(lengths[2:4]) > min(lengths[0:2]))
    people = {{"her": "she", "his": "he", "him": "he"}.get(word, word) for word in re.findall(r"\b(?:she|her|he|his|him)\b", text.lower())}
    return faults + [f"people {people}"] * (len(people) > 1)


def faults_of_shanty(text: str) -> list[str]:
    """Two calls rhyme, the crew keeps to its words, the chorus returns unchanged, one ship and one captain."""
    faults, answers, choruses = [], set(), []
    for block in text.split("\n\n")[1:]:
        lines = [SPEAKERS.sub("", line) for line in block.split("\n")]
        if block.startswith("All: "):
            choruses.append(tuple(lines))
            faults += faults_of_scheme(lines, "AAAA")
            continue
        faults += [f"turns {block!r}"] * (len(lines) != 4)
        faults += faults_of_scheme(lines[::2], "AA") + faults_of_length(lines[::2], "", 5, 24)
        answers.add(tuple(lines[1::2]))
    faults += ["the crew changes its words"] * (len(answers) != 1) + ["the chorus changes"] * (len(set(choruses)) != 1)
    captains = {name.removesuffix("'s") for name in re.findall(r"Captain ([A-Z][\w']+)", text)}
    return faults + [f"captains {captains}"] * (len(captains) > 1)


def faults_of_spell(text: str) -> list[str]:
    """The words of the spell rhyme in pairs; what is thrown in was among the ingredients."""
    words = re.search(r":\n((?:[A-Z].*[,.]\n)+)\nEffect: ", text)
    if words is None:
        return ["no words to say"]
    lines = words[1].strip().split("\n")
    faults = [fault for pair in zip(lines[::2], lines[1::2], strict=True) for fault in faults_of_scheme(pair, "AA")]
    if found := re.search(r"(?:Drop|Lower|Throw) in (?:the )?(.+?) last", text):
        listed = text.split("Ingredients:")[1].split("\n\n")[0].lower()
        faults += [f"{found[1]} is no ingredient"] * (found[1].lower() not in listed)
    return faults


def faults_of_mood(text: str, topic: str) -> list[str]:
    """A poem of heartbreak is not cheerful."""
    return [f"cheerful: {found[0]!r}" for found in CHEER.finditer(text)] if any(word in topic.lower() for word in SAD) else []
