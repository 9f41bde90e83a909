"""What the tests share: a seeded generator, tiny configurations, the tokenizer. Warnings fail, examples are the same in every run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

from minigpt.backend import Backend
from minigpt.config import ModelConfig
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer

settings.register_profile("minigpt", deadline=None, derandomize=True)
settings.load_profile("minigpt")

# A signal that is ignored stays ignored in minigpt, and in the processes that a test starts: a shell's background job ignores SIGINT.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
for name in ("SIGHUP", "SIGQUIT"):  # under nohup; in the background
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), signal.SIG_DFL)

os.environ["OLLAMA_HOST"] = "127.0.0.1:1"  # nobody listens there: a test that wants a teacher starts one

# Modules that start many processes whose arithmetic is not their subject: there it is NumPy's, as each would spend 0.4 s on numba.
PROCESSES = {
    "test_cli",
    "test_interrupt",
    "test_ollama_writer",
    "test_own",
    "test_process",
    "test_runs",
    "test_serve",
    "test_serve_load",
    "test_streams",
    "test_teacher_runs",
}

# Modules whose runs draw their report.html, which takes a second.
DRAWN = {"test_docs", "test_report_page"}

# Modules that take long are begun first, so that no worker is left alone with one at the end (make test: --no-loadscope-reorder).
LONG = (
    "test_menu",
    "test_gradcheck",
    "test_cooking_writers",
    "test_recipe",
    "test_cli",
    "test_resume",
    "test_docs",
    "test_occasion_writers",
    "test_report_page",
    "test_screen",
)

CORPUS = "The naïve fox — 狐 🦊 — don't jump.\n\nStir the soup, then stir the soup again."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """LONG first."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


@pytest.fixture(autouse=True, scope="module")
def kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compiled layers, but in PROCESSES; a report.html in DRAWN alone."""
    with pytest.MonkeyPatch.context() as patch:
        if request.module.__name__ not in DRAWN:
            patch.setenv("MINIGPT_NO_REPORT", "1")
        if request.module.__name__ in PROCESSES:
            patch.setenv("MINIGPT_KERNELS", "numpy")
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240611)


@pytest.fixture(scope="session")
def cpu() -> Backend:
    """NumPy, whatever the machine has."""
    return Backend("tests")


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    """A network of two blocks without dropout."""
    return ModelConfig(n_layer=2, n_head=2, n_embd=8, n_positions=16, vocab_size=13, dropout=0.0)


@pytest.fixture(scope="session")
def tiny_dropout() -> ModelConfig:
    """The same with dropout."""
    return ModelConfig(n_layer=2, n_head=2, n_embd=8, n_positions=16, vocab_size=13, dropout=0.3)


@pytest.fixture(scope="session")
def gpt2() -> Tokenizer:
    """GPT-2's whole tokenizer."""
    return Tokenizer.gpt2()


@pytest.fixture(scope="session")
def small_tokenizer(gpt2: Tokenizer) -> Tokenizer:
    """The compact tokenizer of a corpus of two lines."""
    return compact(gpt2, gpt2.encode(CORPUS))
