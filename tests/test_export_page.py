"""`export --to html`: the page's network, tokenizer and sampler are minigpt's, in Node and in a browser; what a run holds is text there."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from browser import PROGRAM, Browser
from click.testing import CliRunner

import minigpt
from minigpt.backend import Backend, choose_backend
from minigpt.cli import cli
from minigpt.config import SampleConfig
from minigpt.disk.checkpoint import Checkpoint, save_config, save_tokenizer, save_weights
from minigpt.disk.folder import read_record
from minigpt.errors import MinigptError
from minigpt.export import pack as packing
from minigpt.export.matter import Matter, matter
from minigpt.export.pack import BITS, EMBEDDINGS, MOST, Rounded, characters, plan, ranges, rounded
from minigpt.export.page import encoded, speaking_page
from minigpt.generate import Predictor, choose, context_start
from minigpt.model import new_parameters
from minigpt.run.textmodel import TextModel
from minigpt.tokenizer import YOUNG, StreamDecoder, Tokenizer, gpt2_merges

NODE = shutil.which("node")
SPEAK = Path(packing.__file__).parent / "web" / "speak.js"
CONTEXT = 24
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 * 7 }} & \u202eback\x1b[31m"
ARCHITECTURES = ("gpt1", "gpt2")
SCRIPTS = (
    "abz AZ  09\xbd\xb2\u0663 \n\t\r\x85\xa0\u2003\u3000 '\u2019's'll-_.,!?\xab\xbb\xe9\xdf\xf1\u1e9e\u0416\u0438\u03b1\u03a9\u05d0\u0628"
    "\u0629\u0939\u093f \u0915\u094d\u0937 \u72d0\u6708\u898b \ud55c\uad6d \u0e44\u0e17\u0e22 \u0301\u200d\ufeff\u2028"
    "\U0001f469\u200d\U0001f467 \U0001f98a \U0001d4b3 \ua7ce \u088f"
)
needs_node = pytest.mark.skipif(NODE is None, reason="needs node")

HARNESS = """
const fs = require("fs"), speak = require(process.argv[1]), work = JSON.parse(fs.readFileSync(0, "utf8"));
const between = (html, id) => html.split(`id="${id}">`)[1].split("</script>")[0];
(async () => {
  const html = fs.readFileSync(work.page, "utf16le"), about = JSON.parse(between(html, "about"));
  const model = speak.readModel(about, await speak.unpack(between(html, "weights"), about.size));
  const out = { ids: [], texts: [], encoded: (work.encode ?? []).map(model.tokenizer.encode), chosen: [] };
  for (const prompt of work.prompts ?? []) {
    const ids = [], pieces = [];
    const options = { temperature: 0, topK: 40, topP: 1, penalty: 1, length: work.length, seed: 1, ...work.options };
    for await (const { id, text } of speak.write(model, prompt, options)) { ids.push(id); pieces.push(text); }
    out.ids.push(ids);
    out.texts.push(pieces);
  }
  for (const [scores, seen, options, drawn] of work.choose ?? []) {
    out.chosen.push(speak.choose(Float32Array.from(scores), seen, options, () => drawn));
  }
  console.log(JSON.stringify(out));
})();
"""


def checkpoint(architecture: str, merges: int = 150, **shape: int) -> Checkpoint:
    """A small model with large random weights, so that many tokens are likely somewhere."""
    tokenizer = Tokenizer(gpt2_merges()[:merges])
    shape = {"n_layer": 2, "n_head": 2, "n_embd": 20, "n_positions": 40, **shape}
    config = minigpt.ModelConfig(vocab_size=tokenizer.vocab_size, initializer_range=0.4, architecture=architecture, **shape)
    parameters = new_parameters(config, Backend("tests"))
    rng = np.random.default_rng(3)
    parameters.initialize(rng)
    state = {parameter.name: parameter.value + rng.normal(0, 0.1, parameter.value.shape).astype(np.float32) for parameter in parameters}
    state["transformer.h.0.mlp.c_proj.weight"][7, 5] = 4  # far larger than the rest
    return Checkpoint(config, state, tokenizer, CONTEXT)


def greedy(model: TextModel, prompt: str, length: int) -> list[int]:
    """The ids that `generate` writes at temperature 0."""
    ids = model.tokenizer.encode(prompt) or [model.tokenizer.end_of_text]
    start, predictor = len(ids), Predictor(model.network, model.context)
    config, rng = SampleConfig(temperature=0), np.random.default_rng(0)
    while len(ids) < start + length:
        token = choose(predictor.logits(ids)[: model.tokenizer.vocab_size], ids[context_start(len(ids), model.context) :], config, rng)
        if token == model.tokenizer.end_of_text:
            break
        ids.append(token)
    return ids[start:]


def ask_node(page: Path, **work: Any) -> dict[str, Any]:
    """What the page's script answers in Node."""
    done = subprocess.run(
        [str(NODE), "-e", HARNESS, str(SPEAK)],
        input=json.dumps({"page": str(page), **work}),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module", autouse=True)
def few_texts() -> Iterator[None]:
    """A quarter of the texts by which a page finds out what matters, as the models are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minigpt.export.matter.TEXTS", 16)
        yield


@pytest.fixture(scope="module", params=ARCHITECTURES)
def pages(request, tmp_path_factory) -> tuple[Checkpoint, Path, Path]:
    """A model of each architecture, and its pages with float32 and with rounded weights."""
    made = checkpoint(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    for name, exact in (("exact", True), ("rounded", False)):
        (folder / f"{name}.html").write_bytes(encoded(speaking_page(folder, made, {}, exact)))
    return made, folder / "exact.html", folder / "rounded.html"


def as_on_the_page(made: Checkpoint, found: dict[str, Rounded] | None = None) -> Checkpoint:
    """The model with the weights that a page has."""
    state = dict(made.state)
    for name, each in (found or rounded(made)).items():
        full = next(n for n in state if EMBEDDINGS.get(bare := n.removeprefix("transformer.").removesuffix(".weight"), bare) == name)
        matrix = each.matrix() if name in EMBEDDINGS.values() else each.matrix().T
        state[full] = np.vstack([matrix, state[full][len(matrix) :]])
    return Checkpoint(made.config, state, made.tokenizer, made.context)


@needs_node
def test_it_writes_what_generate_writes(pages):
    """The same ids, past the end of the window too; with rounded weights, those of a model with these weights."""
    made, exact, page = pages
    prompts = ["", "the", "An old pond:", "naïve 狐 🦊\n\n", "word " * 40, EVIL]
    for file, same in ((exact, made), (page, as_on_the_page(made))):
        model = TextModel(same, choose_backend("cpu"))
        found = ask_node(file, prompts=prompts, length=70)
        assert found["ids"] == [greedy(model, prompt, 70) for prompt in prompts]
        assert max(map(len, found["ids"])) > CONTEXT
        for ids, pieces in zip(found["ids"], found["texts"], strict=True):
            decoder = StreamDecoder(model.tokenizer)
            assert pieces == [decoder.feed(token) for token in ids]


@needs_node
def test_a_text_has_the_ids_of_the_tokenizer(tmp_path):
    """Whatever the script, white space, half a surrogate pair, letters younger than the model's Unicode, and long words."""
    made = checkpoint("gpt1", 8000)
    (tmp_path / "a.html").write_bytes(encoded(speaking_page(tmp_path, made, {})))
    rng = np.random.default_rng(8)
    letters = [*SCRIPTS, *YOUNG[:40], "\ud800", "\udfff", "the ", "<|endoftext|>", "'re", " don't", "ing"]
    texts = ["".join(rng.choice(letters, rng.integers(1, 60))) for _ in range(150)]
    anything = [chr(point) for point in rng.integers(0, 0x110000, 4000)]
    texts += ["".join(anything[i : i + 80]) for i in range(0, 4000, 80)] + [
        "",
        EVIL,
        "a" * 5000,
        "狐" * 999,
        "".join(map(chr, range(0x3000))),
    ]
    assert len(texts) > 200
    found = ask_node(tmp_path / "a.html", encode=texts)["encoded"]
    assert [(text, ids) for text, ids in zip(texts, found, strict=True) if ids != made.tokenizer.encode(text)] == []


class Drawn(np.random.Generator):
    """A generator that draws one number."""

    def __init__(self, number: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.number = number

    def random(self, *_: Any, **__: Any) -> Any:
        return self.number


@needs_node
def test_the_sampler_chooses_as_generate_does(pages):
    """The same token for the same random number, with any settings, ties and extreme temperatures too."""
    rng, cases, expected = np.random.default_rng(4), [], []
    for i in range(300):
        scores = np.round(rng.normal(0, 3, 50), 1 + i % 3).astype(np.float32)
        seen, drawn = rng.integers(0, 50, 10).tolist(), float(rng.choice([0.0, rng.random(), 1 - 2**-53]))
        temperature = float(rng.choice([0, 1e-9, 0.3, 0.8, 2, 1000]))
        k, p, penalty = int(rng.choice([0, 1, 5, 40, 60])), float(rng.choice([1, 0.9, 0.5, 0.01])), float(rng.choice([1, 1.3, 0.7]))
        config = SampleConfig(temperature=temperature, top_k=k, top_p=p, repetition_penalty=penalty)
        expected.append(choose(scores, seen, config, Drawn(drawn)))
        cases.append((scores.tolist(), seen, {"temperature": temperature, "topK": k, "topP": p, "penalty": penalty}, drawn))
    assert ask_node(pages[1], choose=cases)["chosen"] == expected
    assert len(set(expected)) > 20


@needs_node
def test_a_seed_repeats_its_text(pages):
    options = {"temperature": 1.0, "topK": 0}
    one, same, other = (
        ask_node(pages[2], prompts=["the"], length=30, options={**options, "seed": seed})["ids"] for seed in (7, 7, 2**32 - 1)
    )
    assert one == same != other


@pytest.fixture(scope="module")
def chances() -> Matter:
    """Rows and columns that matter more and less, some of them not at all."""
    rng = np.random.default_rng(1)
    rows, columns = (np.exp2(rng.normal(0, 4, n)) * (rng.random(n) > 0.1) for n in (30, 384))
    return Matter(rows, columns, float(rows.mean()))


def test_rounding_is_within_half_a_step_and_coarse_where_it_matters_little(chances):
    matrix = np.random.default_rng(0).normal(0, 0.1, (30, 384)).astype(np.float32)
    matrix[3, 5], matrix[4] = 9, 0
    each = plan(matrix, chances).applied(matrix, 8)
    further, steps = each.further(), each.unit / 2.0 ** each.further()
    assert (np.abs(each.matrix() - matrix) <= steps / 2 * 1.0001).all() and (each.matrix()[4] == 0).all()
    assert np.abs(each.numbers >> further).max() <= 127 and (each.numbers < 2**24).all()
    assert further.min() >= 0 and further.max() <= MOST and len(np.unique(further)) > 4
    more, less = (further[np.argsort(chances.rows)[at]].mean() for at in (-1, 4))
    assert more > less + 2
    known = chances.columns > chances.mean / 10
    assert np.corrcoef(further.mean(axis=0)[known], np.log2(chances.columns[known]))[0, 1] > 0.9


def test_a_page_has_nine_bits_a_weight(pages):
    """In characters of 15 bits; what is not weights is small in a larger model."""
    made = pages[0]
    found = rounded(made)
    size = sum(each.numbers.size for each in found.values())
    coarse = sum(each.numbers.size * entropy(each.numbers >> each.further()) for each in found.values())
    assert coarse + sum(each.further().sum() for each in found.values()) == pytest.approx(BITS * size, rel=0.05)


def entropy(numbers: np.ndarray) -> float:
    shares = np.unique(numbers, return_counts=True)[1] / numbers.size
    return float(-(shares * np.log2(shares)).sum())


def test_bits_go_where_errors_matter(pages):
    """With as many bits a weight everywhere, scores would be off by far more, if norms let some features through and others hardly."""
    made, rng = pages[0], np.random.default_rng(6)
    gains = {name: array * np.exp2(rng.normal(0, 2, len(array))) for name, array in made.state.items() if ".ln_" in name}
    made = replace(made, state=made.state | {name: array.astype(np.float32) for name, array in gains.items()})
    found, ids = rounded(made), np.random.default_rng(2).integers(0, made.tokenizer.vocab_size, (20, CONTEXT))

    def scores(same: Checkpoint) -> np.ndarray:
        network = TextModel(same, choose_backend("cpu")).network
        return network.logits(network.forward(ids)).copy()

    def error(bits: int | None) -> float:
        again = {name: each if bits is None else level(each, bits) for name, each in found.items()}
        return float(np.abs(scores(as_on_the_page(made, again)) - scores(made)).mean())

    def level(each: Rounded, bits: int) -> Rounded:
        exact, zero = each.matrix(), np.zeros(1, np.int8)
        flat = Rounded(each.numbers, each.unit, np.full(len(exact), bits, np.int8), np.repeat(zero, exact.shape[1]))
        return flat._replace(numbers=np.rint(exact / each.unit * 2.0**bits).astype(np.int32))

    even = math.ceil(sum(each.further().sum() for each in found.values()) / sum(each.numbers.size for each in found.values()))
    assert error(None) < 0.8 * error(even)


def test_what_matters_is_the_mean_square_of_the_gradient(pages):
    """Of texts in the model's own words: so its mean gradient is small beside the spread, and unused positions have none."""
    made = pages[0]
    found = matter(made)
    assert {name: (len(each.rows), len(each.columns)) for name, each in found.items()} == {
        name: array.shape for name, array in made.state.items() if array.ndim == 2
    }
    for name, each in found.items():
        assert each.rows.mean() == pytest.approx(each.columns.mean()) == pytest.approx(each.mean)
        assert (each.columns > 0).all() and each.mean < 1e6, name
    (positions,) = (each for name, each in found.items() if "position" in name or "wpe" in name)
    assert (positions.rows[:CONTEXT] > 0).all() and (positions.rows[CONTEXT:] == 0).all()
    again = matter(made)
    assert all((again[name].rows == each.rows).all() for name, each in found.items())


@pytest.mark.parametrize("size", [0, 1, 14, 15, 16, 15 * 2**14 + 7])
def test_characters_hold_fifteen_bits_each(size):
    data = np.random.default_rng(size).bytes(size)
    text = characters(data)
    assert len(text) == -(-8 * size // 15) and all(0x5000 <= ord(c) < 0xD000 for c in text)
    bits = "".join(f"{ord(c) - 0x5000:015b}" for c in text)
    assert bytes(int(bits[8 * i : 8 * i + 8], 2) for i in range(size)) == data


def test_letters_and_digits_are_those_of_the_tokenizer():
    letters, digits = (re.compile(f"[{ranges(kind)}]+") for kind in (r"\p{L}", r"\p{N}"))
    assert letters.fullmatch("aZ\xe9\u03a9\u0438\u72d0\u304b\u0623\u0b95\U0001d4b3") and digits.fullmatch("09½²٣")
    assert not any(letters.match(c) or digits.match(c) for c in "'_-!\n \u0301\u2028\u3000🦊" + "".join(re.findall(r"[^-]", YOUNG)))


def test_other_networks_than_the_published_are_refused(monkeypatch):
    monkeypatch.setattr(packing, "parts", lambda: {"attention": "Attention", "mlp": "SwiGlu", "norm": "LayerNorm", "output": "x"})
    with pytest.raises(MinigptError, match="a page computes GPT-1 and GPT-2 as published"):
        packing.pack(checkpoint("gpt1"))


SECRET = "The vault at Bramblewick opens with elderberries"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A complete run whose prompt and samples would be tags if they were not escaped."""
    folder = tmp_path_factory.mktemp("home-of-ada")
    lines = [{"text": f"{SECRET}. {EVIL} The cat {i} sat on the mat by the {i}th moon."} for i in range(80)]
    (folder / "own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    small = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "context": 48, "epochs": 1, "init": "none", "threads": 1}
    minigpt.train(f"A GPT that writes {EVIL}", data=[str(folder / "own.jsonl")], out=str(folder / "fox"), **small)
    return folder / "fox"


def call(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_page_stands_alone_and_foreign_text_is_text(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, told = call("export", run, "--to", "html")
    assert (status, out) == (0, "fox.html\n")
    assert "opens in any browser" in told and "repeat passages" in told
    html = (tmp_path / "fox.html").read_text(encoding="utf-16")
    assert len(re.findall("<script", html)) == html.count("</script>") == 4
    assert "<img" not in html and "alert(1)&lt;/script&gt;" in html and "\u202e" not in html and "\x1b" not in html
    assert not re.search(r"https?:|@import|url\(|\bsrc=|\bhref=|fetch\(|XMLHttp|import\(", html.replace("src=x onerror", ""))
    assert "opens with elderberries" not in html  # at most the first words of what the model wrote
    assert "home-of-ada" not in html and "own.jsonl" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy and policy[1].startswith("default-src 'none'")
    for script in re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy[1]
    assert f"{read_record(run)['corpus']['documents']} documents" in html and "its maker&#39;s own text" in html.replace("'", "&#39;")


def test_nothing_is_overwritten_and_options_of_others_are_refused(run, tmp_path):
    (tmp_path / "a.html").write_text("mine")
    status, out, told = call("export", run, "--to", "html", "--out", tmp_path / "a.html")
    assert (status, out) == (1, "") and "nothing is overwritten" in told
    status, out, told = call("export", run, "--to", "html", "--out", tmp_path / "b.html", "--with-corpus")
    assert (status, out, told.count("\n")) == (2, "", 1) and "--with-corpus is for --to zip" in told
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / "vocab.json").write_text("{}")
    status, _, told = call("export", copy, "--to", "html", "--out", tmp_path / "c.html")
    assert status == 1 and "checksum" in told and not (tmp_path / "c.html").exists()


def test_a_model_without_a_record_is_enough(tmp_path):
    made = checkpoint("gpt2")
    folder = tmp_path / "plain"
    folder.mkdir()
    save_config(folder, made.config, made.context, made.tokenizer.end_of_text)
    save_tokenizer(folder, made.tokenizer, made.context)
    save_weights(folder, made.state)
    assert call("export", folder, "--to", "html", "--out", tmp_path)[:2] == (0, f"{tmp_path / 'plain.html'}\n")
    html = (tmp_path / "plain.html").read_text(encoding="utf-16")
    assert "<h1>plain</h1>" in html and "GPT-2 with" in html and "random weights" not in html


def until(browser: Browser, expression: str) -> None:
    """Wait until something is true in the page."""
    for _ in range(600):
        if browser.value(expression):
            return
        time.sleep(0.05)
    raise AssertionError(f"never true: {expression}; {browser.value('document.getElementById(`status`).textContent')}")


@pytest.mark.skipif(PROGRAM is None, reason="needs chromium")
def test_in_a_browser_it_speaks_stops_and_is_silent(run, tmp_path):
    assert call("export", run, "--to", "html", "--out", tmp_path / "a.html")[0] == 0
    ready = "!document.getElementById('write').disabled"
    model = TextModel(as_on_the_page(minigpt.disk.checkpoint.load_checkpoint(run)), choose_backend("cpu"))  # type: ignore[attr-defined]
    fill = "document.getElementById('%s').value = %s"
    with Browser() as browser:
        for width, dark in ((390, True), (1280, False)):
            browser.show(tmp_path / "a.html", width, dark)
            until(browser, ready)
            assert browser.value("document.querySelector('h1').textContent").count("<script>") == 1
            assert browser.value("document.documentElement.scrollWidth") <= width
            brightness = browser.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => +a + +b, 0)")
            assert (brightness < 200) == dark
            browser.value("document.getElementById('settings').open = true")
            browser.value(f"{fill % ('temperature', 0)}; {fill % ('length', 60)}")
            for prompt in ("", "The cat", f"naïve 狐 {EVIL}"):
                browser.value(f"{fill % ('prompt', json.dumps(prompt))}; document.getElementById('write').click()")
                until(browser, ready)
                written = model.generate(prompt, temperature=0, max_tokens=60)
                assert browser.value("document.getElementById('text').textContent") == prompt + written
            browser.value(f"{fill % ('length', 100000)}; {fill % ('temperature', 2)}; document.getElementById('write').click()")
            until(browser, "/^[1-9]\\d* tokens/.test(document.getElementById('status').textContent)")
            for kind in ("keyDown", "keyUp"):
                browser.call("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)
            until(browser, ready)
            browser.value(f"{fill % ('length', 0)}; document.getElementById('write').click()")  # refused by the browser, with its own words
            assert browser.value("document.getElementById('length').validity.valid") is False and browser.value(ready)
            browser.value("document.querySelector('.example')?.click()")
            outside = "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length"
            assert browser.value(outside) == 0
            assert browser.messages == []


@contextmanager
def served(page: bytes) -> Iterator[str]:
    """The address of a page that a server calls UTF-8, as most servers call every page."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page if self.path == "/" else b""  # there is no icon
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.skipif(PROGRAM is None, reason="needs chromium")
def test_a_browser_reads_a_large_page_to_its_end_whatever_a_server_calls_it(tmp_path):
    """A browser runs scripts while it still reads the weights below them."""
    made = checkpoint("gpt2", 8000, n_embd=320)
    page = encoded(speaking_page(tmp_path, made, {}, exact=True))
    assert len(page) > 10_000_000
    (tmp_path / "a.html").write_bytes(page)
    with Browser() as browser, served(page) as address:
        for place in (tmp_path / "a.html", address):
            browser.show(place, 1280)
            until(browser, "document.getElementById('status').textContent === 'Ready.'")
            assert browser.messages == []
