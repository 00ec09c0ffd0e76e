# SPDX-License-Identifier: Apache-2.0
"""What /derender answers: generated token ids as chat completions and completions, whole and chunk by chunk.

Source: vllm/renderers/online_derenderer.py and vllm/entrypoints/scale_out/derender/serving.py (0.32). Synchronous and
thread-safe, like render.py. Knows no parsers: routes/parsed_derender.py, for models that have some, uses its parts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from fastfront.errors import BadRequestError
from fastfront.prompt.derender_bounds import check_bounds
from fastfront.prompt.derender_logprobs import CONTEXT, chat_logprobs, completion_logprobs
from fastfront.prompt.incremental_text import IncrementalText, Window
from fastfront.prompt.model import Model
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.protocol.completions import CompletionRequest
from fastfront.protocol.derender import (
    DerenderChatRequest,
    DerenderChatStreamRequest,
    DerenderCompletionRequest,
    DerenderCompletionStreamRequest,
    DerenderStreamState,
    Generated,
    GeneratedChunk,
    GeneratedChunkChoice,
)

Answer = dict[str, Any]


def derender_chat(model: Model, request: DerenderChatRequest | DerenderChatStreamRequest) -> Answer:
    """Return a chat completion, or a chunk of one with the state for the next. Raises the error to answer."""
    if isinstance(request, DerenderChatStreamRequest):
        return _chat_chunk(model, request)
    generated = request.generate_response
    check_bounds(model, [generated], [request.prompt_token_ids])
    texts = _texts(model, request.chat_request, request.prompt_token_ids, generated, "")
    shows_ids = request.chat_request is not None and bool(request.chat_request.return_token_ids)
    choices = [
        {
            "index": choice.index,
            "message": {
                "role": "assistant",
                "content": text,
                **dict.fromkeys(("refusal", "annotations", "audio", "function_call", "reasoning")),
            },
            "logprobs": chat_logprobs(model, choice.logprobs, ()),
            "finish_reason": choice.finish_reason,
            "stop_reason": choice.stop_reason,
            "token_ids": choice.token_ids if shows_ids else None,
            "routed_experts": None,
        }
        for choice, text in zip(generated.choices, texts, strict=True)
    ]
    return whole_chat(model, request, choices)


def whole_chat(model: Model, request: DerenderChatRequest, choices: list[Answer]) -> Answer:
    """Return the chat completion around its choices."""
    generated = request.generate_response
    return {
        "id": generated.request_id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model or model.name,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": None,
        "usage": _usage(request.prompt_tokens or 0, _count(generated)),
        "prompt_logprobs": generated.prompt_logprobs,
        "prompt_token_ids": None,
        "prompt_text": None,
        "kv_transfer_params": generated.kv_transfer_params,
        "ec_transfer_params": None,
        "metrics": generated.metrics,
    }


def derender_completion(model: Model, request: DerenderCompletionRequest | DerenderCompletionStreamRequest) -> Answer:
    """Return a completion, or a chunk of one with the state for the next. Raises the error to answer."""
    if isinstance(request, DerenderCompletionStreamRequest):
        return _completion_chunk(model, request)
    responses = request.generate_responses
    if not responses:
        raise BadRequestError("generate_responses must not be empty")
    prompts = request.prompt_token_ids or [None] * len(responses)
    check_bounds(model, responses, prompts)
    choices: list[Answer] = []
    for generated, prompt in zip(responses, prompts, strict=True):
        where = f" in response {generated.request_id}"
        texts = _texts(model, request.completion_request, prompt, generated, where)
        for choice, text in zip(generated.choices, texts, strict=True):
            choices.append(
                {
                    "index": len(choices),
                    "text": text,
                    "logprobs": completion_logprobs(chat_logprobs(model, choice.logprobs, ()), 0),
                    "finish_reason": choice.finish_reason,
                    "stop_reason": choice.stop_reason,
                    **dict.fromkeys(("token_ids", "prompt_logprobs", "prompt_token_ids", "routed_experts")),
                }
            )
    first = responses[0]
    same_params = all(each.kv_transfer_params == first.kv_transfer_params for each in responses)
    return {
        "id": first.request_id,
        "object": "text_completion",
        "created": int(time.time()),
        "model": request.model or model.name,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": None,
        "usage": _usage(sum(request.prompt_tokens or ()), sum(map(_count, responses))),
        "kv_transfer_params": first.kv_transfer_params if same_params else None,
        "ec_transfer_params": None,
        "metrics": first.metrics if len(responses) == 1 else None,
    }


def _chat_chunk(model: Model, request: DerenderChatStreamRequest) -> Answer:
    chunk, state = request.generate_chunk, request.stream_state
    check_chat_chunk(model, request)
    decoder, before = _decoder(model, request.chat_request, request.prompt_token_ids, chunk, state)
    shows_ids = request.chat_request is not None and bool(request.chat_request.return_token_ids)
    after, choices = before, []
    for choice in chunk.choices:
        text, after = _advance(decoder, before, choice)
        choices.append(
            {
                "index": choice.index,
                "delta": {
                    "role": None if before.role_sent else "assistant",
                    "content": text or None,
                    "reasoning": None,
                },
                "logprobs": chat_logprobs(model, choice.logprobs, before.logprob_context_token_ids),
                "finish_reason": choice.finish_reason,
                "stop_reason": choice.stop_reason,
                "token_ids": choice.token_ids if shows_ids else None,
            }
        )
        after = msgspec.structs.replace(after, role_sent=True)
    return chat_chunk(model, request, choices, after)


def check_chat_chunk(model: Model, request: DerenderChatStreamRequest) -> None:
    """Refuse a chunk that no stream of one choice of this model's can have."""
    chunk, state = request.generate_chunk, request.stream_state
    _check_chunk(chunk, "derender_chat_stream")
    lengths = (
        len(request.prompt_token_ids or ()),
        len(state.output_token_ids) if state is not None else 0,
        sum(len(choice.token_ids or ()) for choice in chunk.choices),
    )
    if sum(lengths) > model.max_model_len:
        raise BadRequestError(
            f"prompt_token_ids length ({lengths[0]}) plus output_token_ids length ({lengths[1]}) plus delta "
            f"({lengths[2]}) exceeds max_model_len ({model.max_model_len})."
        )


