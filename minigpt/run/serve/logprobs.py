"""Log probabilities of an answer's tokens, in the two forms of OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigpt.run.serve.witness import Seen


def named(token: bytes) -> str:
    """A token as a text; the bytes of one that is only a part of a character, as OpenAI names them."""
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token)


def in_completion(seen: Sequence[Seen]) -> dict[str, Any]:
    """Four lists: tokens, their log probabilities, the likeliest in their places, and where they begin in the text."""
    return {
        "tokens": [named(one.token) for one in seen],
        "token_logprobs": [one.log for one in seen],
        "top_logprobs": [{named(token) or "<|endoftext|>": log for token, log in one.likeliest} for one in seen],
        "text_offset": [one.start for one in seen],
    }


def in_chat(seen: Sequence[Seen]) -> dict[str, Any]:
    """A list with an object for each token."""
    content = [{**told(one.token, one.log), "top_logprobs": [told(token, log) for token, log in one.likeliest]} for one in seen]
    return {"content": content, "refusal": None}


def told(token: bytes, log: float) -> dict[str, Any]:
    """A token, its bytes and its log probability."""
    return {"token": named(token) or "<|endoftext|>", "logprob": log, "bytes": list(token)}
