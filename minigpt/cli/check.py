"""`minigpt check`."""

from __future__ import annotations

import copy
from itertools import groupby

import click

from minigpt.cli.common import command, device_option, show, tell
from minigpt.errors import MinigptError, WrongUsage, counted, instead


@command("check")
@device_option
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the random numbers.")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME",
    help="Check only this layer, such as Attention; GPT and GPT-2 are whole models. Repeatable.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Show each layer's formula, its plain backward pass and what to read.",
)
def check_command(device: str, seed: int, layers: tuple[str, ...], explain: bool) -> None:
    """Check every backward pass against central differences, in float64.

    Each gradient is checked in several settings (one sequence, no dropout, two workers, ...); its
    largest error is shown. Rows are in the order of the backward pass: the first wrong one is the
    suspect, and the lines below the table say what its numbers reveal about the mistake.
    """
    from minigpt.backend import choose_backend
    from minigpt.gradcheck import check_gradients, report
    from minigpt.gradcheck.explain import backward_of, explanation, kinds
    from minigpt.gradcheck.suspect import first_suspect

    chosen = choose_backend(device)
    backend = copy.copy(chosen)
    backend.faster = {}  # first the layers as they stand in the source
    known = kinds(backend)
    wanted = [find_layer(name, list(known)) for name in layers] or list(known)
    tell(chosen.reason)
    show("\n".join(report.header(backend, seed, wanted)))
    results = []
    for layer, found in groupby(check_gradients(backend, seed, only=wanted), lambda r: r.layer):
        if explain:
            show("\n".join(explanation(layer, known[layer])))
        together = list(found)
        show("\n".join(report.rows(together)))
        results += together
    show("\n".join(report.ending(results)))
    suspect = first_suspect(results, backend, seed)
    if suspect:
        show("\n".join(report.accused(suspect, results, backward_of(known[suspect.layer]))))
        wrong = {(r.layer, r.parameter) for r in results if not r.passed}
        which = f"{suspect.layer}, {suspect.parameter}"
        raise MinigptError(f"{counted(len(wrong), 'gradient')} failed; first suspect: {which}")
    if chosen.faster:
        compiled = list(check_gradients(chosen, seed, only=wanted))
        show("\n".join(report.ending(compiled, "With compiled layers: ")))
        if failed := sorted({f"{r.layer} {r.parameter}" for r in compiled if not r.passed}):
            raise MinigptError(f"the compiled layers are wrong: {', '.join(failed)}")
    show("\n".join(report.limits(backend, partly=set(wanted) < set(known))))


def find_layer(name: str, known: list[str]) -> str:
    """The layer of this name, however it is capitalized; WrongUsage if there is none."""
    for layer in known:
        if layer.lower() == name.lower():
            return layer
    raise WrongUsage(f"unknown layer {name!r}; {instead(name, known)}")
