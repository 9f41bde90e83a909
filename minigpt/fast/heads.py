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
def pack(x: Array, b: int, part: int, h: int, first: int, end: int, rows: Array) -> None:
    """x[b, first:end, part, h] of an array (B, T, parts, H, D) -> rows of WIDTH, flat, whose rest stays as it is.

    Each row is an array of its own, of which numba knows that its numbers are neighbours: of x[b, :, part, h] it does not.
    """
    D = x.shape[4]
    for t in range(first, end):
        row, into = x[b, t, part, h], rows[(t - first) * WIDTH : (t - first) * WIDTH + D]
        for d in range(D):
            into[d] = row[d]


@compiled
def pack_transposed(x: Array, b: int, part: int, h: int, tiles: Array) -> None:
    """x[b, :, part, h] -> tiles of WIDTH positions, each (WIDTH components, WIDTH positions), flat."""
    _, T, _, _, D = x.shape
    for first in range(0, T, WIDTH):
        tile = tiles[first * WIDTH : first * WIDTH + TILE]
        for t in range(first, min(first + WIDTH, T)):
            row = x[b, t, part, h]
            for d in range(D):
                tile[d * WIDTH + t - first] = row[d]


@compiled
def unpack(rows: Array, x: Array, b: int, part: int, h: int, first: int, end: int) -> None:
    """The way back of `pack`."""
    D = x.shape[4]
    for t in range(first, end):
        row, into = rows[(t - first) * WIDTH : (t - first) * WIDTH + D], x[b, t, part, h]
        for d in range(D):
            into[d] = row[d]


@inlined
def soften(rows: Array, i: int, t: int, most: Array, weights: Array, bits: Array, threshold: int) -> None:
    """Row i of the scores of query t, tile by tile -> its weights (T,), and in `rows` the same after dropout; `most` is memory (WIDTH,)."""
    number = rows.dtype.type
    scale, zero, one, infinity = number(65536 / threshold), number(0), number(1), number(np.inf)
    most[:] = -infinity
    for start in range(0, t + 1, WIDTH):
        row = rows[start * ROWS + i * WIDTH : start * ROWS + (i + 1) * WIDTH]
        for j in range(WIDTH):
            row[j] = row[j] if start + j <= t else -infinity
        for j in range(WIDTH):
            most[j] = max(most[j], row[j])
    width = WIDTH // 2
    while width:
        for j in range(width):
            most[j] = max(most[j], most[width + j])
        width //= 2
    total, highest = zero, most[0]
    for start in range(0, t + 1, WIDTH):
        row = rows[start * ROWS + i * WIDTH : start * ROWS + (i + 1) * WIDTH]
        for j in range(WIDTH):
            e = exponential(row[j] - highest)
            row[j] = e
            total += e
    inverse = one / total
    for start in range(0, t + 1, WIDTH):
        row = rows[start * ROWS + i * WIDTH : start * ROWS + (i + 1) * WIDTH]
        n = min(WIDTH, weights.size - start)
        weight = weights[start : start + n]
        for j in range(n):
            weight[j] = row[j] * inverse
            row[j] = weight[j]
        if threshold < 65536:
            random = bits[start : start + n]
            for j in range(n):
                row[j] *= scale if random[j] < threshold else zero


@compiled
def attend(qkv: Array, bits: Array, threshold: int, weights: Array, mixed: Array) -> None:
    """`attend_one` for every sequence and head: qkv (B, T, 3, H, D), bits (B, at least H T T), weights (B, H, T, T), mixed (B, T, 1, H, D).

    All are in C order, whatever the sizes, so numba compiles one form.
    """
    B, T, _, H, _ = qkv.shape
    for b in range(B):
        for h in range(H):
            attend_one(qkv, b, h, bits[b, h * T * T :], threshold, weights[b, h], mixed)


@compiled
def attend_one(qkv: Array, b: int, h: int, bits: Array, threshold: int, weights: Array, mixed: Array) -> None:
    """Head h of sequence b: q (already scaled), k, v -> weights (T, T), the softmax before dropout, at and left of the diagonal; mixed.

    Dropout keeps a weight where its 16 bits (T T, flat) are below the threshold; 65536 turns it off, and bits are not read. Rows go to the
    end of their last tile: a loop of WIDTH has no rest, which would take as long as all before it.
    """
    number = qkv.dtype.type
    _, T, _, _, D = qkv.shape
    padded = (T + WIDTH - 1) // WIDTH * WIDTH
    keys, values = np.zeros(padded * WIDTH, qkv.dtype), np.zeros(padded * WIDTH, qkv.dtype)
    pack_transposed(qkv, b, 1, h, keys)
    pack(qkv, b, 2, h, 0, T, values)
    queries, rows = np.zeros(GROUP, qkv.dtype), np.empty(padded * ROWS, qkv.dtype)  # rows: of scores, tile by tile
    sums, most, zero = np.empty(GROUP, qkv.dtype), np.empty(WIDTH, qkv.dtype), number(0)
    for first in range(0, T, ROWS):
        count = min(ROWS, T - first)
        end = first + count  # of the keys that the last of these queries sees
        pack(qkv, b, 0, h, first, end, queries)
        for start in range(0, end, WIDTH):
            scores = rows[start * ROWS : start * ROWS + GROUP]
            scores[:] = zero
            for d in range(0, D, ROWS):
                add_products(queries[d:], WIDTH, 1, keys[start * WIDTH + d * WIDTH :], scores)
        sums[:] = zero
        for i in range(count):
            soften(rows, i, first + i, most, weights[first + i], bits[(first + i) * T :], threshold)
        for start in range(0, end, WIDTH):
            scores = rows[start * ROWS : start * ROWS + GROUP]
            for j in range(0, min(WIDTH, end - start), ROWS):
                add_products(scores[j:], WIDTH, 1, values[(start + j) * WIDTH :], sums)
        unpack(sums, mixed, b, 0, h, first, end)


