"""A network with one hidden layer, forward and backward by hand, learns to tell two spirals apart.

  1. u = x W1 + b1        (N, 2) -> (N, H)
  2. a = gelu(u)          (N, H)
  3. s = a W2 + b2        (N, H) -> (N, 1), the score of class 1
  4. loss = the mean of -log of the probability of the right class, where p = 1 / (1 + exp(-s))

The backward is the same list read upwards. Each line turns the gradient of its result into the
gradients of what went in; dW1 is the gradient of W1. Central differences agree with all of them.
"""

import numpy as np

N, H = 200, 24
SLOPE, CUBIC = np.sqrt(2 / np.pi), 0.044715
rng = np.random.default_rng(1)

angle = np.tile(np.linspace(0.6, 8.2, N // 2), 2)  # two spirals, one turned by half
side = np.repeat([0, np.pi], N // 2)
x = np.stack([angle * np.cos(angle + side), angle * np.sin(angle + side)], axis=1) / 4  # (N, 2)
target = np.repeat([0.0, 1.0], N // 2)[:, None]  # (N, 1)

W1, b1 = rng.standard_normal((2, H)), rng.standard_normal(H)
W2, b2 = rng.standard_normal((H, 1)) / np.sqrt(H), np.zeros(1)


def forward(x):
    """x (N, 2) -> scores (N, 1), and what the backward needs: u and a (N, H)."""
    u = x @ W1 + b1
    a = u * (1 + np.tanh(SLOPE * (u + CUBIC * u**3))) / 2
    return a @ W2 + b2, u, a


def loss_and_gradients():
    """The mean loss over all N points, and the gradients of W1, b1, W2, b2."""
    s, u, a = forward(x)
    loss = np.logaddexp(0, np.where(target, -s, s)).mean()  # log(1 + e^z), safe for any z
    ds = (1 / (1 + np.exp(-s)) - target) / N  # 4: p minus the truth
    dW2, db2, da = a.T @ ds, ds.sum(axis=0), ds @ W2.T  # 3
    t = np.tanh(SLOPE * (u + CUBIC * u**3))
    du = da * ((1 + t) / 2 + u / 2 * (1 - t**2) * SLOPE * (1 + 3 * CUBIC * u**2))  # 2
    dW1, db1 = x.T @ du, du.sum(axis=0)  # 1; nobody asks for dx
    return loss, (dW1, db1, dW2, db2)


def central_differences(p, h=1e-5):
    """The loss's slope by each element of the parameter p, which is left as it was."""
    slope = np.empty_like(p)
    for i in np.ndindex(p.shape):
        value = p[i]
        p[i] = value + h
        above, _ = loss_and_gradients()
        p[i] = value - h
        below, _ = loss_and_gradients()
        p[i] = value
        slope[i] = (above - below) / (2 * h)
    return slope


parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
for (name, p), gradient in zip(parameters.items(), loss_and_gradients()[1], strict=True):
    agrees = np.allclose(gradient, central_differences(p), rtol=1e-6, atol=1e-9)
    print(f"d{name} {p.shape!s:7} {'agrees' if agrees else 'DISAGREES'} with central differences")

print("\nstep   loss  right")
for step in range(601):
    loss, gradients = loss_and_gradients()
    if step % 100 == 0:
        print(f"{step:4}  {loss:.3f}  {((forward(x)[0] > 0) == target).mean():.1%}")
    for p, gradient in zip(parameters.values(), gradients, strict=True):
        p -= 2 * gradient

print("\nThe plane as the network sees it (o class 1, . class 0):")
for row in np.linspace(2, -2, 17):
    scores, _, _ = forward(np.array([(column, row) for column in np.linspace(-2.1, 2.1, 43)]))
    print("".join("o" if s > 0 else "." for s in scores[:, 0]))
