"""Many clients at once, some of which leave in the middle, and a slow one: every whole answer is what `generate` writes, the memory stays,
and nothing is left at the end."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from served import Serving, events, received, write_models

import minigpt
from minigpt.run.dialogue import find_form

PROMPTS = ["The moon", "An old pond", "naïve 🦊", "x" * 300, ""]
MEASURED = 50  # requests, after which the memory is what it will be
GROWTH = 4 * 2**20  # bytes of the process's memory that come and go


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


class Wanted:
    """What the library writes, computed alone."""

    def __init__(self, models: Path) -> None:
        self.models = {name: minigpt.load(models / name, "cpu") for name in ("texts", "pirate")}
        self.form = find_form(models / "pirate")

    def text(self, prompt: str, seed: int) -> str:
        return self.models["texts"].generate(prompt, max_tokens=60, seed=seed)

    def turn(self, said: str, seed: int) -> str:
        assert self.form is not None
        return self.models["pirate"].generate(self.form.prompt([], said), max_tokens=60, seed=seed, stop=self.form.stops).strip()


def whole(server: Serving, i: int) -> tuple[str, dict[str, Any]]:
    """A request of one of four kinds, and its answer: the text."""
    prompt = PROMPTS[i % len(PROMPTS)]
    kind = i % 4
    common = {"seed": i, "max_tokens": 60}
    if kind == 0:
        body = {"model": "texts", "prompt": prompt, **common}
        text = requests.post(f"{server.address}/v1/completions", json=body, timeout=60).json()["choices"][0]["text"]
    elif kind == 1:
        body = {"model": "texts", "prompt": prompt, "stream": True, "logprobs": 3, **common}
        answer = b"".join(received(server.send("/v1/completions", **body)))
        text = "".join(event["choices"][0]["text"] for event in events(answer))
    elif kind == 2:
        body = {"model": "pirate", "messages": [{"role": "user", "content": f"Hello, {i}"}], **common}
        answer = requests.post(f"{server.address}/v1/chat/completions", json=body, timeout=60)
        text = answer.json()["choices"][0]["message"]["content"]
    else:
        body = {"model": "pirate", "messages": [{"role": "user", "content": f"Hello, {i}"}], "options": {"seed": i, "num_predict": 60}}
        answer = requests.post(f"{server.address}/api/chat", json=body, timeout=60)
        text = "".join(json.loads(line)["message"]["content"] for line in answer.text.splitlines())
    return text, body


def wanted_of(wanted: Wanted, i: int, body: dict[str, Any]) -> str:
    return wanted.turn(body["messages"][0]["content"], i) if "messages" in body else wanted.text(body["prompt"], i)


def cut_off(server: Serving, i: int) -> None:
    """A request whose client leaves in the middle of the answer, or before it."""
    with server.send("/v1/completions", model="texts", prompt="x", seed=i, stream=bool(i % 2), max_tokens=8000, temperature=0) as made:
        if i % 2:
            assert made.recv(300).startswith(b"HTTP/1.1 200")
        else:
            time.sleep(0.05)


def slowly(server: Serving) -> str:
    """A stream that is read a few bytes at a time."""
    made = server.send("/v1/completions", small=True, model="texts", prompt="The moon", seed=99, max_tokens=400, stream=True)
    answer = b""
    for part in received(made, 512):
        answer += part
        time.sleep(0.01)
    return "".join(event["choices"][0]["text"] for event in events(answer))


def load(server: Serving, wanted: Wanted, numbers: range, clients: int, cut: int) -> None:
    """So many requests from so many clients, with as many in between that are cut off."""
    leaving = set(random.Random(1).sample(numbers, cut))

    def ask(i: int) -> tuple[int, str, dict[str, Any]] | None:
        if i in leaving:
            cut_off(server, i)
            return None
        return (i, *whole(server, i))

    with ThreadPoolExecutor(clients) as pool:
        answers = [answer for answer in pool.map(ask, numbers) if answer]
    assert len(answers) == len(numbers) - cut
    for i, text, body in answers:
        assert text == wanted_of(wanted, i, body), body


def threads(server: Serving) -> int:
    return psutil.Process(server.process.pid).num_threads()


@pytest.fixture
def server(models: Path) -> Iterator[Serving]:
    made = Serving(models / "texts", models / "pirate")
    yield made
    made.stop()


def settled(server: Serving, requests: int) -> None:
    """Wait until a line was said of each request."""
    deadline = time.monotonic() + 20
    while len(server.lines) < requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("count", "clients", "cut"), [(24, 4, 4), pytest.param(200, 8, 20, marks=pytest.mark.slow)], ids=["some", "200 requests of 8 clients"]
)
def test_every_whole_answer_is_what_generate_writes(server: Serving, models: Path, count: int, clients: int, cut: int) -> None:
    wanted, process = Wanted(models), psutil.Process(server.process.pid)
    with ThreadPoolExecutor(1) as slow:
        reading = slow.submit(slowly, server)
        first = min(count, MEASURED)
        load(server, wanted, range(first), clients, cut * first // count)
        settled(server, first)
        before, running = process.memory_info().rss, threads(server)
        if count > first:
            load(server, wanted, range(first, count), clients, cut - cut * first // count)
        assert reading.result() == wanted.models["texts"].generate("The moon", seed=99, max_tokens=400)
    settled(server, count + 1)
    assert threads(server) <= running + 1
    assert process.memory_info().rss - before < GROWTH
    left = [line for line in server.lines if "  left  " in line]
    assert len(left) == cut
    assert all(int(written.replace(",", "")) < 8000 for line in left for written in re.findall(r"  ([\d,]+) tokens?  ", line))
    print(f"{count} requests, {clients} clients, {cut} cut off: {before / 1e6:.1f} MB, then {process.memory_info().rss / 1e6:.1f} MB")
    assert server.stop() == 0
    assert server.said[-1] == "Stopped." and not any("fault" in line for line in server.said)
