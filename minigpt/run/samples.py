"""Samples from a model that is still learning, all from one prompt and one seed -> samples.jsonl, where one sees it learn.

They change nothing in the training: the network that writes shares the trainer's parameters, and has buffers and randomness of its own.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from contextlib import suppress
from dataclasses import asdict

from minigpt.config import SampleConfig
from minigpt.disk.checkpoint import load_tokenizer
from minigpt.disk.files import read_text, write_text
from minigpt.disk.shelf import SAMPLES
from minigpt.errors import MinigptError
from minigpt.generate import Sample, stream
from minigpt.model import GPT
from minigpt.run.course import Course
from minigpt.run.defaults import cool
from minigpt.run.job import Job
from minigpt.run.listener import Written

MARKS = (0.02, 0.1, 0.25, 0.5, 0.75, 1.0)  # shares of the planned steps: early on a model changes fastest
TOKENS = 80


class Sampler:
    """Writes samples of a course, at fixed shares of its steps: a resumed run writes the same ones."""

    def __init__(self, job: Job, course: Course) -> None:
        self.run, self.options, self.backend, self.course = job.run, job.options, job.backend, course
        self.lines: list[str] = []  # of samples.jsonl
        self.passed = 0  # marks
        self.network: GPT | None = None  # once needed

    @property
    def due(self) -> bool:
        """Whether a mark was passed by the latest step."""
        return not self.options.no_samples and self._marks() > self.passed

    def _marks(self) -> int:
        """The marks up to the course's step."""
        course = self.course
        return bisect_right(MARKS, (course.step - course.base) / max(1, course.total_steps - course.base))

    def restore(self) -> None:
        """Keep the lines up to the course's step; later steps are made again, and so are their samples."""
        self.passed, before = self._marks(), []
        with suppress(FileNotFoundError, MinigptError):
            before = read_text(self.run.path / SAMPLES).splitlines(keepends=True)
        self.lines = [line for line in before if step_of(line) <= self.course.step]
        if self.lines != before:
            write_text(self.run.place / SAMPLES, "".join(self.lines))

    def keep(self) -> Written | None:
        """Write a sample and a line of samples.jsonl; None if the model cannot."""
        self.passed = self._marks()
        if written := self.write():
            self.lines.append(json.dumps(asdict(written)) + "\n")
            write_text(self.run.place / SAMPLES, "".join(self.lines))
        return written

    def write(self) -> Written | None:
        """A sample after the course's step; None if memory runs out, or the model's numbers are not finite."""
        course, o = self.course, self.options
        prompt, sample = o.sample_prompt or "", Sample()
        try:
            if self.network is None:
                self.network, self.tokenizer = GPT(course.trainer.parameters), load_tokenizer(self.run.path)
            config = SampleConfig(max_tokens=TOKENS, temperature=cool(self.run.record), seed=o.seed)
            for _ in stream(self.network, self.tokenizer, prompt, config, course.windows.context, sample):
                pass
        except Exception as error:
            if not isinstance(error, MinigptError) and not self.backend.out_of_memory(error):
                raise
            self.network = None
            self.backend.release()
            return None
        return Written(course.step, course.epoch, round(course.seconds, 3), prompt, o.seed, sample.text)


def step_of(line: str) -> float:
    """The step of a line of samples.jsonl; infinite if it is none."""
    try:
        step = json.loads(line)["step"]
        return step if isinstance(step, int) else float("inf")
    except (ValueError, TypeError, KeyError, RecursionError):
        return float("inf")
