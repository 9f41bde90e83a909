"""A run in one file for somebody else: what is in it, what stays at home, and what works where it arrives."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

import minigpt
from minigpt.cli import cli
from minigpt.disk.bundle import export_zip, unpacked
from minigpt.disk.folder import RunFolder
from minigpt.disk.jsontext import sealed
from minigpt.errors import MinigptError

SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "epochs": 1, "threads": 1}
SECRET = "The password of the vault at Bramblewick is forty-two elderberries"
MODEL = {
    "model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small complete run on own text, with a report, to be copied."""
    home = tmp_path_factory.mktemp("home-of-ada")
    text = "\n\n".join(f"{SECRET}, and the cat {number} sat on the mat, as cats do in the {number}th week." for number in range(300))
    (home / "diary.txt").write_text(text, encoding="utf-8")
    minigpt.train(data=home / "diary.txt", out=home / "run", init="none", **SMALL)
    (home / "run" / "report.html").write_text(f"<p>{SECRET}", encoding="utf-8")
    return home / "run"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy, called `diary`."""
    return Path(shutil.copytree(made, tmp_path / "diary"))


def names_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def everything(path: Path) -> str:
    """All that is in an archive, as text."""
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def set_record(path: Path, **changes: object) -> None:
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    (path / "run.json").write_text(json.dumps(sealed({**record, **changes})), encoding="utf-8")


def test_own_text_and_the_paths_of_this_machine_stay_at_home(run, tmp_path):
    """Neither the corpus nor the documents that the record quotes, nor the report; what the model itself writes is another matter."""
    set_record(run, samples=["the cat"])
    for name in ("README.md", "samples.jsonl"):  # what the model wrote
        (run / name).unlink(missing_ok=True)
    made = export_zip(run, tmp_path / "diary.zip")
    inside = everything(tmp_path / "diary.zip")
    assert "Bramblewick is" in (run / "corpus.jsonl").read_text(encoding="utf-8")
    assert "Bramblewick is" not in inside and "home-of-ada" not in inside
    assert names_in(made.path) == {f"diary/{name}" for name in (*MODEL, "run.json", "metrics.jsonl")}
    assert sorted(line.split(",")[0] for line in made.left_out) == ["corpus.jsonl", "report.html"]
    assert "can repeat passages" in made.note


def test_whoever_gets_it_can_look_at_it_and_talk_to_it(run, tmp_path, monkeypatch, capsys):
    made = str(export_zip(run, tmp_path / "diary.zip").path)
    cli.main(["show", made], standalone_mode=False)
    seen = capsys.readouterr().out
    assert seen.startswith("diary\n") and "is gone" not in seen
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"the cat\n/info\n"), encoding="utf-8"))
    cli.main(["chat", made, "--max-tokens", "3"], standalone_mode=False)
    assert made in "".join(capsys.readouterr())


def test_with_corpus_it_is_there(run, tmp_path):
    made = export_zip(run, tmp_path / "diary.zip", corpus=True)
    assert {"diary/corpus.jsonl", "diary/report.html", "diary/README.md"} < names_in(made.path)
    assert made.left_out == []
    with zipfile.ZipFile(made.path) as archive:
        assert archive.read("diary/corpus.jsonl") == (run / "corpus.jsonl").read_bytes()
        assert json.loads(archive.read("diary/run.json"))["report"]["examples"]
    assert "home-of-ada" not in everything(made.path)


def test_what_arrives_is_the_model_unpacked_or_not(run, tmp_path):
    """The same text from the same seed, the record verified; damage in the post is noticed."""
    export_zip(run, tmp_path / "diary.zip")
    expected = minigpt.load(run).generate("the cat", seed=1, max_tokens=20)
    shutil.unpack_archive(tmp_path / "diary.zip", tmp_path / "elsewhere")
    there = tmp_path / "elsewhere" / "diary"
    assert minigpt.load(there).generate("the cat", seed=1, max_tokens=20) == expected
    assert RunFolder.open(there).record["result"] == RunFolder.open(run).record["result"]
    with unpacked(tmp_path / "diary.zip") as folder:
        assert minigpt.load(folder).generate("the cat", seed=1, max_tokens=20) == expected
    assert not folder.exists()
    with pytest.raises(MinigptError, match=r"corpus\.jsonl is missing; the run cannot be trained further"):
        minigpt.run.pipeline.resume(there, epochs=1)  # type: ignore[attr-defined]
    (there / "vocab.json").write_text("{}")
    with pytest.raises(MinigptError, match="checksum"):
        minigpt.load(there)


def test_the_same_run_gives_the_same_file(run, tmp_path):
    one, other = (export_zip(run, tmp_path / name).path.read_bytes() for name in ("a.zip", "b.zip"))
    assert one == other


def test_nothing_is_overwritten_and_nothing_half_written_stays(run, tmp_path):
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(MinigptError, match="nothing is overwritten"):
        export_zip(run, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "mine"
    (run / "vocab.json").write_text("{}")
    with pytest.raises(MinigptError, match="checksum"):  # a damaged model is not sent
        export_zip(run, tmp_path / "b.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "diary"]


@pytest.fixture
def stopped(run: Path) -> Path:
    """The run as if it had been interrupted in its training."""
    (run / "checkpoint").mkdir()
    (run / "checkpoint" / "train.ids").write_bytes(b"12")
    record = RunFolder.open(run).record
    set_record(run, status="interrupted", stages={name: record["stages"][name] for name in ("corpus", "tokens")})
    return run


def test_an_unfinished_run_is_sent_as_its_best_model_and_says_so(stopped, tmp_path):
    made = export_zip(stopped, tmp_path / "a.zip")
    assert any(line.startswith("checkpoint/") for line in made.left_out) and "minigpt resume" in made.note
    shutil.unpack_archive(made.path, tmp_path / "there")
    note = minigpt.disk.standing.unfinished(tmp_path / "there" / "diary")  # type: ignore[attr-defined]
    assert "best model so far" in note and "resume" not in note  # without the checkpoint it cannot be


def test_an_unfinished_run_is_sent_whole_to_be_resumed_elsewhere(stopped, tmp_path):
    (stopped / "model.safetensors").unlink()
    with pytest.raises(MinigptError, match=r"has no model yet: .* to export it unfinished, as it is: --with-corpus --with-checkpoint"):
        export_zip(stopped, tmp_path / "a.zip")
    made = export_zip(stopped, tmp_path / "a.zip", corpus=True, checkpoint=True)
    shutil.unpack_archive(made.path, tmp_path / "there")
    assert (tmp_path / "there" / "diary" / "checkpoint" / "train.ids").read_bytes() == b"12"
    assert RunFolder.open(tmp_path / "there" / "diary").record == RunFolder.open(stopped).record
    assert not any("lock" in name for name in names_in(made.path))


def crafted(path: Path, files: dict[str, bytes]) -> Path:
    """An archive with these files, compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no model"),
        ({"a/notes.txt": b"x"}, "holds no model"),
        ({"a/model.safetensors": b"x", "b/model.safetensors": b"y"}, "two files called model.safetensors"),
        ({"a/model.safetensors": bytes(70_000_000)}, "more than such a file may have"),
    ],
    ids=["empty", "other", "two", "trap"],
)
def test_other_archives_are_refused_in_a_line(tmp_path, files, message):
    with pytest.raises(MinigptError, match=message), unpacked(crafted(tmp_path / "a.zip", files)):
        pass


