"""A run folder, and its model if it has one -> report.html: one file, without links to anywhere.

What cannot be drawn, because a file is missing or no model can be loaded, is left out, and a line says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from minigpt import __version__
from minigpt.disk.files import write_text
from minigpt.disk.foreign import printable
from minigpt.disk.place import File
from minigpt.disk.shelf import REPORT
from minigpt.run.defaults import cool
from minigpt.run.pages import sections
from minigpt.run.pages.facts import Tally, facts, part, sound
from minigpt.run.pages.figures import drawing
from minigpt.run.pages.paper import environment, page
from minigpt.run.textmodel import TextModel


def write_report(folder: Path, record: dict[str, Any], model: TextModel | None, file: File | None = None, **how: Any) -> None:
    """Write report.html into a run's folder, or to another file. Options are those of `report_page`."""
    write_text(file or folder / REPORT, report_page(folder, record, model, **how))


def report_page(
    folder: Path,
    record: dict[str, Any],
    model: TextModel | None,
    *,
    text: str | None = None,
    hurry: bool = False,
    notes: Iterable[str] = (),
) -> str:
    """The page of a run, from its folder, its record and its model, if there is one. `text`: the sentence that the model is shown; by
    default one of the held-out text. `hurry`: a comparison with the corpus that would take long beside the training is left out."""
    record, said, tally = sound(record), list(notes), Tally()
    values: dict[str, Any] = dict.fromkeys(("curve", "over_time", "panels", "copying", "shares", "heads", "expected", "alike"))
    data: dict[str, Any] = {"curve": {"places": {}}}  # for the page's script
    with drawing():
        values |= sections.learning(folder, data)
        values |= sections.copied(folder, record, model, tally, hurry, said)
        values["corpus"] = sections.corpus(record, tally)
        if model:
            values |= sections.insight(folder, model, text, tally, data, said)
    script = environment().get_template("report.js").render()
    title = part(record, "prompt") or folder.resolve().name
    values |= {
        "version": __version__,
        "title": title,
        "subtitle": _subtitle(record),
        "notes": said,
        "samples": record.get("samples") or [],
        "temperature": cool(record),
        "redrawn": "sample_seeds" in record,
        "facts": facts(record),
        "data": data,
        "script": Markup(script),  # our own file
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "marked": _marked,
        "percent": lambda share: f"{share:.0%}" if share >= 0.1 else f"{share:.1%}",
    }
    values["contents"] = _contents(values)
    whole = page("report.html.j2", **values)
    return printable(whole).encode("utf-8", "replace").decode("utf-8")  # a corpus may hold any character, and half of one


def _subtitle(record: dict[str, Any]) -> str:
    """The run in one line."""
    parameters, tokens = part(record, "model", "parameters"), part(record, "corpus", "tokens")
    loss, bits = part(record, "result", "held_out_loss"), part(record, "result", "held_out_bits_per_byte")
    said = [
        f"{parameters:,} parameters" if parameters else "",
        f"{tokens:,} tokens of text" if tokens else "",
        f"held-out loss {loss:.3f}" + (f" ({bits:.3f} bits per byte)" if bits else "") if loss is not None else "",
        {"complete": "", "written": "a corpus without a model"}.get(str(part(record, "status")), f"not finished: {part(record, 'status')}"),
    ]
    return " · ".join(words for words in said if words)


def _contents(values: dict[str, Any]) -> list[tuple[str, str]]:
    """The sections that the page has."""
    sections = [
        ("learning", "Learning", "curve"),
        ("samples", "Samples", "samples"),
        ("novelty", "Novelty", "copying"),
        ("attention", "Attention", "heads"),
        ("expected", "Next tokens", "expected"),
        ("neighbours", "Neighbours", "alike"),
        ("corpus", "Corpus", "corpus"),
        ("facts", "The run", "facts"),
    ]
    return [(anchor, name) for anchor, name, value in sections if values[value]]


def _marked(pieces: Iterable[tuple[str, bool]]) -> Markup:
    """Pieces of a text, the copied ones marked."""
    return Markup("").join(Markup("<mark>{}</mark>").format(piece) if copied else escape(piece) for piece, copied in pieces)
