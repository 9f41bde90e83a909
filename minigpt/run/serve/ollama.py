"""Ollama's protocol: /api/generate, /api/chat, /api/tags, /api/show, /api/ps, /api/version. Its streams are lines of JSON.

`generate` continues the prompt, as `minigpt generate` does: it is never put into a dialogue. `chat` takes turns.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from minigpt import __version__
from minigpt.config import SampleConfig
from minigpt.errors import MinigptError
from minigpt.run.serve.bounds import LOGPROBS, TOKENS
from minigpt.run.serve.engine import Served, Text
from minigpt.run.serve.fields import field, number, parsed, refuse, sampling
from minigpt.run.serve.logprobs import told as log_of
from minigpt.run.serve.refusal import Refused
from minigpt.run.serve.shelf import LATEST, Shelf
from minigpt.run.serve.turns import AGAIN, NO_SYSTEM, messages_of, told
from minigpt.run.serve.visit import Stream, Visit, body_of, heard
from minigpt.run.serve.witness import Seen
from minigpt.run.talk import fresh_seed

NEUTRAL: dict[str, tuple[Any, ...]] = {"suffix": (), "images": (), "format": (), "template": (), "think": (), "tools": (), "context": ()}
OPTIONS: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (0,), "frequency_penalty": (0,), "min_p": (0,), "typical_p": (1,), "tfs_z": (1,), "mirostat": (0,),
    "repeat_last_n": (-1, 64), "penalize_newline": (),
}  # fmt: skip
SETTINGS = {
    "num_predict": "max_tokens", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "repeat_penalty": "repetition_penalty",
    "stop": "stop", "seed": "seed",
}  # fmt: skip
WITHIN = "options."
GENERATE, CHAT = "generate", "chat"


class Reply:
    """A text to write, and how it is told. `kind`: of the endpoint."""

    def __init__(self, served: Served, visit: Visit, text: Text, kind: str, notes: Sequence[str]) -> None:
        self.served, self.text, self.kind, self.notes, self.began = served, text, kind, notes, time.monotonic_ns()
        visit.texts.append(text)
        visit.notes.extend(notes)

    def line(self, said: str, seen: Sequence[Seen] = (), **more: Any) -> dict[str, Any]:
        """One object of the answer."""
        content: dict[str, Any] = {"response": said} if self.kind == GENERATE else {"message": {"role": "assistant", "content": said}}
        logs = {"logprobs": [as_log(one) for one in seen]} if seen else {}
        return {**head(self.served), **content, "done": False, **logs, **more}

    def last(self) -> dict[str, Any]:
        """What the final object adds."""
        text, spent = self.text, time.monotonic_ns() - self.began
        notes = [*self.notes, *([AGAIN] if text.tried > 1 else [])]
        return {
            "done": True,
            "done_reason": text.sample.finish_reason,
            "total_duration": spent,
            "load_duration": 0,
            "prompt_eval_count": text.prompt_tokens,
            "eval_count": text.sample.tokens,
            "eval_duration": spent,
            "seed": text.config.seed,
            **({"notes": notes} if notes else {}),
        }

    async def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        pieces = [piece async for piece in self.served.engine.pieces(self.text)]
        seen = [one for piece in pieces for one in piece.seen]
        return self.line("".join(piece.text for piece in pieces), seen, **self.last())

    async def lines(self) -> AsyncIterator[str]:
        """The answer, piece by piece."""
        try:
            async for piece in self.served.engine.pieces(self.text):
                yield as_line(self.line(piece.text, piece.seen))
            yield as_line(self.line("", **self.last()))
        except MinigptError as error:
            yield as_line({"error": str(error)})


class Ollama:
    """The endpoints. `config`: the settings of a request that names none."""

    def __init__(self, shelf: Shelf, config: SampleConfig) -> None:
        self.shelf, self.config = shelf, config

    async def version(self, request: Request, visit: Visit) -> Response:
        return JSONResponse({"version": __version__})

    async def root(self, request: Request, visit: Visit) -> Response:
        return PlainTextResponse("minigpt is running\n")

    async def tags(self, request: Request, visit: Visit) -> Response:
        return JSONResponse({"models": [tag(served) for served in self.shelf]})

    async def loaded(self, request: Request, visit: Visit) -> Response:
        never = datetime(9999, 12, 31, tzinfo=timezone.utc).isoformat()
        more = {"expires_at": never, "size_vram": 0}
        return JSONResponse({"models": [{**tag(served), **more, "context_length": served.model.context} for served in self.shelf]})

    async def show(self, request: Request, visit: Visit) -> Response:
        body = parsed(await body_of(request))
        served = self._find(body.get("model") or body.get("name"))
        family, config = family_of(served), served.model.config
        info = {
            "general.architecture": family,
            "general.parameter_count": parameters_of(served),
            f"{family}.block_count": config.n_layer,
            f"{family}.attention.head_count": config.n_head,
            f"{family}.embedding_length": config.n_embd,
            f"{family}.context_length": served.model.context,
        }
        about = {name: value for name, value in tag(served).items() if name in ("details", "modified_at", "capabilities")}
        return JSONResponse({"modelfile": "", "parameters": "", "template": "{{ .Prompt }}", "model_info": info, **about})

    async def generate(self, request: Request, visit: Visit) -> Response:
        body, served, config, top = await self._asked(request, visit)
        prompt = field(body, "prompt", str, "")
        notes = [NO_SYSTEM] if field(body, "system", str, "") else []
        if not prompt:
            return JSONResponse({**head(served), "response": "", "done": True, "done_reason": "load"})
        return await respond(request, body, Reply(served, visit, Text(served.model, [prompt], config, top=top), GENERATE, notes))

    async def chat(self, request: Request, visit: Visit) -> Response:
        body, served, config, top = await self._asked(request, visit)
        given = field(body, "messages", list, [])
        if not given:
            empty = {"role": "assistant", "content": ""}
            return JSONResponse({**head(served), "message": empty, "done": True, "done_reason": "load"})
        read = told(served.model, served.form, messages_of(given), config.max_tokens)
        config = replace(config, stop=(*config.stop, *read.stops))
        return await respond(
            request, body, Reply(served, visit, Text(served.model, read.prompts, config, read.trim, top), CHAT, read.notes)
        )

    async def _asked(self, request: Request, visit: Visit) -> tuple[dict[str, Any], Served, SampleConfig, int | None]:
        """The body, the model and the settings of a request, and how many likeliest tokens it wants to see."""
        body = parsed(await body_of(request))
        served = self._find(body.get("model"))
        options = dict(field(body, "options", dict, {}))
        refuse(body, NEUTRAL)
        refuse(options, OPTIONS, WITHIN)
        if is_negative(options.get("num_predict")):  # as long as it writes
            options["num_predict"] = TOKENS
        if is_negative(options.get("seed")):  # any
            del options["seed"]
        config = sampling(self.config, options, SETTINGS, WITHIN)
        config = replace(config, seed=fresh_seed() if config.seed is None else config.seed)
        top = number(body, "top_logprobs", 0, 0, LOGPROBS)
        visit.at(served)
        return body, served, config, top if field(body, "logprobs", bool, False) else None

    def _find(self, name: Any) -> Served:
        """The model of a name, with Ollama's error."""
        if not name or not isinstance(name, str):
            raise Refused("model is required", field="model")
        return self.shelf.find(name)


