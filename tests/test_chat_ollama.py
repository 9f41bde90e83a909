"""`chat --ollama NAME`: a conversation with a model on an Ollama server, over real sockets."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ollama_server import OllamaServer, Reply, model, serve, words

from minigpt.cli import cli
from minigpt.cli.remote import OllamaSession
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError


def echo(body: dict[str, Any], number: int) -> Reply:
    """Says how often it was asked, and what last."""
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return Reply(words(f" You said {len(said)}: {said[-1]} "))


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with serve(echo, models=[model("haiku:latest"), model("other:1b")]) as running:
        yield running


@pytest.fixture
def session(server: OllamaServer) -> OllamaSession:
    return OllamaSession("haiku", [server.url], SampleConfig(seed=5, max_tokens=50, stop=("END",)))


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command, with lines on its standard input."""

    def run(lines: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            cli.main(["chat", *arguments], prog_name="minigpt")
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def said(session: OllamaSession, text: str) -> str:
    return "".join(session.talk.answer(text))


def test_lines_are_answered_and_the_conversation_goes_along(server: OllamaServer, call: Call) -> None:
    status, out, _ = call("Hello\nAnd you?\n/new\nBye\n", "--ollama", "haiku", "--ollama-host", server.url, "--seed", "7", "--top-k", "3")
    assert (status, out) == (0, "You said 1: Hello\nYou said 2: And you?\nYou said 1: Bye\n")
    first, second, third = server.bodies("/api/chat")
    assert second["messages"] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": " You said 1: Hello "},
        {"role": "user", "content": "And you?"},
    ]
    assert third["messages"] == [{"role": "user", "content": "Bye"}]
    assert first["model"] == "haiku:latest" and first["stream"] is True
    wanted = {"num_predict": 200, "temperature": 0.8, "top_k": 3, "top_p": 1.0, "repeat_penalty": 1.0, "seed": 7}
    assert first["options"] == wanted  # and no stop: the model's own stay
    assert [body["options"]["seed"] for body in (second, third)] == [8, 9]


def test_the_address_is_that_of_the_environment_too(server: OllamaServer, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "MINIGPT_OLLAMA_HOST"):
        with monkeypatch.context() as patch:
            patch.setenv(name, server.url)
            assert call("Hi\n", "--ollama", "haiku")[:2] == (0, "You said 1: Hi\n")
            status, _, err = call("", "latest", "--models-dir", "nowhere")  # a RUN does not mind it
            assert status and "nowhere" in err and "ollama" not in err


def test_the_commands_of_a_chat(session: OllamaSession, server: OllamaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(session, "One") == "You said 1: One"
    assert "".join(session.obey("/again") or ()) == "You said 1: One"  # in place of the first answer
    session.obey("/set temperature 0.3")
    assert said(session, "Two") == "You said 2: Two"
    assert [(b["options"]["seed"], b["options"]["temperature"], b["options"]["stop"]) for b in server.bodies("/api/chat")] == [
        (5, 0.8, ["END"]),
        (6, 0.8, ["END"]),
        (7, 0.3, ["END"]),
    ]
    session.obey(f"/save {tmp_path / 'talk.txt'}")
    assert (tmp_path / "talk.txt").read_text() == "You: One\nhaiku:latest: You said 1: One\n\nYou: Two\nhaiku:latest: You said 2: Two\n"
    session.obey(f"/save {tmp_path / 'talk.jsonl'}")
    records = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    assert [(r["prompt"], r["seed"], r["model"], r["finish_reason"]) for r in records] == [
        ("One", 6, "haiku", "stop"),
        ("Two", 7, "haiku", "stop"),
    ]
    session.obey("/info")
    assert re.search(
        r"haiku:latest \(3.2B, 2.0 GB\) on http://127.*context: 8,192 tokens.*licence: Apache", capsys.readouterr().err, re.DOTALL
    )
    session.obey("/model other:1b")
    assert said(session, "New") == "You said 1: New" and server.bodies("/api/chat")[-1]["model"] == "other:1b"
    assert session.complete("/model o") == ["other:1b"]
    with pytest.raises(MinigptError, match="template decides"):
        session.obey("/turns on")
    with pytest.raises(MinigptError, match="has no model 'third'; installed there: haiku:latest"):
        session.obey("/model third")
    assert said(session, "Still") == "You said 2: Still"


def test_characters_arrive_whole(server: OllamaServer, session: OllamaSession) -> None:
    """Servers split them between two chunks: as bytes, or as half a pair each."""
    packets = [
        b'{"message": {"content": "caf\xc3"}}\n',
        b'{"message": {"content": "\xa9 \\ud83d"}}\n{"message": {"content": "\\ude00!"}}\n',
    ]
    server.reply = lambda body, number: Reply(
        raw=[*packets, b'{"message": {"content": ""}, "done": true, "done_reason": "length"}\n'], chunked=False
    )
    pieces = list(session.talk.answer("?"))
    assert "".join(pieces) == "café 😀!" and len(pieces) > 1
    assert session.talk.last and session.talk.last.sample.finish_reason == "length"


def test_who_wants_no_more_is_sent_no_more(server: OllamaServer, session: OllamaSession) -> None:
    """An answer that is stopped ends its request; what was said of it stays in the conversation, and the next one is complete."""
    server.reply = lambda body, number: Reply(["word "] * 1000, delay=0.01)
    pieces = session.talk.answer("Go on")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 5
    while server.at_once and time.monotonic() < end:
        time.sleep(0.01)
    assert server.at_once == 0
    server.reply = echo
    assert said(session, "Next") == "You said 2: Next"
    assert server.bodies("/api/chat")[-1]["messages"][1]["content"].startswith("word")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=500, body='{"error": "out of memory"}'), "returned status 500: out of memory"),
        (Reply(["half"], end="error"), "cut an answer short: llama-server process has terminated"),
        (Reply(raw=[b"<html>"], chunked=False), "did not answer with JSON"),
        (Reply(raw=[b'{"message": {"content": 3}}\n'], chunked=False), "part of an answer is not text"),
        (Reply(["half"], end="reset"), "dropped the connection"),
    ],
    ids=["status", "error", "page", "number", "reset"],
)
def test_a_failing_server_is_told_in_a_line_and_can_be_asked_again(
    server: OllamaServer, session: OllamaSession, reply: Reply, words: str
) -> None:
    server.reply = lambda body, number: reply
    with pytest.raises(MinigptError, match=words):
        said(session, "Hello")
    server.reply = echo
    assert "Again" in said(session, "Again")


def test_wrong_usage_is_one_line(server: OllamaServer, call: Call) -> None:
    for arguments, expected in [
        ([], "chat takes a RUN, or --ollama NAME"),
        (["models/x", "--ollama", "haiku"], "chat takes a RUN, or --ollama NAME"),
        (["models/x", "--ollama-host", server.url], "--ollama-host is for --ollama NAME"),
        (["--ollama", "haiku", "--ollama-host", "ftp://x"], "use http or https"),
    ]:
        status, out, err = call("Hi\n", *arguments)
        assert status in (1, 2) and out == "" and expected in err and err.count("\n") == 1, arguments
    status, _, err = call("Hi\n", "--ollama", "sonnet", "--ollama-host", server.url)
    assert status == 1 and "has no model 'sonnet'; installed there: haiku:latest" in err
    status, _, err = call("Hi\n", "--ollama", "haiku", "--ollama-host", "127.0.0.1:1")
    assert status == 1 and "start it with: ollama serve" in err and err.count("\n") == 1
