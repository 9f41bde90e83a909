"""The pictures of the docs. Each module: `data()` computes the plotted numbers, `draw(data)` draws.

`make pictures` draws them all. Only drawing needs matplotlib.
"""

NAMES = (
    "dataflow flat_block lifetimes layer_norm gelu tiles softmax_blocks workers"
    " central_difference attention"
).split()