def chat_chunk(
    model: Model, request: DerenderChatStreamRequest, choices: list[Answer], after: DerenderStreamState
) -> Answer:
    """Return the chunk around its choices, and the state behind it."""
    chunk = request.generate_chunk
    made = {
        **_chunk_head(model, request.model, chunk, "chat.completion.chunk", choices, request.prompt_tokens),
        "system_fingerprint": None,
        "prompt_token_ids": None,
        "prompt_text": None,
        "metrics": chunk.metrics,
    }
    return {"chunk": made, "stream_state": msgspec.to_builtins(after)}


def _completion_chunk(model: Model, request: DerenderCompletionStreamRequest) -> Answer:
    chunk = request.generate_chunk
    check_bounds(model, [], [request.prompt_token_ids])
    _check_chunk(chunk, "derender_completion_stream")
    decoder, before = _decoder(model, request.completion_request, request.prompt_token_ids, chunk, request.stream_state)
    after, choices = before, []
    for choice in chunk.choices:
        text, after = _advance(decoder, before, choice)
        logprobs = chat_logprobs(model, choice.logprobs, before.logprob_context_token_ids)
        choices.append(
            {
                "index": choice.index,
                "text": text,
                "logprobs": completion_logprobs(logprobs, before.logprob_text_offset),
                "finish_reason": choice.finish_reason,
                "stop_reason": choice.stop_reason,
                "prompt_token_ids": None,
                "token_ids": None,
            }
        )
        after = msgspec.structs.replace(after, logprob_text_offset=before.logprob_text_offset + len(text))
    made = {
        **_chunk_head(model, request.model, chunk, "text_completion", choices, request.prompt_tokens),
        "system_fingerprint": None,
        "metrics": chunk.metrics,
    }
    return {"chunk": made, "stream_state": msgspec.to_builtins(after)}


