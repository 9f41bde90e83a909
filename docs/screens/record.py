"""Run a command in a terminal of so many columns and rows, and draw what stood on its screen at a moment as an SVG.

python docs/screens/record.py docs/screens/train.svg --rows 40 --until "step 300" -- minigpt train "A GPT that writes haiku"

Without --until the last screen is drawn. The command always runs to its end. Needs a POSIX system, and pyte (the extra `dev`).
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import struct
import termios
from pathlib import Path
from select import select

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

FONT_FACE = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)  # rich's template asks a server for its font: any monospaced one will do
FRAME = 0.05  # seconds without output: a frame is whole
NAMED = {"brown": "yellow", "brightbrown": "bright_yellow"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("svg", type=Path)
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--until", help="draw the first screen that has this text")
    parser.add_argument("--title", default="minigpt")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def recorded(command: list[str], columns: int, rows: int, until: str | None) -> list[Text]:
    """The rows of the screen at that moment, or at the end."""
    screen = pyte.Screen(columns, rows)
    stream, found = pyte.ByteStream(screen), None
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    while True:
        if until and found is None and not select([terminal], [], [], FRAME)[0] and any(until in line for line in screen.display):
            found = shown(screen)
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the command has ended
            break
        stream.feed(data)
    os.waitpid(child, 0)
    return found or shown(screen)


def shown(screen: pyte.Screen) -> list[Text]:
    """What stands on the screen, without the empty rows below it."""
    lines = []
    for row in range(screen.lines):
        line = Text()
        for column in range(screen.columns):
            char = screen.buffer[row][column]
            line.append(
                char.data,
                Style(
                    color=colour(char.fg),
                    bold=char.bold,
                    dim=False,
                    italic=char.italics,
                    reverse=char.reverse,
                ),
            )
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def colour(name: str) -> str | None:
    """rich's name of a colour that pyte knows; None for the terminal's own."""
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return NAMED.get(name) or name.replace("bright", "bright_")


def main() -> None:
    a = parse()
    lines = recorded(a.command, a.columns, a.rows, a.until)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(
            record=True,
            width=a.columns,
            file=nowhere,
            force_terminal=True,
            color_system="truecolor",
        )
        for line in lines:
            console.print(line, soft_wrap=True)
        a.svg.write_text(FONT_FACE.sub("", console.export_svg(title=a.title)), encoding="utf-8")


if __name__ == "__main__":
    main()
