"""`serve` as other programs have it: a real process, real sockets, and the clients of OpenAI and Ollama."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import ollama
import openai
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import CONTEXT, write_model
from served import Serving, received, write_models

import minigpt
from minigpt.cli import cli
from minigpt.run.dialogue import find_form
from minigpt.run.serve.bounds import WAITING
from minigpt.run.textmodel import TextModel

SECRET = "a-key-of-some-length"
LONG = {"max_tokens": 8192, "temperature": 0}  # a text that repeats itself, and so does not end soon
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Serving]:
    made = Serving(models / "texts", models / "pirate")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def texts(models: Path) -> TextModel:
    return minigpt.load(models / "texts", "cpu")


@pytest.fixture(scope="module")
def pirate(models: Path) -> TextModel:
    return minigpt.load(models / "pirate", "cpu")


@pytest.fixture(scope="module")
def client(server: Serving) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def llama(server: Serving) -> Iterator[ollama.Client]:
    made = ollama.Client(server.address)
    yield made
    made._client.close()


def post(server: Serving, path: str, body: object, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(server.address + path, data=data, headers=headers, timeout=20)


def test_openai_s_client_gets_what_generate_writes(client: openai.OpenAI, texts: TextModel) -> None:
    assert [model.id for model in client.models.list()] == ["texts", "pirate"]
    assert client.models.retrieve("pirate").id == "pirate"
    answer = client.completions.create(model="texts", prompt="The moon", max_tokens=30, seed=7, n=2, stop=["q"], top_p=0.9)
    for i, choice in enumerate(answer.choices):
        assert choice.text == texts.generate("The moon", max_tokens=30, seed=7 + i, stop="q", top_p=0.9)
        assert (choice.index, choice.model_extra) == (i, {"seed": 7 + i})
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == len(texts.tokenizer.encode("The moon"))
    plain = client.completions.create(model="texts", prompt="a" * 9 * CONTEXT, seed=1, extra_body={"top_k": 3, "repetition_penalty": 1.2})
    wanted = texts.generate("a" * 9 * CONTEXT, seed=1, max_tokens=200, top_k=3, repetition_penalty=1.2)
    assert plain.choices[0].text == wanted
    unnamed = client.completions.create(model="texts", prompt="x", max_tokens=9)
    seed = (unnamed.choices[0].model_extra or {})["seed"]
    assert unnamed.choices[0].text == texts.generate("x", max_tokens=9, seed=seed)
    echo = client.completions.create(model="texts", prompt=["a", "b"], max_tokens=5, seed=1, echo=True)
    assert [choice.text for choice in echo.choices] == [prompt + texts.generate(prompt, max_tokens=5, seed=1) for prompt in "ab"]


def test_a_stream_has_the_same_text_and_usage(client: openai.OpenAI, texts: TextModel) -> None:
    options: dict[str, Any] = {"model": "texts", "prompt": "The", "max_tokens": 40, "seed": 3, "logprobs": 2}
    whole = client.completions.create(**options)
    chunks = list(client.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == whole.choices[0].text == texts.generate("The", max_tokens=40, seed=3)
    assert (chunks[-2].choices[0].finish_reason, chunks[-1].choices, chunks[-1].usage) == ("length", [], whole.usage)
    logs = whole.choices[0].logprobs
    assert logs is not None
    streamed = [chunk.choices[0].logprobs for chunk in chunks[:-1]]
    assert [token for each in streamed if each for token in each.tokens or ()] == logs.tokens
    assert [log for each in streamed if each for log in each.token_logprobs or ()] == logs.token_logprobs


def test_log_probabilities_are_the_model_s(client: openai.OpenAI, pirate: TextModel, texts: TextModel) -> None:
    """Natural logarithms, before temperature and top-k; a text that is read gives its tokens the same."""
    answer = client.completions.create(model="texts", prompt="The", max_tokens=25, seed=9, logprobs=3, stop="\n", temperature=2)
    choice = answer.choices[0]
    assert choice.logprobs is not None and choice.logprobs.token_logprobs and choice.logprobs.top_logprobs
    ids = texts.tokenizer.encode("The")
    fields = [getattr(choice.logprobs, name) for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset")]
    for name, log, top, start in zip(*fields, strict=True):
        logs = texts.logits(ids)[-1].astype(float)
        logs -= np.log(np.exp(logs).sum())
        names = [one.decode("utf-8", "replace") for one in texts.tokenizer.tokens]
        token = texts.tokenizer.tokens.index(bytes_of(name))
        assert log == pytest.approx(logs[token], abs=1e-4)
        assert sorted(top.values(), reverse=True) == pytest.approx(sorted(logs, reverse=True)[:3], abs=1e-4)
        assert "�" in names[token] or names[token] in choice.text[start : start + len(names[token]) + 3]
        ids.append(token)
    chat = client.chat.completions.create(model="pirate", messages=HELLO, max_tokens=9, seed=1, logprobs=True, top_logprobs=1)  # type: ignore[arg-type]
    logged = chat.choices[0].logprobs
    assert logged is not None and logged.content
    said = b"".join(bytes(one.bytes or []) for one in logged.content)
    assert said.decode("utf-8", "replace").strip() == chat.choices[0].message.content
    assert all(len(one.top_logprobs) == 1 and one.top_logprobs[0].logprob >= one.logprob for one in logged.content)


def bytes_of(name: str) -> bytes:
    """A token's bytes from its name."""
    if not name.startswith("bytes:"):
        return name.encode()
    return bytes(int(part, 16) for part in name.removeprefix("bytes:").split("\\x")[1:])