async def respond(request: Request, body: Mapping[str, Any], reply: Reply) -> Response:
    """The answer, whole or, by default, as a stream."""
    if field(body, "stream", bool, True):
        return Stream(reply.lines(), "application/x-ndjson")
    return JSONResponse(await heard(request, reply.whole()))


def is_negative(value: Any) -> bool:
    """Whether this is a number below 0."""
    return isinstance(value, int) and value < 0


def as_line(data: Mapping[str, Any]) -> str:
    """A line of JSON."""
    return json.dumps(data) + "\n"


def as_log(seen: Seen) -> dict[str, Any]:
    """A token and its log probability."""
    return {**log_of(seen.token, seen.log), "top_logprobs": [log_of(token, log) for token, log in seen.likeliest]}


def head(served: Served) -> dict[str, Any]:
    """What every object of an answer begins with."""
    return {"model": served.name, "created_at": datetime.now(timezone.utc).isoformat()}


def family_of(served: Served) -> str:
    """The architecture."""
    return str(getattr(served.model.config, "architecture", "gpt1"))


def parameters_of(served: Served) -> int:
    """The number of parameters."""
    return sum(parameter.value.size for parameter in served.model.network.parameters)


def tag(served: Served) -> dict[str, Any]:
    """A model in the list."""
    family = family_of(served)
    details = {
        "parent_model": "",
        "format": "safetensors",
        "family": family,
        "families": [family],
        "parameter_size": f"{parameters_of(served) / 1e6:.1f}M",
        "quantization_level": "F32",
        "context_length": served.model.context,
        "embedding_length": served.model.config.n_embd,
    }
    name, made = f"{served.name}{LATEST}", datetime.fromtimestamp(served.created, timezone.utc).isoformat()
    found = {"name": name, "model": name, "modified_at": made, "size": served.size, "digest": served.digest, "details": details}
    return {**found, "capabilities": ["completion"]}
