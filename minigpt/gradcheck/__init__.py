"""The gradient check: is every backward the derivative of its forward? If not, where to look.

Reading order:

    settings  the sizes at which gradients are checked, and what tells them apart
    cases     a setting -> every layer as a scalar function with its gradients
    compare   such a function -> the error of each gradient, coordinate by coordinate
    whole     a setting -> the same of the whole model, along random directions
    check     a backend -> all results, in the order of the backward pass
    patterns  a wrong gradient and the right one -> the mistake that explains it, in words
    where     the same -> which elements are wrong, in words
    suspect   all results -> the gradient to look at first, with hints
    explain   a layer -> its formula, its lines in plain.py, the book's section on it
    report    results -> the lines of `minigpt check`
"""

from minigpt.gradcheck.cases import Case, cases, randomize
from minigpt.gradcheck.check import check_gradients
from minigpt.gradcheck.compare import STEP, TOLERANCE, Result, check_case, short, worst
from minigpt.gradcheck.settings import CONFIG, LAYERS, MODEL, MODELS, Setting
from minigpt.gradcheck.whole import FLOAT32_TOLERANCE, check_model

__all__ = [
    "CONFIG",
    "FLOAT32_TOLERANCE",
    "LAYERS",
    "MODEL",
    "MODELS",
    "STEP",
    "TOLERANCE",
    "Case",
    "Result",
    "Setting",
    "cases",
    "check_case",
    "check_gradients",
    "check_model",
    "randomize",
    "short",
    "worst",
]