def test_a_model_of_dialogues_takes_turns(client: openai.OpenAI, pirate: TextModel) -> None:
    form = find_form(pirate.folder)
    assert form is not None
    asked = [
        {"role": "system", "content": "Be kind."},
        *HELLO,
        {"role": "assistant", "content": "Ahoy!"},
        {"role": "user", "content": "Who?"},
    ]
    answer = client.chat.completions.create(model="pirate", messages=asked, max_tokens=20, seed=5, temperature=0.3)  # type: ignore[arg-type]
    prompt = form.prompt([("Hello", "Ahoy!")], "Who?")
    assert prompt == "Visitor: Hello\nPirate: Ahoy!\nVisitor: Who?\nPirate:"
    wanted = pirate.generate(prompt, max_tokens=20, seed=5, temperature=0.3, stop=form.stops).strip()
    assert answer.choices[0].message.content == wanted != ""
    assert (answer.model_extra or {})["notes"] == ["system messages are left out: the model has read none in its training"]
    parts = [{"type": "text", "text": "Who?"}]
    begun = [{"role": "user", "content": parts}, {"role": "assistant", "content": "I am"}]
    on = client.chat.completions.create(model="pirate", messages=begun, max_tokens=20, seed=5)  # type: ignore[arg-type]
    assert on.choices[0].message.content == pirate.generate("Visitor: Who?\nPirate: I am", max_tokens=20, seed=5, stop=form.stops)


def test_where_the_dialogue_is_over_the_last_message_is_answered_alone(client: openai.OpenAI, pirate: TextModel) -> None:
    """As in `minigpt chat`; here a stop string ends the first try before it began."""
    form = find_form(pirate.folder)
    assert form is not None
    both = [form.prompt(exchanges, "Who?") for exchanges in ([("Hello", "Ahoy!")], [])]
    stop = pirate.generate(both[0], max_tokens=20, temperature=0, stop=form.stops).strip()[0]
    asked = [*HELLO, {"role": "assistant", "content": "Ahoy!"}, {"role": "user", "content": "Who?"}]
    answer = client.chat.completions.create(model="pirate", messages=asked, max_tokens=20, temperature=0, stop=stop)  # type: ignore[arg-type]
    assert answer.choices[0].message.content == pirate.generate(both[1], max_tokens=20, temperature=0, stop=(stop, *form.stops)).strip()
    assert (answer.model_extra or {})["notes"] == ["to the model, the dialogue was over: it answered the last message alone"]


def test_any_other_model_continues_the_last_message(client: openai.OpenAI, texts: TextModel) -> None:
    asked = [*HELLO, {"role": "assistant", "content": "no"}, {"role": "user", "content": "The moon"}]
    stream = client.chat.completions.create(model="texts", messages=asked, max_tokens=20, seed=5, stream=True)  # type: ignore[call-overload]
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == texts.generate("The moon", max_tokens=20, seed=5)
    assert "this model takes no turns" in (chunks[-1].model_extra or {})["notes"][0]
    assert chunks[0].choices[0].delta.role == "assistant"


