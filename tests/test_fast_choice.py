"""Which layers are compiled: those that agree with the lecture's. A change there is what runs, and without numba NumPy does it all."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import numba
import numpy as np
import pytest
from fast_pairs import NUMPY, same

from minigpt import model
from minigpt.attention import Attention
from minigpt.backend import Backend, Workspace, choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.errors import MinigptError
from minigpt.fast.install import to_install
from minigpt.fast.layers import FASTER
from minigpt.generate import Predictor
from minigpt.layers import Dropout, Gelu, LayerNorm, Linear, Mlp
from minigpt.loss import Shard
from minigpt.model import GPT, Block, PreNormBlock, new_parameters
from minigpt.optim import AdamW, add_up
from minigpt.params import Parameters
from minigpt.trainer import Trainer

ROOT = Path(__file__).parent.parent
CONFIG = ModelConfig(n_layer=2, n_head=2, n_embd=16, n_positions=8, vocab_size=23, dropout=0.2, layer_norm_epsilon=0.1)
TRAINING = TrainConfig(learning_rate=0.05, weight_decay=0.5, epsilon=0.01, clip_norm=0.01)
IDS = np.random.default_rng(0).integers(0, CONFIG.vocab_size, (3, 9))


def outcome(backend: Backend) -> list[np.ndarray]:
    """Gradients, and the parameters after three updates; the loss with and without dropout."""
    trainer = Trainer(CONFIG, TRAINING, threads=2, backend=backend, dtype=np.float64)
    trainer.parameters.values[...] = np.random.default_rng(1).standard_normal(trainer.parameters.n) / 2
    x, y = IDS[:, :-1], IDS[:, 1:]
    gradients = trainer.loss_and_gradients(x, y)[1]
    losses = [trainer.step(x, y) for _ in range(3)]
    found = [np.array([*losses, trainer.evaluate(x, y)]), *gradients.values(), *trainer.state_dict().values()]
    trainer.close()
    return found


def test_all_parts_are_compiled_where_they_agree() -> None:
    backend = choose_backend("cpu")
    assert type(backend) is Backend
    assert backend.faster == FASTER
    assert backend.reason == f"NumPy {np.__version__} and numba {numba.__version__} on the CPU"
    assert backend.kernels == f"numba {numba.__version__}"
    assert NUMPY.kernels == "NumPy alone"


# --- a change of the lecture: where, the line, what takes its place, and the parts that then are not compiled
ON_GENERATORS = "Dropout, Attention"  # attention drops its weights
IN_BLOCKS = "{}, Block, PreNormBlock"  # which read a row with it
EDITS = [
    (LayerNorm, "forward", "return y", "return 1.01 * y", IN_BLOCKS.format("LayerNorm")),
    (LayerNorm, "forward", " + self.epsilon", "", IN_BLOCKS.format("LayerNorm")),
    (LayerNorm, "forward", "y[rows] += self.bias.value", "y[rows] += 1.01 * self.bias.value", IN_BLOCKS.format("LayerNorm")),
    (LayerNorm, "backward", "+= p.sum(axis=0)", "+= 1.01 * p.sum(axis=0)", "LayerNorm"),
    (LayerNorm, "backward", "+= dy[rows].sum(axis=0)", "+= 1.01 * dy[rows].sum(axis=0)", "LayerNorm"),
    (LayerNorm, "backward", "dz -= dz @ self.average", "pass", "LayerNorm"),
    (LayerNorm, "backward", "return dx", "return 1.01 * dx", "LayerNorm"),
    (Gelu, "forward", "return y", "return 1.01 * y", IN_BLOCKS.format("Gelu")),
    (Gelu, "forward", "6 * self.SCALE", "6.06 * self.SCALE", "Gelu"),
    (Gelu, "backward", "multiply(dy,", "multiply(1.01 * dy,", ""),  # the compiled form has this backward
    (Dropout, "draw", "self.keep, self.mask)", "0.99 * self.keep, self.mask)", ON_GENERATORS),
    (Dropout, "forward", "multiply(x,", "multiply(1.01 * x,", "Dropout"),
    (Dropout, "forward", "return x\n", "return 1.01 * x\n", IN_BLOCKS.format("Dropout")),
    (Dropout, "backward", "multiply(dy,", "multiply(1.01 * dy,", "Dropout"),
    (Attention, "forward", "*= self.scale", "*= 1.01 * self.scale", IN_BLOCKS.format("Attention")),
    (Attention, "forward", "dropped = w\n", "dropped = 1.01 * w\n", IN_BLOCKS.format("Attention")),  # without dropout
    (Attention, "forward", "multiply(w, mask", "multiply(1.01 * w, mask", "Attention"),
    (Attention, "forward", "w /= w.sum", "w /= 1.01 * w.sum", IN_BLOCKS.format("Attention")),
    (Attention, "backward", "ds -= total", "ds -= 1.01 * total", "Attention"),
    (Attention, "backward", "*= self.scale", "*= 1.01 * self.scale", "Attention"),
    (Attention, "backward", "down = dropped[", "down = 1.01 * dropped[", "Attention"),
    (Attention, "backward", "down = dscores[", "down = 1.01 * dscores[", "Attention"),
    (Shard, "exponentials", "xp.exp(part,", "xp.exp(1.01 * part,", "Shard"),
    (Shard, "exponentials", "xp.sum(part,", "xp.sum(1.01 * part,", "Shard"),
    (Shard, "backward", "dhidden += product", "dhidden += 1.01 * product", ""),  # the compiled form has this one too
    (AdamW, "update", "m += g", "m += 1.01 * g", "AdamW"),
    (AdamW, "update", "v += g", "v += 1.01 * g", "AdamW"),
    (AdamW, "update", "p -= change", "p -= 1.01 * change", "AdamW"),
    (AdamW, "update", "p[:decayed] *= 1 - rate * c.weight_decay", "pass", "AdamW"),
    (AdamW, "update", "change += c.epsilon", "change += 1.01 * c.epsilon", "AdamW"),
    (AdamW, "update", "scale = c.clip_norm / norm", "scale = 1.01 * c.clip_norm / norm", "AdamW"),
    (None, "add_up", "+= other[", "+= 1.01 * other[", "add_up"),
    (None, "add_up", "float(total.dot(total))", "1.01 * float(total.dot(total))", "add_up"),
]


def edit(owner: Any, name: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the source of a method, or of a function of the optimizer."""
    function: Any = getattr(owner, name) if owner else add_up
    source = dedent(inspect.getsource(function))
    assert source.count(old) == 1
    namespace: dict[str, Any] = {}
    exec("from __future__ import annotations\n" + source.replace(old, new), function.__globals__, namespace)
    if owner:
        monkeypatch.setattr(owner, name, namespace[name])
    else:
        monkeypatch.setattr(function, "__code__", namespace[name].__code__)


