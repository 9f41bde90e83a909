"""One attention head: who looks at whom, and how the gradient finds its way back.

  1. s = q k^T / sqrt(D)      (T, T) scores, those above the diagonal replaced by -infinity
  2. w = softmax(s)           (T, T) weights; each row sums to 1
  3. o = w v                  (T, D)

Row t says how much position t takes from each position up to its own. Queries and keys are set by
hand here, so that a word looks for itself: both are the word's own vector, made longer for the
query. Training has to find such a thing by itself.
"""

import numpy as np

WORDS = "to be or not to be".split()
T, D = len(WORDS), 4
rng = np.random.default_rng(0)
vector = {word: 2 * e for word, e in zip(dict.fromkeys(WORDS), np.eye(D), strict=True)}
k = np.array([vector[word] for word in WORDS])  # (T, D)
q = 2 * k
v = rng.standard_normal((T, D))


def forward(q, k, v):
    """q, k, v (T, D) each -> o (T, D), w (T, T)."""
    s = q @ k.T / np.sqrt(D)
    s[np.triu_indices(T, 1)] = -np.inf  # exp makes 0 of it: no later position is seen
    e = np.exp(s - s.max(axis=1, keepdims=True))
    w = e / e.sum(axis=1, keepdims=True)
    return w @ v, w


def backward(do, q, k, v, w):
    """The gradient do (T, D) of o -> those of q, k and v: the steps of forward, read upwards."""
    dv, dw = w.T @ do, do @ v.T  # 3
    ds = w * (dw - (w * dw).sum(axis=1, keepdims=True))  # 2; 0 where w is: the mask stays
    return ds @ k / np.sqrt(D), ds.T @ q / np.sqrt(D), dv  # 1


o, w = forward(q, k, v)
print("The weights: each row a word that looks, each column a word that it sees.\n")
print(" " * 6 + "".join(f"{word:>6}" for word in WORDS))
for word, row in zip(WORDS, w, strict=True):
    print(f"{word:>6}" + "".join(f"{weight:6.2f}" for weight in row))
print("\nAbove the diagonal stands 0. The first word sees itself alone, the last ones see double.")

changed = v.copy()
changed[4] += 1  # another value for the second "to"
same = (forward(q, k, changed)[0] == o).all(axis=1)
print(f"\nv[4] changes. Outputs that stay, to the bit: {[t for t in range(T) if same[t]]}")

do = rng.standard_normal((T, D))  # a random gradient from above: a row of ones would hide mistakes
inputs = {"q": q, "k": k, "v": v}


def central_differences(name, h=1e-5):
    """The slopes of sum(o do) by each element of q, k or v."""
    array = inputs[name]
    slopes = np.empty_like(array)
    for i in np.ndindex(array.shape):
        step = np.zeros_like(array)
        step[i] = h
        above, below = (forward(**inputs | {name: array + sign * step})[0] for sign in (1, -1))
        slopes[i] = ((above - below) * do).sum() / (2 * h)
    return slopes


print("\nBackward against central differences:")
for name, gradient in zip("qkv", backward(do, q, k, v, w), strict=True):
    agrees = np.allclose(gradient, central_differences(name), rtol=1e-6, atol=1e-8)
    norms = "".join(f"{norm:6.2f}" for norm in np.linalg.norm(gradient, axis=1))
    print(f"  d{name} {'agrees' if agrees else 'DISAGREES'}; length by position {norms}")
print("The first query has no gradient: its softmax is over one word, and is 1 whatever q says.")

dw = do @ v.T
print(f"\nsum(w dw) is sum(o do): {np.allclose((w * dw).sum(axis=1), (o * do).sum(axis=1))}")
print("The fast path takes the latter: it runs over D numbers instead of T.")
