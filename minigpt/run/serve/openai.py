"""OpenAI's protocol: /v1/models, /v1/completions, /v1/chat/completions. With top_k and repetition_penalty, as vLLM has them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from minigpt.config import SampleConfig
from minigpt.errors import MinigptError
from minigpt.run.serve.bounds import ANSWERS, LOGPROBS
from minigpt.run.serve.engine import Piece, Served, Text
from minigpt.run.serve.fields import field, number, parsed, refuse, sampling
from minigpt.run.serve.logprobs import in_chat, in_completion
from minigpt.run.serve.refusal import Refused, as_openai
from minigpt.run.serve.shelf import Shelf
from minigpt.run.serve.turns import AGAIN, messages_of, told
from minigpt.run.serve.visit import Stream, Visit, body_of, heard
from minigpt.run.talk import fresh_seed

TEXT: tuple[Any, ...] = ({"type": "text"},)
# What would change an answer and cannot be honoured, unless it has one of these values or is empty.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "tools": (), "functions": (), "tool_choice": ("none", "auto"), "function_call": ("none", "auto"), "response_format": TEXT,
    "logit_bias": (), "presence_penalty": (0,), "frequency_penalty": (0,), "suffix": (), "best_of": (1,), "audio": (),
    "modalities": (["text"],), "prediction": (), "web_search_options": (), "use_beam_search": (), "min_p": (0,), "min_tokens": (0,),
    "ignore_eos": (), "stop_token_ids": (), "bad_words": (), "allowed_token_ids": (), "logits_processors": (), "structured_outputs": (),
    "guided_json": (), "guided_regex": (), "guided_choice": (), "guided_grammar": (), "prompt_logprobs": (), "prompt_embeds": (),
    "chat_template": (), "documents": (),
}  # fmt: skip
SETTINGS = {
    "max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
    "repetition_penalty": "repetition_penalty", "stop": "stop", "seed": "seed",
}  # fmt: skip


class Answer:
    """Texts to write for a request, `count` for each prompt, and how they are told."""

    def __init__(self, served: Served, visit: Visit, texts: Sequence[Text], kind: str, count: int, notes: Sequence[str]) -> None:
        self.served, self.texts, self.count, self.notes = served, texts, count, notes
        self.chat = kind == "chat.completion"
        prefix = "chatcmpl" if self.chat else "cmpl"
        self.head = {"id": f"{prefix}-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": served.name}
        self.begun = [""] * len(texts)  # what stands before a text: its prompt, if it is echoed
        visit.texts.extend(texts)
        visit.notes.extend(notes)

    async def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        choices = []
        for i, text in enumerate(self.texts):
            pieces = [piece async for piece in self.served.engine.pieces(text)]
            said, seen = "".join(piece.text for piece in pieces), [one for piece in pieces for one in piece.seen]
            content: dict[str, Any] = {"text": self.begun[i] + said}
            if self.chat:
                content = {"message": {"role": "assistant", "content": said, "refusal": None}}
            choices.append({"index": i, **content, **self.logs(text, seen), **ended(text)})
        return {**self.head, "choices": choices, "usage": self.usage(), **self.noted()}

    async def events(self, with_usage: bool) -> AsyncIterator[str]:
        """The answer as server-sent events."""
        object = f"{self.head['object']}.chunk" if self.chat else self.head["object"]
        head = {**self.head, "object": object, **({"usage": None} if with_usage else {})}
        try:
            for i, text in enumerate(self.texts):
                if self.chat or self.begun[i]:
                    first = Piece(self.begun[i])
                    yield event({**head, "choices": [self.delta(i, text, first, {"role": "assistant"})]})
                async for piece in self.served.engine.pieces(text):
                    yield event({**head, "choices": [self.delta(i, text, piece, {})]})
                last = {**self.delta(i, text, None, {}), **ended(text)}
                yield event({**head, "choices": [last], **(self.noted() if text is self.texts[-1] else {})})
            if with_usage:
                yield event({**head, "choices": [], "usage": self.usage()})
            yield "data: [DONE]\n\n"
        except MinigptError as error:
            yield event(as_openai(error if isinstance(error, Refused) else Refused(str(error), 500)))

    def delta(self, i: int, text: Text, piece: Piece | None, more: Mapping[str, Any]) -> dict[str, Any]:
        """A choice with a piece of a text."""
        said = piece.text if piece else ""
        content: dict[str, Any] = {"text": said}
        if self.chat:
            content = {"delta": {**more, "content": said} if piece else {}}
        return {"index": i, **content, **self.logs(text, piece.seen if piece else []), "finish_reason": None}

    def logs(self, text: Text, seen: Sequence[Any]) -> dict[str, Any]:
        """Log probabilities, if they were asked for."""
        if text.top is None or not seen:
            return {"logprobs": None}
        return {"logprobs": in_chat(seen) if self.chat else in_completion(seen)}

    def usage(self) -> dict[str, int]:
        """Tokens read, each prompt once, and written."""
        read, written = sum(text.prompt_tokens for text in self.texts[:: self.count]), sum(text.sample.tokens for text in self.texts)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def noted(self) -> dict[str, Any]:
        """Notes on what was not read."""
        if any(text.tried > 1 for text in self.texts):
            self.notes = [*self.notes, AGAIN]
        return {"notes": list(self.notes)} if self.notes else {}


def ended(text: Text) -> dict[str, Any]:
    """How a text ended, and the seed that repeats it."""
    return {"finish_reason": text.sample.finish_reason, "seed": text.config.seed}


def event(data: Mapping[str, Any]) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(data)}\n\n"


def several(config: SampleConfig, count: int) -> list[SampleConfig]:
    """Settings of so many texts: each further one takes the next seed, as `generate --samples` does."""
    first = fresh_seed() if config.seed is None else config.seed
    return [replace(config, seed=first + i) for i in range(count)]


class OpenAI:
    """The endpoints. `config`: the settings of a request that names none."""

    def __init__(self, shelf: Shelf, config: SampleConfig) -> None:
        self.shelf, self.config = shelf, config

    async def models(self, request: Request, visit: Visit) -> Response:
        name = request.path_params.get("name")
        if name is not None:
            return JSONResponse(card(self.shelf.find(name)))
        return JSONResponse({"object": "list", "data": [card(served) for served in self.shelf]})

    async def completions(self, request: Request, visit: Visit) -> Response:
        body, served, config = await self._asked(request, visit)
        prompts = prompts_of(body)
        count = number(body, "n", 1, 1, ANSWERS)
        if count * len(prompts) > ANSWERS:
            raise Refused(f"n texts for each prompt are more than {ANSWERS} at once; ask for fewer", field="n")
        top = None if body.get("logprobs") in (None, False) else number(body, "logprobs", 0, 0, LOGPROBS)
        echo = field(body, "echo", bool, False)
        if echo and top is not None:
            raise Refused("minigpt does not support echo together with logprobs; leave one of them out", field="echo")
        texts = [Text(served.model, [prompt], each, top=top) for prompt in prompts for each in several(config, count)]
        answer = Answer(served, visit, texts, "text_completion", count, [])
        if echo:
            answer.begun = [text.prompts[0] for text in texts]
        return await respond(request, body, answer)

    async def chat(self, request: Request, visit: Visit) -> Response:
        body, served, config = await self._asked(request, visit)
        given = field(body, "messages", list, [])
        count = number(body, "n", 1, 1, ANSWERS)
        top = number(body, "top_logprobs", 0, 0, LOGPROBS)
        with_logs = field(body, "logprobs", bool, False)
        if top and not with_logs:
            raise Refused("top_logprobs needs logprobs to be true", field="top_logprobs")
        read = told(served.model, served.form, messages_of(given), config.max_tokens)
        config = replace(config, stop=(*config.stop, *read.stops))
        each = several(config, count)
        texts = [Text(served.model, read.prompts, one, read.trim, top if with_logs else None) for one in each]
        return await respond(request, body, Answer(served, visit, texts, "chat.completion", count, read.notes))

    async def _asked(self, request: Request, visit: Visit) -> tuple[dict[str, Any], Served, SampleConfig]:
        """The body, the model and the settings of a request."""
        body = parsed(await body_of(request))
        served = self.shelf.find(body.get("model"))
        refuse(body, NEUTRAL)
        config = sampling(self.config, body, SETTINGS)
        visit.at(served)
        return body, served, config


def prompts_of(body: Mapping[str, Any]) -> list[str]:
    """One or several texts to continue; missing: a new document."""
    prompt = body.get("prompt", "")
    prompts = [prompt] if isinstance(prompt, str) else [""] if prompt is None else prompt
    if not isinstance(prompts, list) or not 0 < len(prompts) <= ANSWERS or not all(isinstance(text, str) for text in prompts):
        raise Refused(f"prompt must be a text, or at most {ANSWERS} texts; token ids are not read", field="prompt")
    return prompts


async def respond(request: Request, body: Mapping[str, Any], answer: Answer) -> Response:
    """The answer, whole or as a stream."""
    options = field(body, "stream_options", dict, {})
    with_usage = field(options, "include_usage", bool, False, "stream_options.")
    if field(body, "stream", bool, False):
        return Stream(answer.events(with_usage), "text/event-stream")
    return JSONResponse(await heard(request, answer.whole()))


def card(served: Served) -> dict[str, Any]:
    """A model in the list."""
    return {"id": served.name, "object": "model", "created": served.created, "owned_by": "minigpt", "max_model_len": served.model.context}
