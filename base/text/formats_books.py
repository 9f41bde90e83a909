"""Books of the public domain as documents: a chapter, a story, a scene, a poem or a speech each, with whole paragraphs on one line."""

from __future__ import annotations

import csv
import gzip
import html
import io
import re
import zlib
from collections.abc import Iterable, Iterator

LONGEST, WANTED, SHORTEST = 20_000, 600, 200
HEADING = re.compile(
    r"\W*(chapter|book|part|volume|act|scene|canto|letter|stave|section|epilogue|prologue|preface|introduction|conclusion|finale|the end)"
    r"\b.{0,90}",
    re.I,
)
NUMERAL = re.compile(r"\W*(?=[IVXLC])[IVXLC]+\W*|\d{1,3}\.?")
WHOLE, LINES = re.DOTALL | re.I, re.DOTALL | re.MULTILINE | re.I
TITLE = r"^.{0,60}Project Gutenberg(?:'s)? e?text of"
GUTENBERG = [
    re.compile(r"\A.{0,60000}?\*\*\* ?START OF .*?\*\*\*\n", WHOLE),
    re.compile(rf"{TITLE}(?:(?!{TITLE}).){{200,40000}}?END\*.{{0,80}}$", LINES),
    re.compile(r"\A.{0,40000}?\*END\*? ?THE SMALL PRINT[^\n]*\n", WHOLE),
    re.compile(rf"^\W*End of (?:the |this )?Project Gutenberg.{{0,200}}$(?=\s*(?:\Z|{TITLE}))", re.MULTILINE | re.I),
    re.compile(r"^\W*\*\*\* ?END OF .*\Z", LINES),
    re.compile(r"^\W*End of (?:the |this )?Project Gutenberg.*\Z", LINES),
    re.compile(r"\A\s*(?:E-text prepared|Produced|Transcribed|This etext was|Prepared) by.*?\n\s*\n", WHOLE),
    re.compile(r"^\W*(?:Transcriber's? notes?|E-text prepared by|Produced by|HTML version by)\b.*?\n\s*\n", LINES),
    re.compile(r"\[(?:Illustration|Footnote|Transcriber|Sidenote)[^\]]*\]", re.I),
]
MARKERS = re.compile(r"\[\d{1,3}\]|\{\d{1,3}\}|\[[a-z]\]|(?<=[a-z][.,;:!?\"'\u2019\u201d])\d{1,3}(?=\s|$)|\[\*+\]")
COMMON = set(
    "the and of to a in that is was he for it with as his i you my not be her she this thou thy me all but by from on they so him we have "
    "had are".split()
)
UNFIT = re.compile(r"\bnigg(?:er|a|ah)s?\b|\bdarkey?s?\b|\bcoons?\b|\bkikes?\b|\bjewboy|\bfuck|\bcunt", re.I)


def book(
    name: str, data: bytes, *, verse: bool = False, wrapped: bool = True, start: str = "", end: str = "", drop: str = ""
) -> Iterator[str]:
    """A plain text: from the line that matches `start` to the one that matches `end`, without paragraphs that match `drop`."""
    text = between(clean(decoded(data)), start, end)
    yield from documents(sections(paragraphs(text, verse=verse, wrapped=wrapped, drop=drop)))


def play(name: str, data: bytes) -> Iterator[str]:
    """A play in Markdown with **SPEAKER** before each speech: one document a scene."""
    text = re.sub(r"[*_#\\]+", "", re.sub(r"^_([^_]*)_$", r"[\1]", decoded(data), flags=re.MULTILINE))
    blocks = ["\n".join(line.strip() for line in block.splitlines()) for block in re.split(r"\n\s*\n", text.strip())]
    title = blocks[0].strip()
    for document in documents(sections(blocks[1:])):
        yield f"{title}\n\n{document}"


def scripture(name: str, data: bytes, *, poetry: str = "Psalms|Proverbs|Ecclesiastes|Song|Job|Lamentations") -> Iterator[str]:
    """A Bible with a paragraph `chapter:verse text` for each verse: one document a chapter, without the numbers."""
    title, verses, chapter = "", [], "0"
    for block in re.split(r"\n\s*\n", decoded(data)):
        text = " ".join(block.split())
        numbers = re.match(r"(\d+):(\d+) ", text)
        if numbers and numbers[1] == chapter:
            verses += [part.strip() for part in re.split(r"\d+:\d+ ", text) if part.strip()]
            continue
        if verses and not numbers and re.search(r"[.;,:?!]$", text):
            verses[-1] += " " + text
            continue
        yield from chapter_of(title, chapter, verses, poetry)
        verses, chapter = [], "0"
        if numbers:
            chapter, verses = numbers[1], [part.strip() for part in re.split(r"\d+:\d+ ", text) if part.strip()]
        elif text and not text.endswith(":"):
            title = re.sub(r"^.*Called ", "", text).strip()
    yield from chapter_of(title, chapter, verses, poetry)


