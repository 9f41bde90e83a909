"""`chat` as a person has it, in a pseudo-terminal, and as a script has it, through pipes: real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from model_folders import write_model

from minigpt.cli.history import history_file, read_history
from minigpt.cli.lines import Words, cells
from minigpt.cli.slash import Session
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError

if os.name == "posix":
    from terminals import Terminal

TALK = [{"text": f"Visitor: Hello, {n}.\nPirate: Ahoy!\nVisitor: Why?\nPirate: Arr.", "split": "train"} for n in range(3)]
unix = pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with random weights: of texts, and of dialogues."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "texts")
    write_model(folder / "pirate", seed=1)
    (folder / "pirate" / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in TALK))
    return folder


@pytest.fixture
def texts(models: Path) -> Session:
    return Session(models / "texts", models, "cpu", SampleConfig(max_tokens=9))


def environment(home: Path, **more: str) -> dict[str, str]:
    """NumPy alone, which starts sooner, and a home of its own."""
    left = {key: value for key, value in os.environ.items() if key not in ("XDG_STATE_HOME", "LOCALAPPDATA", "NO_COLOR")}
    return {**left, "MINIGPT_KERNELS": "numpy", "HOME": str(home), "USERPROFILE": str(home), "TERM": "xterm", **more}


def command(models: Path, run: str, *arguments: object) -> list[str]:
    given = (models / run, "--models-dir", models, "--max-tokens", 9, *arguments)
    return [sys.executable, "-m", "minigpt", "chat", *map(str, given)]


def pipe(models: Path, run: str, lines: str, *arguments: object) -> tuple[int, str, str]:
    """Chat through pipes."""
    made = command(models, run, *arguments)
    done = subprocess.run(made, input=lines.encode(), capture_output=True, env=environment(models), check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def terminal(models: Path, run: str, home: Path, *arguments: object, size: tuple[int, int] = (80, 24), **more: str) -> Terminal:
    """Chat as a person has it."""
    return Terminal(command(models, run, *arguments), size=size, HOME=str(home), **{"TERM": "xterm", **more})


READY = r"/help *$"  # the line below the prompt is there


def test_lines_from_a_pipe_are_answered_on_standard_output_alone(models: Path) -> None:
    status, out, err = pipe(models, "pirate", "Hello\n\nWho are you?\n/params\n//slash\n", "--seed", 1)
    assert (status, len(out.splitlines())) == (0, 3)
    assert not re.search("Visitor|Pirate|>|temperature", out)
    assert "temperature" in err
    again = pipe(models, "pirate", "Hello\n/quit\nWho are you?\n", "--seed", 1)
    assert again == (0, out.splitlines(keepends=True)[0], "")


def test_a_wrong_command_in_a_pipe_ends_it_with_one_line(models: Path) -> None:
    status, out, err = pipe(models, "texts", "/set temprature 2\nHello\n")
    assert (status, out, err) == (1, "", "minigpt: no setting temprature; did you mean temperature?\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/set temperature -1", "temperature must be 0 or more, not -1"),
        ("/set temperature nan", "temperature must be 0 or more, not nan"),
        ("/set top-p 2", "top-p must be above 0 and at most 1, not 2"),
        ("/set top_k x", "top-k must be a whole number, 0 or more, not x"),
        ("/set t 1", "no setting t; did you mean temperature or top-k or top-p?"),
        ("/seed 1.5", "seed must be a whole number or new, not 1.5"),
        ("/inof", "no command /inof; did you mean /info?"),
        ("/", "no command /; /help lists them"),
        ("/tempratur 0.9", "no command /tempratur; did you mean /set temperature?"),
        ("/model nowhere", "no run 'nowhere'"),
        ("/again", "there is no answer yet"),
        ("/save", "save takes the name of a file"),
        ("/turns on", "no dialogues"),
        ("/turns maybe", "turns must be on or off, not maybe"),
    ],
)
def test_a_wrong_command_is_named_and_changes_nothing(texts: Session, line: str, said: str) -> None:
    before = texts.talk.config, texts.talk.seed, texts.folder
    with pytest.raises(MinigptError, match=re.escape(said)):
        texts.obey(line)
    assert (texts.talk.config, texts.talk.seed, texts.folder) == before


def test_settings_are_what_was_set(texts: Session, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["/set temperature 0", "/set top_k 3", "/set TOP-P 0.5", "/set rep 1.5", "/set max 7", r'/set stop "a\n b"', "/seed 4"]
    for line in lines:
        texts.obey(line)
    assert texts.talk.config == SampleConfig(7, 0.0, 3, 0.5, 1.5, ("a\n b",))
    assert texts.talk.seed == 4
    texts.obey("/params")
    shown = capsys.readouterr().err
    assert [line.split()[:2] for line in shown.splitlines()][:2] == [["temperature", "0"], ["top-k", "3"]]
    texts.obey('/set stop ""')
    texts.obey("/seed new")
    assert (texts.talk.config.stop, texts.talk.seed) == ((), None)
    assert (texts.complete("/se"), texts.complete("/set to"), texts.complete("se")) == (["/set", "/seed"], ["top-k", "top-p"], [])
    assert "latest" in texts.complete("/model ")
    assert [texts.status(width) for width in (5, 16, 25)] == ["/help", "temperature 0", "temperature 0  top-k 3"]


def test_a_conversation_is_saved_once_and_its_records_repeat_it(models: Path, tmp_path: Path) -> None:
    told, records = tmp_path / "talk.txt", tmp_path / "talk.jsonl"
    lines = f"Hello\n/set temperature 1.5\n/seed 8\nWhy?\n/save {told}\n/save {records}\n/save {told}\n"
    status, out, err = pipe(models, "pirate", lines, "--seed", 1)
    first, second = out.splitlines()
    assert (status, "nothing is overwritten" in err) == (1, True)
    assert told.read_text() == f"Visitor: Hello\nPirate: {first}\nVisitor: Why?\nPirate: {second}\n"
    saved = [json.loads(line) for line in records.read_text().splitlines()]
    assert [record["settings"]["temperature"] for record in saved] == [0.8, 1.5]
    assert (saved[1]["seed"], saved[1]["prompt"]) == (8, f"Visitor: Hello\nPirate: {first}\nVisitor: Why?\nPirate:")


@unix
def test_a_person_talks_sets_repeats_and_leaves(models: Path, tmp_path: Path) -> None:
    with terminal(models, "pirate", tmp_path, "--seed", 5) as shown:
        assert "It answers as Pirate; you are Visitor." in shown.matches(READY)
        answer = shown.press("Hello\r", r"seed 5.*/help *$")
        assert "Pirate: " in answer
        assert "temperature 2 " in shown.press("/set temp 2\r", READY)
        assert "Pirate: " in shown.press("/again\r", r"seed 6.*/help *$")
        assert "/params" in shown.press("/par\t", "/params")
        assert "repetition-penalty" in shown.press("\r", r"seed +7[\s\S]*/help *$")
        assert "It continues what you type" in shown.press(f"/model {models / 'texts'}\r", r"\n> *\n[\s\S]*/help *$")
        assert "Once" in shown.press("Once\r", r"Once[\s\S]*Once[\s\S]*/help *$")
        shown.press("half a line", "half a line")
        shown.press("\x03", READY)  # cleared
        shown.press(b"\x04")
        assert shown.end() == 0
    kept = tmp_path / ".local" / "state" / "minigpt" / "chat-history"
    if sys.platform == "linux":
        assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
        assert read_history(kept) == ["Hello", "/set temp 2", "/again", "/params", f"/model {models / 'texts'}", "Once"]


@unix
@pytest.mark.parametrize(
    ("size", "more"),
    [((40, 10), {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}), ((40, 10), {"NO_COLOR": "1", "TERM": "dumb"})],
)
def test_a_small_or_plain_terminal_will_do(models: Path, tmp_path: Path, size: tuple[int, int], more: dict[str, str]) -> None:
    with terminal(models, "pirate", tmp_path, "--no-history", size=size, **more) as shown:
        text = shown.matches("Visitor:")
        assert all(len(line) <= 40 for line in text.splitlines())
        shown.press("caf\u00e9\r", r"Pirate:[\s\S]*Visitor:")
        time.sleep(0.6)  # a Ctrl-C right after an answer was meant for that
        shown.press(b"\x03")
        assert shown.end() == 0
    assert not list(tmp_path.rglob("chat-history"))


@unix
def test_ctrl_c_stops_an_answer_and_a_signal_ends_the_chat(models: Path, tmp_path: Path) -> None:
    with terminal(models, "texts", tmp_path, "--max-tokens", 10**6) as shown:
        shown.matches(READY)
        shown.press("Once\r", r"Once[\s\S]*Once.{20}")
        shown.press("\x03", r"seed[\s\S]*/help *$")
        assert "Once" in shown.press("\x1b[A", "Once")  # the history
        shown.process.send_signal(signal.SIGTERM)
        assert shown.end() == 130
        assert "minigpt: interrupted" in shown.said


@unix
def test_the_second_answer_comes_at_once(models: Path, tmp_path: Path) -> None:
    """Nothing is loaded again: it takes a small part of the time to the first prompt."""
    began = time.monotonic()
    with terminal(models, "pirate", tmp_path) as shown:
        shown.matches(READY)
        start = time.monotonic() - began
        shown.press("Hello\r", r"Pirate: .*\n[\s\S]*/help *$")
        began = time.monotonic()
        shown.press("And then?\r", r"Pirate: ")
        assert time.monotonic() - began < start / 2
        shown.matches(READY, shown.said.index("And then?"))
        shown.press(b"\x04")
        assert shown.end() == 0


@pytest.mark.parametrize(
    ("system", "variables", "place"),
    [
        ("linux", {"HOME": "/home/ada"}, "/home/ada/.local/state/minigpt/chat-history"),
        ("linux", {"HOME": "/home/ada", "XDG_STATE_HOME": "/data/state"}, "/data/state/minigpt/chat-history"),
        ("linux", {"HOME": "/home/ada", "XDG_STATE_HOME": "here"}, "/home/ada/.local/state/minigpt/chat-history"),
        ("darwin", {"HOME": "/Users/ada"}, "/Users/ada/Library/Application Support/minigpt/chat-history"),
        ("win32", {"HOME": "/c", "LOCALAPPDATA": "/c/Local"}, "/c/Local/minigpt/chat-history"),
    ],
)
@unix
def test_the_history_has_its_place_on_each_system(
    monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], place: str
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert str(history_file()) == place


@unix
def test_a_history_is_bounded_private_and_never_written_through_a_link(tmp_path: Path) -> None:
    path = tmp_path / "minigpt" / "chat-history"
    path.parent.mkdir()
    path.write_bytes(b"\xff{\n" + b"".join(json.dumps(f"line {n} " + "x" * 900).encode() + b"\n" for n in range(1500)))
    path.chmod(0o644)
    entries = read_history(path)
    assert (len(entries), entries[-1][:9]) == (1000, "line 1499")
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_size < 2**20, read_history(path)) == (0o600, True, entries)
    path.unlink()
    path.symlink_to(tmp_path / "other")
    assert read_history(path) == []
    assert not (tmp_path / "other").exists()
    path.unlink()
    os.mkfifo(path)
    assert read_history(path) == []


@pytest.mark.parametrize("width", [10, 21, 79])
def test_words_are_not_cut_at_the_edge_and_nothing_is_lost(width: int) -> None:
    text = "A line of words\nand another,  with\ttabs; antidisestablishmentarianism, \u6f22\u5b57\u304b\u306a and an end."
    wide: Callable[[], int] = lambda: width  # noqa: E731
    words = Words(wide)
    written = "".join(words.feed(c) for c in text) + words.rest()
    assert "".join(written.split()) == "".join(text.split())
    whole = {word for word in text.split() if cells(word) < width}
    assert whole <= set(written.split())
    assert all(cells(line) <= width for line in written.splitlines() if not set(line.split()) - whole)
