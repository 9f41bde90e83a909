"""benchmarks/samples.py: every figure on texts whose figure is known, and the whole program on models that train in seconds."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import write_documents
from minigpt.disk.checkpoint import Checkpoint
from minigpt.model import new_parameters
from minigpt.run.textmodel import TextModel
from minigpt.tokenizer import Tokenizer

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
if str(BENCHMARKS) not in sys.path:
    sys.path.append(str(BENCHMARKS))
from judge import text as texts  # noqa: E402
from judge.code import code_figures  # noqa: E402
from judge.field import count, field  # noqa: E402
from judge.figures import compare  # noqa: E402
from judge.fresh import cost, fresh_texts, size  # noqa: E402
from judge.opinion import opinion, shuffled  # noqa: E402
from judge.runs import Run  # noqa: E402
from judge.table import TABLES, cell, tables  # noqa: E402
from samples import PROMPTS  # noqa: E402

TALES = "A GPT that writes short fairy tales"


def written(prompt: str, seed: int, number: int) -> list[str]:
    """The first template documents for a prompt."""
    return [document.text for document in islice(write_documents(understand(prompt), random.Random(seed)), number)]


# text: beginnings, ends, copies, variety


def test_shapes_of_first_lines() -> None:
    assert [texts.shape(text) for text in ("The Fox\n\nOnce.", "\nonce upon", "1. Stir.", "- x", "")] == ["Aa", "aa", "9.", "-a", ""]


def test_complete_is_ended_by_the_model_and_not_in_mid_sentence() -> None:
    long = "and then the fox and the crow went home along the river and"
    some = ((long + " slept.", "stop"), (long, "stop"), ("Yours,\nAda", "stop"), ("Done.", "length"))
    assert [texts.is_complete(*each) for each in some] == [True, False, True, False]


def test_titles_whose_words_come_again() -> None:
    told = [texts.title_told(text) for text in ("The Red Goat\n\nA goat.", "The Goat and a Bear\n\nA goat.", "The goat slept.", "")]
    assert told == [1, 1 / 2, None, None]


def test_copies() -> None:
    known = {tuple("a b c d e f g h".split())}
    assert texts.copied(["A b c, d e f g h i."], known) == 1 / 2
    assert texts.copied(["a b c"], known) is None  # too short to say
    assert texts.verbatim(["One two three four five. No. Six seven eight nine ten!"], {"One two three four five."}) == 1 / 2
    assert texts.in_common(["a", "a", "b"], ["b", "c"]) == 1 / 2


def test_corpora_are_compared_with_those_of_other_seeds_and_prompts() -> None:
    one, two, three, four = (f"This is sentence number {n}." for n in ("one", "two", "three", "four"))
    corpora = [("tales", [one, two]), ("tales", [two, two, three]), ("e-mails", [one, two, three, four])]
    runs = [Run(Path(), {"prompt": prompt}, [{"text": text} for text in some]) for prompt, some in corpora]
    assert compare(runs) == [
        {"common seeds": 1 / 2, "common prompts": 1},
        {"common seeds": 1 / 2, "common prompts": 1},
        {"common seeds": None, "common prompts": (2 / 4 + 2 / 4) / 2},
    ]


def test_distinct_sequences() -> None:
    assert [texts.distinct(["a b a b", "a b"], n) for n in (1, 2, 3, 5)] == [2 / 6, 2 / 4, 2 / 2, None]


@given(st.lists(st.text("ab \n", max_size=30), max_size=6), st.lists(st.text("ab \n", max_size=30), max_size=6))
def test_variety_is_compared_in_as_many_words(one: list[str], other: list[str]) -> None:
    lengths = [[sum(len(texts.words(text)) for text in some) for some in pair] for pair in ((one, other), texts.equally_long(one, other))]
    assert lengths[1] == [min(lengths[0])] * 2
    again = texts.equally_long(one, one)[0]
    assert [texts.distinct(again, n) for n in (1, 2, 3)] == [texts.distinct(one, n) for n in (1, 2, 3)]


# code


def code(lines: str, said: str = "") -> str:
    return f"A sum\n\nPython code:\n{lines}\n" + (f"\nOutput:\n{said}\n" if said else "")


def test_code_that_parses_runs_and_prints_what_is_said() -> None:
    shown = [
        code("print(1 + 1)", "2"),
        code("print(1 + 1)", "3"),
        code("x = [1, 2"),
        code("print(1 / 0)"),
        code("print(1 / 0)", "ZeroDivisionError: division by zero"),
        code("def double(x):\n    return 2 * x", ">>> double(2)\n4"),
        "A text without any.",
    ]
    assert code_figures(shown) == {"with code": 6, "parse": 5 / 6, "run": 4 / 6, "claims": 4, "right": 3 / 4}
    assert code_figures(["None."]) == {"with code": 0, "parse": None, "run": None, "claims": 0, "right": None}


def test_the_writers_code_is_right() -> None:
    found = code_figures(written("A GPT that explains Python to beginners", 5, 40))
    assert found["with code"] and found["with code"] > 20 and found["claims"] and found["claims"] > 10
    assert found["parse"] == found["run"] == found["right"] == 1


# field


def test_a_subjects_words_are_those_of_its_documents() -> None:
    """Of each prompt's field, its own documents have one and a half times the share that those of any other prompt have, but the words
    of tales are those of poetry, of which the verse of the sea, haiku and shanties, has as many, and shanties sing of the sea, too."""
    documents = {prompt: written(prompt, 6, 40) for prompt in PROMPTS}
    sizes = {prompt: sum(len(texts.words(text)) for text in some) for prompt, some in documents.items()}
    for prompt in PROMPTS:
        stems = field(understand(prompt))
        shares = {other: sum(count(text, stems) for text in some) / sizes[other] for other, some in documents.items()}
        own = shares.pop(prompt)
        if prompt == TALES:
            shares.pop("A GPT that writes haiku about the sea")
            shares.pop("A GPT that writes pirate sea shanties")
        if prompt == "A GPT that writes haiku about the sea":
            shares.pop("A GPT that writes pirate sea shanties")
        assert own > 0.03 and own > 1.5 * max(shares.values()), prompt


def test_words_of_a_field_are_counted_in_any_number() -> None:
    stems = field(understand("A GPT that answers questions about falconry"))
    assert count("Falconers seel the falcon's eyes; a hawk does not, said the hawks.", stems) == 5


# fresh


def test_the_cost_of_a_model_that_knows_nothing(small_tokenizer: Tokenizer) -> None:
    """Log2 of the vocabulary a token, each document's end among them, however the windows are cut."""
    config = ModelConfig(n_layer=1, n_head=1, n_embd=8, n_positions=16, vocab_size=small_tokenizer.vocab_size)
    state = {parameter.name: np.zeros_like(parameter.value) for parameter in new_parameters(config, Backend("tests"))}
    model = TextModel(Checkpoint(config, state, small_tokenizer, 16), Backend("tests"))
    some = ["a fox and a crow " * 5, "ä"]
    tokens = sum(len(small_tokenizer.encode(text)) + 1 for text in some)
    assert size(some) == 17 * 5 + 2
    assert cost(model, some) == pytest.approx(math.log2(config.vocab_size) * tokens / size(some), rel=1e-6)
    assert cost(model, []) is None


