"""GPT-1: token ids (B, T) in, hidden states (N, C) out, and the way back. Radford et al. 2018, section 3.1 and 4.1.

Post-norm, as published: a block normalizes after each sum, and no layer norm follows the last block. The output matrix is the token
embedding; loss.py multiplies with it, so that logits never exist all at once.
"""

from __future__ import annotations

from minigpt.attention import Attention, Cache
from minigpt.backend import Array
from minigpt.layers import Dropout, Embedding, Gelu, LayerNorm, Linear, Noise, Workspace
from minigpt.params import Parameters


class Mlp:
    """y = W_proj gelu(W_fc x). Shapes: (N, C) -> (N, 4C) -> (N, C)."""

    def __init__(self, block: int, parameters: Parameters, workspace: Workspace) -> None:
        name = f"transformer.h.{block}.mlp"
        self.widen = Linear(f"{name}.c_fc", parameters, workspace, passing=True)
        self.gelu = Gelu(f"{name}.gelu", workspace)
        self.narrow = Linear(f"{name}.c_proj", parameters, workspace, passing=True)

    def forward(self, x: Array) -> Array:
        return self.narrow.forward(self.gelu.forward(self.widen.forward(x)))

    def backward(self, dy: Array) -> Array:
        return self.widen.backward(self.gelu.backward(self.narrow.backward(dy)))


class Block:
    """n = ln_1(x + attn(x)); y = ln_2(n + mlp(n)), with dropout on both branches. Shapes: (N, C) -> (N, C)."""

    def __init__(self, block: int, parameters: Parameters, workspace: Workspace, noise: Noise) -> None:
        name, rate = f"transformer.h.{block}", parameters.config.dropout
        self.attn = Attention(block, parameters, workspace, noise)
        self.attn_dropout = Dropout(f"{name}.attn.resid_dropout", rate, noise, workspace)
        self.ln_1 = LayerNorm(f"{name}.ln_1", parameters, workspace)
        self.mlp = Mlp(block, parameters, workspace)
        self.mlp_dropout = Dropout(f"{name}.mlp.dropout", rate, noise, workspace)
        self.ln_2 = LayerNorm(f"{name}.ln_2", parameters, workspace)

    def forward(self, x: Array, B: int, cache: Cache | None = None) -> Array:
        a = self.attn_dropout.forward(self.attn.forward(x, B, cache))
        a += x
        n = self.ln_1.forward(a)
        m = self.mlp_dropout.forward(self.mlp.forward(n))
        m += n
        return self.ln_2.forward(m)

    def backward(self, dy: Array) -> Array:
        d = self.ln_2.backward(dy)
        d += self.mlp.backward(self.mlp_dropout.backward(d))
        d = self.ln_1.backward(d)
        d += self.attn.backward(self.attn_dropout.backward(d))
        return d


class GPT:
    """The network. Shapes: ids (B, T) -> (N, C). One model over shared `Parameters` may stand beside another (parallel.py)."""

    def __init__(self, parameters: Parameters, name: str = "the model") -> None:
        """`name`: what messages call it."""
        config, self.name = parameters.config, name
        self.config, self.parameters = config, parameters
        self.workspace = Workspace(parameters.backend, parameters.dtype)
        self.noise = Noise(parameters.backend)
        self.embedding = Embedding(parameters, self.workspace)
        self.dropout = Dropout("transformer.embed.dropout", config.dropout, self.noise, self.workspace)
        self.blocks = [Block(i, parameters, self.workspace, self.noise) for i in range(config.n_layer)]

    def forward(self, ids: Array, cache: Cache | None = None) -> Array:
        """ids (B, T) -> hidden states (B * T, C). With a cache, ids continue what it holds, and it grows by T positions."""
        B, T = ids.shape
        x = self.dropout.forward(self.embedding.forward(ids, cache.length if cache else 0))
        for block in self.blocks:
            x = block.forward(x, B, cache)
        if cache is not None:
            cache.length += T
        return x

    def backward(self, dx: Array) -> None:
        """The gradient of the hidden states (N, C) -> every parameter's gradient, added."""
        self.embedding.backward(self.backward_to_embedding(dx))

    def backward_to_embedding(self, dx: Array) -> Array:
        """The same but for the embedding, whose gradient workers share and write in turn; returns the gradient (N, C) of its output."""
        for block in reversed(self.blocks):
            dx = block.backward(dx)
        return self.dropout.backward(dx)

    def logits(self, hidden: Array) -> Array:
        """Hidden states (n, C) -> scores of the next token (n, V), through the tied token embedding."""
        return self.workspace.backend.xp.matmul(hidden, self.embedding.tokens.value.T)