@pytest.fixture(scope="module")
def unchanged() -> list[np.ndarray]:
    return outcome(NUMPY)


def some_fast() -> list[Any]:
    """The first edit of each method; the others are slow together."""
    first = {edit[:2]: edit for edit in reversed(EDITS)}.values()
    return [edit if edit in first else pytest.param(*edit, marks=pytest.mark.slow) for edit in EDITS]


@pytest.mark.parametrize(("owner", "name", "old", "new", "left_out"), some_fast())
def test_a_layer_that_is_changed_is_the_one_that_runs(
    owner: Any, name: str, old: str, new: str, left_out: str, unchanged: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a hundredth, or by a term; and the Device line names it."""
    edit(owner, name, old, new, monkeypatch)
    backend = choose_backend("cpu")
    assert {part.__name__ for part in FASTER} - {part.__name__ for part in backend.faster} == set(left_out.split(", ")) - {""}
    verb = "differ" if "," in left_out else "differs"
    said = f"; the lecture's {left_out}, which {verb} from the compiled version" if left_out else ""
    assert backend.reason == f"NumPy {np.__version__} and numba {numba.__version__} on the CPU{said}"
    assert backend.kernels == f"numba {numba.__version__}" + (f" without {left_out}" if left_out else "")
    wanted, got = outcome(NUMPY), outcome(backend)
    for one, other in zip(got, wanted, strict=True):
        same(one, other, "losses, gradients, parameters", 1e-3)
    assert any(np.abs(one - other).max() > 1e-6 for one, other in zip(got, unchanged, strict=True))


@pytest.mark.parametrize(
    ("owner", "old", "new", "left_out"),
    [
        (Linear, "y += self.bias.value", "y += 1.01 * self.bias.value", {Block, PreNormBlock}),
        (Mlp, "self.narrow.forward(", "1.01 * self.narrow.forward(", {Block, PreNormBlock}),
        (Block, "m += n", "m += 1.01 * n", {Block}),
        (PreNormBlock, "y += n", "y += 1.01 * n", {PreNormBlock}),
    ],
)
@pytest.mark.parametrize("architecture", ["gpt1", "gpt2"])
def test_generation_runs_a_block_that_is_changed(
    architecture: str, owner: Any, old: str, new: str, left_out: set[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(owner, "forward", old, new, monkeypatch)
    backend, scores = choose_backend("cpu"), []
    assert set(FASTER) - set(backend.faster) == left_out
    for each in (NUMPY, backend):
        parameters = new_parameters(replace(CONFIG, architecture=architecture), each, np.float64)
        parameters.values[...] = np.random.default_rng(1).standard_normal(parameters.n) / 2
        predictor = Predictor(GPT(parameters), CONFIG.n_positions)
        scores.append(np.array([predictor.logits(list(range(n))) for n in range(1, 12)]))
    same(scores[1], scores[0], "scores")


def test_a_block_of_other_parts_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of parts that lack what the compiled block reads."""

    class Nothing(Mlp):
        def __init__(self, name: str, parameters: Parameters, workspace: Workspace) -> None:
            self.widen = Linear(f"{name}.c_fc", parameters, workspace)
            self.narrow = Linear(f"{name}.c_proj", parameters, workspace)

        def forward(self, x: np.ndarray) -> np.ndarray:
            return self.narrow.forward(np.maximum(self.widen.forward(x), 0))

    monkeypatch.setattr(model, "Mlp", Nothing)
    assert set(FASTER) - set(choose_backend("cpu").faster) == {Block, PreNormBlock}


def test_a_layer_that_is_half_written_is_left_to_raise_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    edit(Gelu, "backward", "return self.xp", "raise NotImplementedError(self.name)\n    return self.xp", monkeypatch)
    backend = choose_backend("cpu")
    assert set(FASTER) - set(backend.faster) == {Gelu}
    with pytest.raises(NotImplementedError, match="gelu"):
        outcome(backend)


# --- without numba


def test_numpy_alone_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGPT_KERNELS", "numpy")
    backend = choose_backend("cpu")
    assert type(backend) is Backend
    assert backend.reason == f"NumPy {np.__version__} on the CPU"
    monkeypatch.setenv("MINIGPT_KERNELS", "auto")
    assert choose_backend("cpu").faster


@pytest.mark.parametrize("wanted", ["", "NumPy", "fast"])
def test_another_wish_is_refused_in_one_line(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGPT_KERNELS", wanted)
    with pytest.raises(MinigptError) as error:
        choose_backend("cpu")
    assert str(error.value) == f"MINIGPT_KERNELS is {wanted!r}; use auto or numpy"


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    everything = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, "-W", "error", "-c", program], env=everything, capture_output=True, text=True, timeout=100)


