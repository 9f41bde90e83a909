"""The same loss and gradients twice: as minigpt.plain computes them, and as the Trainer does.

The plain way takes one sequence after the other, and keeps every array that it makes. The fast way
takes a batch at once and shares it out among threads; it computes attention in tiles and the loss
in blocks, so that what it works on stays in the processor's cache, and uses the same memory at
every step. None of this changes a formula: in float64, both agree to nearly all of their 16 digits.

The times are of float32, in which models are trained; they are those of the machine that runs this.
"""

import time

import numpy as np

from minigpt import ModelConfig, Trainer, plain

B, T = 4, 128
config = ModelConfig(n_layer=2, n_head=4, n_embd=128, n_positions=T, vocab_size=2000, dropout=0)
x, y = np.random.default_rng(0).integers(0, config.vocab_size, (2, B, T))


def plain_way(state):
    """A batch's loss and gradients: the means of those of its sequences, which are equally long."""
    loss, gradients = 0.0, {name: np.zeros_like(array) for name, array in state.items()}
    for ids, targets in zip(x, y, strict=True):
        loss_of_one, gradients_of_one = plain.loss_and_gradients(state, ids, targets, config.n_head)
        loss += loss_of_one / B
        for name, gradient in gradients_of_one.items():
            gradients[name] += gradient / B
    return loss, gradients


def seconds(step):
    """The shorter of two times."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)


for dtype, bound in ((np.float64, 1e-13), (np.float32, 1e-5)):
    trainer = Trainer(config, device="cpu", dtype=dtype)
    state = trainer.state_dict()
    fast_loss, fast = trainer.loss_and_gradients(x, y)
    plain_loss, plain_gradients = plain_way(state)
    error = {n: np.abs(fast[n] - g).max() / np.abs(g).max() for n, g in plain_gradients.items()}
    print(f"{dtype.__name__}\n  loss, plain {plain_loss:.6f}\n  loss, fast  {fast_loss:.6f}")
    close = sum(e < bound for e in error.values())
    print(f"  {close} of {len(error)} gradients are the same but for {bound:.0e} of their largest")

slow, quick = seconds(lambda: plain_way(state)), seconds(lambda: trainer.loss_and_gradients(x, y))
print("\nA step of 4 sequences of 128 tokens, forward and backward:")
print(f"time plain {slow * 1e3:5.0f} ms")
print(f"time fast  {quick * 1e3:5.0f} ms on {trainer.threads} cores: {slow / quick:.1f} times less")
