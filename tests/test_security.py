"""SECURITY.md's promises, one test each: what a run touches, and what it makes of files that somebody else wrote."""

from __future__ import annotations

import ast
import html
import http.server
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

import minigpt
from minigpt.cli import cli
from minigpt.config import ModelConfig
from minigpt.corpus.ollama.client import Client
from minigpt.corpus.ollama.connection import Connection, Watchdog
from minigpt.corpus.ollama.journal import Journal
from minigpt.corpus.ollama.limits import Limits, OllamaError
from minigpt.disk.checkpoint import load_weights, save_weights
from minigpt.disk.files import checksum, read_bytes, read_json_object, read_text, write_json, write_text
from minigpt.disk.folder import RunFolder, read_record
from minigpt.disk.foreign import fenced, markdown, printable
from minigpt.disk.jsontext import DEPTH, sealed
from minigpt.disk.state import read_state
from minigpt.disk.streams import id_chunks, open_stream
from minigpt.disk.tensors import read_tensors
from minigpt.errors import MinigptError
from minigpt.model import specs
from minigpt.run.listener import Listener
from minigpt.run.pages.card import model_card
from minigpt.run.tokenize import write_streams
from minigpt.tokenizer import Tokenizer

PROMPT = "A GPT that writes haiku about the sea"
SMALL = {
    "layers": 1, "heads": 1, "width": 16, "positions": 32, "initial_tokens": 1500, "final_tokens": 1000, "epochs": 1, "threads": 1,
    "source": "template", "device": "cpu",
}  # fmt: skip
EVIL = "a\x1b[2J\x07\u202eb\nminigpt: all is well"
links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")

WATCHED = """
import json, os, sys
seen = []
KINDS = "socket.connect socket.getaddrinfo socket.sendto subprocess.Popen os.system os.exec os.spawn pickle.find_class".split()
def where(path, folder=-1):  # what an open file, or a name in an open folder, is called now
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    return os.path.join(os.readlink(f"/proc/self/fd/{folder}") if folder >= 0 else os.getcwd(), path)
def hook(event, args):
    if event in KINDS:
        seen.append(f"{event} {args}")
    elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append(f"write {where(args[0])}")
    elif event == "os.rename":
        seen.extend([f"rename {where(args[0], args[2])}", f"to {where(args[1], args[3])}"])
    elif event in ("os.mkdir", "os.remove", "os.rmdir"):
        seen.append(f"{event} {where(args[0], args[-1])}")
import minigpt, minigpt.run.pipeline, minigpt.cli, minigpt.generate
sys.addaudithook(hook)
options = json.loads(sys.argv[3])
minigpt.train(sys.argv[2], out=sys.argv[1], **options)
minigpt.resume(sys.argv[1], epochs="+1")
model = minigpt.load(sys.argv[1], "cpu")
model.generate("Sea:", max_tokens=5)
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    minigpt.train(PROMPT, out=run, **SMALL)
    return run


@pytest.fixture
def run(whole, tmp_path) -> Path:
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this test looks into /proc")
@pytest.mark.parametrize("kernels", ["numpy", "auto"])
def test_a_run_reaches_nothing_but_its_own_folder(tmp_path, kernels):
    """No connection, no process; whatever is written, removed or renamed lies in the folder, but for the list of fonts
    that matplotlib asks fontconfig for, and keeps in a folder of its own. No pickle, but numba's own of what it compiled."""
    fonts = tmp_path / "fonts"
    arguments = [sys.executable, "-c", WATCHED, str(tmp_path / "run"), PROMPT, json.dumps(SMALL)]
    environment = os.environ | {"MINIGPT_KERNELS": kernels, "MPLCONFIGDIR": str(fonts)}
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    unpickled = {line for line in json.loads(done.stdout) if line.startswith("pickle.find_class")}
    assert kernels == "auto" or not unpickled
    assert {line.split("'")[1].split(".")[0] for line in unpickled} <= {"numba", "numpy", "minigpt", "builtins", "copyreg"}
    seen = [line for line in json.loads(done.stdout) if line not in unpickled and "__pycache__" not in line and os.devnull not in line]
    seen = [line for line in seen if not line.startswith("subprocess.Popen ('fc-list', ['fc-list', '--")]
    assert {line.split()[0] for line in seen} == {"os.mkdir", "write", "rename", "to", "os.remove", "os.rmdir"}
    assert [line for line in seen if str(tmp_path / "run") not in line and str(fonts) not in line] == []


