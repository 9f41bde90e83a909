"""The same step in PyTorch: autograd finds the gradients that minigpt's backward passes compute.

The network is written again with PyTorch's functions, and gets minigpt's weights by their names.
Then both take the same batch: the loss, every gradient, and the parameters after a step of AdamW
are compared, in float64, so that only a mistake could make a difference.
"""

import sys

import numpy as np

from minigpt import ModelConfig, TrainConfig, Trainer

try:
    import torch
    from torch.nn import functional as F
except ModuleNotFoundError:
    sys.exit('This one needs PyTorch: pip install "torch==2.13.0"')

config = ModelConfig(n_layer=2, n_head=4, n_embd=32, n_positions=24, vocab_size=50, dropout=0.0)
recipe = TrainConfig(learning_rate=1e-3, weight_decay=0.1, clip_norm=0.0, seed=1)
rng = np.random.default_rng(0)
x, y = rng.integers(0, config.vocab_size, (2, 5, 24))  # (B, T) each

trainer = Trainer(config, recipe, device="cpu", threads=2, dtype=np.float64)
parameters = {name: torch.tensor(a, requires_grad=True) for name, a in trainer.state_dict().items()}
tokens = parameters["transformer.tokens_embed.weight"]  # the output matrix too: its gradients add


def of(name):
    return parameters[f"{name}.weight"], parameters[f"{name}.bias"]


def linear(x, name):
    W, b = of(name)
    return x @ W + b


def layer_norm(x, name):
    return F.layer_norm(x, (config.n_embd,), *of(name), config.layer_norm_epsilon)


def network(ids):
    """ids (B, T) -> logits (B, T, V)."""
    x = tokens[ids] + parameters["transformer.positions_embed.weight"][: ids.shape[1]]
    for block in (f"transformer.h.{i}" for i in range(config.n_layer)):
        qkv = linear(x, f"{block}.attn.c_attn").unflatten(2, (3, config.n_head, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D) each
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        a = linear(mixed.transpose(1, 2).flatten(2), f"{block}.attn.c_proj")
        n = layer_norm(x + a, f"{block}.ln_1")
        wide = F.gelu(linear(n, f"{block}.mlp.c_fc"), approximate="tanh")
        x = layer_norm(n + linear(wide, f"{block}.mlp.c_proj"), f"{block}.ln_2")
    return x @ tokens.T


loss, gradients = trainer.loss_and_gradients(x, y)
torch_loss = F.cross_entropy(network(torch.tensor(x)).flatten(0, 1), torch.tensor(y).flatten())
torch_loss.backward()

matrices = [p for p in parameters.values() if p.ndim > 1]  # biases and gains are not decayed
vectors = [p for p in parameters.values() if p.ndim == 1]
groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
torch.optim.AdamW(groups, lr=recipe.learning_rate).step()
trainer.step(x, y)
state = trainer.state_dict()

print(f"loss: minigpt {loss:.10f}, PyTorch {torch_loss.item():.10f}\n")
print(f"{'':40}gradient   after a step")
for name, p in parameters.items():
    pairs = ((gradients[name], p.grad), (state[name], p.detach()))
    same = [np.abs(a - b.numpy()).max() < 1e-10 * np.abs(a).max() for a, b in pairs]
    print(f"{name:40}" + "".join(f"{'same' if s else 'DIFFERENT':11}" for s in same).rstrip())
