# SPDX-License-Identifier: Apache-2.0
"""What the generating endpoints share: from a decoded request and its prompts to the last byte of the answer.

The order is that of vLLM's server: schema, model, the engine's state, ranges of values, prompt, engine. Everything
before the engine is refused with an HTTP status, streaming or not. Must not know how chat and completion requests
differ.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from fastfront._native.pump import Response
from fastfront.engine.types import EngineCoreRequest, LoRARequest, SamplingParams, Tensor
from fastfront.errors import BadRequestError
from fastfront.frontend import MAILBOX_LIMIT, Frontend
from fastfront.output import ForeignDecoder, Receive, RequestStream, Scope, Send, direct_of, keep_alive
from fastfront.output.parsers import UNPARSED, Parsing
from fastfront.output.python_parsers import PythonParsers
from fastfront.prompt.embeds import PromptEmbeds
from fastfront.prompt.model import Model
from fastfront.prompt.sampling import params_of_sample
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.protocol.common import INT64_MAX, MAX_N_SEQUENCES
from fastfront.protocol.completions import CompletionRequest
from fastfront.protocol.decode import OutOfRangeError
from fastfront.routes.beam_search import FINAL_OPTIONS, feeder, search_beams
from fastfront.routes.constraints import blame_constraint, settle_constraints
from fastfront.routes.details import details_of, names_are_ids, watermark_of
from fastfront.routes.http import CONTENT_LENGTH, check_json_content_type, read_body
from fastfront.routes.kv_rejection import tell_of_rejection
from fastfront.routes.load_report import reporting
from fastfront.routes.watch import watch_of

RequestT = TypeVar("RequestT", ChatCompletionRequest, CompletionRequest)

_random_bits = random.Random().getrandbits  # noqa: S311 - an id has to be unique, not secret; urandom is a system call

MAX_ID_CHARS = 512
"""Longest id that a client may give a request: it is repeated in every chunk."""


class Prompts(NamedTuple):
    """A request's prompts and how to sample after each."""

    token_ids: list[list[int]]
    params: list[SamplingParams]
    texts: list[str | None]
    embeds: list[PromptEmbeds | None] | None = None
    """Those that are embeddings: whole, with ids that stand for nothing, or in places. None: none of them."""

    @property
    def known_ids(self) -> list[list[int]]:
        """The ids in front of the answers' text; of a prompt without any, none."""
        if self.embeds is None:
            return self.token_ids
        return [
            [] if embeds is not None and embeds.is_token_ids is None else token_ids
            for token_ids, embeds in zip(self.token_ids, self.embeds, strict=True)
        ]


class Shape(NamedTuple):
    """What makes a chat answer a chat answer, and a completion a completion."""

    stream_kind: int
    whole_kind: int
    id_prefix: str
    numbers_prompts: bool
    """The engine is told `cmpl-X-0`, `cmpl-X-1`, ... instead of one id for the request."""


class Speaker(NamedTuple):
    """Who speaks in an answer."""

    role: str
    echo_text: str
    """What the answer goes on from; "" if it is not to be shown."""


class Hooks(NamedTuple):
    """What an endpoint adds to the common way; None: nothing."""

    adjust: Callable[[Frontend, Any], Awaitable[None] | None] | None = None
    """Called with the request before its prompt is made: completes it, at once or later, or raises the error."""
    parse: Callable[[Frontend, Any, Prompts], Parsing] | None = None
    """Says how the answers are parsed."""
    speakers: Callable[[Model, Any], list[Speaker]] | None = None
    """Says who speaks in each answer, where a request is several chats."""


class Headers(NamedTuple):
    """What a request's headers say; None: nothing."""

    request_id: str | None
    data_parallel_rank: int | None
    priority: int | None
    session_id: str | None


