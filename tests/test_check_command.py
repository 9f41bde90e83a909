"""`minigpt check`: the table and what surrounds it, on 80 columns; the explanations quote the source."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minigpt import plain
from minigpt.backend import Backend, CupyBackend
from minigpt.gradcheck import LAYERS, MODELS, Result, check_gradients, report
from minigpt.gradcheck.explain import BOOK, LESSONS, explanation, kinds
from minigpt.gradcheck.settings import MODEL, separating
from minigpt.layers import Gelu

ROOT = Path(__file__).parent.parent
PARTS = ["c_proj.weight", "c_proj.bias", "c_attn.weight", "c_attn.bias"]


def check(*arguments: str, change: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, after a change to the source."""
    code = f"{change}\nfrom minigpt.cli import cli\ncli(['check', '--device', 'cpu', *{arguments!r}])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.slow
def test_the_rows_of_a_layer_stand_in_the_order_of_its_backward_and_agree() -> None:
    """Whatever the case in which the layer is written; the layers come in the order of the check, however they are asked for."""
    done = check("--layer", "attention", "--layer", "Gelu")
    assert done.returncode == 0
    rows = [re.split(r"  +", line) for line in done.stdout.splitlines() if re.search(r"  \d\.\de-\d\d  ", line)]
    assert [row[1] for row in rows] == ["dx", *(f"h.1.attn.{part}" for part in PARTS), "dx"]
    assert [row[0] for row in rows] == ["Gelu", "Attention", "", "", "", ""]
    assert all(float(row[2]) < 1e-6 for row in rows)
    assert re.search(r"^6 of 6 agree, worst \d\.\de-\d\d \((Gelu|Attention) ", done.stdout, re.MULTILINE)
    assert "the other layers" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= report.WIDTH


def test_an_unknown_layer_is_one_line_that_names_the_known_ones() -> None:
    done = check("--layer", "Attentoin")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "'Attentoin'" in line and "Attention" in line


@pytest.mark.slow
def test_a_wrong_backward_fails_with_its_suspect_and_one_clear_line() -> None:
    """What is wrong stands in the table, where to look below it, and the conclusion in the last line."""
    change = "import minigpt.layers as l; b = l.Gelu.backward; l.Gelu.backward = lambda s, d: b(s, d) * 1.001"
    done = check("--layer", "Gelu", "--layer", "Mlp", change=change)
    assert done.returncode == 1
    assert re.search(r"^Gelu +dx +1\.0e-03  FAILED in 8 of 8 settings$", done.stdout, re.MULTILINE)
    assert "First suspect: Gelu dx" in done.stdout and "(ratio 1.001)" in done.stdout
    assert "Not checked" not in done.stdout
    assert done.stderr.splitlines()[-1] == "minigpt: 4 gradients failed; first suspect: Gelu, dx"


