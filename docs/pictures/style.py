"""One look for all pictures: width, fonts, colours, and how a figure is written to the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

WIDTH = 7.5  # inches: 720 pixels on a page
TEXT, SMALL, HEAD = 10.5, 9, 11.5  # points

# Three of the colours that colour-blind readers can tell apart (Okabe & Ito 2008), two of them darker,
# so that small text in them is legible on white.
INK, GREY, LIGHT, FAINT = "#222222", "#6b6b6b", "#cfcfcf", "#efefef"
BLUE, ORANGE, GREEN = "#0072b2", "#c04f00", "#00785a"

SETTINGS = {
    "svg.fonttype": "path",  # outlines: the same on every machine
    "svg.hashsalt": "minigpt",  # the same ids in every file
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": TEXT,
    "axes.labelsize": TEXT,
    "axes.titlesize": HEAD,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
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
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",  # also where the page is dark
    "savefig.facecolor": "white",
}


def tint(color: str, share: float) -> str:
    """A colour mixed with white: `share` of it, 0 to 1."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (part - 255)):02x}" for part in parts)


def figure(height: float) -> Any:
    """An empty figure of the common width, in the common look. Height in inches."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(matplotlib.rcParamsDefault)
    matplotlib.use("svg")
    matplotlib.rcParams.update(SETTINGS)
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height))


def axes(fig: Any, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place given in inches from the lower left corner."""
    w, h = fig.get_size_inches()
    return fig.add_axes((left / w, bottom / h, width / w, height / h))


def canvas(fig: Any, height: float) -> Any:
    """Axes over the whole figure, without lines, whose units are inches."""
    ax = axes(fig, 0, 0, WIDTH, height)
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, height)
    ax.axis("off")
    return ax


def save(fig: Any, name: str, title: str) -> Path:
    """Write NAME.svg beside the programs: the same bytes every time."""
    path = HERE / f"{name}.svg"
    fig.savefig(path, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    return path
