"""matplotlib -> pictures: files for a lesson, and SVG inside a page, which takes its colours from the page, in light and dark.

matplotlib is imported here alone, and only when something is drawn: it takes a second.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from markupsafe import Markup

from minigpt.disk.files import write_bytes
from minigpt.disk.foreign import printable
from minigpt.errors import WrongUsage

# Okabe & Ito 2008, two of them darkened: colour-blind readers can tell them apart.
INK, GREY, LIGHT, BLUE, ORANGE, GREEN = "#222222", "#6b6b6b", "#cfcfcf", "#0072b2", "#c04f00", "#00785a"
NAMES = {INK: "ink", GREY: "grey", LIGHT: "light", BLUE: "blue", ORANGE: "orange", GREEN: "green"}  # the page's variables
LINES = [BLUE, ORANGE, GREEN, "#a8336e", "#7a6a00", "#4d4d9e", "#8c564b", INK]  # of several runs
POINT = 72  # points an inch: the unit of an SVG from matplotlib
KINDS = ("svg", "png", "pdf")
# Fonts for scripts that matplotlib's own lacks, where they are installed.
SCRIPTS = "CJK \\w+|Arabic|Hebrew|Devanagari|Thai|Bengali|Tamil"
OTHERS = re.compile(rf"Noto Sans ({SCRIPTS})|WenQuanYi Zen Hei|Hiragino Sans|Microsoft YaHei|Arial Unicode MS")
SETTINGS = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "minigpt",  # the same ids every time
    "text.parse_math": False,  # a dollar sign in a text is a dollar sign
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.5,
}


@contextmanager
def drawing() -> Iterator[None]:
    """matplotlib in the look of our pictures, whatever its user's settings are, and silent: a missing letter is worth no line."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib.style
        from matplotlib.font_manager import fontManager

        others = [name for name in dict.fromkeys(font.name for font in fontManager.ttflist) if OTHERS.fullmatch(name)]
        with matplotlib.style.context(["default", {**SETTINGS, "font.family": ["DejaVu Sans", *sorted(others)]}]):
            yield


def figure(width: float, height: float) -> Any:
    """An empty figure whose parts find their places by themselves; inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def axes(width: float, height: float) -> Any:
    """Axes alone in a figure, with margins for the labels; inches. Three times as fast to draw."""
    from matplotlib.figure import Figure

    left, right, bottom, top = 0.62 / width, 0.08 / width, 0.44 / height, 0.27 / height
    return Figure(figsize=(width, height)).add_axes((left, bottom, 1 - left - right, 1 - bottom - top))


def svg(fig: Any) -> str:
    """A figure as SVG: the same bytes every time."""
    file = io.StringIO()
    fig.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return re.sub("[\ufffe\uffff]", "", printable(file.getvalue()))  # what XML forbids


def inline(fig: Any, name: str, label: str) -> Markup:
    """A figure as an SVG element of a page, transparent, in the page's colours and font. `name`: unique in the page; `label`: for screen
    readers."""
    fig.patch.set_alpha(0)
    for ax in fig.axes:
        ax.patch.set_alpha(0)
    text = svg(fig)
    text = re.sub(r"<style[^>]*>.*?</style>|<metadata>.*?</metadata>|<defs>\s*</defs>|<!--.*?-->", "", text, flags=re.DOTALL)
    head, body = re.match(r".*?<svg([^>]*)>(.*)</svg>", text, flags=re.DOTALL).groups()  # type: ignore[union-attr]
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([\w.-]+)', body))
    body = re.sub(r' id="([\w.-]+)"', lambda id: f' id="{name}-{id[1]}"' if id[1] in used else "", body)
    body = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", body).replace("xlink:href", "href")
    body = re.sub(r"font: (?:\w+ )*([\d.]+)px [^;\"]*", r"font-size: \1px", re.sub(r"font-family: [^;\"]*;? ?", "", body))
    body = re.sub("|".join(NAMES), lambda color: f"var(--{NAMES[color[0]]})", body)

    box = re.search(r'viewBox="([^"]*)"', head)[1]  # type: ignore[index]
    width = round(float(box.split()[2]) * 96 / POINT)
    body = "\n".join(line.strip() for line in body.splitlines() if line.strip())
    start = f'<svg id="{name}" viewBox="{box}" style="max-width: {width}px" role="img" aria-label="{Markup.escape(label)}">'
    return Markup(f"{start}{body}</svg>")  # the texts in it were escaped by matplotlib


def places(ax: Any, xs: Any) -> list[float]:
    """The horizontal places of values in an SVG, in its units. The figure must have been drawn."""
    dots = ax.figure.dpi / POINT
    return [round(float(ax.transData.transform((x, 0))[0]) / dots, 1) for x in xs]


def kind_of(path: Path) -> str:
    """The format that the ending of a file's name asks for."""
    kind = path.suffix.lstrip(".").lower()
    if kind not in KINDS:
        raise WrongUsage(f"{path}: a picture's name ends in .svg, .png or .pdf, which decides its format")
    return kind


def save(fig: Any, path: Path) -> None:
    """Write a figure to a file, on white, in the format of its ending."""
    kind = kind_of(path)
    if kind == "svg":
        data = svg(fig).encode("utf-8", "replace")
    else:
        file = io.BytesIO()
        fig.savefig(file, format=kind, dpi=200, metadata={"Software": None} if kind == "png" else {"CreationDate": None})
        data = file.getvalue()
    write_bytes(path, data)
