"""Everything that is checked, in the order of the backward pass: a backend in, results out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from minigpt.backend import Backend
from minigpt.gradcheck.cases import cases
from minigpt.gradcheck.compare import Result, check_case
from minigpt.gradcheck.settings import LAYERS, MODELS, Setting
from minigpt.gradcheck.whole import check_model


def check_gradients(
    backend: Backend,
    seed: int = 0,
    layers: Iterable[Setting] = LAYERS,
    models: Iterable[Setting] = MODELS,
    only: Collection[str] = (),
) -> Iterator[Result]:
    """Every result: layer by layer, each in its settings, then the whole models.

    `only` names the layers that are wanted; none means all.
    """
    prepared = [(setting, list(cases(setting, backend, seed))) for setting in layers]
    for same in zip(*(found for _, found in prepared), strict=True):  # one layer in every setting
        for (setting, _), case in zip(prepared, same, strict=True):
            if not only or case.layer in only:
                yield from check_case(case, backend, seed, setting.name)
    for setting in models:
        if not only or setting.model in only:
            yield from check_model(setting, backend, seed)