def test_no_module_can_unpickle_or_run_what_it_reads():
    """`eval`, `exec`, `pickle`, `yaml`, `marshal`, `shelve`, `allow_pickle` and shells stand nowhere in the package, but where the writers
    of technical documents run the example programs of their own word tables, and where ranks start a program of minigpt's own, whose
    arguments are numbers."""
    wrong = re.compile(r"\b(eval|exec|compile)\(|\bimport (pickle|marshal|shelve|yaml)|allow_pickle|os\.system|shell=True|subprocess")
    found = []
    for path in Path(minigpt.__file__).parent.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [f"{path.name}: {line}" for line in lines if wrong.search(line.replace("re.compile(", "").replace("regex.compile(", ""))]
    ours = {
        "watch.py: import subprocess",
        "watch.py:         world.watcher = subprocess.Popen("
        "command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)",
    }
    assert [line for line in found if "<example>" not in line and "eval(call, names)" not in line and line not in ours] == []


# --- files from strangers


@pytest.mark.parametrize("name", ["../outside", "/etc/hosts", "a/../../outside", "checkpoint/../../outside", "..", "a\\..\\..\\b"])
def test_a_path_inside_a_record_leads_nowhere_else(run, name):
    record = json.loads((run / "run.json").read_text())
    record["stages"] = {"corpus": {name: "0" * 64}}
    write_json(run / "run.json", sealed(record))
    for use in (minigpt.load, minigpt.resume):
        with pytest.raises(MinigptError, match="names files outside the folder"):
            use(run)


@pytest.mark.parametrize(
    "change", [{"stages": {"a": 3}}, {"options": []}, {"prompt": 5}, {"base": 7}, {"base": {"step": "x"}}, {"status": None}]
)
def test_a_record_of_another_form_is_refused(run, change):
    record = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", sealed(record | change))
    with pytest.raises(MinigptError, match=r"run\.json"):
        minigpt.resume(run)


FORMS = [
    {"corpus": 5}, {"corpus": {}}, {"model": {"vocab_size": "x"}}, {"model": None}, {"training": []}, {"result": {"best_step": None}},
    {"samples": [3]}, {"samples": "text"}, {"options": {"epochs": "x"}}, {"options": {"data": "x"}}, {"options": {"minutes": [1]}},
    {"time": {"minutes": 1}}, {"trial": {"2": [1]}}, {"memory": 3}, {"memory": {}}, {"teacher": {"model": 1}}, {"teacher": []},
    {"base": {"step": -1, "seconds": 0, "lines": 0, "best_step": 0, "train_loss": 0}}, {"stages": {"corpus": {"a": 3}}},
]  # fmt: skip


@pytest.mark.parametrize("change", FORMS, ids=str)
def test_every_field_that_is_read_later_must_have_its_form(whole, tmp_path, change):
    """Whatever the record says, it is refused before it is used."""
    run = tmp_path / "run"
    run.mkdir()
    record = json.loads((whole / "run.json").read_text())
    write_json(run / "run.json", sealed(record | change))
    for use in (minigpt.load, minigpt.resume, partial(minigpt.resume, epochs="+1")):
        with pytest.raises(MinigptError, match=r"run\.json") as refused:
            use(run)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("line", ["", "5", '{"step": "x"}', '{"step": 1, "seconds": 1}', "[" * 2000, '{"step": 1e999}'])