def _chunk_head(
    model: Model, name: str | None, chunk: GeneratedChunk, kind: str, choices: list[Answer], prompt_tokens: int | None
) -> Answer:
    usage = None
    if chunk.usage is not None:
        prompt = chunk.usage.prompt_tokens if prompt_tokens is None else prompt_tokens
        usage = _usage(prompt, chunk.usage.completion_tokens or 0)
    return {
        "id": chunk.request_id,
        "object": kind,
        "created": int(time.time()),
        "model": name or model.name,
        "choices": choices,
        "usage": usage,
    }


# -- Text


def _skips_special(request: ChatCompletionRequest | CompletionRequest | None) -> bool:
    return request.skip_special_tokens if request is not None else True


def _texts(
    model: Model,
    request: ChatCompletionRequest | CompletionRequest | None,
    prompt: Sequence[int] | None,
    generated: Generated,
    where: str,
) -> list[str]:
    """Return the text of each choice; all continue the same prompt. `where` is told of a choice without tokens."""
    decoder = IncrementalText(model.tokenizer, skip_special_tokens=_skips_special(request))
    behind = decoder.behind((prompt if prompt is not None else generated.prompt_token_ids) or ())
    texts: list[str] = []
    for choice in generated.choices:
        if not choice.token_ids:
            raise BadRequestError(f"choice {choice.index}{where} has empty or null token_ids")
        texts.append(decoder.push(behind, choice.token_ids)[0])
    return texts


def _decoder(
    model: Model,
    request: ChatCompletionRequest | CompletionRequest | None,
    prompt: Sequence[int] | None,
    chunk: GeneratedChunk,
    state: DerenderStreamState | None,
) -> tuple[IncrementalText, DerenderStreamState]:
    """Return what decodes a chunk, and the state before it: the carried one, or that behind the prompt."""
    decoder = IncrementalText(model.tokenizer, skip_special_tokens=_skips_special(request))
    if state is not None:
        return decoder, state
    window = decoder.behind((prompt if prompt is not None else chunk.prompt_token_ids) or ())
    return decoder, _with_window(DerenderStreamState(), window)


def _with_window(state: DerenderStreamState, window: Window) -> DerenderStreamState:
    return msgspec.structs.replace(
        state,
        prev_tokens=list(window.tokens),
        prefix_offset=window.prefix_offset,
        read_offset=window.read_offset,
    )


def _advance(
    decoder: IncrementalText, state: DerenderStreamState, choice: GeneratedChunkChoice
) -> tuple[str, DerenderStreamState]:
    window = Window(tuple(state.prev_tokens), state.prefix_offset, state.read_offset)
    token_ids = choice.token_ids or []
    text, window = decoder.push(window, token_ids)
    context = [*state.logprob_context_token_ids, *token_ids][-CONTEXT:]
    return text, msgspec.structs.replace(_with_window(state, window), logprob_context_token_ids=context)


# -- Counts


def _count(generated: Generated) -> int:
    return sum(len(choice.token_ids or ()) for choice in generated.choices)


def _usage(prompt_tokens: int, completion_tokens: int) -> Answer:
    return {
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "completion_tokens": completion_tokens,
        "prompt_tokens_details": None,
        "completion_tokens_details": None,
    }


def _check_chunk(chunk: GeneratedChunk, name: str) -> None:
    if len(chunk.choices) > 1:
        got = f" (got {len(chunk.choices)})." if name == "derender_chat_stream" else ""
        raise BadRequestError(f"{name} expects at most one choice per chunk{got}")
