"""Manuals, tutorials and code as documents of plain text. Each function takes one file's name and bytes and yields its documents."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from manuals_blocks import LONGEST, decoded, documents, in_share, is_fit, tidy, wanted
from manuals_code import c_code, python_code, python_docstrings
from manuals_html import Block, blocks_of

__all__ = ["c_code", "html_page", "in_share", "jargon", "man_page", "markup", "pod", "python_code", "python_docstrings"]


def html_page(name: str, data: bytes, *, main: list[str], drop: str = "", skip: str = "", share: float = 1.0) -> Iterator[str]:
    """A page of HTML; `main` names its container (tag, id, class or role). `drop` is a pattern of blocks, `skip` of names to leave out."""
    if wanted(name, skip, share):
        yield from documents([block for block in blocks_of(decoded(data, name), main) if not (drop and re.search(drop, block.text))])


def markup(name: str, data: bytes, *, share: float = 1.0, drop: str = "", skip: str = "") -> Iterator[str]:
    """Plain text, Markdown or reStructuredText: paragraphs unwrapped, signs of markup removed."""
    if not wanted(name, skip, share):
        return
    text = re.sub(r"\A---\n.*?\n---\n|<!--.*?-->|\{\{.*?\}\}", "", decoded(data, name).replace("\r\n", "\n"), flags=re.S)
    text = re.sub(r"^(.+)\n(=|-|~|\^)\2{2,}\n(?=\S)", r"\1\n\2\2\2\2\n\n", text, flags=re.M)
    text = re.sub(r"^```.*?\n(.*?)^```", lambda found: textwrap.indent(found[1], "    "), text, flags=re.S | re.M)
    found = [paragraph(piece) for piece in re.split(r"\n[ \t]*\n+", text.expandtabs(4))]
    yield from documents([block for block in found if block.text and not (drop and re.search(drop, block.text))])


def paragraph(piece: str) -> Block:
    """One piece between blank lines."""
    lines = [line.rstrip() for line in piece.strip("\n").split("\n")]
    if heading := re.fullmatch(r"(#+) (.*?)[ #]*", lines[0]):
        return Block("heading", inline(heading[2]), len(heading[1]))
    if len(lines) in (2, 3) and re.fullmatch(r"([=\-~^*#+\"'`.])\1{2,}", lines[-1]):
        return Block("heading", inline(lines[-2].strip()), 2)
    if all(line.startswith("    ") for line in lines if line):
        return Block("code", "\n".join(lines))
    if lines[0].lstrip().startswith((".. ", "|", "+-", "[![", "!", "---", "===", "<", "###", "***")) or re.match(
        r"\[[^\]]+\]: |:[A-Z][\w ]+:", lines[0]
    ):
        return Block("text", "")
    if re.match(r"\s*([-*+•]|\d+[.)]) ", lines[0]):
        return Block(
            "item",
            inline(re.sub(r"\n\s*(?![-*+•] |\d+[.)] )", " ", "\n".join(lines).strip("\n")).replace("\n* ", "\n- ")).removeprefix("* "),
        )
    return Block("text", inline(" ".join(line.strip() for line in lines)))


def inline(text: str) -> str:
    """Without links, emphasis, roles and literal signs."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^<>@ ]*>(?=\s|$)|</?\w+[^<>]*>", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)|\[([^\]]+)\]\[[^\]]*\]", lambda found: found[1] or found[2], text)
    text = re.sub(r":[a-zA-Z:+-]+:`[~!]?([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", text)
    text = re.sub(r"``([^`]+)``|`([^`<]+?)(?:\s*<[^`]*>)?`_{0,2}", lambda found: found[1] or found[2], text)
    text = re.sub(r"(?<![\w*])(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?![\w*])", r"\2", text)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=\S)\*(?![\w*])", r"\1", text)
    return re.sub(r"(?<=\w)::$", ":", re.sub(r"[ \t]{2,}(?=\S)(?<=\S  )", " ", text)).strip()


def pod(name: str, data: bytes, *, skip: str = "", share: float = 1.0) -> Iterator[str]:
    """Perl's Plain Old Documentation."""
    if not wanted(name, skip, share):
        return
    found: list[Block] = []
    for piece in re.split(r"\n[ \t]*\n+", re.sub(r"^=(?:begin|for) .*?^=(?:end|cut)[^\n]*", "", decoded(data, name), flags=re.S | re.M)):
        if re.match(r"\s", piece):
            code = "\n".join(line.rstrip() for line in piece.expandtabs(4).strip("\n").split("\n"))
            found.append(Block("code", textwrap.indent(textwrap.dedent(code), "    ")))
        elif heading := re.match(r"=head(\d) (.*)", piece, re.S):
            title = unpod(heading[2])
            found.append(Block("heading", title.capitalize() if title.isupper() else title, int(heading[1])))
        elif item := re.match(r"=item\s+(.*)", piece, re.S):
            title = unpod(item[1])
            found.append(Block("text", "") if title in ("*", "") else Block("term", title))
        elif not piece.startswith("="):
            found.append(Block("text", unpod(piece)))
    yield from documents([block for block in found if block.text])


