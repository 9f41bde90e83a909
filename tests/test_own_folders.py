"""Which files in a folder are the user's own text, and what the plan says about the others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from minigpt.corpus.gather import CORPUS
from minigpt.corpus.own.files import RUN_CORPUS, OwnText
from minigpt.corpus.own.walk import CACHE_SIGNATURE
from minigpt.disk.files import write_json
from minigpt.disk.jsontext import sealed
from minigpt.errors import MinigptError
from minigpt.run.listener import Listener
from minigpt.run.pipeline import write_corpus

TINY = {"layers": 1, "heads": 1, "width": 8, "positions": 32, "epochs": 1, "threads": 1, "device": "cpu"}
links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")


def place(path: Path, text: str = "not the user's") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run_folder(path: Path) -> Path:
    """The files of a run that --data could read."""
    write_json(place(path / "run.json"), sealed({"minigpt": "1", "prompt": "", "options": {}, "stages": {}, "status": "training"}))
    place(path / "corpus.jsonl", json.dumps({"text": "from the run", "source": "own", "split": "train"}) + "\n")
    place(path / "merges.txt")
    place(path / "README.md")
    place(path / "checkpoint" / "teacher.jsonl", '{"text": "a journal"}\n')
    return path


def read(*paths: Path, ours: tuple[Path, ...] = ()) -> tuple[list[str], list[str]]:
    """The texts, and the plan's lines after the first."""
    own = OwnText(paths, ours=ours)
    return [document.text for document in own], list(own.description[1:])


def test_a_second_run_in_the_same_folder_reads_what_the_first_one_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place(tmp_path / "notes.txt", "\n\n".join(f"Note {i} says that a fox sang {i} songs near the river. " * 20 for i in range(5)))
    said: list[str] = []
    hear = Listener()
    hear.say = lambda topic, text: said.append(text)
    runs = [write_corpus(data=".", listener=hear, **TINY).path for _ in range(2)]
    assert "ignored: a models folder" in said
    place(tmp_path / "models" / "loose.txt")
    runs.append(write_corpus(data=".", out="elsewhere", **TINY).path)
    runs.append(write_corpus(data=".", models_dir="others", **TINY).path)
    first, *others = ((run / CORPUS).read_bytes() for run in runs)
    assert others[:2] == [first, first]
    assert b"loose" in others[2]  # `models` is not that run's models folder any more; the runs in it are still runs
    assert b"from the run" not in others[2]


def test_run_folders_are_passed_over_wherever_they_lie(tmp_path):
    place(tmp_path / "notes.txt", "mine")
    run_folder(tmp_path / "a")
    run_folder(tmp_path / "deep" / "er" / "b")
    (run_folder(tmp_path / "damaged") / "run.json").write_text('{"minigpt": "1", "opt')
    assert read(tmp_path) == (["mine"], ["ignored: 3 run folders"])


def test_a_run_json_of_another_program_is_none_of_ours(tmp_path):
    place(tmp_path / "jogging" / "run.json", '{"kilometres": 8, "note": "with \\"minigpt\\" in my ears"}')
    place(tmp_path / "jogging" / "log.txt", "mine")
    place(tmp_path / "list" / "run.json", "[1, 2]")
    place(tmp_path / "list" / "log.txt", "mine too")
    assert read(tmp_path) == (["mine", "mine too"], [])


def test_a_run_that_the_user_names_gives_its_corpus(tmp_path):
    run = run_folder(tmp_path / "models" / "run")
    assert RUN_CORPUS == CORPUS
    assert read(run / CORPUS) == read(run) == (["from the run"], [])
    (run / CORPUS).unlink()
    with pytest.raises(MinigptError, match=r"is a run folder without a corpus\.jsonl; name a file or a folder of your own text"):
        OwnText([run])


def test_the_models_folder_in_use_and_the_run_in_use_are_passed_over(tmp_path):
    place(tmp_path / "notes.txt", "mine")
    models, out = tmp_path / "store", tmp_path / "out"
    place(models / "export" / "merges.txt")
    place(out / "half.txt")
    assert read(tmp_path, ours=(models, out)) == (["mine"], ["ignored: 2 models folders"])
    assert read(models, ours=(models, out))[0] == ["not the user's"]  # named: the user wants it
    run_folder(models / "run")
    texts, plan = read(models, ours=(tmp_path, out))
    assert (texts, plan) == (["not the user's"], ["ignored: a run folder"])


