"""The loop of every rank but the first: call after call of rank 0, until that one ends."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minigpt.backend import Backend, choose_backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.disk.foreign import one_line
from minigpt.errors import MinigptError, first_line
from minigpt.run.ranks.cuda import member_of
from minigpt.run.ranks.sharded import Sharded
from minigpt.run.ranks.texts import Texts, from_bytes
from minigpt.run.ranks.world import Call, World

MADE = {
    "step", "forward_backward", "update", "evaluate", "loss_and_gradients", "configure", "restart", "share", "flat_state",
    "load_flat_state",
}  # fmt: skip


def follow(world: World) -> None:
    """Make every call of rank 0. An error ends this process, and with it all ranks: the others would wait for it in vain."""
    world.listen()
    trainers, texts = dict[int, Sharded](), Texts(world)
    try:
        while (call := world.awaited()).name != "leave":
            if call.name in ("examine", "encode"):
                texts.make(call.name, from_bytes(call.arrays[0]))
            elif call.name == "take_tokenizer":
                texts.take_tokenizer(**call.values)
            else:
                make(call, world, trainers)
        world.calling = False
    except Exception as error:
        said = str(error) if isinstance(error, MinigptError) else f"{type(error).__name__}: {first_line(error)}"
        sys.exit(one_line(f"minigpt: {world.where()}: {said}"))


def make(call: Call, world: World, trainers: dict[int, Sharded]) -> None:
    """Make a call of a trainer."""
    number = call.values.pop("trainer")
    if call.name == "begin":
        trainers[number] = begin(world, **call.values)
    elif call.name == "close":
        trainers.pop(number).close()
    elif call.name in MADE:
        getattr(trainers[number], call.name)(*call.arrays, **call.values)
    else:
        raise ValueError(f"rank 0 asks for {call.name!r}; is it another version?")


def begin(world: World, config: dict[str, Any], train_config: dict[str, Any], device: str, dtype: str, **how: Any) -> Sharded:
    """A trainer like that of rank 0."""
    backend = choose_backend(device) if device == "cpu" else own_gpu(world.local_rank)
    kind, settings = member_of(backend), (ModelConfig(**config), TrainConfig(**train_config))
    return kind(world, *settings, backend=backend, dtype=np.dtype(dtype).type, **how)


def own_gpu(number: int) -> Backend:
    """The GPU of the rank with this number on its machine. If a launcher shows each rank its own alone, that is the only one."""
    shown: Any = choose_backend("cuda")
    count = shown.xp.cuda.runtime.getDeviceCount()
    return choose_backend(f"cuda:{number % count}") if count > 1 else shown
