"""Tables in Markdown of what was measured:
python -m benchmarks.gpu_turns.report turns.json gpu.json > tables.md"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OURS = ("ours", "ours, bfloat16", "ours, float32")
PEERS = ("eager", "reduce-overhead", "compile", "graph", "compiled-graph")


def line(cells: list[Any]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: list[str], rows: list[list[Any]]) -> str:
    return "\n".join([line(head), line(["---"] * len(head)), *(line(row) for row in rows)]) + "\n"


def rate(one: dict[str, float] | None) -> str:
    """Thousand tokens/s; in brackets the middle half of the rounds; * where the host bounds it."""
    if not one:
        return ""
    host = "*" if one.get("host ms", 0) > 0.9 * one.get("step ms", 1e9) else ""
    return f"{one['median']:,.0f}{host} ({one['q1']:,.0f}-{one['q3']:,.0f})"


def speeds(turns: dict[str, Any]) -> str:
    rows = []
    for label, found in turns["speed"].items():
        if isinstance(found, dict) and "thousand tokens/s" in found:
            rates = found["thousand tokens/s"]
            names = (*OURS, *(f"torch {peer}" for peer in PEERS))
            rows.append([label, *(rate(rates.get(name)) for name in names)])
    return table(["thousand tokens/s", *OURS, *(f"torch {peer}" for peer in PEERS)], rows)


def kernels(turns: dict[str, Any], most: int = 14) -> str:
    parts = []
    for label, found in turns["profile"].items():
        if isinstance(found, dict) and "kernels" in found:
            rows = [[name, one["us"], one["times"], one["sum"]] for name, one in list(found["kernels"].items())[:most]]
            said = f"{label}: {found['launches']} launches, {found['graphs ms']} ms as graphs"
            parts.append(f"{said}\n\n" + table(["launch", "us", "times", "sum"], rows))
        elif isinstance(found, dict):
            parts.append(f"{label}: kernels run for {found.get('kernels ms')} ms a step\n")
    return "\n".join(parts)


def present(gpu: dict[str, Any]) -> str:
    """minigpt's own path beside PyTorch, tokens/s."""
    names = ["minigpt", "minigpt TF32", "torch eager float32", "torch eager TF32"]
    rows = []
    for key, found in gpu["training"].items():
        if key.startswith("tokens/s"):
            cells = []
            for name in names:
                one = found.get(name, {})
                best = max(one["rate"]["median"], one["block rate"]) if "rate" in one else 0
                cells.append(f"{best:,.0f}")
            rows.append([key.removeprefix("tokens/s "), *cells])
    return table(["tokens/s", *names], rows)


def main() -> None:
    turns, gpu = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
    print(gpu["machine"].get("device"), speeds(turns), kernels(turns), present(gpu), sep="\n\n")


if __name__ == "__main__":
    main()