def test_ollama_s_client_gets_the_same(llama: ollama.Client, texts: TextModel, pirate: TextModel) -> None:
    assert [model.model for model in llama.list().models] == ["texts:latest", "pirate:latest"]
    assert llama.show("texts").capabilities == ["completion"]
    assert len(llama.ps().models) == 2
    wanted = texts.generate("The moon", max_tokens=30, seed=7, temperature=0.5, repetition_penalty=1.1, stop="q")
    options = {"num_predict": 30, "seed": 7, "temperature": 0.5, "repeat_penalty": 1.1, "stop": ["q"], "num_ctx": 4096}
    whole = llama.generate("texts:latest", "The moon", options=options, keep_alive="5m")
    assert whole.response == wanted
    chunks = list(llama.generate("texts", "The moon", options=options, stream=True))
    assert "".join(chunk.response for chunk in chunks) == wanted
    assert (chunks[-1].done, chunks[-1].done_reason, chunks[-1].eval_count) == (True, whole.done_reason, whole.eval_count)
    said = llama.chat("pirate", HELLO, options={"num_predict": 20, "seed": 5, "temperature": 0.3})
    form = find_form(pirate.folder)
    assert form is not None
    first = pirate.generate(form.prompt([], "Hello"), max_tokens=20, seed=5, temperature=0.3, stop=form.stops)
    assert said.message.content == first.strip()
    assert llama.generate("texts", "").done_reason == "load"
    with pytest.raises(ollama.ResponseError, match="'nope' does not exist here; there is texts, pirate") as caught:
        llama.generate("nope", "x")
    assert caught.value.status_code == 404


WRONG = [
    ({"model": "nope"}, 404, "model", "there is texts, pirate"),
    ({"model": 3}, 400, "model", "must be the name of a model"),
    ({"temperature": -1}, 400, "temperature", "temperature=-1 must be a finite number at least 0"),
    ({"temperature": "hot"}, 400, "temperature", "temperature='hot' must be"),
    ({"top_p": 0}, 400, "top_p", "top_p=0 must be"),
    ({"top_k": 1.5}, 400, "top_k", "whole number"),
    ({"seed": -1}, 400, "seed", "seed=-1 must be"),
    ({"seed": 2**64}, 400, "seed", "below 2^63"),
    ({"max_tokens": 10**9}, 400, "max_tokens", "at most 8,192"),
    ({"max_completion_tokens": -3}, 400, "max_completion_tokens", "max_completion_tokens=-3 must be"),
    ({"stop": ["a"] * 99}, 400, "stop", "at most 16 texts"),
    ({"stop": [""]}, 400, "stop", "texts of 1 to 200 characters"),
    ({"n": 17}, 400, "n", "from 1 to 16"),
    ({"logprobs": 21}, 400, "logprobs", "from 0 to 20"),
    ({"logprobs": 1, "echo": True}, 400, "echo", "together with logprobs"),
    ({"prompt": [1, 2]}, 400, "prompt", "token ids are not read"),
    ({"stream": 1}, 400, "stream", "true or false"),
    ({"logit_bias": {"5": 1}}, 400, "logit_bias", "does not support logit_bias"),
    ({"presence_penalty": 0.5}, 400, "presence_penalty", "does not support"),
    ({"response_format": {"type": "json_object"}}, 400, "response_format", "does not support"),
    ({"messages": HELLO, "tools": [{"type": "function"}]}, 400, "tools", "does not support tools"),
    ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages[0].role", "not 'tool'"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages[0].content", "reads text only"),
    ({"messages": ["x"]}, 400, "messages[0]", "an object with role"),
    ({"messages": []}, 400, "messages", "one of the role user"),
    ({"messages": HELLO, "top_logprobs": 3}, 400, "top_logprobs", "needs logprobs"),
]


@pytest.mark.parametrize(
    ("body", "status", "field", "said"), WRONG, ids=[next(reversed(body)) + str(i) for i, (body, *_) in enumerate(WRONG)]
)
def test_what_cannot_be_honoured_is_refused_by_name(server: Serving, body: dict[str, Any], status: int, field: str, said: str) -> None:
    path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
    answer = post(server, path, {"model": "texts", **body})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, field)
    assert said in error["message"] and "\n" not in error["message"]


