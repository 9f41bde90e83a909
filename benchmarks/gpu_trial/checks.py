"""Each kernel against its specification on random numbers, outputs poisoned before; and a whole
step's loss and gradients against minigpt on the CPU. They run on any device, also the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

from . import spec
from .program import HEAD, batch_block
from .step import Step
from .verbs import NORM_BLOCKS, Verbs, ceil_div

Array = Any
KEEP = 58982  # 0.9


def error(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference over the largest number wanted; NaN where a number is missing."""
    return float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30))


class Case:
    """A device, a batch's shape, random inputs. Yields (kernel, result, error) for each kernel."""

    def __init__(
        self, device: Any, B: int, T: int, C: int, V: int, keep: int, seed: int = 0
    ) -> None:
        self.device, self.rng = device, np.random.default_rng(seed)
        self.B, self.T, self.C, self.V = B, T, C, V
        self.N, self.keep, self.P = B * T, keep, T + 3
        self.head = np.zeros(HEAD, np.int32)
        self.head[:3] = 7, 1234, 5 * T
        self.head[4:8] = np.array([1e-3, 0.19, 0.2, 1.0], np.float32).view(np.int32)
        self.verbs = Verbs(device, device.upload(self.head), B, T, C, keep)

    def draw(self, *shape: int, scale: float = 1.0) -> tuple[np.ndarray, Array]:
        """Random numbers as float64 on the host and float32 on the device."""
        x = (scale * self.rng.standard_normal(shape)).astype(np.float32)
        return x.astype(np.float64), self.device.upload(x)

    def integers(self, most: int) -> tuple[np.ndarray, Array]:
        x = self.rng.integers(0, most, self.N).astype(np.int32)
        x[::3] = x[0]  # one that is frequent
        return x, self.device.upload(x)

    def out(self, *shape: int) -> Array:
        return self.device.empty(shape)

    def mask(self, site: int) -> np.ndarray:
        return spec.row_mask(self.head, site, self.N, self.C, self.keep)

    def compare(self, kernel: str, pairs: dict[str, tuple[Array, np.ndarray]]) -> Iterator[tuple]:
        for name, (found, wanted) in pairs.items():
            yield kernel, name, error(self.device.host(found).astype(np.float64), wanted)

    def all(self) -> Iterator[tuple[str, str, float]]:
        for part in (
            self.embedding,
            self.norms,
            self.gelus,
            self.attention,
            self.loss,
            self.optimizer,
        ):
            yield from part()

    def embedding(self) -> Iterator[tuple[str, str, float]]:
        ids, ids_ = self.integers(self.V)
        token, token_ = self.draw(self.V, self.C)
        position, position_ = self.draw(self.P, self.C)
        x_ = self.out(self.N, self.C)
        self.verbs.embed(ids_, token_, position_, x_, 3)()
        wanted = spec.embed(ids, token, position[: self.T], self.mask(3))
        yield from self.compare("embed", {"x": (x_, wanted)})
        dx, dx_ = self.draw(self.N, self.C)
        dposition_ = self.out(self.P, self.C)
        order = self.device.upload(np.argsort(ids, kind="stable").astype(np.int32))
        for launch in self.verbs.embed_back(ids_, order, dx_, token_, dposition_, 3):
            launch()
        wanted, dposition = spec.embed_back(ids, dx * self.mask(3), token, self.T, self.P)
        yield from self.compare(
            "embed_back", {"dtoken": (token_, wanted), "dposition": (dposition_, dposition)}
        )

    def norms(self) -> Iterator[tuple[str, str, float]]:
        N, C = self.N, self.C
        (a, a_), (r, r_), (dy, dy_) = self.draw(N, C), self.draw(N, C), self.draw(N, C)
        (bias, bias_), (gain, gain_), (shift, shift_) = self.draw(C), self.draw(C), self.draw(C)
        y_, z_, inverse_ = self.out(N, C), self.out(N, C), self.out(N)
        self.verbs.add_norm(a_, bias_, r_, gain_, shift_, y_, z_, inverse_, 4)()
        y, z, inverse = spec.add_norm(a, bias, r, gain, shift, self.mask(4), 1e-5)
        yield from self.compare(
            "add_norm", {"y": (y_, y), "z": (z_, z), "inverse": (inverse_, inverse)}
        )
        ds_, db_, partial_ = self.out(N, C), self.out(N, C), self.out(self.verbs.parts, 3 * C + 5)
        at = (2 * C + 5, 0, C + 3)
        self.verbs.add_norm_back(dy_, z_, inverse_, gain_, ds_, db_, partial_, at, 4)()
        sums_ = self.out(3 * C + 5)
        order = np.concatenate([np.arange(start, start + C) for start in at]).astype(np.int32)
        self.verbs.reduce_columns(partial_, self.device.upload(order), sums_)()
        ds, db, *sums = spec.add_norm_back(dy, z, inverse, gain, self.mask(4))
        pairs = {"ds": (ds_, ds)} | ({"dbranch": (db_, db)} if self.keep < 65536 else {})
        names = zip(("dgain", "dshift", "dbias"), at, sums, strict=True)
        pairs |= {name: (sums_[start : start + C], wanted) for name, start, wanted in names}
        yield from self.compare("add_norm_back", pairs)

    def gelus(self) -> Iterator[tuple[str, str, float]]:
        N, W = self.N, 4 * self.C
        (u, u_), (dy, dy_) = self.draw(N, W, scale=2), self.draw(N, W)
        y_, partial_, sums_ = self.out(N, W), self.out(self.verbs.parts, W + 8), self.out(W + 8)
        self.verbs.gelu(u_, y_)()
        y, slope = spec.gelu(u)
        yield from self.compare("gelu", {"y": (y_, y)})
        columns = self.device.upload(np.arange(8, W + 8, dtype=np.int32))
        for u_or_not, wanted in ((None, dy), (u_, dy * slope)):
            self.verbs.gelu_back(dy_, u_or_not, partial_, 8)()
            self.verbs.reduce_columns(partial_, columns, sums_)()
            pairs = {"du": (dy_, wanted), "sums": (sums_[8:], wanted.sum(axis=0))}
            yield from self.compare("gelu_back" if u_or_not is not None else "column sums", pairs)

    def attention(self) -> Iterator[tuple[str, str, float]]:
        B, T, C, H = self.B, self.T, self.C, self.C // 64
        (qkv, qkv_), (dmixed, dmixed_) = self.draw(self.N, 3 * C), self.draw(self.N, C)
        mixed_, log_sum_, dqkv_ = self.out(self.N, C), self.out(B, H, T), self.out(self.N, 3 * C)
        mask = spec.weight_mask(self.head, 5, B, H, T, self.keep)
        self.verbs.attend(qkv_, mixed_, log_sum_, 5)()
        mixed, log_sum, _ = spec.attend(qkv, B, H, mask)
        yield from self.compare(
            "attend", {"mixed": (mixed_, mixed), "log_sum": (log_sum_, log_sum)}
        )
        self.verbs.attend_back(qkv_, mixed_, dmixed_, log_sum_, dqkv_, 5)()
        dqkv = spec.attend_back(qkv, dmixed, B, H, mask)
        parts = {name: slice(C * i, C * (i + 1)) for i, name in enumerate(("dq", "dk", "dv"))}
        pairs = {name: (self.device.host(dqkv_)[:, at], dqkv[:, at]) for name, at in parts.items()}
        for name, (found, wanted) in pairs.items():
            yield "attend_back", name, error(found, wanted)

    def loss(self) -> Iterator[tuple[str, str, float]]:
        V, targets = self.V, self.integers(self.V)
        logits, _ = self.draw(self.N, ceil_div(V, 64) * 64, scale=3)
        logits[:, V:] = np.nan  # padding
        logits_, losses_ = self.device.upload(logits.astype(np.float32)), self.out(self.N)
        self.verbs.softmax_loss(logits_, targets[1], losses_, V, 0.25)()
        losses, gradient = spec.softmax_loss(logits[:, :V], targets[0], 0.25)
        yield from self.compare("softmax_loss", {"losses": (losses_, losses)})
        found = self.device.host(logits_)
        yield "softmax_loss", "gradient", error(found[:, :V], gradient)
        yield "softmax_loss", "padding", float(np.abs(found[:, V:]).sum())

    def optimizer(self) -> Iterator[tuple[str, str, float]]:
        n, decayed = 12344, 8000
        (p, p_), (g, g_), (m, m_) = self.draw(n), self.draw(n), self.draw(n)
        v, v_ = self.draw(n)
        v, v_ = v**2, self.device.upload((v**2).astype(np.float32))
        losses, losses_ = self.draw(self.N)
        parts_, stats_ = self.out(NORM_BLOCKS + 1), self.out(2)
        self.verbs.squared_norm(g_, losses_, parts_)()
        self.verbs.adamw(p_, g_, m_, v_, parts_, stats_, decayed, 1 / self.N)()
        norm, hyper = np.sqrt((g * g).sum()), self.head[4:8].view(np.float32)
        constants = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.01}
        wanted = spec.adamw(p, g, m, v, decayed, hyper, norm, constants)
        yield from self.compare(
            "squared_norm", {"stats": (stats_, np.array([losses.mean(), norm]))}
        )
        named = zip("pmv", (p_, m_, v_), wanted, strict=True)
        yield from self.compare("adamw", {name: (found, array) for name, found, array in named})
        before = self.device.host(p_)
        bad = self.device.host(g_)
        bad[17] = np.nan
        g_ = self.device.upload(bad)
        self.verbs.squared_norm(g_, losses_, parts_)()
        self.verbs.adamw(p_, g_, m_, v_, parts_, stats_, decayed, 1 / self.N)()
        yield "adamw", "not finite", error(self.device.host(p_), before)


