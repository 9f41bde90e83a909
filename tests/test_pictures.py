"""The pictures of data and of runs, without drawing: their numbers are what the code computes."""

from __future__ import annotations

import ast
import math
import re
from contextlib import closing
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from picture_numbers import PICTURES, data, words
from pictures import NAMES, attention, dataflow, flat_block, lifetimes, measure, workers
from pictures.example import config, stored
from pictures.tracing import Trace

from minigpt import ModelConfig, Trainer
from minigpt.backend import Backend, Workspace
from minigpt.layers import Layer
from minigpt.model import count_parameters, new_parameters

NUMBER = r"\d[\d.,]*\d"  # of several digits

# ---- all of them ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_there_named_and_the_same_wherever_it_is_drawn(name: str):
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    title = import_module(f"pictures.{name}").TITLE
    assert root.find("{http://www.w3.org/2000/svg}title").text == title
    assert root.get("width") == "540pt"
    assert "<text" not in text  # outlines: no fonts are asked for
    assert "<dc:date>" not in text
    assert len(text) < 150_000
    assert f"]({name}.svg)" in (PICTURES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_for_a_picture_has_its_numbers(name: str):
    """Whoever cannot see it reads the words before its link: every number there is in the picture, or in its program."""
    root = PICTURES.parents[1]
    texts = [path.read_text(encoding="utf-8") for path in (root / "README.md", *root.glob("docs/*.md"))]
    alternatives = re.findall(rf"!\[([^]]+)\]\([\w/]*pictures/{name}\.svg\)", "\n".join(texts))
    assert alternatives
    program = (PICTURES / f"{name}.py").read_text(encoding="utf-8")
    shown = re.findall(NUMBER, " ".join(words(name)) + program)
    for alternative in alternatives:
        assert set(re.findall(NUMBER, alternative)) <= set(shown), alternative


def test_only_drawing_needs_matplotlib():
    for path in PICTURES.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "matplotlib" not in ast.unparse(node), path


# ---- data flow -----------------------------------------------------------------------------


@pytest.mark.parametrize(("B", "T"), [(1, 1), (2, 7), (3, 16)])
def test_shapes_of_a_step_are_those_that_the_axes_say(tiny_dropout: ModelConfig, B: int, T: int):
    s = dataflow.step(tiny_dropout, B, T)
    C, n = tiny_dropout.n_embd, count_parameters(tiny_dropout)
    assert s["x"] == s["y"] == (B, T)
    assert s["embedded"] == s["into"] == s["out"] == s["hidden"] == s["dhidden"] == (B * T, C)
    assert s["targets"] == (B * T,)
    assert s["weights"] == (B, tiny_dropout.n_head, T, T)
    assert s["loss"] == s["mean"] == ()
    assert s["gradients"] == s["m"] == s["v"] == s["parameters"] == (n,)


@pytest.mark.slow
def test_the_data_flow_shows_the_shapes_of_today():
    d = data("dataflow")
    assert d["shapes"]["parameters"] == (count_parameters(config()),)
    shown = {word for row in dataflow.boxes(d) for box in row for word in box if word}
    assert shown <= words("dataflow")


# ---- the flat block ------------------------------------------------------------------------


def test_the_flat_block_is_whole_and_its_vectors_do_not_decay():
    d = data("flat_block")
    spans = d["spans"]
    assert [start for _, start, _, _ in spans] == [0, *(stop for _, _, stop, _ in spans[:-1])]
    assert spans[-1][2] == d["n"] == count_parameters(config())
    specs = new_parameters(config(), Backend("tests")).specs
    assert sorted(specs) == sorted(name for name, *_ in spans)
    for name, start, stop, decays in spans:
        assert stop - start == math.prod(specs[name].shape)
        assert decays == (stop <= d["n_decayed"]) == (len(specs[name].shape) > 1)


def test_the_first_row_of_the_flat_block_covers_it():
    d = data("flat_block")
    groups = flat_block.groups(d)
    assert [start for _, start, _ in groups] == [0, *(stop for _, _, stop in groups[:-1])]
    assert groups[-1][2] == d["n"]
    assert f"{d['n']:,} parameters in one row" in words("flat_block")
    assert {f"{(b - a) / 1e6:.2f} M" for k, a, b in groups if "block" in k} <= words("flat_block")


# ---- lifetimes -----------------------------------------------------------------------------


@cache
def traced() -> tuple[Trace, list[str], int]:
    """A step of three blocks, with several tiles."""
    sizes = {"n_layer": 3, "n_head": 2, "n_embd": 8, "n_positions": 80, "vocab_size": 30}
    return lifetimes.trace(ModelConfig(**sizes, dropout=0.2), 2, 70)


def test_no_buffer_is_overwritten_while_somebody_needs_it():
    trace, _, _ = traced()
    assert len(trace.lives) > 100
    assert trace.stale == []
    lives = sorted((life for life in trace.lives if life.first), key=lambda life: life.first)
    for i, life in enumerate(lives):
        for other in lives[i + 1 :]:
            if other.first <= life.last:  # both are needed
                apart = life.start + life.size <= other.start
                assert apart or other.start + other.size <= life.start, (life, other)


def test_a_value_used_after_another_took_its_buffer_is_noticed():
    trace, layer = Trace(), Layer("h", Workspace(Backend("tests")))
    trace.watch(layer)
    first = layer.buffer("x", 3, 4)
    first[...] = 1
    half = first.T[1:]
    second = layer.buffer("x", 2, 4)
    np.multiply(half[:, :2], 2, out=second.T[1:])
    assert trace.stale == ["h:x"]
    np.exp(second, out=second)
    assert trace.stale == ["h:x"]
    assert [life.size for life in trace.lives] == [48, 32]


def test_what_a_block_saves_lives_from_its_forward_to_its_backward():
    trace, ticks, held = traced()
    forward = ticks[1 : ticks.index("loss")]
    assert ticks[0] == "before"
    assert ticks[len(forward) + 2 :] == [t.replace("forward", "backward") for t in forward[::-1]]
    saved = [life for life in trace.lives if lifetimes.owner(life.key)[0] >= 0]
    assert len({lifetimes.owner(life.key) for life in saved}) == 3 * len(lifetimes.PARTS)
    for life in saved:
        block, part = lifetimes.owner(life.key)
        assert ticks[life.born] == f"{block} {part} forward", life
        if life.key.endswith("h.2.ln_2:y"):  # what the model returns: nobody saves it
            continue
        # dropout of a branch takes its gradient back just before the branch does
        assert life.died >= ticks.index(f"{block} {part} backward") - 1, life
    assert held >= max(life.size for life in trace.lives)


def test_lifetimes_shows_the_sums_of_today():
    d = data("lifetimes")
    assert d["stale"] == []
    assert d["alive"][0] == 0 < d["alive"][1] < max(d["alive"]) <= d["held"]
    assert sum(d["alive"]) == sum(v.size * (v.died + 1 - v.born) for v in d["lives"])
    places = sorted(lifetimes.lanes(d).values())
    assert places[0][0] == 0
    assert places[-1][1] == pytest.approx(d["held"] / 1e6)
    assert all(a[1] == b[0] for a, b in pairwise(places))
    shared = f"{d['shared'] / 1e6:.0f} MB instead of {d['unshared'] / 1e6:.0f}"
    assert {
        f"held {d['held'] / 1e6:.0f} MB",
        f"in use at most {max(d['alive']) / 1e6:.0f} MB",
        f"shared by all blocks: {shared}",
    } <= words("lifetimes")


# ---- workers -------------------------------------------------------------------------------


def assert_a_step(spans: list[Any], milliseconds: float) -> None:
    """Nobody computes two things at once, and a stage begins when the one before it has ended."""
    for thread in (0, 1, 2):
        own = sorted(span[2:] for span in spans if span[0] == thread)
        assert all(a[1] <= b[0] for a, b in pairwise(own))
    for before, after in pairwise(workers.STAGES):
        ends = [end for _, stage, _, end in spans if stage == before]
        starts = [start for _, stage, start, _ in spans if stage == after]
        assert max(ends) <= min(starts), (before, after)
    assert all(0 <= start <= end <= milliseconds for *_, start, end in spans)
    assert [span[0] for span in spans if span[1] == "embedding"] == [0, 0]  # one after the other


def test_the_stored_step_of_two_workers_is_one():
    d = data("workers")
    assert_a_step(d["spans"], d["total"])
    for stage in ("forward", "logits", "loss backward", "backward", "update"):
        assert {span[0] for span in d["spans"] if span[1] == stage} == {1, 2}, stage
    assert 0.5 < d["busy"] <= 1
    assert f"{d['total']:.0f} ms, of which the workers compute {d['busy']:.0%}" in words("workers")


def test_a_step_is_timed_as_it_is_and_left_as_it_was(tiny: ModelConfig, rng: np.random.Generator):
    x, y = rng.integers(0, tiny.vocab_size, (2, 2, 9))
    with closing(Trainer(tiny, device="cpu", threads=2)) as trainer:
        trainer.step(x, y)
        before = trainer.workers.map
        found = measure.timed_step(trainer, x, y)
        assert before == trainer.workers.map
        assert trainer.optimizer.step == 2
    assert_a_step(found["spans"], found["milliseconds"])


# ---- attention of a trained model ----------------------------------------------------------


def test_the_stored_weights_are_attention():
    d = data("attention")
    weights, T = d["weights"], len(d["text"])
    assert "".join(d["text"]) == measure.TEXT
    assert weights.shape == (measure.TINY["layers"], measure.TINY["heads"], T, T)
    assert (weights >= 0).all()
    assert weights.sum(axis=-1) == pytest.approx(1, abs=T * 5e-5)  # four decimals
    assert (weights * (1 - np.tri(T)) == 0).all()


def test_the_weight_that_is_pointed_out_is_the_largest_of_its_head():
    d = data("attention")
    shown = " ".join(words("attention"))
    for b, h in np.ndindex(*d["weights"].shape[:2]):
        head, (query, key) = d["weights"][b, h], d["strongest"][b][h]
        assert query >= attention.EASY
        assert head[query, key] == head[attention.EASY :].max()
        assert f"{head[query, key]:.0%}" in shown


def test_the_stored_scores_are_those_of_the_likeliest_words():
    found = stored("trained")
    order = np.argsort(found["logits"])[::-1]
    assert len(found["logits"]) == found["vocabulary"]
    assert len(found["likeliest"]) == len(set(found["likeliest"])) == 3
    assert 0 <= found["after"] < len(found["text"])
    assert found["logits"][order[0]] > found["logits"][order[3]]