async def generate(
    frontend: Frontend,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    decode: Callable[[bytes], RequestT],
    prepare: Callable[[Model, RequestT], Prompts],
    role: Callable[[Model, RequestT], str],
    shape: Shape,
    hooks: Hooks = Hooks(),  # noqa: B008 - immutable
) -> int:
    """Answer one request, streaming or whole. Returns the HTTP status."""
    check_json_content_type(scope)
    frontend.check_open()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    arrival_time = time.time()
    headers = read_headers(scope)
    frontend.begin_request()
    watch = watch_of(frontend, scope, send, body)
    pending: RequestT | None = None  # decoded, and not with the engines yet
    lora_name: str | None = None  # of the adapter, while a request with one is with the engines
    direct = direct_of(scope)
    if watch is not None and watch.reads_answer:
        send, direct = watch.send, None
    if (reports := reporting(frontend, scope, send)) is not None:
        send, direct = reports, None
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct, pump=frontend.engine.pump)
    try:
        try:
            request = pending = await frontend.decode(stream, body, decode)
        except OutOfRangeError as error:
            pending = error.request
            admit(frontend, error.request.model, error.request.n or 1)
            raise
        admit(frontend, request.model, request.n or 1)
        lora = frontend.loras.find(request.model)
        if hooks.adjust is not None and (adjusting := hooks.adjust(frontend, request)) is not None:
            await adjusting
        request_id = choose_id(headers.request_id or request.request_id)
        prompts = await frontend.prepare(stream, len(body), prepare, frontend.model, request)
        del body
        await settle_constraints(frontend.structured, request, prompts.params)
        frontend.check_admission(request.n or 1, prompts.token_ids)
        parsing = UNPARSED if hooks.parse is None else hooks.parse(frontend, request, prompts)
        response_id = shape.id_prefix + request_id
        requests = engine_requests(request, prompts, headers, response_id, arrival_time, shape, parsing, lora)
        model_name = frontend.model.name if lora is None else lora.lora_name
        response = _response(
            frontend,
            request,
            prompts,
            response_id,
            arrival_time,
            role(frontend.model, request),
            shape,
            parsing,
            model_name,
            [] if hooks.speakers is None else hooks.speakers(frontend.model, request),
        )
        if request.use_beam_search:
            pending = None
            searches = await search_beams(frontend, stream, request, requests[:: request.n or 1])
            as_ids = names_are_ids(frontend.config, request)
            stream.attach(response, feeder(frontend.model, request, searches, as_token_ids=as_ids))
            frontend.engine.pump.add(response)
            frontend.metrics.requests_started += len(requests)
            return await (stream.send_events() if request.stream else stream.send_json())
        if prompts.params[0].structured_outputs is not None and frontend.structured.is_blind:
            stream.explain_errors(blame_constraint)
        if watch is not None:
            watch.submitting(request, response_id, response, requests)
        frontend.submit(stream, response, requests, _feeder(frontend.model, request, prompts, parsing))
        pending = None
        if lora is not None:
            lora_name = lora.lora_name
            frontend.metrics.lora.begin(lora_name)
        if watch is not None:
            watch.submitted()
        if request.stream:
            keep_alive(frontend.engine.pump, response, frontend.config.sse_keep_alive_interval)
        del prompts, requests
        return await (stream.send_events() if request.stream else stream.send_json())
    finally:
        if pending is not None:
            tell_of_rejection(frontend, pending, headers.data_parallel_rank)
        if lora_name is not None:
            frontend.metrics.lora.end(lora_name)
        scope[CONTENT_LENGTH] = stream.content_length
        stream.close()
        if watch is not None:
            watch.ended(sys.exc_info()[1])
        frontend.end_request()


def admit(frontend: Frontend, model: str | None, n: int) -> None:
    """Refuse what vLLM refuses of a request that fits the schema, before it looks at values."""
    frontend.check_model(model)
    frontend.check_ready()
    frontend.check_admission(n)


def choose_id(given: str | None) -> str:
    """Return a request's id: the client's own, or a new one."""
    if given and len(given) > MAX_ID_CHARS:
        raise BadRequestError(f"The request id is longer than {MAX_ID_CHARS} characters.", param="request_id")
    return given or f"{_random_bits(64):016x}"


def read_headers(scope: Scope) -> Headers:
    """Return what vLLM reads of a request's headers."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name.startswith(b"x-"):
            found.setdefault(name, value.decode("latin-1"))
    if not found:
        return Headers(None, None, None, None)
    return Headers(
        found.get(b"x-request-id"),
        _integer(found.get(b"x-data-parallel-rank")),
        _integer(found.get(b"x-vllm-priority")),
        found.get(b"x-session-id") or None,
    )


def _integer(text: str | None) -> int | None:
    """Return the header as a number; what is none is ignored, as in vLLM."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _session_id(request: ChatCompletionRequest | CompletionRequest, header: str | None) -> str | None:
    if request.session_id:
        return request.session_id
    if header is not None or not request.vllm_xargs:
        return header
    value = request.vllm_xargs.get("session_id")
    return value if isinstance(value, str) and value else None


