"""Lines that stay on the screen: of the plan and result, of evaluations, of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from minigpt.cli.screen.figures import Figures
from minigpt.disk.foreign import one_line, printable

if TYPE_CHECKING:
    from minigpt.training import Report

INDENT, NARROW = 10, 50  # the column where the text of a plan's line begins; columns below which it follows its topic
SAMPLE_LINES = 4  # of a sample while the model learns
SPARE = (4, 1, 0)  # parts of an evaluation's line, in the order in which a narrow terminal does without them


def plan(topic: str, text: str, width: int | None, pen: Console) -> list[Text]:
    """A line of the plan or the result, with a hanging indent. What stands in parentheses at its end is said in passing."""
    topic, narrow = one_line(topic), width is not None and width < NARROW
    line = Text.assemble((topic if narrow and topic else f"{topic:<{INDENT - 2}}", "bold"), "  ", one_line(text))
    if (aside := line.plain.rfind(" (")) > 0 and line.plain.endswith(")"):
        line.stylize("dim", aside)
    if narrow:
        return wrapped(line if topic else line[INDENT - 2 :], 2 if not topic else 0, width, pen, after=2)
    return wrapped(line, INDENT, width, pen)


def wrapped(text: Text, indent: int, width: int | None, pen: Console, after: int | None = None) -> list[Text]:
    """A text wrapped to `width` (None: not at all). Its first `indent` characters stand before the first line, as many spaces before the
    others, or `after`."""
    if width is None:
        return [text]
    after = indent if after is None else after
    head, rest = text[:indent], text[indent:]
    lines = list(rest.wrap(pen, max(8, width - max(indent, after)))) or [Text()]
    for line in lines:
        line.rstrip()
    return [Text.assemble(Text(" " * after) if number else head, line) for number, line in enumerate(lines)]


def evaluation(figures: Figures, report: Report, best: bool, width: int) -> Text:
    """The losses after a step, on one line."""
    _, loss, held_out, _, _ = figures.parts()
    step = f"step {figures.step:{len(f'{figures.total:,}')},}"
    parts = [step, f"epoch {report.epoch:.2f}", loss, held_out, "best" if best else ""]
    for spare in SPARE:
        if len("  ".join(part for part in parts if part)) > width:
            parts[spare] = ""
    styles = ("", "dim", "", "green" if best else "", "bold green")
    line = Text("  ").join(Text(part, style) for part, style in zip(parts, styles, strict=True) if part)
    line.truncate(width)
    return line


def recorded(figures: Figures, report: Report) -> str:
    """The same for a log, with time left and speed."""
    step, loss, held_out, left, speed = figures.parts()
    return "  ".join(part for part in (step, f"epoch {report.epoch:.2f}", loss, held_out, left, speed) if part)


def sample(head: str, text: str, width: int, pen: Console, ellipsis: str) -> list[Text]:
    """The beginning of a sample under its heading."""
    shown = [line for part in printable(text).expandtabs(4).splitlines() if part.strip()
             for line in wrapped(Text(f"  {part.rstrip()}", "cyan"), 2, width, pen)]  # fmt: skip
    if len(shown) > SAMPLE_LINES:
        shown = shown[:SAMPLE_LINES]
        shown[-1].truncate(width - len(ellipsis))
        shown[-1].append(ellipsis, "cyan")
    return [Text(f"{head}:", "dim"), *shown]
