"""What each kernel computes, in NumPy and float64: the specification that it is held to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # a numpy.ndarray


def philox(a: Array, b: Array, c: Array, seed: int, step: int) -> Array:
    """Philox4x32 with 7 rounds over counters (a, b, c, 0): four 32-bit words in the last axis."""
    x: list[Array] = [np.asarray(part, np.uint64) for part in np.broadcast_arrays(a, b, c, 0)]
    word = np.uint64(0xFFFFFFFF)
    for _ in range(7):
        p, q = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = [
            (q >> 32) ^ x[1] ^ np.uint64(seed),
            q & word,
            (p >> 32) ^ x[3] ^ np.uint64(step),
            p & word,
        ]
        seed, step = (seed + 0x9E3779B9) & 0xFFFFFFFF, (step + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(x, axis=-1)


def kept(bits16: Array, keep: int) -> Array:
    return np.where(bits16 < keep, 65536 / keep, 0.0)


def row_mask(head: Array, site: int, N: int, C: int, keep: int) -> Array:
    """Dropout's mask of (N, C) rows."""
    if keep >= 65536:
        return np.ones((N, C))
    rows, quads = np.arange(N)[:, None] + int(head[2]), np.arange(C // 4)[None]
    bits = philox(rows, quads, site, int(head[1]), int(head[0]))
    return kept(bits >> np.uint64(16), keep).reshape(N, C)


def weight_mask(head: Array, site: int, B: int, H: int, T: int, keep: int) -> Array:
    """Dropout's mask of attention weights (B, H, T, T)."""
    if keep >= 65536:
        return np.ones((B, H, T, T))
    b, h, i = np.ogrid[:B, :H, :T]
    a = (((int(head[2]) // T + b) * H + h) * -(-T // 16) + i // 16) * 8 + i % 8
    j = np.arange(T)
    bits = philox(a[..., None], j // 32 * 8 + j % 8, site, int(head[1]), int(head[0]))
    word = np.take_along_axis(bits, (j // 8 % 4)[None, None, None, :, None], axis=-1)[..., 0]
    half = np.where(i[..., None] // 8 % 2, word >> np.uint64(16), word & np.uint64(0xFFFF))
    return kept(half, keep)


def embed(ids: Array, token: Array, position: Array, mask: Array) -> Array:
    return (token[ids] + position[np.arange(len(ids)) % len(position)]) * mask


def add_norm(branch: Array, bias: Array, residual: Array, gain: Array, shift: Array, mask: Array, eps: float) -> tuple[Array, Array, Array]:
    s = (branch + bias) * mask + residual
    s = s - s.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt((s * s).mean(axis=1, keepdims=True) + eps)
    return s * inverse * gain + shift, s * inverse, inverse[:, 0]


def add_norm_back(dy: Array, z: Array, inverse: Array, gain: Array, mask: Array) -> tuple[Array, Array, Array, Array, Array]:
    """ds, dbranch, dgain, dshift, dbias."""
    dz = dy * gain
    ds = dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)
    ds = ds * inverse[:, None]
    return ds, ds * mask, (dy * z).sum(axis=0), dy.sum(axis=0), (ds * mask).sum(axis=0)


def gelu(u: Array) -> tuple[Array, Array]:
    """gelu(u) in its tanh form, and its slope."""
    S, CUBIC = math.sqrt(2 / math.pi), 0.044715
    t = np.tanh(S * (u + CUBIC * u**3))
    slope = (1 + t) / 2 + u * (1 - t * t) / 2 * S * (1 + 3 * CUBIC * u * u)
    return u * (1 + t) / 2, slope


def split(qkv: Array, B: int, H: int) -> tuple[Array, Array, Array]:
    """(N, 3C) -> q, k, v (B, H, T, D)."""
    q, k, v = qkv.reshape(B, -1, 3, H, qkv.shape[1] // 3 // H).transpose(2, 0, 3, 1, 4)
    return q, k, v


def join(x: Array) -> Array:
    """(B, H, T, D) -> (N, C)."""
    B, H, T, D = x.shape
    return x.swapaxes(1, 2).reshape(B * T, H * D)


def attend(qkv: Array, B: int, H: int, mask: Array) -> tuple[Array, Array, Array]:
    """mixed (N, C), log2 of the sums of exponentials (B, H, T), the weights before dropout."""
    q, k, v = split(qkv, B, H)
    T, D = q.shape[2:]
    scores = q @ k.swapaxes(2, 3) / math.sqrt(D)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    most = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - most)
    sums = e.sum(axis=-1, keepdims=True)
    log_sum = (most + np.log(sums))[..., 0] / math.log(2)
    return join((e / sums * mask) @ v), log_sum, e / sums


def attend_back(qkv: Array, dmixed: Array, B: int, H: int, mask: Array) -> Array:
    """dqkv (N, 3C)."""
    q, k, v = split(qkv, B, H)
    dy = dmixed.reshape(B, -1, H, q.shape[3]).swapaxes(1, 2)
    w = attend(qkv, B, H, mask)[2]
    dw = (dy @ v.swapaxes(2, 3)) * mask
    ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[3])
    parts = ds @ k, ds.swapaxes(2, 3) @ q, (w * mask).swapaxes(2, 3) @ dy
    return np.concatenate([join(part) for part in parts], axis=1)


def softmax_loss(logits: Array, targets: Array, share: float) -> tuple[Array, Array]:
    """Each row's loss, and the gradient of share times their sum."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    losses = -np.log(p[rows, targets])
    p[rows, targets] -= 1
    return losses, p * share


def embed_back(ids: Array, dx: Array, dtoken: Array, T: int, P: int) -> tuple[Array, Array]:
    """dtoken with what the ids add to it; dposition (P, C)."""
    token, position = dtoken.copy(), np.zeros((P, dx.shape[1]))
    np.add.at(token, ids, dx)
    position[:T] = dx.reshape(-1, T, dx.shape[1]).sum(axis=0)
    return token, position


def adamw(p: Array, g: Array, m: Array, v: Array, decayed: int, head: Array, norm: float) -> tuple[Array, Array, Array]:
    """p, m, v after an update with the numbers of head (kernels/common.cuh)."""
    rate, c1, c2, clip, beta1, rest1, beta2, rest2, epsilon, decay = (float(x) for x in head.view(np.float32)[4:14])
    g = g * (clip / norm if 0 < clip < norm else 1.0)
    m = beta1 * m + rest1 * g
    v = beta2 * v + rest2 * g * g
    shrink = np.where(np.arange(len(p)) < decayed, 1 - rate * decay, 1.0)
    return p * shrink - rate * (m / c1) / (np.sqrt(v) / c2 + epsilon), m, v
