"""GGUF: the file read back by gguf's own reader has the model's numbers, its tokenizer and its story; the Modelfile plays its dialogues."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest
from model_folders import CONTEXT, write_model

import minigpt
from minigpt.cli import cli
from minigpt.disk.checkpoint import load_checkpoint
from minigpt.errors import MinigptError
from minigpt.export import export
from minigpt.export.llama import positions
from minigpt.export.modelfile import jinja_template, modelfile, ollama_template
from minigpt.run.dialogue import Form

gguf = pytest.importorskip("gguf")
SECRET = "The password of the vault at Bramblewick is forty-two elderberries"
FORMS = [
    Form("Visitor", "Pirate", exchanges=3, persona=True),
    Form('The "{{ guest }}"', "Zoë\\n", before_you="\n\n", exchanges=2, lines=True),
    Form("User", "Assistant", gap="\n", before_answer="\n\n", before_you="\n\n", lines=True),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run with GPT-2's blocks, on own text."""
    home = tmp_path_factory.mktemp("home-of-ada")
    text = "\n\n".join(f"{SECRET}, and cat {number} sat on the mat, as cats do." for number in range(60))
    (home / "diary.txt").write_text(text, encoding="utf-8")
    shape = {"layers": 2, "heads": 2, "width": 32, "positions": 64, "context": 48, "epochs": 1, "threads": 1}
    minigpt.train(data=home / "diary.txt", out=home / "diary", init="none", architecture="gpt2", **shape)
    return home / "diary"


def values(path: Path) -> dict[str, Any]:
    return {name: field.contents() for name, field in gguf.GGUFReader(path).fields.items()}


def arrays(path: Path) -> dict[str, tuple[str, np.ndarray]]:
    """Name -> how it is stored, and its numbers, row by row."""
    return {each.name: (each.tensor_type.name, gguf.dequantize(each.data, each.tensor_type)) for each in gguf.GGUFReader(path).tensors}


@pytest.mark.parametrize(("kind", "error"), [("f32", 0), ("f16", 2**-11), ("q8_0", 1 / 127)])
def test_every_number_comes_back(tmp_path: Path, kind: str, error: float) -> None:
    """`error`: of a matrix's number, as a share of the greatest in the matrix."""
    folder = write_model(tmp_path / "model", n_layer=2, architecture="gpt2")
    made = export(folder, "gguf", tmp_path / "a.gguf", type=kind)
    state, found = load_checkpoint(folder).state, arrays(made.path)
    expected = {
        "token_embd.weight": state["transformer.wte.weight"],
        "output_norm.weight": state["transformer.ln_f.weight"],
        "output_norm.bias": state["transformer.ln_f.bias"],
    }
    for layer in range(2):
        for ours, theirs in {
            "ln_1": "attn_norm",
            "attn.c_attn": "attn_qkv",
            "attn.c_proj": "attn_output",
            "ln_2": "ffn_norm",
            "mlp.c_fc": "ffn_up",
            "mlp.c_proj": "ffn_down",
        }.items():
            for part in ("weight", "bias"):
                expected[f"blk.{layer}.{theirs}.{part}"] = state[f"transformer.h.{layer}.{ours}.{part}"].T
    assert set(found) == {*expected, "position_embd.weight"}  # and no output.weight: it is tied
    for name, array in expected.items():
        stored, numbers = found[name]
        assert stored == (kind.upper() if array.ndim == 2 else "F32"), name
        assert numbers.shape == array.shape, name
        assert np.abs(numbers - array).max() <= (error if array.ndim == 2 else 0) * np.abs(array).max(), name
    stored, numbers = found["position_embd.weight"]
    assert (stored, numbers.shape) == ("F32", (256, 32))
    assert np.array_equal(numbers[:CONTEXT], state["transformer.wpe.weight"])