@links
def test_a_link_to_a_run_or_to_the_models_folder_changes_nothing(tmp_path):
    place(tmp_path / "data" / "notes.txt", "mine")
    run_folder(tmp_path / "run")
    place(tmp_path / "models" / "a.txt")
    (tmp_path / "data" / "r").symlink_to(tmp_path / "run")
    (tmp_path / "data" / "m").symlink_to(tmp_path / "models")
    assert read(tmp_path / "data", ours=(tmp_path / "models",))[0] == ["mine"]


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("env/pyvenv.cfg", "a virtual environment"),
        ("conda/conda-meta/history", "a virtual environment"),
        (".venv/pyvenv.cfg", "a virtual environment"),
        (".git/HEAD", "a version control folder"),
        ("CVS/Entries", "a version control folder"),
        ("__pycache__/x", "a cache folder"),
        (".cache/x", "a cache folder"),
        (".ipynb_checkpoints/x", "a cache folder"),
        ("target/CACHEDIR.TAG", "a cache folder"),
        ("lib/site-packages/x", "a folder of installed packages"),
        ("node_modules/x", "a folder of installed packages"),
        ("thing-1.0.dist-info/RECORD", "a folder of installed packages"),
        ("build/CMakeCache.txt", "a build folder"),
        ("@eaDir/x", "a system folder"),
        ("__MACOSX/x", "a system folder"),
        (".obsidian/x", "a hidden folder"),
        ("gpt2/model.safetensors", "a model folder"),
        ("bert/pytorch_model.bin", "a model folder"),
        ("project.git/HEAD", "a version control folder"),
    ],
)
def test_what_programs_keep_for_themselves_is_passed_over(tmp_path, inside, kind):
    place(tmp_path / "notes.txt", "mine")
    marker = place(tmp_path / inside, CACHE_SIGNATURE.decode() + "\n")
    place(marker.parent / "licence.txt")
    place(marker.parent / "deeper" / "top_level.md")
    if "project" in inside:
        place(marker.parent / "objects" / "x")
        place(marker.parent / "refs" / "x")
    if "conda" in inside:
        place(tmp_path / "conda" / "share" / "licence.txt")
    assert read(tmp_path) == (["mine"], [f"ignored: {kind}"])
    assert "not the user's" in read(marker.parent)[0]  # named: the user wants it


@pytest.mark.parametrize("name", ["build", "dist", "target", "cache", "vendor", "models", "env", "lib", "packages"])
def test_a_folder_whose_name_says_nothing_certain_is_read(tmp_path, name):
    place(tmp_path / name / "letter.txt", "mine")
    place(tmp_path / name / "CACHEDIR.TAG", "a file of this name that is not a tag")
    assert read(tmp_path) == (["mine"], [])


def test_the_plan_adds_up_what_was_passed_over(tmp_path):
    place(tmp_path / "a" / "notes.txt", "mine")
    for name in ("a/run1", "b/run2"):
        run_folder(tmp_path / name)
    place(tmp_path / "a" / "env" / "pyvenv.cfg")
    place(tmp_path / "b" / ".draft.txt")
    place(tmp_path / "b" / ".DS_Store")
    for backup in ("notes.txt~", "#notes.txt#", "notes.txt.bak", "notes.txt.orig", "Thumbs.db", ".notes.txt.swp"):
        place(tmp_path / "a" / backup)
    place(tmp_path / "b" / "more.md", "mine too")
    own = OwnText([tmp_path / "a", tmp_path / "b"])
    assert own.description[1:] == ["ignored: a hidden file, 2 run folders, a virtual environment"]
    assert "(1 file, 5 of other kinds left out)" in own.description[0]
    assert [document.text for document in own] == ["mine", "mine too"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "it has nothing"),
        ([".DS_Store"], "it has a hidden file (.DS_Store)"),
        (
            ["a.pdf", "b.docx", ".DS_Store", "._a.txt"],
            "it has 2 files of another kind (a.pdf, b.docx), 2 hidden files (.DS_Store, ._a.txt)",
        ),
        (["a.pdf", "b.pdf", "c.pdf", "d.pdf"], "4 files of another kind (a.pdf, b.pdf, c.pdf, ...)"),
        ([".git/a.txt", "x/run.json"], "it has a run folder, a version control folder"),
    ],
)
def test_a_folder_without_text_says_what_it_holds(tmp_path, names, said):
    for name in names:
        place(tmp_path / name, '{"minigpt": "1", "options": {}}')
    with pytest.raises(MinigptError) as caught:
        OwnText([tmp_path])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes exist there")
def test_a_name_that_is_no_text_is_walked_like_any_other(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/\xff.txt", "wb") as file:
        file.write(b"mine")
    assert read(tmp_path)[0] == ["mine"]
