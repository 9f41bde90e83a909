"""The runs on this machine: list, show, rename, rm, compare; in a terminal of any width, with real files and real processes."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import minigpt
from minigpt.cli import cli
from minigpt.cli.tables import cell_len, count_in_short, facts, table, wrapped
from minigpt.disk.folder import RunFolder
from minigpt.disk.jsontext import sealed
from minigpt.disk.locks import lock
from minigpt.disk.names import find_run, require_name
from minigpt.disk.standing import status_of, unfinished
from minigpt.disk.tidy import own_files, remove_run, rename_run
from minigpt.errors import MinigptError, WrongUsage

posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals, signals and links as POSIX has them")
SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 4000, "final_tokens": 2500, "epochs": 1, "threads": 1}
PROMPT = "A GPT that writes haiku"
COMMAND = [sys.executable, "-m", "minigpt"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small complete run, to be copied."""
    path = tmp_path_factory.mktemp("made") / "run"
    minigpt.train(PROMPT, out=path, init="none", source="template", **SMALL)
    return path


@pytest.fixture
def models(made: Path, tmp_path: Path) -> Path:
    """A models folder with one run, `haiku`."""
    shutil.copytree(made, tmp_path / "models" / "haiku")
    return tmp_path / "models"


class Done(NamedTuple):
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command in this process, without a terminal."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(list(map(str, arguments)), prog_name="minigpt")
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


def in_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a command in one of its own."""
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=True)


def in_terminal(arguments: list[object], columns: int, typed: bytes = b"", **environment: str) -> tuple[int, str]:
    """A command in a real terminal of so many columns; `typed` once it asks. Its exit status and all that it printed."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {**os.environ, "TERM": "xterm", **environment}
    for name in {"NO_COLOR", "COLUMNS"} - set(environment):
        variables.pop(name, None)
    owner = "import os, sys; os.open(os.ttyname(0), os.O_RDWR); os.execv(sys.executable, sys.argv[1:])"  # opening it makes it theirs
    process = subprocess.Popen(
        [sys.executable, "-c", owner, *COMMAND, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=variables,
        start_new_session=True,
    )
    os.close(theirs)
    printed = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        printed += piece
        asked = b"[y/N]" in printed and typed
        while asked and process.poll() is None and not select.select([ours], [], [], 0.1)[0]:
            os.write(ours, typed)  # again, until something happens: what is typed before a program reads may be lost
    os.close(ours)
    return process.wait(), printed.decode("utf-8", "replace").replace("\r\n", "\n")


def set_record(path: Path, **changes: object) -> None:
    """Change a run's record, seal included."""
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    (path / "run.json").write_text(json.dumps(sealed({**record, **changes})), encoding="utf-8")


# The list


def test_the_list_is_a_table_with_a_head(models, call):
    record = json.loads((models / "haiku" / "run.json").read_text(encoding="utf-8"))
    head, row = call("list", "--models-dir", models).stdout.splitlines()
    assert re.split(r"  +", head) == ["NAME", "DATE", "SIZE", "PARAMETERS", "CORPUS", "BITS/BYTE", "STATUS"]
    cells = re.split(r"  +", row)
    assert cells[0] == "haiku" and cells[-1] == "complete"
    assert cells[-2] == f"{record['result']['held_out_bits_per_byte']:.3f}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", cells[1])


def test_the_list_in_json_is_a_line_a_run(models, call):
    shutil.copytree(models / "haiku", models / "other")
    lines = call("list", "--models-dir", models, "--json").stdout.splitlines()
    runs = [json.loads(line) for line in lines]
    assert sorted(run["name"] for run in runs) == ["haiku", "other"]
    assert {run["prompt"] for run in runs} == {PROMPT}
    assert all(run["parameters"] > 0 and run["held_out_bits_per_byte"] > 0 and run["sources"] == ["template"] for run in runs)
    assert call("list", "--models-dir", models / "none", "--json").stdout == ""