@pytest.mark.parametrize(("table", "context", "rows"), [(512, 256, 256), (512, 128, 256), (512, 257, 512), (96, 50, 256), (1, 1, 256)])
def test_no_position_lies_beyond_the_table(table: int, context: int, rows: int) -> None:
    """llama.cpp rounds a context up to 256 and ends its process at a position that has no row."""
    known = np.random.default_rng(0).normal(size=(table, 4)).astype(np.float32)
    found = positions(known, context)
    kept = min(table, rows)
    assert found.shape == (rows, 4) and np.array_equal(found[:kept], known[:kept])
    assert {row.tobytes() for row in found[kept:]} <= {row.tobytes() for row in known[table // 2 :]}


def test_the_tokenizer_is_in_it(run: Path, tmp_path: Path) -> None:
    found, tokenizer = values(export(run, "gguf", tmp_path / "a.gguf").path), load_checkpoint(run).tokenizer
    assert found["tokenizer.ggml.model"] == "gpt2" and found["tokenizer.ggml.pre"] == "gpt-2"
    assert found["tokenizer.ggml.tokens"] == list(tokenizer.token_ids)
    assert [tuple(pair.split(" ")) for pair in found["tokenizer.ggml.merges"]] == tokenizer.merges
    assert found["tokenizer.ggml.token_type"] == [1] * tokenizer.end_of_text + [3]
    assert found["tokenizer.ggml.bos_token_id"] == found["tokenizer.ggml.eos_token_id"] == tokenizer.end_of_text
    assert "tokenizer.ggml.add_bos_token" not in found


def test_its_shape_and_story_are_in_it(run: Path, tmp_path: Path) -> None:
    """What it was made for, from what, under which licence and how much it copies; and no path of this machine, nor the text itself."""
    made = export(run, "gguf", tmp_path / "a.gguf")
    found, record = values(made.path), json.loads((run / "run.json").read_text(encoding="utf-8"))
    numbers = {"block_count": 2, "context_length": 256, "embedding_length": 32, "feed_forward_length": 128, "attention.head_count": 2}
    assert found["general.architecture"] == "gpt2" and {name: found[f"gpt2.{name}"] for name in numbers} == numbers
    assert found["gpt2.attention.layer_norm_epsilon"] == pytest.approx(1e-5)
    assert found["minigpt.seed"] == record["seed"] and found["minigpt.context"] == 48 and found["minigpt.sources"] == "own"
    assert "belongs to whoever wrote it" in found["minigpt.licence"]
    assert re.match(r"\d+% of the words of \d+ samples are new", found["minigpt.novelty"])
    said = json.dumps({name: value for name, value in found.items() if not name.startswith("tokenizer.")})
    assert "home-of-ada" not in said and "Bramblewick" not in said
    assert any("can repeat passages" in note for note in made.notes)
    beside = (tmp_path / "Modelfile").read_text(encoding="utf-8")
    assert "FROM ./a.gguf\n" in beside and "PARAMETER num_ctx 48\n" in beside and "belongs to whoever wrote it" in beside


@pytest.mark.parametrize("form", FORMS, ids=["lines", "odd", "paragraphs"])
def test_a_chat_is_the_dialogue_of_the_corpus(form: Form) -> None:
    """Whatever programs do with the space before an answer; with as many exchanges as are usual."""
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(jinja_template(form))
    said = [(f"Question {n}?", f"Answer {n}.") for n in range(5)]
    for length in range(5):
        kept = said[max(0, length + 1 - form.exchanges) : length]
        for space in ("", form.gap):
            messages = [{"role": "system", "content": "Be kind."}] if length < form.exchanges - 1 else []
            for you, answer in said[:length]:
                messages += [{"role": "user", "content": you}, {"role": "assistant", "content": space + answer}]
            messages.append({"role": "user", "content": said[length][0]})
            assert template.render(messages=messages) == form.prompt(kept, said[length][0])


def test_a_text_is_continued() -> None:
    messages = [{"role": "user", "content": "One"}, {"role": "assistant", "content": " more"}, {"role": "user", "content": "Two {{ x }}"}]
    assert jinja2.Template(jinja_template(None)).render(messages=messages) == "Two {{ x }}"
    only_the_last = "{{ range $i, $m := .Messages }}{{ if le (len (slice $.Messages $i)) 1 }}{{ .Content }}{{ end }}{{ end }}"
    assert ollama_template(None) == only_the_last


@pytest.mark.parametrize("form", [None, *FORMS], ids=["text", "lines", "odd", "paragraphs"])
def test_ollama_reads_the_modelfile(form: Form | None) -> None:
    """By the rules of its parser: a command begins a line, and a value in quotes goes on until a line ends with its closing quotes."""
    licence = 'Mine.\nFROM nowhere\nHe said """no""".'
    text = modelfile("A Poet's GPT", "poet.gguf", 128, form, licence)
    value = r'"""[\s\S]*?"""$|"(?!"")[\s\S]*?"$|(?!").*'
    command = rf"(?:#.*|(PARAMETER \w+|[A-Z]+) ({value}))\n"
    assert re.fullmatch(f"(?:{command})*", text, re.MULTILINE)
    found = [(match[1], match[2].strip('"')) for match in re.finditer(command, text, re.MULTILINE) if match[1]]
    assert ("FROM", "./poet.gguf") in found and ("TEMPLATE", ollama_template(form)) in found
    assert dict(found)["LICENSE"].startswith("Mine.\nFROM nowhere") and len([name for name, _ in found if name == "FROM"]) == 1
    assert [given for name, given in found if name == "PARAMETER stop"] == list(form.stops if form else ())
    settings = {"temperature": "0.8", "top_k": "40", "top_p": "1", "repeat_penalty": "1", "num_ctx": "128"}
    assert {(f"PARAMETER {name}", given) for name, given in settings.items()} < set(found)
    assert text.startswith("# Made by minigpt. In this folder: ollama create a-poet-s-gpt -f Modelfile\n")


def refused(folder: Path, words: str, out: Path, **options: Any) -> None:
    """One line, and nothing written."""
    before = sorted(out.parent.iterdir())
    with pytest.raises(MinigptError, match=words) as caught:
        export(folder, "gguf", out, **options)
    assert "\n" not in str(caught.value) and sorted(out.parent.iterdir()) == before


def test_what_llama_cpp_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.gguf"
    refused(write_model(tmp_path / "old"), r"old is a GPT-1: llama\.cpp, .* minigpt train --architecture gpt2", out)
    narrow = write_model(tmp_path / "narrow", n_embd=48, architecture="gpt2")
    refused(narrow, "width 48 is not divisible by 32, as q8_0 needs; use --type f16", out, type="q8_0")
    refused(narrow, "--type q4 is not one of f32, f16, q8_0", out, type="q4")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "gguf", None)
        refused(narrow, "--to gguf needs the package gguf: .*install gguf", out)
    monkeypatch.setattr(minigpt.export.llama, "parts", lambda: {"norm": "RMSNorm"})  # type: ignore[attr-defined]
    refused(narrow, r"computes other parts than the published ones \(model.py\)", out)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder, out = write_model(tmp_path / "model", architecture="gpt2"), tmp_path / "a.gguf"
    out.write_text("mine")
    refused(folder, "a.gguf exists already, and nothing is overwritten", out)
    out.unlink()
    (tmp_path / "Modelfile").write_text("mine")
    refused(folder, "Modelfile exists already, and nothing is overwritten; choose a file in another folder", out)
    assert (tmp_path / "Modelfile").read_text() == "mine"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path / "My Poet", architecture="gpt2")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["export", "My Poet", "--to", "gguf", "--type", "q8_0"], prog_name="minigpt")
    out, err = capsys.readouterr()
    assert (ended.value.code or 0, out) == (0, "My Poet.gguf\n")
    assert err.splitlines()[-1] == "  ollama create my-poet -f Modelfile"
    assert os.path.getsize("My Poet.gguf") < os.path.getsize("My Poet/model.safetensors") and os.path.exists("Modelfile")