def engine_requests(
    request: ChatCompletionRequest | CompletionRequest,
    prompts: Prompts,
    headers: Headers,
    response_id: str,
    arrival_time: float,
    shape: Shape,
    parsing: Parsing,
    lora: LoRARequest | None = None,
) -> list[EngineCoreRequest]:
    """Return one request per choice: prompt by prompt, and for each its `n` samples."""
    n = request.n or 1
    if n * len(prompts.token_ids) > MAX_N_SEQUENCES:
        raise BadRequestError(
            f"n={n} answers to each of {len(prompts.token_ids)} prompts are more than {MAX_N_SEQUENCES} sequences.",
            param="n",
        )
    if request.seed is not None and request.seed + n - 1 > INT64_MAX:
        # Sample i is drawn with seed + i, and the engine's seeds are 64 bits wide.
        raise BadRequestError(f"seed must be at most {INT64_MAX} minus n - 1, got {request.seed}.", param="seed")
    requests: list[EngineCoreRequest] = []
    for number, (token_ids, params) in enumerate(zip(prompts.token_ids, prompts.params, strict=True)):
        first = EngineCoreRequest(
            request_id="",
            prompt_token_ids=token_ids,
            mm_features=None,
            sampling_params=params,
            pooling_params=None,
            arrival_time=arrival_time,
            lora_request=lora,
            cache_salt=request.cache_salt,
            data_parallel_rank=headers.data_parallel_rank,
            priority=request.priority if headers.priority is None else headers.priority,
            external_req_id=f"{response_id}-{number}" if shape.numbers_prompts else response_id,
            reasoning_ended=parsing.reasoning_ended,
            reasoning_parser_kwargs=parsing.reasoning_parser_kwargs,
            session_id=_session_id(request, headers.session_id),
        )
        if prompts.embeds is not None and (embeds := prompts.embeds[number]) is not None:
            first.prompt_embeds = Tensor(embeds.dtype, (embeds.rows, embeds.hidden_size), embeds.data)
            first.prompt_is_token_ids = embeds.is_token_ids
            if embeds.is_token_ids is None:
                first.prompt_token_ids = None
        requests.append(first)
        for index in range(1, n):
            sample = params_of_sample(params, index)
            # Without a seed all samples are the same request; the engine client encodes it anew for each wire id.
            requests.append(first if sample is params else msgspec.structs.replace(first, sampling_params=sample))
    return requests


def _response(
    frontend: Frontend,
    request: ChatCompletionRequest | CompletionRequest,
    prompts: Prompts,
    response_id: str,
    arrival_time: float,
    role: str,
    shape: Shape,
    parsing: Parsing,
    model_name: str,
    speakers: list[Speaker],
) -> Response:
    options = request.stream_options
    include_usage = continuous_usage = frontend.config.enable_force_include_usage
    if options is not None and not include_usage:
        include_usage = bool(options.include_usage)
        continuous_usage = include_usage and bool(options.continuous_usage_stats)
    stop = request.stop
    text_options: dict[str, Any] = {
        "vocab": frontend.model.vocab,
        "token_names": frontend.model.token_names,
        "stop": (stop,) if isinstance(stop, str) else stop or (),
        "min_tokens": request.min_tokens,
        "include_stop_str_in_output": request.include_stop_str_in_output,
    }
    return Response(
        shape.stream_kind if request.stream else shape.whole_kind,
        id=response_id,
        model=model_name,
        created=int(arrival_time),
        prompt_token_ids=[
            known if len(known) == len(all_ids) else len(all_ids)
            for known, all_ids in zip(prompts.known_ids, prompts.token_ids, strict=True)
        ],
        n=request.n or 1,
        role=role,
        roles=[speaker.role for speaker in speakers],
        system_fingerprint=frontend.system_fingerprint,
        include_usage=include_usage,
        continuous_usage=continuous_usage,
        **(FINAL_OPTIONS if request.use_beam_search else text_options),
        skip_special_tokens=request.skip_special_tokens and not parsing.reads_special_tokens,
        spaces_between_special_tokens=request.spaces_between_special_tokens,
        arrival_time=arrival_time,
        max_tokens=prompts.params[0].max_tokens,
        mailbox_limit=MAILBOX_LIMIT,
        watermark=watermark_of(frontend.config, prompts.params[0], beams=bool(request.use_beam_search)),
        parsers=parsing.plan,
        details=details_of(
            frontend.config,
            frontend.model,
            request,
            prompts.token_ids,
            prompts.texts,
            prompts.params[0],
            role,
            echo_texts=[speaker.echo_text for speaker in speakers] if speakers else None,
            hides_tokens=parsing.plan is not None and not getattr(request, "include_reasoning", True),
        ),
    )


def _feeder(
    model: Model, request: ChatCompletionRequest | CompletionRequest, prompts: Prompts, parsing: Parsing
) -> Callable[[Any], None] | None:
    """Return what does the part of the pipeline that is Python's, None where all of it is native."""
    # Without the native detokenizer, parsers find all markup in the text: special tokens have to be in it.
    skip_special_tokens = request.skip_special_tokens and parsing.plan is None
    decoder = foreign_decoder(model, request, prompts, skip_special_tokens)
    return decoder if parsing.outside is None else PythonParsers(parsing.outside, decoder)


def foreign_decoder(
    model: Model, request: ChatCompletionRequest | CompletionRequest, prompts: Prompts, skip_special_tokens: bool
) -> ForeignDecoder | None:
    """Return what makes the text where the native core cannot, None where it can."""
    if model.vocab is not None:
        return None
    return ForeignDecoder(
        prompts.known_ids,
        request.n or 1,
        lambda token_ids: model.tokenizer.decode_stream(
            token_ids,
            skip_special_tokens=skip_special_tokens,
            spaces_between_special_tokens=request.spaces_between_special_tokens,
        ),
    )
