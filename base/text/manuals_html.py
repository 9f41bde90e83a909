"""A page of HTML documentation as blocks of plain text: headings, paragraphs, list items, terms, table rows and code."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
SKIPPED_TAGS = {"script", "style", "nav", "footer", "aside", "button", "svg", "form", "select", "head", "noscript", "template", "math"}
SKIPPED_CLASSES = set(
    "admonition-title api_metadata bd-sidebar bodyrightheader boring bottomlang brackets breadcrumb citation contents contributing"
    " copyright-notice doc-toc docfunding edit_on_github footer footnote footnote-brackets footnote-reference footnotes"
    " genindex-jumpbox hamburger headerlink highlight-copy indextable label langselector legalnotice lineno linenos mark math"
    " MathJax menu nav-wide-wrapper nav-wrapper navbar navfooter NAVFOOTER navheader NAVHEADER navsetbottom navsettop nboutput"
    " nosearch prev-next-area refelem related rst-footer-buttons searchbox sidebar sig-source sphinxsidebar"
    " sphx-glr-download-link-note sphx-glr-footer sphx-glr-signature srclink titlepage-copyright toc TOC tocset toctree"
    " toctree-wrapper top toplang type_stability versionbox viewcode-link wy-breadcrumbs".split()
)
SKIPPED_IDS = set(
    "apicontent-toc comments_section dev_warning footer headerbox leftnav menu page-header page-sidebar path quicknav quickview"
    " toc toc_deprecated".split()
)
BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "main",
    "blockquote",
    "figure",
    "figcaption",
    "center",
    "address",
    "hr",
    "caption",
    "details",
    "summary",
}
MARKED = {"note", "warning", "tip", "caution", "important", "hint", "danger"}  # classes of boxes, which get their name before the text


class Block(NamedTuple):
    kind: str  # heading, text, item, term, row or code
    text: str
    level: int = 0  # of a heading


class Page(HTMLParser):
    """Collects the blocks of the part of a page whose tag, class, id or role is `main`; all of its body if there is none such."""

    def __init__(self, main: str) -> None:
        super().__init__(convert_charrefs=True)
        self.main = main
        self.blocks: list[Block] = []
        self.words: list[str] = []  # of the block at hand
        self.inside = ("", 0) if main else ("nothing", 1)  # tag that we wait for to close, and how many of its name are open
        self.skipping = ("", 0)
        self.code = ("", 0)
        self.lists: list[int] = []  # of each open list: -1 for bullets, else the number of the last item
        self.marker = ""
        self.heading = 0
        self.term = False
        self.tables = 0
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipping[1]:
            self.skipping = deeper(self.skipping, tag)
            return
        found = {name: value or "" for name, value in attrs}
        classes = set(found.get("class", "").split())
        if not self.inside[1]:
            if self.main in ({tag, found.get("id", ""), found.get("role", "")} | classes):
                self.inside = (tag, 1)
            return
        self.inside = deeper(self.inside, tag)
        if tag not in VOID and (tag in SKIPPED_TAGS or classes & SKIPPED_CLASSES or found.get("id") in SKIPPED_IDS):
            self.skipping = (tag, 1)
        elif self.code[1]:
            self.code = deeper(self.code, tag)
            if tag == "br":
                self.words.append("\n")
        elif tag == "pre" or classes & {"RktBlk", "SCodeFlow"}:
            self.flush()
            self.code = (tag, 1)
        else:
            self.opened(tag, classes)

    def opened(self, tag: str, classes: set[str]) -> None:
        if tag in BLOCKS:
            self.flush()
            if classes & MARKED and "admonition" in classes:
                self.words.append(next(iter(classes & MARKED)).capitalize() + ": ")
        elif re.fullmatch("h[1-6]", tag):
            self.flush()
            self.heading = int(tag[1])
        elif tag in ("ul", "ol"):
            self.flush()
            self.lists.append(-1 if tag == "ul" else 0)
        elif tag == "li":
            self.flush()
            if self.lists and self.lists[-1] >= 0:
                self.lists[-1] += 1
            self.marker = f"{self.lists[-1]}. " if self.lists and self.lists[-1] > 0 else "- "
        elif tag in ("dt", "dd"):
            self.flush()
            self.term = tag == "dt"
        elif tag == "table":
            self.flush()
            self.tables += 1
        elif tag in ("td", "th", "tr"):
            self.cell()
        elif tag == "br":
            self.words.append(" " if self.tables else "\n")
        elif "classifier" in classes:  # the type of a parameter
            self.words.append(" : ")

    def handle_endtag(self, tag: str) -> None:
        if self.skipping[1]:
            self.skipping = shallower(self.skipping, tag)
        elif self.code[1]:
            self.code = shallower(self.code, tag)
            if self.code[1] == 0:
                self.flush("code")
            elif tag == "tr":
                self.words.append("\n")
        elif self.inside[1]:
            self.closed(tag)
        self.inside = shallower(self.inside, tag)

    def closed(self, tag: str) -> None:
        if tag in BLOCKS or tag in ("li", "dt", "dd", "dl") or re.fullmatch("h[1-6]", tag):
            self.flush()
            self.term = False
            self.heading = 0
        elif tag in ("ul", "ol"):
            self.flush()
            self.marker = ""
            del self.lists[-1:]
        elif tag in ("td", "th"):
            self.cell()
        elif tag == "tr":
            self.row()
        elif tag == "table":
            self.row()
            self.flush()
            self.tables = max(self.tables - 1, 0)

    def end(self) -> None:
        """At the page's end."""
        super().close()
        self.tables = 0
        self.flush()

    def handle_data(self, data: str) -> None:
        if self.inside[1] and not self.skipping[1]:
            self.words.append(data if self.code[1] else re.sub(r"\s+", " ", data))

    def cell(self) -> None:
        """The words so far are one cell of a table's row."""
        text = clean("".join(self.words)).replace("\n", " ")
        self.words = []
        if text:
            self.cells.append(text)

    def row(self) -> None:
        self.cell()
        if self.cells:
            first, *others = self.cells
            between = " " if first.endswith(":") else ": " if len(others) == 1 else " | "
            self.blocks.append(Block("row", between.join([first, *others])))
        self.cells = []

    def flush(self, kind: str = "text") -> None:
        """Ends the block at hand. Inside a table a block ends no cell."""
        if self.tables and kind == "text":
            self.words.append(" ")
            return
        text = "".join(self.words)
        self.words = []
        if kind == "code":
            self.cells = []
            lines = [line.rstrip() for line in text.replace("\xa0", " ").expandtabs(4).split("\n")]
            if re.match(r"\s*1 ", "\n".join(lines)) and all(re.match(r"\s*\d+(?: |$)", line) for line in lines if line):
                lines = [re.sub(r"^\s*\d+ ?", "", line) for line in lines]  # numbered
            text = "\n".join(lines).strip("\n")
            if text.strip():
                self.blocks.append(Block("code", "\n".join("    " + line if line else "" for line in text.split("\n"))))
            return
        text = clean(text)
        if not text or text in ("Note:", "Warning:", "Tip:"):
            return
        indent = "  " * (len(self.lists) - 1)
        if self.heading:
            self.blocks.append(Block("heading", text.replace("\n", " "), self.heading))
        elif self.marker:
            self.blocks.append(Block("item", indent + self.marker + text))
        elif self.term:
            self.blocks.append(Block("term", text.replace("\n", " ")))
        else:
            self.blocks.append(Block("text", text))
        self.marker = ""


def deeper(state: tuple[str, int], tag: str) -> tuple[str, int]:
    return (state[0], state[1] + 1) if tag == state[0] and state[1] else state


def shallower(state: tuple[str, int], tag: str) -> tuple[str, int]:
    return (state[0], state[1] - 1) if tag == state[0] and state[1] else state


def clean(text: str) -> str:
    """Inline text on one line per <br>, without the signs that documentation tools add."""
    text = re.sub(r"[¶\u200b\u00ad]|\[source\]|\[\d{1,3}\](?!\w)", "", text).replace("\xa0", " ")
    lines = [re.sub(r"[ \t\r\f]+", " ", line).strip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line)


def blocks_of(html: str, mains: list[str]) -> list[Block]:
    """The page's blocks: of the first of `mains` that the page has."""
    for main in [*mains, "body", ""]:
        page = Page(main)
        page.feed(html)
        page.end()
        if page.blocks:
            return page.blocks
    return []
