"""All checks, one after the other. Whatever goes wrong in one is a finding, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from minigpt.disk.foreign import plain
from minigpt.errors import first_line
from minigpt.run.checkup.computing import GPU_SECONDS, gpu, numba, numpy, products, python
from minigpt.run.checkup.finding import FAULT, Finding, within
from minigpt.run.checkup.surroundings import UNANSWERED, base, disk, memory, ollama

OLLAMA_SECONDS = 8.0  # for all servers


def check_up(models: Path) -> Iterator[Finding]:
    """The findings, one by one, as they are made; `models`: the folder for runs."""
    checks: list[tuple[str, Callable[[], Finding | list[Finding]]]] = [
        ("Python", python),
        ("NumPy", numpy),
        ("BLAS", products),
        ("numba", numba),
        ("GPU", lambda: within(GPU_SECONDS, gpu)),
        ("Memory", memory),
        ("Disk", lambda: disk(models)),
        ("Base", base),
        ("Ollama", lambda: within(OLLAMA_SECONDS, ollama)),
    ]
    remedies = {"GPU": "update the NVIDIA driver, or use --device cpu", "Ollama": UNANSWERED}
    for topic, check in checks:
        try:
            found = check()
        except TimeoutError as error:
            found = Finding(topic, f"no answer within {error}", FAULT, remedies[topic])
        # A check tries out what may be broken in ways that nobody has listed.
        except Exception as error:
            text = plain(f"{type(error).__name__}: {first_line(error)}")
            found = Finding(topic, text, FAULT, remedies.get(topic, "install the package again that this is about"))
        yield from found if isinstance(found, list) else [found]
