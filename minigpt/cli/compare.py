"""`minigpt compare`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from minigpt.cli.common import command, device_option, models_option, opened, show
from minigpt.cli.complete import complete_run
from minigpt.config import SampleConfig
from minigpt.disk.names import find_run
from minigpt.errors import MinigptError, as_usage
from minigpt.run.defaults import SEED

WIDE = 60  # columns that two texts beside each other need, at least
PIPED = 120  # columns, where nobody says how many there are


@command("compare")
@click.argument("one", metavar="RUN", shell_complete=complete_run)
@click.argument("other", metavar="RUN", shell_complete=complete_run)
@models_option
@click.option(
    "-p", "--prompt", default="", allow_from_autoenv=False, help="The text that both continue. Without it, both start a document."
)
@click.option("--max-tokens", type=click.IntRange(1), default=SampleConfig.max_tokens, help="The most new tokens to write.")
@click.option("--temperature", type=float, default=SampleConfig.temperature, help="As in `generate`.")
@click.option("--seed", type=int, default=SEED, help="The seed, the same for both.")
@device_option
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def compare_command(one: str, other: str, models_dir: str, prompt: str, seed: int, device: str, as_json: bool, **options: Any) -> None:
    """Compare two runs: losses, sizes, corpora, and what they write."""
    with as_usage():
        config = SampleConfig(seed=seed, **options)
    with ExitStack() as stack:
        paths = [stack.enter_context(opened(run, models_dir)) for run in (one, other)]
        found = [find_run(run, Path(models_dir)) for run in (one, other)]
        runs = [told(path, called, prompt, config, device) for path, called in zip(paths, found, strict=True)]
    same = same_held_out([run["record"] for run in runs])
    if as_json:
        figures = [{name: part for name, part in run.items() if name not in ("record", "facts")} for run in runs]
        show(json.dumps({"prompt": prompt, "seed": seed, **options, "same_held_out_text": same, "runs": figures}))
        return
    side_by_side(runs, prompt, seed, verdict(runs, same))


def told(path: Path, called: Path, prompt: str, config: SampleConfig, device: str) -> dict[str, Any]:
    """What is known of a run, and what it writes; without a model, why it writes nothing."""
    from minigpt.cli.facts import compared_facts, figures, record_of
    from minigpt.run.textmodel import load

    record = record_of(path)
    found = {**figures(path, called, record), "record": record, "facts": compared_facts(path, called, record)}
    try:
        sample = load(path, device).sample(prompt, config)
    except MinigptError as error:
        return {**found, "sample": None, "why": str(error)}
    return {**found, "sample": {"text": sample.text, "tokens": sample.tokens, "finish_reason": sample.finish_reason}}


def same_held_out(records: list[dict[str, Any]]) -> bool:
    """Whether both were measured on the same text: their corpora are the same file."""
    sums = [record["stages"].get("corpus", {}).get("corpus.jsonl") for record in records]
    return sums[0] is not None and sums[0] == sums[1]


def side_by_side(runs: list[dict[str, Any]], prompt: str, seed: int, said: str) -> None:
    """Facts, what they say, then texts, beside each other; one after the other in a narrow terminal."""
    from minigpt.cli.tables import GAP, beside, bold, facts, room, wrapped
    from minigpt.disk.foreign import one_line, printable

    width = room() or PIPED
    names = [one_line(run["name"]) for run in runs]
    texts = [printable(prompt + run["sample"]["text"] if run["sample"] else run["why"]).strip() for run in runs]
    if width < WIDE:
        for run in runs:
            show(bold(one_line(run["name"])) + "\n" + facts(run["facts"], width) + "\n", styled=True)
        show("\n".join(wrapped(one_line(said), width)) + "\n")
        for name, text in zip(names, texts, strict=True):
            show(bold(f"{name}, seed {seed}") + "\n" + "\n".join(wrapped(text, width)) + "\n", styled=True)
        return
    both = [dict(run["facts"]) for run in runs]
    labels = [label for label, _ in runs[0]["facts"] if any(each[label] for each in both)]
    margin = max(map(len, labels)) + len(GAP)
    column = (width - margin - len(GAP)) // 2
    show(bold(indented(beside(names[0], names[1], column), "", margin)), styled=True)
    for label in labels:
        show(indented(beside(one_line(both[0][label]), one_line(both[1][label]), column), label, margin), styled=True)
    show("\n" + "\n".join(wrapped(one_line(said), width)))
    column = (width - len(GAP)) // 2
    show("\n" + bold(f"Samples, seed {seed}") + "\n" + beside(texts[0], texts[1], column), styled=True)


def indented(lines: str, label: str, margin: int) -> str:
    """Lines after a label, or after spaces."""
    return "\n".join((label if number == 0 else "").ljust(margin) + line for number, line in enumerate(lines.split("\n"))).rstrip()


def verdict(runs: list[dict[str, Any]], same: bool) -> str:
    """What the losses say."""
    bits = [run["held_out_bits_per_byte"] for run in runs]
    if None in bits:
        return "The held-out loss is not known for both, so only the samples can be compared."
    if not same:
        return "Their held-out texts differ, so their losses compare only roughly; bits per byte do not depend on the vocabulary."
    better, worse = sorted(runs, key=lambda run: run["held_out_bits_per_byte"])
    gain = 1 - better["held_out_bits_per_byte"] / worse["held_out_bits_per_byte"]
    if gain < 0.0005:
        return "Both were measured on the same held-out text, and neither predicts it better."
    return f"Both were measured on the same held-out text; {better['name']} predicts it better, by {gain:.1%} in bits per byte."
