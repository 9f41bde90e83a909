"""The help of the commands: options in groups, those that matter first, and two examples at the end.

A command needs nothing for it. An option that stands in no table is in the first group, under "Options"; so are all those of a command
with few options.
"""

from __future__ import annotations

import click

FEW = 10  # options: more are divided into groups
# What matters first, in this order, where it is not simply what is in no group.
FIRST = {
    "train": "prompt preset data source model-size epochs minutes device name out".split(),
    "corpus": "prompt preset data source model-size initial-tokens final-tokens seed out yes".split(),
    "generate": "prompt max-tokens temperature top-k top-p repetition-penalty stop samples seed novelty".split(),
    "chat": "max-tokens temperature top-k top-p repetition-penalty stop seed ollama".split(),
    "serve": "host port key max-tokens temperature top-k top-p repetition-penalty stop seed".split(),
    "resume": "epochs minutes".split(),
}
GROUPS = {
    "Corpus": "column data-share initial-tokens final-tokens vocab allow-template-fill yes".split(),
    "Ollama": "ollama-host ollama-gen-model ollama-refine-model ollama-timeout-connection ollama-timeout-generation"
    " ollama-timeout-evaluation".split(),
    "Model": "init architecture layers heads width positions freeze lora".split(),
    "Training": "batch-size context learning-rate dropout optimizer seed checkpoint-seconds".split(),
    "Machine": "device threads precision".split(),
    "Input and output": "models-dir sample-prompt no-samples json log quiet verbose help".split(),
}
COMMANDS = {
    "Make a model": "train resume corpus".split(),
    "Use it": "chat generate serve export".split(),
    "Your runs": "list show compare report rename rm".split(),
    "Look inside": "attention loss check".split(),
    "This machine": "doctor bench".split(),
}
EXAMPLES = {
    "": ['train "A GPT that writes haiku" --minutes 5', "chat latest"],
    "train": ['train "A GPT that writes haiku" --minutes 5', "train --data notes/ --model-size 33M --out models/notes"],
    "resume": ["resume latest", "resume models/haiku --epochs +10"],
    "corpus": ['corpus "A GPT that tells short stories"', "corpus --preset haiku_master --source template --out haiku"],
    "chat": ["chat latest", "chat models/haiku --temperature 0.7", "chat --ollama haiku"],
    "generate": ['generate latest --prompt "The moon" --samples 3', "generate models/haiku --temperature 0.5 --seed 7 --json"],
    "serve": ["serve latest", "serve models/haiku models/stories --port 9000"],
    "export": ["export latest --to html", "export models/haiku --to gguf --type q8_0"],
    "list": ["list", "list --sort loss --limit 10"],
    "show": ["show latest", "show models/haiku"],
    "compare": ["compare models/haiku latest", "compare haiku stories"],
    "report": ["report latest", "report models/haiku"],
    "rename": ["rename latest haiku", "rename models/a-gpt-that-writes-haiku haiku"],
    "rm": ["rm models/haiku", "rm haiku --yes"],
    "attention": ['attention latest "The moon is bright"', 'attention models/haiku "An old pond"'],
    "loss": ["loss latest", "loss models/haiku models/stories"],
    "check": ["check", "check --layer Attention --explain"],
    "doctor": ["doctor", "doctor --json"],
    "bench": ["bench", "bench --model-size 33M --seconds 60"],
}


class Command(click.Command):
    """A command whose help groups its options and ends with examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = [(parameter, record) for parameter in self.get_params(ctx) if (record := parameter.get_help_record(ctx))]
        options = [(long_name(parameter), record) for parameter, record in shown if isinstance(parameter, click.Option)]
        for title, rows in grouped(self.name or "", options).items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        write_examples(self.name or "", ctx, formatter)


def long_name(parameter: click.Parameter) -> str:
    """The longest spelling of an option, without its hyphens."""
    return max(parameter.opts, key=len).lstrip("-")


def grouped(command: str, options: list[tuple[str, tuple[str, str]]]) -> dict[str, list[tuple[str, str]]]:
    """Named options -> group -> rows of the help, in the order of the tables."""
    if len(options) <= FEW:
        return {"Options": [row for _, row in options]}
    first = FIRST.get(command, [])
    of = {name: title for title, names in GROUPS.items() for name in names if name not in first}
    known = sorted((option for option in options if option[0] in first), key=lambda option: first.index(option[0]))
    found = {"Options": [row for _, row in known] + [row for name, row in options if name not in (*first, *of)]}
    for title in GROUPS:
        found[title] = [row for name, row in options if of.get(name) == title]
    return {title: rows for title, rows in found.items() if rows}


def write_examples(command: str, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """The examples of a command, as somebody would type them."""
    program = ctx.find_root().info_name or "minigpt"
    if command in EXAMPLES:
        with formatter.section("Examples"):
            for line in EXAMPLES[command]:
                formatter.write(f"{'':>{formatter.current_indent}}{program} {line}\n")
