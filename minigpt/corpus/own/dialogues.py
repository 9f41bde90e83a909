"""Turns records of conversations into dialogues: one turn per line, after its speaker's name.

A conversation is a list of objects with a role and a content (`role` and `content` in OpenAI's format, `from` and `value` in ShareGPT's,
`parts` in Gemini's); of a content with several parts, those that are text are read. System and developer messages, tool calls and their
results are left out: they are not speech. A pair of columns such as instruction and output (with the input after the instruction, if
there is one) or question and answer becomes a dialogue of two turns; a completion is appended to its prompt if a blank separates
them. The names are in corpus/tables/own.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigpt.corpus.words import load_words

ROLES, CONTENTS = ("role", "from", "speaker", "author"), ("content", "value", "text", "parts")


class Dialogue(str):
    """The text of a conversation. `said`: what the plan calls it."""

    __slots__ = ()
    said = "as dialogues"


class Continued(Dialogue):
    """A prompt and its completion."""

    __slots__ = ()
    said = "each completion after its prompt"


def conversation(value: object) -> Dialogue | None:
    """The dialogue of a list of turns; None for anything else."""
    if not isinstance(value, list) or not value:
        return None
    turns = []
    for turn in value:
        role = speaks(turn)
        if role is None:
            return None
        said = next((text for name in CONTENTS if (text := content(turn.get(name)))), "")
        if said and role.lower() not in load_words("own")["silent"]:
            turns.append(f"{speaker(role)}: {said}")
    return Dialogue("\n".join(turns)) if turns else None


def speaks(turn: object) -> str | None:
    """The role of a turn: a string, or, as ChatGPT exports it, an object with one."""
    if not isinstance(turn, dict):
        return None
    named = [turn.get(name) for name in ROLES]
    roles = [value.get("role") if isinstance(value, dict) else value for value in named]
    return next((role for role in roles if isinstance(role, str)), None)


def content(value: object) -> str:
    """The text of a turn: a string, a list of parts, or an object with either."""
    if isinstance(value, dict):
        value = value.get("text", value.get("parts"))
    parts = value if isinstance(value, list) else [value]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return "\n".join(text.strip() for text in texts if isinstance(text, str) and text.strip())


def speaker(role: str) -> str:
    """`User` for human, `Assistant` for gpt, any other role capitalised."""
    role = " ".join(role.split())
    name: str = load_words("own")["speakers"].get(role.lower(), role[:1].upper() + role[1:])
    return name


def with_pair(record: Mapping[str, str]) -> Mapping[str, str]:
    """The record, with a further column if it has a request and its answer."""
    words, known = load_words("own"), {name.strip().lower(): name for name in record}
    ask, answer = (next((known[name] for name in words[kind] if name in known), None) for kind in ("asks", "answers"))
    if ask is None or answer is None or isinstance(record[answer], Dialogue) or not (record[ask].strip() and record[answer].strip()):
        return record
    more = [record[known[name]].strip() for name in words["context"] if name in known and known[name] != ask]
    return {**record, f"{ask} + {answer}": two_turns(record[ask], more, record[answer], raw=answer.strip().lower() == "completion")}


def two_turns(request: str, more: Sequence[str], answer: str, raw: bool) -> Dialogue:
    """A request and its answer; a `raw` answer continues the request if a space separates them."""
    if raw and (answer[:1].isspace() or request[-1:].isspace()):
        return Continued(request + answer)
    asked = "\n".join(filter(None, [request.strip(), *more]))
    return Dialogue(f"User: {asked}\nAssistant: {answer.strip()}")


def text_columns(value: Mapping[str, Any], before: str = "", depth: int = 3) -> dict[str, str]:
    """The text columns of a JSON object: strings, lists of strings (a line each), conversations, and those of nested objects, named
    `outer.inner`, up to `depth` levels."""
    columns: dict[str, str] = {}
    inner: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, str):
            columns[before + key] = item
        elif isinstance(item, dict) and depth > 1:
            inner.update(text_columns(item, f"{before}{key}.", depth - 1))
        elif isinstance(item, list):
            is_text = bool(item) and all(isinstance(line, str) for line in item)
            if text := "\n".join(item) if is_text else conversation(item):
                columns[before + key] = text
    return inner | columns
