"""Samples while a model learns: about six, the same after an interruption, and none of them changes the training. A person's wishes are
fulfilled between two steps."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import minigpt
from minigpt.cli import cli
from minigpt.run.listener import Listener, Wish, Written

PROMPT = "A GPT that writes haiku"
SMALL: dict[str, Any] = {
    "source": "template", "init": "none", "layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 4000,
    "final_tokens": 2500, "epochs": 2, "batch_size": 4, "device": "cpu", "dropout": 0.1,
}  # fmt: skip
FLAGS = [part for name, value in SMALL.items() for part in (f"--{name.replace('_', '-')}", str(value))]


class Wishing(Listener):
    """Has a wish after some steps, and keeps what the model wrote."""

    def __init__(self, **wishes: Wish) -> None:
        self.wishes, self.at, self.wrotes, self.pauses = wishes, 0, list[Written](), list[bool]()

    def step(self, course):
        self.at = course.step

    def wish(self) -> Wish | None:
        return self.wishes.pop(f"step{self.at}", None)

    def wrote(self, written: Written) -> None:
        self.wrotes.append(written)

    def paused(self, now: bool) -> None:
        self.pauses.append(now)
        if now:
            time.sleep(1.0)
            self.wishes[f"step{self.at}"] = Wish.PAUSE


def lines(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


def timeless(run: Path, name: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key not in ("seconds", "tokens_per_second")} for line in lines(run, name)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, Wishing]:
    run, listener = tmp_path_factory.mktemp("runs") / "run", Wishing()
    minigpt.train(PROMPT, out=run, listener=listener, sample_prompt="Autumn", **SMALL)
    return run, listener


def test_about_six_samples_from_one_prompt_and_seed(whole):
    run, listener = whole
    found, steps = lines(run, "samples.jsonl"), json.loads((run / "run.json").read_text())["training"]["steps"]
    assert 5 <= len(found) <= 6
    assert [Written(**line) for line in found] == listener.wrotes
    assert {(line["prompt"], line["seed"]) for line in found} == {("Autumn", 42)}
    assert [line["step"] for line in found] == sorted({line["step"] for line in found})
    assert found[0]["step"] <= 0.1 * steps + 1 and found[-1]["step"] == steps
    assert len({line["text"] for line in found}) > 1
    assert all(line["epoch"] == pytest.approx(SMALL["epochs"] * line["step"] / steps, abs=1e-3) for line in found)


def test_samples_change_nothing_in_the_training(whole, tmp_path):
    run, _ = whole
    minigpt.train(PROMPT, out=tmp_path / "run", no_samples=True, **SMALL)
    assert not (tmp_path / "run" / "samples.jsonl").exists()
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert timeless(tmp_path / "run", "metrics.jsonl") == timeless(run, "metrics.jsonl")


def test_a_person_samples_pauses_and_stops_and_the_resumed_run_is_the_same(whole, tmp_path):
    run, _ = whole
    listener = Wishing(step3=Wish.SAMPLE, step5=Wish.PAUSE, step9=Wish.STOP)
    with pytest.raises(KeyboardInterrupt, match="everything is saved; to continue: minigpt resume"):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=listener, sample_prompt="Autumn", **SMALL)
    assert listener.pauses == [True, False]
    assert [written.step for written in listener.wrotes].count(3) == 1 + (3 in {line["step"] for line in lines(run, "samples.jsonl")})
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["status"] == "interrupted"
    with (tmp_path / "run" / "samples.jsonl").open("a") as file:  # a sample of a step that no state knows of, and half a line
        file.write(json.dumps({"step": 10, "text": "later"}) + '\n{"step": 3, "te')
    minigpt.resume(tmp_path / "run")
    for name in ("samples.jsonl", "metrics.jsonl"):
        assert timeless(tmp_path / "run", name) == timeless(run, name)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    times = [line["seconds"] for line in lines(tmp_path / "run", "metrics.jsonl")]
    assert times[5] - times[3] < 1.0, "the pause does not count"


def test_a_run_that_is_trained_further_keeps_its_samples(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / "run")
    before = lines(run, "samples.jsonl")
    minigpt.resume(run, epochs="+1")
    after = lines(run, "samples.jsonl")
    assert after[: len(before)] == before
    assert 4 <= len(after) - len(before) <= 6 and after[len(before)]["step"] > before[-1]["step"]


def test_json_quiet_and_log(tmp_path, capfd):
    """Results on standard output: one line of JSON, or the folder; the log has every line and its time."""
    log = tmp_path / "log.txt"
    cli(["train", "-p", PROMPT, "--out", str(tmp_path / "a"), *FLAGS, "--json", "--log", str(log)], standalone_mode=False)
    out, err = capfd.readouterr()
    said, record = json.loads(out), json.loads((tmp_path / "a" / "run.json").read_text())
    assert out.count("\n") == 1
    assert said["folder"] == str(tmp_path / "a") and said["status"] == "complete"
    assert said["held_out_loss"] == record["result"]["held_out_loss"]
    assert said["seconds"] == record["training"]["seconds"]
    assert said["samples"] == record["samples"]
    assert "Result" in err and re.search(r"^\d\d:\d\d:\d\d  step \d+/\d+  epoch", err, re.MULTILINE)
    assert len(err.splitlines()) > len([line for line in err.splitlines() if "templates: " in line]) == 0
    logged = log.read_text().splitlines()
    assert all(
        re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line) for line in logged
    )
    for word in (
        "Corpus",
        "templates: ",
        "learning rate",
        "Sample after step",
        "held-out",
        "Sample of the finished model",
        "Result",
        "Folder",
    ):
        assert any(word in line for line in logged), word
    cli(["resume", str(tmp_path / "a"), "--quiet", "--log", str(log)], standalone_mode=False)
    assert capfd.readouterr() == (f"{tmp_path / 'a'}\n", "")
    assert "nothing left to do" in log.read_text().splitlines()[-1]
    with pytest.raises(SystemExit):
        cli(["resume", str(tmp_path / "a"), "--log", str(tmp_path / "no" / "log.txt")], standalone_mode=False)
    assert "log.txt" in capfd.readouterr().err


def test_the_plan_is_at_most_eight_lines(tmp_path, capfd):
    cli(["train", "-p", PROMPT, "--out", str(tmp_path / "a"), *FLAGS], standalone_mode=False)
    out, err = capfd.readouterr()
    plan = err.split("Training")[0].splitlines()
    assert len(plan) < 8 and all(len(line) <= 80 for line in plan)
    assert out.count("\n---\n") == 3
    cli(["train", "-p", PROMPT, "--out", str(tmp_path / "b"), *FLAGS, "-v"], standalone_mode=False)
    assert len(capfd.readouterr().err.split("Training")[0].splitlines()) > len(plan) + 4
