"""Arrays that report what is computed with them. In: layers. Out: from when to when their memory
held which value, and whether anybody used one that another had taken the place of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minigpt.layers import Layer


@dataclass
class Life:
    """A value in a layer's memory, from its first use to its last: ticks, and the numbers of the
    uses. A buffer that is taken again begins a new life."""

    key: str
    start: int  # address
    size: int  # bytes
    born: int = 0  # tick
    died: int = 0
    first: int = 0  # use
    last: int = 0


class Trace:
    """Lives of the values in layers' memory. `tick` is the time; who traces moves it on."""

    def __init__(self) -> None:
        self.tick = self.uses = 0
        self.lives: list[Life] = []
        self.stale: list[str] = []  # buffers of which somebody used an older value than the latest
        self._latest: dict[str, Life] = {}

    def watch(self, layer: Any) -> None:
        """Have the arrays that this layer and the layers in it are lent report here."""
        for held in vars(layer).values():
            for part in held if isinstance(held, list) else [held]:
                if hasattr(part, "forward"):
                    self.watch(part)
        if isinstance(layer, Layer):
            layer.buffer, layer.scratch = map(self._watched, (layer.buffer, layer.scratch))

    def _watched(self, lend: partial[np.ndarray]) -> partial[np.ndarray]:
        """The same memory, each array of it the beginning of a life."""

        def take(owner: str, role: str, *shape: int) -> np.ndarray:
            array, key = lend(role, *shape), f"{owner}:{role}"
            address = array.__array_interface__["data"][0]
            life = Life(key, address, array.nbytes)
            self._latest[key] = life
            self.lives.append(life)
            return Watched.of(array, self, life)

        return partial(take, *lend.args)

    def during(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, one tick later."""

        def ticked(*args: Any, **kwargs: Any) -> Any:
            self.tick += 1
            return work(*args, **kwargs)

        return ticked

    def use(self, array: Any) -> None:
        """Note that the memory of this array is read or written now."""
        life = getattr(array, "life", None)
        if (
            life is None
            or not life.start <= array.__array_interface__["data"][0] < life.start + life.size
        ):
            return  # a result of its own, as of a fancy index
        if life is not self._latest[life.key]:
            self.stale.append(life.key)
        self.uses += 1
        if not life.first:
            life.first, life.born = self.uses, self.tick
        life.last, life.died = self.uses, self.tick


class Watched(np.ndarray):
    """A view of a buffer that tells its trace of every use; results are plain arrays."""

    trace: Trace | None
    life: Life | None

    @classmethod
    def of(cls, array: np.ndarray, trace: Trace, life: Life) -> Watched:
        """The array, watched."""
        view = array.view(cls)
        view.trace, view.life = trace, life
        return view

    def __array_finalize__(self, source: Any) -> None:
        self.trace, self.life = getattr(source, "trace", None), getattr(source, "life", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", ())
        if out:
            kwargs["out"] = tuple(plain(array) for array in out)
        result = getattr(ufunc, method)(*(plain(array) for array in inputs), **kwargs)
        return out[0] if len(out) == 1 else result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})

    def __getitem__(self, at: Any) -> Any:
        part = super().__getitem__(at)
        if not isinstance(part, np.ndarray) or not np.may_share_memory(
            part.view(np.ndarray), self.view(np.ndarray)
        ):
            plain(self)
        return part

    def __setitem__(self, at: Any, value: Any) -> None:
        plain(self)[at] = plain(value)


def plain(value: Any) -> Any:
    """The array without its watch, and its use noted; also inside a list or a tuple."""
    if isinstance(value, Watched):
        if value.trace is not None:
            value.trace.use(value)
        return value.view(np.ndarray)
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    return value
