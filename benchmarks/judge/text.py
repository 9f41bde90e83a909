"""How samples begin and end, what they copy from the training text, and how varied they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

GRAM = 8
LEAST = 5  # words of a sentence that counts
LETTERS = 4  # of a word of a title that counts
SHORT_LINE = 12  # words; a shorter last line may end without a full stop: verse, code, a list, a signature


def words(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return re.findall(r"\w+", text.lower())


def grams(texts: Iterable[str], n: int = GRAM) -> list[tuple[str, ...]]:
    """Every sequence of n words of every text."""
    return [tuple(spoken[i : i + n]) for spoken in map(words, texts) for i in range(len(spoken) - n + 1)]


def sentences(texts: Iterable[str]) -> list[str]:
    """Every sentence of at least LEAST words."""
    return [s for text in texts for s in re.split(r"(?<=[.!?])\s+|\n+", text) if len(s.split()) >= LEAST]


def share(whether: Iterable[bool]) -> float | None:
    """The share of those that are true; None of nothing."""
    found = list(whether)
    return sum(found) / len(found) if found else None


def without_title(text: str) -> str:
    """The text after its first line, if an empty line follows that."""
    title, gap, body = text.lstrip("\n").partition("\n\n")
    return body if gap and "\n" not in title else text


def title_told(text: str) -> float | None:
    """The share of the title's words of at least LETTERS letters that come again in the text below; None of a text without a title."""
    body = without_title(text)
    title = [word for word in words(text[: len(text) - len(body)]) if len(word) >= LETTERS]
    told = set(words(body))
    return share(word in told for word in title)


def shape(text: str) -> str:
    """How a text's first line begins and ends: A, a or 9 for a capital, a small letter or a figure, other characters as they are."""
    line = text.lstrip("\n").split("\n", 1)[0].rstrip()
    ends = line[:1] + line[-1:]
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", ends)))


def is_complete(text: str, finish_reason: str) -> bool:
    """Whether the model ended the text; prose must end with a sentence, but a line of verse, code or a list may end anyhow."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    return finish_reason == "stop" and (len(last.split()) < SHORT_LINE or last[-1:] in ".!?:\"')")


def copied(texts: Iterable[str], known: Collection[tuple[str, ...]]) -> float | None:
    """The share of the texts' word 8-grams that are in `known`."""
    return share(gram in known for gram in grams(texts))


def verbatim(texts: Iterable[str], known: Collection[str]) -> float | None:
    """The share of the texts' sentences that are in `known`."""
    return share(sentence in known for sentence in sentences(texts))


def in_common(mine: Collection[str], theirs: Collection[str]) -> float | None:
    """The share of the different sentences of one corpus that another has too."""
    known = set(theirs)
    return share(sentence in known for sentence in set(mine))


def distinct(texts: Iterable[str], n: int) -> float | None:
    """Different sequences of n words over all of them (Li et al. 2016)."""
    found = grams(texts, n)
    return len(set(found)) / len(found) if found else None


def equally_long(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both sets of texts, the longer one cut to as many words as the other has: the more words, the fewer of them are different."""
    most = min(sum(len(words(text)) for text in texts) for texts in (one, other))
    return first_words(one, most), first_words(other, most)


def first_words(texts: Iterable[str], most: int) -> list[str]:
    """The texts up to `most` words in all, words alone."""
    kept = []
    for text in texts:
        spoken = words(text)[:most]
        most -= len(spoken)
        if spoken:
            kept.append(" ".join(spoken))
    return kept
