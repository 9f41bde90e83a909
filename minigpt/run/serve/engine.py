"""Texts to write -> a queue before each model, and pieces of text.

A model writes one text at a time, in a thread of its own. What it writes waits in memory for its reader: it is short, and a slow reader
holds nobody up. A text that nobody waits for any more ends before its next token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from minigpt.config import SampleConfig
from minigpt.generate import Sample, stream
from minigpt.run.dialogue import Form
from minigpt.run.serve.bounds import WAITING
from minigpt.run.serve.refusal import Refused
from minigpt.run.serve.witness import Gone, Seen, Witness
from minigpt.run.talk import trimmed
from minigpt.run.textmodel import TextModel


@dataclass(frozen=True)
class Piece:
    """Some text, and the tokens that begin in it, if these were asked for."""

    text: str
    seen: list[Seen] = field(default_factory=list)


class Text:
    """A text to write, and what is known of it once it is written.

    `prompts`: where the model writes nothing after the first, the next is read instead. `trim`: without white space around it. `top`: with
    log probabilities, and so many likeliest tokens.
    """

    def __init__(self, model: TextModel, prompts: Sequence[str], config: SampleConfig, trim: bool = False, top: int | None = None) -> None:
        self.model, self.prompts, self.config, self.trim, self.top = model, prompts, config, trim, top
        self.gone, self.sample, self.prompt_tokens, self.tried = False, Sample(), 0, 0

    def write(self, put: Callable[[Piece], None]) -> None:
        """Write it, in the thread of the model."""
        model = self.model
        for prompt in self.prompts:
            self.tried += 1
            self.sample = Sample()
            witness = Witness(model, self.top, lambda: self.gone)
            pieces = stream(model.network, model.tokenizer, prompt, self.config, model.context, self.sample, witness)
            for piece in trimmed(pieces) if self.trim else pieces:
                put(Piece(piece, witness.told(len(self.sample.text))))
            if rest := witness.told(len(self.sample.text)):  # of white space that was trimmed
                put(Piece("", rest))
            self.prompt_tokens = len(model.tokenizer.encode(prompt)) if witness.prompt is None else witness.prompt
            if self.sample.text.strip():
                return


class Engine:
    """A model's thread and the queue before it."""

    def __init__(self, model: TextModel) -> None:
        self.turn = asyncio.Lock()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="minigpt", initializer=model.backend.enter)  # it chooses the GPU
        self.visitors: set[object] = set()
        self.texts: set[Text] = set()
        self.closed = False

    def admit(self, visitor: object) -> None:
        """Let a request in; Refused if too many are there."""
        if self.closed or len(self.visitors) >= WAITING:
            raise Refused("too many requests are waiting for this model; try again in a moment", 503, code="busy")
        self.visitors.add(visitor)

    def leave(self, visitor: object) -> None:
        """A request has ended, one way or another."""
        self.visitors.discard(visitor)

    async def pieces(self, text: Text) -> AsyncIterator[Piece]:
        """A text, piece by piece, as soon as the model is free."""
        ready: asyncio.Queue[Piece | None] = asyncio.Queue()
        self.texts.add(text)
        writing = asyncio.create_task(self._write(text, ready))
        writing.add_done_callback(seen_to)
        try:
            while (piece := await ready.get()) is not None:
                yield piece
            await writing
            if text.gone:
                raise Refused("the server is being stopped", 503, code="stopped")
        finally:
            text.gone = True
            writing.cancel()
            self.texts.discard(text)

    async def _write(self, text: Text, ready: asyncio.Queue[Piece | None]) -> None:
        loop = asyncio.get_running_loop()

        def put(piece: Piece | None) -> None:
            loop.call_soon_threadsafe(ready.put_nowait, piece)

        def work() -> None:
            try:
                text.write(put)
            except Gone:
                text.gone = True

        try:
            async with self.turn:
                if not text.gone:
                    await loop.run_in_executor(self.thread, work)
        finally:
            ready.put_nowait(None)

    def end(self) -> None:
        """Let every text end before its next token; nothing is written from here on."""
        self.closed = True
        for text in self.texts:
            text.gone = True

    def close(self) -> None:
        """Wait for the thread's end."""
        self.end()
        self.thread.shutdown(wait=True, cancel_futures=True)


def seen_to(task: asyncio.Task[None]) -> None:
    """Its error was told already, or there is nobody to tell."""
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True, eq=False)
class Served:
    """A model that is served. `form`: it takes turns; None: it continues texts. `created`: seconds since 1970."""

    name: str
    folder: Path
    model: TextModel
    form: Form | None
    engine: Engine
    created: int
    size: int  # bytes of the weights
    digest: str  # SHA-256 of these
