"""Texts that a separator parts, block by block -> the same with END behind each text; the separators themselves never stay.

`<|endoftext|>` (GPT-2's), `<|end_of_text|>` (Llama's), and `<|startoftext|>` and `<|begin_of_text|>`, which some programs put before each
text, part texts wherever they stand. `<s>`, `</s>`, `<bos>`, `<eos>` and `<pad>` do so only alone on a line, because they are also found in
HTML and in formulas. A separator that a sentence merely speaks of (in quotation marks or backticks, behind "the token", before
"token" or a comma) stays in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from minigpt.errors import MinigptError

END = "\0"  # no decoded text holds one
ANYWHERE = re.compile(r"<\|(?:endoftext|end_of_text|startoftext|begin_of_text)\|>", re.IGNORECASE)
SEPARATOR = re.compile(rf"{ANYWHERE.pattern}|</?s>|<(?:[be]os|pad)>", re.IGNORECASE)
AROUND = 64  # characters on each side that decide whether a separator is one

WORDS = "tokens?|markers?|separators?|delimiters?|symbols?|tags?|strings?"
OPENING_QUOTE = re.compile(r"(?:^|[\s(\[{=:,/])(?:[`'\"*_]+|<code>)$|[\u201c\u2018\u201e\u00ab]$")
CLOSING_QUOTE = re.compile(r"(?:[`'\"*_]+|</code>)(?![^\W_])|[\u201d\u2019\u201c\u00bb]")
NAMED_BEFORE, GOES_ON = re.compile(rf"\b(?:{WORDS}):? $|\($", re.IGNORECASE), re.compile(r" [^\W\d_A-Z]|[.,;:!?)]+(?:\s|$)")
IN_A_SENTENCE, NAMED_BEHIND = re.compile(r"[\w,] $"), re.compile(rf"[ -](?:{WORDS})\b|[.,;:!?)]+(?:\s|$)")


def parted(blocks: Iterable[str]) -> Iterator[str]:
    """The blocks with END in the place of every separator and behind the last text, however the separators are cut into blocks.

    An error among the blocks is raised when what came before it was given out.
    """
    before, text, after = "", "", ""
    fault: MinigptError | None = None
    try:
        for block in blocks:
            after += block
            if len(after) >= AROUND:
                if text:
                    out, before, after = _part(before, text, after)
                    yield out
                text, after = after, ""
    except MinigptError as error:
        fault = error
    yield _part(before, text + after, "")[0] + END
    if fault:
        raise fault


def split_texts(text: str) -> Iterator[str]:
    """The texts of one that is whole in memory."""
    if "<" not in text:
        yield text
    else:
        yield from "".join(parted([text.replace(END, "")])).split(END)


def _part(before: str, text: str, after: str) -> tuple[str, str, str]:
    """`text` between its neighbours, parted; then what the next text has before it, and what is left of `after`."""
    whole, at, end = before + text + after, len(before), len(before) + len(text)
    out = []
    for found in SEPARATOR.finditer(whole, at):
        if found.start() >= end:
            break
        if is_separator(whole[max(0, found.start() - AROUND) : found.start()], found[0], whole[found.end() : found.end() + AROUND]):
            out += [whole[at : found.start()], END]
            at = found.end()
    done = max(at, end)
    return "".join([*out, whole[at:done]]), whole[max(0, done - AROUND) : done], whole[done:]


def is_separator(before: str, found: str, after: str) -> bool:
    """Whether one of the separators' names, here with what stands around it, parts texts; if not, a sentence speaks of it."""
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    if not before.strip() and not after.strip():
        return True
    if not ANYWHERE.fullmatch(found):
        return False
    quoted = OPENING_QUOTE.search(before) and CLOSING_QUOTE.match(after)
    spoken_of = (NAMED_BEFORE.search(before) and GOES_ON.match(after)) or (IN_A_SENTENCE.search(before) and NAMED_BEHIND.match(after))
    return not (quoted or spoken_of)
