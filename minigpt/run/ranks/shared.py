"""What the stages use: a Trainer and the work on texts, of all ranks, or of this process if it is the only one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from minigpt.backend import choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.corpus.choose.clean import Examined, one_by_one
from minigpt.corpus.documents import Document
from minigpt.corpus.gather import closed_ids
from minigpt.run.ranks.join import world
from minigpt.tokenizer import Tokenizer
from minigpt.trainer import Trainer


def new_trainer(config: ModelConfig, train_config: TrainConfig | None = None, **how: Any) -> Trainer:
    """A Trainer with these arguments."""
    if (ranks := world()) is None:
        return Trainer(config, train_config, **how)
    from minigpt.run.ranks.leader import leader_of  # needs mpi4py

    backend = how.pop("backend", None) or choose_backend(how.pop("device", "auto"))
    return leader_of(backend)(ranks, config, train_config, backend=backend, **how)


def examine(documents: Iterable[Document]) -> Iterable[Examined]:
    """What each document shows by itself."""
    if (ranks := world()) is None:
        return one_by_one(documents)
    from minigpt.run.ranks.texts import Texts

    return Texts(ranks).examine(documents)


def encode(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[Sequence[int]]:
    """The ids of each text, with end-of-text."""
    if (ranks := world()) is None:
        return (closed_ids(tokenizer, text) for text in texts)
    from minigpt.run.ranks.texts import Texts

    return Texts(ranks).encode(tokenizer, texts)
