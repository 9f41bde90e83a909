"""How small should the step of a central difference be? Neither large nor small.

A gradient check compares a backward pass with (f(x + h) - f(x - h)) / 2h. The error of that slope
has two parts. Cutting the Taylor series off after its first terms costs f'''(x) h^2 / 6, which
falls with h. Rounding f to 16 digits costs about 1e-16 / h, which grows as h falls. On a
logarithmic scale their sum is a V, and the best step lies at its bottom, near the cube root of
1e-16. (Below, digits that are right are drawn, so that the V stands on its head.)

Here f is GELU, and the errors are averages over 1000 points. Four ways to estimate its slope:

  one-sided  (f(x + h) - f(x)) / h                 error f''(x) h / 2
  central    (f(x + h) - f(x - h)) / 2h            error f'''(x) h^2 / 6
  pair       (4 central(h) - central(2h)) / 3      the h^2 terms cancel: an error of order h^4
  float32    central, in numbers of 7 digits, not 16
"""

import numpy as np

SCALE, CUBIC = np.sqrt(2 / np.pi), 0.044715


def gelu(x):
    """x (n,) -> (n,), the curve in GPT-1's MLP; computed in x's own precision."""
    u = x.dtype.type(SCALE) * (x + x.dtype.type(CUBIC) * x**3)
    return x * (1 + np.tanh(u)) / 2


def gelu_slope(x):
    """The derivative that a backward pass multiplies by, found on paper."""
    t = np.tanh(SCALE * (x + CUBIC * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t**2) * SCALE * (1 + 3 * CUBIC * x**2)


def one_sided(x, h):
    return (gelu(x + h) - gelu(x)) / h


def central(x, h):
    return (gelu(x + h) - gelu(x - h)) / (2 * h)


def pair(x, h):
    return (4 * central(x, h) - central(x, 2 * h)) / 3


def float32(x, h):
    return central(x.astype(np.float32), np.float32(h))


WAYS = (one_sided, central, pair, float32)
x = np.random.default_rng(0).uniform(-3, 3, 1000)
exact = gelu_slope(x)

print("Digits that are right, that is -log10 of the mean error:\n")
print(f"{'step h':>8}  one-sided  central  pair  float32   central, drawn")
digits = {way: [] for way in WAYS}
steps = [10.0**-k for k in range(1, 14)]
for h in steps:
    for way in WAYS:
        digits[way].append(-np.log10(np.abs(way(x, h) - exact).mean()))
    a, b, c, d = (digits[way][-1] for way in WAYS)
    print(f"{h:8.0e}  {a:9.1f}  {b:7.1f}  {c:4.1f}  {d:7.1f}   {'#' * round(2 * b)}")

print("\nThe best step of each:")
for way in WAYS:
    best = int(np.argmax(digits[way]))
    print(f"  {way.__name__:9}  h = {steps[best]:.0e}   {digits[way][best]:.1f} digits")

print(
    """
A right backward differs from a central difference by about 1e-10, a wrong one by about 1: there
is much room between the two for a tolerance. In float32 there is hardly any, which is why
gradients are checked in float64, whatever the model is trained in."""
)
