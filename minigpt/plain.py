"""All of GPT-1 and GPT-2 in NumPy alone, forward and backward; one sequence at a time, no dropout.

A layer takes x and the parameters p, and returns y and `backward`. Given dy, the gradient of the
loss with respect to y, backward returns dx and stores its parameters' gradients in g, named as in
p. Called in reverse, the backwards are the chain rule. model.py computes the same, faster.

T positions, C width, H heads of size D = C / H, V vocabulary; x and y are (T, C) unless stated.
Sources: Radford et al. 2018, 2019. `python -m minigpt.plain` trains a tiny GPT in a minute.
"""

from typing import Any

import numpy as np

Array = Any  # np.ndarray
State = dict[str, Array]  # parameters or gradients, by Hugging Face transformers' names
Result = tuple[Array, Any]  # y and its backward(dy, g) -> dx
TOKENS, POSITIONS = "transformer.tokens_embed.weight", "transformer.positions_embed.weight"
WTE, WPE = "transformer.wte.weight", "transformer.wpe.weight"  # the two in a GPT-2


def linear(x: Array, p: State, name: str) -> Result:
    """y = x W + b: (T, C_in) -> (T, C_out).  dx = dy W^T, dW = x^T dy, db = sum of dy over T."""
    W, b = p[f"{name}.weight"], p[f"{name}.bias"]  # (C_in, C_out), (C_out,)

    def backward(dy: Array, g: State) -> Array:
        g[f"{name}.weight"], g[f"{name}.bias"] = x.T @ dy, dy.sum(axis=0)
        return dy @ W.T

    return x @ W + b, backward


def layer_norm(x: Array, p: State, name: str) -> Result:
    """y = gain z + bias, z = (x - mean) / std by row; dx = (dz - mean(dz) - z mean(dz z)) / std."""
    gain, bias = p[f"{name}.weight"], p[f"{name}.bias"]  # (C,) each
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)  # (T, 1); var divides by C
    z = (x - x.mean(axis=1, keepdims=True)) / std

    def backward(dy: Array, g: State) -> Array:
        g[f"{name}.weight"], g[f"{name}.bias"] = (dy * z).sum(axis=0), dy.sum(axis=0)
        dz = dy * gain  # mean and std depend on x too: hence the two means in dx
        dx = dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)
        return dx / std

    return gain * z + bias, backward


def gelu(x: Array) -> Result:
    """y = x (1 + t) / 2, t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3).  dt = (1 - t^2) du."""
    t = np.tanh((2 / np.pi) ** 0.5 * x * (1 + 0.044715 * x**2))  # GPT-1 takes this form, not erf
    du_dx = (2 / np.pi) ** 0.5 * (1 + 3 * 0.044715 * x**2)
    return x * (1 + t) / 2, lambda dy, g: dy * ((1 + t) / 2 + x * (1 - t**2) / 2 * du_dx)