def test_metrics_of_another_form_are_refused(run, line):
    record = json.loads((run / "run.json").read_text())
    record["stages"]["training"] = {}
    write_json(run / "run.json", sealed(record))
    (run / "metrics.jsonl").write_text(line)
    with pytest.raises(MinigptError, match=r"metrics\.jsonl"):
        minigpt.resume(run, epochs="+1")


@pytest.mark.parametrize("name", ["corpus", "tokens", "training", "report"])
def test_a_complete_record_without_a_stage_is_refused(run, name):
    record = json.loads((run / "run.json").read_text())
    del record["stages"][name]
    write_json(run / "run.json", sealed(record))
    with pytest.raises(MinigptError, match=f"{name} is missing"):
        minigpt.resume(run)


@pytest.mark.parametrize("depth", [DEPTH, DEPTH + 1, *range(900, 1000, 7)])
def test_what_was_parsed_can_be_sealed_and_written_again(tmp_path, depth):
    """Such as depths that Python's parser accepts and its serializer does not."""
    text = '{"a": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
    write_text(tmp_path / "run.json", text)
    if depth > DEPTH:
        with pytest.raises(MinigptError, match="nested too deeply"):
            read_json_object(tmp_path / "run.json")
        with pytest.raises(MinigptError, match="nested too deeply"):
            read_record(tmp_path)
    else:
        write_json(tmp_path / "b.json", sealed(read_json_object(tmp_path / "run.json")))


@pytest.mark.parametrize("text", ['{"a": 1e400}', '{"a": -1e400}', '{"a": ' + "9" * 400 + "}", '{"a": Infinity}'])
def test_what_no_float_can_hold_is_refused(tmp_path, text):
    write_text(tmp_path / "a.json", text)
    with pytest.raises(MinigptError, match="invalid number"):
        read_json_object(tmp_path / "a.json")


@pytest.fixture
def impatient():
    """Make anything that waits for a FIFO fail instead of hanging."""

    def ring(number, frame):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def make_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 100 characters
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def make_device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


@links
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the socket's other end
@pytest.mark.parametrize("make", [make_fifo, make_socket, make_device])
def test_only_regular_files_are_read(run, tmp_path, impatient, make):
    """No reader waits for a FIFO or opens a device."""
    (run / "run.json").unlink()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
        shutil.copytree(run, tmp_path / name)
        make(tmp_path / name / name)
        with pytest.raises(MinigptError, match=f"{name} cannot be read: Is a (FIFO|socket|device), not a file"):
            minigpt.load(tmp_path / name)
    path = tmp_path / "other"
    make(path)
    plan = tmp_path / "teacher-plan.json"
    make(plan)
    journal = Journal(tmp_path / "teacher.jsonl", print)
    for read in (
        read_text, checksum, read_tensors, partial(read_state, shapes={}), open_stream, lambda p: list(id_chunks(p, 9)),
        lambda p: write_streams(p, Tokenizer([]), tmp_path / "a", tmp_path / "b"), lambda p: Journal(p, print),
        lambda p: journal.read_plan(),
    ):  # fmt: skip
        with pytest.raises(MinigptError, match="cannot be read: Is a"):
            read(path)
    journal.close()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux")
def test_a_file_that_says_it_is_empty_is_read_up_to_the_bound():
    """The bytes read count, whatever size the system reports."""
    assert Path("/proc/self/maps").stat().st_size == 0
    assert len(read_bytes(Path("/proc/self/maps"))) > 1000
    with pytest.raises(MinigptError, match="bytes, more than the 1,000 that"):
        read_bytes(Path("/proc/self/maps"), 1000)


