# SPDX-License-Identifier: Apache-2.0
"""Beam search over the engine: every step asks it for one token after each beam, with the logprobs of the likeliest.

A step is a Response of its own, for no client: a completion with as many prompts as there are beams, whose logprobs
are read back from its JSON. That costs more than it could, and has no second way from the engine's outputs to tokens.
Must not know HTTP.

Source: vllm/entrypoints/generate/beam_search/online.py.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront._native.details import AnswerDetails
from fastfront._native.pump import KIND_COMPLETION, Response
from fastfront.engine.types import EngineCoreRequest, FinishReason
from fastfront.errors import GenerationError, NotImplementedYetError
from fastfront.output.asgi import ClientDisconnectedError
from fastfront.prompt.beam_logprobs import chat_logprobs, completion_logprobs
from fastfront.prompt.beams import Beam, BeamSearch, Scores
from fastfront.prompt.sampling import get_max_tokens
from fastfront.protocol.chat import ChatCompletionRequest

if TYPE_CHECKING:
    from fastfront.frontend import Frontend
    from fastfront.output import RequestStream
    from fastfront.prompt.model import Model
    from fastfront.protocol.completions import CompletionRequest

FINAL_OPTIONS: dict[str, Any] = {"vocab": None, "stop": (), "min_tokens": 0, "include_stop_str_in_output": True}
"""Of the Response that the client gets: its texts come whole, from here."""


async def search_beams(
    frontend: Frontend,
    stream: RequestStream,
    request: ChatCompletionRequest | CompletionRequest,
    firsts: Sequence[EngineCoreRequest],
) -> list[BeamSearch]:
    """Return the finished search after each prompt. `firsts`: for each of them, what its first step asks the engine."""
    model = frontend.model
    if any(first.prompt_embeds is not None for first in firsts):
        raise NotImplementedYetError("Embedding prompt not supported for beam search")
    searches = [_search_of(model, request, first) for first in firsts]
    width = searches[0].width
    while True:
        asked = [
            (search, msgspec.structs.replace(first, prompt_token_ids=token_ids))
            for search, first in zip(searches, firsts, strict=True)
            for token_ids in search.prompts
        ]
        if not asked:
            return searches
        scores = iter(await _score(frontend, [step for _, step in asked], width))
        if stream.disconnected:
            raise ClientDisconnectedError
        for search in searches:
            if search.prompts:
                search.advance([next(scores) for _ in search.prompts])


def _search_of(
    model: Model, request: ChatCompletionRequest | CompletionRequest, first: EngineCoreRequest
) -> BeamSearch:
    prompt = first.prompt_token_ids or []
    requested = getattr(request, "requested_max_tokens", request.max_tokens)
    return BeamSearch(
        prompt,
        width=request.n or 1,
        max_tokens=get_max_tokens(model, requested, len(prompt), request.truncate_prompt_tokens),
        end_token_id=model.eos_token_id,
        length_penalty=request.length_penalty,
        ignore_eos=request.ignore_eos,
        keep_end_token=request.include_stop_str_in_output,
    )


async def _score(frontend: Frontend, steps: list[EngineCoreRequest], width: int) -> list[Scores]:
    """Have the engine do one step; return the candidates after each sequence."""
    count = 2 * width
    batch = secrets.token_hex(8)
    for index, step in enumerate(steps):
        step.external_req_id = f"{step.external_req_id}-{batch}-beam-{index}"
        step.priority, step.data_parallel_rank = 0, None
    response = Response(
        KIND_COMPLETION,
        id=batch,
        model="",
        created=0,
        vocab=frontend.model.token_names,  # nobody reads the step's text
        prompt_token_ids=[step.prompt_token_ids or [] for step in steps],
        arrival_time=steps[0].arrival_time,
        max_tokens=1,
        details=AnswerDetails(logprobs=True, num_shown=count, num_kept=count, as_token_ids=True),
    )
    done = asyncio.get_running_loop().create_future()

    def on_ready() -> None:
        if (response.finished or response.error is not None) and not done.done():
            done.set_result(None)

    response.on_ready = on_ready
    try:
        frontend.engine.submit(response, steps)
        frontend.metrics.requests_started += len(steps)
        await done
        return _read_scores(response)
    finally:
        response.on_ready = None
        frontend.engine.abort(response)


def _read_scores(response: Response) -> list[Scores]:
    if response.error is not None:
        raise GenerationError(msgspec.json.decode(response.error[1])["error"]["message"])
    choices = sorted(msgspec.json.decode(response.take())["choices"], key=lambda choice: int(choice["index"]))
    return [_candidates(choice["logprobs"]) for choice in choices]


def _candidates(logprobs: dict[str, Any] | None) -> Scores:
    """Return the first position's candidates; none if the engine gave the request up before it."""
    positions = None if logprobs is None else logprobs["top_logprobs"]
    if not positions:
        return []
    return [(int(name.removeprefix("token_id:")), logprob) for name, logprob in positions[0].items()]


def wants_logprobs(request: ChatCompletionRequest | CompletionRequest) -> bool:
    """Return whether the answer shows logprobs: a chat says so, a completion says how many."""
    return bool(request.logprobs) if isinstance(request, ChatCompletionRequest) else request.logprobs is not None


def feeder(
    model: Model,
    request: ChatCompletionRequest | CompletionRequest,
    searches: Sequence[BeamSearch],
    *,
    as_token_ids: bool,
) -> Callable[[Response], None]:
    """Return a function that gives the client's Response all beams, when it is called for the first time.

    `as_token_ids`: logprobs call tokens "token_id:N".
    """
    width = searches[0].width
    pending = [
        (number * width + index, search, beam)
        for number, search in enumerate(searches)
        for index, beam in enumerate(search.best())
    ]

    def name(token_id: int) -> str:
        return f"token_id:{token_id}" if as_token_ids else model.tokenizer.decode([token_id])

    def logprobs_of(search: BeamSearch, beam: Beam) -> bytes:
        if not wants_logprobs(request):
            return b""
        token_ids = search.generated(beam)
        if isinstance(request, ChatCompletionRequest):
            return msgspec.json.encode(chat_logprobs(token_ids, beam.scores, request.top_logprobs, name))
        return msgspec.json.encode(completion_logprobs(token_ids, beam.scores, request.logprobs or 0, name))

    def feed(response: Response) -> None:
        while pending:
            choice, search, beam = pending.pop(0)
            token_ids = search.generated(beam)
            text = model.tokenizer.decode(search.shown(beam), skip_special_tokens=request.skip_special_tokens)
            texts = [text, *[""] * (len(token_ids) - 1)] if token_ids else []
            reason = FinishReason.STOP if beam.stopped else FinishReason.LENGTH
            stop_reason = model.eos_token_id if beam.stopped else None
            response.feed(choice, token_ids, texts, reason, stop_reason, logprobs_of(search, beam))

    return feed
