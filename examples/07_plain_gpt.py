"""The plain GPT is trained on the bigram's text, and gets where no bigram can.

minigpt.plain has the network, its backward and AdamW. Here is the loop around them: draw a window
of the text, compute the loss and all gradients, take a step.

How well a model can do that sees k characters is counted in the text, as in example 2: the entropy
of a character given the k before it. Within a window, the first place sees one character, the
second two, and so on. So the loss of each place can be laid beside its entropy, and shows how far
attention has learned to look back.
"""

import time
from collections import Counter
from pathlib import Path

import numpy as np

from minigpt import ModelConfig, Trainer, plain

H, T, STEPS = 4, 64, 900

text = Path(__file__).with_name("kettle.txt").read_text(encoding="utf-8")
letters = sorted(set(text))
V, ids = len(letters), np.array([letters.index(c) for c in text])
config = ModelConfig(2, H, n_embd=32, n_positions=T, vocab_size=V, initializer_range=0.1)
p = {name: array.astype(np.float64) for name, array in Trainer(config).state_dict().items()}


def entropy(k):
    """Of a character given the k before it, in nats."""
    seen = [text[i : i + k + 1] for i in range(len(text) - k)]
    whole, before = Counter(seen), Counter(s[:k] for s in seen)
    return np.mean([np.log(before[s[:k]] / whole[s]) for s in seen])


def losses_by_place():
    """(T,): the loss at each place of a window, averaged over all windows."""
    total = np.zeros(T)
    for at in range(len(ids) - T):
        logits, _ = plain.gpt(ids[at : at + T], p, H)
        at_target = logits[np.arange(T), ids[at + 1 : at + T + 1]]
        total += np.logaddexp.reduce(logits, axis=1) - at_target  # -log softmax
    return total / (len(ids) - T)


def say(start, n):
    """The start and the n likeliest characters that follow."""
    begun, rng = [letters.index(c) for c in start], np.random.default_rng(0)
    return "".join(letters[i] for i in plain.generate(p, begun, n, H, 0.0, rng))


print(f"{sum(array.size for array in p.values())} parameters, {len(text)} characters\n")
print(" step   loss   what follows 'the '")
start, rng = time.perf_counter(), np.random.default_rng(1)
m, v, losses = {}, {}, []
for step in range(1, STEPS + 1):
    at = rng.integers(len(ids) - T)
    x, y = ids[at : at + T], ids[at + 1 : at + T + 1]  # at each place, the next character
    loss, g = plain.loss_and_gradients(p, x, y, H)
    losses.append(loss)
    rate = 0.006 * min(1, step / 50, 2 - 2 * step / (STEPS + 1))  # up, level, and down to 0
    plain.adamw(p, g, m, v, step, rate, 0.01)
    if step in (1, 10, 50) or step % 100 == 0:
        print(f"{step:5}   {np.mean(losses[-20:]):.2f}   {say('the ', 44)[4:]!r}")

print("\nseen   entropy   loss")
for k, loss in enumerate(losses_by_place(), start=1):
    if k in (1, 2, 3, 4, 8, 16, 32):
        print(f"{k:4} {entropy(k):9.2f} {loss:6.2f}")
print(f"time {time.perf_counter() - start:.1f} s")