def test_fresh_documents_are_new(gpt2: Tokenizer) -> None:
    request = understand(TALES)
    first = fresh_texts(request, 15_000, 1, set(), gpt2, 1000)
    assert 1000 <= sum(len(gpt2.encode(text)) + 1 for text in first) < 2000
    assert first == fresh_texts(request, 15_000, 1, set(), gpt2, 1000) != fresh_texts(request, 15_000, 2, set(), gpt2, 1000)
    assert not set(first[:1]) & set(fresh_texts(request, 15_000, 1, set(first[:1]), gpt2, 1000))


# opinion


class Pairs:
    """A language model: how often a word follows another in some text."""

    def __init__(self, text: str) -> None:
        self.followers = Counter(pairwise(text.split()))

    def costs(self, some: Sequence[str]) -> list[float]:
        return [sum(-math.log2((self.followers[pair] + 0.1) / 9) for pair in pairwise(text.split())) / len(text) for text in some]


def test_only_a_model_that_hears_the_order_of_words_is_asked() -> None:
    tales = written(TALES, 7, 20)
    knows: Any = Pairs(" ".join(written(TALES, 8, 200)))
    deaf: Any = Pairs("")
    told, untold = opinion(knows, tales[:5], tales[5:]), opinion(deaf, tales[:5], tales[5:])
    assert told["told apart"] and told["told apart"] > 0.9
    assert told["opinion held"] < told["opinion shuffled"]
    assert told["opinion"] == pytest.approx(sum(knows.costs(tales[:5])) / 5)
    assert untold["opinion"] is None and untold["opinion held"] == pytest.approx(untold["opinion shuffled"], rel=0.01)


