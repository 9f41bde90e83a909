"""The model card: true, complete, and Markdown whose structure no prompt, sample, teacher or file name changes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import minigpt
from minigpt.disk.foreign import printable
from minigpt.fast.install import DISTRIBUTION
from minigpt.run.pages.card import model_card

SMALL = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "initial_tokens": 2500, "final_tokens": 1500, "epochs": 1, "init": "none"}
TEACHER = {
    "model": "teacher:latest", "digest": "a" * 64, "licence": "Apache License 2.0", "judge": "teacher:latest", "judged": True,
}  # fmt: skip
HOSTILE = [
    "<b>", "[a](http://x)", "![a](x)", "```", "````", "~~~", "\n# Owned", "\n---\n", "| a | b |", "`x`", "{{ 7*7 }}", "{% raw %}",
    "\x1b[2J", "\u202e", "&lt;", "www.x.org", "*a*", "_a_", "- ", "\\", "\r\n\r\n    code", "a@b.org", "$x$", ": x\n", '"', "'",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), min_size=1, max_size=6).map("".join)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "haiku"
    minigpt.train("A GPT that writes haiku", out=folder, **SMALL)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def record(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return found


def text_of(run: Path) -> str:
    return (run / "README.md").read_text(encoding="utf-8")


def front(text: str) -> tuple[dict[str, Any], str]:
    """The fields before the Markdown, each a word or a JSON string, which is YAML too; and the Markdown."""
    _, matter, rest = text.split("---\n", 2)
    assert text.startswith("---\n")
    found: dict[str, Any] = {"tags": []}
    for line in matter.splitlines():
        if line.startswith("- "):
            assert re.fullmatch(r"- [\w-]+", line)
            found["tags"].append(line[2:])
        elif not line.startswith("# "):
            match = re.fullmatch(r"(\w+): ?(|\w+|\".*\")", line)
            assert match, line
            if match[1] != "tags":
                found[match[1]] = json.loads(match[2]) if match[2].startswith('"') else match[2]
    return found, rest


def structure(text: str) -> list[tuple[str, str]]:
    """What GitHub makes of the Markdown: every block and every span, in order, without the words; texts that follow each other are one."""
    found: list[tuple[str, str]] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        for part in (token, *(token.children or ())):
            kind = (part.type, part.info)
            if part.type not in ("text", "text_special", "softbreak", "inline") and (part.type != "html_inline" or found[-1:] != [kind]):
                found.append(kind)
    return found


def with_words(record: dict[str, Any], words: str) -> dict[str, Any]:
    """The record with these words wherever others may have written."""
    teacher = {name: words for name in ("model", "digest", "licence", "judge")} | {"judged": True}
    return record | {
        "prompt": words, "device": words, "minigpt": words, "created": words, "samples": [words] * 3, "teacher": teacher,
        "request": {"forms": [words], "language": words}, "start": {"init": f"x{words}", "checksum": words}, "machine": {"CPU": words},
        "options": {"data": [f"x{words}"]}, "corpus": record["corpus"] | {"by_source": {"template": 1, "own": 1, f"x{words}": 1}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def harmless(record: dict[str, Any]) -> list[tuple[str, str]]:
    return structure(front(model_card(with_words(record, "words")))[1])


@settings(max_examples=50)
@given(words=TEXTS)
def test_no_words_of_others_change_what_the_card_is(record: dict[str, Any], harmless: list[tuple[str, str]], words: str) -> None:
    """As many headings, links, tables and code blocks as with harmless words, and nothing that a terminal obeys."""
    matter, shown = front(model_card(with_words(record, words)))
    assert structure(shown) == harmless
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert "language" not in matter


def test_a_number_of_a_wrong_kind_in_an_old_record_is_left_out(record: dict[str, Any]) -> None:
    bare = record | {"training": {name: record["training"][name] for name in ("steps", "batch_size", "context", "seconds")}}
    for name in ("request", "start", "machine", "options", "report"):
        bare[name] = None
    bare["result"] = {name: record["result"][name] for name in ("train_loss", "held_out_loss", "best_step")}
    assert "## Limits" in model_card(bare)


def test_the_card_has_what_a_reader_asks_for(run: Path, record: dict[str, Any]) -> None:
    matter, text = front(text_of(run))
    assert matter == {"language": "en", "library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["minigpt"]}
    assert re.findall("^#+ (.*)", text, re.MULTILINE) == [
        "A GPT that writes haiku", "Samples", "Use it", "What it learned from", "Size and training", "How well it learned", "Limits",
        "Licence",
    ]  # fmt: skip
    for fact in (
        f"{record['model']['parameters']:,} parameters",
        f"{record['corpus']['documents']} documents, {record['corpus']['tokens']:,} tokens",
        f"| on training text | {record['result']['train_loss']:.3f} | |",
        f"| on held-out text | {record['result']['held_out_loss']:.3f} | {record['result']['held_out_bits_per_byte']:.3f} |",
        f"{record['result']['held_out_tokens']:,} tokens of held-out text",
        "haiku, haiku sequence, haibun",
        "random weights",
        "at most 64 tokens",
        "word for word, and has room to memorise all of it",
        "MIT License",
        *(f"Seed {seed}:" for seed in (42, 43, 44)),
        *printable(record["samples"][0]).splitlines(),
    ):
        assert fact.rstrip() in text, fact


def test_the_first_sample_is_repeated_by_the_command_that_the_card_gives(run: Path, record: dict[str, Any]) -> None:
    command = re.search("^`minigpt (generate .*)`$", text_of(run), re.MULTILINE)
    assert command
    done = subprocess.run([sys.executable, "-m", "minigpt", *command[1].split()], cwd=run, capture_output=True, check=True)
    assert done.stdout.decode().replace("\r\n", "\n") == record["samples"][0] + "\n"


def test_the_python_lines_of_the_card_run(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search("```python\n(import minigpt\n.*?)```", text_of(run), re.DOTALL)
    assert code
    monkeypatch.chdir(run)
    exec(code[1], {})
    assert minigpt.load(run).generate(max_tokens=200, seed=1) in capsys.readouterr().out


@pytest.mark.slow
def test_the_card_tells_how_to_train_further(run: Path, tmp_path: Path) -> None:
    """Both commands as they stand, on a copy."""
    folder = shutil.copytree(run, tmp_path / "haiku")
    (folder / "notes.txt").write_text("Rain fell on the roof, and nobody went out.\n\n" * 30, encoding="utf-8")
    commands = re.findall(r"^minigpt ((?:resume|train) .*?) +#", text_of(run), re.MULTILINE)
    assert len(commands) == 2
    for command, more in zip(commands, ([], ["--epochs", "1", "--out", str(tmp_path / "notes")]), strict=True):
        done = subprocess.run([sys.executable, "-m", "minigpt", *command.split(), *more], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    notes = text_of(tmp_path / "notes")
    assert "# A GPT trained on notes.txt\n" in notes and "the weights of another model (checksum " in notes
    assert "language:" not in notes and "belongs to whoever wrote it" in notes and str(tmp_path) not in notes


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"start": {"init": "base", "checksum": "b" * 64}}, ["started from the base", "NOTICE", "past centuries"]),
        ({"start": {"init": "/home/ada/models/chef", "checksum": "b" * 64}}, ["another model, chef (checksum bbbbbbbbbbbb)"]),
        ({"by_source": {"own": 24}, "options": {"data": ["/home/ada/a.txt", r"C:\ada\b.csv", "-"]}},
         ["own text: a.txt, b.csv, standard input", "private", "whoever wrote it"]),
        ({"by_source": {"own": 24}, "options": {"data": [f"{i}.txt" for i in range(9)]}}, ["0.txt, 1.txt, 2.txt, 3.txt, 4.txt, 4 more"]),
        ({"by_source": {"ollama": 24}, "teacher": TEACHER, "request": {"language": "de"}},
         ["teacher:latest (aaaaaaaaaaaa), licence: Apache License 2.0; judged by teacher:latest", 'language: "de"', "terms for models"]),
    ],
    ids=["base", "model", "own", "many", "teacher"],
)  # fmt: skip
def test_each_origin_is_named_with_what_follows_from_it(record: dict[str, Any], changed: dict[str, Any], says: list[str]) -> None:
    corpus = record["corpus"] | {"by_source": changed.pop("by_source", record["corpus"]["by_source"])}
    shown = model_card(record | {"corpus": corpus} | changed)
    for words in says:
        assert words in shown.replace("\\", ""), words
    assert "/ada" not in shown and "\\ada" not in shown
    assert ("random weights" in shown) == ("start" not in changed)


def test_tokens_of_another_model_are_not_called_gpt2s(record: dict[str, Any]) -> None:
    """Records of earlier versions, which do not say it, are of runs with GPT-2's."""
    assert "of GPT-2's byte-level BPE" in model_card(record) and "merges are GPT-2's" in model_card(record)
    other = model_card(record | {"model": record["model"] | {"gpt2_tokens": False}})
    assert "of the first model's byte-level BPE" in other and "merges are GPT-2's" not in other


def test_held_out_text_is_called_what_it_is(record: dict[str, Any]) -> None:
    """Whole ideas, or just other documents, or nothing: three different claims."""
    plain = record["corpus"] | {"held_out_ideas": None}
    assert "handles new subjects" in model_card(record)
    assert "predicts more of the same" in model_card(record | {"corpus": plain})
    none = model_card(record | {"result": record["result"] | {"held_out_loss": None}})
    assert "held-out loss not measured: too little text to hold some out" in none and "| loss |" not in none


def test_the_card_names_one_distribution(run: Path) -> None:
    """It is the one that these sources make."""
    assert f"\npip install {DISTRIBUTION} " in text_of(run)
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nname = "{DISTRIBUTION}"' in project
