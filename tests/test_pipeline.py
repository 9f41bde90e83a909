"""The whole job on a small model: what a run folder holds, that it is reproducible, and that the best model is what is kept."""

from __future__ import annotations

import gc
import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from few import few
from threadpoolctl import threadpool_info, threadpool_limits

import minigpt
from minigpt.cli.console import Console
from minigpt.config import SampleConfig
from minigpt.disk.folder import RunFolder
from minigpt.model import GPT, count_parameters
from minigpt.params import Parameters
from minigpt.run.listener import Listener
from minigpt.run.textmodel import TextModel, samples
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer
from minigpt.training import HeldOut, held_out_loss

SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 4000, "final_tokens": 2500, "epochs": 2}
PROMPT = "A fun GPT that generates cooking recipes"
FILES = """README.md config.json corpus.jsonl generation_config.json merges.txt metrics.jsonl model.safetensors run.json samples.jsonl
tokenizer.json tokenizer_config.json vocab.json"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "chef"
    minigpt.train(PROMPT, out=folder, **SMALL)
    return folder


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_folder_has_every_file_and_no_other(run):
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES.split())


def test_the_record_says_what_was_done(run):
    record = json.loads((run / "run.json").read_text())
    corpus, metrics = lines(run / "corpus.jsonl"), lines(run / "metrics.jsonl")
    assert record["status"] == "complete"
    assert (record["prompt"], record["seed"], record["device"]) == (PROMPT, 42, "cpu")
    assert record["minigpt"] == minigpt.__version__
    model = record["model"]
    assert (model["size"], model["n_layer"], model["n_head"], model["n_embd"], model["n_positions"]) == ("custom", 1, 2, 32, 64)
    loaded = minigpt.load(run)
    assert model["vocab_size"] == loaded.tokenizer.vocab_size
    assert model["parameters"] == count_parameters(loaded.config)
    assert record["corpus"]["documents"] == len(corpus)
    assert record["corpus"]["by_source"] == {"template": len(corpus)}
    assert record["corpus"]["tokens"] == record["corpus"]["kept_tokens"] == sum(len(loaded.tokenizer.encode(d["text"])) + 1 for d in corpus)
    assert record["corpus"]["kept_tokens"] <= 2500 <= 4000 <= record["corpus"]["generated_tokens"]
    assert record["training"].keys() >= {"steps", "epochs", "batch_size", "context", "learning_rate", "seconds", "tokens_per_second"}
    assert record["result"]["best_step"] <= record["training"]["steps"] == metrics[-1]["step"]
    found = samples(loaded, 3, SampleConfig(max_tokens=600, temperature=0.6, seed=42))
    assert (record["sample_seeds"], record["samples"]) == (list(found), list(found.values()))
    assert "at temperature 0.6" in (run / "README.md").read_text(encoding="utf-8")


def test_every_document_has_its_origin_and_its_side_of_the_split(run):
    corpus = lines(run / "corpus.jsonl")
    for document in corpus:
        assert document.keys() - {"idea"} == {"text", "source", "category", "form", "score", "split"}
        assert document["score"] is None if document["split"] == "held_out" else 0 <= document["score"] <= 1
    held_out = {d["text"] for d in corpus if d["split"] == "held_out"}
    learned = {d["text"] for d in corpus if d["split"] == "train"}
    total, largest = sum(len(d["text"]) for d in corpus), max(len(d["text"]) for d in corpus)
    assert total / 16 <= sum(map(len, held_out)) <= total / 10 + largest  # whole documents
    assert len(held_out) + len(learned) == len(corpus)
    assert not held_out & learned
    ideas = [{d.get("idea") for d in corpus if d["split"] == part} - {None} for part in ("held_out", "train")]
    assert not ideas[0] & ideas[1]


def test_metrics_have_every_field_in_order(run):
    metrics = lines(run / "metrics.jsonl")
    fields = "step epoch tokens seconds train_loss held_out_loss learning_rate grad_norm tokens_per_second"
    assert {" ".join(line) for line in metrics} == {fields}
    assert [line["step"] for line in metrics] == sorted({line["step"] for line in metrics})
    assert metrics[-1]["held_out_loss"] is not None
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"]


@pytest.mark.slow
def test_one_seed_decides_everything(run, tmp_path):
    minigpt.train(PROMPT, out=tmp_path / "again", **SMALL)
    minigpt.train(PROMPT, out=tmp_path / "other", seed=7, **SMALL)
    for name in ("model.safetensors", "corpus.jsonl", "config.json", "tokenizer.json"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes(), name
    for name in ("model.safetensors", "corpus.jsonl"):
        assert (tmp_path / "other" / name).read_bytes() != (run / name).read_bytes(), name
    first, again = (json.loads((folder / "run.json").read_text()) for folder in (run, tmp_path / "again"))
    assert first["samples"] == again["samples"]


def test_the_folder_holds_the_best_model(run):
    record = json.loads((run / "run.json").read_text())
    losses = [line["held_out_loss"] for line in lines(run / "metrics.jsonl") if line["held_out_loss"] is not None]
    assert record["result"]["held_out_loss"] <= min(losses), "calibration may only gain"
    model = minigpt.load(run)
    held_out = [model.tokenizer.encode(d["text"]) for d in lines(run / "corpus.jsonl") if d["split"] == "held_out"]
    trainer = minigpt.Trainer(model.config, minigpt.TrainConfig(batch_size=record["training"]["batch_size"]), device="cpu")
    trainer.load_state_dict({p.name: p.value for p in model.network.parameters})
    ids = np.array([token for text in held_out for token in (*text, model.tokenizer.end_of_text)])
    assert held_out_loss(trainer, HeldOut(ids, record["training"]["context"], 8, model.tokenizer.end_of_text)) == pytest.approx(
        record["result"]["held_out_loss"], abs=1e-6
    )


def obey(number, frame):
    """A program's own handler."""


