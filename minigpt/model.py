"""GPT-1 and GPT-2: token ids (B, T) in, hidden states (N, C) out, and the way back.

GPT-1: Radford et al. 2018, sections 3.1 and 4.1. Post-norm: a block normalizes after each sum, and
no layer norm follows the last block. GPT-2: Radford et al. 2019, section 2.3. Pre-norm: a block
normalizes in front of each branch, and one more layer norm follows the last block. In both, the
output matrix is the token embedding; loss.py multiplies with it, so that logits never exist all at
once.

This is the one place that knows the architecture: its parts are imported below, and `specs` lists
every parameter. To swap a part, import another class under the same name (CONTRIBUTING.md); the
saved configuration names it, and a program with other parts refuses the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigpt import embedding
from minigpt.attention import Attention, Cache
from minigpt.backend import Array, Backend, Workspace
from minigpt.config import ARCHITECTURES, ModelConfig, TrainConfig
from minigpt.embedding import Embedding, names
from minigpt.layers import Dropout, Mlp
from minigpt.layers import LayerNorm as Norm
from minigpt.lora import adapted, attach, frozen
from minigpt.params import EMBEDDING, Parameters, Specs

LAST_NORM = "transformer.ln_f"  # after GPT-2's last block
PUBLISHED = {"attention": "Attention", "mlp": "Mlp", "norm": "LayerNorm", "output": EMBEDDING}


class Block:
    """GPT-1's: n = ln_1(x + attn(x)); y = ln_2(n + mlp(n)), with dropout on both branches.

    Shapes: (N, C) -> (N, C).
    Plain: `residual` and `block`. The same four sums, two each way, but in place, as a result is
    its caller's to overwrite. 1.17 times as fast.
    """

    @staticmethod
    def specs(name: str, config: ModelConfig) -> Specs:
        return {
            **Attention.specs(f"{name}.attn", config),
            **Mlp.specs(f"{name}.mlp", config),
            **Norm.specs(f"{name}.ln_1", config),
            **Norm.specs(f"{name}.ln_2", config),
        }

    def __init__(
        self, name: str, parameters: Parameters, workspace: Workspace, block: int = 0
    ) -> None:
        rate = parameters.config.dropout
        self.attn = Attention(f"{name}.attn", parameters, workspace, block)
        self.attn_dropout = Dropout(f"{name}.attn.resid_dropout", rate, workspace)
        self.ln_1 = Norm(f"{name}.ln_1", parameters, workspace)
        self.mlp = Mlp(f"{name}.mlp", parameters, workspace)
        self.mlp_dropout = Dropout(f"{name}.mlp.dropout", rate, workspace)
        self.ln_2 = Norm(f"{name}.ln_2", parameters, workspace)

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        a = self.attn_dropout.forward(self.attn.forward(x, B, cache), gift=True)
        a += x
        n = self.ln_1.forward(a, gift=True)
        m = self.mlp_dropout.forward(self.mlp.forward(n), gift=True)
        m += n
        return self.ln_2.forward(m, gift=True)

    def backward(self, dy: Array) -> Array:
        d = self.ln_2.backward(dy)
        d += self.mlp.backward(self.mlp_dropout.backward(d))
        d = self.ln_1.backward(d)
        d += self.attn.backward(self.attn_dropout.backward(d))
        return d


class PreNormBlock(Block):
    """GPT-2's: n = x + attn(ln_1(x)); y = n + mlp(ln_2(n)), with dropout on both branches.

    Shapes: (N, C) -> (N, C). Source: Radford et al. 2019, section 2.3.
    Plain: `residual` and `block`. The same four sums, in place.
    """

    def __init__(
        self, name: str, parameters: Parameters, workspace: Workspace, block: int = 0
    ) -> None:
        rate = parameters.config.dropout
        self.ln_1 = Norm(f"{name}.ln_1", parameters, workspace)
        self.attn = Attention(f"{name}.attn", parameters, workspace, block)
        self.attn_dropout = Dropout(f"{name}.attn.resid_dropout", rate, workspace)
        self.ln_2 = Norm(f"{name}.ln_2", parameters, workspace)
        self.mlp = Mlp(f"{name}.mlp", parameters, workspace)
        self.mlp_dropout = Dropout(f"{name}.mlp.dropout", rate, workspace)

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        a = self.attn.forward(self.ln_1.forward(x), B, cache)
        n = self.attn_dropout.forward(a, gift=True)
        n += x
        m = self.mlp.forward(self.ln_2.forward(n))
        y = self.mlp_dropout.forward(m, gift=True)
        y += n
        return y

    def backward(self, dy: Array) -> Array:
        d = self.ln_2.backward(self.mlp.backward(self.mlp_dropout.backward(dy)))
        d += dy
        dx = self.ln_1.backward(self.attn.backward(self.attn_dropout.backward(d)))
        dx += d
        return dx


class GPT:
    """The network. Shapes: ids (B, T) -> (N, C).

    Plain: `gpt`. B sequences are stacked into N = B T rows, and only attention knows where one
    ends. It stops before the logits, which loss.py computes in parts. 1.1 times as fast as one
    sequence after another.

    Several models can share parameters: each worker has one (trainer.py). `name` is for messages.
    `went_back` is called with the number of a block whose gradients are complete (run/ranks/).
    """

    went_back: Callable[[int], None] = staticmethod(lambda block: None)

    def __init__(self, parameters: Parameters, name: str = "the model") -> None:
        config, self.name = parameters.config, name
        self.config, self.parameters = config, parameters
        self.workspace = Workspace(parameters.backend, parameters.dtype)
        self.embedding = Embedding(parameters, self.workspace)
        self.dropout = Dropout("transformer.embed.dropout", config.dropout, self.workspace)
        pre_norm = config.architecture == "gpt2"
        kind = parameters.backend.fast(PreNormBlock if pre_norm else Block)  # faster (fast/)
        self.blocks = [
            kind(block_name(i), parameters, self.workspace, i) for i in range(config.n_layer)
        ]
        attach(self.blocks, parameters, self.workspace)
        # Below the lowest block that is trained, backward has nothing to do.
        norms = (f"{block_name(i)}.ln_1.weight" for i in range(config.n_layer))
        self.frozen_blocks = sum(parameters[norm].frozen for norm in norms)
        self.last_norm = Norm(LAST_NORM, parameters, self.workspace) if pre_norm else None
        self.output = parameters[names(config).output]  # (V, C)
        self.__class__ = parameters.backend.fast(type(self))  # the same results (fast/)

    def forward(self, ids: Array, cache: Cache | None = None) -> Array:
        """ids (B, T) -> hidden states (B * T, C). With a cache, ids continue what it holds, and it
        grows by T positions."""
        B, T = ids.shape
        x = self.embedding.forward(ids, cache.length if cache else 0)
        x = self.dropout.forward(x, gift=True)
        for block in self.blocks:
            x = block.forward(x, B, cache)
        if cache is not None:
            cache.length += T
        return self.last_norm.forward(x, gift=True) if self.last_norm else x

    def backward(self, dx: Array) -> None:
        """The gradient of the hidden states (N, C) in; adds to every parameter's gradient but the
        output matrix's, which the loss has added to."""
        self.embedding.backward(self.backward_to_embedding(dx))

    def backward_to_embedding(self, dx: Array) -> Array:
        """The same down to the embedding, whose gradient workers share and write in turn; returns
        the gradient (N, C) of its output."""
        if self.last_norm:
            dx = self.last_norm.backward(dx)
        for i in reversed(range(self.frozen_blocks, len(self.blocks))):
            dx = self.blocks[i].backward(dx)
            self.went_back(i)
        return self.dropout.backward(dx)

    def logits(self, hidden: Array) -> Array:
        """Hidden states (n, C) -> scores of the next token (n, V)."""
        return self.workspace.backend.xp.matmul(hidden, self.output.value.T)


