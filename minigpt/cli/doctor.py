"""`minigpt doctor` and `minigpt --version`."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minigpt import __version__
from minigpt.cli.common import command, is_terminal, models_option, show
from minigpt.disk.foreign import one_line
from minigpt.errors import MinigptError, counted
from minigpt.machine import spare_blas

if TYPE_CHECKING:
    from minigpt.run.checkup.finding import Finding

WIDE, LEAST, WHOLE = 100, 24, 10_000  # characters of a line on a terminal, at most and at least, and elsewhere
SHOWN = {"good": "ok", "note": "note", "fault": "FAULT"}


@command("doctor")
@models_option
@click.option("--json", "as_json", is_flag=True, help="One object of JSON instead of lines.")
def doctor_command(models_dir: str, as_json: bool) -> None:
    """Check this machine, and say how to fix what is wrong.

    Tries Python, NumPy, BLAS, numba, the GPU, memory, disk, the terminal, the base and Ollama. A note is about something that minigpt
    can do without. The exit status is 1 if there is a fault.
    """
    from minigpt.run.checkup.whole import check_up

    found = []
    for finding in check_up(Path(models_dir)):
        for one in [terminal(), finding] if finding.topic == "Base" else [finding]:
            found.append(one)
            if not as_json:
                show("\n".join(lines(one, width())))
    faults = [finding.topic for finding in found if finding.state == "fault"]
    if as_json:
        show(json.dumps({"minigpt": __version__, "healthy": not faults, "findings": [asdict(finding) for finding in found]}))
    elif not faults:
        show("minigpt has what it needs.")
    if faults:
        raise MinigptError(f"{counted(len(faults), 'fault')}: {', '.join(faults)}")


def terminal() -> Finding:
    """What the terminal can show."""
    from minigpt.run.checkup.finding import NOTE, Finding

    encoding = (getattr(sys.stdout, "encoding", None) or "unknown").lower()
    size = shutil.get_terminal_size()
    kind = f"{size.columns} x {size.lines}, TERM={os.environ.get('TERM') or 'unset'}" if is_terminal(sys.stdout) else "not a terminal"
    if encoding.replace("-", "").startswith("utf8"):
        return Finding("Terminal", f"{kind}, {encoding}")
    fix = "set PYTHONUTF8=1, or LC_ALL=C.UTF-8"
    return Finding("Terminal", f"{kind}, {encoding}: other characters are shown as ?", NOTE, fix)


def lines(finding: Finding, room: int) -> list[str]:
    """A finding, and its remedy on lines of its own, wrapped to the terminal under a hanging indent."""
    head = f"{SHOWN[finding.state]:<6}{finding.topic:<10}"
    indent = " " * (len(head) if room >= 60 else 6)
    wrap = textwrap.TextWrapper(room, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
    return wrap.wrap(one_line(head + finding.text)) + (wrap.wrap(f"{indent}fix: {one_line(finding.fix)}") if finding.fix else [])


def width() -> int:
    """The characters of a line; a pipe gets whole ones."""
    return max(LEAST, min(WIDE, shutil.get_terminal_size().columns - 1)) if is_terminal(sys.stdout) else WHOLE


def show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """--version: what somebody asks first who wants to help."""
    if not value or ctx.resilient_parsing:
        return
    spare_blas()
    show(f"minigpt {__version__}")
    show(f"Python  {platform.python_version()}")
    try:
        import numpy as np

        from minigpt.run.checkup.computing import device_line
        from minigpt.run.provenance import blas

        show(f"NumPy   {np.__version__}\nBLAS    {blas()}\nDevice  {device_line()}")
    except ImportError as error:
        show(f"NumPy   {one_line(str(error).splitlines()[0])}")
    ctx.exit()
