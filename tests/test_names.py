"""A run is found by its path, by a unique beginning of its name, or as the latest."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt.disk.files import write_json
from minigpt.disk.jsontext import sealed
from minigpt.disk.names import find_run
from minigpt.errors import MinigptError


def shelf(folder: Path, *names: str) -> Path:
    """A models folder with a run of each name, in the order of their making."""
    for number, name in enumerate(names):
        (folder / name).mkdir()
        write_json(folder / name / "run.json", sealed({"created": f"2026-01-{number + 1:02}"}))
    return folder


def test_a_beginning_that_only_one_run_has_is_enough(tmp_path):
    models = shelf(tmp_path, "chef-20260101-120000", "chess-20260102-120000", "haiku")
    assert find_run("chef", models) == models / "chef-20260101-120000"
    assert find_run("haiku", models) == models / "haiku"
    with pytest.raises(MinigptError, match=r"'che' is the beginning of chef-\S+, chess-\S+; give more"):
        find_run("che", models)


def test_a_whole_name_wins_over_longer_ones(tmp_path):
    models = shelf(tmp_path, "chef", "chef-2")
    assert find_run("chef", models) == models / "chef"


def test_latest_is_the_newest(tmp_path):
    assert find_run("latest", shelf(tmp_path, "b", "a")) == tmp_path / "a"
    with pytest.raises(MinigptError, match="no runs in"):
        find_run("latest", tmp_path / "none")


def test_what_exists_is_a_path_whatever_it_is_called(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    models = shelf(tmp_path / "models", "latest-run")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest/config.json").touch()
    assert find_run("latest", models) == Path("latest")
    assert find_run("some/where", models) == Path("some/where")  # what is wrong with it is said by whoever opens it


def test_a_path_that_is_no_model_does_not_hide_a_run(tmp_path, monkeypatch):
    """The texts in haiku/ and the model that learned them, models/haiku, live side by side."""
    (tmp_path / "models").mkdir()
    models = shelf(tmp_path / "models", "haiku", "chef")
    monkeypatch.chdir(tmp_path)
    for name in ("latest", "haiku", "chess"):
        (tmp_path / name).mkdir()
    (tmp_path / "chef").touch()
    assert find_run("chef", models) == models / "chef"
    assert find_run("haiku", models) == models / "haiku"
    assert find_run("latest", models) == models / "chef"
    assert find_run("./haiku", models) == find_run("haiku/", models) == Path("haiku")  # so it is called if the folder itself is meant
    assert find_run("chess", models) == Path("chess")
    assert find_run("latest", tmp_path / "none") == Path("latest")


def test_a_name_with_a_space_is_proposed_as_it_is_typed(tmp_path):
    with pytest.raises(MinigptError, match="did you mean 'my haiku'"):
        find_run("myhaiku", shelf(tmp_path, "my haiku"))


def test_a_misspelt_name_is_answered_with_the_nearest(tmp_path):
    models = shelf(tmp_path, "haiku-master", "chef")
    with pytest.raises(MinigptError, match="did you mean haiku-master"):
        find_run("hiaku-master", models)
    with pytest.raises(MinigptError, match="minigpt list"):
        find_run("zzz", models)
