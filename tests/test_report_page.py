"""report.html: what it says is what the files say, whatever these hold; one file, readable everywhere; and the pictures of a lesson."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from browser import PROGRAM, Browser
from click.testing import CliRunner
from test_continue import Heard

import minigpt
from minigpt.cli import cli
from minigpt.config import SampleConfig
from minigpt.disk.folder import RunFolder, read_record
from minigpt.run.pages import curves, inside
from minigpt.run.pages.report_page import report_page
from minigpt.run.pages.writing import affordable, write
from minigpt.run.pipeline import resume
from minigpt.run.textmodel import TextModel, load

TINY = {"layers": 2, "heads": 2, "width": 32, "positions": 64, "context": 32, "epochs": 1, "init": "none", "threads": 1}
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)> & \u202eback"
PIECES = [
    "The cat sat on the mat and looked at the moon for a while.",
    "狐は月を見た。静かな夜だった。",
    "كان القمر جميلا في تلك الليلة.",
    "🦊 naïve $x^2$ {{ 7 * 7 }}",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, TextModel]:
    """A complete run over own text of several scripts, with texts that would be tags if they were not escaped."""
    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(1)
    texts = [" ".join([*rng.choice(PIECES, 4), EVIL if i % 5 == 0 else "", str(i)]) for i in range(60)]
    (folder / "own.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    model = minigpt.train(f"A GPT that writes {EVIL}", data=[str(folder / "own.jsonl")], out=str(folder / "run"), **TINY)
    lines = [{"step": step, "epoch": 0.1, "seconds": 1.0, "prompt": "The", "seed": 1, "text": f" {EVIL} {step}"} for step in (1, 5, 9)]
    (folder / "run" / "samples.jsonl").rename(folder / "samples.jsonl")  # the run's own, which it has a checksum of
    (folder / "run" / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder / "run", model


@pytest.fixture
def copied(run, tmp_path) -> Path:
    """A copy of its folder, to change."""
    return Path(shutil.copytree(run[0], tmp_path / "run"))


class Tags(HTMLParser):
    """The elements of a page, its links, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.links, self.attributes, self.text, self.ids = list[str](), list[str](), set[str](), "", list[str]()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag in ("script", "style"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            self.open.remove(tag)

    def handle_data(self, data):
        self.text += "" if self.open else data


def page(folder: Path, model: TextModel | None, **how: object) -> str:
    return report_page(folder, read_record(folder), model, **how)


def test_a_run_leaves_its_page_and_it_can_be_drawn_again(run):
    folder, model = run
    first = (folder / "report.html").read_text(encoding="utf-8")
    assert "How it learned" in first
    again = page(folder, model)
    assert again == page(folder, load(folder))  # the same bytes, but for the samples on the way, which came later
    assert len(again.encode()) < 1_000_000
    assert "report.html" not in json.dumps(read_record(folder)["stages"])


def test_the_page_stands_alone_and_foreign_text_is_text(run):
    folder, model = run
    html = page(folder, model, text=EVIL)
    tags = Tags(html)
    assert tags.tags.count("script") == 2
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in tags.links)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\((?!#)", html)
    assert tags.text.count("<script>alert('x')</script>") >= 5  # the title, three samples on the way, a document
    assert len(tags.ids) == len(set(tags.ids))
    assert {link[1:] for link in tags.links if link.startswith("#")} <= set(tags.ids)
    assert "\u202e" not in html and "49" not in Tags(html).text.split("{{ 7 * 7 }}")[0][-20:]
    for section in ("learning", "samples", "novelty", "attention", "expected", "corpus", "facts"):
        assert section in tags.ids


def test_the_script_of_the_policy_is_the_script(run):
    import base64
    import hashlib

    html = page(*run)
    script = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)[0]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in html


def test_its_figures_are_those_of_the_files(run):
    folder, model = run
    html = page(folder, model)
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, flags=re.DOTALL)[1])
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row[0] for row in data["curve"]["rows"]] == [line["step"] for line in metrics]
    assert [row[1] for row in data["curve"]["rows"]] == [pytest.approx(line["train_loss"], rel=1e-5) for line in metrics]
    assert [row[2] for row in data["curve"]["rows"]] == [
        line["held_out_loss"] and pytest.approx(line["held_out_loss"], rel=1e-5) for line in metrics
    ]
    assert data["curve"]["samples"] == [1, 5, 9]
    xs = data["curve"]["places"]["curve-wide"]
    assert np.allclose(np.diff(xs) / np.diff([line["step"] for line in metrics]), np.diff(xs)[0], atol=0.2)
    expected = data["expected"]
    for token in expected:
        shares = [share for _, share in token["likeliest"]]
        assert shares == sorted(shares, reverse=True)
        assert (token["rank"] == 1) == (token["probability"] >= shares[0] * (1 - 1e-5))


