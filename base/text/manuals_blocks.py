"""Blocks of a manual -> documents of plain text: what is left out, where they are cut, which are fit to be read."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator

from manuals_html import Block

LONGEST, SHORTEST = 20_000, 200  # characters of a document
COMMON = frozenset(
    "the of to a and is in it for that this be as with you are on not or by from an can if will at which we have your but".split()
)
NO_TEXT = re.compile(
    r"(?i)genindex|/search\.html|modindex|/_modules/|/_sources/|/_static|copyright|licen[sc]e|contributors|authors|thanks"
    r"|sponsors|/all\.html"
)
NAVIGATION = re.compile(  # short blocks that no reader misses
    r"(?i)(?:prev|next|home|up|previous|back|contents|index|top|source|source code|edit this page|created|table of contents|search)"
    r"(?: ?[|:»].{0,90})?$"
    r"|« previous|available languages:|\(?source edit|-{5}BEGIN|\s*- <[\w\[\]]+>$|this page is|jump to|see also:?$"
    r"|last updated?|updated: "
    r"|(?:note|warning|parameters|navigation|references|footnotes|documentation|important:)$|toggle |(?:hashes|sha3?-?\d*):"
    r"|\[ <<|happy testing"
    r"|- (?:blog|irc|download|docs|issues|donate|code|mailing list|contributor guides|install guides)$|see also lists of"
    r"|[a-z]{3,9} \d+, \d{4}\.?$"
    r"|thanks to (?:all|every)|for contributors|this document is for|you're reading an old|the source for this|- \w+ \(\w+(?: \w+)?\)$"
    r"|\s*- (?-i:[A-Z]\w+(?: [A-Z][\w.]*){1,2})(?: \+)?$"
)
NOTICE = re.compile(
    r"(?i)copyright|©|all rights reserved|report (?:a )?bug|permission is hereby|redistribution and use|a chronology are both"
    r"|looking for an ipython version"
    r"|covers ipython versions|we ask that you please|except where otherwise noted|(?:enable|requires) javascript"
)
NAMES = re.compile(r"(?:\b[A-Z]\w+ [A-Z]\w+, ){7}|[\w.+-]{1,40}@(?!example|python\.org)[\w-]{2,30}\.(?:com|org|net|edu|de|uk|fr|io|ca)\b")
UNFIT = re.compile(
    r"(?i)\b(?:fuck|shit|cunt|whore|nigg(?!l)|faggot|porn|penis|vagina|orgasm|masturbat|retarded|slut|rape|nazis?\b|hitler"
    r"|asshole|boobs?\b|erotic|bitch)|�|â€"
)


def documents(found: list[Block]) -> Iterator[str]:
    """The blocks as documents that are long enough and mostly prose, each with the headings that belong to it."""
    for section in sections([block for block in found if not is_noise(block)]):
        text = tidy(joined(section))
        prose = " ".join(block.text for block in section if block.kind in ("text", "item"))
        if len(prose) >= max(SHORTEST, len(text) / 5) and is_english(prose) and is_fit(text):
            yield text


def is_noise(block: Block) -> bool:
    if block.kind == "code":
        return "-----BEGIN" in block.text or bool(re.search(r"\S{90}", block.text))
    if block.kind == "row" and sum(character.isdigit() for character in block.text) > len(block.text) * 0.3:
        return True
    if block.kind == "heading":
        return len(block.text) <= 16 and bool(NAVIGATION.match(block.text))
    return bool((len(block.text) < 200 and NAVIGATION.match(block.text)) or NOTICE.search(block.text) or NAMES.search(block.text))


def tidy(text: str) -> str:
    """Without control characters, people's addresses, and the lines of code that name authors and licences."""
    text = re.sub(r"[\w.+-]{1,40}@(?!example)[\w-]{2,30}\.(?:com|org|net|edu|de|uk|fr|io|ca|se|nl)\b", "name@example.com", text)
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]|-\*- .*? -\*-", "", text)
    return re.sub(r"(?mi)^ *# *(?:authors?|licen[sc]e|spdx[\w-]*|version|changelog)\b.*\n(?: *#  {4,}.*\n)*", "", text)


def is_fit(text: str) -> bool:
    return not UNFIT.search(text)


def joined(found: list[Block]) -> str:
    """The blocks with blank lines between them, but for the items of a list, rows of a table and terms."""
    parts: list[str] = []
    for number, block in enumerate(found):
        before = found[number - 1].kind if number else ""
        close = before == "term" or (block.kind == before and block.kind in ("item", "row"))
        parts.append(("" if not number else "\n" if close else "\n\n") + block.text)
    return "".join(parts)


def sections(found: list[Block]) -> Iterator[list[Block]]:
    """The blocks cut at headings, as few cuts as keep each part under LONGEST; headings with nothing below and long code go."""
    kept = [block for block in found if not (block.kind == "code" and (block.text.count("\n") > 80 or len(block.text) > 4000))]
    kept = [b for b, after in zip(kept, [*kept, Block("heading", "", 1)][1:], strict=True) if not barren(b, after)]
    part: list[Block] = []
    size = 0
    for block in kept:
        room = (
            LONGEST / 2
            if block.kind == "heading" and block.level <= 3
            else LONGEST * 0.8
            if block.kind == "heading"
            else LONGEST - len(block.text)
        )
        if part and size > room:
            yield part
            part, size = [], 0
        part.append(block)
        size += len(block.text) + 2
    yield part


def barren(block: Block, after: Block) -> bool:
    return block.kind == "heading" and after.kind == "heading" and after.level <= block.level


def decoded(data: bytes, name: str) -> str:
    data = gzip.decompress(data) if name.endswith(".gz") else data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def wanted(name: str, skip: str, share: float) -> bool:
    """Whether the file may hold text for us, and is of the part of the files that we take, always the same ones."""
    if NO_TEXT.search(name) or (skip and re.search(skip, name)):
        return False
    return in_share(name, share)


def in_share(name: str, share: float) -> bool:
    return zlib.crc32(name.encode()) < share * 2**32


def is_english(text: str, least: float = 0.2) -> bool:
    """By how many of its words are the commonest ones, and how much of it is letters."""
    words = re.findall(r"[a-z']+", text.lower())
    letters = sum(character.isalpha() or character == " " for character in text)
    return bool(words) and sum(word in COMMON for word in words) >= least * len(words) and letters > 0.8 * len(text)
