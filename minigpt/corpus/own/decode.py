"""Decodes a file block by block: UTF-8, or UTF-16 and UTF-32 with a byte order mark; the encoding is never guessed.

Any other file is refused with the position of its first bad byte. Line ends become \\n.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from minigpt.errors import MinigptError

Decoder = Callable[[bytes, str, bool], tuple[str, int]]  # bytes, error handling, whether these are the last -> text, bytes used

MARKS: tuple[tuple[bytes, str, Decoder], ...] = (  # UTF-32-LE's mark begins with UTF-16-LE's, so it comes first
    (codecs.BOM_UTF8, "UTF-8", codecs.utf_8_decode),
    (codecs.BOM_UTF32_LE, "UTF-32-LE", codecs.utf_32_le_decode),
    (codecs.BOM_UTF32_BE, "UTF-32-BE", codecs.utf_32_be_decode),
    (codecs.BOM_UTF16_LE, "UTF-16-LE", codecs.utf_16_le_decode),
    (codecs.BOM_UTF16_BE, "UTF-16-BE", codecs.utf_16_be_decode),
    (b"", "UTF-8", codecs.utf_8_decode),
)
LONGEST_MARK = 4
LOOK = 4096  # bytes after a bad one by which the kind of file is guessed


def decode(blocks: Iterable[bytes], name: str) -> Iterator[str]:
    """The text of the blocks. MinigptError with the bad byte's position if they are not text; `name` is the file's name in it."""
    data, place, carriage = b"", 0, ""
    encoding, decoder = "", MARKS[0][2]
    for block in chain(blocks, [None]):
        last = block is None
        data += block or b""
        if not encoding:
            if len(data) < LONGEST_MARK and not last:
                continue
            mark, encoding, decoder = next(kind for kind in MARKS if data.startswith(kind[0]))
            data, place = data[len(mark) :], len(mark)
        try:
            text, used = decoder(data, "strict", last)
        except UnicodeDecodeError as error:
            raise fault(name, encoding, data, error.start, place) from error
        if (zero := text.find("\0")) >= 0:
            raise fault(name, encoding, data, len(text[:zero].encode(encoding)), place)
        data, place = data[used:], place + used
        text = carriage + text
        carriage = "\r" if text.endswith("\r") and not last else ""
        if text := (text[:-1] if carriage else text).replace("\r\n", "\n").replace("\r", "\n"):
            yield text


def fault(name: str, encoding: str, data: bytes, at: int, place: int) -> MinigptError:
    """The error for byte `at` of `data`, which starts at `place` in the file; zero bytes hint at what the file is."""
    near = data[at & ~1 : (at & ~1) + LOOK]
    even, odd = near[::2].count(0), near[1::2].count(0)
    remedy = "save it as UTF-8"
    if max(even, odd) > len(near) // 8 and min(even, odd) < max(even, odd) // 4:
        remedy = f"it looks like UTF-16 without its byte order mark; {remedy}"
    elif even + odd:
        remedy = f"it looks like a binary file; {remedy} if it is text"
    return MinigptError(
        f"{name} is not {encoding.removesuffix('-LE').removesuffix('-BE')}: byte {place + at} is 0x{data[at]:02x}; {remedy}"
    )
