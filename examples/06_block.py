"""Twelve blocks at initialisation: how the gradient fares on its way down, with and without norms.

  bare         y = branch(x)             a block has two branches: attention, then the MLP
  residual     y = x + branch(x)         the gradient comes back around the branch and through it
  post-norm    y = ln(x + branch(x))     GPT-1
  pre-norm     y = x + branch(ln(x))     GPT-2, with one more layer norm at the very top

Each gets the same weights, x and random dy. Without norms a branch scales the signal on its way up
and the gradient on its way down by much the same factor, 24 times. In post-norm a branch widens the
sum and its gradient alike, and the norm divides both. In pre-norm x only grows, every norm divides
by its spread, and high blocks get less: so it needs no warm-up, say Xiong et al. 2020.
"""

import numpy as np

from minigpt import plain

L, T, C, H, F = 12, 32, 64, 4, 256  # blocks, positions, width, heads, width inside the MLP
KINDS = ("bare", "residual", "post-norm", "pre-norm")
SIZES = {"attn.c_attn": (C, 3 * C), "attn.c_proj": (C, C), "mlp.c_fc": (C, F), "mlp.c_proj": (F, C)}
rng = np.random.default_rng(0)
drawn = [{name: rng.standard_normal(size) for name, size in SIZES.items()} for _ in range(L)]
x, dy = rng.standard_normal((2, T, C))


def attention(x, p):
    return plain.attention(x, p, "attn", H)


def mlp(x, p):
    wide, widen_backward = plain.linear(x, p, "mlp.c_fc")
    a, gelu_backward = plain.gelu(wide)
    y, narrow_backward = plain.linear(a, p, "mlp.c_proj")
    return y, lambda dy, g: widen_backward(gelu_backward(narrow_backward(dy, g), g), g)


def norm(x, p, wanted):
    return plain.layer_norm(x, p, "ln") if wanted else (x, lambda dy, g: dy)


def half_block(kind, branch, x, p):
    """x -> y and backward(dy, g) -> dx, which puts the gradients of the weights into g."""
    z, norm_in_backward = norm(x, p, kind == "pre-norm")
    b, branch_backward = branch(z, p)
    y, norm_out_backward = norm(b if kind == "bare" else x + b, p, kind == "post-norm")

    def backward(dy, g):
        ds = norm_out_backward(dy, g)
        dx = norm_in_backward(branch_backward(ds, g), g)
        return dx if kind == "bare" else ds + dx

    return y, backward


def run(kind, std):
    """The spread of what the top block gives, and the length of each block's MLP gradient."""
    y, blocks, lengths = x, [], []
    for weights in drawn:
        p = {"ln.weight": np.ones(C), "ln.bias": np.zeros(C)}
        for name, W in weights.items():
            p[f"{name}.weight"], p[f"{name}.bias"] = std * W, np.zeros(W.shape[1])
        y, attention_backward = half_block(kind, attention, y, p)
        y, mlp_backward = half_block(kind, mlp, y, p)
        blocks.append((attention_backward, mlp_backward))
    d = norm(y, p, kind == "pre-norm")[1](dy, {})  # the backward of the topmost norm
    for attention_backward, mlp_backward in reversed(blocks):
        g = {}
        d = attention_backward(mlp_backward(d, g), g)
        lengths.insert(0, np.linalg.norm(g["mlp.c_fc.weight"]))
    return y.std(), lengths


for std in (0.02 * np.sqrt(768 / C), 1 / np.sqrt(C)):  # as wide as GPT-1's at 768; wider
    runs = [run(kind, std) for kind in KINDS]
    print(f"Weights of spread {std:.3f}: the gradient of the MLP's first matrix:\n")
    print("block " + "".join(f"{kind:>11}" for kind in KINDS))
    for i in (0, 2, 5, 8, 11):
        print(f"{i + 1:5} " + "".join(f"{lengths[i]:11.3g}" for _, lengths in runs))
    print("spread" + "".join(f"{spread:11.3g}" for spread, _ in runs) + "   of x at the top\n")
