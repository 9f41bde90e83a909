"""The menu: `minigpt` on a terminal. It asks, prints the command line that says the same, and runs that in this process."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

from minigpt.cli.ask import BACK, Choice, choose, columns, drop_typed
from minigpt.cli.common import command, models_option, show
from minigpt.cli.create import Answers, ask_all
from minigpt.disk.foreign import one_line
from minigpt.errors import MinigptError, quoted

MOST = 100  # models that are offered to talk to
START, AGAIN = "start", "again"


@command("menu")
@models_option
def menu_command(models_dir: str) -> None:
    """Ask what to do, and do it."""
    root = click.get_current_context().find_root()
    what = [
        Choice("create", "Create a model"),
        Choice("talk", "Talk to a model"),
        Choice("list", "List the models"),
        Choice("quit", "Quit"),
    ]
    show("minigpt: describe a GPT, train it here.")
    chosen = "create"
    try:
        while True:
            answer = choose("What now?", what, chosen, back="")
            if answer == "create":
                chosen = "talk" if create(root, models_dir) else "create"
            elif answer == "talk":
                talk(root, Path(models_dir))
                chosen = "talk"
            elif answer == "list":
                run(root, ["list", "--models-dir", models_dir] if models_dir != default_models() else ["list"])
                chosen = "list"
            else:
                return
    except EOFError:  # Ctrl-D, or the terminal is gone
        return


def create(root: click.Context, models_dir: str) -> bool:
    """Ask for everything that a model needs, show the plan, and train it. Whether that was done."""
    answers = Answers(root, models_dir)
    while ask_all(answers):
        arguments = answers.arguments()
        try:
            found = plan(root, answers, arguments)
        except MinigptError as error:
            show(f"\n{one_line(str(error))}")
            found = None
        choices = [Choice(START, "Start")] if found is not None else []
        drop_typed()  # nobody means to start what is not on the screen yet
        answer = choose("Go ahead?" if choices else "This cannot be run.", [*choices, Choice(AGAIN, "Start over")], back="Back")
        if answer == START:
            return run(root, [*arguments, *(["--yes"] if found else [])], printed=not found)
        if answer == AGAIN:
            answers = Answers(root, models_dir)
        else:
            answers.reopen()
    return False


def plan(root: click.Context, answers: Answers, arguments: list[str]) -> tuple[str, ...]:
    """Show the page with the plan and the command line; returns what the templates do otherwise than asked."""
    from minigpt.run.estimate import estimate

    show("\nMeasuring the speed of this machine ...")
    found = estimate(*answers.options(arguments))
    show("")
    for topic, text in found.lines:
        show("\n".join(folded(f"{topic:<9} ", one_line(text))))
    show(f"\n{command_line(root, arguments)}\n")
    return found.doubts


def folded(head: str, text: str) -> list[str]:
    """A topic and its text in lines of the terminal, with a hanging indent where there is room for one."""
    room = max(24, min(100, columns() - 1))
    return textwrap.wrap(head + text, room, subsequent_indent=" " * (len(head) if room >= 60 else 2), break_on_hyphens=False)


def talk(root: click.Context, models: Path) -> None:
    """Choose a model that can speak, and talk to it."""
    known = speaking(models)
    if not known:
        show(f"There is no model to talk to in {one_line(str(models))} yet. Create one first.")
        return
    answer = choose("Which model?", [Choice(str(folder), f"{folder.name}: {prompt}") for folder, prompt in known])
    if answer is not BACK:
        run(root, ["chat", answer if Path(answer).name != answer else f"./{answer}"])


def speaking(models: Path) -> list[tuple[Path, str]]:
    """The runs that have a whole model, newest first, each with its prompt."""
    from minigpt.disk.checkpoint import CONFIG, TOKENIZER_FILES, WEIGHTS
    from minigpt.disk.shelf import list_runs

    runs, _ = list_runs(models)
    whole = [run for run in runs if all((run[0] / name).is_file() for name in (CONFIG, *TOKENIZER_FILES, WEIGHTS))]
    return [(folder, record["prompt"] or "own text") for folder, record in whole[:MOST]]


def run(root: click.Context, arguments: list[str], printed: bool = False) -> bool:
    """Run a command as if it had been typed, after showing how to type it. Whether it was done; an interruption ends the menu too."""
    if not printed:
        show(f"\n{command_line(root, arguments)}\n")
    group = root.command
    assert isinstance(group, click.Group)
    try:
        named = group.get_command(root, arguments[0])
        if named is None:
            raise click.UsageError(f"this minigpt has no command {arguments[0]!r}")
        with named.make_context(arguments[0], arguments[1:], parent=root) as context:
            named.invoke(context)
    except click.UsageError as error:
        show(one_line(error.format_message()))
        return False
    except SystemExit as error:
        if error.code not in (0, 1, 2, None):
            raise
        return not error.code
    finally:
        show("")
    return True


def command_line(root: click.Context, arguments: list[str]) -> str:
    """What to type for the same."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return " ".join([root.info_name or "minigpt", *(quoted(argument, encoding) for argument in arguments)])


def default_models() -> str:
    from minigpt.run.defaults import MODELS_DIR

    return MODELS_DIR