def test_loading_takes_time_in_proportion_to_the_layers(tmp_path):
    """19,202 arrays, none of them compared with all the others."""
    config = ModelConfig(1600, 1, 1, 4, 257, 0.0)
    save_weights(tmp_path, {name: np.zeros(shape, np.float32) for name, (shape, *_) in specs(config).items()})
    began = time.process_time()
    load_weights(tmp_path / "model.safetensors", config)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_finite_weights_whose_scores_are_not_are_told_in_one_line(run, value):
    (run / "run.json").unlink()
    state = {name: np.full_like(array, value) for name, array in load_file(run / "model.safetensors").items()}
    save_weights(run, state)
    model = minigpt.load(run, "cpu")
    for options in ({}, {"temperature": 0}, {"top_k": 0}, {"repetition_penalty": 1.3}):
        with pytest.raises(MinigptError, match=f"{run.name} is broken: its scores"):
            model.generate("a", max_tokens=3, **options)


# --- hosts


@pytest.fixture
def stranger():
    """A server that counts who connects, and what they send."""
    seen = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(str(self.headers))
            self.send_response(302 if self.path.startswith("/lead") else 200)
            self.send_header("Location", "/away")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("source", ["ollama", "auto"])
def test_a_host_that_only_a_record_names_is_not_asked(run, stranger, monkeypatch, source):
    """It gets neither a connection nor the key; the user is told its name, and may pass it."""
    url, seen = stranger
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-mine")
    record = json.loads((run / "run.json").read_text())
    record |= {"stages": {}, "status": "interrupted"}
    record["options"] |= {"source": source, "ollama_host": [url], "ollama_gen_model": "teacher"}
    write_json(run / "run.json", sealed(record))
    with pytest.raises(MinigptError, match=f"the record names another Ollama host.*--ollama-host {url}$"):
        minigpt.resume(run)
    assert seen == []
    with pytest.raises(MinigptError, match="does not answer as Ollama does"):
        minigpt.resume(run, ollama_host=url)
    assert "sk-mine" in seen[0]


def test_a_redirect_is_not_followed(stranger):
    url, seen = stranger
    with pytest.raises(OllamaError, match="status 302"):
        Client(f"{url}/lead", Limits(), "sk-mine").get("/api/tags")
    assert len(seen) == 1


