"""The programs of a training: launches in order, without a decision of the host in between, so that a GPU can be handed all of them at
once as a graph. A `Pass` takes B sequences of T tokens forward and, in training, back; `Update` is AdamW with what passes have found.

Dropout's `site` numbers its places in the network: 0 the embedding; of block i, 1 + 3i attention's weights, 2 + 3i and 3 + 3i the branches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigpt.backend import Array, Workspace
from minigpt.embedding import POSITIONS
from minigpt.fast.cuda.launches import ALL, NORM_BLOCKS, Launch, Launches, ceil_div, decide_keep, update
from minigpt.params import EMBEDDING, Parameters

HEAD = 16  # numbers in front of a batch (kernels/common.cuh)
FORK_ROWS = 16384  # up to here weight gradients are computed beside the rest: small products leave multiprocessors idle


@dataclass(frozen=True)
class Ground:
    """What all programs of a trainer stand on. Passes share `memory`, one after the other; stats (4,): loss, norm, whether
    updated; the loss of an evaluation."""

    device: Any
    parameters: Parameters
    memory: Workspace
    stats: Array

    def block(self, N: int = 0) -> Array:
        """What a step is fed, in the same memory for every program: (HEAD + 3N,) int32."""
        block: Array = self.memory.take("step", "block", HEAD + 3 * N)
        return block.view(np.int32)


class Program:
    """Launches in order. Those of the side stream wait for all before them; what is behind a `join` waits for them."""

    def __init__(self) -> None:
        self.ops: list[tuple[str, Launch | None, bool]] = []
        self.ran, self.graph, self.events = False, None, list[Any]()  # the device's: from the second run on it is a graph

    def add(self, label: str, launch: Launch, side: bool = False) -> None:
        self.ops.append((label, launch, side))

    def join(self) -> None:
        self.ops.append(("join", None, False))

    @property
    def launches(self) -> int:
        return sum(launch is not None for _, launch, _ in self.ops)


class Pass(Program):
    """B sequences of T tokens: the loss, and in training the gradients; added to what is there if `more`."""

    def __init__(self, ground: Ground, B: int, T: int, train: bool, more: bool) -> None:
        super().__init__()
        self.ground, self.config = ground, ground.parameters.config
        self.B, self.T, self.N, self.train, self.more = B, T, B * T, train, more
        self.fork = train and self.N <= FORK_ROWS
        self.block = ground.block(self.N)
        self.ids, self.targets, self.order = self.block[HEAD:].reshape(3, self.N)
        c, keep = self.config, decide_keep(self.config.dropout) if train else ALL
        self.launch = Launches(ground.device, self.block, B, T, c.n_embd, keep, c.layer_norm_epsilon, more)
        self.blocks = [Block(self, i) for i in range(c.n_layer)]
        self._forward()
        if train:
            self._backward()

    def value(self, name: str) -> Array:
        return self.ground.parameters[f"transformer.{name}"].value

    def grad(self, name: str) -> Array:
        return self.ground.parameters[f"transformer.{name}"].grad

    def column(self, name: str) -> int:
        """Where a vector's gradient begins among those of all vectors."""
        return self.ground.parameters.places[f"transformer.{name}"].start - self.ground.parameters.n_decayed

    def take(self, role: str, *shape: int) -> Array:
        return self.ground.memory.take("step", role, *shape)

    def product(self, label: str, *given: Any, side: bool = False, **options: Any) -> None:
        self.add(label, self.ground.device.product(*given, **options), side and self.fork)

    def gradient_product(self, label: str, a: Array, b: Array, out: Array) -> None:
        """out = a^T b, or added to it."""
        self.product(label, a, b, out, ta=True, side=True, add=out if self.more else None)

    def _forward(self) -> None:
        C, V, add = self.config.n_embd, self.config.vocab_size, self.add
        x = self.take("x", self.N, C)
        add("embed", self.launch.embed(self.ids, self.value("tokens_embed.weight"), self.value("positions_embed.weight"), x, 0))
        for block in self.blocks:
            x = block.forward(x)
        # Products of odd sizes are slow, so the vocabulary is padded with what lies behind it in the flat block: positions. Their
        # logits are ignored; what the padding does to their gradient is overwritten, or is a sum with 0.
        places, wide = self.ground.parameters.places, ceil_div(V, 64) * 64
        room = places[POSITIONS].stop - places[EMBEDDING].stop if places[POSITIONS].start == places[EMBEDDING].stop else 0
        self.wide = wide if (wide - V) * C <= room else V
        self.hidden, self.scores = x, self.take("logits", self.N, ceil_div(self.wide, 4) * 4)
        self.product("logits", x, self.rows(self.ground.parameters.values), self.scores[:, : self.wide], tb=True)
        losses = self.take("losses", self.N)
        add("softmax_loss", self.launch.softmax_loss(self.scores, self.targets, losses, V))
        add("mean_loss", self.launch.mean_loss(losses, self.ground.stats[0 if self.train else 3 :]), side=self.fork)

    def rows(self, flat: Array) -> Array:
        """The first rows of C numbers of a flat block: the vocabulary's, perhaps more."""
        C = self.config.n_embd
        return flat[: self.wide * C].reshape(self.wide, C)

    def _backward(self) -> None:
        parameters, launch = self.ground.parameters, self.launch
        gradients, C = parameters.gradients, self.config.n_embd
        self.partial = self.take("partial", launch.parts, parameters.n - parameters.n_decayed)
        dscores, d = self.scores[:, : self.wide], self.take("d", self.N, C)
        self.gradient_product("dtoken", dscores, self.hidden, self.rows(gradients))
        self.product("dhidden", dscores, self.rows(parameters.values), d)
        for block in reversed(self.blocks):
            d = block.backward(d)
        self.join()
        self.add("reduce_columns", launch.reduce_columns(self.partial, gradients[parameters.n_decayed :]))
        dtoken, dposition = self.grad("tokens_embed.weight"), self.grad("positions_embed.weight")
        ends = self.take("ends", 2, ceil_div(self.N, launch.chunk), C)
        for label, part in zip(
            ("embed_back", "embed_ends"), launch.embed_back(self.ids, self.order, d, dtoken, dposition, ends, 0), strict=True
        ):
            self.add(label, part)


