"""Strips what language models say around a text, and recognises refusals and unfilled forms.

Chatter is removed only at the very beginning and the very end, sentence by sentence. A text may quote a refusal in its middle, but one
that begins with a refusal is rejected. The patterns are in corpus/tables/chatter.json.
"""

from __future__ import annotations

import re
from functools import cache

from minigpt.corpus.words import load_words

FENCE = re.compile(r"^```[\w+-]*[ \t]*\n(.*?)(?:\n?```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])")
UNDERLINE = re.compile(r"(?<![\w_])(_{2})(?=\S)([^_\n]+?)(?<=\S)\1(?![\w_])")
LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\((?:https?:|/|#)[^)\s]{0,500}\)")
RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$\n?", re.MULTILINE)
TAGS = re.compile(r"</?(?:p|br|b|i|em|strong|u|div|span|h[1-6]|ul|ol|li|a|html|body|hr|blockquote)(?:\s[^<>\n]*)?/?>", re.IGNORECASE)
FRAMED = re.compile(r"\A[\"“]([^\"“”\n]*)[\"”]\Z")
FEW = 8  # most characters between a text and chatter; unbounded, the patterns would be slow on long runs of blanks
REFUSAL_WITHIN = 160  # characters at the beginning that are searched for a refusal
BLANKS = re.compile(r"\n{3,}")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = load_words("chatter")
    before, after, refusals, gaps = ("|".join(words[name]) for name in ("before", "after", "refusals", "gaps"))
    return (
        re.compile(rf"\A\W{{0,{FEW}}}(?:{before})\s*", re.IGNORECASE),
        re.compile(rf"(?:\A|(?<=[.!?:)\"'\n*])\s{{0,{FEW}}}|\n\s{{0,{FEW}}})[*_(]{{0,3}}(?:{after})[*_)]{{0,3}}\s*\Z", re.IGNORECASE),
        re.compile(refusals, re.IGNORECASE),
        re.compile(gaps, re.IGNORECASE),
    )


def refuses(text: str) -> bool:
    """Whether a text begins with a refusal, or speaks of its author as a language model."""
    return bool(_patterns()[2].search(text[:REFUSAL_WITHIN].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))


def has_gaps(text: str) -> bool:
    """Whether a text is an unfilled form: "Dear [Name],"."""
    return bool(_patterns()[3].search(text))


def without_chatter(text: str) -> str:
    """The text without the greetings, offers and quotation marks around it; empty if there was nothing else."""
    before, after, _, gap = _patterns()
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")  # one for one, so that positions stay valid
    start, end = 0, len(text)
    while match := before.match(plain[start:end]):
        start += match.end()
    while match := after.search(plain, start, end):
        end = match.start()
    kept = FRAMED.sub(r"\1", text[start:end].strip())
    while (head := kept.rpartition("\n")) and gap.fullmatch(head[2].strip()):
        kept = head[0].rstrip()  # a signature left for the reader to fill in
    return kept


def without_markup(text: str) -> str:
    """The text without Markdown and HTML. Fenced code is kept as it is, without its fences."""
    parts = FENCE.split(text)
    prose = [_plain(part) if number % 2 == 0 else part for number, part in enumerate(parts)]
    return BLANKS.sub("\n\n", "".join(prose)).strip()


def _plain(text: str) -> str:
    text = TAGS.sub("", text)
    text = HEADING.sub(r"\1", text)
    text = LINK.sub(r"\1", text)
    text = RULE.sub("", text)
    for pattern in (EMPHASIS, EMPHASIS, UNDERLINE):  # twice: bold inside italics
        text = pattern.sub(r"\2", text)
    return text
