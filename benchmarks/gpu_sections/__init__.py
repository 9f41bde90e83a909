"""The sections of benchmarks/gpu.py: name, module, and share of the time; the most valuable first.

Each module has a function of the section's name: `section(context)` measures, and stores as it goes.
"""

from __future__ import annotations

SECTIONS = {
    "machine": ("ceilings", 12.0),
    "kernels": ("kernels", 30.0),
    "gradients": ("correct", 13.0),
    "parity": ("correct", 17.0),
    "losses": ("correct", 14.0),
    "training": ("speed", 40.0),
    "decoding": ("speed", 12.0),
    "launches": ("where", 18.0),
    "memory": ("room", 6.0),
}
