"""A model's form of dialogue -> how others ask it: Ollama's Modelfile, and the chat template inside a GGUF file.

Both play the dialogue that the corpus has, with as many exchanges as are usual there; a model without dialogues continues the last
message. An answer begins with the space after a name, which some programs strip and some send back, so it is put in only where it lacks.
"""

from __future__ import annotations

import json
import re

from minigpt.config import SampleConfig
from minigpt.errors import as_argument
from minigpt.run.dialogue import Form

MODELFILE = "Modelfile"
ANSWER = 200  # tokens of an answer, at most, as in `minigpt chat`
QUOTES = '"' * 3


def command(name: str, beside: object = MODELFILE) -> str:
    """What somebody types to have a model of this name in Ollama, whose names have no spaces and no capitals."""
    return f"ollama create {re.sub(r'[^a-z0-9._-]+', '-', name.lower()).strip('-._') or 'gpt'} -f {as_argument(beside)}"


def modelfile(name: str, file: str, context: int, form: Form | None, licence: str = "") -> str:
    """A Modelfile for Ollama beside a GGUF file: template, sampling settings of `minigpt generate`, stop strings, licence."""
    settings = SampleConfig()
    parameters = {
        "num_ctx": context,
        "num_predict": ANSWER,
        "temperature": settings.temperature,
        "top_k": settings.top_k,
        "top_p": settings.top_p,
        "min_p": 0,
        "repeat_penalty": settings.repetition_penalty,
    }
    lines = [
        f"# Made by minigpt. In this folder: {command(name)}",
        f"FROM ./{file}",
        quoted("TEMPLATE", ollama_template(form)),
        *(f"PARAMETER {name} {value:g}" for name, value in parameters.items()),
        *(f'PARAMETER stop "{stop}"' for stop in (form.stops if form else ())),  # a line end stands there as it is: Ollama knows no \n
    ]
    if licence:
        lines.append(quoted("LICENSE", licence))
    return "\n".join(lines) + "\n"


def quoted(name: str, text: str) -> str:
    """A text of several lines, whatever quotes it has."""
    inner = text.replace(QUOTES, "'" * 3)
    return f"{name} {QUOTES}{inner}{QUOTES}"


def ollama_template(form: Form | None) -> str:
    """A template of Go's text/template over Ollama's .Messages."""
    latest = 2 * form.exchanges - 1 if form else 1
    parts = ["range $i, $m := .Messages", f"if le (len (slice $.Messages $i)) {latest}"]
    if form is None:
        parts += [".Content"]
    else:
        gap = literal(form.gap)
        said = [literal(f"{form.you}:{form.gap}"), ".Content", literal(f"{form.before_answer}{form.model}:")]
        spaced = ["if .Content", f"if ne (slice .Content 0 1) {gap}", gap, "end", ".Content", "end"]
        parts += ['if eq .Role "user"', *said, 'else if eq .Role "assistant"', *spaced, literal(form.before_you), "end"]
    return "".join(f"{{{{ {part} }}}}" for part in (*parts, "end", "end"))


def jinja_template(form: Form | None) -> str:
    """The same as a Jinja template, as llama.cpp and LM Studio read it from a GGUF file."""
    if form is None:
        return "{{ messages[-1].content }}"
    said = f"{literal(f'{form.you}:{form.gap}')} + m.content + {literal(f'{form.before_answer}{form.model}:')}"
    answer = f"{literal(form.gap)} + m.content.strip() + {literal(form.before_you)}"
    turn = f"{{% if m.role == 'user' %}}{{{{ {said} }}}}{{% elif m.role == 'assistant' %}}{{{{ {answer} }}}}{{% endif %}}"
    return f"{{% for m in messages[-{2 * form.exchanges - 1}:] %}}{turn}{{% endfor %}}"


def literal(text: str) -> str:
    """A text as Go, Jinja and JSON write it."""
    return json.dumps(text, ensure_ascii=False)
