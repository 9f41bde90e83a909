"""One training step as a list of launches: forward, loss, backward, norm and AdamW, without a
decision of the host in between, so that it can be captured as a CUDA graph."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigpt import ModelConfig

from .program import HEAD, Program, batch_block, layout
from .verbs import NORM_BLOCKS, Verbs, ceil_div

Array = Any


class Step:
    """A model in training on a device, for batches (B, T). `fork` puts the products of weight
    gradients on a stream of their own."""

    def __init__(
        self,
        device: Any,
        config: ModelConfig,
        state: dict[str, np.ndarray],
        B: int,
        T: int,
        dropout: float = 0.0,
        fork: bool = False,
    ) -> None:
        self.device, self.config, self.fork = device, config, fork
        self.B, self.T, self.N = B, T, B * T
        self.places = layout(config)
        flat = np.concatenate([np.ravel(state[name]) for name in self.places]).astype(np.float32)
        self.decayed = sum(math.prod(s) for _, s in self.places.values() if len(s) > 1)
        self.p, self.m, self.v = (device.upload(x) for x in (flat, 0 * flat, 0 * flat))
        self.g = device.empty(flat.shape)
        start = np.arange(self.N).reshape(B, T) % config.vocab_size
        self.block = device.upload(batch_block(start, start, rate=0.0))
        self.ids, self.targets, self.order = self.block[HEAD:].reshape(3, self.N)
        keep = max(1, round((1 - dropout) * 65536))
        C = config.n_embd
        self.verbs = Verbs(device, self.block, B, T, C, keep, config.layer_norm_epsilon)
        self.partial = device.empty((self.verbs.parts, flat.size - self.decayed))
        self.columns: list[int] = []  # of the partial sums, that are to be added up
        self.stats, self.losses = device.empty(2), device.empty(self.N)
        self.norm_parts = device.empty(NORM_BLOCKS + 1)
        self._shared: dict[str, Array] = {}
        self.program = Program()
        self._build()

    # Names of arrays: self.value("h.0.ln_1.weight"), self.grad(...); buffers.

    def _view(self, block: Array, name: str) -> Array:
        start, shape = self.places[f"transformer.{name}"]
        return block[start : start + math.prod(shape)].reshape(shape)

    def value(self, name: str) -> Array:
        return self._view(self.p, name)

    def grad(self, name: str) -> Array:
        return self._view(self.g, name)

    def rows(self, block: Array, n: int) -> Array:
        """The first n rows of C numbers of a flat block: the vocabulary's, perhaps more."""
        C = self.config.n_embd
        return block[: n * C].reshape(n, C)

    def column(self, name: str) -> int:
        """Where the partial sums of a vector's gradient begin; they will be added up."""
        start, shape = self.places[f"transformer.{name}"]
        self.columns += range(start - self.decayed, start - self.decayed + shape[0])
        return start - self.decayed

    def buffer(self, width: int) -> Array:
        return self.device.empty((self.N, width))

    def scratch(self, role: str, width: int) -> Array:
        """Memory that all layers share, unless products on another stream may still read it."""
        if self.fork:
            return self.buffer(width)
        if role not in self._shared:
            self._shared[role] = self.buffer(width)
        return self._shared[role]

    def product(self, label: str, *given: Any, side: bool = False, **options: Any) -> None:
        self.program.add(label, self.device.product(*given, **options), side and self.fork)

    def _build(self) -> None:
        c, add, verbs = self.config, self.program.add, self.verbs
        C, V = c.n_embd, c.vocab_size
        token, position = self.value("tokens_embed.weight"), self.value("positions_embed.weight")
        x = self.buffer(C)
        add("embed", verbs.embed(self.ids, token, position, x, 0))
        layers = [Block(self, i) for i in range(c.n_layer)]
        for layer in layers:
            x = layer.forward(x)
        # Products of odd sizes are slow, so the vocabulary is padded with what lies behind it:
        # positions, whose gradient is written later.
        wide = ceil_div(V, 64) * 64
        if wide - V > c.n_positions:
            wide = V
        logits = self.device.empty((self.N, ceil_div(wide, 4) * 4))
        self.product("logits", x, self.rows(self.p, wide), logits[:, :wide], tb=True)
        loss = verbs.softmax_loss(logits, self.targets, self.losses, V, 1 / self.N)
        add("softmax_loss", loss)
        self.product("dtoken", logits[:, :wide], x, self.rows(self.g, wide), ta=True, side=True)
        d = self.scratch("d", C)
        self.product("dhidden", logits[:, :wide], self.rows(self.p, wide), d)
        for layer in reversed(layers):
            d = layer.backward(d)
        self.program.join()
        columns = self.device.upload(np.array(self.columns, np.int32))
        add("reduce_columns", verbs.reduce_columns(self.partial, columns, self.g[self.decayed :]))
        dtoken, dposition = self.grad("tokens_embed.weight"), self.grad("positions_embed.weight")
        launches = verbs.embed_back(self.ids, self.order, d, dtoken, dposition, 0)
        add("embed_back", launches[0])
        add("embed_ends", launches[1])
        add("squared_norm", verbs.squared_norm(self.g, self.losses, self.norm_parts))
        state = (self.p, self.g, self.m, self.v, self.norm_parts, self.stats)
        add("adamw", verbs.adamw(*state, self.decayed, 1 / self.N))

    def gradients(self) -> dict[str, np.ndarray]:
        """Every gradient on the host, named as in state_dict."""
        flat = self.device.host(self.g)
        return {name: self._view(flat, name[12:]) for name in self.places}


