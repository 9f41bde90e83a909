"""Questions on a terminal: one of several, or a line of text. Each can be answered with "back".

Arrow keys and Enter by questionary, Esc goes back. A terminal that cannot move its cursor gets numbered lines. Ctrl-C raises
KeyboardInterrupt, the end of the input EOFError.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from minigpt.cli.common import show
from minigpt.disk.foreign import one_line

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from questionary import Question


class Back(Enum):
    """The answer that is none."""

    BACK = "back"


BACK = Back.BACK
ESCAPE = 0.1  # seconds after which an escape character is the key, not the beginning of another key's sequence
SEARCHED = 12  # choices: more can be narrowed by typing
EDGE = 4  # columns before a choice, and one behind it
Check = Callable[[str], str]  # a text -> what is wrong with it; empty if nothing is


@dataclass(frozen=True)
class Choice:
    """One of several answers. One with `missing` cannot be chosen; it says why."""

    value: str
    label: str
    missing: str = ""


def choose(what: str, choices: Sequence[Choice], default: str | None = None, back: str = "Back") -> str | Back:
    """The value of the choice taken. `back`: the label of the last choice, which answers BACK; none if empty."""
    listed = [*choices, *([Choice(BACK.value, back)] if back else [])]
    if not moves_cursor():
        return numbered(what, listed)
    import questionary

    rows = [questionary.Choice(shortened(choice), choice.value, disabled=one_line(choice.missing) or None) for choice in listed]
    values = [choice.value for choice in listed if not choice.missing]
    many = len(listed) > SEARCHED
    question = questionary.select(
        one_line(what), rows, default if default in values else values[0], qmark="?", pointer=">", instruction=hint(what, bool(back), many),
        use_search_filter=many, use_jk_keys=not many, show_description=False,
    )  # fmt: skip
    answer = asked(question, bool(back))
    return BACK if answer == BACK.value else answer


def write(what: str, default: str = "", check: Check = lambda text: "", path: bool = False) -> str | Back:
    """A line of text without the blanks around it. `path`: Tab completes it as one."""
    if not moves_cursor():
        return typed(what, default, check)
    import questionary

    def passes(text: str) -> bool | str:
        return one_line(check(text.strip())) or True

    more: dict[str, Any] = {}
    if path:
        from prompt_toolkit.completion import PathCompleter

        more = {"completer": PathCompleter(expanduser=True), "complete_while_typing": False, "reserve_space_for_menu": 4}
    asks = f"{one_line(what)} ({'Tab completes; ' if path else ''}Esc: back)"
    question = questionary.text(asks, default, qmark="?", validate=passes, **more)
    answer = asked(question, True)
    return answer if isinstance(answer, Back) else as_utf8(str(answer).strip())


def as_utf8(text: str) -> str:
    """A text whose bytes a terminal sent as UTF-8, although Python takes it for one of ASCII."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def asked(question: Question, back: bool) -> Any:
    """The answer to one of questionary's questions; BACK for Esc."""
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    keys, application = KeyBindings(), question.application

    @keys.add("c-d", filter=is_empty(application))
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError)

    @keys.add("<sigint>", eager=True)  # the signal; the key Ctrl-C is questionary's own
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    if back:
        leave_with_escape(keys)
    application.ttimeoutlen = ESCAPE
    known = application.key_bindings
    application.key_bindings = merge_key_bindings([known, keys] if known else [keys])
    return question.unsafe_ask()


def leave_with_escape(keys: KeyBindings) -> None:
    """Bind Esc to the answer BACK; the question vanishes."""

    @keys.add("escape", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=BACK)


def is_empty(application: Application[Any]) -> Any:
    """Whether no text has been typed."""
    from prompt_toolkit.filters import Condition

    return Condition(lambda: not application.current_buffer.text)


def moves_cursor() -> bool:
    """Whether the terminal can redraw what it shows."""
    return os.environ.get("TERM") not in ("dumb", "unknown") and (os.name == "nt" or bool(os.environ.get("TERM")))


def hint(what: str, back: bool, many: bool) -> str:
    """How to answer, where there is room for it."""
    said = f"({'arrows, Enter' if not many else 'arrows, Enter, or type'}{'; Esc: back' if back else ''})"
    return said if len(what) + len(said) + EDGE < columns() else " "


def shortened(choice: Choice) -> str:
    """The label in one line of the terminal."""
    label, room = one_line(choice.label), max(8, columns() - EDGE - (len(choice.missing) + 5 if choice.missing else 0))
    return label if len(label) <= room else f"{label[: room - 3].rstrip()}..."


def drop_typed() -> None:
    """Forget keys that were pressed before the question."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no termios
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def columns() -> int:
    return shutil.get_terminal_size().columns


def numbered(what: str, listed: Sequence[Choice]) -> str | Back:
    """A choice by its number, for a terminal that only adds lines."""
    for number, choice in enumerate(listed, 1):
        show(f"{number:3}  {one_line(choice.label)}{f' ({one_line(choice.missing)})' if choice.missing else ''}")
    while True:
        answer = line(f"{one_line(what)} ")
        number = int(answer) if answer.isdecimal() and len(answer) < 4 else 0
        if 1 <= number <= len(listed) and not listed[number - 1].missing:
            value = listed[number - 1].value
            return BACK if value == BACK.value else value
        show(f"Type a number from 1 to {len(listed)}.")


def typed(what: str, default: str, check: Check) -> str | Back:
    """A line of text; an empty one takes the default, or goes back if there is none that will do."""
    default = "" if check(default.strip()) else default
    while True:
        answer = line(f"{one_line(what)} ({f'empty: {default}; ' if default else ''}{'-' if default else 'empty'}: back) ") or default
        if answer in ("", "-"):
            return BACK
        if not (wrong := check(answer)):
            return as_utf8(answer)
        show(one_line(wrong))


def line(prompt: str) -> str:
    """A line of standard input; EOFError at its end."""
    show(prompt, end="")
    read = sys.stdin.readline()
    if not read:
        raise EOFError
    return read.strip()