class Strict(Listener):
    """Notes the error state that it is called under."""

    def __init__(self):
        self.states = set()

    def say(self, topic, text):
        self.states.add(str(np.geterr()))

    def step(self, course):
        self.states.add(str(np.geterr()))

    def report(self, report):
        self.states.add(str(np.geterr()))


@pytest.mark.slow
def test_what_belongs_to_the_program_around_a_run_is_as_it_was(run, tmp_path):
    """Its floating-point error state, even while a listener is called; BLAS's threads; signals; and, immediately, the memory: no model,
    no trainer and no tokenizer waits for the garbage collector."""
    gc.collect()
    gc.disable()
    before = set(map(id, gc.get_objects()))
    listener, handler = Strict(), signal.signal(signal.SIGTERM, obey)
    try:
        with np.errstate(all="raise"), threadpool_limits(2, user_api="blas"):
            expected = str(np.geterr())
            minigpt.train(PROMPT, out=tmp_path / "run", listener=listener, **SMALL)
            assert minigpt.resume(tmp_path / "run").generate("Ingredients:", max_tokens=5, seed=1)
            assert listener.states == {str(np.geterr())} == {expected}
            assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {2}
        assert signal.getsignal(signal.SIGTERM) is obey
        kinds = (TextModel, GPT, Parameters, Trainer, Tokenizer)
        assert [thing for thing in gc.get_objects() if isinstance(thing, kinds) and id(thing) not in before] == []
    finally:
        signal.signal(signal.SIGTERM, handler)
        gc.enable()
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def test_a_model_in_use(run):
    model = minigpt.load(run)
    text = model.generate("Ingredients:", max_tokens=12, temperature=0.8, top_k=40, seed=1)
    assert text == "".join(model.stream("Ingredients:", max_tokens=12, temperature=0.8, top_k=40, seed=1))
    ids = model.tokenizer.encode("Serves 4.")
    logits = model.logits(ids)
    assert logits.shape == (len(ids), model.tokenizer.vocab_size)
    assert logits.dtype == np.float32
    assert model.tokenizer.decode(ids) == "Serves 4."
    with pytest.raises(minigpt.MinigptError, match="1 to 64"):
        model.logits([0] * 65)


def test_the_corpus_is_on_the_disk_before_the_first_step(tmp_path):
    class Watcher(Listener):
        seen = None

        def step(self, course):
            self.seen = self.seen or {path.name for path in (tmp_path / "run").iterdir()}

    watcher = Watcher()
    minigpt.train(PROMPT, out=tmp_path / "run", listener=watcher, **SMALL)
    assert watcher.seen >= {"run.json", "corpus.jsonl", "tokenizer.json", "config.json"}


def test_two_runs_never_share_a_folder(tmp_path):
    """The second finds the folder claimed, though it was free when its plan was made."""
    first, second = (RunFolder(tmp_path / "run", {"run": i}) for i in range(2))
    first.create()
    with pytest.raises(minigpt.MinigptError, match="--out"):
        second.create()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["run"] == 0