def test_no_password_of_another_program_is_sent(tmp_path, monkeypatch):
    """requests would replace the key with what .netrc has for the host."""
    write_text(tmp_path / "netrc", "default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = Connection("http://example.com", Watchdog(), 1, {"Authorization": "Bearer sk-mine"}).session
    assert session.prepare_request(requests.Request("GET", "http://example.com")).headers["Authorization"] == "Bearer sk-mine"


@pytest.mark.parametrize(
    "text",
    ["[" * 10**6, '{"a":' * 10**5, '{"a":' * 100 + "1" + "}" * 100, '{"a": ' + "1" * 5000 + "}", '{"a": ' + "1" * 400 + "}", '{"a": NaN}',
     '{"a": 1' + "0" * 400 + ".0}", '{"a": 1e400}'],
    ids=range(8),
)  # fmt: skip
def test_json_that_is_deep_or_absurd_is_refused_in_one_line(tmp_path, text):
    write_text(tmp_path / "a.json", text)
    with pytest.raises(MinigptError, match=r"nested too deeply|contains an invalid number") as caught:
        read_json_object(tmp_path / "a.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_json_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(10**10)
    with pytest.raises(MinigptError, match="10,000,000,000 bytes, more than"):
        read_json_object(tmp_path / "a.json")


@pytest.mark.parametrize("shape", [[2**40, 2**40], [2**62], [-1], ["x"], [2**31, 16]])
def test_weights_that_claim_to_be_huge_are_refused_before_memory_is_taken(run, shape):
    header = json.dumps({"transformer.tokens_embed.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, 64]}}).encode()
    (run / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)
    (run / "run.json").unlink()
    with pytest.raises(MinigptError, match=r"model\.safetensors"):
        minigpt.load(run)


def test_weights_that_are_huge_on_the_disk_are_refused_before_they_are_read(run):
    """All names are there, and the file has every byte that its header claims; most of them are a hole."""
    (run / "run.json").unlink()
    path, claimed = run / "model.safetensors", 2**36
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    end = 0
    for name, part in header.items():
        if name != "__metadata__":
            size = claimed if name.endswith("tokens_embed.weight") else part["data_offsets"][1] - part["data_offsets"][0]
            part["shape"] = [claimed // 64, 16] if size == claimed else part["shape"]
            part["data_offsets"] = [end, end := end + size]
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    with pytest.raises(MinigptError, match=r"tokens_embed\.weight has shape \(1073741824, 16\)"):
        minigpt.load(run, "cpu")


def test_a_header_longer_than_the_file_is_refused(run):
    (run / "model.safetensors").write_bytes(struct.pack("<Q", 2**40) + b"{}")
    (run / "run.json").unlink()
    with pytest.raises(MinigptError, match="damaged or cut short"):
        minigpt.load(run)


@pytest.mark.slow
@links
@pytest.mark.parametrize("name", ["model.safetensors", "metrics.jsonl", "run.json"])
def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(run, tmp_path, name):
    victim = tmp_path / "victim"
    shutil.move(run / name, victim)
    (run / name).symlink_to(victim)
    before = victim.read_bytes()
    minigpt.resume(run, epochs="+1")
    assert victim.read_bytes() == before
    assert not (run / name).is_symlink() or name == "model.safetensors"


@links
def test_a_link_in_the_place_of_the_inner_folder_is_refused(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "keep").write_text("x")
    (run / "checkpoint").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MinigptError, match="checkpoint is a symbolic link"):
        minigpt.resume(run, epochs="+1")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["keep"]


@links
def test_a_link_in_the_place_of_lock_or_journal_is_refused(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = RunFolder(tmp_path / "run", {})
    folder.create()
    (folder.checkpoint / "lock").unlink()
    (folder.checkpoint / "lock").symlink_to(victim)
    with pytest.raises(MinigptError, match="lock is a symbolic link"), folder.in_use():
        pass
    (folder.checkpoint / "teacher.jsonl").symlink_to(victim)
    with pytest.raises(MinigptError, match=r"teacher\.jsonl is a symbolic link"):
        Journal(folder.checkpoint / "teacher.jsonl", print)
    assert victim.read_text() == "precious"


@links
def test_a_link_with_the_name_of_the_temporary_file_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".a.{os.getpid()}.minigpt-tmp").symlink_to(victim)
    write_text(tmp_path / "a", "new")
    assert victim.read_text() == "precious"
    assert (tmp_path / "a").read_text() == "new"
    assert not (tmp_path / "a").is_symlink()


@links
@pytest.mark.parametrize("step", [1, 9])
def test_a_run_whose_folder_is_swapped_touches_nothing_else_and_goes_on_where_it_is(whole, tmp_path, step):
    """At any step; the run ends with one line, and `resume` of the folder, wherever it is, gives the bytes of an undisturbed run."""

    class Swap(Listener):
        def step(self, course):
            if course.step == step and not (tmp_path / "moved").exists():
                (tmp_path / "run").rename(tmp_path / "moved")
                (tmp_path / "run").symlink_to(tmp_path / "stranger")

    stranger = shutil.copytree(whole, tmp_path / "stranger")
    (stranger / "checkpoint").mkdir()
    for number in range(1, 5):
        (stranger / "checkpoint" / f"state-{number:012}.safetensors").write_text("mine")
    before = {path: path.read_bytes() for path in stranger.rglob("*") if path.is_file()}
    with pytest.raises(MinigptError, match=r"run was moved, replaced or removed while the run was writing"):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Swap(), checkpoint_seconds=1e-6, **SMALL)
    assert {path: path.read_bytes() for path in stranger.rglob("*") if path.is_file()} == before
    minigpt.resume(tmp_path / "moved")
    for name in ("model.safetensors", "corpus.jsonl"):
        assert (tmp_path / "moved" / name).read_bytes() == (whole / name).read_bytes()


# --- what reaches a terminal


def test_what_a_terminal_would_obey_is_taken_out():
    text = "a\x1b[31mb\x07\x9b2Jc\u202edcba\u2066\x7f\r\x00"
    assert printable(text) == "a[31mb2Jcdcba"
    assert printable("line\n\ttab, naïve 狐 🦊 e\u0301") == "line\n\ttab, naïve 狐 🦊 e\u0301"


def test_one_place_writes_to_the_terminal():
    """Only one module has `click.echo`, `print` or `.write` to a standard stream, so nothing bypasses the cleaning; and plain.py, run by
    itself, prints what it made of its own text."""
    package, found = Path(minigpt.__file__).parent, set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in ("click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write", "warnings.warn"):
                found.add((path.name, name))
    assert found == {("common.py", "click.echo"), ("plain.py", "print")}


@pytest.mark.parametrize(
    "arguments",
    [["train", "--device", EVIL], [EVIL], ["train", f"--{EVIL}"], ["generate", "a", EVIL], ["list", "--models-dir", EVIL]],
    ids=range(5),
)  # fmt: skip
def test_a_command_line_that_is_repeated_is_clean(capfd, monkeypatch, arguments):
    """Usage errors, which click prints, too."""
    monkeypatch.setattr(sys, "argv", ["minigpt", *arguments])
    with pytest.raises(SystemExit):
        cli(prog_name="minigpt")
    printed = capfd.readouterr().err
    assert printed
    assert not set("\x1b\x07\u202e\r") & set(printed)
    assert not any(line.startswith("minigpt: all is well") for line in printed.splitlines())


@pytest.mark.slow
def test_an_error_that_names_a_hostile_file_is_one_clean_line(tmp_path):
    name = tmp_path / "a\x1b[2J\nb.txt"
    try:
        name.write_bytes(b"\xff\xfe\x00")
    except OSError:
        pytest.skip("such names do not exist there")
    for more in ([], ["--verbose"]):
        done = subprocess.run(
            [sys.executable, "-m", "minigpt", "train", "--data", str(name), *more], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 1
        assert "\x1b" not in done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("minigpt: ")


@pytest.mark.parametrize(
    "text",
    ["<img src=x onerror=alert(1)>", "[a](javascript:x)", "![a](http://x)", "https://x.org www.x.org", "a\n# b", "`a` *b* _c_",
     ":octocat: :+1:", "12:30: tea", "👩\u200d🍳 क्\u200dष"],
)  # fmt: skip
def test_markdown_shows_a_text_and_obeys_nothing_in_it(text):
    shown = markdown(text)
    assert not re.search(r"[<>\n]|(?<!\\)[\[\]`*_~#]|(?<!\\):(//|[\w+-]+:)|(?i:www)\.", shown)
    assert html.unescape(re.sub(r"\\([\W_])", r"\1", shown)) == " ".join(text.split())


@given(st.text("`\n x"))
def test_a_code_block_ends_behind_its_text(text):
    lines = fenced(text).split("\n")
    assert [n for n, line in enumerate(lines) if line.strip(" ").startswith(lines[-1])][1:] == [len(lines) - 1]


def test_a_model_card_escapes_all_that_others_wrote(whole):
    """Prompt, names from the server, licence; samples stay inside their code blocks."""
    evil = "<script>alert(1)</script> [x](http://evil) \x1b[2J\n# Owned"
    record = json.loads((whole / "run.json").read_text())
    teacher = {name: evil for name in ("model", "digest", "licence", "judge")} | {"judged": True}
    card = model_card(record | {"prompt": evil, "device": evil, "minigpt": evil, "teacher": teacher, "samples": [f"```\n{evil}"]})
    outside, inside = card.split("````text")
    assert "<script" not in outside and "](http" not in outside and "\n# Owned" not in outside and not re.search(r"(?<!\\)://", outside)
    assert "<script>" in inside and "\x1b" not in card


def test_every_promise_names_a_test_that_exists():
    text = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")
    promised = re.findall(r"`(test_\w+)`", text)
    assert len(promised) > 12
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert [name for name in promised if f"def {name}(" not in written] == []