def block_name(i: int) -> str:
    """Block i as transformers calls it."""
    return f"transformer.h.{i}"


def specs(config: ModelConfig, training: TrainConfig | None = None) -> Specs:
    """Every parameter of the network, named as in transformers' `OpenAIGPTLMHeadModel` or
    `GPT2LMHeadModel`; weights are (in, out). In a `training`, what it freezes and adds."""
    found = dict(outside(config))
    for i in range(config.n_layer):
        found |= Block.specs(block_name(i), config)
    if training and training.lora:
        found = dict(adapted(found, training.lora))
    if training and training.freeze is not None:
        lower = (f"{block_name(i)}." for i in range(training.freeze))
        found = dict(frozen(found, (*Embedding.specs(config), *lower)))
    return found


def outside(config: ModelConfig) -> Specs:
    """The parameters that are in no block."""
    last = Norm.specs(LAST_NORM, config) if config.architecture == "gpt2" else {}
    return {**Embedding.specs(config), **last}


def count_parameters(config: ModelConfig) -> int:
    """The exact number of trainable numbers; the tied output matrix counts once."""
    rest, block = outside(config), Block.specs(block_name(0), config)
    sizes = [sum(math.prod(spec.shape) for spec in part.values()) for part in (rest, block)]
    return sizes[0] + config.n_layer * sizes[1]


def count_arrays(config: ModelConfig) -> int:
    """The number of parameter arrays, without naming them: a configuration may claim any size."""
    return len(outside(config)) + config.n_layer * len(Block.specs(block_name(0), config))


def new_parameters(
    config: ModelConfig,
    backend: Backend,
    dtype: type = np.float32,
    training: TrainConfig | None = None,
) -> Parameters:
    """The flat blocks of a network, all zeros."""
    return Parameters(specs(config, training), config, backend, dtype)


def last_norm(config: ModelConfig) -> list[str]:
    """Gain and bias of the last norm; the logits are linear in them, so scaling both is a
    temperature."""
    last = f"{block_name(config.n_layer - 1)}.ln_2"
    return list(Norm.specs(LAST_NORM if config.architecture == "gpt2" else last, config))


def parts() -> dict[str, str]:
    """The classes that compute this network, by their role; `PUBLISHED` for GPT-1's and GPT-2's."""
    return {
        "attention": Attention.__name__,
        "mlp": Mlp.__name__,
        "norm": Norm.__name__,
        "output": embedding.OUTPUT or EMBEDDING,
    }


def family(architecture: str) -> str:
    """What such a network is called: GPT-1 or GPT-2, with the parts that differ from it."""
    changed = [part for role, part in parts().items() if part != PUBLISHED[role]]
    published = ARCHITECTURES[architecture]
    return f"{published} with {', '.join(changed)}" if changed else published