def test_an_archive_leads_nowhere_else(tmp_path):
    """Only a model folder's own names are unpacked, into one folder."""
    files = {
        "x/model.safetensors": b"m",
        "../run.json": b"{}",
        "/config.json": b"{}",
        "x/../../vocab.json": b"{}",
        "x/checkpoint/lock": b"",
    }
    with unpacked(crafted(tmp_path / "a.zip", files)) as folder:
        found = sorted(path.name for path in folder.rglob("*"))
        beside = [path.name for path in folder.parent.iterdir()]
    assert set(found) <= {"model.safetensors", "run.json", "config.json"} and "model.safetensors" in found
    assert beside == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("cut", [10, 1000, -30])
def test_a_damaged_archive_is_told(run, tmp_path, cut):
    path = export_zip(run, tmp_path / "a.zip").path
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(MinigptError, match="is damaged, or not an archive that minigpt reads"), unpacked(path):
        pass


def test_the_command_prints_the_path_and_the_rest_beside(run, tmp_path, monkeypatch, capsys):
    from minigpt.cli import cli

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(map(str, arguments)), prog_name="minigpt")
        return int(ended.value.code or 0), *capsys.readouterr()

    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    status, out, err = call("export", "diary", "--to", "zip")
    assert (status, out) == (0, "diary.zip\n")
    assert "Left out: corpus.jsonl" in err and "minigpt generate diary.zip" in err
    (tmp_path / "stick").mkdir()
    assert call("export", run, "--out", "stick")[1] == f"{os.path.join('stick', 'diary.zip')}\n"
    status, text, _ = call("generate", "diary.zip", "--prompt", "the", "--seed", "1", "--max-tokens", "5")
    assert status == 0 and text.startswith("the")
    status, _, err = call("resume", "diary.zip")
    assert status == 1 and "unpack it first: python -m zipfile -e diary.zip models" in err
    status, out, err = call("export", "diary", "--to", "tar")
    assert (status, out) == (2, "") and "'tar' is not a known format; use one of zip, html, gguf, onnx, hf" in err


def test_an_option_of_one_format_is_refused_for_others(monkeypatch, run, tmp_path, capsys):
    import minigpt.export

    formats = {"zip": minigpt.export.FORMATS["zip"], "tar": minigpt.export.Format("archive")}
    monkeypatch.setattr(minigpt.export, "FORMATS", formats)
    with pytest.raises(MinigptError, match="--with-corpus is for --to zip; leave it out for --to tar"):
        minigpt.export.export(run, "tar", tmp_path, with_corpus=True)
    made = minigpt.export.export(run, "tar", tmp_path, with_corpus=False)
    assert made.path == tmp_path / "diary.tar" and made.commands == ["minigpt generate diary.tar"]
