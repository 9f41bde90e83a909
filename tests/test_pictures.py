"""The numbers in the pictures of the docs, without drawing: they are what the code computes."""

from __future__ import annotations

import ast
import math
import re
from contextlib import closing
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import (
    NAMES,
    attention,
    dataflow,
    flat_block,
    gelu,
    layer_norm,
    lifetimes,
    measure,
    softmax_blocks,
    tiles,
    workers,
)
from pictures.example import config, stored
from pictures.tracing import Trace

from minigpt import ModelConfig, Trainer
from minigpt.attention import Attention
from minigpt.backend import Backend
from minigpt.layers import Noise, Workspace
from minigpt.params import Parameters

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
numbers = st.floats(-5, 5).map(lambda x: round(x, 3))


@cache
def data(name: str) -> dict[str, Any]:
    """What a picture plots."""
    return import_module(f"pictures.{name}").data()


def words(name: str) -> set[str]:
    """Every text in a picture: matplotlib notes the words beside their outlines."""
    svg = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    return set(re.findall(r"<!-- (.*?) -->", svg))


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


def test_only_drawing_needs_matplotlib():
    for path in PICTURES.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "matplotlib" not in ast.unparse(node), path


# ---- data flow -----------------------------------------------------------------------------


@pytest.mark.parametrize(("B", "T"), [(1, 1), (2, 7), (3, 16)])
def test_shapes_of_a_step_are_those_that_the_axes_say(tiny_dropout: ModelConfig, B: int, T: int):
    s = dataflow.step(tiny_dropout, B, T)
    C, n = tiny_dropout.n_embd, tiny_dropout.parameters
    assert s["x"] == s["y"] == (B, T)
    assert s["embedded"] == s["into"] == s["out"] == s["hidden"] == s["dhidden"] == (B * T, C)
    assert s["targets"] == (B * T,)
    assert s["weights"] == (B, tiny_dropout.n_head, T, T)
    assert s["loss"] == s["mean"] == ()
    assert s["gradients"] == s["m"] == s["v"] == s["parameters"] == (n,)


def test_the_data_flow_shows_the_shapes_of_today():
    d = data("dataflow")
    assert d["shapes"]["parameters"] == (config().parameters,)
    shown = {word for row in dataflow.boxes(d) for box in row for word in box if word}
    assert shown <= words("dataflow")


# ---- the flat block ------------------------------------------------------------------------


def test_the_flat_block_is_whole_and_its_vectors_do_not_decay():
    d = data("flat_block")
    spans = d["spans"]
    assert [start for _, start, _, _ in spans] == [0, *(stop for _, _, stop, _ in spans[:-1])]
    assert spans[-1][2] == d["n"] == config().parameters
    shapes = Parameters(config(), Backend("tests")).shapes
    assert sorted(shapes) == sorted(name for name, *_ in spans)
    for name, start, stop, decays in spans:
        assert stop - start == math.prod(shapes[name])
        assert decays == (stop <= d["n_decayed"]) == (len(shapes[name]) > 1)


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
    trace, workspace = Trace(), Workspace(Backend("tests"))
    trace.watch(workspace)
    first = workspace.take("x", (3, 4))
    first[...] = 1
    half = first.T[1:]
    second = workspace.take("x", (2, 4))
    np.multiply(half[:, :2], 2, out=second.T[1:])
    assert trace.stale == ["x"]
    np.exp(second, out=second)
    assert trace.stale == ["x"]
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


# ---- layer norm ----------------------------------------------------------------------------


@given(x=st.lists(numbers, min_size=3, max_size=3), dz=st.lists(numbers, min_size=3, max_size=3))
def test_layer_norm_projects(x: list[float], dz: list[float]):
    x, dz = np.array(x), np.array(dz)
    if x.std() < 0.01:
        return
    z, dx, inverse_std = layer_norm.layer_norm(x, dz)
    assert z.sum() == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(z) == pytest.approx(math.sqrt(3))
    # what comes back is tangent: to the plane of mean 0, and in it to the circle
    scale = 1e-9 * (1 + np.abs(dz).max() * inverse_std)
    assert dx.sum() == pytest.approx(0, abs=scale)
    assert dx @ z == pytest.approx(0, abs=scale)


def test_the_vectors_of_the_layer_norm_add_up():
    d = data("layer_norm")
    assert d["radial"] + d["tangent"] == pytest.approx(d["dz_centered"])
    assert d["tangent"] @ d["radial"] == pytest.approx(0, abs=1e-12)
    assert d["dx"] == pytest.approx(d["tangent"] / d["std"])
    assert d["z"] == pytest.approx(d["centered"] / d["std"])
    assert np.linalg.norm(d["dx"]) > 0.5
    plane = layer_norm.PLANE
    assert plane @ plane.T == pytest.approx(np.eye(2))
    assert plane.sum(axis=1) == pytest.approx(0)


# ---- GELU ----------------------------------------------------------------------------------


