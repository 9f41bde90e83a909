"""All that a GPU can tell about minigpt, in one go of a few minutes, without a network.

python benchmarks/gpu.py                      # JSON to gpu.json, or to $OUT/gpu.json where OUT is set
python benchmarks/gpu.py --seconds 540        # more time: more of the compiled peers, more of the gradient check
python benchmarks/gpu.py --only training,launches
python benchmarks/gpu.py --rehearse           # without a GPU, tiny: does every line run?

Sections, the most valuable first: ceilings of the machine; the gradient check on the device; gradients against the CPU in
float64; losses over fifty steps; tokens/s beside PyTorch; decoding; launches and time by kernel; out of memory. Each runs in a
process of its own, which is ended when its time is over (an error on a GPU leaves its process unusable); time that a section
leaves goes to those that follow. What a section has measured is kept, whatever happens to it. A missing library costs what needs it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from gpu_sections import SECTIONS  # noqa: E402

LEAST = 5.0  # seconds that a section needs to begin
LAST_WORDS = 4.0  # seconds between a section's own end and the end of its process


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=270, help="for all sections together")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", ".")) / "gpu.json")
    parser.add_argument("--only", default="", help="sections, of " + ", ".join(SECTIONS))
    parser.add_argument("--rehearse", action="store_true", help="over the strict stand-in and PyTorch on the CPU, tiny")
    parser.add_argument("--section", nargs=3, help=argparse.SUPPRESS)  # name, seconds, where its results go
    return parser.parse_args()


def child(name: str, seconds: float, out: Path, rehearse: bool) -> int:
    """Run one section in this process."""
    try:
        from gpu_sections.context import Context

        context = Context(out, seconds, rehearse)
        getattr(import_module(f"gpu_sections.{SECTIONS[name][0]}"), name)(context)
    except Exception:
        traceback.print_exc(limit=-4)
        return 1
    return 0


def run(name: str, seconds: float, a: argparse.Namespace) -> dict[str, Any]:
    """One section: its results, its seconds, how it ended. Its error output goes to ours, its last lines also to the results."""
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder) / "results.json", Path(folder) / "errors"
        own = max(seconds - LAST_WORDS, seconds / 2)
        command = [sys.executable, str(Path(__file__).resolve()), "--section", name, f"{own:.1f}", str(out)]
        start = time.monotonic()
        with errors.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(command + ["--rehearse"] * a.rehearse, stderr=stream, start_new_session=True)
            try:
                process.wait(seconds)
                ended = "whole" if process.returncode == 0 else f"failed with status {process.returncode}"
            except subprocess.TimeoutExpired:
                ended = f"its {seconds:.0f} seconds were over"
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # with its compilers
                    process.wait()
        said = errors.read_text(encoding="utf-8", errors="replace").strip()
        results = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    if ended != "whole" and said:
        print(said[-1500:], flush=True)
    return {"ended": ended, "seconds": round(time.monotonic() - start, 1), "errors": said[-1500:], **results}


def main() -> int:
    a = parse()
    if a.section:
        return child(a.section[0], float(a.section[1]), Path(a.section[2]), a.rehearse)
    end = time.monotonic() + a.seconds
    names = [name for name in SECTIONS if name in a.only.split(",") or not a.only]
    found: dict[str, Any] = {"rehearsal": a.rehearse, "seconds": a.seconds}
    for i, name in enumerate(names):
        left = end - time.monotonic()
        share = SECTIONS[name][1] / sum(SECTIONS[n][1] for n in names[i:])
        if left < LEAST:
            found[name] = {"ended": f"left out: {left:.0f} s left"}
        else:
            print(f"{name}: at most {left * share:.0f} s", flush=True)
            found[name] = run(name, left * share, a)
        print(f"{name}: {found[name]['ended']}, {found[name].get('seconds', 0)} s", flush=True)
        a.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
