"""One look for all pictures: width, fonts, colours, and how a figure is written to the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

WIDTH = 7.5  # inches: 720 pixels on a page
TEXT, SMALL, HEAD = 10.5, 9, 11.5  # points

# Three colours that colour-blind readers can tell apart (Okabe & Ito 2008), two of them darkened
# until small text in them is legible on white.
INK, GREY, LIGHT, FAINT = "#222222", "#6b6b6b", "#cfcfcf", "#efefef"
BLUE, ORANGE, GREEN = "#0072b2", "#c04f00", "#00785a"

DASHES = (0, (4, 3))

SETTINGS = {
    "svg.fonttype": "path",  # outlines: the same on every machine
    "svg.hashsalt": "minigpt",  # the same ids in every file
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": TEXT,
    "axes.labelsize": TEXT,
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
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(matplotlib.rcParamsDefault)
    matplotlib.rcParams.update(SETTINGS)
    return Figure(figsize=(WIDTH, height))


def axes(fig: Any, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place given in inches from the lower left corner."""
    w, h = fig.get_size_inches()
    return fig.add_axes((left / w, bottom / h, width / w, height / h))


def page(fig: Any) -> Any:
    """Axes over the whole figure, without lines, whose units are inches."""
    width, height = fig.get_size_inches()
    ax = axes(fig, 0, 0, width, height)
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    ax.axis("off")
    return ax


def write(ax: Any, x: float, y: float, words: str, color: str = INK, **more: Any) -> None:
    """Small text, centred at a point unless `more` says otherwise."""
    ax.text(x, y, words, color=color, **{"ha": "center", "va": "center", "fontsize": SMALL, **more})


def line(ax: Any, xs: Any, ys: Any, color: str = LIGHT, **more: Any) -> None:
    """A thin line behind everything else."""
    ax.plot(xs, ys, color=color, **{"linewidth": 0.8, "zorder": 0, **more})


def box(ax: Any, x: float, y: float, width: float, height: float, color: str, **more: Any) -> None:
    """A filled rectangle, by default without an edge."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((x, y), width, height, facecolor=color, **{"linewidth": 0, **more}))


def arrow(ax: Any, start: Any, stop: Any, color: str = INK, **more: Any) -> None:
    """An arrow from a point to another."""
    look = {"arrowstyle": "-|>", "color": color, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", stop, start, arrowprops={**look, "mutation_scale": 12, **more})


def point_out(ax: Any, point: Any, words: str, at: Any, color: str = INK, **more: Any) -> None:
    """Small text at a place, and a thin line from it to a point."""
    look = {"arrowstyle": "-", "color": GREY, "linewidth": 0.8, "shrinkB": 3}
    more = {"ha": "center", "va": "center", "fontsize": SMALL, **more}
    ax.annotate(words, point, at, color=color, arrowprops=look, **more)


def save(fig: Any, name: str, title: str) -> Path:
    """Write NAME.svg beside the programs: the same bytes every time."""
    path = HERE / f"{name}.svg"
    fig.savefig(path, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    return path
