"""GPT-1 in JAX: one jitted step with dot_product_attention, AdamW and clipping written out."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from minigpt import ModelConfig


def make(config: ModelConfig, state: dict[str, np.ndarray], variant: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """A training step without dropout. The only variant is "jit"."""
    if config.dropout:
        raise SystemExit("the JAX peer has no dropout")
    p = {name.removeprefix("transformer."): jnp.asarray(array) for name, array in state.items()}
    C, H = config.n_embd, config.n_head

    def norm(x: jax.Array, gain: jax.Array, bias: jax.Array) -> jax.Array:
        z = x - x.mean(-1, keepdims=True)
        return z * jax.lax.rsqrt((z * z).mean(-1, keepdims=True) + config.layer_norm_epsilon) * gain + bias

    def loss(p: dict[str, jax.Array], ids: jax.Array, targets: jax.Array) -> jax.Array:
        B, T = ids.shape
        x = p["tokens_embed.weight"][ids] + p["positions_embed.weight"][:T]
        for i in range(config.n_layer):
            w = {name.removeprefix(f"h.{i}."): array for name, array in p.items() if name.startswith(f"h.{i}.")}
            q, k, v = jnp.split((x @ w["attn.c_attn.weight"] + w["attn.c_attn.bias"]).reshape(B, T, 3 * H, C // H), 3, axis=2)
            a = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(B, T, C)
            n = norm(x + a @ w["attn.c_proj.weight"] + w["attn.c_proj.bias"], w["ln_1.weight"], w["ln_1.bias"])
            m = jax.nn.gelu(n @ w["mlp.c_fc.weight"] + w["mlp.c_fc.bias"], approximate=True)
            x = norm(n + m @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"], w["ln_2.weight"], w["ln_2.bias"])
        logits = x @ p["tokens_embed.weight"].T
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], axis=-1).mean()

    @jax.jit
    def update(p, m, v, t, ids, targets):  # type: ignore[no-untyped-def]
        value, g = jax.value_and_grad(loss)(p, ids, targets)
        norm = jnp.sqrt(sum((a * a).sum() for a in g.values()))
        scale = jnp.minimum(1.0, 1.0 / norm)
        m = {n: 0.9 * m[n] + 0.1 * g[n] * scale for n in p}
        v = {n: 0.999 * v[n] + 0.001 * (g[n] * scale) ** 2 for n in p}
        new = {}
        for n in p:
            decay = 0.01 if p[n].ndim > 1 else 0.0
            new[n] = p[n] * (1 - 3e-4 * decay) - 3e-4 * (m[n] / (1 - 0.9**t)) / (jnp.sqrt(v[n] / (1 - 0.999**t)) + 1e-8)
        return new, m, v, value

    moments = [{n: jnp.zeros_like(a) for n, a in p.items()} for _ in range(2)]
    now = {"p": p, "m": moments[0], "v": moments[1], "t": 0}

    def step(x: np.ndarray, y: np.ndarray) -> float:
        now["t"] += 1
        now["p"], now["m"], now["v"], value = update(now["p"], now["m"], now["v"], float(now["t"]), jnp.asarray(x), jnp.asarray(y))
        return float(value)

    return step
