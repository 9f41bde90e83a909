"""Bugs planted in backward passes, and what the gradient check says about each.

None of them raises an error, and a model with one of them often trains, only worse. So the check
compares each gradient with central differences, and the numbers of a wrong one hint at the mistake.
"""

from minigpt.attention import Attention
from minigpt.backend import Backend
from minigpt.gradcheck import LAYERS, check_gradients
from minigpt.gradcheck.suspect import first_suspect
from minigpt.layers import Dropout, LayerNorm, Linear
from minigpt.model import Block

backend = Backend("the layers as they stand in the source")


def wrong_sign(right, layer, dy):
    """Linear passes the gradient of its input on with the wrong sign."""
    return -right(layer, dy)


def overwriting(right, layer, dy):
    """Linear's bias gradient replaces what was there, so that one part of a batch wipes another."""
    layer.bias.grad[...] = 0
    return right(layer, dy)


def constant_mean(right, layer, dy):
    """LayerNorm takes the mean for a constant."""
    right(layer, dy)
    z, dz = layer.normalized, dy * layer.gain.value
    return (dz - z * (dz * z).mean(axis=1, keepdims=True)) * layer.inverse_std


def forgotten_scale(right, layer, dy):
    """Attention forgets the 1 / sqrt(D) of the scores on the way back."""
    layer.scale, scale = 1, layer.scale
    dx = right(layer, dy)
    layer.scale = scale
    return dx


def forgotten_mask(right, layer, dy):
    """Dropout lets the gradient of what it dropped through."""
    return dy


def forgotten_path(right, layer, dy):
    """Block forgets the way around the MLP."""
    d = layer.mlp_dropout.backward(layer.ln_2.backward(dy))
    d = layer.ln_1.backward(layer.mlp.backward(d))
    return d + layer.attn.backward(layer.attn_dropout.backward(d))


def no_causality(right, layer, *arguments):
    """Attention has no causal mask, forward and backward, and sees the future within a tile."""
    layer.causal[...] = 0
    return right(layer, *arguments)


def plant(wrong, kind, method="backward"):
    """Check this kind of layer with one method wrong, and print what is found."""
    right = getattr(kind, method)
    setattr(kind, method, lambda *arguments: wrong(right, *arguments))
    results = list(check_gradients(backend, 0, LAYERS[:3], models=(), only=[kind.__name__]))
    suspect = first_suspect(results, backend, seed=0)
    setattr(kind, method, right)
    print(f"{wrong.__doc__}\n  agree     {sum(r.passed for r in results)} of {len(results)}")
    found = [("look at", f"{suspect.layer} {suspect.parameter}"), *suspect.hints] if suspect else []
    print("".join(f"  {name:9} {text}\n" for name, text in found))


BUGS = {wrong_sign: Linear, overwriting: Linear, constant_mean: LayerNorm}
BUGS |= {forgotten_scale: Attention, forgotten_mask: Dropout, forgotten_path: Block}
for bug in BUGS.items():
    plant(*bug)
plant(no_causality, Attention, "forward")
print("The check compares a backward with its own forward, so causality needs a test of its own.")