class Block:
    """Block i's part of a pass: n = ln_1(x + attention(x)); y = ln_2(n + mlp(n))."""

    def __init__(self, whole: Pass, i: int) -> None:
        self.whole, self.i, self.site, self.C = whole, i, 1 + 3 * i, whole.config.n_embd
        self.saved: dict[str, tuple[Array, Array, Array]] = {}  # of a norm: z, 1 / std, gain

    def buffer(self, role: str, width: int) -> Array:
        """Rows that backward needs; in a pass without one all blocks share them."""
        return self.whole.take(f"{self.i if self.whole.train else 0} {role}", self.whole.N, width)

    def scratch(self, role: str, width: int) -> Array:
        """Rows that all blocks share, unless products on the side stream may still read them."""
        return self.buffer(role, width) if self.whole.fork else self.whole.take(role, self.whole.N, width)

    def linear(self, name: str) -> tuple[Array, Array]:
        """A linear map's weight and bias."""
        return self.whole.value(f"h.{self.i}.{name}.weight"), self.whole.value(f"h.{self.i}.{name}.bias")

    def column(self, name: str) -> int:
        return self.whole.column(f"h.{self.i}.{name}")

    def norm(self, name: str, branch: Array, bias: Array, residual: Array, site: int) -> Array:
        w = self.whole
        y, z, inverse = self.buffer(f"{name} y", self.C), self.buffer(f"{name} z", self.C), self.buffer(f"{name} inverse", 1)
        gain, shift = self.linear(name)
        w.add("add_norm", w.launch.add_norm(branch, bias, residual, gain, shift, y, z, inverse, site))
        self.saved[name] = z, inverse, gain
        return y

    def forward(self, x: Array) -> Array:
        w, C = self.whole, self.C
        self.x, self.qkv, self.mixed = x, self.buffer("qkv", 3 * C), self.buffer("mixed", C)
        weight, bias = self.linear("attn.c_attn")
        w.product("qkv", x, weight, self.qkv, bias=bias)
        self.log_sum = self.buffer("log_sum", w.launch.H)  # (B, H, T)
        w.add("attend", w.launch.attend(self.qkv, self.mixed, self.log_sum, self.site))
        weight, bias = self.linear("attn.c_proj")
        branch = w.take("branch", w.N, C)
        w.product("attention out", self.mixed, weight, branch)
        self.n = self.norm("ln_1", branch, bias, x, self.site + 1)
        weight, bias = self.linear("mlp.c_fc")
        self.u, self.h = self.buffer("u", 4 * C), self.buffer("h", 4 * C)
        w.product("widen", self.n, weight, self.u, bias=bias)
        w.add("gelu", w.launch.gelu(self.u, self.h))
        weight, bias = self.linear("mlp.c_proj")
        w.product("narrow", self.h, weight, branch)
        return self.norm("ln_2", branch, bias, self.n, self.site + 2)

    def norm_back(self, name: str, d: Array, bias: str, site: int) -> tuple[Array, Array]:
        """The gradients of the residual and of the branch, whose bias is summed here too."""
        w = self.whole
        ds = self.scratch(f"{name} ds", self.C)
        dbranch = self.scratch(f"{name} dbranch", self.C) if w.launch.keep < ALL else ds
        at = self.column(f"{name}.weight"), self.column(f"{name}.bias"), self.column(bias)
        w.add("add_norm_back", w.launch.add_norm_back(d, *self.saved[name], ds, dbranch, w.partial, at, site))
        return ds, dbranch

    def weight_back(self, name: str, x: Array, dy: Array) -> None:
        """dW = x^T dy."""
        self.whole.gradient_product(f"d{name}", x, dy, self.whole.grad(f"h.{self.i}.{name}.weight"))

    def backward(self, d: Array) -> Array:
        w, C = self.whole, self.C
        d, dm = self.norm_back("ln_2", d, "mlp.c_proj.bias", self.site + 2)
        du = self.scratch("du", 4 * C)
        w.product("narrow back", dm, self.linear("mlp.c_proj")[0], du, tb=True)
        w.add("gelu_back", w.launch.gelu_back(du, self.u, w.partial, self.column("mlp.c_fc.bias")))
        self.weight_back("mlp.c_proj", self.h, dm)
        self.weight_back("mlp.c_fc", self.n, du)
        d = self.input_back("mlp.c_fc", du, d)
        d, da = self.norm_back("ln_1", d, "attn.c_proj.bias", self.site + 1)
        dmixed, dqkv = self.scratch("dmixed", C), self.scratch("dqkv", 3 * C)
        self.weight_back("attn.c_proj", self.mixed, da)
        w.product("attention out back", da, self.linear("attn.c_proj")[0], dmixed, tb=True)
        w.add("attend_back", w.launch.attend_back(self.qkv, self.mixed, dmixed, self.log_sum, dqkv, self.site))
        w.add("column_sums", w.launch.gelu_back(dqkv, None, w.partial, self.column("attn.c_attn.bias")), side=w.fork)
        self.weight_back("attn.c_attn", self.x, dqkv)
        return self.input_back("attn.c_attn", dqkv, d)

    def input_back(self, name: str, dy: Array, d: Array) -> Array:
        """d + dy W^T, in the memory of d where nobody else reads that."""
        out = self.buffer(f"{name} dx", self.C) if self.whole.fork else d
        self.whole.product(f"{name} back", dy, self.linear(name)[0], out, tb=True, add=d)
        return out


class Update(Program):
    """The norm of the gradients, then AdamW on the flat blocks, which clips by it."""

    def __init__(self, ground: Ground, arrays: dict[str, Array]) -> None:
        super().__init__()
        p, self.block = ground.parameters, ground.block()
        state = p.values, p.gradients, arrays["m"], arrays["v"]
        norms = p.backend.xp.zeros((1, NORM_BLOCKS), dtype=np.float32)
        launches = update(ground.device, self.block, *state, norms, ground.stats, p.n_decayed)
        for label, launch in zip(("squared_norm", "adamw"), launches, strict=True):
            self.add(label, launch)
