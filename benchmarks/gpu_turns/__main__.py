"""python -m benchmarks.gpu_turns --out turns.json --seconds 200

Sections: speed, ceilings. Each has its own time cap; what fails is noted and the rest runs. The JSON is written after each section.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .sections import SECTIONS, SHAPES


class Turns:
    """The results so far, and the time left."""

    def __init__(self, out: Path, seconds: float, shapes: int) -> None:
        self.out, self.start, self.seconds = out, time.monotonic(), seconds
        self.shapes = shapes
        self.results: dict[str, Any] = {}

    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.start)

    def section(self, name: str, run: Callable[[Turns, dict], None], cap: float) -> None:
        """Run a section into results[name], within its cap and the time left."""
        cap = min(cap, self.left())
        found = self.results[name] = {}
        if cap < 5:
            found["left out"] = "no time left"
            return self.write()
        begun = time.monotonic()
        signal.signal(signal.SIGALRM, self.late)
        signal.setitimer(signal.ITIMER_REAL, cap)
        try:
            run(self, found)
        except Exception:  # whatever it is, the other sections still run
            found["failed"] = traceback.format_exc().splitlines()[-12:]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        found["seconds"] = round(time.monotonic() - begun, 1)
        print(f"== {name}: {found['seconds']} s", *found.get("failed", []), sep="\n   ", flush=True)
        self.write()

    def late(self, *_: Any) -> None:
        raise TimeoutError("the section's time is over")

    def write(self) -> None:
        self.out.write_text(json.dumps(self.results, indent=1, default=str))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("turns.json"))
    parser.add_argument("--seconds", type=float, default=200)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by commas")
    parser.add_argument("--shapes", type=int, default=len(SHAPES), help="of speed, so many")
    a = parser.parse_args()
    turns = Turns(a.out, a.seconds, a.shapes)
    wanted = [name for name in SECTIONS if name in a.only.split(",")]
    for name in wanted:
        turns.section(name, *SECTIONS[name])


if __name__ == "__main__":
    main()
