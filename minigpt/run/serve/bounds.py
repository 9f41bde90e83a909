"""What a request may ask for, and for how long. Nobody waits forever, and nobody can fill the memory."""

from __future__ import annotations

BODY = 2**20  # bytes of a request
BODY_SECONDS = 30.0  # for its arrival
TOKENS = 8192  # of an answer
ANSWERS = 16  # of one request
LOGPROBS = 20  # likeliest tokens at each place
STOPS, STOP_LENGTH = 16, 200  # stop strings, and characters of one
WAITING = 32  # requests at a model, the one that it answers included
CONNECTIONS = 256
DEADLINE = 600.0  # seconds of a request: waiting, writing and reading
PATIENCE = 20.0  # seconds that a connection may be idle before its first request, or half-closed
FAREWELL = 1  # seconds for open answers at the end