@compiled
def attend_back(qkv: Array, bits: Array, threshold: int, weights: Array, mixed: Array, dmixed: Array, dqkv: Array) -> None:
    """`attend_one_back` for every sequence and head: as `attend`; dmixed (B, T, 1, H, D), dqkv (B, T, 3, H, D)."""
    B, T, _, H, _ = qkv.shape
    for b in range(B):
        for h in range(H):
            attend_one_back(qkv, b, h, bits[b, h * T * T :], threshold, weights[b, h], mixed, dmixed, dqkv)


@compiled
def attend_one_back(
    qkv: Array, b: int, h: int, bits: Array, threshold: int, weights: Array, mixed: Array, dmixed: Array, dqkv: Array
) -> None:
    """dqkv (that of q is of the scaled one) from dmixed and what `attend` was given and wrote."""
    number = qkv.dtype.type
    _, T, _, _, D = qkv.shape
    padded = (T + WIDTH - 1) // WIDTH * WIDTH
    values, keys = np.zeros(padded * WIDTH, qkv.dtype), np.zeros(padded * WIDTH, qkv.dtype)
    pack_transposed(qkv, b, 2, h, values)
    pack(qkv, b, 1, h, 0, T, keys)
    key_sums, value_sums = np.zeros(padded * WIDTH, qkv.dtype), np.zeros(padded * WIDTH, qkv.dtype)
    queries, upstream, sums = np.zeros(GROUP, qkv.dtype), np.zeros(GROUP, qkv.dtype), np.empty(GROUP, qkv.dtype)
    slopes, dropped = np.empty(GROUP, qkv.dtype), np.empty(GROUP, qkv.dtype)  # dscores; the weights after dropout
    totals = np.empty(ROWS, qkv.dtype)
    scale, zero = number(65536 / threshold), number(0)
    for first in range(0, T, ROWS):
        count = min(ROWS, T - first)
        end = first + count
        pack(qkv, b, 0, h, first, end, queries)
        pack(dmixed, b, 0, h, first, end, upstream)
        upstream[count * WIDTH :] = zero  # rows that the last group lacks
        for i in range(count):
            total = zero  # the sum of w dw over the keys is that of do o over the components
            up, out = dmixed[b, first + i, 0, h], mixed[b, first + i, 0, h]
            for d in range(D):
                total += up[d] * out[d]
            totals[i] = total
        sums[:] = zero
        for start in range(0, end, WIDTH):
            slopes[:] = zero
            for d in range(0, D, ROWS):
                add_products(upstream[d:], WIDTH, 1, values[start * WIDTH + d * WIDTH :], slopes)  # dw
            dropped[:] = zero
            for i in range(count):
                t = first + i
                n = min(WIDTH, T - start)
                slope, kept = slopes[i * WIDTH : (i + 1) * WIDTH], dropped[i * WIDTH : (i + 1) * WIDTH]
                weight, total = weights[t, start : start + n], totals[i]
                if threshold < 65536:
                    random = bits[t * T + start : t * T + start + n]
                    for j in range(n):
                        mask = scale if random[j] < threshold else zero
                        kept[j] = weight[j] * mask
                        slope[j] = weight[j] * (slope[j] * mask - total)
                else:
                    for j in range(n):
                        kept[j] = weight[j]
                        slope[j] = weight[j] * (slope[j] - total)
                for j in range(WIDTH):
                    slope[j] = slope[j] if start + j <= t else zero
            for j in range(0, min(WIDTH, end - start), ROWS):
                at = (start + j) * WIDTH
                add_products(slopes[j:], WIDTH, 1, keys[at:], sums)
                add_products(slopes[j:], 1, WIDTH, queries, key_sums[at : at + GROUP])
                add_products(dropped[j:], 1, WIDTH, upstream, value_sums[at : at + GROUP])
        unpack(sums, dqkv, b, 0, h, first, end)
    unpack(key_sums, dqkv, b, 1, h, 0, T)
    unpack(value_sums, dqkv, b, 2, h, 0, T)
