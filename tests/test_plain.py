"""The first file of the lecture is right, and the fast path computes the same numbers: loss, gradients, updates, next tokens."""

from __future__ import annotations

import ast
import runpy
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from minigpt import ModelConfig, TrainConfig, Trainer, plain
from minigpt.backend import Backend
from minigpt.generate import Predictor, context_start
from minigpt.loss import CrossEntropy

SOURCE = Path(plain.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A network, a batch of B sequences of T tokens, and all that the fast path cuts it into."""

    B: int = 2
    T: int = 7
    n_layer: int = 2
    n_head: int = 2
    head_size: int = 3
    V: int = 11
    positions: int = 130
    threads: int = 1
    micro_batch: int | None = None
    tile: int = 64
    cache_bytes: int = 2**20
    chunk: int | None = None
    block: int = 4096
    spread: float = 0.5
    seed: int = 0
    architecture: str = "gpt1"

    def trainer(self, config: TrainConfig | None = None) -> Trainer:
        """The fast path in float64; with a spread of 0.5, attention and the softmax are far from uniform."""
        backend = Backend("tests")
        backend.tile, backend.cache_bytes = self.tile, self.cache_bytes
        width = self.n_head * self.head_size
        shape = self.n_layer, self.n_head, width, self.positions, self.V
        model = ModelConfig(*shape, dropout=0.0, initializer_range=self.spread, architecture=self.architecture)
        trainer = Trainer(model, config, threads=self.threads, micro_batch=self.micro_batch, backend=backend, dtype=np.float64)
        rng = np.random.default_rng(self.seed)
        trainer.load_state_dict({name: a + rng.normal(0, self.spread / 2, a.shape) for name, a in trainer.state_dict().items()})
        workspace = trainer.loss.workspace
        trainer.loss = CrossEntropy(trainer.models[0].output, workspace, trainer.workers, self.chunk, self.threads, self.block)
        return trainer

    def batch(self, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """x and y, (B, T) each."""
        x, y = np.random.default_rng([self.seed, number]).integers(0, self.V, (2, self.B, self.T))
        return x, y

    def plain(self, state: plain.State, number: int = 0) -> tuple[float, plain.State]:
        """The mean loss of the batch and its gradients, one sequence at a time."""
        found = [plain.loss_and_gradients(state, x, y, self.n_head) for x, y in zip(*self.batch(number), strict=True)]
        return sum(loss for loss, _ in found) / self.B, {name: sum(g[name] for _, g in found) / self.B for name in state}


def cases(T: list[int], B: int, tiles: list[int], cache_bytes: list[int], blocks: int) -> st.SearchStrategy[Case]:
    """Networks of up to three layers and heads, batches of up to B sequences of T tokens."""
    return st.builds(
        Case,
        B=st.integers(1, B),
        T=st.sampled_from(T),
        n_layer=st.integers(1, 3),
        n_head=st.integers(1, 3),
        head_size=st.integers(3, 5),
        V=st.integers(2, 40),
        positions=st.sampled_from([130, 131]),
        threads=st.integers(1, 3),
        micro_batch=st.none() | st.integers(1, B),
        tile=st.sampled_from(tiles),
        cache_bytes=st.sampled_from(cache_bytes),
        chunk=st.none() | st.integers(1, 2 * max(T)),
        block=st.integers(1, blocks),
        spread=st.sampled_from([0.05, 0.5]),
        seed=st.integers(0, 2**32),
        architecture=st.sampled_from(["gpt1", "gpt2"]),
    )


SHORT = cases([1, 7], 4, [1, 3, 64], [1, 500, 2**20], 20)
LONG = cases([63, 64, 65, 130], 2, [16, 64, 512], [10_000, 2**20], 40)


def assert_equal(found: plain.State, expected: plain.State, tolerance: float) -> None:
    """Name by name, relative to the largest element; what is zero but for rounding, to the largest of all."""
    assert found.keys() == expected.keys()
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in expected.items():
        assert found[name].dtype == array.dtype == np.float64
        scale = max(np.abs(array).max(), 1e-3 * largest)
        np.testing.assert_allclose(found[name], array, rtol=0, atol=tolerance * scale, err_msg=name)


@pytest.mark.slow
@settings(max_examples=30)
@example(Case(B=4, T=130, V=16_400, threads=3, n_layer=1, head_size=2))  # two chunks and two blocks a shard, as they come
@given(SHORT | LONG)
def test_the_fast_path_computes_what_plain_computes(case: Case) -> None:
    """The loss and every gradient, however the batch, the vocabulary and the memory are cut."""
    with closing(case.trainer()) as trainer:
        expected, gradients = case.plain(trainer.state_dict())
        for _ in range(2):  # the second time in buffers that are used already
            loss, found = trainer.loss_and_gradients(*case.batch())
            assert loss == pytest.approx(expected, rel=1e-12)
            assert_equal(found, gradients, 1e-12)


def test_scores_beyond_exp_are_no_trouble() -> None:
    """Attention's scores and the logits reach thousands, whose exponentials are infinite; both paths agree on the rest."""
    case = Case(spread=0.5)
    with closing(case.trainer()) as trainer:
        state = trainer.state_dict()
        state[plain.TOKENS] *= 1000
        assert abs(plain.gpt(case.batch()[0][0], state, case.n_head)[0]).max() > 1000
        trainer.load_state_dict(state)
        expected, gradients = case.plain(state)
        loss, found = trainer.loss_and_gradients(*case.batch())
        assert loss == pytest.approx(expected, rel=1e-12)
        assert_equal(found, gradients, 1e-9)  # exp turns the rounding of 1000 into a relative error


BOTH_SIDES = Case(B=4, T=7, spread=0.3)  # of the limit on the gradient's norm


@settings(max_examples=4, phases=[Phase.explicit, Phase.generate])  # shrinking would take minutes
@example(BOTH_SIDES, 0.1, 1e-2)
@given(SHORT, st.sampled_from([0.0, 0.1]), st.sampled_from([1e-2, 1e-3]))
def test_twenty_updates_lead_to_the_same_parameters(case: Case, decay: float, rate: float) -> None:
    """Each from another batch; clipped and not, with and without decay."""
    config = TrainConfig(learning_rate=rate, weight_decay=decay, clip_norm=1.0)
    with closing(case.trainer(config)) as trainer:
        state = trainer.state_dict()
        m, v, norms = plain.State(), plain.State(), list[float]()
        for step in range(1, 21):
            loss, gradients = case.plain(state, step)
            assert trainer.step(*case.batch(step)) == pytest.approx(loss, rel=1e-9)
            norms.append(sum(np.square(g).sum() for g in gradients.values()) ** 0.5)
            assert trainer.gradient_norm == pytest.approx(norms[-1], rel=1e-9)
            plain.adamw(state, gradients, m, v, step, rate, decay)
        assert_equal(trainer.state_dict(), state, 1e-9)
        assert case != BOTH_SIDES or min(norms) < 0.9 < 1.1 < max(norms)


@settings(max_examples=10)
@given(SHORT)
def test_plain_and_the_decoder_score_the_same_next_tokens(case: Case) -> None:
    """The same logits for a text that outgrows the window twice, from the context that the predictor's cache then holds."""
    case = replace(case, positions=6)
    with closing(case.trainer()) as trainer:
        state, predictor, ids = trainer.state_dict(), Predictor(trainer.models[0], case.positions), [0]
        while len(ids) < 2.5 * case.positions:
            logits, _ = plain.gpt(ids[context_start(len(ids), case.positions) :], state, case.n_head)
            np.testing.assert_allclose(predictor.logits(ids), logits[-1], rtol=1e-10, atol=1e-12)
            ids.append(int(logits[-1].argmax()))


@settings(max_examples=10)
@given(SHORT)
def test_plain_and_the_decoder_continue_alike(case: Case) -> None:
    """Greedily, token by token, within the window."""
    with closing(case.trainer()) as trainer:
        predictor, expected = Predictor(trainer.models[0], case.positions), case.batch()[0][0].tolist()
        found = plain.generate(trainer.state_dict(), expected, 15, case.n_head, 0, np.random.default_rng(0))
        for _ in range(15):
            expected = [*expected, int(predictor.logits(expected).argmax())]
        assert found == expected


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_plain_draws_from_the_softmax(temperature: float, rng: np.random.Generator) -> None:
    """Frequencies of 2,000 draws, each within five standard deviations; a window that is full sees its last tokens alone."""
    case = Case(T=1, n_layer=1, V=5, positions=3)
    with closing(case.trainer()) as trainer:
        state = trainer.state_dict()
    ids = [0, 1, 2, 3, 4]
    logits, _ = plain.gpt(ids[-3:], state, case.n_head)
    expected = np.exp(logits[-1] / temperature)
    expected /= expected.sum()
    drawn = [plain.generate(state, ids, 1, case.n_head, temperature, rng) for _ in range(2000)]
    assert all(text[:-1] == ids for text in drawn)
    frequencies = np.bincount([text[-1] for text in drawn], minlength=5) / 2000
    np.testing.assert_array_less(abs(frequencies - expected), 5 * np.sqrt(expected * (1 - expected) / 2000))
    assert expected.max() < 0.95


def test_plain_gradients_are_those_of_differences(rng: np.random.Generator) -> None:
    """Of every parameter, along a random direction, by central differences."""
    case = Case(T=9, n_layer=2)
    with closing(case.trainer()) as trainer:
        state = trainer.state_dict()
    x, y = case.batch()[0][0], case.batch()[1][0]
    _, gradients = plain.loss_and_gradients(state, x, y, case.n_head)
    for name, array in state.items():
        direction = rng.normal(size=array.shape)
        ahead, behind = (plain.loss_and_gradients({**state, name: array + h * direction}, x, y, case.n_head)[0] for h in (1e-5, -1e-5))
        assert (gradients[name] * direction).sum() == pytest.approx((ahead - behind) / 2e-5, rel=1e-6, abs=1e-9), name


def test_plain_keeps_the_type_of_its_numbers() -> None:
    """float32 in, float32 out; the parameters it is given stay as they are."""
    case = Case(T=5)
    with closing(case.trainer()) as trainer:
        state = {name: array.astype(np.float32) for name, array in trainer.state_dict().items()}
    before = {name: array.copy() for name, array in state.items()}
    x, y = case.batch()[0][0], case.batch()[1][0]
    loss, gradients = plain.loss_and_gradients(state, x, y, case.n_head)
    assert type(loss) is float
    assert {name: (g.shape, g.dtype) for name, g in gradients.items()} == {name: (a.shape, np.float32) for name, a in state.items()}
    assert all(np.array_equal(before[name], array) for name, array in state.items())
    m, v = plain.State(), plain.State()
    plain.adamw(state, gradients, m, v, 1, 1e-3, 0.1)
    assert {array.dtype for block in (state, m, v) for array in block.values()} == {np.dtype(np.float32)}


def test_plain_is_half_an_hour_long_and_needs_numpy_alone() -> None:
    """At most 180 lines of 100 columns; no import but NumPy and the standard library's."""
    lines = SOURCE.splitlines()
    assert len(lines) <= 180
    assert max(map(len, lines)) <= 100
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"numpy"}


@pytest.mark.slow
def test_plain_says_a_verse_that_it_has_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Trained as its command does: the loss falls from ln 128; word by word, the verse is the rhyme's."""
    runpy.run_path(str(plain.__file__), run_name="__main__")
    *steps, said = capsys.readouterr().out.splitlines()
    losses = [float(line.split()[-1]) for line in steps]
    assert losses[0] == pytest.approx(np.log(128), abs=0.1)
    assert losses[-1] < 0.3
    verse = "This is the dog that worried the cat that killed the rat that ate the malt that lay in the house that Jack built."
    right = sum(a == b for a, b in zip(said.split(": ")[1].split(), verse.split(), strict=False))
    assert right >= 20  # of 24