def test_the_slope_of_gelu_is_its_derivative():
    d = data("gelu")
    x, y = d["x"], d["y"]
    assert y == pytest.approx(x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    above, below = gelu.gelu(x + 1e-5)[0], gelu.gelu(x - 1e-5)[0]
    assert d["slope"] == pytest.approx((above - below) / 2e-5, abs=1e-9)
    assert gelu.gelu(np.zeros(1))[1] == 0.5


def test_the_points_of_gelu_are_its_lowest_and_steepest():
    d = data("gelu")
    slope_there = np.interp(d["lowest"][0], d["x"], d["slope"])
    assert slope_there == pytest.approx(0, abs=0.01)
    at, steepest = d["steepest"]
    assert (gelu.gelu(np.array([at - 0.2, at + 0.2]))[1] < steepest).all()
    shown = words("gelu")
    assert {f"lowest: {d['lowest'][1]:.2f}", f"steepest: {steepest:.2f}"} <= shown


# ---- tiles ---------------------------------------------------------------------------------


@given(T=st.integers(1, 70), tile=st.integers(1, 40))
def test_tiles_cover_what_is_needed_once_and_little_else(T: int, tile: int):
    found = tiles.tiles(T, tile)
    needed = np.tri(T, dtype=int)
    for covered in tiles.covered(found, T):
        assert (covered <= 1).all()
        assert (covered >= needed).all()
        assert (covered - needed).sum() == sum(n * (n - 1) // 2 for n in sizes(found))


def sizes(found: list[Any]) -> list[int]:
    """The sides of tiles."""
    return [tile.rows.stop - tile.rows.start for tile in found]


def test_the_layer_computes_the_tiles_that_are_drawn(rng: np.random.Generator):
    T = 150
    config = ModelConfig(n_layer=1, n_head=1, n_embd=4, n_positions=T, vocab_size=2)
    backend = Backend("tests")
    parameters, workspace = Parameters(config, backend), Workspace(backend)
    parameters.initialize(rng)
    layer = Attention(0, parameters, workspace, Noise(backend))
    layer.buffer("weights", 1, 1, T, T)[...] = np.nan
    layer.forward(rng.standard_normal((T, 4), dtype=np.float32), 1)
    computed = tiles.covered(tiles.tiles(T), T)[0] > 0
    assert np.array_equal(~np.isnan(layer.weights[0, 0]), computed)


def test_the_scores_of_the_tiles_are_counted():
    d = data("tiles")
    assert d["needed"] == d["T"] * (d["T"] + 1) // 2
    assert d["needed"] + d["masked"] + d["skipped"] == d["all"] == d["T"] ** 2
    shown = " ".join(words("tiles"))
    assert all(f"{d[part]:,} ({d[part] / d['all']:.0%})" in shown for part in tiles.PARTS)


# ---- softmax in blocks ---------------------------------------------------------------------


@settings(max_examples=50)
@given(
    logits=st.lists(st.floats(-300, 300), min_size=1, max_size=40),
    shards=st.integers(1, 4),
    block=st.integers(1, 20),
)
def test_shares_make_exponentials_the_softmax(logits: list[float], shards: int, block: int):
    x = np.array(logits)
    parts = softmax_blocks.in_blocks(x, shards, block)
    ends = parts["blocks"]
    assert [start for start, _ in ends] == [0, *(stop for _, stop in ends[:-1])]
    assert ends[-1][1] == len(x)
    for (start, stop), largest, total in zip(ends, parts["maxima"], parts["sums"], strict=True):
        assert largest == x[start:stop].max()
        assert total == pytest.approx(np.exp(x[start:stop] - largest).sum())
    softmax = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    scaled = [e * s for e, s in zip(parts["exponentials"], parts["shares"], strict=True)]
    assert np.concatenate(scaled) == pytest.approx(softmax, rel=1e-9, abs=1e-300)


def test_what_is_known_after_the_last_block_is_the_whole():
    d = data("softmax_blocks")
    x = d["logits"]
    assert len(x) == config().vocab_size
    assert d["running"][-1] == x.max()
    assert d["totals"][-1] == pytest.approx(np.exp(x - x.max()).sum())
    assert d["shares"] == pytest.approx(np.exp(d["maxima"] - x.max()) / d["totals"][-1])
    assert d["softmax"].sum() == pytest.approx(1)
    for i, word in d["likeliest"]:
        assert f"{word.strip()} {d['softmax'][i]:.0%}" in words("softmax_blocks")
    assert {f"sum {s:.2f}" for s in d["sums"]} <= words("softmax_blocks")


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
        before = trainer.workers.map, trainer.loss.run
        found = measure.timed_step(trainer, x, y)
        assert before == (trainer.workers.map, trainer.loss.run)
        assert trainer.optimizer.step == 2
    assert_a_step(found["spans"], found["milliseconds"])


# ---- the V of the check --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float64", "float32"])
def test_the_v_is_lowest_near_the_cube_root_of_the_rounding_error(name: str):
    d = data("central_difference")
    curve, steps, best = d["curves"][name], d["steps"], d["best"][name]
    third = d["eps"][name] ** (1 / 3)
    assert third / 5 < best < 5 * third
    assert curve.min() < 100 * d["eps"][name] ** (2 / 3)
    right = (steps > 2 * best) & (steps < 0.1)
    left = (steps < best / 10) & (steps > 10 * d["eps"][name])
    for side, slope in ((right, 2), (left, -1)):
        assert side.sum() >= 4
        fitted = np.polyfit(np.log(steps[side]), np.log(curve[side]), 1)[0]
        assert fitted == pytest.approx(slope, abs=0.25)


def test_the_step_of_the_check_is_far_below_its_tolerance():
    d = data("central_difference")
    assert d["at_step"] < d["tolerance"] / 100
    assert d["curves"]["float32"].min() > d["tolerance"]  # why the check computes in float64
    third = d["eps"]["float64"] ** (1 / 3)
    assert {f"{third:.1e}", f"step {d['step']:.0e}"} <= words("central_difference")


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