def attention(x: Array, p: State, name: str, H: int) -> Result:
    """y = (w v) W + b, w = softmax(q k^T / sqrt(D)) in each head; position t sees 0 to t alone."""
    T, C = x.shape
    qkv, in_backward = linear(x, p, f"{name}.c_attn")  # (T, 3C): q, k, v side by side
    q, k, v = qkv.reshape(T, 3, H, C // H).transpose(1, 2, 0, 3)  # (H, T, D) each
    s = np.where(np.tri(T, dtype=bool), q @ k.swapaxes(1, 2) / (C // H) ** 0.5, -np.inf)
    e = np.exp(s - s.max(axis=2, keepdims=True))  # the maximum cancels out; exp cannot overflow
    w = e / e.sum(axis=2, keepdims=True)  # (H, T, T); each row sums to 1
    y, out_backward = linear((w @ v).swapaxes(0, 1).reshape(T, C), p, f"{name}.c_proj")

    def backward(dy: Array, g: State) -> Array:
        do = out_backward(dy, g).reshape(T, H, C // H).swapaxes(0, 1)  # (H, T, D), o = w v
        dv, dw = w.swapaxes(1, 2) @ do, do @ v.swapaxes(1, 2)
        ds = w * (dw - (dw * w).sum(axis=2, keepdims=True)) / (C // H) ** 0.5  # masked: w = 0
        dq, dk = ds @ k, ds.swapaxes(1, 2) @ q
        return in_backward(np.stack([dq, dk, dv]).transpose(2, 0, 1, 3).reshape(T, 3 * C), g)

    return y, backward


def mlp(x: Array, p: State, name: str) -> Result:
    """y = gelu(x W_1 + b_1) W_2 + b_2; the hidden rows are 4 C wide."""
    u, widen_backward = linear(x, p, f"{name}.c_fc")  # (T, 4C)
    f, gelu_backward = gelu(u)
    y, narrow_backward = linear(f, p, f"{name}.c_proj")
    return y, lambda dy, g: widen_backward(gelu_backward(narrow_backward(dy, g), g), g)


def residual(x: Array, p: State, norm: str, branch: Any, *more: Any) -> Result:
    """GPT-1, post-norm: y = norm(x + branch(x)).  GPT-2, pre-norm: y = x + branch(norm(x))."""
    if WTE in p:
        z, norm_backward = layer_norm(x, p, norm)
        b, branch_backward = branch(z, p, *more)
        return x + b, lambda dy, g: dy + norm_backward(branch_backward(dy, g), g)
    b, branch_backward = branch(x, p, *more)
    y, norm_backward = layer_norm(x + b, p, norm)

    def backward(dy: Array, g: State) -> Array:
        dsum = norm_backward(dy, g)  # a sum hands its gradient to both of its terms
        return dsum + branch_backward(dsum, g)  # two uses of x add

    return y, backward


def block(x: Array, p: State, name: str, H: int) -> Result:
    """n = residual(x, attention), y = residual(n, mlp), each with a norm of its own."""
    n, attention_backward = residual(x, p, f"{name}.ln_1", attention, f"{name}.attn", H)
    y, mlp_backward = residual(n, p, f"{name}.ln_2", mlp, f"{name}.mlp")
    return y, lambda dy, g: attention_backward(mlp_backward(dy, g), g)


def gpt(ids: Array, p: State, H: int) -> Result:
    """x = E[ids] + P, then the blocks; logits = x E^T: (T,) -> (T, V). Input and output share E."""
    tokens, positions = (WTE, WPE) if WTE in p else (TOKENS, POSITIONS)
    E, P, T = p[tokens], p[positions], len(ids)  # (V, C), (longest T, C)
    x, backwards = E[ids] + P[:T], list[Any]()
    while f"transformer.h.{len(backwards)}.ln_2.bias" in p:  # as many blocks as p has
        x, block_backward = block(x, p, f"transformer.h.{len(backwards)}", H)
        backwards.append(block_backward)
    if WTE in p:  # one more norm, as no block ends with one
        x, last_backward = layer_norm(x, p, "transformer.ln_f")
        backwards.append(last_backward)

    def backward(dlogits: Array, g: State) -> None:
        g[tokens], dx = dlogits.T @ x, dlogits @ E  # x: what is multiplied with E
        for layer_backward in reversed(backwards):
            dx = layer_backward(dx, g)
        np.add.at(g[tokens], ids, dx)  # two uses of E add; a plain += would miss repeated ids
        g[positions] = np.pad(dx, ((0, len(P) - T), (0, 0)))  # 0 for unused positions

    return x @ E.T, backward


def loss_and_gradients(state: State, x: Array, y: Array, n_head: int) -> tuple[float, State]:
    """Ids x, targets y, (T,) each: loss = mean of -log w[t, y[t]], w = softmax(logits), in nats."""
    logits, backward = gpt(x, state, n_head)
    s, t, g = logits - logits.max(axis=1, keepdims=True), np.arange(len(y)), State()
    log_w = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    dlogits = np.exp(log_w)
    dlogits[t, y] -= 1
    backward(dlogits / len(y), g)  # / T, as the loss is a mean; Adam would hide a mistake
    return -float(log_w[t, y].mean()), g


def adamw(p: State, g: State, m: State, v: State, step: int, rate: float, decay: float) -> None:
    """p -= rate (m^ / (sqrt(v^) + eps) + decay p); m, v: running means of g, g^2; step 1, 2, ..."""
    norm = sum(float((d * d).sum()) for d in g.values()) ** 0.5  # of all gradients together
    for name, array in p.items():
        d = g[name] / max(1.0, norm)  # clipped to norm 1
        m[name] = 0.9 * m.get(name, 0) + 0.1 * d  # from 0 at first, which m^, v^ make up for
        v[name] = 0.999 * v.get(name, 0) + 0.001 * d * d
        change = m[name] / (1 - 0.9**step) / (np.sqrt(v[name] / (1 - 0.999**step)) + 1e-8)
        array -= rate * (change + decay * (array.ndim == 2) * array)  # gains, biases do not decay


def generate(p: State, ids: list[int], n: int, H: int, temperature: float, rng: Any) -> list[int]:
    """ids and n more, drawn from softmax(logits / temperature) by the Gumbel-max trick."""
    longest = len(p[WPE if WPE in p else POSITIONS])
    for _ in range(n):
        logits, _ = gpt(ids[-longest:], p, H)  # of the last window
        ids = [*ids, int((logits[-1] + temperature * rng.gumbel(size=len(logits[-1]))).argmax())]
    return ids


if __name__ == "__main__":
    rhyme = "the house that Jack built, the malt that lay in, the rat that ate, the cat that killed"
    rhyme += ", the dog that worried, the cow with the crumpled horn that tossed"
    verses = [f"This is {' '.join(rhyme.split(', ')[i::-1])}.\n" for i in range(6)]
    unread = list(verses.pop(4).encode())  # held out; a token is a byte
    ids, T, C, H = np.frombuffer("".join(verses).encode(), np.uint8), 32, 48, 4
    rng, m, v = np.random.default_rng(0), State(), State()
    p = {TOKENS: rng.normal(0, 0.02, (128, C)), POSITIONS: rng.normal(0, 0.02, (T, C))}
    for name in ("transformer.h.0", "transformer.h.1"):
        layers = "attn.c_attn", "attn.c_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2"
        for layer, a, b in zip(layers, (1, 1, 0, 1, 4, 0), (3, 1, 1, 4, 1, 1), strict=True):
            W = rng.normal(0, 0.02, (a * C, b * C)) if a else np.ones(C)  # a = 0: a norm's gains
            p[f"{name}.{layer}.weight"], p[f"{name}.{layer}.bias"] = W, np.zeros(b * C)
    for step in range(1, 3001):
        window = ids[rng.integers(len(ids) - T) + np.arange(T + 1)]
        loss, g = loss_and_gradients(p, window[:-1], window[1:], H)  # each target is the next
        adamw(p, g, m, v, step, 3e-3 * min(step / 100, 1 - step / 3001), 0.1)  # warm-up, decay
        if step == 1 or step % 500 == 0:
            print(f"step {step:4}: loss {loss:.3f}")
    verse = bytes(generate(p, unread[:15], len(unread) - 15, H, 0, rng)).decode()
    print(f"A verse that it has not read: {verse}", end="")