@pytest.mark.parametrize("rate", [1e38, 1e30])
def test_numbers_that_are_not_finite_end_the_run_in_one_line(tmp_path, rate):
    """Without a warning of NumPy's, and without a claim to a model that was never saved."""
    with pytest.raises(minigpt.MinigptError, match=r"step \d+: .* (no model was saved|the model from step \d+ is kept); .*--learning-rate"):
        minigpt.train(PROMPT, out=tmp_path / "run", learning_rate=rate, batch_size=100, **SMALL)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


def test_any_exception_is_recorded(tmp_path):
    class Broken(Listener):
        def step(self, course):
            raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=Broken(), **SMALL)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


def test_a_run_that_cannot_save_says_so_in_its_record(tmp_path):
    """A folder stands where the model should go; the corpus and the metrics before it stay."""

    class InTheWay(Listener):
        def step(self, course):
            (tmp_path / "run" / "model.safetensors").mkdir(exist_ok=True)

    with pytest.raises(minigpt.MinigptError, match=r"model\.safetensors.*once that is fixed: minigpt resume "):
        minigpt.train(PROMPT, out=tmp_path / "run", listener=InTheWay(), **SMALL)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"
    assert lines(tmp_path / "run" / "corpus.jsonl")
    assert not list((tmp_path / "run").glob(".*"))


@pytest.mark.parametrize("text", few(["Hello world", "x", "Eine kurze Geschichte: \u00e4\u00f6\u00fc \u65e5\u672c\u8a9e \U0001f600."], 1))
def test_a_text_shorter_than_a_window_is_learned(tmp_path, text):
    (tmp_path / "tiny.txt").write_text(text, encoding="utf-8")
    model = minigpt.train(
        data=tmp_path / "tiny.txt", out=tmp_path / "run", layers=1, heads=1, width=32, epochs=200, dropout=0.0, learning_rate=3e-3
    )
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["result"]["held_out_loss"] is None  # one document: none is held out
    assert record["corpus"]["by_source"] == {"own": 1}
    assert model.generate("", temperature=0, max_tokens=60) == text


@pytest.mark.slow
def test_own_text_without_duplicates_and_with_an_early_stop(tmp_path):
    """Random words teach nothing about other random words: the held-out loss must rise, and the run must end before its epochs do."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["red", "green", "blue", "one", "two", "six"], 30)) for _ in range(34)]
    with (tmp_path / "own.jsonl").open("w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts + texts[:5])
    minigpt.train(
        "colours",
        data=[tmp_path / "own.jsonl"],
        out=tmp_path / "run",
        layers=1,
        heads=2,
        width=64,
        epochs=300,
        dropout=0.0,
        context=64,
        learning_rate=3e-3,
    )
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["corpus"]["dropped"] == {"duplicate": 5}
    assert record["corpus"]["documents"] == 34
    assert record["training"]["stopped_early"]
    assert record["result"]["best_step"] < record["training"]["steps"] < 300
    assert json.loads((tmp_path / "run" / "run.json").read_text())["prompt"] == "colours"


class Heard(Listener):
    """Keeps every line of the plan and the result, details too."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, topic, text):
        self.said.append(f"{topic} {text}")

    detail = say


@pytest.mark.slow
def test_where_too_little_text_could_be_held_out_the_last_model_counts(tmp_path):
    """By epochs, mixed and resumed: the plan, the result, the card and the record say so, and nothing is calibrated."""
    for name, options in {"epochs": {"epochs": 9}, "mixed": {"epochs": 3, "data_share": 0.9, "prompt": "haiku"}}.items():
        train_on_notes(tmp_path / name, **options)
    steps, heard = json.loads((tmp_path / "epochs" / "run.json").read_text())["training"]["steps"], Heard()
    minigpt.resume(tmp_path / "epochs", epochs="+3", listener=heard)
    check_that_nothing_was_held_out(tmp_path / "epochs", heard)
    assert json.loads((tmp_path / "epochs" / "run.json").read_text())["training"]["steps"] == steps // 9 * 12


