"""What the client may wait for, hold and repeat: every limit, with its unit and its reason; and the errors that say which was met."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt.disk.foreign import plain as plain
from minigpt.errors import MinigptError, Paused


@dataclass(frozen=True)
class Limits:
    """Every limit of the client. Times are seconds."""

    connection: float = 5.0  # to connect, and for the short questions: version, tags, show, ps
    first_byte: float = 330.0  # until an answer begins; the server itself gives up loading a model after 300 s without progress
    between_chunks: float = 60.0  # without a new piece, once an answer has begun
    generation: float | None = None  # a whole document, from its first piece; None: six times what the measured speed lets expect
    evaluation: float = 60.0  # a judgement or a plan, from its first piece
    line_bytes: int = 2**20  # a line of an answer
    answer_bytes: int = 2**23  # a whole answer
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)  # before each repetition of a request that may succeed later
    patience: float = 300.0  # a server may be away, before the run pauses
    budget: float = 12 * 3600.0  # the whole writing
    in_flight: int = 32  # requests at once, on each host
    slow_in_a_row: int = 3  # answers that ran out of time, before the run pauses
    useless_in_a_row: int = 15  # answers that were empty, unfinished or broken, before the run pauses
    repeat_window: int = 20  # answers over which repetition is measured
    least_new: int = 2  # of the last two windows' answers; with fewer new ones the teacher has no more to say
    answers: float = 6.0  # times as many answers as the tokens need, at most
    report: float = 30.0  # between two lines of progress


class OllamaError(MinigptError):
    """Something about the server or one of its answers."""


class Away(OllamaError):
    """No answer now, perhaps later: refused, reset, busy, or an error of the server's own. Worth repeating."""

    status = 0  # of HTTP, where one came


class Slow(OllamaError):
    """A time limit passed."""


class Refused(OllamaError):
    """The server understood and declined; the same request would be declined again."""


class Unknown(Refused):
    """The server does not know such a question: no Ollama server, or one that speaks a part of its protocol."""


class Missing(Refused):
    """The model is not installed there."""


class Unusable(OllamaError):
    """An answer that is none: broken, unfinished, too large, or an error in its middle. Costs one sample."""


class Cancelled(OllamaError):
    """This side ended the request."""


class TeacherGone(OllamaError, Paused):
    """Writing cannot go on now; everything that was accepted is saved."""