def chapter_of(title: str, number: str, verses: list[str], poetry: str) -> Iterator[str]:
    if verses:
        lines = "\n" if re.search(poetry, title) else " "
        yield from documents([[f"{title}, chapter {number}", *(lines.join(verses[i : i + 7]) for i in range(0, len(verses), 7))]])


def table(name: str, data: bytes, *, title: str, text: str, header: int = 3) -> Iterator[str]:
    """Rows of a tab-separated table with `header` lines of names and kinds, one document each: the columns `title` and `text`."""
    rows = csv.reader(io.StringIO(decoded(data)), delimiter="\t")
    names = next(rows)
    for row in list(rows)[header - 1 :]:
        if len(row) == len(names):
            parts = re.split(r"\s*\n\s*|\s{2,}", row[names.index(text)].strip())
            yield from documents([[row[names.index(title)].strip(), *parts]])


def r_novels(name: str, data: bytes, *, start: str) -> Iterator[str]:
    """Novels in the data of an R package, zlib streams of serialised vectors of lines: those whose first lines match `start`."""
    for stream in zlib_streams(data):
        text = "\n".join(r_strings(stream))
        if len(text) > 100_000 and re.search(start, text[:300]):
            yield from book(name, text.encode())


def r_strings(stream: bytes) -> list[str]:
    """The strings of a serialised R vector: each is its flags and its length, 4 bytes of either, and its bytes."""
    found, at = [], 0
    while (at := stream.find(b"\x00\x09", at)) >= 0:
        size = int.from_bytes(stream[at + 2 : at + 6], "big")
        if size > 200 or stream[at - 2 : at - 1] != b"\x00":
            at += 1
            continue
        found.append(stream[at + 6 : at + 6 + size].decode("utf-8", "replace"))
        at += 6 + size
    return found


def zlib_streams(data: bytes) -> Iterator[bytes]:
    """The contents of each zlib stream in a file."""
    at = 0
    while (at := data.find(b"\x78", at)) >= 0:
        reader = zlib.decompressobj()
        try:
            content = reader.decompress(data[at:])
        except zlib.error:
            at += 1
            continue
        if reader.eof:
            yield content
            at = len(data) - len(reader.unused_data)
        else:
            at += 1


ENTRY = r"[A-Z][A-Z' -]+, ?(?:n|v|adj|adv|pp|pret|vt|vi|p|x)\b"


def dictionary(name: str, data: bytes, *, start: str, entry: str = ENTRY) -> Iterator[str]:
    """A dictionary of the dict server from the line that matches `start`, some entries in a document."""
    text = between(clean(decoded(gzip.decompress(data))), start, "")
    text = re.sub(rf"\n(?={entry})", "\n\n", re.sub(r"\n(?=\s{3,}\S)", "\n\n", text))
    entries: list[list[str]] = []
    for block in paragraphs(text):
        if re.match(entry, block) or not entries:
            entries.append([])
        entries[-1].append(block)
    for i in range(0, len(entries), 8):
        yield from documents([[block for blocks in entries[i : i + 8] for block in blocks]])


