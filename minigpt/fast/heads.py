"""One head of causal self-attention over one sequence, forward and backward; compiled by numba.

The matrix products are written here too. Tiles of WIDTH keys and of WIDTH components are copied into rows of that constant length, and
`add_products` adds to four such rows at a time: LLVM turns it into vector instructions that are nearly as fast as BLAS. Queries are taken
four at a time, so scores above the diagonal are hardly ever computed, and a row's scores go from their product through the softmax to the
product with the values while they are in the first cache.

Axes: T positions, D <= WIDTH components of a head (zeros fill the rest), tiles of WIDTH keys.
"""

from __future__ import annotations

import numpy as np

from minigpt.fast.chains import Array, compiled, exponential, inlined

WIDTH = 64  # of GPT-1's heads, at all sizes
ROWS = 4  # queries, or keys, at once
TILE = WIDTH * WIDTH
GROUP = ROWS * WIDTH


@inlined
def add_products(a: Array, a_row: int, a_column: int, b: Array, c: Array) -> None:
    """c += A b for c (4, WIDTH) and b (4, WIDTH), flat, and the 4 x 4 numbers A[i, k] = a[i * a_row + k * a_column]."""
    a00, a01, a02, a03 = a[0], a[a_column], a[2 * a_column], a[3 * a_column]
    a = a[a_row:]
    a10, a11, a12, a13 = a[0], a[a_column], a[2 * a_column], a[3 * a_column]
    a = a[a_row:]
    a20, a21, a22, a23 = a[0], a[a_column], a[2 * a_column], a[3 * a_column]
    a = a[a_row:]
    a30, a31, a32, a33 = a[0], a[a_column], a[2 * a_column], a[3 * a_column]
    for j in range(WIDTH):
        b0, b1, b2, b3 = b[j], b[WIDTH + j], b[2 * WIDTH + j], b[3 * WIDTH + j]
        c[j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
        c[WIDTH + j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
        c[2 * WIDTH + j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
        c[3 * WIDTH + j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3


@compiled
def pack(x: Array, rows: Array) -> None:
    """x (T, D), of any row length -> rows (flat, at least T rows of WIDTH)."""
    T, D = x.shape
    rows[:] = 0
    for t in range(T):
        for d in range(D):
            rows[t * WIDTH + d] = x[t, d]


@compiled
def pack_transposed(x: Array, tiles: Array) -> None:
    """x (T, D) -> tiles of WIDTH positions, each (WIDTH components, WIDTH positions), flat."""
    T, D = x.shape
    tiles[:] = 0
    for first in range(0, T, WIDTH):
        tile = tiles[first * WIDTH : first * WIDTH + TILE]
        for t in range(first, min(first + WIDTH, T)):
            for d in range(D):
                tile[d * WIDTH + t - first] = x[t, d]


@compiled
def attend(qkv: Array, bits: Array, threshold: int, weights: Array, mixed: Array) -> None:
    """`attend_one` for every sequence and head: qkv (B, T, 3, H, D), bits (B, at least H T T), weights (B, H, T, T), mixed (B, T, H, D).

    All are in C order, whatever the sizes, so numba compiles one form.
    """
    B, T, _, H, _ = qkv.shape
    for b in range(B):
        for h in range(H):
            q, k, v = qkv[b, :, 0, h], qkv[b, :, 1, h], qkv[b, :, 2, h]
            attend_one(q, k, v, bits[b, h * T * T :], threshold, weights[b, h], mixed[b, :, h])


@compiled
def attend_one(q: Array, k: Array, v: Array, bits: Array, threshold: int, weights: Array, mixed: Array) -> None:
    """q (already scaled), k, v (T, D) -> weights (T, T), the softmax before dropout, at and left of the diagonal; mixed (T, D).

    Dropout keeps a weight where its 16 bits (T T, flat) are below the threshold; 65536 turns it off, and bits are not read.
    """
    number = q.dtype.type
    T, D = q.shape
    padded = (T + WIDTH - 1) // WIDTH * WIDTH
    keys, values = np.empty(padded * WIDTH, q.dtype), np.empty(padded * WIDTH, q.dtype)
    pack_transposed(k, keys)
    pack(v, values)
    queries, rows = np.empty(GROUP, q.dtype), np.empty(padded * ROWS, q.dtype)  # rows: of scores, tile by tile
    sums = np.empty(GROUP, q.dtype)
    scale, zero, one = number(65536 / threshold), number(0), number(1)
    for first in range(0, T, ROWS):
        count = min(ROWS, T - first)
        end = first + count  # of the keys that the last of these queries sees
        pack(q[first:end], queries)
        for start in range(0, end, WIDTH):
            scores = rows[start * ROWS : start * ROWS + GROUP]
            scores[:] = zero
            for d in range(0, D, ROWS):
                add_products(queries[d:], WIDTH, 1, keys[start * WIDTH + d * WIDTH :], scores)
        sums[:] = zero
        for i in range(count):
            t = first + i
            most = number(-np.inf)
            for start in range(0, t + 1, WIDTH):
                row = rows[start * ROWS + i * WIDTH : start * ROWS + i * WIDTH + min(WIDTH, t + 1 - start)]
                for j in range(row.size):
                    most = max(most, row[j])
            total = zero
            for start in range(0, t + 1, WIDTH):
                row = rows[start * ROWS + i * WIDTH : start * ROWS + i * WIDTH + min(WIDTH, t + 1 - start)]
                for j in range(row.size):
                    e = exponential(row[j] - most)
                    row[j] = e
                    total += e
            inverse = one / total
            for start in range(0, t + 1, WIDTH):
                row = rows[start * ROWS + i * WIDTH : start * ROWS + (i + 1) * WIDTH]
                seen = min(WIDTH, t + 1 - start)
                weight = weights[t, start : start + seen]
                for j in range(seen):
                    weight[j] = row[j] * inverse
                    row[j] = weight[j]
                if threshold < 65536:
                    random = bits[t * T + start : t * T + start + seen]
                    for j in range(seen):
                        row[j] *= scale if random[j] < threshold else zero
                row[seen:] = zero
        for start in range(0, end, WIDTH):
            scores = rows[start * ROWS : start * ROWS + GROUP]
            for j in range(0, min(WIDTH, end - start), ROWS):
                add_products(scores[j:], WIDTH, 1, values[(start + j) * WIDTH :], sums)
        for i in range(count):
            for d in range(D):
                mixed[first + i, d] = sums[i * WIDTH + d]


@compiled
def attend_back(qkv: Array, bits: Array, threshold: int, weights: Array, mixed: Array, dmixed: Array, dqkv: Array) -> None:
    """`attend_one_back` for every sequence and head: as `attend`; dmixed (B, T, H, D), dqkv (B, T, 3, H, D)."""
    B, T, _, H, _ = qkv.shape
    for b in range(B):
        for h in range(H):
            q, k, v, random = qkv[b, :, 0, h], qkv[b, :, 1, h], qkv[b, :, 2, h], bits[b, h * T * T :]
            dq, dk, dv = dqkv[b, :, 0, h], dqkv[b, :, 1, h], dqkv[b, :, 2, h]
            attend_one_back(q, k, v, random, threshold, weights[b, h], mixed[b, :, h], dmixed[b, :, h], dq, dk, dv)


@compiled
def attend_one_back(
    q: Array, k: Array, v: Array, bits: Array, threshold: int, weights: Array, mixed: Array, dmixed: Array, dq: Array, dk: Array, dv: Array
) -> None:
    """The gradients dq (of the scaled q), dk, dv (T, D) from dmixed (T, D) and what `attend` was given and wrote."""
    number = q.dtype.type
    T, D = q.shape
    padded = (T + WIDTH - 1) // WIDTH * WIDTH
    values, keys = np.empty(padded * WIDTH, q.dtype), np.empty(padded * WIDTH, q.dtype)
    pack_transposed(v, values)
    pack(k, keys)
    key_sums, value_sums = np.zeros(padded * WIDTH, q.dtype), np.zeros(padded * WIDTH, q.dtype)
    queries, upstream, sums = np.empty(GROUP, q.dtype), np.empty(GROUP, q.dtype), np.empty(GROUP, q.dtype)
    slopes, dropped = np.empty(GROUP, q.dtype), np.empty(GROUP, q.dtype)  # dscores; the weights after dropout
    totals = np.empty(ROWS, q.dtype)
    scale, zero = number(65536 / threshold), number(0)
    for first in range(0, T, ROWS):
        count = min(ROWS, T - first)
        end = first + count
        pack(q[first:end], queries)
        pack(dmixed[first:end], upstream)
        for i in range(count):
            total = zero  # the sum of w dw over the keys is that of do o over the components
            for d in range(D):
                total += dmixed[first + i, d] * mixed[first + i, d]
            totals[i] = total
        sums[:] = zero
        for start in range(0, end, WIDTH):
            slopes[:] = zero
            for d in range(0, D, ROWS):
                add_products(upstream[d:], WIDTH, 1, values[start * WIDTH + d * WIDTH :], slopes)  # dw
            dropped[:] = zero
            for i in range(count):
                t = first + i
                seen = min(WIDTH, t + 1 - start)
                slope, kept = slopes[i * WIDTH : (i + 1) * WIDTH], dropped[i * WIDTH : (i + 1) * WIDTH]
                weight, total = weights[t, start : start + max(0, seen)], totals[i]
                if threshold < 65536:
                    random = bits[t * T + start : t * T + start + max(0, seen)]
                    for j in range(weight.size):
                        mask = scale if random[j] < threshold else zero
                        kept[j] = weight[j] * mask
                        slope[j] = weight[j] * (slope[j] * mask - total)
                else:
                    for j in range(weight.size):
                        kept[j] = weight[j]
                        slope[j] = weight[j] * (slope[j] - total)
                slope[max(0, seen) :] = zero
            for j in range(0, min(WIDTH, end - start), ROWS):
                at = (start + j) * WIDTH
                add_products(slopes[j:], WIDTH, 1, keys[at:], sums)
                add_products(slopes[j:], 1, WIDTH, queries, key_sums[at : at + GROUP])
                add_products(dropped[j:], 1, WIDTH, upstream, value_sums[at : at + GROUP])
        for i in range(count):
            for d in range(D):
                dq[first + i, d] = sums[i * WIDTH + d]
    for t in range(T):
        for d in range(D):
            dk[t, d], dv[t, d] = key_sums[t * WIDTH + d], value_sums[t * WIDTH + d]
