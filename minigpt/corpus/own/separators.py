"""Splits texts at separators such as <|endoftext|>, block by block.

`<|endoftext|>` (GPT-2's), `<|end_of_text|>` (Llama's), and `<|startoftext|>` and `<|begin_of_text|>`, which some programs put before each
text, separate texts anywhere. `<s>`, `</s>`, `<bos>`, `<eos>` and `<pad>` do so only alone on a line, because they also occur in HTML and
formulas. A separator that a sentence merely mentions (in quotation marks or backticks, after "the token", before "token" or a comma)
is part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from minigpt.errors import MinigptError

END = "\0"  # never part of a decoded text
ANYWHERE = re.compile(r"<\|(?:endoftext|end_of_text|startoftext|begin_of_text)\|>", re.IGNORECASE)
SEPARATOR = re.compile(rf"{ANYWHERE.pattern}|</?s>|<(?:[be]os|pad)>", re.IGNORECASE)
AROUND = 64  # characters on each side by which a separator is told from a mention

WORDS = "tokens?|markers?|separators?|delimiters?|symbols?|tags?|strings?"
OPENING_QUOTE = re.compile(r"(?:^|[\s(\[{=:,/])(?:[`'\"*_]+|<code>)$|[\u201c\u2018\u201e\u00ab]$")
CLOSING_QUOTE = re.compile(r"(?:[`'\"*_]+|</code>)(?![^\W_])|[\u201d\u2019\u201c\u00bb]")
NAMED_BEFORE, GOES_ON = re.compile(rf"\b(?:{WORDS}):? $|\($", re.IGNORECASE), re.compile(r" [^\W\d_A-Z]|[.,;:!?)]+(?:\s|$)")
IN_A_SENTENCE, NAMED_BEHIND = re.compile(r"[\w,] $"), re.compile(rf"[ -](?:{WORDS})\b|[.,;:!?)]+(?:\s|$)")


def parted(blocks: Iterable[str]) -> Iterator[str]:
    """The blocks with END in place of every separator and after the last text. A separator may span two blocks.

    An error in the blocks is raised after the text before it has been yielded.
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
    """The texts in one string."""
    if "<" not in text:
        yield text
    else:
        yield from "".join(parted([text.replace(END, "")])).split(END)


def _part(before: str, text: str, after: str) -> tuple[str, str, str]:
    """`text` with END for its separators, given its context; then the context before the next text, and the rest of `after`."""
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
    """Whether a separator between `before` and `after` separates texts rather than being mentioned in a sentence."""
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    if not before.strip() and not after.strip():
        return True
    if not ANYWHERE.fullmatch(found):
        return False
    quoted = OPENING_QUOTE.search(before) and CLOSING_QUOTE.match(after)
    spoken_of = (NAMED_BEFORE.search(before) and GOES_ON.match(after)) or (IN_A_SENTENCE.search(before) and NAMED_BEHIND.match(after))
    return not (quoted or spoken_of)