def decoded(data: bytes) -> str:
    """UTF-8 or else Windows' Latin, with plain newlines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return re.sub(r"\r+\n|\r", "\n", text)


def clean(text: str) -> str:
    """Without what publishers and transcribers added, and without marks of emphasis and of footnotes."""
    text = html.unescape(text).replace("\xa0", " ").expandtabs(8)
    for pattern in GUTENBERG:
        text = pattern.sub("", text)
    text = re.sub(r"^\[[^\]\n]{5,90}\d{4}\] ?\n", "", text)
    text = re.sub(r"(?<!\w)[_=~+]([^_=~+\n]*(?:\n[^_=~+\n]+){0,3})[_=~+](?!\w)", r"\1", text)
    text = re.sub(r"_{3,}", "----", text).replace("_", "")
    text = re.sub(r"\{([A-Z ]+)\}", r"\1", text)
    text = re.sub(r"^\}\s+(.*)$", lambda title: title[1].upper(), text, flags=re.MULTILINE)
    return MARKERS.sub("", text)


def between(text: str, start: str, end: str) -> str:
    if start and (found := re.search(start, text, re.MULTILINE)):
        text = text[found.start() :]
    if end and (found := re.search(end, text, re.MULTILINE)):
        text = text[: found.start()]
    return text


def paragraphs(text: str, *, verse: bool = False, wrapped: bool = True, drop: str = "") -> Iterator[str]:
    """Blocks between blank lines: prose on one line, verse and lists as they stand; no tables of contents, rules or tables."""
    if not wrapped:
        for line in text.splitlines():
            yield from sentences(" ".join(line.split()))
        return
    widths = sorted(len(line.strip()) for line in text.splitlines() if len(line.strip()) > 30) or [70]
    width = widths[int(0.9 * (len(widths) - 1))]
    for block in re.split(r"\n\s*\n", text):
        lines = [line.rstrip() for line in block.splitlines() if re.search(r"[^\W_]", line)]
        if not lines or contents(lines) or (drop and re.search(drop, block)) or not re.search(r"[a-zA-Z]", block):
            continue
        if verse or (len(lines) > 1 and short(block, width)):
            margin = min(len(line) - len(line.lstrip()) for line in lines)
            yield "\n".join(re.sub(r" {3,}\d+$", "", line[margin:]) for line in lines)
        else:
            yield re.sub(r"(?<=[a-z])- (?!and |or |to )(?=[a-z])", "-", " ".join(" ".join(lines).split()))


def sentences(text: str, size: int = 900) -> Iterator[str]:
    """A paragraph, or several where one is too long to read: some sentences each."""
    if len(text) <= 3 * size:
        yield from [text] if text else []
        return
    part = ""
    for sentence in re.split(r"(?<=[.!?][\"'\u201d )]) ?(?=[A-Z])|(?<=[a-z]{2}[.!?]) (?=[A-Z])", text):
        if part and len(part) + len(sentence) > size:
            yield part
            part = ""
        part = f"{part} {sentence}".strip()
    yield part


def stanzas(block: str, lines: int = 40) -> list[str]:
    """A long run of verse in parts."""
    rows = block.splitlines()
    return ["\n".join(rows[i : i + lines]) for i in range(0, len(rows), lines)]


def contents(lines: list[str]) -> bool:
    """Whether a block is a table of contents, of figures, or a list of chapters."""
    ends = sum(bool(re.search(r"(\s{2,}|\.{2,}|\s)[\dxvi]{1,4}\.?$", line)) for line in lines)
    heads = sum(bool(HEADING.fullmatch(line.strip())) for line in lines)
    figures = sum(len(re.findall(r"\d", line)) for line in lines)
    first = lines[0].strip().lower().rstrip(".:")
    columns = sum(bool(re.search(r"\S {4,}\S|\|", line)) for line in lines)
    if first in ("contents", "table of contents", "footnotes", "index"):
        return True
    return (len(lines) >= 3 and max(ends, heads, columns) >= 0.6 * len(lines)) or figures > 0.25 * sum(map(len, lines))


def short(block: str, width: int = 70) -> bool:
    """Whether a block's lines end where its author wished, not where the margin was."""
    lines = [len(line.strip()) for line in block.splitlines() if line.strip()]
    body = lines[:-1] or lines
    return sum(body) / len(body) < 0.72 * width or sum(n < 0.6 * width for n in body) > 0.3 * len(body)


def heading(block: str) -> bool:
    """Whether a paragraph is the title of what follows."""
    if block.count("\n") > 2 or len(block) > 120:
        return False
    letters = re.sub(r"[^A-Za-z]", "", block)
    if re.match(r"[\[(](?!BOOK)", block):
        return False
    first = block.splitlines()[0].strip()
    if HEADING.fullmatch(first) or NUMERAL.fullmatch(first):
        return True
    return len(letters) > 3 and letters.isupper() and not block.rstrip().endswith((",", ";"))


def sections(blocks: Iterable[str]) -> Iterator[list[str]]:
    """Paragraphs grouped under their headings."""
    section: list[str] = []
    for block in blocks:
        if heading(block) and any(not heading(line) for line in section):
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def documents(parts: Iterable[list[str]]) -> Iterator[str]:
    """Sections as documents of SHORTEST to LONGEST characters: short ones joined to the next, long ones cut between paragraphs."""
    waiting: list[str] = []
    for part in parts:
        for block in part:
            waiting += [block] if len(block) < LONGEST / 2 else sentences(block) if "\n" not in block else stanzas(block)
        size = sum(map(len, waiting))
        if size >= WANTED:
            yield from pieces(waiting, size)
            waiting = []
    yield from pieces(waiting, sum(map(len, waiting)))


def pieces(blocks: list[str], size: int) -> Iterator[str]:
    """A section as one document, or more of equal size, each without headings at its end that head nothing."""
    for piece in cut(blocks, size / max(1, -(-size // (LONGEST - 500)))) if blocks else ():
        while len(piece) > 1 and heading(piece[-1]):
            piece.pop()
        text = "\n\n".join(piece).strip()
        if len(text) >= SHORTEST and fit(text):
            yield text


def cut(blocks: list[str], size: float) -> Iterator[list[str]]:
    piece: list[str] = []
    for block in blocks:
        if piece and sum(map(len, piece)) + len(block) / 2 > size:
            yield piece
            piece = []
        piece.append(block)
    yield piece


def fit(text: str) -> bool:
    """Whether a document is English prose or verse that anybody may read: no slurs, no tables, no other language."""
    words = re.findall(r"[a-z']+", text.lower())
    if len(words) <= 20 or UNFIT.search(text):
        return False
    return sum(word in COMMON for word in words) > 0.22 * len(words) and len(re.findall(r"\d", text)) < 0.03 * len(text)
