"""`doctor` and `--version`: what is wrong with a machine is said with its remedy, whatever it is, and within seconds."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from ollama_server import Reply, model, serve, words

from minigpt import __version__
from minigpt.run.checkup.finding import Finding, within
from minigpt.run.checkup.surroundings import disk, ollama
from minigpt.run.checkup.whole import check_up


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minigpt", "doctor", *arguments]
    known = {**os.environ, "MINIGPT_KERNELS": "numpy"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env={**known, **environment}, check=False)


def test_a_sound_machine_has_no_fault(tmp_path: Path) -> None:
    """Compiled layers that are switched off are a note; so is a server that nobody named and that does not run."""
    done = doctor("--json", "--models-dir", str(tmp_path / "new" / "models"), OLLAMA_HOST="")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    found = {finding["topic"]: finding for finding in said["findings"]}
    assert (said["minigpt"], said["healthy"], done.stderr) == (__version__, True, "")
    assert list(found) == ["Python", "NumPy", "BLAS", "numba", "GPU", "Memory", "Disk", "Terminal", "Base", "Ollama"]
    assert found["NumPy"]["text"] == np.__version__ and "thread" in found["BLAS"]["text"]
    assert (found["numba"]["state"], found["numba"]["fix"]) == ("note", "unset MINIGPT_KERNELS")
    assert all((finding["state"] == "good") == (finding["fix"] == "") for finding in said["findings"])
    assert list(tmp_path.iterdir()) == []


DRIVER = """
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or shutil.which("cc") is None, reason="a library stands for NVIDIA's driver")
@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy would use the driver")
def test_each_fault_has_its_remedy_in_one_line(tmp_path: Path) -> None:
    """A GPU without CuPy, a file in place of the models folder, a damaged base, a server that hangs, an ASCII terminal: no traceback."""
    (tmp_path / "file").write_text("")
    (tmp_path / "minigpt_base" / "model").mkdir(parents=True)
    (tmp_path / "minigpt_base" / "__init__.py").write_text("")
    (tmp_path / "minigpt_base" / "model" / "config.json").write_text('{"n_layer": -1')
    (tmp_path / "driver.c").write_text(DRIVER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", tmp_path / "driver.c"], check=True)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", str(Path(__file__).parent.parent))]))
    began = time.monotonic()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        places = {"PYTHONPATH": path, "LD_LIBRARY_PATH": str(tmp_path)}
        done = doctor("--models-dir", str(tmp_path / "file"), OLLAMA_HOST=host, PYTHONIOENCODING="ascii", **places)
    assert time.monotonic() - began < 30
    assert (done.returncode, done.stderr) == (1, "minigpt: 4 faults: GPU, Disk, Base, Ollama\n")
    faults = re.findall(r"^FAULT (\w+) .*(?:\n {16}(?!fix).*)*\n +fix: (.*)$", done.stdout, re.MULTILINE)
    assert [topic for topic, _ in faults] == ["GPU", "Disk", "Base", "Ollama"], done.stdout
    remedies = dict(faults)
    assert "cupy-cuda12x" in remedies["GPU"] and "--models-dir" in remedies["Disk"]
    assert "--init none" in remedies["Base"] and "OLLAMA_HOST" in remedies["Ollama"]
    assert "no answer to /api/tags within 3 s" in done.stdout and "PYTHONUTF8=1" in done.stdout


@contextmanager
def liar(answer: bytes, endless: bool = False) -> Iterator[str]:
    """A server that answers every connection with these bytes, and perhaps goes on forever."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def talk() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)
                        while endless:
                            connection.sendall(answer[-1:] * 1000)
                            time.sleep(0.001)
                except OSError:
                    if server.fileno() < 0:
                        return

        threading.Thread(target=talk, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LIES = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", False),
    "no JSON": (HEAD + b"Content-Length: 6\r\n\r\n<html>", False),
    "no list": (HEAD + b'Content-Length: 14\r\n\r\n{"models": 42}', False),
    "an endless answer": (HEAD + b'\r\n{"models": [ ', True),
    "endless headers": (b"HTTP/1.1 200 OK\r\nX: a", True),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_is_a_fault_within_seconds(lie: str, monkeypatch) -> None:
    began = time.monotonic()
    with liar(*LIES[lie]) as host:
        monkeypatch.setenv("OLLAMA_HOST", host)
        (found,) = [finding for finding in [within(8, ollama)] for finding in finding]
    assert (found.topic, found.state) == ("Ollama", "fault") and found.fix
    assert "\n" not in found.text + found.fix and len(found.text) < 400
    assert time.monotonic() - began < 7


def test_the_models_of_each_server_are_named(monkeypatch) -> None:
    models = [model("llama3.2:latest"), model("nomic-embed-text", capabilities=["embedding"])]
    with serve(lambda body, number: Reply(words("The sea.")), models=models) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert ollama() == [Finding("Ollama", f"{server.url}: llama3.2:latest (3.2B, 2.0 GB)")]
        server.models = models[1:]
        assert [(finding.state, finding.fix) for finding in ollama()] == [("note", "ollama pull llama3.2")]


def test_work_that_hangs_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"0.1 s"):
        within(0.1, lambda: time.sleep(30))
    assert time.monotonic() - began < 5
    with pytest.raises(ValueError, match="invalid literal"):
        within(5, lambda: int("none"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert disk(tmp_path / "models").state == "fault"


def test_a_check_that_breaks_is_a_finding(monkeypatch) -> None:
    """An address that is none, as a variable may have it."""
    monkeypatch.setenv("OLLAMA_HOST", "http://user:secret@host")
    *_, last = check_up(Path("models"))
    assert (last.topic, last.state) == ("Ollama", "fault") and "not the address" in last.text


def test_the_version_says_what_one_asks_first() -> None:
    done = subprocess.run([sys.executable, "-m", "minigpt", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert list(lines) == ["minigpt", "Python", "NumPy", "BLAS", "Device"]
    assert (lines["minigpt"], lines["NumPy"]) == (__version__, np.__version__)
    assert sys.version.startswith(lines["Python"]) and ("CPU" in lines["Device"] or "CuPy" in lines["Device"])
