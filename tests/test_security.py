"""SECURITY.md's promises, one test each: what a run touches, and what it makes of files that somebody else wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import minigpt
from minigpt.cli.common import printable
from minigpt.corpus.ollama.journal import Journal
from minigpt.errors import MinigptError
from minigpt.files import read_json_object, sealed, write_json, write_text
from minigpt.folder import RunFolder
from minigpt.listener import Listener

PROMPT = "A GPT that writes haiku about the sea"
SMALL = {
    "layers": 1, "heads": 1, "width": 16, "positions": 32, "initial_tokens": 1500, "final_tokens": 1000, "epochs": 1, "threads": 1,
    "source": "template", "device": "cpu",
}  # fmt: skip
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
import minigpt, minigpt.pipeline, minigpt.cli, minigpt.generate
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


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this test looks into /proc")
def test_a_run_reaches_nothing_but_its_own_folder(tmp_path):
    """No connection, no process, no pickle; whatever is written, removed or renamed lies in the folder."""
    arguments = [sys.executable, "-c", WATCHED, str(tmp_path / "run"), PROMPT, json.dumps(SMALL)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert {line.split()[0] for line in seen} == {"os.mkdir", "write", "rename", "to", "os.remove", "os.rmdir"}
    assert [line for line in seen if str(tmp_path / "run") not in line and "__pycache__" not in line and os.devnull not in line] == []


def test_no_module_can_unpickle_or_run_what_it_reads():
    """`eval`, `exec`, `pickle`, `yaml`, `marshal`, `shelve`, `allow_pickle` and shells stand nowhere in the package, but where the writers
    of technical documents run the example programs of their own word tables."""
    wrong = re.compile(r"\b(eval|exec|compile)\(|\bimport (pickle|marshal|shelve|yaml)|allow_pickle|os\.system|shell=True|subprocess")
    found = []
    for path in Path(minigpt.__file__).parent.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [f"{path.name}: {line}" for line in lines if wrong.search(line.replace("re.compile(", "").replace("regex.compile(", ""))]
    assert [line for line in found if "<example>" not in line and "eval(call, names)" not in line] == []


# --- files from strangers


@pytest.mark.parametrize("name", ["../outside", "/etc/hosts", "a/../../outside", "checkpoint/../../outside", "..", "a\\..\\..\\b"])
def test_a_path_inside_a_record_leads_nowhere_else(run, name):
    record = json.loads((run / "run.json").read_text())
    record["stages"] = {"corpus": {name: "0" * 64}}
    write_json(run / "run.json", sealed(record))
    for use in (minigpt.load, minigpt.resume):
        with pytest.raises(MinigptError, match="names files outside of the folder"):
            use(run)


@pytest.mark.parametrize(
    "change", [{"stages": {"a": 3}}, {"options": []}, {"prompt": 5}, {"base": 7}, {"base": {"step": "x"}}, {"status": None}]
)
def test_a_record_of_another_form_is_refused(run, change):
    record = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", sealed(record | change))
    with pytest.raises(MinigptError, match=r"run\.json"):
        minigpt.resume(run)


@pytest.mark.parametrize("text", ["[" * 10**6, '{"a":' * 10**5, '{"a": ' + "1" * 5000 + "}", '{"a": NaN}', '{"a": 1' + "0" * 400 + ".0}"])
def test_json_that_is_deep_or_absurd_is_refused_in_one_line(tmp_path, text):
    write_text(tmp_path / "a.json", text)
    try:
        read_json_object(tmp_path / "a.json")
    except MinigptError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000


def test_json_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(10**10)
    with pytest.raises(MinigptError, match="10,000,000,000 bytes are more than"):
        read_json_object(tmp_path / "a.json")


@pytest.mark.parametrize("shape", [[2**40, 2**40], [2**62], [-1], ["x"], [2**31, 16]])
def test_weights_that_claim_to_be_huge_are_refused_before_memory_is_taken(run, shape):
    header = json.dumps({"transformer.tokens_embed.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, 64]}}).encode()
    (run / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)
    (run / "run.json").unlink()
    with pytest.raises(MinigptError, match=r"model\.safetensors"):
        minigpt.load(run)


def test_a_header_longer_than_the_file_is_refused(run):
    (run / "model.safetensors").write_bytes(struct.pack("<Q", 2**40) + b"{}")
    (run / "run.json").unlink()
    with pytest.raises(MinigptError, match="damaged or cut short"):
        minigpt.load(run)


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
    """At any step; the run ends in one line, and `resume` of the folder, wherever it is, gives the bytes of an undisturbed run."""

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


def test_every_promise_names_a_test_that_exists():
    text = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")
    promised = re.findall(r"`(test_\w+)`", text)
    assert len(promised) > 12
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert [name for name in promised if f"def {name}(" not in written] == []
