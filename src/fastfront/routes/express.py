# SPDX-License-Identifier: Apache-2.0
"""The express lanes of the generating endpoints: what `_native/express.pyx` needs to serve their ordinary requests.

A lane is a short cut, never another behaviour: whatever it takes, routes/generate.py would answer in the same words,
and tests compare the two. Must not know HTTP beyond paths and headers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fastfront._native.express import Lane, Sampling
from fastfront.engine.types import SamplingParams, encode
from fastfront.errors import FastFrontError
from fastfront.frontend import DECODE_OFF_LOOP_BYTES, MAILBOX_LIMIT, OFF_LOOP_BYTES, Frontend
from fastfront.output.stream import EVENT_STREAM_HEADERS, HEADERS_GRACE, note_slow_reader
from fastfront.prompt.model import Model
from fastfront.prompt.prompt_encoder import PromptEncoder
from fastfront.prompt.render import known_chats
from fastfront.prompt.sampling import lower_chat_sampling_params, lower_completion_sampling_params
from fastfront.protocol import plain
from fastfront.protocol.chat import decode_chat_completion_request
from fastfront.protocol.completions import decode_completion_request
from fastfront.routes import chat_completions, completions
from fastfront.routes.chat_terms import TermsBook
from fastfront.routes.constraints import settle_known
from fastfront.routes.details import are_plain
from fastfront.routes.generate import MAX_ID_CHARS
from fastfront.routes.http import is_json_type

if TYPE_CHECKING:
    import asyncio

    from fastfront.routes.generate import Shape

INLINE_UNSEEN = 16 * 1024
"""Bytes of a prompt that may be tokenized on the loop at most: 0.1 ms of ordinary text. More goes to the pool."""

INLINE_SECONDS = 0.0005
"""Time that tokenizing on the loop may take; see Lane.encode_here."""

_DEFAULT_MAX_TOKENS = SamplingParams().max_tokens

IsAllowed = Callable[[bytes], bool]
Learn = Callable[[bytes], "Sampling | Literal[False] | None"]


def make_lanes(
    frontend: Frontend, loop: asyncio.AbstractEventLoop, is_allowed: IsAllowed | None = None
) -> dict[str, Lane]:
    """Return the lanes of a frontend that is ready, by path; none where the model is not made for them.

    `is_allowed` tells whether an Authorization header's value opens the endpoints; None: they need no key.
    """
    model = frontend.model
    if model.vocab is None or not are_plain(frontend.config):
        return {}
    encoder = PromptEncoder(model.tokenizer)

    def make(path: str, shape: Shape, *, add_special_tokens: bool, **rest: Any) -> Lane:
        return Lane(
            frontend=frontend,
            loop=loop,
            is_allowed=is_allowed,
            is_json_type=is_json_type,
            max_id_chars=MAX_ID_CHARS,
            encoder=encoder,
            add_special_tokens=add_special_tokens,
            observe=frontend.metrics.http.observer(path, "POST"),
            on_slow_reader=note_slow_reader,
            stream_headers=EVENT_STREAM_HEADERS,
            stream_kind=shape.stream_kind,
            whole_kind=shape.whole_kind,
            id_prefix=shape.id_prefix,
            id_suffix="-0" if shape.numbers_prompts else "",
            mailbox_limit=MAILBOX_LIMIT,
            off_loop_bytes=DECODE_OFF_LOOP_BYTES,
            render_off_loop_bytes=OFF_LOOP_BYTES,
            inline_unseen=INLINE_UNSEEN,
            inline_seconds=INLINE_SECONDS,
            head_grace=HEADERS_GRACE,
            json_key=plain.sampling_json_key,
            **rest,
        )

    lanes = {
        "/v1/completions": make(
            "/v1/completions",
            completions.SHAPE,
            add_special_tokens=True,
            role="",
            decode=plain.decode_plain_completion,
            key_of=plain.completion_sampling_key,
            learn=learner(frontend, decode_completion_request, lower_completion_sampling_params),
            text_of=_prompt_of,
            json_of=plain.sampling_json,
            no_json=plain.NO_SAMPLING_JSON,
            plain_terms=None,
            terms_of=None,
            chats=None,
        )
    }
    terms_of = TermsBook(frontend)
    if terms_of.plain is not None:
        lanes["/v1/chat/completions"] = make(
            "/v1/chat/completions",
            chat_completions.SHAPE,
            add_special_tokens=False,
            role=model.response_role,
            decode=plain.decode_plain_chat,
            key_of=plain.chat_sampling_key,
            learn=learner(
                frontend, decode_chat_completion_request, lower_chat_sampling_params, frontend.parsers.adjust
            ),
            text_of=None,
            json_of=plain.chat_json,
            no_json=plain.NO_CHAT_JSON,
            plain_terms=terms_of.plain,
            terms_of=terms_of,
            chats=known_chats(model, plain.decode_plain_chat),
        )
    return lanes


def _prompt_of(request: plain.PlainCompletionRequest) -> str | None:
    return request.prompt or None  # an empty one is refused, also where a special token before it would make a prompt


def learner(
    frontend: Frontend,
    decode: Callable[[bytes], Any],
    lower: Callable[[Any, Model, int], SamplingParams],
    adjust: Callable[[Any], object] | None = None,
) -> Learn:
    """Return a function that finds out, with the general way's own code, how requests like the one given are sampled.

    It returns False for a request that asks for more than one plain answer, as all do that are sampled like it; None
    for one that the general way refuses, or whose constraint it has to judge first. `adjust`: what that does to a
    request before it is lowered.
    """
    model = frontend.model

    def learn(body: bytes) -> Sampling | Literal[False] | None:
        try:
            request = decode(body)
            params = lower(request, model, 0)
            if params.structured_outputs is not None and adjust is not None:
                as_given = msgspec.structs.replace(request)
                if adjust(request) is not None or request != as_given:
                    return None
        except FastFrontError:
            return None
        shows_logprobs = request.logprobs is not None and request.logprobs is not False
        if (request.n or 1) != 1 or shows_logprobs or request.echo:
            return False
        requested = getattr(request, "requested_max_tokens", request.max_tokens)
        if requested is not None and requested > model.max_model_len:
            return None
        if not settle_known(frontend.structured, request, params):
            return None
        wanted = requested if requested is not None else model.default_sampling.get("max_tokens")
        params.max_tokens = _DEFAULT_MAX_TOKENS  # is not sent: the lane adds what the prompt leaves room for
        stop = request.stop
        return Sampling(encode(params), wanted, (stop,) if isinstance(stop, str) else tuple(stop or ()))

    return learn
