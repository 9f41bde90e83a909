"""Layer norm, whose backward is a projection: it takes two directions out of a gradient.

  z = (x - mean(x)) / std(x)          (C,), mean 0 and length sqrt(C)
  y = gain * z + bias

Add a number to x, or multiply x by a positive one: z stays. So there are two directions in which x
can move while the loss does not: along (1, 1, ..., 1), and along z. In them any loss has slope 0,
so its gradient dx is orthogonal to both. That is the whole backward:

  dz = dy * gain
  dx = (dz - mean(dz) - z * mean(dz * z)) / std(x)
            ~~~~~~~~    ~~~~~~~~~~~~~~~
            the part    the part of dz
            along 1     along z
"""

import numpy as np


def layer_norm(x, epsilon=0.0):
    """x (C,) -> z (C,) and 1 / std; GPT-1's epsilon, 1e-5, saves a constant x from 0 / 0."""
    centred = x - x.mean()
    inverse_std = 1 / np.sqrt((centred**2).mean() + epsilon)
    return centred * inverse_std, inverse_std


def backward(dz, z, inverse_std):
    return (dz - dz.mean() - z * (dz * z).mean()) * inverse_std


def show(label, numbers):
    """+ 0.0 makes 0 of -0."""
    print(f"{label:28}" + "  ".join(f"{n:7.4f}" for n in np.round(numbers, 4) + 0.0))


x = np.array([1.0, 2.0, 3.0, 6.0])
dy = np.array([1.0, 0.0, 0.0, 0.0])  # "raise the first output, and leave the others alone"
z, inverse_std = layer_norm(x)
dx = backward(dy, z, inverse_std)  # the gain is 1, so dz = dy

show("x", x)
show("z", z)
show("mean and length^2 of z", [z.mean(), z @ z])
print()
show("dy", dy)
show("dx", dx)
show("sum(dx) and dx @ z", [dx.sum(), dx @ z])

h = 1e-5
slopes = [(layer_norm(x + h * e)[0] - layer_norm(x - h * e)[0]) @ dy / (2 * h) for e in np.eye(4)]
show("central differences", slopes)

print(
    """
The first output rises with x1; if x2 falls, as that lowers the mean; and a little with x4, as a
wider spread pulls z1 towards 0 by more than the higher mean pushes it down.
"""
)
show("z of x + 100", layer_norm(x + 100)[0])
show("z of 10 x", layer_norm(10 * x)[0])
show("dx at 10 x", backward(dy, *layer_norm(10 * x)))

print("\nThe same z, a tenth of the gradient: the wider x, the less a layer norm passes back.")

J = np.array([backward(e, z, inverse_std) for e in np.eye(4)])  # row i: the gradient of output i
P = J / inverse_std
print("\nAll four gradients, times std(x), are the rows of a matrix P:\n")
for row in P:
    show("", row)
print()
show("largest |P P - P|", [np.abs(P @ P - P).max()])
show("largest |P - P.T|", [np.abs(P - P.T).max()])
show("eigenvalues of P", np.linalg.eigvalsh(P))
print("\nP P = P = P.T: an orthogonal projection. It takes out 2 of the 4 directions, and keeps 2.")
