"""GPT-1 in PyTorch: scaled_dot_product_attention, fused AdamW, clipping; eager, compiled, or under bfloat16 autocast."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from minigpt import ModelConfig


class Block(nn.Module):
    def __init__(self, c: ModelConfig) -> None:
        super().__init__()
        C = c.n_embd
        self.heads, self.rate = c.n_head, c.dropout
        self.c_attn, self.c_proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.c_fc, self.mlp_proj = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)
        self.ln_1, self.ln_2 = nn.LayerNorm(C, c.layer_norm_epsilon), nn.LayerNorm(C, c.layer_norm_epsilon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.c_attn(x).split(C, dim=2))
        rate = self.rate if self.training else 0.0
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate).transpose(1, 2).reshape(B, T, C)
        n = self.ln_1(x + F.dropout(self.c_proj(a), self.rate, self.training))
        m = self.mlp_proj(F.gelu(self.c_fc(n), approximate="tanh"))
        return self.ln_2(n + F.dropout(m, self.rate, self.training))


class GPT(nn.Module):
    def __init__(self, c: ModelConfig) -> None:
        super().__init__()
        self.rate = c.dropout
        self.tokens, self.positions = nn.Embedding(c.vocab_size, c.n_embd), nn.Embedding(c.n_positions, c.n_embd)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.n_layer))

    def forward(self, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        x = F.dropout(x, self.rate, self.training)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(x, self.tokens.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def load(model: GPT, state: dict[str, np.ndarray]) -> None:
    """transformers' names and (in, out) layouts -> this module's."""
    own = {"tokens.weight": state["transformer.tokens_embed.weight"], "positions.weight": state["transformer.positions_embed.weight"]}
    pairs = {"c_attn": "attn.c_attn", "c_proj": "attn.c_proj", "c_fc": "mlp.c_fc", "mlp_proj": "mlp.c_proj", "ln_1": "ln_1", "ln_2": "ln_2"}
    for i in range(len(model.blocks)):
        for mine, theirs in pairs.items():
            weight = state[f"transformer.h.{i}.{theirs}.weight"]
            own[f"blocks.{i}.{mine}.weight"] = weight.T if weight.ndim == 2 else weight
            own[f"blocks.{i}.{mine}.bias"] = state[f"transformer.h.{i}.{theirs}.bias"]
    model.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in own.items()})


def make(
    config: ModelConfig, state: dict[str, np.ndarray], variant: str, device: str = "cpu", read: bool = True
) -> Callable[[np.ndarray, np.ndarray], float | torch.Tensor]:
    """A training step. Variants: "eager", "compile", "reduce-overhead" (compiled, launched as a CUDA graph), "bf16".

    Unless `read`, its loss is not fetched from the device: nothing waits for the step.
    """
    torch.manual_seed(0)
    model = GPT(config).to(device)
    load(model, state)
    matrices, vectors = ([p for p in model.parameters() if (p.ndim > 1) == wanted] for wanted in (True, False))
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=3e-4, fused=True)
    run: Callable[..., torch.Tensor] = model
    if variant in ("compile", "reduce-overhead"):
        run = torch.compile(model, mode="reduce-overhead" if variant == "reduce-overhead" else None)

    def step(x: np.ndarray, y: np.ndarray) -> float | torch.Tensor:
        context = torch.autocast(device, dtype=torch.bfloat16) if variant == "bf16" else nullcontext()
        with context:
            loss = run(*(torch.from_numpy(ids).to(device, non_blocking=True) for ids in (x, y)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss) if read else loss.detach()

    return step
