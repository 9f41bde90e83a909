"""The pictures of mathematics, without drawing: their numbers are what the layers compute."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_numbers import data, words
from pictures import gelu, layer_norm, softmax_blocks, tiles
from pictures.example import config

from minigpt.attention import Attention, Tile
from minigpt.backend import Backend, Workspace
from minigpt.config import ModelConfig
from minigpt.model import new_parameters

numbers = st.floats(-5, 5).map(lambda x: round(x, 3))


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


def sizes(found: Sequence[Tile]) -> list[int]:
    """The sides of tiles."""
    return [tile.rows.stop - tile.rows.start for tile in found]


def test_the_layer_computes_the_tiles_that_are_drawn(rng: np.random.Generator):
    T = 150
    config = ModelConfig(n_layer=1, n_head=1, n_embd=4, n_positions=T, vocab_size=2)
    backend = Backend("tests")
    parameters, workspace = new_parameters(config, backend), Workspace(backend)
    parameters.initialize(rng)
    layer = Attention("transformer.h.0.attn", parameters, workspace)
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