def test_expectations_are_those_of_the_model(run):
    _, model = run
    text = "The cat sat on 月"
    found = inside.expectations(model, text)
    assert [one.probability for one in found] == pytest.approx([token.probability for token in model.tokens(text)], rel=1e-4)
    assert [one.rank for one in found] == [token.rank for token in model.tokens(text)]


def test_weights_travel_to_the_page_in_order(run):
    import base64

    weights = run[1].attention("The cat sat on the mat")
    packed = np.frombuffer(base64.b64decode(inside.packed(weights)), np.uint8)
    L, H, T, _ = weights.shape
    at = ((1 * H + 1) * T * (T + 1) // 2) + 3 * 4 // 2  # layer 2, head 2, token 3: as the script computes it
    assert np.allclose(packed[at : at + 4] / 255, weights[1, 1, 3, :4], atol=1 / 255)
    assert len(packed) == L * H * T * (T + 1) // 2


def test_a_batch_writes_what_single_samples_are(run):
    _, model = run
    config = SampleConfig(max_tokens=20, temperature=0.6, seed=5)
    together, alone = write(model, 60, config), [model.sample("", replace(config, seed=5 + i)).text for i in range(60)]
    assert sum(a == b for a, b in zip(together, alone, strict=True)) >= 58  # products of several rows round differently
    assert write(model, 60, config) == together


@pytest.mark.parametrize(("parameters", "tokens"), [(14_000_000, 400_000), (117_000_000, 10_000), (10**12, 0), (1000, 10**9)])
def test_writing_costs_little_beside_the_training(parameters, tokens):
    count, longest = affordable(parameters, tokens)
    assert 5 <= count <= 100 and 40 <= longest <= 64
    assert count * longest <= max(0.05 * tokens, 3.2e11 / (2 * parameters), 200)


def test_what_is_missing_is_left_out_and_said(copied, run):
    model = run[1]
    for name in ("samples.jsonl", "metrics.jsonl", "corpus.jsonl"):
        (copied / name).unlink()
        tags = Tags(page(copied, model))
        assert ("learning" in tags.ids) == (copied / "metrics.jsonl").exists()
        assert ("novelty" in tags.ids) == (copied / "corpus.jsonl").exists()
    assert "no corpus.jsonl" in tags.text
    assert "attention" not in tags.ids and "facts" in tags.ids
    assert "attention" in Tags(page(copied, model, text="The cat")).ids


def test_without_a_model_the_files_speak(copied):
    ids = Tags(page(copied, None)).ids
    assert {"learning", "samples", "corpus", "facts", "lengths"} <= set(ids)
    assert not {"novelty", "attention", "expected"} & set(ids)


def test_a_damaged_corpus_costs_its_sections_alone(copied, run):
    (copied / "corpus.jsonl").write_bytes(b'{"text": "a", "split": "train"}\n{"text": 7}\n\xff\n')
    tags = Tags(page(copied, run[1]))
    assert "novelty" not in tags.ids and "learning" in tags.ids
    assert "Left out" in tags.text


@pytest.mark.parametrize("steps", [1, 2, 10_000])
def test_of_one_step_or_many(copied, run, steps):
    lines = [
        {"step": i, "epoch": i / 100, "tokens": i * 64, "seconds": i / 9, "train_loss": 7 / i, "held_out_loss": None, "learning_rate": 1e-3,
         "grad_norm": 1.0, "tokens_per_second": 500.0}
        for i in range(1, steps + 1)
    ]  # fmt: skip
    if steps > 2:
        lines[4321]["held_out_loss"] = 3.25
    (copied / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 10')
    html = page(copied, None)
    rows = json.loads(re.search(r'id="data">(.*?)</script>', html, flags=re.DOTALL)[1])["curve"]["rows"]
    assert rows[0][0] == 1 and rows[-1][0] == steps and len(rows) <= 402
    assert steps <= 2 or 3.25 in [row[2] for row in rows]
    assert len(html.encode()) < 500_000


def test_samples_on_the_way_are_in_order_and_damaged_lines_end_them(copied):
    with (copied / "samples.jsonl").open("a") as file:
        file.write('{"step": "x", "text": "no"}\n{"step": 12, "text": "yes"}\nnot json\n{"step": 13, "text": "after"}\n')
    assert [sample["step"] for sample in curves.read_samples(copied)] == [1, 5, 9, 12]


def test_a_fault_in_the_drawing_is_one_line_and_the_run_is_complete(copied, run):
    shutil.copy(run[0].parent / "samples.jsonl", copied)
    (copied / "report.html").unlink()
    (copied / "report.html").mkdir()
    (copied / "report.html" / "file").write_text("")
    heard = Heard()
    resume(copied, epochs="+1", listener=heard)
    assert RunFolder.open(copied).record["status"] == "complete"
    said = [line for line in heard.said if "report.html" in line]
    assert len(said) == 1 and "was not drawn" in said[0] and "\n" not in said[0]


def test_little_text_is_not_held_out_and_the_page_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("One cat sat. Two cats sat. Three cats sat on the mat.")
    model = minigpt.train(data=[str(tmp_path / "a.txt")], out=str(tmp_path / "run"), **TINY)
    tags = Tags(page(tmp_path / "run", model))
    assert "not measured: too little text" in tags.text
    assert "Of held-out documents" not in tags.text and "novelty" in tags.ids


def test_a_strange_record_costs_the_facts_that_are_strange(copied):
    record = read_record(copied)
    record |= {"model": {"n_layer": "<b>"}, "training": 3, "result": None, "corpus": {"documents": []}, "samples": [7], "report": ["x"]}
    record |= {"machine": "a", "start": [1], "created": 5, "prompt": None}
    tags = Tags(report_page(copied, record, None))
    assert "facts" in tags.ids and "learning" in tags.ids
    assert "corpus" not in tags.ids and "samples" not in tags.ids


def invoke(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_report_draws_again_and_prints_where(copied, tmp_path):
    assert invoke("report", copied, "--out", tmp_path / "a.html", "--text", "The moon") == (0, f"{tmp_path / 'a.html'}\n", "")
    (copied / "report.html").unlink()
    (copied / "model.safetensors").unlink()
    status, out, told = invoke("report", copied)
    assert (status, out) == (0, f"{copied / 'report.html'}\n")
    assert "drawn without the model, which cannot be loaded" in told and told.count("\n") == 1
    assert "Drawn without the model" in (copied / "report.html").read_text(encoding="utf-8")
    status, out, told = invoke("report", tmp_path)
    assert (status, out) == (1, "") and "not a run folder" in told


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_pictures_of_a_lesson(run, tmp_path, ending):
    folder, start = run[0], {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    heads, losses = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    assert invoke("attention", folder, "The cat & <b> 月", "--layer", 2, "--head", 1, "--out", heads) == (0, f"{heads}\n", "")
    assert invoke("loss", folder, folder, "--by", "tokens", "--out", losses) == (0, f"{losses}\n", "")
    first = [heads.read_bytes(), losses.read_bytes()]
    assert all(data.startswith(start) for data in first)
    invoke("attention", folder, "The cat & <b> 月", "--layer", 2, "--head", 1, "--out", heads)
    assert heads.read_bytes() == first[0]
    if ending == "svg":
        assert b"layer 2, head 1" in first[0] and b"layer 1" not in first[0]
        assert b"bits per byte" in first[1] and b"tokens read" in first[1]


def test_wrong_wishes_are_one_line(run, tmp_path):
    folder = run[0]
    wishes = [
        (2, ["attention", folder, "a", "--out", "a.jpg"], "ends in .svg, .png or .pdf"),
        (2, ["attention", folder, "a", "--layer", 9, "--out", "a.svg"], "--layer 9: the model has 2 layers"),
        (1, ["attention", folder, "cat " * 50, "--out", "a.svg"], "give a shorter one"),
        (1, ["attention", folder, "", "--out", "a.svg"], "the text is empty"),
        (1, ["loss", folder, "nobody", "--models-dir", tmp_path], "no run 'nobody'"),
        (1, ["loss", folder, "--out", tmp_path / "no" / "a.svg"], "No such file"),
    ]
    for wanted, arguments, said in wishes:
        status, out, told = invoke(*arguments)
        assert (status, out, told.count("\n")) == (wanted, "", 1) and said in told, (arguments, told)
    assert invoke("loss")[0] == 2


def test_losses_of_several_runs_compare_in_bits_per_byte(run):
    record = read_record(run[0])
    bits = curves.bits_a_nat(record)
    assert bits * record["result"]["held_out_loss"] == pytest.approx(record["result"]["held_out_bits_per_byte"])
    assert curves.bits_a_nat({"result": {"held_out_loss": None}}) is None


def test_generate_says_how_novel_its_text_is(run):
    folder = run[0]
    status, plain, _ = invoke("generate", folder, "--seed", 4, "--max-tokens", 20, "--samples", 2)
    assert status == 0
    status, out, told = invoke("generate", folder, "--seed", 4, "--max-tokens", 20, "--samples", 2, "--novelty")
    assert (status, out) == (0, plain)
    assert told.count("Novelty   ") == 2
    line = json.loads(invoke("generate", folder, "--seed", 4, "--max-tokens", 20, "--novelty", "--json")[1])
    assert line["novelty"]["copied"] + line["novelty"]["new"] == pytest.approx(1)


@pytest.mark.skipif(PROGRAM is None, reason="needs chromium")
def test_in_a_browser_it_is_whole_silent_and_alive(run, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page(run[0], run[1], text="The cat sat on the mat"), encoding="utf-8")
    with Browser() as browser:
        for width, dark in ((390, True), (1280, False)):
            browser.show(file, width, dark)
            assert browser.value("document.documentElement.scrollWidth") <= width
            outside = "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length"
            assert browser.value(outside) == 0
            assert browser.value("document.querySelectorAll('svg text').length") > 20
            brightness = browser.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => +a + +b, 0)")
            assert (brightness < 200) == dark
            box = browser.value(
                f"JSON.stringify(document.querySelector('#curve-{'narrow' if width < 700 else 'wide'}').getBoundingClientRect())"
            )
            place = json.loads(box)
            browser.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
            assert browser.value("document.querySelector('#curve-readout').textContent").startswith("step ")
            browser.value(
                "document.querySelectorAll('#attention .head')[1].click(); document.querySelectorAll('#expected .token')[2].click()"
            )
            assert "layer 1, head 2" in browser.value("document.querySelector('#attention-readout').textContent")
            assert browser.value("document.querySelectorAll('#likely div').length") == inside.LIKELIEST
            browser.value("location.hash = document.querySelector('.bars a:last-child').getAttribute('href')")
            assert browser.value("new Promise((r) => setTimeout(r, 50)), document.querySelector(location.hash).tagName") == "DETAILS"
            assert browser.messages == []