@given(st.text("ab \n"), st.randoms(use_true_random=False))
def test_shuffling_keeps_words_and_spaces(text: str, rng: random.Random) -> None:
    found = shuffled(text, rng)
    assert sorted(found.split()) == sorted(text.split())
    assert len(found) == len(text)


# table


def test_cells() -> None:
    assert cell([0.5, None, 0.7], "%") == "60±14"
    assert [cell([0.126], ".2f"), cell([1, 2, 3], ".1f"), cell([None], "%")] == ["0.13", "2.0±1.0", "-"]


def test_tables_show_what_there_is() -> None:
    names = {name for columns in TABLES.values() for _, name, _ in columns}
    rows = [{"prompt": p, "seed": s, "samples": [{}], "figures": dict.fromkeys(names, 1.0)} for p in PROMPTS for s in (1, 2)]
    rows[0]["figures"] = rows[1]["figures"] = {"begins": 0.5, "with code": None}
    shown = tables(rows)
    assert max(map(len, shown.splitlines())) <= 120
    assert shown.splitlines()[0] == "seeds 1, 2; 1 samples of each run"
    assert shown.count(PROMPTS[0]) == 1 and shown.count(PROMPTS[1]) == len(TABLES)


# the whole program

TINY = "--layers 1 --heads 1 --width 16 --init none --initial-tokens 8000 --final-tokens 8000 --epochs 1 --threads 1"


@pytest.mark.slow
def test_the_program_trains_judges_and_does_neither_twice(tmp_path: Path) -> None:
    out, written_to = tmp_path / "runs", tmp_path / "judged.json"
    program = [sys.executable, BENCHMARKS / "samples.py"]
    command = [*program, "--prompt", TALES, "--seeds=2", "--samples=2", f"--train={TINY}", f"--out={out}", f"--json={written_to}"]

    def played(command: list[Any]) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout[done.stdout.index("seeds ") :]  # the tables; before them, a line for each run

    shown = played(command)
    rows, runs = json.loads(written_to.read_text(encoding="utf-8")), sorted(out.iterdir())
    assert [row["seed"] for row in rows] == [42, 43] and len(runs) == 2
    for row, run in zip(rows, runs, strict=True):
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        assert row["figures"]["bits held"] == pytest.approx(record["result"]["held_out_bits_per_byte"], rel=1e-3)
        assert row["figures"]["hero held"] > 0.5 and row["figures"]["field held"] > 10
        assert 0 < row["figures"]["common seeds"] < 1 and row["figures"]["common prompts"] is None
        assert [sample["seed"] for sample in row["samples"]] == [1000, 1001]
    before = [(run / "run.json").read_bytes() for run in runs]
    assert played(command) == shown
    assert [(run / "run.json").read_bytes() for run in runs] == before
    assert played([*program, "--again", written_to]) == shown
    assert played([*program, *runs, "--samples=2"]) == shown
