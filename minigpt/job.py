"""What is to be done: a prompt and options in, everything that is decided before the first byte is written out."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import numpy as np

from . import __version__
from .backend import Backend, choose_backend
from .config import ModelConfig, TrainConfig
from .corpus.own import OwnText
from .corpus.prompt import understand
from .corpus.request import Request
from .folder import RunFolder, new_folder, require_free
from .listener import Listener
from .options import Options


@dataclass(frozen=True)
class Job:
    """What every stage of a run needs."""

    options: Options
    prompt: str
    request: Request | None  # what the prompt was read into; None where there is no prompt
    own: OwnText | None
    backend: Backend
    config: ModelConfig  # the vocabulary's size follows from the corpus
    train_config: TrainConfig  # and so does the number of steps
    run: RunFolder
    hear: Listener


def plan(prompt: str | None, o: Options, hear: Listener) -> Job:
    """Check everything that can be checked before anything is written; MinigptError for what is not good."""
    prompt = o.full_prompt(prompt)
    config, train_config = o.configure()
    folder = Path(o.out) if o.out else new_folder(Path(o.models_dir), prompt or Path(o.data[0]).stem)
    require_free(folder)
    own = OwnText([Path(path) for path in o.data], o.column, partial(hear.progress, "Reading")) if o.data else None
    request = understand(prompt, o.preset) if prompt else None
    backend = choose_backend(o.device)
    record = {
        "minigpt": __version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "prompt": prompt,
        "request": asdict(request) if request else None,
        "seed": o.seed,
        "device": backend.name,
        "device_reason": backend.reason,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "options": asdict(o),
    }
    return Job(o, prompt, request, own, backend, config, train_config, RunFolder(folder, record), hear)