def test_what_asks_for_nothing_is_passed_over(server: Serving) -> None:
    harmless = {
        "user": "me", "store": True, "tools": [], "tool_choice": "none", "response_format": {"type": "text"}, "presence_penalty": 0.0,
        "logit_bias": None, "n": 1, "best_of": 1, "service_tier": "auto", "max_tokens": 3, "stop": None, "unheard_of": {"a": [1]},
    }  # fmt: skip
    assert post(server, "/v1/completions", {"model": "texts", "prompt": "x", **harmless}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [(b"", 400, "not JSON"), (b"[1]", 400, "expected a JSON object"), (b'{"model": NaN}', 400, "NaN"), (b"\xff", 400, "not UTF-8"),
     (b"[" * 99999, 400, "nested too deeply"), (b"a" * 2**21, 413, "at most 1,048,576 bytes"), (b'{"seed": 1e999}', 400, "too large")],
    ids="empty list nan bytes deep large number".split(),
)  # fmt: skip
def test_bodies_are_bounded(server: Serving, body: bytes, status: int, said: str) -> None:
    for path in ("/v1/completions", "/api/chat"):
        answer = post(server, path, body)
        error = answer.json()["error"]
        assert (answer.status_code, said in (error if isinstance(error, str) else error["message"])) == (status, True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "seed"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [
    "prompt",
    "messages",
    "stream",
    "stop",
    "n",
    "logprobs",
    "top_logprobs",
    "echo",
    "options",
    "seed",
    "max_tokens",
    "images",
    "think",
]


@settings(max_examples=25)
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
def test_no_body_is_a_fault_of_the_server(server: Serving, body: dict[str, Any]) -> None:
    for path in ("/v1/completions", "/v1/chat/completions", "/api/generate", "/api/chat"):
        made = {"model": "pirate", "max_tokens": 3, **body}
        if path.startswith("/api/") and not isinstance(body.get("options", 0), dict):
            made["options"] = {"num_predict": 3}
        assert post(server, path, made).status_code in (200, 400)


def test_web_pages_and_foreign_names_are_refused(server: Serving) -> None:
    asked = {"model": "texts", "prompt": "x", "max_tokens": 1}
    assert post(server, "/v1/completions", asked, Host="evil.example:80").status_code == 403
    assert post(server, "/v1/completions", asked, Origin="http://evil.example").status_code == 403
    answer = post(server, "/v1/completions", asked, Host="localhost:1234")
    assert answer.status_code == 200 and not any("access-control" in name.lower() for name in answer.headers)
    preflight = requests.options(f"{server.address}/v1/completions", headers={"Origin": "http://evil.example"}, timeout=20)
    assert preflight.status_code == 403
    assert (requests.get(f"{server.address}/v1/nope", timeout=20).json()["error"]["type"]) == "not_found_error"
    assert requests.put(f"{server.address}/api/tags", timeout=20).json() == {"error": "no such method here: PUT /api/tags"}
    assert requests.head(f"{server.address}/", timeout=20).status_code == 200


def test_too_many_requests_are_sent_away(server: Serving, texts: TextModel) -> None:
    waiting = [server.send("/v1/completions", model="texts", prompt="x", seed=i, **LONG) for i in range(WAITING)]
    deadline = time.monotonic() + 10
    while (answer := post(server, "/v1/completions", {"model": "texts", "max_tokens": 1})).status_code == 200:
        assert time.monotonic() < deadline
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["error"]["code"]) == (503, "1", "busy")
    assert post(server, "/v1/completions", {"model": "pirate", "max_tokens": 1}).status_code == 200  # another queue
    for each in waiting:
        each.close()
    while (answer := post(server, "/v1/completions", {"model": "texts", "prompt": "x", "max_tokens": 9, "seed": 1})).status_code != 200:
        assert time.monotonic() < deadline
    assert answer.json()["choices"][0]["text"] == texts.generate("x", max_tokens=9, seed=1)


def test_lines_say_what_was_asked_and_never_its_text(models: Path) -> None:
    made = Serving(models / "texts", models / "pirate", "--seed", 4)
    post(made, "/v1/completions", {"model": "texts", "prompt": "private words", "max_tokens": 5})
    post(made, "/v1/chat/completions", {"model": "pirate", "messages": [{"role": "private", "content": "words"}]})
    requests.get(f"{made.address}/private%1b[2Jx?words=private", timeout=20)
    with made.send("/v1/completions", model="texts", prompt="x", stream=True, **LONG) as gone:
        gone.recv(10)
    deadline = time.monotonic() + 10
    while len(made.lines) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert made.stop() == 0
    asked, wrong, path, left = [line[10:].split("  ") for line in made.lines]
    assert asked[:5] == ["POST", "/v1/completions", "200", "texts", "5 tokens"]
    assert wrong[:3] == ["POST", "/v1/chat/completions", "400"]
    assert path[:3] == ["GET", "/private [2Jx", "404"]
    assert left[:4] == ["POST", "/v1/completions", "left", "texts"] and int(left[4].split()[0].replace(",", "")) < LONG["max_tokens"]
    assert not any("words" in line for line in made.said)
    assert made.said[0].startswith("texts: continues text, sees 96 tokens")
    assert made.said[1].startswith("pirate: takes turns as Pirate")
    assert "curl http://127.0.0.1:" in made.said[3]
    assert made.said[-1] == "Stopped."


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_it_at_once_in_the_middle_of_answers(models: Path) -> None:
    made = Serving(models / "texts")
    streamed = made.send("/v1/completions", prompt="x", stream=True, **LONG)
    whole = made.send("/v1/completions", prompt="x", **LONG)
    idle = made.connect()
    first = streamed.recv(500)
    began = time.monotonic()
    assert made.stop() == 0
    assert time.monotonic() - began < 15  # on a machine that is busy
    rest = b"".join(received(streamed))
    assert b"the server is being stopped" in first + rest and b"[DONE]" not in rest
    assert b" 503 " in b"".join(received(whole))
    idle.close()
    assert made.said[-1] == "Stopped." and not any("Traceback" in line for line in made.said)