def test_explain_shows_formula_plain_lines_and_section() -> None:
    """Before the layer's rows."""
    done = check("--layer", "Linear", "--explain")
    assert done.returncode == 0
    told, _, rows = done.stdout.partition("\nLinear        h.1.mlp.c_fc.weight ")
    assert "y = x W + b" in told and inspect.getsource(plain.linear) in told and f"Read {BOOK}#2-linear" in told
    assert "3 of 3 agree" in rows


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Every layer in one setting, and the model in one."""
    return list(check_gradients(Backend("tests"), layers=LAYERS[:1], models=MODELS[:1]))


def test_layers_come_after_what_they_consist_of_and_parameters_from_the_output_on(results: list[Result]) -> None:
    """So that the first wrong row is the one to look at."""
    layers = list(dict.fromkeys(r.layer for r in results))
    for part, wholes in {
        "Linear": ["Mlp", "Attention"],
        "Gelu": ["Mlp"],
        "Dropout": ["Attention", "Block"],
        "LayerNorm": ["Block"],
        "Mlp": ["Block"],
        "Attention": ["Block"],
        "Block": ["GPT"],
        "Embedding": ["GPT"],
        "CrossEntropy": ["GPT"],
    }.items():
        assert all(layers.index(part) < layers.index(whole) for whole in wholes)
    model = [r.parameter.rpartition(".")[0] for r in results if r.layer == "GPT"]
    parts = ["ln_2", "mlp.c_proj", "mlp.c_fc", "ln_1", "attn.c_proj", "attn.c_attn"]
    way_back = [f"h.{i}.{part}" for i in (1, 0) for part in parts] + ["tokens_embed", "positions_embed", ""]
    assert list(dict.fromkeys(model)) == way_back


def test_everything_that_is_printed_fits_80_columns(results: list[Result], cpu: Backend) -> None:
    """The table, the lines around it, and the docstrings of explanations; source code is quoted as it stands."""
    lines = [*report.header(cpu, 12345, list(kinds(cpu))), *report.ending(results), *report.limits(cpu, partly=True)]
    for layer in kinds(cpu):
        lines += report.rows([r for r in results if r.layer == layer])
    settings = [*LAYERS, *MODELS]
    lines += report.rows([Result("CrossEntropy", "all, in one direction", s.name, 1e-10) for s in settings])
    lines += report.rows([Result("CrossEntropy", f"h.1.attn.c_attn.weight{i}"[:22], s.name, 1e-10) for i, s in enumerate(settings)])
    assert [line for line in lines if len(line) > report.WIDTH] == []


def test_the_header_says_what_was_checked_under_which_circumstances(cpu: Backend) -> None:
    """Ranges of every size, for what is checked alone; those of the GPU where it computes."""
    text = " ".join(" ".join(report.header(cpu, 7, ["Linear", MODEL])).split())
    for words in ("float64, CPU, seed 7", "h = 2e-06", "8 settings: 1-5 sequences of 1-7 tokens, width 6", "dropout 0-0.6", "tiles of 1-7"):
        assert words in text
    for words in ("10 settings: 1-5 sequences of 3-130 tokens", "blocks of 4-4096", "threads 1-3", "agrees below 1e-06"):
        assert words in text
    assert MODEL not in " ".join(report.header(cpu, 7, ["Linear"]))
    device = " ".join(" ".join(report.header(CupyBackend(None, "tests"), 7, [MODEL])).split())
    assert "float64, GPU" in device and "tiles of 3-130" in device and "threads 1" in device.split("10 settings")[1]


def test_traits_that_cannot_matter_to_a_layer_are_not_mentioned() -> None:
    """Tiles are attention's, chunks the loss's; what only coincides with the failure would mislead."""
    wrong, right = [LAYERS[0]], [LAYERS[5]]  # several tiles, chunks, blocks; one of each
    assert separating("Attention", wrong, right) == ["with several tiles", "with a smaller last tile"]
    assert separating("CrossEntropy", wrong, right) == ["with several chunks", "with several shards", "with several blocks a shard"]
    assert separating("Gelu", wrong, right) == []


@pytest.mark.parametrize("name", kinds(Backend("tests")))
def test_each_layer_has_an_explanation_that_quotes_its_twins(name: str, cpu: Backend) -> None:
    """Its formula, the whole source of each function of plain.py, the place of its backward."""
    lines = explanation(name, kinds(cpu)[name])
    text = "\n".join(lines)
    for twin in LESSONS[name].twins:
        assert inspect.getsource(getattr(plain, twin)).rstrip() in text
    path, line = re.search(r", (minigpt/\w+\.py), line (\d+)$", lines[1]).groups()  # type: ignore[union-attr]
    assert "def " in (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert lines[2].startswith("  ")


def test_a_layer_of_ones_own_needs_no_lesson_to_be_explained() -> None:
    """Its docstring is its formula."""

    class Silu(Gelu):
        """y = x / (1 + exp(-x)).

        Shapes: any.

        Of no further interest.
        """

    assert explanation("Silu", Silu)[2:] == ["  y = x / (1 + exp(-x)).", "  Shapes: any.", "", ""]


def test_the_sections_that_are_recommended_exist() -> None:
    """As GitHub makes anchors of headings: lower case, no punctuation, hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / BOOK).read_text(encoding="utf-8"), flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {section for lesson in LESSONS.values() for section in lesson.sections} <= anchors