def test_the_list_is_sorted_and_limited(models, call):
    for name, bits, parameters in (("b", 2.0, 300), ("a", 1.0, 200), ("c", None, 100)):
        shutil.copytree(models / "haiku", models / name)
        result = {"train_loss": 1.0, "held_out_loss": bits, "held_out_bits_per_byte": bits, "best_step": 1}
        model = json.loads((models / name / "run.json").read_text(encoding="utf-8"))["model"]
        set_record(
            models / name, result=result, created=f"2026-01-0{parameters // 100}T00:00:00+00:00", model={**model, "parameters": parameters}
        )
    shutil.rmtree(models / "haiku")

    def names(*options: object) -> list[str]:
        return [json.loads(line)["name"] for line in call("list", "--models-dir", models, "--json", *options).stdout.splitlines()]

    assert names() == names("--sort", "date") == ["b", "a", "c"]
    assert names("--sort", "loss") == ["a", "b", "c"]  # what is unknown comes last
    assert names("--sort", "name") == ["a", "b", "c"]
    assert names("--sort", "size", "--limit", 2) == ["b", "a"]
    assert call("list", "--models-dir", models, "--sort", "colour").returncode == 2


def cpu_seconds(*arguments: object) -> float:
    """The processor time of a command, at best."""
    import resource

    found = []
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        in_process(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


@posix
def test_a_list_of_200_runs_costs_little_more_than_the_help(models):
    """Where nothing else runs: 0.3 s, of which Python's start is most."""
    for number in range(199):
        (models / f"run-{number}").mkdir()
        shutil.copy(models / "haiku" / "run.json", models / f"run-{number}")
    assert len(in_process("list", "--models-dir", models).stdout.splitlines()) == 201
    assert cpu_seconds("list", "--models-dir", models) < 2.5 * cpu_seconds("--help")


@posix
@pytest.mark.parametrize("columns", [120, 80, 40, 24])
def test_the_list_fits_the_terminal_whatever_the_names(models, columns):
    """Long ones, wide characters, and such as would command the terminal."""
    names = ["a-fun-gpt-that-generates-cooking-recipes-20261127-092138", "漢字" * 15, "e\x1b]0;owned\x07vil\u202e"]
    for name in names:
        shutil.copytree(models / "haiku", models / name)
    status, printed = in_terminal(["list", "--models-dir", models], columns, LC_ALL="C.UTF-8")
    plain = re.sub(r"\x1b\[[01]m", "", printed)
    assert status == 0
    assert "\x1b" not in plain and "\x07" not in plain and "\u202e" not in plain
    assert max(map(cell_len, plain.splitlines())) <= columns
    assert plain.count("complete") == 4
    assert all(name in plain.replace("\n", "") for name in ("haiku", "漢字" * 15, names[0]))
    if columns == 80:
        assert "\x1b" not in in_terminal(["list", "--models-dir", models], columns, NO_COLOR="1")[1]


def test_a_table_leaves_out_what_matters_least_and_never_the_name():
    head, row = ["NAME", "A", "B"], ["name-of-a-run", "aaaaaaaa", "bbbbbbbb"]
    lines = {width: table(head, [row], set(), ["B", "A"], width).splitlines()[-1] for width in (None, 33, 32, 23, 22)}
    assert lines[None] == lines[33] == "name-of-a-run  aaaaaaaa  bbbbbbbb"
    assert lines[32] == lines[23] == "name-of-a-run  bbbbbbbb"
    assert lines[22] == "  aaaaaaaa  bbbbbbbb"


def test_lines_are_wrapped_by_the_columns_that_they_take():
    text = "a few words 漢字漢字漢字 and-one-that-is-far-too-long-for-the-line\nnext"
    for width in (10, 20, 40):
        lines = wrapped(text, width)
        assert max(map(cell_len, lines)) <= width
        assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert facts([("One", "a b c"), ("Longer", ""), ("Two", "d")], 40) == "One  a b c\nTwo  d"


@pytest.mark.parametrize(
    ("number", "text"), [(None, ""), (0, "0"), (999, "999"), (999_600, "1.0M"), (119_797, "120k"), (13_989_120, "14.0M")]
)
def test_a_count_in_short(number, text):
    assert count_in_short(number) == text


# Where a run stands


@posix
def test_a_run_whose_process_is_gone_is_interrupted(models, call):
    path = models / "haiku"
    set_record(path, status="training")
    assert status_of(path, "training") == "interrupted"
    (path / "checkpoint").mkdir()
    program = """if True:
        import sys, time
        from pathlib import Path
        from minigpt.disk.locks import lock
        with lock(Path(sys.argv[1]), ""):
            print(flush=True)
            time.sleep(60)
    """
    holding = [sys.executable, "-c", program, str(path / "checkpoint" / "lock")]
    with subprocess.Popen(holding, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        assert status_of(path, "training") == "training"
        assert f"being trained, by process {process.pid}" in unfinished(path)
        done = call("rm", path, "--yes")
        assert (done.returncode, len(own_files(path)) > 8) == (1, True)
        assert f"in use by process {process.pid}" in done.stderr
        with pytest.raises(MinigptError, match=f"in use by process {process.pid}"):
            rename_run(path, "other")
        process.send_signal(signal.SIGKILL)
    assert (path / "checkpoint" / "lock").read_text()  # what a killed process leaves
    assert status_of(path, "training") == "interrupted"


def test_a_number_that_now_belongs_to_a_younger_process_holds_nothing(models):
    path = models / "haiku"
    (path / "checkpoint").mkdir()
    with lock(path / "checkpoint" / "lock", ""):
        assert status_of(path, "writing") == "writing"
        os.utime(path / "checkpoint" / "lock", (1e9, 1e9))  # long before this process began
        assert status_of(path, "writing") == "interrupted"


def test_generate_with_an_unfinished_run_says_how_to_continue_it(models, call):
    path = models / "haiku"
    set_record(path, status="interrupted")
    done = call("generate", "haiku", "--models-dir", models, "--max-tokens", 3)
    assert done.returncode == 0 and done.stdout
    assert f"this is its best model so far, from step {RunFolder.open(path).record['result']['best_step']}" in done.stderr
    assert f"to continue: minigpt resume {path}" in done.stderr
    (path / "model.safetensors").unlink()
    record = RunFolder.open(path).record
    set_record(path, stages={name: files for name, files in record["stages"].items() if name != "training"})
    done = call("generate", "haiku", "--models-dir", models)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"has no model yet: the run was interrupted before its first evaluation; to continue: minigpt resume {path}" in done.stderr
    set_record(path, status="written", stages={"corpus": {}})
    assert f"is a corpus without a model; to train one on it: minigpt resume {path}" in call("generate", path).stderr
    set_record(path, status="interrupted", stages={}, options={"data": ["-"]})
    assert "cannot be resumed" in unfinished(path)
    set_record(path, status="complete", stages={})
    assert "its model.safetensors is gone; put it back" in call("generate", path).stderr
    assert call("list", "--models-dir", models).stdout.splitlines()[1].endswith("model gone")


# Names


def test_a_folder_of_runs_is_no_model(models, call):
    done = call("generate", models)
    assert done.returncode == 1 and f"is a folder of 1 run, not a model; name one of them: {models / 'haiku'}" in done.stderr


def test_case_slashes_and_folders_do_not_matter(tmp_path, monkeypatch):
    models = tmp_path / "models"
    for name in ("Chef-1", "chess", "haiku"):
        RunFolder(models / name, {"created": "2026"}).create()
    assert find_run("chef", models) == models / "Chef-1"
    assert find_run("HAI", models) == models / "haiku"
    assert find_run("haiku/", models) == models / "haiku"
    assert find_run(f"{models}/che", tmp_path) == models / "chess"  # in its own case first
    assert find_run(f"{models}/latest", tmp_path).parent == models
    with pytest.raises(MinigptError, match="beginning of Chef-1, chess"):
        find_run("CHE", models)
    monkeypatch.chdir(models)
    assert find_run("haiku/", tmp_path) == Path("haiku")


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a\\b", "..", ".x", "-x", "x.", "latest", "Base", "none", "CON", "nul.txt", "a\x1b", "x" * 201, "a:b"]
)
def test_a_name_that_no_run_can_have_is_wrong_usage(name):
    with pytest.raises(WrongUsage, match="cannot be the name of a run"):
        require_name(name)


@pytest.mark.parametrize("name", ["chef", "chef 2", "chef_v2.1", "シェフ", "naïve"])
def test_a_name_that_every_system_takes_is_taken(name):
    assert require_name(name) == name


def test_train_takes_a_name(models, call):
    small = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", value)]
    train = ["train", "--prompt", PROMPT, "--source", "template", "--init", "none", "--models-dir", models, *small]
    assert call(*train, "--name", "poet").returncode == 0
    assert RunFolder.open(models / "poet").record["status"] == "complete"
    again = call(*train, "--name", "poet")
    assert again.returncode == 1 and "choose another --name" in again.stderr
    both = call(*train, "--name", "x", "--out", models / "y")
    assert both.returncode == 2 and "--name and --out" in both.stderr
    assert call(*train, "--name", "a/b").returncode == 2
    assert sorted(path.name for path in models.iterdir()) == ["haiku", "poet"]


def test_init_finds_a_run_by_its_name(models):
    minigpt.train(
        PROMPT,
        init="hai",
        models_dir=models,
        name="further",
        source="template",
        initial_tokens=4000,
        final_tokens=2500,
        epochs=1,
        threads=1,
    )
    assert RunFolder.open(models / "further").record["start"]["init"] == str(models / "haiku")


# rename


def test_a_run_is_renamed(models, call):
    done = call("rename", "hai", "poet", "--models-dir", models)
    assert (done.returncode, done.stdout) == (0, f"{models / 'poet'}\n")
    assert [path.name for path in models.iterdir()] == ["poet"]
    assert not (models / "poet" / "checkpoint").exists()
    assert minigpt.load(models / "poet").generate("", seed=1, max_tokens=5) is not None
    shutil.copytree(models / "poet", models / "haiku")
    for taken in ("haiku", "poet"):
        with pytest.raises(MinigptError, match=f"{taken} exists already"):
            rename_run(models / "poet", taken)
    with pytest.raises(MinigptError, match="not a run folder"):
        rename_run(models, "x")


def test_a_renamed_unfinished_run_keeps_what_resume_needs(models):
    set_record(models / "haiku", status="interrupted")
    (models / "haiku" / "checkpoint").mkdir()
    (models / "haiku" / "checkpoint" / "train.ids").write_bytes(b"12")
    path = rename_run(models / "haiku", "poet")
    assert (path / "checkpoint" / "train.ids").read_bytes() == b"12"


# rm


def test_rm_removes_a_run_and_nothing_else(models, call):
    path = models / "haiku"
    (path / "checkpoint").mkdir()
    (path / "checkpoint" / "train.ids").write_bytes(b"12")
    (path / ".DS_Store").write_bytes(b"")
    (path / f".corpus.jsonl.{2**22 + 1}.minigpt-tmp").write_bytes(b"")
    (models / "haiku-2").mkdir()
    done = call("rm", "haiku", "--models-dir", models, "--yes")
    assert done.returncode == 0 and f"Removed {path}" in done.stderr
    assert [each.name for each in models.iterdir()] == ["haiku-2"]


def test_rm_keeps_what_no_run_makes_and_says_so(models, call):
    path = models / "haiku"
    (path / "notes.txt").write_text("mine")
    (path / "mine").mkdir()
    (path / "mine" / "model.safetensors").write_text("mine")
    done = call("rm", path, "--yes")
    assert done.returncode == 0 and "kept what is not the run's own: mine, notes.txt" in done.stderr
    assert sorted(str(each.relative_to(path)) for each in path.rglob("*")) == [
        "mine",
        os.path.join("mine", "model.safetensors"),
        "notes.txt",
    ]


@posix
def test_rm_follows_no_link(models, tmp_path):
    (tmp_path / "precious").write_text("x")
    (models / "haiku" / "model.safetensors").unlink()
    (models / "haiku" / "model.safetensors").symlink_to(tmp_path / "precious")
    (models / "link").symlink_to("haiku")
    with pytest.raises(MinigptError, match="symbolic link"):
        remove_run(models / "link")
    assert remove_run(models / "haiku") == ["model.safetensors"]
    assert (tmp_path / "precious").read_text() == "x"


def test_rm_refuses_what_is_not_a_run(models, tmp_path, call):
    """A project may have such files too; a damaged record could be anything's. With several, all are looked at before any is removed."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("README.md", "config.json", "run.json"):
        (project / name).write_text("{}")
    for folder in (project, models, tmp_path / "none"):
        done = call("rm", models / "haiku", folder, "--yes")
        assert done.returncode == 1 and "Traceback" not in done.stderr
    assert len(list(project.iterdir())) == 3 and len(own_files(models / "haiku")) > 8


def test_rm_asks(models, call, monkeypatch):
    """A variable that is meant for `train` is no consent."""
    monkeypatch.setenv("MINIGPT_YES", "1")
    done = call("rm", "haiku", "--models-dir", models)
    assert done.returncode == 2 and "add --yes" in done.stderr
    assert (models / "haiku").exists()


@posix
@pytest.mark.parametrize(
    ("typed", "status", "left"), [(b"\n", 1, True), (b"n\n", 1, True), (b"\x03", 130, True), (b"\x04", 130, True), (b"y\n", 0, False)]
)
def test_rm_asks_on_a_terminal(models, typed, status, left):
    done, printed = in_terminal(["rm", "haiku", "--models-dir", models], 80, typed)
    assert (done, (models / "haiku").exists()) == (status, left), printed
    assert "Remove it for good? [y/N]" in printed


# show and compare


@posix
@pytest.mark.parametrize("columns", [80, 40])
def test_show_says_what_a_run_is(models, columns):
    record = RunFolder.open(models / "haiku").record
    status, printed = in_terminal(["show", "hai", "--models-dir", models], columns)
    plain = re.sub(r"\x1b\[[01]m", "", printed)
    assert status == 0 and "\x1b" not in plain
    assert max(map(cell_len, plain.splitlines())) <= columns
    flat = " ".join(plain.split())
    for word in (
        PROMPT,
        "complete",
        f"{record['model']['parameters']:,} parameters",
        f"{record['result']['held_out_bits_per_byte']:.3f} bits per byte",
    ):
        assert word in flat


def test_show_in_json_is_the_record(models, call):
    record = RunFolder.open(models / "haiku").record
    shown = json.loads(call("show", "haiku", "--models-dir", models, "--json").stdout)
    assert {name: shown[name] for name in record} == record
    assert shown["folder"] == str(models / "haiku") and shown["bytes"] == sum(own_files(models / "haiku").values())


def test_show_of_a_model_without_a_record(models, call):
    (models / "haiku" / "run.json").unlink()
    done = call("show", models / "haiku")
    assert done.returncode == 0 and "parameters" in done.stdout
    assert call("show", models).returncode == 1


def test_compare_in_json_has_both_and_the_same_seed_writes_the_same(models, call):
    shutil.copytree(models / "haiku", models / "copy")
    done = call("compare", "haiku", "copy", "--models-dir", models, "--seed", 3, "--max-tokens", 8, "--prompt", "Old pond", "--json")
    compared = json.loads(done.stdout)
    one, other = compared["runs"]
    assert (one["name"], other["name"]) == ("haiku", "copy")
    assert one["sample"] == other["sample"] and one["held_out_bits_per_byte"] == other["held_out_bits_per_byte"] > 0
    assert one["sample"]["text"] == minigpt.load(models / "haiku").generate("Old pond", seed=3, max_tokens=8)
    assert compared["same_held_out_text"] is True
    assert (compared["seed"], compared["prompt"]) == (3, "Old pond")


def test_compare_shows_both_and_explains_one_without_a_model(models, call):
    shutil.copytree(models / "haiku", models / "half")
    set_record(models / "half", status="interrupted")
    (models / "half" / "model.safetensors").unlink()
    done = call("compare", "haiku", "half", "--models-dir", models, "--max-tokens", 8)
    assert done.returncode == 0
    assert "same held-out text" in done.stdout and "Bits per byte" in done.stdout
    assert "minigpt resume" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 120
