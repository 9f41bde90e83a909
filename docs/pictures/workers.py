"""Two workers over one step of the 12M model, by the clock."""

from __future__ import annotations

from typing import Any

from .example import stored

TITLE = "Two workers over one step"
STAGES = (
    "forward",
    "logits",
    "loss backward",
    "backward",
    "embedding",
    "add up",
    "update",
)  # in order


def data() -> dict[str, Any]:
    """The stored spans; of each stage its first start and last end; and the share of both workers'
    time in which they computed."""
    found = stored("workers")
    spans = [tuple(span) for span in found["spans"]]
    stages = {
        stage: (
            min(s[2] for s in spans if s[1] == stage),
            max(s[3] for s in spans if s[1] == stage),
        )
        for stage in STAGES
    }
    busy = sum(end - start for thread, _, start, end in spans if thread)
    total = found["milliseconds"]
    return {"spans": spans, "stages": stages, "total": total, "busy": busy / (2 * total)}


def draw(d: dict[str, Any]) -> Any:
    """The whole step, and below it two stretches magnified."""
    from . import style

    height = 4.2
    fig = style.figure(height)
    page = style.canvas(fig, height)
    stages, total = d["stages"], d["total"]
    whole = Lanes(page, d, 0.9, 7.2, 2.85, 0, total)
    whole.bars({"forward": "forward", "backward": "backward"})
    page.text(7.2, 3.95, f"one step: {total:.0f} ms, workers busy {d['busy']:.0%}", ha="right", va="center",
              fontsize=style.HEAD)  # fmt: skip
    for worker in (1, 2):
        page.text(0.8, whole.y(worker) + 0.15, f"worker {worker}", ha="right", va="center")
    loss = Lanes(page, d, 0.9, 3.75, 0.75, stages["logits"][0], stages["loss backward"][1])
    end = Lanes(page, d, 4.35, 7.2, 0.75, stages["backward"][1], total)
    for lanes, words in ((loss, {"logits": "logits", "loss backward": "their gradients"}),
                         (end, {"embedding": "", "add up": "add up", "update": "update"})):  # fmt: skip
        whole.magnified(lanes)
        lanes.bars(words)
        page.text(
            (lanes.left + lanes.right) / 2,
            0.25,
            f"{lanes.high - lanes.low:.0f} ms",
            ha="center",
            va="center",
            fontsize=style.SMALL,
        )
    return fig


class Lanes:
    """A stretch of time, from `low` to `high` ms, drawn from `left` to `right` inches: a lane a worker."""

    TALL = 0.3

    def __init__(
        self,
        page: Any,
        d: dict[str, Any],
        left: float,
        right: float,
        y: float,
        low: float,
        high: float,
    ) -> None:
        self.page, self.spans, self.left, self.right, self.bottom = page, d["spans"], left, right, y
        self.low, self.high = low, high

    def x(self, ms: float) -> float:
        """The place of a time, in inches."""
        return self.left + (self.right - self.left) * (ms - self.low) / (self.high - self.low)

    def y(self, worker: int) -> float:
        """The lower edge of a worker's lane; the caller's own (0) is the thinnest, between."""
        return self.bottom + (0.4 if worker == 1 else 0)

    def bars(self, words: dict[str, str]) -> None:
        """What was computed in this stretch; the words stand in the bars."""
        from matplotlib.patches import Rectangle

        from . import style

        colors = {"forward": style.BLUE, "logits": style.GREY, "loss backward": style.INK, "backward": style.ORANGE,
                  "embedding": style.ORANGE, "add up": style.GREY, "update": style.GREEN}  # fmt: skip
        for thread, stage, start, end in self.spans:
            if start < self.low - 0.01 or end > self.high + 0.01:
                continue
            a, b = self.x(start), self.x(end)
            y, tall = (self.y(thread), self.TALL) if thread else (self.bottom, 0.7)
            self.page.add_patch(
                Rectangle(
                    (a, y), b - a, tall, facecolor=style.tint(colors[stage], 0.4), linewidth=0
                )
            )
            if words.get(stage):
                self.page.text(
                    (a + b) / 2,
                    y + tall / 2,
                    words[stage],
                    ha="center",
                    va="center",
                    fontsize=style.SMALL,
                )

    def magnified(self, below: Lanes) -> None:
        """Lines from a stretch of these lanes to those that show it larger."""
        from . import style

        for ms, end in ((below.low, below.left), (below.high, below.right)):
            self.page.plot([self.x(ms), self.x(ms), end], [self.bottom + 0.75, self.bottom - 0.05, below.bottom + 0.75],
                           color=style.LIGHT, linewidth=0.8, zorder=0)  # fmt: skip