def test_progress_is_shown_where_no_evaluation_is(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minigpt.cli.console.LOG_INTERVAL", 1e-9)
    (tmp_path / "own.txt").write_text("Rain fell on the roof, and nobody went out.")
    minigpt.train(data=tmp_path / "own.txt", out=tmp_path / "run", listener=Console(quiet=False), layers=1, heads=1, width=16, epochs=9)
    assert (
        len(
            re.findall(
                r"^\d\d:\d\d:\d\d  step \d+/\d+ .* loss \d+\.\d+  [\d:]+ left  [\d,]+ tokens/s$", capsys.readouterr().err, re.MULTILINE
            )
        )
        >= 5
    )


@pytest.mark.slow
def test_where_too_little_text_could_be_held_out_the_minutes_are_used(tmp_path):
    train_on_notes(tmp_path / "run", minutes=0.2)


def train_on_notes(folder, **options):
    """A small model of a few hundred tokens, none of them held out."""
    data = folder.with_suffix(".jsonl")
    notes = [f"Note {i}: rain fell on roof {i * 7}, and nobody went out." for i in range(12)]
    data.write_text("".join(json.dumps({"text": note}) + "\n" for note in notes))
    heard = Heard()
    minigpt.train(data=data, out=folder, listener=heard, layers=1, heads=2, width=32, positions=64, **options)
    check_that_nothing_was_held_out(folder, heard)


def check_that_nothing_was_held_out(folder, heard):
    record, said = json.loads((folder / "run.json").read_text()), "\n".join(heard.said)
    assert {line["split"] for line in lines(folder / "corpus.jsonl")} == {"train"}
    assert record["corpus"]["held_out_tokens"] == record["corpus"]["held_out_documents"] == 0
    assert record["result"]["held_out_loss"] is None
    assert "scale" not in record["result"]
    assert record["result"]["best_step"] == record["training"]["steps"] == lines(folder / "metrics.jsonl")[-1]["step"]
    assert "the model from the last step" in said
    assert "held-out loss not measured: too little text to hold some out" in said
    assert "best held-out loss" not in said
    assert "held-out loss not measured: too little text to hold some out" in (folder / "README.md").read_text()


def test_a_long_record_is_not_all_of_the_held_out_part(tmp_path):
    """A preface and a book: a passage of the book is held out, and the card has its tokens; the rest is learned, also on a resume."""
    book = " ".join(f"Chapter {i}: the fox went over bridge {i * 7 % 101} and met {i * 13 % 89} children." for i in range(120))
    (tmp_path / "own.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in ("A short preface.", book)))
    heard, shape = Heard(), {"layers": 1, "heads": 2, "width": 32, "positions": 64, "epochs": 1}
    minigpt.train(data=tmp_path / "own.jsonl", out=tmp_path / "run", listener=heard, **shape)
    corpus, record = lines(tmp_path / "run" / "corpus.jsonl"), json.loads((tmp_path / "run" / "run.json").read_text())
    assert [line["split"] for line in corpus] == ["train", "train", "held_out", "train"]
    assert corpus[0]["text"] == "A short preface."
    assert " ".join(line["text"] for line in corpus[1:]) == book
    assert (
        record["corpus"]["held_out_tokens"]
        == record["result"]["held_out_tokens"]
        == pytest.approx(record["corpus"]["tokens"] / 10, rel=0.2)
    )
    assert any("1 held out (10% of the tokens, including 1 passage of a longer document)" in line for line in heard.said)
    assert f"{record['result']['held_out_tokens']:,} tokens of held-out text" in (tmp_path / "run" / "README.md").read_text()
    before = (tmp_path / "run" / "corpus.jsonl").read_bytes()
    minigpt.resume(tmp_path / "run", epochs="+1")
    assert (tmp_path / "run" / "corpus.jsonl").read_bytes() == before
    assert json.loads((tmp_path / "run" / "run.json").read_text())["result"]["held_out_tokens"] == record["result"]["held_out_tokens"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("\u200b\u200b\n\n\ufeff\u200b", {}),
        ("\u200e\u00a0", {"final_tokens": 100}),
        ("\u2060", {"data_share": 0.5, "prompt": "haiku"}),
    ],
)
def test_a_text_of_which_cleaning_leaves_nothing_is_refused(tmp_path, text, options):
    """Also if the best documents are picked, or others would be written beside them."""
    (tmp_path / "own.txt").write_text(text, encoding="utf-8")
    with pytest.raises(minigpt.MinigptError, match=r"no text is left to train on: cleaning dropped 1 document \(empty\); use other text"):
        minigpt.train(data=tmp_path / "own.txt", out=tmp_path / "run", **options)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"
    assert not (tmp_path / "run" / "corpus.jsonl").exists()


@pytest.mark.slow
def test_own_text_and_written_documents_in_one_corpus(tmp_path):
    """Both kinds learn and are held out; the record says what was understood, what was kept and what was left out."""
    with (tmp_path / "own.csv").open("w") as file:
        file.write("id,body\n")
        file.writelines(f'{i},"My note {i}: number {i * i} is what I counted, and {i * 31} is what I guessed."\n' for i in range(60))
        file.write("61,too,many\n")
    heard = Heard()
    options = {**SMALL, "initial_tokens": None, "final_tokens": None, "epochs": 1}
    minigpt.train("haiku about winter", data=tmp_path / "own.csv", data_share=0.5, out=tmp_path / "run", listener=heard, **options)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    corpus = record["corpus"]
    assert corpus["by_source"].keys() == {"own", "template"}
    assert corpus["by_source"]["own"] == 60
    assert corpus["tokens_by_source"]["own"] / corpus["tokens"] == pytest.approx(0.5, abs=0.03)
    assert corpus["skipped"] == 1
    assert record["request"]["category"] == "poetry"
    assert list(record["stages"]) == ["corpus", "tokens", "training", "report"]
    text = "\n".join(heard.said)
    assert "column 'body'" in text
    assert "line 62 has 3 columns" in text
    assert "your own text is 5" in text


@pytest.mark.slow
def test_the_full_vocabulary_on_request(tmp_path):
    small = {**SMALL, "width": 8, "epochs": 1}
    assert minigpt.train(PROMPT, out=tmp_path / "run", vocab="full", **small).tokenizer.vocab_size == 50257


def test_a_preset_brings_its_prompt(tmp_path):
    minigpt.train(preset="haiku_master", out=tmp_path / "run", **SMALL)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert "haiku" in record["prompt"].lower()
    assert {line["form"] for line in lines(tmp_path / "run" / "corpus.jsonl")} <= {"haiku", "haiku_sequence", "haibun"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": ""}, "nothing to train on"),
        ({"prompt": "x", "layers": 0}, "--layers=0"),
        (
            {"prompt": "x", "width": 100, "heads": 12},
            r"width 100 \(n_embd\) is not divisible by 12 heads \(n_head\); use a width of 96 or 108",
        ),
        ({"prompt": "x", "context": 1000}, "does not fit 512 positions"),
        ({"prompt": "x", "model_size": "13M"}, "did you mean 33M or 12M"),
        ({"prompt": "x", "preset": "chef"}, "did you mean professional_chef_assistant"),
        ({"prompt": "x", "preset": "none"}, "simple_cooking_recipes, .*news_summarizer"),
        ({"prompt": "x", "learning_rate": float("nan")}, "learning_rate=nan"),
        ({"prompt": "x", "dropout": 1.0}, "dropout=1.0"),
        ({"prompt": "x", "epochs": 0}, "epochs=0"),
        ({"prompt": "x", "threads": 0}, "--threads=0"),
        ({"prompt": "x", "threads": 1025}, "--threads=1025 is too many: 1,024 at most"),
        ({"prompt": "x", "seed": -1}, "seed=-1"),
        ({"prompt": "x", "device": "tpu"}, "auto, cpu, cuda or cuda:N"),
        ({"prompt": "x", "vocab": "big"}, "corpus or full"),
        ({"prompt": "x", "source": "own"}, "needs --data"),
        ({"prompt": "x", "source": "template", "data": "a.txt"}, "cannot be combined"),
        ({"data": "nowhere.txt"}, "nowhere.txt does not exist"),
        ({"data": str(Path(__file__))}, ".txt, .md, .jsonl, .csv"),
        ({"prompt": "x", "data_share": 0.5}, "--data-share applies to your own text"),
        ({"prompt": "x", "column": "body"}, "--column applies to your own text"),
        ({"data": "a.txt", "data_share": 0.5}, "--data-share mixes your own text with documents for a prompt"),
        ({"prompt": "x", "data": "a.txt", "data_share": 0.0}, "--data-share=0.0"),
        ({"prompt": "x", "data": "a.txt", "data_share": 1.5}, "--data-share=1.5"),
        ({"prompt": "x", "data": "a.txt", "data_share": 0.5, "source": "own"}, "cannot be combined"),
        ({"data": "a.txt", "preset": "haiku_master"}, "--preset applies to generated documents"),
        ({"data": "a.txt", "initial_tokens": 9}, "--initial-tokens applies to generated documents"),
        ({"prompt": "caf\udce9"}, "--prompt is not valid text: character 4"),
        ({"prompt": "x", "layers": "2"}, "--layers='2'"),
        ({"prompt": "x", "width": 600_000}, "GB for parameters"),
        ({"prompt": "x", "layers": 30_000_000}, "GB for parameters"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(minigpt.MinigptError, match=message):
        minigpt.train(options.pop("prompt", None), **options)
    assert list(tmp_path.iterdir()) == []
