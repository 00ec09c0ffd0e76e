# SPDX-License-Identifier: Apache-2.0
"""POST /inference/v1/generate: token ids in, token ids out, for servers that leave text to others.

Source: vllm/entrypoints/scale_out/token_in_token_out/serving.py (0.32).
"""

from __future__ import annotations

import time

from fastfront._native.details import AnswerDetails
from fastfront._native.pump import KIND_COMPLETION, KIND_COMPLETION_STREAM, Response
from fastfront.engine.types import SamplingParams
from fastfront.errors import BadRequestError, validation_error
from fastfront.frontend import MAILBOX_LIMIT, Frontend
from fastfront.output import Receive, Scope, Send, direct_of
from fastfront.output.parsers import Parsing
from fastfront.output.rewritten import RewrittenStream
from fastfront.output.token_chunks import TokenChunks
from fastfront.protocol.completions import CompletionRequest
from fastfront.protocol.features import refuse_media
from fastfront.protocol.generate import GenerateRequest, completion_of, decode_generate_request
from fastfront.routes.completions import prepare
from fastfront.routes.constraints import settle_constraints
from fastfront.routes.details import watermark_of
from fastfront.routes.generate import Prompts, Shape, admit, choose_id, engine_requests, foreign_decoder, read_headers
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, read_body

ID_PREFIX = "generate-tokens-"
SHAPE = Shape(KIND_COMPLETION_STREAM, KIND_COMPLETION, ID_PREFIX, numbers_prompts=False)