STEP = """
import numpy as np
from minigpt.backend import choose_backend
from minigpt.trainer import ModelConfig, Trainer
ids = np.arange(16).reshape(2, 8)
trainer = Trainer(ModelConfig(1, 2, 16, 8, 17, 0.0), backend=choose_backend("cpu"), threads=1)
losses = [trainer.step(ids, ids + 1) for _ in range(3)]
print(trainer.backend.reason, trainer.backend.kernels, losses, sep="; ")
"""
NO_COMPILER = """
from numba.core.dispatcher import Dispatcher
from numba.core.errors import LoweringError
def refuse(*_):
    raise LoweringError("no code for this machine.\\nmore")
Dispatcher.compile = refuse
"""
CANNOT = "numba cannot compile"
BROKEN = {
    "import sys; sys.modules['numba'] = None": f"numba, which makes this faster, is not installed: {to_install('numba')}",
    "import llvmlite_absent": f"{CANNOT}: ModuleNotFoundError: No module named 'llvmlite_absent'",
    "raise ImportError('Numba needs NumPy 2.0 or less.\\nmore')": f"{CANNOT}: ImportError: Numba needs NumPy 2.0 or less",
    "raise OSError('a library does not load')": f"{CANNOT}: OSError: a library does not load",
    NO_COMPILER: f"{CANNOT}: LoweringError: no code for this machine",
    "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'": f"{CANNOT}: RuntimeError: NUMBA_DISABLE_JIT is set",
}


@pytest.fixture(scope="module")
def asked() -> str:
    """What the program says where NumPy was asked for."""
    done = python(STEP, MINIGPT_KERNELS="numpy")
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("breakage", BROKEN)
def test_whatever_is_wrong_with_numba_numpy_does_it_all_and_says_why(breakage: str, asked: str, tmp_path: Path) -> None:
    """In a process of its own, the same numbers as where NumPy was asked for; and not a word on standard error."""
    folder, program = str(ROOT), breakage + STEP
    if breakage.startswith(("raise", "import llvmlite")):  # in numba itself
        (tmp_path / "numba.py").write_text(breakage)
        folder, program = os.pathsep.join([str(tmp_path), folder]), STEP
    broken = python(program, PYTHONPATH=folder, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert broken.stderr == ""
    assert broken.stdout == asked.replace(" on the CPU", f" on the CPU ({BROKEN[breakage]})")


def test_where_no_folder_can_be_written_every_process_compiles(tmp_path: Path) -> None:
    """Neither beside the code nor at home."""
    code, home = tmp_path / "code.py", dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"), os.devnull)
    compiled = "from minigpt.fast.chains import compiled\n@compiled\ndef twice(x):\n    return 2 * x\n"
    code.write_text(f"{compiled}print(twice(21), twice.stats.cache_path)\n")
    (tmp_path / "__pycache__").write_text("not a folder")
    done = python(f"import runpy; runpy.run_path({str(code)!r})", **home)
    assert (done.stdout, done.stderr) == ("42 None\n", "")