def test_slow_clients_are_cut_off(models: Path) -> None:
    """Who sends nothing, who sends a body slowly, who reads nothing, and who asks for too much."""
    made = Serving(models / "texts", bounds="door:DEADLINE:0.9 visit:BODY_SECONDS:0.3 server:PATIENCE:0.4")
    silent, slow = made.connect(), made.connect()
    slow.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")
    deaf = made.send("/v1/completions", small=True, prompt="x", stream=True, n=16, **LONG)
    late = made.send("/v1/completions", prompt="x", n=16, **LONG)
    assert list(received(silent)) == []
    assert b" 408 " in slow.recv(9999)
    slow.close()
    assert b" 504 " in b"".join(received(late))
    deadline = time.monotonic() + 10
    while len(made.lines) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sorted(line.split("  ")[3] for line in made.lines) == ["408", "504", "left"]
    time.sleep(1)
    with pytest.raises(OSError), deaf:
        while deaf.recv(65536):  # what was on its way, and then no proper end
            pass
        raise ConnectionResetError
    assert made.stop() == 0


def test_what_keeps_it_from_starting_is_one_line_with_the_remedy(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> tuple[object, str]:
        """Exit status and last line of a server that does not start."""
        with pytest.raises(SystemExit) as ended:
            cli(["serve", *map(str, arguments)], prog_name="minigpt")
        out, err = capsys.readouterr()
        assert out == ""
        return ended.value.code, err.splitlines()[-1]

    run = models / "texts"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = f"minigpt: port {port} of 127.0.0.1 is in use; choose another, such as --port {port + 1}"
        assert failing(run, "--port", port) == (1, said)
    status, line = failing(run, "--host", "0.0.0.0")
    assert status == 2 and "lets other machines in; give them a --key" in line
    status, line = failing(run, "--host", "0.0.0.0", "--key", "short")
    assert status == 2 and "at least 16" in line
    status, line = failing(run, "--host", "nowhere.invalid", "--key", SECRET)
    assert status == 1 and "use an address of this machine" in line
    assert failing(run, "--temperature", "-1")[0] == 2
    write_model(tmp_path / "texts")
    status, line = failing(run, tmp_path / "texts", "--port", 0)
    assert status == 2 and "have one name" in line
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    status, line = failing(run)
    assert status == 1 and line.startswith("minigpt: serving needs starlette and uvicorn: ") and line.endswith("starlette uvicorn")


def test_other_machines_need_the_key(models: Path) -> None:
    made = Serving(models / "texts", "--host", "0.0.0.0", MINIGPT_KEY=SECRET)
    asked = {"model": "texts", "prompt": "x", "max_tokens": 2}
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": SECRET}, {"Authorization": "Bearer \xff"}):
        assert post(made, "/v1/completions", asked, **wrong).status_code == 401
        assert post(made, "/api/generate", asked, **wrong).status_code == 401
    assert post(made, "/v1/completions", asked, Authorization=f"Bearer {SECRET}", Host="my-machine:8000").status_code == 200
    with openai.OpenAI(base_url=f"{made.address}/v1", api_key=SECRET, max_retries=0) as client:
        assert client.completions.create(model="texts", prompt="x", max_tokens=2).usage is not None
    assert made.stop(signal.SIGTERM) == 0
    assert not any(SECRET in line for line in made.said)
    assert any("  127.0.0.1  POST" in line for line in made.said)