def unpod(text: str) -> str:
    names = {"lt": "<", "gt": ">", "verbar": "|", "sol": "/"}
    for _ in range(4):  # codes may stand inside each other
        text = re.sub(r"E<(\w+)>", lambda found: names.get(found[1], ""), text) if "<" not in re.sub(r"E<\w+>", "", text) else text
        text = re.sub(r"[XZ]<[^<>]*>", "", text)
        text = re.sub(r"L<(?:([^<>|]*)\|)?([^<>]*)>", lambda found: found[1] or found[2].replace("/", " ").strip(' "'), text)
        text = re.sub(r"[BICFSN]<<+ (.*?) >+>", r"\1", re.sub(r"[BICFSN]<([^<>]*)>", r"\1", text))
    text = re.sub(r"E<(\w+)>", lambda found: names.get(found[1], ""), text)
    return " ".join(text.split())


def man_page(name: str, data: bytes, *, drop: str = "", skip: str = "", share: float = 1.0) -> Iterator[str]:
    """A manual page in roff: the man macros, and those that Tcl and Perl add."""
    if not wanted(name, skip, share):
        return
    text = decoded(data, name)
    if text.startswith(".so "):
        return
    text = text[max(text.find("\n.SH "), 0) :]
    text = re.sub(r"^\.(?:de|ig)\b.*?^\.\.$", "", text, flags=re.S | re.M)
    found: list[Block] = []
    words: list[str] = []
    term = code = False

    def end(kind: str = "text") -> None:
        body = "\n".join(words) if code else " ".join(words)
        words.clear()
        if body.strip():
            found.append(Block("code", textwrap.indent(body.strip("\n"), "    ")) if code else Block(kind, " ".join(body.split())))

    for line in text.split("\n"):
        macro, _, rest = line.partition(" ")
        rest = unroff(rest.strip())
        if macro in (".SH", ".SS"):
            end()
            code = False
            found.append(Block("heading", rest.capitalize() if rest.isupper() else rest, 2 if macro == ".SH" else 3))
        elif macro in (".nf", ".CS", ".Vb", ".EX", ".fi", ".CE", ".Ve", ".EE"):
            end()
            code = macro in (".nf", ".CS", ".Vb", ".EX")
        elif macro in (".PP", ".P", ".LP", ".sp", ".RS", ".RE", ".Sp", ".QW") and not code:
            end()
        elif macro in (".TP", ".IP", ".AP", ".OP") and not code:
            end()
            term = macro == ".TP"
            if macro != ".TP" and rest:
                found.append(Block("term", re.sub(r" \d+$| in(/out)?$", "", rest)))
        elif macro in (".B", ".I", ".BR", ".IR", ".BI", ".IB", ".RB", ".RI", ".SM") and rest:
            words.append(re.sub(r" (?=[,.;:)])", "", rest) if macro in (".BR", ".IR") else rest)
            if term:
                end("term")
                term = False
        elif not line.startswith((".", "'\\\"")):
            words.append(unroff(line))
            if term and not code:
                end("term")
                term = False
    end()
    found = [block for block in found if block.text.strip(" -o*•·") and not (drop and re.search(drop, block.text))]
    yield from documents(found)


def unroff(text: str) -> str:
    for sign, plain in {
        r"\(bu": "-",
        r"\(aq": "'",
        r"\(dq": '"',
        r"\(co": "©",
        r"\(em": "—",
        r"\(en": "–",
        r"\e": "\0",
        r"\-": "-",
    }.items():
        text = text.replace(sign, plain)
    text = re.sub(r"\\\*\(([CL]|R)[\"']?|\\\*\(--", lambda found: "-" if "--" in found[0] else '"', text)
    text = re.sub(r'\\f(?:\[\w*\]|\(\w\w|.)|\\s[-+]?\d|\\[&|^%c/,]|\\".*|\\\*.', "", text)
    return re.sub(r'(?<!\w)"([^"]*)"(?!\w)', r"\1", re.sub(r"\\ |\\~|\\0", " ", text)).replace("\0", "\\")


def jargon(name: str, data: bytes, *, unfit: str) -> Iterator[str]:
    """The Jargon File: entries, a few to a document, and the essays around them. `unfit` is a pattern of entries to leave out."""
    text = decoded(data, name).split("Welcome to the Jargon File", 2)[-1]
    text = re.sub(r"\{([^{}]+)\}|\[(?=[a-z ]+\] )(?:common|very common|[a-z ]+)\] ", r"\1", text)
    lump = ""
    for entry in re.split(r"\n(?=   :[^\n]*: )", text):
        if re.search(unfit, entry) or not is_fit(entry) or re.search(r"[═│┌]{3}", entry):
            continue
        paragraphs = [" ".join(piece.split()) for piece in re.split(r"\n[ \t]*\n", entry)]
        kept = [
            re.sub(r"^:([^\n]+?): ", r"\1, ", piece) for piece in paragraphs if piece and "cartoon" not in piece and "Crunchly" not in piece
        ]
        if len(lump) > 3000:
            yield tidy(lump.strip())
            lump = ""
        lump += "\n\n".join(kept)[:LONGEST] + "\n\n"
    yield tidy(lump.strip())
