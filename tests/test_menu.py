"""The menu on a real pseudo-terminal: every branch, back and Ctrl-C at each question."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="a pseudo-terminal is a Unix thing")

from ollama_server import Reply, model, serve, words
from terminals import CTRL_C, CTRL_D, DOWN, ENTER, ESC, UP, Terminal, python

import minigpt

# A model so small that it is trained in a second: the menu's command reads the variables, as any command does.
SMALL = {
    f"MINIGPT_{name}": value
    for name, value in {
        "LAYERS": "1", "HEADS": "2", "WIDTH": "32", "POSITIONS": "64", "INIT": "none",
        "KERNELS": "numpy", "NO_SAMPLES": "1",
    }.items()
}  # fmt: skip
WRITTEN = {"MINIGPT_INITIAL_TOKENS": "4000", "MINIGPT_FINAL_TOKENS": "2500"}  # for what templates write
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
UTF8 = {"LC_ALL": "C.UTF-8"}
MAIN = "What now?"
# The questions about a new model, in order, each with the keys that lead to the next.
HAIKU = [
    ("How large?", [ENTER]),
    ("What should it write?", [DOWN, ENTER]),
    ("Which kind?", [DOWN, ENTER]),
    ("learn from?", [ENTER]),
    ("How long?", [ENTER]),
]
OWN = [
    ("How large?", [ENTER]),
    ("What should it write?", [UP, UP, ENTER]),
    ("Describe it", ["knows my notes", ENTER]),
    ("learn from?", [DOWN, ENTER]),
    ("File or folder", ["notes", ENTER]),
    ("Another one", [ENTER]),
    ("How long?", [UP, UP, ENTER]),
    ("How many epochs?", ["2", ENTER]),
]


def menu(folder: Path, size: tuple[int, int] = (80, 24), **environment: str) -> Terminal:
    """minigpt without a command."""
    return Terminal(python("-m", "minigpt"), folder, size, **environment)


def walk(typist: Terminal, questions: list[tuple[str, list[bytes | str]]]) -> Terminal:
    for question, keys in questions:
        typist.sees(question).types(*keys)
    return typist


def notes(folder: Path) -> Path:
    (folder / "notes").mkdir()
    text = "\n\n".join(f"Note {i}: the number {i} is a friend of {i * i}, and both like the sea." for i in range(200))
    (folder / "notes" / "numbers.txt").write_text(text)
    return folder


def command_of(said: str) -> list[str]:
    """The arguments of the newest command line that was shown, as bash reads it."""
    line = said[said.rindex("-m minigpt train ") :].split("\n\n")[0].replace("\n", "").partition("minigpt ")[2]
    if shutil.which("bash") is None:
        return shlex.split(line)
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """A folder in which one model was made by the menu, from the first question to the last sample."""
    folder = tmp_path_factory.mktemp("menu")
    with menu(folder, size=(200, 50), **SMALL, **WRITTEN, MINIGPT_EPOCHS="1") as typist:
        walk(typist.sees(MAIN).types(ENTER), HAIKU).sees("Go ahead?").types(ENTER)
        typist.sees("Folder").sees(MAIN).types(DOWN, DOWN, ENTER)
        said = typist.ends(0)
    arguments = "train --preset haiku_master --model-size 12M --source template"
    assert command_of(said) == arguments.split()
    for word in ("Model", "Text", "2,500", "Training", "tokens/s measured here", "Memory", "are free"):
        assert word in said
    (folder / "said").write_text(said)
    return folder


def test_a_model_is_made_by_answering_and_is_that_of_the_command_line_shown(shelf: Path, tmp_path: Path, monkeypatch) -> None:
    (made,) = (path for path in (shelf / "models").iterdir())
    record = json.loads((made / "run.json").read_text())
    assert (record["status"], record["options"]["preset"], record["options"]["source"]) == ("complete", "haiku_master", "template")
    assert minigpt.load(made).logits([1, 2]).shape[0] == 2


def test_talk_offers_models_that_can_speak_and_list_lists(shelf: Path) -> None:
    """A folder without a model is not offered. After each, the menu is there again."""
    (whole,) = (path.name for path in (shelf / "models").iterdir() if (path / "model.safetensors").exists())
    broken = shelf / "models" / "broken"
    broken.mkdir()
    (broken / "run.json").write_bytes((shelf / "models" / whole / "run.json").read_bytes())
    with menu(shelf.parent, **SMALL, MINIGPT_MODELS_DIR=str(shelf / "models")) as typist:
        typist.sees(MAIN).types(DOWN, ENTER).sees("Which model?").sees(whole).sees("Back").types(ESC)
        typist.sees(MAIN).types(DOWN, ENTER).sees("minigpt list --models-dir").sees(whole).sees(MAIN).types(CTRL_D)
        assert f"> {whole}" in typist.ends(0) and "> broken" not in typist.said
    (broken / "run.json").unlink()
    broken.rmdir()


def test_back_leads_from_each_question_to_the_one_before(tmp_path: Path) -> None:
    """By Esc, and by the last choice; the answers given before are the defaults when one comes by again."""
    with menu(notes(tmp_path), **SMALL) as typist:
        walk(typist.sees(MAIN).types(ENTER), OWN).sees("Go ahead?").types(UP, ENTER)
        typist.sees("How many epochs?").types(ESC).sees("How long?").types(ESC).sees("File or folder").types(ESC)
        typist.sees("learn from?").types(UP, UP, ENTER).sees("Describe it").types(ESC)
        typist.sees("What should it write?").types(ESC).sees("How large?").types(ESC).sees(MAIN)
        typist.types(ENTER).sees("How large?").types(ENTER).sees("What should it write?").types(DOWN, ENTER)
        typist.sees("Which kind?").types(ESC).sees("What should it write?").sees("> Poetry").types(UP, UP, ENTER)
        typist.sees("How large?").types(DOWN, DOWN, DOWN, ENTER).sees(MAIN).types(CTRL_C)
        typist.ends(130)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes"]


@pytest.mark.parametrize("encoding", ["utf-8", pytest.param("ascii", marks=pytest.mark.slow)])
def test_the_command_line_can_be_typed_whatever_the_answers_are(tmp_path: Path, encoding: str) -> None:
    """Quotes, dollars and spaces in a prompt and a path; what cannot be read is asked again."""
    strange = "my 'own' $notes für 狐"
    (notes(tmp_path) / "notes").rename(tmp_path / strange)
    with menu(tmp_path, size=(200, 50), **SMALL, PYTHONIOENCODING=encoding) as typist:
        walk(typist.sees(MAIN).types(ENTER), OWN[:2]).sees("Describe it").types("\x15", ENTER).sees("such as").types(
            'Say "it\'s $5"', ENTER
        )
        typist.sees("learn from?").types(DOWN, ENTER).sees("File or folder").types("nowhere", ENTER).sees("nowhere does not exist")
        typist.types("\x15", strange, ENTER).sees("Another one").types(ENTER).sees("How long?").types(UP, UP, UP, ENTER)
        typist.sees("How many minutes?").types("0", ENTER).sees("above 0").types("\x15", "1.5", ENTER).sees("Go ahead?").types(CTRL_C)
        said = typist.ends(130)
    prompt = 'Say "it\'s $5"'
    assert command_of(said) == ["train", "--prompt", prompt, "--model-size", "12M", "--data", strange, "--minutes", "1.5"]


@pytest.mark.slow
def test_the_models_of_ollama_are_those_that_the_server_has(tmp_path: Path) -> None:
    installed = [model("llama3.2:latest"), model("nomic-embed-text:latest", capabilities=["embedding"])]
    with (
        serve(lambda body, number: Reply(words("The sea.")), models=installed) as server,
        menu(tmp_path, size=(200, 50), **SMALL, OLLAMA_HOST=server.url) as typist,
    ):
        walk(typist.sees(MAIN).types(ENTER), HAIKU[:3]).sees("learn from?").types(DOWN, DOWN, ENTER)
        typist.sees("How long?").types(DOWN, ENTER).sees("Go ahead?").types(CTRL_C)
        said = typist.ends(130)
    assert "Ollama: llama3.2:latest" in said and "nomic" not in said
    assert command_of(said)[-6:] == ["--source", "ollama", "--ollama-gen-model", "llama3.2:latest", "--minutes", "5"]


@pytest.mark.slow
def test_a_server_that_hangs_holds_the_menu_up_for_seconds(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        with menu(tmp_path, **SMALL, OLLAMA_HOST=host) as typist:
            walk(typist.sees(MAIN).types(ENTER), HAIKU[:3])
            began = time.monotonic()
            typist.sees("no server answers").types(CTRL_C)
            typist.ends(130)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(("until", "path"), [(0, HAIKU), (3, OWN)])
def test_ctrl_c_leaves(tmp_path: Path, until: int, path: list[tuple[str, list[bytes | str]]]) -> None:
    leave(tmp_path, path, until, (80, 24), UTF8)


@pytest.mark.slow
@pytest.mark.parametrize("path", [HAIKU, OWN], ids=["preset", "own"])
@pytest.mark.parametrize(
    ("size", "locale"), [((80, 24), ASCII), ((40, 10), UTF8), ((40, 10), ASCII)], ids=["ascii", "small", "small-ascii"]
)
def test_ctrl_c_leaves_at_every_question(tmp_path: Path, path: list, size: tuple[int, int], locale: dict[str, str]) -> None:
    for until in range(len(path) + 1):
        leave(tmp_path, path, until, size, locale)


def leave(folder: Path, path: list, until: int, size: tuple[int, int], locale: dict[str, str]) -> None:
    """Answer the first questions, and press Ctrl-C at the next one: one line, status 130, nothing written."""
    if not (folder / "notes").exists():
        notes(folder)
    with menu(folder, size=size, **SMALL, **locale) as typist:
        walk(typist.sees(MAIN).types(ENTER), path[:until])
        typist.sees(path[until][0] if until < len(path) else "Go ahead?").types(CTRL_C)
        said = typist.ends(130)
    assert said.rstrip().endswith("minigpt: interrupted")
    assert [item.name for item in folder.iterdir()] == ["notes"]


# Every one of these is a process in a terminal: one signal for make test, the others, which take the same way, for make slow.
@pytest.mark.parametrize("number", [signal.SIGTERM, *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGINT, signal.SIGHUP))])
def test_a_signal_at_a_question_ends_the_menu_and_gives_the_terminal_back(tmp_path: Path, number: int) -> None:
    with menu(tmp_path, **SMALL) as typist:
        typist.sees(MAIN).types(ENTER).sees("How large?").types()
        typist.process.send_signal(number)
        assert typist.ends(130).rstrip().endswith("minigpt: interrupted")


@pytest.mark.slow
def test_a_terminal_that_cannot_redraw_gets_numbers(tmp_path: Path) -> None:
    with menu(tmp_path, **(SMALL | {"TERM": "dumb"})) as typist:
        there = [(MAIN, 1), ("How large?", 7), ("from 1 to 4", 1), ("What should it write?", 2), ("Which kind?", 2), ("learn from?", 1)]
        back = [("How long?", 7), ("learn from?", 4), ("Which kind?", 6), ("What should it write?", 6), ("How large?", 4), (MAIN, 4)]
        for question, answer in [*there, ("How long?", 1), ("Go ahead?", 3), *back]:
            typist.sees(question)
            typist.press(f"{answer}\n")
        typist.ends(0)
    assert b"\x1b" not in typist.raw


@pytest.mark.slow
def test_a_topic_that_templates_do_not_know_is_in_the_plan_and_not_asked_about_again(tmp_path: Path) -> None:
    with menu(tmp_path, size=(200, 50), **SMALL, **WRITTEN, MINIGPT_EPOCHS="1") as typist:
        walk(typist.sees(MAIN).types(ENTER), OWN[:2]).sees("Describe it").types("knows zorblaxian quimbles", ENTER)
        typist.sees("learn from?").types(ENTER).sees("How long?").types(ENTER).sees("know nothing about").sees("Go ahead?").types(ENTER)
        typist.sees("Folder").sees(MAIN).types(CTRL_D)
        assert command_of(typist.ends(0))[-1] == "--yes"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a Unix signal")
def test_ctrl_c_during_the_training_keeps_it_and_ends_the_menu(tmp_path: Path) -> None:
    with menu(tmp_path, size=(200, 50), **SMALL, **WRITTEN, MINIGPT_EPOCHS="100000", MINIGPT_LEARNING_RATE="1e-6") as typist:
        walk(typist.sees(MAIN).types(ENTER), HAIKU).sees("Go ahead?").types(ENTER).sees("loss")
        time.sleep(1)  # it learns so slowly that it does not end early
        typist.press(CTRL_C)
        assert "minigpt resume" in typist.ends(130)