class Reference:
    """A step without dropout by minigpt on the CPU: loss, gradients, norm, updated parameters."""

    def __init__(self, config: ModelConfig, B: int, T: int, seed: int = 3) -> None:
        self.config, self.B, self.T = config, B, T
        trainer = Trainer(config, TrainConfig(seed=seed), device="cpu")
        self.state, rng = trainer.state_dict(), np.random.default_rng(seed)
        for name, value in self.state.items():  # zero biases and unit gains would hide errors
            if value.ndim == 1:
                noise = rng.standard_normal(value.shape)
                self.state[name] = value + (0.1 * noise).astype(np.float32)
        trainer.load_state_dict(self.state)
        self.x, self.y = rng.integers(0, config.vocab_size, (2, B, T)).astype(np.int32)
        self.loss, self.gradients = trainer.loss_and_gradients(self.x, self.y)
        trainer.step(self.x, self.y)
        self.norm, self.after = trainer.gradient_norm, trainer.state_dict()

    def errors(self, device: Any, fork: bool = False) -> dict[str, float]:
        """Of the loss; of the norm and of every gradient, relative (Euclidean); of the parameters
        after the update, the largest absolute one."""
        step = Step(device, self.config, self.state, self.B, self.T, 0.0, fork)
        step.block[...] = device.upload(batch_block(self.x, self.y))
        step.program.run()
        found, (loss, norm) = step.gradients(), device.host(step.stats)
        errors = {"loss": abs(float(loss) - self.loss), "norm": abs(float(norm) / self.norm - 1)}
        for name, wanted in self.gradients.items():
            size = np.linalg.norm(wanted)
            if name.endswith("c_attn.bias"):  # the keys' part is 0 but for rounding
                size = max(size, 1e-3 * self.norm)
            errors[name[12:]] = float(np.linalg.norm(found[name] - wanted) / size)
        flat = device.host(step.p)
        differences = (step._view(flat, name[12:]) - after for name, after in self.after.items())
        return errors | {"updated": max(float(np.abs(d).max()) for d in differences)}