class Block:
    """Layer i's part of the program: n = ln_1(x + attention(x)); y = ln_2(n + mlp(n))."""

    def __init__(self, step: Step, i: int) -> None:
        self.step, self.i, self.site = step, i, 1 + 3 * i

    def names(self, name: str) -> tuple[Array, Array, str]:
        """A linear map's weight and bias, and the bias's name."""
        full = f"h.{self.i}.{name}"
        return self.step.value(f"{full}.weight"), self.step.value(f"{full}.bias"), f"{full}.bias"

    def norm(self, name: str, branch: Array, bias: Array, residual: Array, site: int) -> Array:
        s, full = self.step, f"h.{self.i}.{name}"
        y, z = s.buffer(s.verbs.C), s.buffer(s.verbs.C)
        inverse = s.device.empty(s.N)
        gain, shift = s.value(f"{full}.weight"), s.value(f"{full}.bias")
        launch = s.verbs.add_norm(branch, bias, residual, gain, shift, y, z, inverse, site)
        s.program.add("add_norm", launch)
        setattr(self, name, (z, inverse, gain, full))
        return y

    def forward(self, x: Array) -> Array:
        s, C, add = self.step, self.step.verbs.C, self.step.program.add
        self.x, self.qkv, self.mixed = x, s.buffer(3 * C), s.buffer(C)
        weight, bias, _ = self.names("attn.c_attn")
        s.product("qkv", x, weight, self.qkv, bias=bias)
        self.log_sum = s.device.empty((s.B, s.verbs.H, s.T))
        add("attend", s.verbs.attend(self.qkv, self.mixed, self.log_sum, self.site))
        weight, bias, _ = self.names("attn.c_proj")
        branch = s.scratch("branch", C)
        s.product("attention out", self.mixed, weight, branch)
        self.n = self.norm("ln_1", branch, bias, x, self.site + 1)
        weight, bias, _ = self.names("mlp.c_fc")
        self.u, self.h = s.buffer(4 * C), s.buffer(4 * C)
        s.product("widen", self.n, weight, self.u, bias=bias)
        add("gelu", s.verbs.gelu(self.u, self.h))
        weight, bias, _ = self.names("mlp.c_proj")
        branch = s.scratch("branch", C)
        s.product("narrow", self.h, weight, branch)
        return self.norm("ln_2", branch, bias, self.n, self.site + 2)

    def norm_back(self, saved: Any, d: Array, bias: str, site: int) -> tuple[Array, Array]:
        """The gradients of the residual and of the branch."""
        s, (z, inverse, gain, name) = self.step, saved
        ds = s.scratch("d", s.verbs.C)
        dbranch = s.scratch("dbranch", s.verbs.C) if s.verbs.keep < 65536 else ds
        at = s.column(f"{name}.weight"), s.column(f"{name}.bias"), s.column(bias)
        launch = s.verbs.add_norm_back(d, z, inverse, gain, ds, dbranch, s.partial, at, site)
        s.program.add("add_norm_back", launch)
        return ds, dbranch

    def weight_back(self, name: str, x: Array, dy: Array, bias: str = "") -> None:
        """dW = x^T dy, and the bias's gradient unless it was summed with others."""
        s, dweight = self.step, self.step.grad(f"h.{self.i}.{name}.weight")
        if bias:
            sums = s.verbs.gelu_back(dy, None, s.partial, s.column(bias))
            s.program.add("column_sums", sums, side=s.fork)
        s.product(f"d{name}", x, dy, dweight, ta=True, side=True)

    def backward(self, d: Array) -> Array:
        s, C, add = self.step, self.step.verbs.C, self.step.program.add
        d, dm = self.norm_back(self.ln_2, d, self.names("mlp.c_proj")[2], self.site + 2)
        weight = self.names("mlp.c_proj")[0]
        du, bias = s.scratch("du", 4 * C), self.names("mlp.c_fc")[2]
        s.product("narrow back", dm, weight, du, tb=True)
        add("gelu_back", s.verbs.gelu_back(du, self.u, s.partial, s.column(bias)))
        self.weight_back("mlp.c_proj", self.h, dm)
        self.weight_back("mlp.c_fc", self.n, du)
        d = self.input_back("widen back", du, "mlp.c_fc", d)
        d, da = self.norm_back(self.ln_1, d, self.names("attn.c_proj")[2], self.site + 1)
        dmixed, dqkv = s.scratch("dmixed", C), s.scratch("dqkv", 3 * C)
        self.weight_back("attn.c_proj", self.mixed, da)
        s.product("attention out back", da, self.names("attn.c_proj")[0], dmixed, tb=True)
        saved = (self.qkv, self.mixed, dmixed, self.log_sum, dqkv)
        add("attend_back", s.verbs.attend_back(*saved, self.site))
        self.weight_back("attn.c_attn", self.x, dqkv, self.names("attn.c_attn")[2])
        return self.input_back("qkv back", dqkv, "attn.c_attn", d)

    def input_back(self, label: str, dy: Array, name: str, d: Array) -> Array:
        """d + dy W^T, in the memory of d where nobody else reads that."""
        s = self.step
        out = s.buffer(s.verbs.C) if s.fork else d
        s.product(label, dy, self.names(name)[0], out, tb=True, add=d)
        return out
