"""Chains of elementwise steps and sums over rows, each one pass over memory; compiled by numba at the first call and kept on disk.

NumPy makes a pass over memory for each step of a chain. Here a row stays in the processor's first cache, and the interpreter's lock is
released, so that workers compute side by side. Arrays are (N, C) in C order, float32 or float64; literals are converted to their type, as a
Python float would turn the arithmetic into float64.

An array that is read and written is one argument: of two that may overlap, LLVM vectorizes neither.

Sums may be reordered and products fused with sums (`MATH`), which vectorizes them. NaN and infinities keep their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.extending import overload

Array = Any
F = TypeVar("F", bound=Callable[..., Any])

MATH = {"contract", "reassoc", "arcp", "nsz"}
PART = 4096  # elements of a long sum, as an array of their own: from `start` to `start + PART` of a longer one LLVM vectorizes nothing


def compiled(function: F) -> F:
    """Compile a function at its first call, and keep it on disk where there is a folder for it.

    numba compiles again when the function's own file has changed. heads.py and decoding.py use functions of this one: after a change here,
    remove `__pycache__`.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": MATH}
    try:
        made: F = numba.njit(function, cache=True, **options)
    except RuntimeError:  # no folder can be written: compile in every process
        made = numba.njit(function, **options)
    return made


def inlined(function: F) -> F:
    """Compile a function into each of its callers, which spares them the handing over of arrays."""
    made: F = numba.njit(function, forceinline=True, error_model="numpy", fastmath=MATH)
    return made


def exponential(x: Any) -> Any:
    """exp(x) within two units in the last place, in code that vectorizes. In float32: 0 below LOWEST, infinite above HIGHEST."""
    return math.exp(x)


# float32: exp(x) = 2^n exp(r), n = round(x / log 2). log 2 = LOG_2_HIGH + LOG_2_LOW, of which the first has so few bits that n times it is
# exact. exp(r) for |r| <= log(2) / 2 by Cephes' polynomial (expf.c, S. Moshier).
LOG_2_E, LOG_2_HIGH, LOG_2_LOW = np.float32(1.44269504088896341), np.float32(0.693359375), np.float32(-2.12194440e-4)
P0, P1, P2 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
P3, P4, P5 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
LOWEST, HIGHEST = np.float32(-87.3), np.float32(88.37)  # outside, 2^n is no float32
HALF, ONE, ZERO, INFINITE = np.float32(0.5), np.float32(1), np.float32(0), np.float32(np.inf)
BIAS, MANTISSA = 127, 23  # of float32: 2^n has n + 127 above 23 bits


def exponential_32(x: Any) -> Any:
    within = min(max(x, LOWEST), HIGHEST)
    n = np.floor(within * LOG_2_E + HALF)
    r = (x - n * LOG_2_HIGH) - n * LOG_2_LOW
    polynomial = ((((P0 * r + P1) * r + P2) * r + P3) * r + P4) * r + P5
    power = np.int32(np.int32(np.int32(n) + BIAS) << MANTISSA).view(np.float32)
    y = (polynomial * r * r + r + ONE) * power
    y = ZERO if x < LOWEST else y
    return INFINITE if x > HIGHEST else y


def exponential_64(x: Any) -> Any:
    return math.exp(x)


# Without "reassoc", which would merge the two steps to r.
@overload(exponential, jit_options={"fastmath": {"contract"}, "forceinline": True, "error_model": "numpy"})
def _exponential(x: Any) -> Any:
    return exponential_32 if x == numba.types.float32 else exponential_64


@compiled
def normalize(x: Array, gain: Array, bias: Array, epsilon: float, y: Array, inverse_std: Array) -> None:
    """Layer norm, forward; normalizes x in place."""
    number = x.dtype.type
    N, C = x.shape
    for n in range(N):
        mean, squares = number(0), number(0)
        for c in range(C):
            mean += x[n, c]
        mean /= number(C)
        for c in range(C):
            squares += (x[n, c] - mean) * (x[n, c] - mean)
        inverse = number(1) / np.sqrt(squares / number(C) + number(epsilon))
        inverse_std[n, 0] = inverse
        for c in range(C):
            x[n, c] = (x[n, c] - mean) * inverse
            y[n, c] = x[n, c] * gain[c] + bias[c]


