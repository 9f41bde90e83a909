"""Each kernel against its specification (spec.py) on random numbers; a step's gradients and update against the lecture's in NumPy.

A model is trained by kernels that pass both here, on this machine, at its width. So where somebody changes a layer of the lecture, the
layer is what runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigpt.backend import Array, Backend
from minigpt.config import ModelConfig, TrainConfig
from minigpt.fast.cuda import spec
from minigpt.fast.cuda.launches import ALL, NORM_BLOCKS, Launches, ceil_div, update
from minigpt.fast.cuda.program import HEAD
from minigpt.trainer import Trainer

# The largest difference over the largest number wanted. Kernels: only attention multiplies with the precision of products.
LIMITS = {"float32": 1e-4, "tf32": 1e-2, "bfloat16": 1e-2}
Found = Iterator[tuple[str, str, float]]  # kernel, result, error


def differences(backend: Any, width: int, precision: str) -> list[str]:
    """What is further off than rounding explains, in words."""
    case = Case(backend, backend.device(width, precision), 2, 77, width, 203, keep=58982)
    wrong = {f"{kernel} differs from its specification": e for kernel, _, e in case.all() if not e < LIMITS[precision]}
    for name, e in step_errors(backend, width).items():
        if not e < LIMITS["float32"]:
            wrong[f"{name} differs from the lecture's"] = e
    return list(wrong)


def step_errors(backend: Any, width: int) -> dict[str, float]:
    """Of a small model's gradients and of its parameters after two updates, in float32 and without dropout."""
    config = ModelConfig(1, width // 64, width, n_positions=72, vocab_size=90, dropout=0.0)
    # The gradient of the keys' bias is 0 but for rounding, which a smaller epsilon would blow up.
    optimizer = TrainConfig(learning_rate=1e-3, clip_norm=0.5, epsilon=1e-3)
    batches, results = np.random.default_rng(0).integers(0, 90, (2, 2, 2, 70)), []
    for each in (Backend("NumPy"), backend):
        trainer = Trainer(config, optimizer, threads=1, precision="float32", backend=each)
        rng = np.random.default_rng(1)  # biases of 0 and gains of 1 would hide mistakes
        trainer.load_state_dict({name: a + 0.1 * rng.standard_normal(a.shape) for name, a in trainer.state_dict().items()})
        _, found = trainer.loss_and_gradients(*batches[0])
        for x, y in batches:
            trainer.step(x, y)
        results.append({f"the gradient of {name}": a for name, a in found.items()} | trainer.state_dict())
        trainer.close()
    return {name: error(results[1][name], wanted) for name, wanted in results[0].items()}


class Case:
    """A device, a batch's shape, random inputs; results poisoned before."""

    def __init__(self, backend: Any, device: Any, B: int, T: int, C: int, V: int, keep: int, seed: int = 0) -> None:
        self.backend, self.device, self.rng = backend, device, np.random.default_rng(seed)
        self.B, self.T, self.C, self.V = B, T, C, V
        self.N, self.keep, self.P = B * T, keep, T + 3
        self.head = np.zeros(HEAD, np.int32)
        self.head[:3] = 7, 1234, 5 * T
        numbers = 0.25, 1e-3, 0.19, 0.2, 1.0, 0.9, 1 - 0.9, 0.999, 1 - 0.999, 1e-8, 0.01
        self.head[3:14].view(np.float32)[...] = numbers
        self.head_ = backend.asarray(self.head)
        self.launches = Launches(device, self.head_, B, T, C, keep)

    def draw(self, *shape: int, scale: float = 1.0) -> tuple[np.ndarray, Array]:
        """Random numbers as float64 on the host and float32 on the device."""
        x = (scale * self.rng.standard_normal(shape)).astype(np.float32)
        return x.astype(np.float64), self.backend.asarray(x)

    def integers(self, most: int) -> tuple[np.ndarray, Array]:
        x = self.rng.integers(0, most, self.N).astype(np.int32)
        x[::3] = x[0]  # one that is frequent
        return x, self.backend.asarray(x)

    def out(self, *shape: int) -> Array:
        return self.backend.xp.full(shape, np.nan, dtype=np.float32)

    def mask(self, site: int) -> Array:
        return spec.row_mask(self.head, site, self.N, self.C, self.keep)

    def compare(self, kernel: str, **pairs: tuple[Array, np.ndarray]) -> Found:
        for name, (found, wanted) in pairs.items():
            yield kernel, name, error(self.backend.to_host(found), wanted)

    def all(self) -> Found:
        for part in (self.embedding, self.norms, self.gelus, self.attention, self.loss, self.optimizer):
            yield from part()

    def embedding(self) -> Found:
        launches, N, C = self.launches, self.N, self.C
        ids, ids_ = self.integers(self.V)
        token, token_ = self.draw(self.V, C)
        position, position_ = self.draw(self.P, C)
        x_ = self.out(N, C)
        launches.embed(ids_, token_, position_, x_, 3)()
        yield from self.compare("embed", x=(x_, spec.embed(ids, token, position[: self.T], self.mask(3))))
        dx, dx_ = self.draw(N, C)
        dposition_, ends = self.out(self.P, C), self.out(2, ceil_div(N, launches.chunk), C)
        order = self.backend.asarray(np.argsort(ids, kind="stable").astype(np.int32))
        for launch in launches.embed_back(ids_, order, dx_, token_, dposition_, ends, 3):
            launch()
        dtoken, dposition = spec.embed_back(ids, dx * self.mask(3), token, self.T, self.P)
        yield from self.compare("embed_back", dtoken=(token_, dtoken), dposition=(dposition_, dposition))

    def norms(self) -> Found:
        N, C = self.N, self.C
        (a, a_), (r, r_), (dy, dy_) = self.draw(N, C), self.draw(N, C), self.draw(N, C)
        (bias, bias_), (gain, gain_), (shift, shift_) = self.draw(C), self.draw(C), self.draw(C)
        y_, z_, inverse_ = self.out(N, C), self.out(N, C), self.out(N)
        self.launches.add_norm(a_, bias_, r_, gain_, shift_, y_, z_, inverse_, 4)()
        y, z, inverse = spec.add_norm(a, bias, r, gain, shift, self.mask(4), 1e-5)
        yield from self.compare("add_norm", y=(y_, y), z=(z_, z), inverse=(inverse_, inverse))
        ds_, db_, partial_, sums_ = self.out(N, C), self.out(N, C), self.out(self.launches.parts, 3 * C), self.out(3 * C)
        at = 2 * C, 0, C
        self.launches.add_norm_back(dy_, z_, inverse_, gain_, ds_, db_, partial_, at, 4)()
        self.launches.reduce_columns(partial_, sums_)()
        ds, db, *sums = spec.add_norm_back(dy, z, inverse, gain, self.mask(4))
        found = {name: (sums_[start : start + C], wanted) for name, start, wanted in zip(("gain", "shift", "bias"), at, sums, strict=True)}
        yield from self.compare("add_norm_back", ds=(ds_, ds), **found)
        if self.keep < ALL:
            yield from self.compare("add_norm_back", dbranch=(db_, db))

    def gelus(self) -> Found:
        N, W = self.N, 4 * self.C
        (u, u_), (dy, dy_) = self.draw(N, W, scale=2), self.draw(N, W)
        y_, partial_, sums_ = self.out(N, W), self.out(self.launches.parts, W), self.out(W)
        self.launches.gelu(u_, y_)()
        y, slope = spec.gelu(u)
        yield from self.compare("gelu_rows", y=(y_, y))
        for given, wanted in ((None, dy), (u_, dy * slope)):
            self.launches.gelu_back(dy_, given, partial_, 0)()
            self.launches.reduce_columns(partial_, sums_)()
            yield from self.compare("gelu_back", du=(dy_, wanted), sums=(sums_, wanted.sum(axis=0)))

    def attention(self) -> Found:
        B, T, C, H = self.B, self.T, self.C, self.C // 64
        (qkv, qkv_), (dmixed, dmixed_) = self.draw(self.N, 3 * C), self.draw(self.N, C)
        mixed_, log_sum_, dqkv_ = self.out(self.N, C), self.out(B, H, T), self.out(self.N, 3 * C)
        mask = spec.weight_mask(self.head, 5, B, H, T, self.keep)
        self.launches.attend(qkv_, mixed_, log_sum_, 5)()
        mixed, log_sum, _ = spec.attend(qkv, B, H, mask)
        yield from self.compare("attend", mixed=(mixed_, mixed), log_sum=(log_sum_, log_sum))
        self.launches.attend_back(qkv_, mixed_, dmixed_, log_sum_, dqkv_, 5)()
        dqkv = spec.attend_back(qkv, dmixed, B, H, mask)
        thirds = {name: slice(C * i, C * (i + 1)) for i, name in enumerate(("dq", "dk", "dv"))}
        yield from self.compare("attend_back", **{name: (dqkv_[:, at], dqkv[:, at]) for name, at in thirds.items()})

    def loss(self) -> Found:
        V, (targets, targets_) = self.V, self.integers(self.V)
        logits, _ = self.draw(self.N, ceil_div(V, 64) * 64, scale=3)
        logits[:, V:] = np.nan  # padding
        logits_, losses_, stats_ = self.backend.asarray(logits.astype(np.float32)), self.out(self.N), self.out(1)
        self.launches.softmax_loss(logits_, targets_, losses_, V)()
        self.launches.mean_loss(losses_, stats_)()
        losses, gradient = spec.softmax_loss(logits[:, :V], targets, 0.25)
        yield from self.compare("softmax_loss", losses=(losses_, losses), gradient=(logits_[:, :V], gradient))
        yield "softmax_loss", "padding", float(abs(logits_[:, V:]).sum())
        yield from self.compare("mean_loss", loss=(stats_, 0.25 * losses.sum(keepdims=True)))

    def optimizer(self) -> Found:
        n, decayed, losses = 12344, 8000, (2.5, np.inf)
        (p, p_), (g, g_), (m, m_), (v, _) = (self.draw(n) for _ in range(4))
        v, v_, stats_ = v * v, self.backend.asarray((v * v).astype(np.float32)), self.out(3)
        norms_ = self.backend.xp.zeros((1, NORM_BLOCKS), dtype=np.float32)
        norm = np.sqrt((g * g).sum())
        p, m, v = spec.adamw(p, g, m, v, decayed, self.head, norm)
        for loss in losses:  # the second is not finite: all stays as it is
            stats_[0] = loss
            for launch in update(self.device, self.head_, p_, g_, m_, v_, norms_, stats_, decayed):
                launch()
            yield from self.compare("adamw", p=(p_, p), m=(m_, m), v=(v_, v))
            yield from self.compare("squared_norm", stats=(stats_[1:], np.array([norm, np.isfinite(loss)])))


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference over the largest number wanted; NaN where a number is missing."""
    return float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30))
