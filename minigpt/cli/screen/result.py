"""A run -> what a script wants to know of it, for `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigpt.disk.folder import RunFolder


def in_short(run: RunFolder) -> dict[str, Any]:
    """What a script wants to know of a run; None for what is not known (yet)."""
    record = run.record
    model, corpus, training, result = (record.get(name) or {} for name in ("model", "corpus", "training", "result"))
    return {
        "folder": str(run.path),
        "status": record.get("status"),
        "prompt": record.get("prompt"),
        "seed": record.get("seed"),
        "device": record.get("device"),
        **{name: model.get(name) for name in ("size", "parameters")},
        **{name: corpus.get(name) for name in ("documents", "tokens")},
        **{name: training.get(name) for name in ("steps", "epochs", "seconds", "tokens_per_second", "stopped_early")},
        **{name: result.get(name) for name in ("train_loss", "held_out_loss", "held_out_bits_per_byte", "best_step")},
        "samples": record.get("samples"),
    }
