"""The smallest language model: each character is predicted from the one before it, and no other.

The model is a table W (V, V) of scores: row a holds, for a character a, a score for each character
that may follow. softmax makes probabilities p of them, and the loss is the mean of -log p[next].
A GPT without blocks and positions is such a table too, the product E E^T of its embedding with
itself: a symmetric one, which cannot know that "th" is common and "ht" is not.

How low can the loss go? A model that sees one character can do no better than to predict each
successor as often as it occurs. That loss, the bigram entropy of the text, needs no training: it is
counted. The gradient says why training ends there. For row a of the table it is

  dW[a] = (how often a occurs * p[a] - counts of what follows a) / N

expected minus observed; it is 0 exactly where the model's frequencies are those of the text.
"""

from pathlib import Path

import numpy as np

text = Path(__file__).with_name("kettle.txt").read_text(encoding="utf-8")
letters = sorted(set(text))
ids = np.array([letters.index(c) for c in text])
x, y = ids[:-1], ids[1:]  # (N,) each: inputs, and the target of each
N, V = len(x), len(letters)


def loss_and_gradient(W):
    """W (V, V) -> the mean loss in nats, and its gradient (V, V)."""
    scores = W[x]  # (N, V): a row for each input; rows repeat
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).mean()
    dscores = p
    dscores[np.arange(N), y] -= 1
    dW = np.zeros_like(W)
    np.add.at(dW, x, dscores / N)  # a row that was read twice gets two gradients: they add
    return loss, dW


counts = np.zeros((V, V))
np.add.at(counts, (x, y), 1)
frequency = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)  # of y after x
entropy = -np.log(frequency[x, y]).mean()

letter = np.bincount(y) / N
print(f"{N} pairs of {V} characters. What a model can reach, in nats per character:")
print(f"  that knows nothing          ln {V} = {np.log(V):.4f}")
print(f"  that knows the letters      {-np.log(letter[y]).mean():.4f}")
print(f"  that sees the one before    {entropy:.4f}   <- the bigram entropy\n")

W = np.zeros((V, V))
print("  step    loss    above the entropy")
for step in range(5001):
    loss, dW = loss_and_gradient(W)
    if step in (0, 1, 10, 100, 1000, 5000):
        print(f"{step:6}  {loss:.4f}  {loss - entropy:.4f}")
    W -= 40 * dW

a = letters.index("t")
p = np.exp(W[a]) / np.exp(W[a]).sum()
print('\nAfter "t"      in the text    in the model')
for b in np.argsort(-counts[a], kind="stable")[:5]:
    print(f"  {letters[b]!r:10}   {frequency[a, b]:.4f}         {p[b]:.4f}")

rng = np.random.default_rng(3)
said = [letters.index("t")]
for _ in range(70):
    p = np.exp(W[said[-1]])
    said.append(int((p.cumsum() < rng.random() * p.sum()).sum()))
print(f"\nIt says: {''.join(letters[i] for i in said)!r}")
print("Spelling like that is all that one character of context gives. The rest is attention's.")
