"""A request that cannot be honoured -> a status and one line, in the form that the clients of a protocol expect."""

from __future__ import annotations

from typing import Any

from minigpt.errors import MinigptError

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class Refused(MinigptError):
    """A request that is refused. `field`: the one at fault; `code`: a word for programs."""

    def __init__(self, said: str, status: int = 400, field: str | None = None, code: str | None = None) -> None:
        super().__init__(said)
        self.status, self.field, self.code = status, field, code


def as_openai(refused: Refused) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = KINDS.get(refused.status, "invalid_request_error" if refused.status < 500 else "server_error")
    return {"error": {"message": str(refused), "type": kind, "param": refused.field, "code": refused.code}}


def as_ollama(refused: Refused) -> dict[str, Any]:
    """Ollama's."""
    return {"error": str(refused)}


def is_ollama(path: str) -> bool:
    """Whether a path belongs to Ollama's protocol."""
    return path.startswith("/api/")


def shaped(refused: Refused, path: str) -> dict[str, Any]:
    """The answer to a refused request, by its path."""
    return as_ollama(refused) if is_ollama(path) else as_openai(refused)
