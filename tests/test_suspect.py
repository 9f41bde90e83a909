"""Of a wrong backward the check names the right suspect and the kind of mistake; of a right one, nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from few import few
from hypothesis import given
from hypothesis import strategies as st

from minigpt.attention import Attention
from minigpt.backend import Array, Backend
from minigpt.gradcheck import LAYERS, MODELS, Setting, check_gradients, report
from minigpt.gradcheck.patterns import constant_ratio, mistake, permutation
from minigpt.gradcheck.suspect import NONE_WRONG, Suspect, first_suspect
from minigpt.gradcheck.where import where_wrong
from minigpt.layers import Dropout, Gelu, Layer, LayerNorm, Linear
from minigpt.loss import CrossEntropy, Shard
from minigpt.model import Block, Embedding
from minigpt.params import Parameters

Method = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """A wrong method, what is then checked, and what the check has to say.

    `wrong` takes the right method and returns the wrong one. `only`: layers, in the order of the check. `says`: parts of the hints.
    """

    owner: type
    method: str
    wrong: Callable[[Method], Method]
    only: tuple[str, ...]
    layer: str
    parameter: str
    says: tuple[str, ...]
    settings: tuple[Setting, ...] = LAYERS[:4]
    models: tuple[Setting, ...] = ()


def after(change: Callable[[Any, Array], Any]) -> Callable[[Method], Method]:
    """What backward returns, changed: change(layer, dx)."""
    return lambda right: lambda layer, dy, *rest: change(layer, right(layer, dy, *rest))


def before(change: Callable[[Any, Array], Any]) -> Callable[[Method], Method]:
    """Something else done first, and then the right backward: change(layer, dy)."""
    return lambda right: lambda layer, dy, *rest: (change(layer, dy), right(layer, dy, *rest))[1]


def instead(backward: Callable[[Any, Array], Array]) -> Callable[[Method], Method]:
    """Another backward."""
    return lambda right: backward


def adds_mean(layer: Linear, dy: Array) -> None:
    layer.bias.grad += dy.mean(axis=0) - dy.sum(axis=0)


def takes_back_bias(layer: Linear, dy: Array) -> None:
    layer.bias.grad -= dy.sum(axis=0)


def adds_gain_again(layer: LayerNorm, dy: Array) -> None:
    layer.gain.grad += (dy * layer.normalized).sum(axis=0)


def swaps_gain_and_bias(layer: LayerNorm, dy: Array) -> None:
    difference = (dy * layer.normalized).sum(axis=0) - dy.sum(axis=0)
    layer.bias.grad += difference
    layer.gain.grad -= difference


def replaces(layer: Linear, dy: Array) -> None:
    layer.bias.grad[...] = 0


def transposes(layer: Linear, dy: Array) -> None:
    product = layer.x.T @ dy
    layer.weight.grad += np.ascontiguousarray(product.T).reshape(product.shape) - product


def forgets_mean(layer: LayerNorm, dy: Array) -> Array:
    layer.gain.grad += (dy * layer.normalized).sum(axis=0)
    layer.bias.grad += dy.sum(axis=0)
    dz, z = dy * layer.gain.value, layer.normalized
    return (dz - z * (dz * z).mean(axis=1, keepdims=True)) * layer.inverse_std


def masks_in_place(layer: Dropout, dy: Array) -> Array:
    if layer.mask is not None:
        dy *= layer.mask
    return dy


def zero_beyond_the_first_piece(layer: LayerNorm, dx: Array) -> Array:
    for rows in layer.backend.pieces(dx)[1:]:
        dx[rows] = 0
    return dx


def larger_beyond_the_first_tile(layer: Attention, dx: Array) -> Array:
    B, _, T, _ = layer.weights.shape
    dx.reshape(B, T, -1)[:, layer.tile :] *= 1.5
    return dx


def last_row_lost(layer: Gelu, dx: Array) -> Array:
    dx[-1] = 0
    return dx


def without_scale(right: Method) -> Method:
    def backward(layer: Attention, dy: Array) -> Array:
        scale, layer.scale = layer.scale, 1.0
        dx = right(layer, dy)
        layer.scale = scale
        return dx

    return backward


def reorders(order: Callable[..., Any]) -> Callable[[Method], Method]:
    """Takes the parts of dqkv, not those of qkv, in another order."""

    def wrong(right: Method) -> Method:
        def backward(layer: Attention, dy: Array) -> Array:
            project, (B, H, T, _) = layer.project_in, layer.weights.shape

            def reordered(dqkv: Array) -> Array:
                parts = np.stack(order(*dqkv.reshape(B, T, 3, H, -1).transpose(2, 0, 3, 1, 4)))  # (3, B, H, T, D)
                return type(project).backward(project, parts.transpose(1, 3, 0, 2, 4).reshape(dqkv.shape))

            project.backward = reordered
            try:
                return right(layer, dy)
            finally:
                del project.backward

        return backward

    return wrong


def without_residual(block: Block, dy: Array) -> Array:
    d = block.mlp.backward(block.mlp_dropout.backward(block.ln_2.backward(dy)))
    d = block.ln_1.backward(d)
    d += block.attn.backward(block.attn_dropout.backward(d))
    return d


def loses_repetitions(right: Method) -> Method:
    def add_rows(backend: Backend, target: Array, ids: Array, rows: Array) -> None:
        target[ids] += rows

    return add_rows


def only_positions(layer: Embedding, dx: Array) -> None:
    B, T = layer.ids.shape
    layer.positions.grad[layer.start : layer.start + T] += dx.reshape(B, T, -1).sum(axis=0)


def saves_in_scratch(right: Method) -> Method:
    def forward(layer: Gelu, x: Array, **rest: bool) -> Array:
        own = layer.buffer
        layer.buffer = lambda role, *shape: (layer.scratch if role == "slope" else own)(role, *shape)
        try:
            return right(layer, x, **rest)
        finally:
            layer.buffer = own

    return forward


def reads_its_result(right: Method) -> Method:
    """The gradient by the result of forward, which belongs to the caller by then."""
    return lambda layer, dy: right(layer, dy) + 0 * layer.buffer("y", *dy.shape)


FAULTS = {
    "a sign": Fault(Linear, "backward", after(lambda layer, dx: -dx), ("Linear",), "Linear", "dx", ("everywhere: it has the wrong sign",)),
    "a half": Fault(
        Gelu,
        "backward",
        after(lambda layer, dx: dx / 2),
        ("Gelu", "Mlp"),
        "Gelu",
        "dx",
        ("everywhere: a missing or extra factor (ratio 0.5)",),
    ),
    "a tiny factor": Fault(Linear, "backward", after(lambda layer, dx: dx * 1.00001), ("Linear",), "Linear", "dx", ("(ratio 1.00001)",)),
    "a mean instead of a sum": Fault(
        Linear, "backward", before(adds_mean), ("Linear",), "Linear", "h.1.mlp.c_fc.bias", ("here 1 / (B T))",), LAYERS
    ),
    "a path that is missing": Fault(
        Linear, "backward", before(takes_back_bias), ("Linear",), "Linear", "h.1.mlp.c_fc.bias", ("everywhere: it is 0",)
    ),
    "added twice": Fault(
        LayerNorm, "backward", before(adds_gain_again), ("LayerNorm",), "LayerNorm", "h.1.ln_1.weight", ("everywhere: it is twice",)
    ),
    "two gradients swapped": Fault(
        LayerNorm,
        "backward",
        before(swaps_gain_and_bias),
        ("LayerNorm",),
        "LayerNorm",
        "h.1.ln_1.weight",
        ("the gradient of h.1.ln_1.bias",),
    ),
    "replaced instead of added": Fault(
        Linear, "backward", before(replaces), ("Linear",), "Linear", "h.1.mlp.c_fc.bias", ("it overwrites the gradient",)
    ),
    "transposed": Fault(Linear, "backward", before(transposes), ("Linear",), "Linear", "h.1.mlp.c_fc.weight", ("it is transposed",)),
    "a mean as a constant": Fault(
        LayerNorm, "backward", instead(forgets_mean), ("LayerNorm",), "LayerNorm", "dx", ("the same amount is missing all along each row",)
    ),
    "no division by the deviation": Fault(
        LayerNorm,
        "backward",
        after(lambda layer, dx: dx / layer.inverse_std),
        ("LayerNorm",),
        "LayerNorm",
        "dx",
        ("each row is off by its own factor",),
    ),
    "no mask": Fault(
        Dropout,
        "backward",
        instead(lambda layer, dy: dy),
        ("Dropout",),
        "Dropout",
        "dx",
        ("a mask is missing", "those with dropout (the mask?)"),
        LAYERS[:2],
    ),
    "a loan overwritten": Fault(
        Dropout,
        "backward",
        instead(masks_in_place),
        ("Dropout",),
        "Dropout",
        "dy (lent)",
        ("it writes into an array that is only lent to it",),
    ),
    "a gift read": Fault(Gelu, "backward", reads_its_result, ("Gelu",), "Gelu", "dx", ("it is NaN or infinite", "what forward returned?")),
    "no scale": Fault(
        Attention,
        "backward",
        without_scale,
        ("Linear", "Attention"),
        "Attention",
        "h.1.attn.c_attn.weight",
        ("(q): a missing or extra factor", "here sqrt(D))", "right up to h.1.attn.c_proj and wrong from h.1.attn.c_attn on"),
        (LAYERS[0], LAYERS[2], LAYERS[6]),
    ),
    "keys and values swapped": Fault(
        Attention,
        "backward",
        reorders(lambda q, k, v: (q, v, k)),
        ("Linear", "Attention"),
        "Attention",
        "h.1.attn.c_attn.weight",
        ("only in columns 6 to 17 (k and v): its columns are permuted", "columns 6 to 11 hold what belongs in 12 to 17"),
    ),
    "heads permuted": Fault(
        Attention,
        "backward",
        reorders(lambda *parts: [part[:, ::-1] for part in parts]),
        ("Linear", "Attention"),
        "Attention",
        "h.1.attn.c_attn.weight",
        ("columns 0 to 2 hold what belongs in 3 to 5 (a head has 3)", "with several heads"),
    ),
    "a tile too short": Fault(
        Attention,
        "backward",
        after(larger_beyond_the_first_tile),
        ("Linear", "Attention"),
        "Attention",
        "dx",
        ("only in rows beyond the first tile", "everything that backward reaches before it is right", "those with several tiles"),
        (LAYERS[0], LAYERS[5]),
    ),
    "only the first piece": Fault(
        LayerNorm,
        "backward",
        after(zero_beyond_the_first_piece),
        ("LayerNorm",),
        "LayerNorm",
        "dx",
        ("only in rows beyond the first piece (a boundary?): it is 0", "in 2 of 8 settings, those with several pieces"),
        LAYERS,
    ),
    "the last row": Fault(Gelu, "backward", after(last_row_lost), ("Gelu",), "Gelu", "dx", ("only in the last row", "it is 0")),
    "repeated ids": Fault(
        Backend,
        "add_rows",
        loses_repetitions,
        ("Embedding",),
        "Embedding",
        "tokens_embed.weight",
        ("only in the tokens that occur more than once",),
    ),
    "another block's share": Fault(
        Shard,
        "backward",
        lambda right: lambda shard, hidden, shares, *rest: right(shard, hidden, np.broadcast_to(shares[:1], shares.shape), *rest),
        ("CrossEntropy",),
        "CrossEntropy",
        "tokens_embed.weight",
        ("with several blocks a shard",),
        (LAYERS[0], LAYERS[5]),
    ),
    "the mean of a part": Fault(
        CrossEntropy,
        "forward_backward",
        lambda right: lambda loss, h, y, total, backward=True: right(loss, h, y, None if backward else total, backward),
        ("CrossEntropy",),
        "CrossEntropy",
        "tokens_embed.weight",
        ("(ratio 3", "in all 2 settings"),
        LAYERS[:2],
    ),
    "no residual": Fault(
        Block,
        "backward",
        instead(without_residual),
        ("LayerNorm", "Attention", "Mlp", "Block"),
        "Block",
        "h.1.ln_1.weight",
        ("right up to h.1.mlp.c_fc and wrong from h.1.ln_1 on",),
        LAYERS[:1],
    ),
    "nothing returned": Fault(Gelu, "backward", instead(lambda layer, dy: None), ("Gelu",), "Gelu", "dx", ("backward returns nothing",)),
    "a shape": Fault(Linear, "backward", after(lambda layer, dx: dx.T), ("Linear",), "Linear", "dx", ("its shape is (6, 14)",)),
    "a shared buffer": Fault(
        Gelu,
        "forward",
        saves_in_scratch,
        ("Gelu", "Mlp", "GPT"),
        "GPT",
        "h.0.mlp.c_fc.weight",
        ("only early blocks are wrong", "right up to h.0.mlp.c_proj"),
        LAYERS[:1],
        MODELS[:1],
    ),
    "a step before": Fault(
        Parameters,
        "zero_gradients",
        lambda right: lambda parameters: None,
        ("Gelu", "GPT"),
        "GPT",
        "h.1.ln_2.weight",
        ("it still contains the previous step's gradient", "it is the first that backward reaches"),
        LAYERS[:1],
        MODELS[:1],
    ),
    "a second worker": Fault(
        Embedding,
        "backward",
        before(lambda layer, dx: layer.positions.blocks.n_shared and only_positions(layer, dx)),
        ("Gelu", "GPT"),
        "GPT",
        "positions_embed.weight",
        ("in 1 of 2 settings, those", "with several workers", "everything that backward reaches before it is right"),
        LAYERS[:1],
        (MODELS[0], MODELS[3]),
    ),
    "an embedding that is not tied": Fault(
        Embedding,
        "backward",
        instead(only_positions),
        ("Gelu", "GPT"),
        "GPT",
        "tokens_embed.weight",
        ("only in the tokens that occur in the input",),
        LAYERS[:1],
        MODELS[:1],
    ),
    "float32 alone": Fault(
        LayerNorm,
        "backward",
        after(lambda layer, dx: dx * (2 if dx.dtype == np.float32 else 1)),
        ("LayerNorm", "GPT"),
        "GPT",
        "h.1.mlp.c_proj.weight",
        ("all are right in float64", "everywhere: it is twice"),
        LAYERS[:1],
        MODELS[:1],
    ),
}


def accused(fault: Fault, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> tuple[Suspect | None, list[str]]:
    """The suspect, and what is printed about it, where this fault is planted."""
    monkeypatch.setattr(fault.owner, fault.method, fault.wrong(getattr(fault.owner, fault.method)))
    results = list(check_gradients(backend, 0, fault.settings, fault.models, fault.only))
    suspect = first_suspect(results, backend, 0)
    return suspect, report.accused(suspect, results, "a file, line 1") if suspect else []


@pytest.mark.parametrize("name", few(FAULTS, 0, 3, 6, 9, 12))
def test_a_planted_mistake_is_found_and_named(name: str, cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer and gradient in which it was planted, not those that it contaminates; and what kind of mistake it is."""
    fault = FAULTS[name]
    suspect, lines = accused(fault, cpu, monkeypatch)
    assert suspect is not None
    assert (suspect.layer, suspect.parameter) == (fault.layer, fault.parameter)
    hints = "\n".join(text for _, text in suspect.hints)
    assert [words for words in fault.says if words not in hints] == []
    assert max(map(len, lines)) <= report.WIDTH


