"""The limits of the Ollama client, each with its unit and reason, and its errors."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt.disk.foreign import plain as plain
from minigpt.errors import MinigptError, Paused


@dataclass(frozen=True)
class Limits:
    """Every limit of the client. Times are seconds."""

    connection: float = 5.0  # to connect, and for the short requests: version, tags, show, ps
    first_byte: float = 330.0  # until an answer begins; the server itself gives up loading a model after 300 s without progress
    between_chunks: float = 60.0  # without a new chunk, once an answer has begun
    generation: float | None = None  # a whole document, from its first chunk; None: six times the expected time at the measured speed
    evaluation: float = 60.0  # a judgement or a plan, from its first chunk
    line_bytes: int = 2**20  # a line of an answer
    answer_bytes: int = 2**23  # a whole answer
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)  # before each retry of a request that may succeed later
    patience: float = 300.0  # how long a server may be away before the run pauses
    budget: float = 12 * 3600.0  # for writing the whole corpus
    in_flight: int = 32  # most concurrent requests per host
    slow_in_a_row: int = 3  # answers that timed out before the run pauses
    useless_in_a_row: int = 15  # empty, unfinished or broken answers before the run pauses
    repeat_window: int = 20  # answers over which repetition is measured
    least_new: int = 2  # new answers in the last two windows; with fewer the teacher is exhausted
    answers: float = 6.0  # most answers, as a multiple of those the tokens should need
    report: float = 30.0  # between progress lines


class OllamaError(MinigptError):
    """A problem with the server or one of its answers."""


class Away(OllamaError):
    """No answer now: connection refused or reset, server busy or failing. Worth a retry."""

    status = 0  # the HTTP status, if there was one


class Slow(OllamaError):
    """A timeout."""


class Refused(OllamaError):
    """The server understood and declined; the same request would be declined again."""


class Unknown(Refused):
    """The server does not know such a request: it is no Ollama server, or speaks only part of the protocol."""


class Missing(Refused):
    """The model is not installed on the server."""


class Unusable(OllamaError):
    """A broken, unfinished or oversized answer, or one with an error in the middle. Costs one sample."""


class Cancelled(OllamaError):
    """This side aborted the request."""


class TeacherGone(OllamaError, Paused):
    """Writing cannot continue now; all accepted documents are saved."""