@compiled
def normalize_back(dy: Array, normalized: Array, inverse_std: Array, gain: Array, dgain: Array, dbias: Array, dx: Array) -> None:
    """Layer norm, backward; adds to dgain and dbias."""
    number = dy.dtype.type
    N, C = dy.shape
    for n in range(N):
        mean, share = number(0), number(0)  # of dz and of dz * z
        for c in range(C):
            product = dy[n, c] * normalized[n, c]
            dgain[c] += product
            dbias[c] += dy[n, c]
            mean += dy[n, c] * gain[c]
            share += product * gain[c]
        mean, share = mean / number(C), share / number(C)
        for c in range(C):
            dx[n, c] = (dy[n, c] * gain[c] - mean - normalized[n, c] * share) * inverse_std[n, 0]


@compiled
def gelu(x: Array, slope: Array, scale: float, cubic: float) -> None:
    """GELU in its tanh form, in place, and its slope; flat arrays."""
    number = x.dtype.type
    one, three, twice = number(1), number(3), number(2 * scale)
    cube = number(cubic)
    for i in range(x.size):
        squared = x[i] * x[i]
        gate = one / (one + exponential(-twice * x[i] * (one + cube * squared)))
        y = x[i] * gate
        slope[i] = gate + y * (one - gate) * twice * (one + three * cube * squared)
        x[i] = y


@compiled
def draw(state: Array, bits: Array) -> None:
    """Random bits as numpy.random.SFC64 draws them, from its state (4,), which moves on. Source: Doty-Humphrey, PractRand."""
    a, b, c, counter = state[0], state[1], state[2], state[3]
    for i in range(bits.size):
        total = a + b + counter
        counter += np.uint64(1)
        a = b ^ (b >> np.uint64(11))
        b = c + (c << np.uint64(3))
        c = ((c << np.uint64(24)) | (c >> np.uint64(40))) + total
        bits[i] = total
    state[0], state[1], state[2], state[3] = a, b, c, counter


@compiled
def drop(x: Array, bits: Array, threshold: int) -> None:
    """x times the mask, in place: 65536 / threshold where 16 bits are below the threshold, else 0. Flat arrays."""
    number = x.dtype.type
    scale, zero = number(65536 / threshold), number(0)
    for i in range(x.size):
        x[i] *= scale if bits[i] < threshold else zero


@compiled
def exponentials(x: Array, maxima: Array, sums: Array) -> None:
    """Rows of logits x (N, S) -> exp(x - max), in place; maxima and sums (N,)."""
    number = x.dtype.type
    for n in range(x.shape[0]):
        most = x[n, 0]
        for s in range(x.shape[1]):
            most = max(most, x[n, s])
        total = number(0)
        for s in range(x.shape[1]):
            e = exponential(x[n, s] - most)
            x[n, s] = e
            total += e
        maxima[n], sums[n] = most, total


@compiled
def add_squares(first: Array, other: Array) -> float:
    """first += other, flat; returns the sum of squares of the result."""
    number = first.dtype.type
    squares = 0.0
    for start in range(0, first.size, PART):  # a short sum in the arrays' type, a long one in float64
        a, b, part = first[start : start + PART], other[start : start + PART], number(0)
        for i in range(a.size):
            total = a[i] + b[i]
            a[i] = total
            part += total * total
        squares += part
    return squares


@compiled
def sum_squares(first: Array) -> float:
    """The sum of squares of a flat array."""
    number = first.dtype.type
    squares = 0.0
    for start in range(0, first.size, PART):
        a, part = first[start : start + PART], number(0)
        for i in range(a.size):
            part += a[i] * a[i]
        squares += part
    return squares


@compiled
def adamw(
    p: Array, g: Array, m: Array, v: Array, kept: float, scale: float, betas: tuple[float, float], epsilon: float, rate: float
) -> None:
    """p = kept p - rate m / (sqrt(v) + epsilon), with rate and epsilon that include the bias corrections; flat arrays."""
    number = p.dtype.type
    b1, b2, remains, step, small = number(betas[0]), number(betas[1]), number(kept), number(rate), number(epsilon)
    first, second = number(scale * (1 - betas[0])), number((1 - betas[1]) / (1 - betas[0]) ** 2)
    for i in range(p.size):
        summand = first * g[i]  # squared, it overflows where the base class's does
        m[i] = b1 * m[i] + summand
        v[i] = b2 * v[i] + second * (summand * summand)
        p[i] = remains * p[i] - step * m[i] / (np.sqrt(v[i]) + small)
