"""`minigpt report`, `minigpt attention` and `minigpt loss`: pages and pictures of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from minigpt.cli.common import command, device_option, folder_of, models_option, run_argument, show, tell
from minigpt.disk.shelf import REPORT
from minigpt.errors import MinigptError, WrongUsage, counted

BY = ("step", "epoch", "seconds", "tokens")
MOST_TOKENS = 40  # that a picture of attention has room for


def picture_option(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """--out, the picture's file."""
    return click.option(
        "--out",
        type=click.Path(),
        metavar="FILE",
        help=f"The file to write; its ending, .svg, .png or .pdf, decides the format.  [default: RUN-{name}.svg, here]",
        allow_from_autoenv=False,
    )


@command("report")
@run_argument
@click.option(
    "--out", type=click.Path(), metavar="FILE", help=f"Where to write it.  [default: {REPORT} in the run folder]", allow_from_autoenv=False
)
@click.option("--text", help="The sentence that the model is shown.  [default: one from the held-out text]", allow_from_autoenv=False)
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@device_option
def report_command(run: str, out: str | None, text: str | None, opened: bool, device: str) -> None:
    """Redraw RUN's report.html: one page, in one file, on how the model learned and what it does.

    Losses and samples over time, how much of 100 texts is copied from the training text, attention, next-token probabilities, similar
    words, the corpus. `train` draws it too, unless the variable MINIGPT_NO_REPORT is set.
    """
    from minigpt.disk.folder import RunFolder
    from minigpt.run.pages.report_page import write_report
    from minigpt.run.textmodel import load

    folder = Path(run)
    record, path = RunFolder.open(folder).record, Path(out) if out else folder / REPORT
    model, notes = None, list[str]()
    try:
        model = load(folder, device)
    except MinigptError as error:
        tell(f"minigpt: drawn without the model, which cannot be loaded: {error}")
        notes.append(f"Drawn without the model, which cannot be loaded: {str(error).replace(str(folder), folder.resolve().name)}.")
    write_report(folder, record, model, path, text=text, notes=notes)
    show(str(path))
    if opened and click.launch(path.resolve().as_uri()):
        tell("minigpt: no browser opened; open the file yourself")


@command("attention")
@run_argument
@click.argument("text")
@click.option("--layer", type=click.IntRange(1), help="Only this layer, counted from 1.  [default: all]", allow_from_autoenv=False)
@click.option("--head", type=click.IntRange(1), help="Only this head, counted from 1.  [default: all]", allow_from_autoenv=False)
@picture_option("attention")
@device_option
def attention_command(run: str, text: str, layer: int | None, head: int | None, out: str | None, device: str) -> None:
    """Draw what each attention head of RUN's model looks at in TEXT."""
    from minigpt.run.pages.figures import drawing, figure, kind_of, save
    from minigpt.run.pages.inside import draw_heads, labels
    from minigpt.run.textmodel import load

    path = Path(out) if out else Path(f"{Path(run).resolve().name}-attention.svg")
    kind_of(path)
    model = load(run, device)
    names = labels(model.tokenizer, model.tokenizer.encode(text))
    if len(names) > MOST_TOKENS:
        raise MinigptError(f"TEXT has {len(names)} tokens, and a picture has room for {MOST_TOKENS}; give a shorter one")
    weights = model.attention(text)
    layers = one_of("layer", layer, len(weights))
    heads = one_of("head", head, weights.shape[1])
    lone = len(layers) == len(heads) == 1
    with drawing():
        fig = figure(6, 6) if lone else figure(1.1 + 1.5 * len(heads), 0.6 + 1.7 * len(layers))
        draw_heads(fig, weights, names, layers, heads)
        save(fig, path)
    show(str(path))


def one_of(name: str, chosen: int | None, count: int) -> range:
    """The numbers, from 0, of the chosen layer or head, or of all."""
    if chosen is None:
        return range(count)
    if chosen > count:
        raise WrongUsage(f"--{name} {chosen}: the model has {counted(count, name)}")
    return range(chosen - 1, chosen)


@command("loss")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@models_option
@click.option("--by", type=click.Choice(BY), default=BY[0], help="What the horizontal axis shows.", allow_from_autoenv=False)
@click.option(
    "--unit",
    type=click.Choice(["nats", "bits"]),
    help="Nats per token, or bits per byte, which can be compared across vocabularies.  [default: nats for one run, bits for several]",
    allow_from_autoenv=False,
)
@picture_option("loss")
def loss_command(runs: tuple[str, ...], models_dir: str, by: str, unit: str | None, out: str | None) -> None:
    """Draw the losses of one run, or of several in one picture."""
    from minigpt.disk.folder import RunFolder
    from minigpt.run.pages import curves
    from minigpt.run.pages.facts import sound
    from minigpt.run.pages.figures import drawing, figure, kind_of, save

    folders = [folder_of(run, models_dir) for run in runs]
    path = Path(out) if out else Path(f"{folders[0].resolve().name}-loss.svg")
    kind_of(path)
    found = [
        (folder.resolve().name, curves.read_metrics(folder), curves.bits_a_nat(sound(RunFolder.open(folder).record))) for folder in folders
    ]
    if bare := [str(folder) for folder, (_, metrics, _) in zip(folders, found, strict=True) if not metrics]:
        raise MinigptError(f"{bare[0]} has no metrics yet: its training has not begun")
    unknown = [name for name, _, bits in found if bits is None]
    wanted = unit or ("nats" if len(found) == 1 or unknown else "bits")
    if wanted == "bits" and unknown:
        raise MinigptError(f"{', '.join(unknown)}: no bits per byte, as no held-out loss in bytes is recorded; use --unit nats")
    if wanted == "nats" and len(found) > 1:
        reason = f": {', '.join(unknown)} has no bits per byte" if unknown and unit is None else ""
        tell(f"minigpt: in nats per token, which can be compared only between runs with the same vocabulary{reason}")
    label = curves.BITS if wanted == "bits" else curves.NATS
    with drawing():
        fig = figure(8, 4.2)
        scaled = [(name, metrics, bits if wanted == "bits" and bits else 1.0) for name, metrics, bits in found]
        curves.several(fig.add_subplot(), scaled, by, label)
        save(fig, path)
    show(str(path))
