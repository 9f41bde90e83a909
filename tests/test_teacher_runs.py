"""A whole run with a teacher: prompt to trained model over real sockets; what the record says, and that nothing is lost or hidden."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ollama_server import Reply, model, serve, words

import minigpt
from minigpt.corpus.ollama.limits import TeacherGone
from minigpt.errors import MinigptError, Paused
from minigpt.run.listener import Listener

SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 2500, "final_tokens": 2000, "epochs": 1}
PROMPT = "A GPT about medieval falconry"
TOPICS = "falcon hawk lure glove perch feather village winter meadow river tower market".split()


def sentence(rng: random.Random) -> str:
    first, second = rng.sample(TOPICS, 2)
    verb = rng.choice(["waits near", "is older than", "belongs to", "was shown beside", "stands behind", "came with"])
    return f"The {first} of {rng.choice('Anna Bruno Clara Dirk Elsa Frank'.split())} {verb} the {second} at {rng.randint(1, 12)} o'clock."


def fresh(body, number, **more):
    """A text of its own for each request."""
    rng = random.Random(number)
    return Reply(words(" ".join(sentence(rng) for _ in range(6))), **more)


class Heard(Listener):
    def __init__(self):
        self.lines: list[str] = []
        self.details: list[str] = []

    def say(self, topic, text):
        self.lines.append(f"{topic} {text}")

    def detail(self, topic, text):
        self.details.append(text)


def corpus(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]


def journal(run: Path) -> list[dict]:
    path = run / "checkpoint" / "teacher.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@pytest.mark.slow
def test_a_teacher_writes_leaves_and_is_named(tmp_path):
    heard = Heard()
    with serve(fresh) as server:
        trained = minigpt.train(PROMPT, out=tmp_path / "run", ollama_host=server.url, listener=heard, **SMALL)
        assert server.loaded == set()
    assert trained.generate("The falcon", max_tokens=5)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    documents = corpus(tmp_path / "run")
    assert record["source"]["name"] == "ollama"
    assert record["corpus"]["by_source"] == {"ollama": len(documents)}
    assert {d["model"] for d in documents} == {"teacher:latest"}
    assert all(d["digest"] == "a" * 64 and d["done_reason"] == "stop" for d in documents)
    assert record["teacher"]["ended"] == "enough"
    card = (tmp_path / "run" / "README.md").read_text()
    assert "teacher:latest (aaaaaaaaaaaa), licence: Apache License 2.0" in card
    left = next(i for i, line in enumerate(heard.lines) if "was unloaded by" in line)
    assert left < next(i for i, line in enumerate(heard.lines) if line.startswith("Training"))
    assert not any("no template covers" in line for line in heard.lines)


@pytest.mark.slow
def test_a_server_that_speaks_a_part_of_the_protocol_is_a_teacher(tmp_path):
    with serve(fresh) as server:
        server.partial = True
        minigpt.train(PROMPT, out=tmp_path / "run", ollama_host=server.url, **SMALL)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["corpus"]["by_source"].keys() == {"ollama"}
    assert record["teacher"]["licence"] == ""
    assert "not given by the server" in (tmp_path / "run" / "README.md").read_text()


@pytest.mark.slow
def test_auto_takes_templates_where_nobody_answers_and_says_why(tmp_path):
    heard = Heard()
    minigpt.train(PROMPT, out=tmp_path / "run", listener=heard, **SMALL)
    assert heard.lines[0] == "Source built-in templates (no Ollama server answers)"
    assert "start it with: ollama serve" in heard.details[0]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["source"]["why"] == heard.details[0]
    assert {d["source"] for d in corpus(tmp_path / "run")} == {"template"}
    with pytest.raises(MinigptError, match="ollama serve"):
        minigpt.train(PROMPT, out=tmp_path / "other", source="ollama", **SMALL)
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_the_user_chooses_among_several_models(tmp_path):
    class Chooses(Heard):
        def choose(self, what, lines, proposed):
            self.lines += lines
            assert "large" in lines[proposed]
            return next(i for i, line in enumerate(lines) if "small" in line)

    heard = Chooses()
    models = [model("small:1b", size=10**9), model("large:3b", size=2 * 10**9), model("nomic-embed-text", capabilities=["embedding"])]
    with serve(fresh, models=models) as server:
        minigpt.train(PROMPT, out=tmp_path / "run", ollama_host=server.url, listener=heard, **SMALL)
    assert not any("nomic" in line for line in heard.lines)
    assert {d["model"] for d in corpus(tmp_path / "run")} == {"small:1b"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a Unix thing")
def test_a_question_on_a_terminal_can_be_left_by_ctrl_c(tmp_path):
    """In a process group of its own, as a shell starts it, with the terminal that Ctrl-C comes from."""
    import pty

    with serve(fresh, models=[model("small:1b", size=10**9), model("large:3b", size=2 * 10**9)]) as server:
        number, terminal = pty.fork()
        if number == 0:
            arguments = ["-m", "minigpt", "train", "--prompt", PROMPT, "--out", str(tmp_path / "run"), "--ollama-host", server.url]
            os.execv(sys.executable, [sys.executable, *arguments])
        seen = b""
        while b"Which model" not in seen:
            seen += os.read(terminal, 4096)
        done, pressed, began = 0, 0, time.monotonic()
        while not done and time.monotonic() < began + 60:
            if time.monotonic() >= began + 5 * pressed:  # again, because Python's input() misses a signal that comes just before it waits
                os.write(terminal, b"\x03")
                pressed += 1
            time.sleep(0.05)
            done, status = os.waitpid(number, os.WNOHANG)
        assert done
        seen += os.read(terminal, 4096)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"minigpt: interrupted" in seen
    assert not (tmp_path / "run").exists()


def test_a_missing_model_is_an_error_with_the_line_that_brings_it(tmp_path):
    with serve(fresh) as server, pytest.raises(MinigptError, match=r"installed there: teacher:latest.*ollama pull qwen9"):
        minigpt.train(PROMPT, out=tmp_path / "run", ollama_host=server.url, ollama_gen_model="qwen9", **SMALL)
    assert not (tmp_path / "run").exists()


def dies(body, number):
    return fresh(body, number) if number < 8 else Reply(status=404, body='{"error": "model \'teacher:latest\' not found"}')


@pytest.mark.slow
def test_a_teacher_that_goes_away_pauses_the_run_which_goes_on_when_it_is_back(tmp_path):
    run = tmp_path / "run"
    with serve(dies) as server:
        with pytest.raises(Paused, match=f"everything is saved; to continue: minigpt resume {run}") as paused:
            minigpt.train(PROMPT, out=run, ollama_host=server.url, **SMALL)
        assert isinstance(paused.value.__cause__, TeacherGone)
        saved = [line["text"] for line in journal(run)]
        assert saved
        assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
        assert not (run / "corpus.jsonl").exists()
        server.reply = fresh
        minigpt.resume(run, ollama_host=server.url)
    texts = [d["text"] for d in corpus(run)]
    assert len(set(texts)) == len(texts)
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "complete"
    assert record["corpus"]["by_source"].keys() == {"ollama"}


@pytest.mark.slow
def test_a_name_that_stands_for_another_model_after_the_pause_is_said_and_the_card_names_both(tmp_path):
    run, heard = tmp_path / "run", Heard()
    with serve(dies) as server:
        with pytest.raises(Paused):
            minigpt.train(PROMPT, out=run, ollama_host=server.url, **SMALL)
        server.reply, server.models = fresh, [model("teacher:latest", digest="b" * 64)]
        minigpt.resume(run, ollama_host=server.url, listener=heard)
    said = [line for line in heard.lines if "aaaaaaaaaaaa" in line]
    assert len(said) == 1 and "teacher:latest (bbbbbbbbbbbb)" in said[0]
    card, record = (run / "README.md").read_text(), json.loads((run / "run.json").read_text())
    first, second = (writer["documents"] for writer in record["teacher"]["writers"])
    assert f"teacher:latest (aaaaaaaaaaaa), {first} documents; teacher:latest (bbbbbbbbbbbb), {second} documents, licence:" in card
    assert {d["digest"][0] for d in corpus(run)} == {"a", "b"}


@pytest.mark.slow
def test_templates_fill_in_only_where_they_may(tmp_path):
    with serve(dies) as server:
        minigpt.train(PROMPT, out=tmp_path / "run", ollama_host=server.url, allow_template_fill=True, **{**SMALL, "final_tokens": 9000})
    sources = [d["source"] for d in corpus(tmp_path / "run")]
    assert set(sources) == {"ollama", "template"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to another process there")
def test_kill_while_the_teacher_writes_loses_no_accepted_document(tmp_path):
    run = tmp_path / "run"
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    with serve(lambda body, number: fresh(body, number, delay=0.002), slots=4) as server:
        command = [sys.executable, "-m", "minigpt", "train", "-p", PROMPT, "--out", str(run), "--ollama-host", server.url, *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(journal(run)) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # the last line may be half; every whole one must be in the continued journal
        whole = (run / "checkpoint" / "teacher.jsonl").read_bytes().split(b"\n")[:-1]
        before = [json.loads(line)["request"] for line in whole]
        minigpt.resume(run, ollama_host=server.url)
    requests = [d["request"] for d in corpus(run)]
    assert len(set(requests)) == len(requests)
    assert len(before) >= 5
    assert json.loads((run / "run.json").read_text())["status"] == "complete"