async def generate_tokens(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Continue a prompt of token ids."""
    check_json_content_type(scope)
    frontend.check_open()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    arrival_time = time.time()
    headers = read_headers(scope)
    frontend.begin_request()
    stream = RewrittenStream(receive, send, frontend.engine.abort, direct=direct_of(scope), pump=frontend.engine.pump)
    try:
        request = await frontend.decode(stream, body, decode_generate_request)
        admit(frontend, request.model, request.sampling_params.n)
        lora = frontend.loras.find(request.model)
        _check_server(frontend, request)
        completion = completion_of(request)
        prompts = await frontend.prepare(stream, len(body), prepare, frontend.model, completion)
        del body
        _ask_for_logprobs(request, prompts.params[0])
        await settle_constraints(frontend.structured, completion, prompts.params)
        response_id = ID_PREFIX + choose_id(headers.request_id or request.request_id)
        parsing = _parsing(request)
        requests = engine_requests(completion, prompts, headers, response_id, arrival_time, SHAPE, parsing, lora)
        response = _response(frontend, request, completion, prompts, response_id, arrival_time)
        model_name = frontend.model.name if lora is None else lora.lora_name
        chunks = _chunks(frontend, model_name, request, completion, prompts, response_id, arrival_time)
        frontend.submit(stream, response, requests, chunks)
        return await (stream.send_events() if request.stream else stream.send_json())
    finally:
        stream.close()
        frontend.end_request()


def _check_server(frontend: Frontend, request: GenerateRequest) -> None:
    """Refuse what this server, or any, does not do."""
    n, most = request.sampling_params.n, frontend.engine.ready.max_num_seqs
    if most and n > most:
        raise BadRequestError(f"sampling_params.n must be at most the server's max_num_seqs ({most}), got {n}.")
    if request.sampling_params.prompt_logprob_token_ids is not None:
        if request.stream:
            raise BadRequestError("prompt_logprob_token_ids are not available when stream=true.")
        # vLLM's words of the model runner that it uses by itself.
        raise validation_error(
            "prompt_logprob_token_ids requires the V2 model runner (VLLM_USE_V2_MODEL_RUNNER=1).",
            parameter="prompt_logprob_token_ids",
        )
    refuse_media(request.features, request.content_parts, frontend.model.name)
    if not frontend.config.tokens_only:
        return
    if request.sampling_params.stop:
        raise BadRequestError(
            "stop strings are not supported on a --tokens-only server because detokenization is disabled. Check stop "
            "strings on the coordinator, or use stop_token_ids."
        )
    if request.output_mode != "tokens":
        raise BadRequestError(
            f"output_mode={request.output_mode!r} requires a tokenizer, but this server does not load one "
            "(--tokens-only or --skip-tokenizer-init). Send the request to a server that loads a tokenizer, or use "
            "output_mode='tokens'."
        )


def _ask_for_logprobs(request: GenerateRequest, params: SamplingParams) -> None:
    """Ask the engine for both numbers and ids of logprobs, where a completion asks for either."""
    asked, token_ids = request.sampling_params.logprobs, request.sampling_params.logprob_token_ids
    if asked is not None and token_ids is not None and asked != len(token_ids):
        raise validation_error(
            "When both logprobs and logprob_token_ids are set, logprobs must equal len(logprob_token_ids). Got "
            f"logprobs={asked}, len(logprob_token_ids)={len(token_ids)}.",
            parameter="logprob_token_ids",
            value=len(token_ids),
        )
    params.logprobs = asked


def _parsing(request: GenerateRequest) -> Parsing:
    """Return what /render found out about reasoning, for the engine's own parser."""
    kwargs = request.reasoning_parser_kwargs
    if kwargs is not None:
        kwargs = {"chat_template_kwargs": kwargs.get("chat_template_kwargs", {})}
    return Parsing(None, request.reasoning_ended, kwargs)


def _response(
    frontend: Frontend,
    request: GenerateRequest,
    completion: CompletionRequest,
    prompts: Prompts,
    response_id: str,
    arrival_time: float,
) -> Response:
    """Return the native response that counts, decodes, matches stop strings and ends; nobody gets its bytes."""
    stop = completion.stop
    streams = bool(request.stream)
    return Response(
        KIND_COMPLETION_STREAM if streams else KIND_COMPLETION,
        id=response_id,
        model="",
        created=int(arrival_time),
        vocab=frontend.model.vocab,
        token_names=frontend.model.token_names,
        prompt_token_ids=prompts.token_ids,
        n=completion.n,
        include_usage=True,
        continuous_usage=True,
        stop=(stop,) if isinstance(stop, str) else stop or (),
        include_stop_str_in_output=completion.include_stop_str_in_output,
        min_tokens=completion.min_tokens,
        skip_special_tokens=completion.skip_special_tokens,
        spaces_between_special_tokens=completion.spaces_between_special_tokens,
        arrival_time=arrival_time,
        max_tokens=prompts.params[0].max_tokens,
        mailbox_limit=MAILBOX_LIMIT,
        details=_details(frontend, request, prompts.params[0]),
        watermark=watermark_of(frontend.config, prompts.params[0]),
    )


def _details(frontend: Frontend, request: GenerateRequest, params: SamplingParams) -> AnswerDetails:
    config, streams = frontend.config, bool(request.stream)
    asked = request.sampling_params.logprobs
    interval = max(params.stream_interval or 1, config.stream_interval) if streams else 1
    return AnswerDetails(
        ranks=True,
        logprobs=asked is not None,
        num_shown=-1 if asked == -1 else max(asked or 0, 1),
        num_kept=0 if asked is None else asked,
        as_token_ids=_calls_tokens_by_id(frontend, request),
        prompt_logprobs=params.prompt_logprobs is not None and not streams,
        num_prompt_kept=-1 if params.prompt_logprobs is None else params.prompt_logprobs,
        token_ids=True,
        stream_interval=interval,
        cached_tokens=config.enable_prompt_tokens_details,
    )


def _calls_tokens_by_id(frontend: Frontend, request: GenerateRequest) -> bool:
    return request.output_mode != "text" or frontend.config.return_tokens_as_token_ids


def _chunks(
    frontend: Frontend,
    model_name: str,
    request: GenerateRequest,
    completion: CompletionRequest,
    prompts: Prompts,
    response_id: str,
    arrival_time: float,
) -> TokenChunks:
    options = request.stream_options
    include_usage = bool(options and options.include_usage)
    (prompt,) = prompts.token_ids
    return TokenChunks(
        response_id,
        model=model_name,
        created=int(arrival_time),
        n=completion.n,
        prompt_token_ids=prompt,
        return_token_ids=bool(request.return_token_ids),
        mm_placeholders=None if request.features is None else request.features["mm_placeholders"],
        text_mode=request.output_mode == "text",
        as_token_ids=_calls_tokens_by_id(frontend, request),
        names_prompt=request.sampling_params.detokenize and not frontend.config.tokens_only,
        streams=bool(request.stream),
        include_usage=include_usage,
        continuous_usage=include_usage and bool(options and options.continuous_usage_stats),
        weight_version=frontend.weight_version,
        decode=foreign_decoder(frontend.model, completion, prompts, completion.skip_special_tokens),
    )


ROUTES: Routes = {"/inference/v1/generate": {"POST": generate_tokens}}
