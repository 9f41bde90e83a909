"""Two workers over one step of the 12M model, by the clock."""

from __future__ import annotations

from typing import Any

from .example import stored

TITLE = "Two workers over one step"
STAGES = ("forward", "logits", "loss backward", "backward", "embedding", "add up", "update")
TALL, APART = 0.3, 0.4  # inches: a lane, and from one to the next


def data() -> dict[str, Any]:
    """The stored spans; of each stage its first start and last end; and the share of the workers'
    time in which they computed."""
    found = stored("workers")
    spans = [tuple(span) for span in found["spans"]]
    stages = {}
    for stage in STAGES:  # in order
        own = [span for span in spans if span[1] == stage]
        stages[stage] = min(start for *_, start, _ in own), max(end for *_, end in own)
    busy = sum(end - start for thread, _, start, end in spans if thread)
    total = found["milliseconds"]
    return {"spans": spans, "stages": stages, "total": total, "busy": busy / (2 * total)}


def draw(d: dict[str, Any]) -> Any:
    """The whole step, and below it two stretches magnified."""
    from . import style

    fig = style.figure(3.5)
    page = style.page(fig)
    stages, total = d["stages"], d["total"]
    words = f"{total:.0f} ms, of which the workers compute {d['busy']:.0%}"
    style.write(page, 0.9, 3.3, words, ha="left", fontsize=style.HEAD)
    whole = Lanes(page, d["spans"], 0.9, 7.2, 2.25, 0, total)
    whole.draw({"forward": "forward", "backward": "backward"})
    for worker in (1, 2):
        middle = whole.y(worker) + TALL / 2
        style.write(page, 0.8, middle, f"worker {worker}", ha="right")
    loss = stages["logits"][0], stages["loss backward"][1]
    end = stages["embedding"][0], total
    for left, right, (low, high), names in (
        (0.9, 3.6, loss, {"logits": "logits", "loss backward": "gradients"}),
        (4.5, 7.2, end, {"add up": "sum", "update": "update"}),
    ):
        lanes = Lanes(page, d["spans"], left, right, 0.6, low, high)
        whole.magnified(lanes)
        lanes.draw(names)
        name = "the loss" if left < 1 else "embedding, sum of the gradients, update"
        style.write(page, (left + right) / 2, 0.35, f"{name}: {high - low:.0f} ms")
    return fig


class Lanes:
    """A stretch of time, `low` to `high` ms, from `left` to `right` inches; a lane a worker."""

    def __init__(
        self, page: Any, spans: Any, left: float, right: float, y: float, low: float, high: float
    ) -> None:
        self.page, self.spans, self.left, self.right, self.bottom = page, spans, left, right, y
        self.low, self.high = low, high

    def x(self, ms: float) -> float:
        """The place of a time, in inches."""
        return self.left + (self.right - self.left) * (ms - self.low) / (self.high - self.low)

    def y(self, worker: int) -> float:
        """The lower edge of a worker's lane."""
        return self.bottom + APART * (2 - worker)

    def draw(self, words: dict[str, str]) -> None:
        """What was computed in this stretch; the words stand in the bars of the first worker."""
        from . import style

        colors = dict.fromkeys(STAGES, style.GREY)
        colors |= {"forward": style.BLUE, "backward": style.ORANGE, "update": style.GREEN}
        inside = [span for span in self.spans if self.low <= span[2] and span[3] <= self.high]
        for thread, stage, start, end in inside:
            a, b, color = self.x(start), self.x(end), style.tint(colors[stage], 0.4)
            if thread:
                style.box(self.page, a, self.y(thread), b - a, TALL, color)
            else:  # the caller's own work stands across both lanes
                style.box(self.page, a, self.bottom, b - a, APART + TALL, color)
            if thread == 1:
                style.write(self.page, (a + b) / 2, self.y(1) + TALL / 2, words.get(stage, ""))

    def magnified(self, below: Lanes) -> None:
        """Lines from a stretch of these lanes to those that show it larger."""
        from . import style

        for ms, end in ((below.low, below.left), (below.high, below.right)):
            ys = self.bottom + APART + TALL, self.bottom, below.bottom + APART + TALL
            style.line(self.page, [self.x(ms), self.x(ms), end], ys)
