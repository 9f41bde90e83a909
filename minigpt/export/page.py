"""A model -> an HTML page that speaks in a browser: one file, which loads nothing and sends nothing.

The network is computed by web/speak.js, the buttons are web/page.js.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import PackageLoader
from markupsafe import Markup

from minigpt import __version__
from minigpt.config import SampleConfig
from minigpt.disk.bundle import REPEATS, is_private
from minigpt.disk.checkpoint import CONFIG_FILES, TOKENIZER_FILES, WEIGHTS, Checkpoint, load_checkpoint
from minigpt.disk.files import require_free, write_bytes
from minigpt.disk.folder import read_record, require_sound
from minigpt.disk.foreign import plain, printable
from minigpt.disk.shelf import RECORD
from minigpt.disk.standing import standing
from minigpt.errors import counted
from minigpt.export import Export
from minigpt.export.pack import pack
from minigpt.model import family
from minigpt.run.dialogue import find_form
from minigpt.run.pages.card import start, teacher
from minigpt.run.pages.facts import part, sound
from minigpt.run.pages.paper import environment

EXAMPLES, WORDS = 3, 4  # beginnings to click on, and the words of each


class Script(NamedTuple):
    """A script, and how the page's policy allows it and no other."""

    text: Markup
    policy: Markup


def write(path: Path, out: Path) -> Export:
    """Write the page of a run, or of a model without a record."""
    require_free(out)
    require_sound(path, (*CONFIG_FILES, *TOKENIZER_FILES, WEIGHTS))
    checkpoint = load_checkpoint(path)
    record = sound(read_record(path)) if os.path.lexists(path / RECORD) else {}
    write_bytes(out, encoded(speaking_page(path, checkpoint, record)))
    notes = [standing(path, record) if record else "", REPEATS if is_private(record) else ""]
    return Export(out, notes=[". ".join(filter(None, notes))], then="It opens in any browser of 2023 or later, and needs nothing else.")


def speaking_page(path: Path, checkpoint: Checkpoint, record: dict[str, Any], exact: bool = False) -> str:
    """The page as a text. `exact`: with weights in float32, for tests."""
    about, weights = pack(checkpoint, exact)
    environment_of_pages = environment().overlay(loader=PackageLoader("minigpt.export", "web"))
    scripts = [script(environment_of_pages.get_template(name).render()) for name in ("speak.js", "page.js")]
    values = said(path, checkpoint, record)
    whole = environment_of_pages.get_template("page.html.j2").render(
        **values, version=__version__, settings=SampleConfig(), scripts=scripts, about=about, weights=Markup(weights), counted=counted
    )
    return printable(whole).encode("utf-8", "replace").decode("utf-8")


def encoded(page: str) -> bytes:
    """UTF-16, whose mark at the beginning decides over all that a server says. Two bytes hold 15 bits of the weights."""
    return codecs.BOM_UTF16_LE + page.encode("utf-16-le")


def script(text: str) -> Script:
    """Our own script."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), Markup(f"'sha256-{digest}'"))


def said(path: Path, checkpoint: Checkpoint, record: dict[str, Any]) -> dict[str, Any]:
    """What the page says of its model."""
    parameters = sum(array.size for array in checkpoint.state.values())
    name, prompt = path.resolve().name, part(record, "prompt")
    created = str(part(record, "created") or "")[:10]
    trained = f"trained with minigpt{f' on {created}' if created else ''}" if record else ""
    summary = [name if prompt else "", f"{family(checkpoint.config.architecture)} with {parameters:,} parameters", trained]
    by_source = part(record, "corpus", "by_source")
    return {
        "title": plain(prompt or name),
        "summary": " · ".join(plain(words) for words in summary if words),
        "examples": beginnings(path, record),
        "documents": part(record, "corpus", "documents"),
        "tokens": part(record, "corpus", "tokens"),
        "sources": by_source if isinstance(by_source, dict) else {},
        "start": start(record)["kind"] if record else "",
        "teacher": teacher(part(record, "teacher")),
        "memorises": (part(record, "report", "memorizable_share") or 0) >= 1,
        "note": "" if part(record, "status") in (None, "complete") else "Its training was not finished when this page was made.",
    }


def beginnings(path: Path, record: dict[str, Any]) -> list[str]:
    """How texts of this model begin: with a question, if it learned dialogues, and as its samples do."""
    form = find_form(path) if record else None
    samples = part(record, "samples")
    texts = [form.prompt([], "Hello!")] if form and form.usual else []
    for sample in samples if isinstance(samples, list) else []:
        texts.append(" ".join(str(sample).lstrip().partition("\n")[0].split(" ")[:WORDS]))
    return list(dict.fromkeys(printable(text)[:100] for text in texts if text.strip()))[:EXAMPLES]
