"""The messages of a chat -> what the model reads, and where its answer ends.

A model that has read dialogues takes its turn, as in `minigpt chat`. Any other continues the text of the last message. No model here has
read instructions of a system, so they are left out; a note in the answer says so, as of whatever else is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from minigpt.disk.foreign import plain
from minigpt.run.dialogue import Form
from minigpt.run.serve.refusal import Refused
from minigpt.run.talk import fitting
from minigpt.run.textmodel import TextModel

SYSTEM, USER, ASSISTANT = ("system", "developer"), "user", "assistant"
NO_SYSTEM = "system messages are left out: the model has read none in its training"
NO_TURNS = "this model takes no turns: it continues the text of the last message, and earlier ones are left out"
NO_OPENING = "an answer before the first message of the user is left out"
AGAIN = "to the model, the dialogue was over: it answered the last message alone"


class Message(NamedTuple):
    """Who speaks, and what."""

    role: str
    text: str


@dataclass
class Told:
    """What the model reads: the first of `prompts` and, where it answers nothing, the next."""

    prompts: list[str]
    stops: tuple[str, ...] = ()
    trim: bool = False
    notes: list[str] = field(default_factory=list)


def messages_of(given: Sequence[Any]) -> list[Message]:
    """Messages as both protocols have them; Refused with the one at fault."""
    found = []
    for i, message in enumerate(given):
        where = f"messages[{i}]"
        if not isinstance(message, dict):
            raise Refused(f"{where} must be an object with role and content", field=where)
        role = message.get("role")
        if role not in (*SYSTEM, USER, ASSISTANT):
            raise Refused(f"{where}.role must be system, user or assistant, not {plain(role, 40)!r}", field=f"{where}.role")
        for name in ("tool_calls", "images", "audio", "function_call"):
            if message.get(name):
                raise Refused(
                    f"minigpt does not support {where}.{name}; leave it out", field=f"{where}.{name}", code="unsupported_parameter"
                )
        found.append(Message(role, content(message.get("content"), f"{where}.content")))
    return found


def content(value: Any, where: str) -> str:
    """The text of a message: a text, or a list of parts that are texts."""
    if isinstance(value, str) or value is None:
        return value or ""
    if not isinstance(value, list):
        raise Refused(f"{where} must be a text", field=where)
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise Refused(f"{where} has a part that is no text, and minigpt reads text only", field=where)
    return "\n".join(part["text"] for part in value)


def told(model: TextModel, form: Form | None, messages: Sequence[Message], max_tokens: int) -> Told:
    """What the model reads of a conversation. Its last message may be an answer that was begun: then that is continued."""
    spoken = [message for message in messages if message.role not in SYSTEM]
    if not any(message.role == USER for message in spoken):
        raise Refused("messages must have one of the role user", field="messages")
    found = in_turns(model, form, spoken, max_tokens) if form else continued(spoken)
    if len(spoken) < len(messages):
        found.notes.insert(0, NO_SYSTEM)
    return found


def continued(spoken: Sequence[Message]) -> Told:
    """The text of the user's last message, and of what was answered since."""
    last = max(i for i, message in enumerate(spoken) if message.role == USER)
    return Told(["".join(message.text for message in spoken[last:])], notes=[NO_TURNS] if last else [])


def in_turns(model: TextModel, form: Form, spoken: Sequence[Message], max_tokens: int) -> Told:
    """The exchanges so far and the beginning of the model's turn."""
    notes: list[str] = []
    exchanges: list[tuple[str, str]] = []
    asked, answers = "", list[str]()
    for message in spoken:
        text = message.text.strip() if form.lines else " ".join(message.text.split())
        if message.role == ASSISTANT:
            answers.append(text)
            continue
        if answers and asked:
            exchanges.append((asked, joined(form, answers)))
        elif answers:
            notes.append(NO_OPENING)
        asked, answers = (text if answers or not asked else joined(form, [asked, text])), []
    begun = joined(form, answers)
    known = [(you, answer) for you, answer in exchanges if answer]
    prompts = [fitting(model, form, kept, asked, max_tokens) for kept in ([known, []] if known else [[]])]
    if begun:
        return Told([f"{prompts[0]}{form.gap}{begun}"], form.stops, notes=notes)
    return Told(list(dict.fromkeys(prompts)), form.stops, trim=True, notes=notes)


def joined(form: Form, texts: Sequence[str]) -> str:
    """Several messages of one speaker in a row."""
    return ("\n" if form.lines else " ").join(text for text in texts if text)