def test_a_check_that_passes_accuses_nobody(cpu: Backend) -> None:
    """No layer is wrong as it stands."""
    results = list(check_gradients(cpu, 0, LAYERS[1:2], MODELS[:1]))
    assert len(results) > 50 and first_suspect(results, cpu, 0) is None


def test_a_kink_is_not_taken_for_a_wrong_element(cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """ReLU with a right backward: the model's longer steps cross its kink, and the check says that each element agrees."""

    def relu(layer: Gelu, x: Array, gift: bool = False) -> Array:
        layer.slope = (x > 0).astype(x.dtype)
        return x * layer.slope

    monkeypatch.setattr(Gelu, "forward", relu)
    results = list(check_gradients(cpu, 0, LAYERS[:1], MODELS[2:3], ("Gelu", "GPT")))
    suspect = first_suspect(results, cpu, 0)
    assert suspect is not None and suspect.layer == "GPT"
    assert ("hint", NONE_WRONG) in suspect.hints


def test_the_element_shown_is_the_one_that_is_off_the_most(cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both values, and its place."""

    def one_element(layer: Layer, dx: Array) -> Array:
        dx[2, 3] += 7
        dx[4, 1] += 5
        return dx

    fault = Fault(Gelu, "backward", after(one_element), ("Gelu",), "Gelu", "dx", ())
    suspect, _ = accused(fault, cpu, monkeypatch)
    assert suspect is not None and suspect.element is not None
    assert suspect.element.index == (2, 3)
    assert suspect.element.analytic - suspect.element.numeric == pytest.approx(7)


def test_whatever_contains_the_suspect_is_not_accused(cpu: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linear stands in the MLP, in attention and in the model: all fail, and all but the first are said to follow."""
    fault = Fault(Linear, "backward", after(lambda layer, dx: -dx), (), "Linear", "dx", (), LAYERS[:1], MODELS[:1])
    suspect, lines = accused(fault, cpu, monkeypatch)
    assert suspect is not None and suspect.layer == "Linear"
    (follows,) = [line for line in lines if line.startswith("then")]
    assert "more in Mlp, Attention, Block, PreNormBlock, GPT" in follows


# --- the patterns alone

matrices = st.tuples(st.integers(3, 6), st.integers(3, 6), st.integers(0, 2**32 - 1)).map(
    lambda sizes: np.random.default_rng(sizes[2]).standard_normal(sizes[:2])
)


@given(matrices, st.floats(-100, 100).filter(lambda r: abs(r - 1) > 1e-3))
def test_a_constant_ratio_is_found_through_the_noise_of_differences(numeric: Array, ratio: float) -> None:
    """An error of 1e-8 of the largest element, as differences have, hides nothing."""
    noisy = numeric + 1e-8 * np.abs(numeric).max() * np.sin(np.arange(numeric.size)).reshape(numeric.shape)
    found = constant_ratio(ratio * numeric, noisy)
    assert found is not None and found == pytest.approx(ratio, abs=1e-4)


@given(matrices, st.sampled_from([0, -1]), st.randoms(use_true_random=False))
def test_a_permutation_is_found_and_says_what_went_where(numeric: Array, axis: int, random: Any) -> None:
    """Of rows as of columns."""
    order = list(range(numeric.shape[axis]))
    random.shuffle(order)
    if order != sorted(order):
        found = permutation(numeric.take(order, axis), numeric, axis)
        assert found is not None and found.tolist() == order


@given(matrices, st.integers(0, 2**32 - 1))
def test_numbers_that_have_nothing_to_do_with_each_other_are_not_explained(numeric: Array, seed: int) -> None:
    """A hint is a claim: where no pattern holds, there is none."""
    assert mistake(np.random.default_rng([seed, 1]).standard_normal(numeric.shape) + 3, numeric) is None


@given(matrices, st.data())
def test_the_place_is_exactly_the_wrong_rows_and_columns(numeric: Array, data: st.DataObject) -> None:
    """A range of rows or columns that is wrong is named, whatever its bounds."""
    axis = data.draw(st.sampled_from([0, 1]))
    size = numeric.shape[axis]
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1 if first else size - 2))
    at = (slice(None),) * axis + (slice(first, last + 1),)
    analytic = numeric.copy()
    analytic[at] += np.sign(analytic[at]) + (analytic[at] == 0)
    place, _ = where_wrong(analytic, numeric, 1e-6, {})
    what = ("row", "column")[axis]
    assert place == f"only in {what}{f's {first} to {last}' if last > first else f' {first}'}"
