"""The sections of benchmarks/gpu.py: name, module, and share of the time; the most valuable first.

Each module has a function of the section's name: `section(context)` measures, and stores as it goes.
"""

from __future__ import annotations

SECTIONS = {
    "machine": ("ceilings", 30.0),
    "gradients": ("correct", 30.0),
    "parity": ("correct", 25.0),
    "losses": ("correct", 30.0),
    "training": ("speed", 110.0),
    "decoding": ("speed", 15.0),
    "launches": ("where", 20.0),
    "memory": ("room", 15.0),
}
