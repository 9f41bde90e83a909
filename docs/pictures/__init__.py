"""The pictures of the docs. Each module: `data()` computes the plotted numbers, `draw(data)` draws.

`make pictures` draws them all. Only drawing needs matplotlib.
"""
