# SPDX-License-Identifier: Apache-2.0
"""What a request's answer carries besides its text, from the request's fields and the server's options.

Source: vllm/entrypoints/openai/{chat_completion,completion}/serving.py. How the members look is the native core's
business. Must not know HTTP or the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront._native.details import AnswerDetails
from fastfront._native.pump import WATERMARK_DECLINED, WATERMARK_SKIPPED, WATERMARKED
from fastfront.prompt.conversation import parse_messages
from fastfront.protocol.chat import ChatCompletionRequest

if TYPE_CHECKING:
    from fastfront.config import Config
    from fastfront.engine.types import SamplingParams
    from fastfront.prompt.model import Model
    from fastfront.protocol.completions import CompletionRequest

_NOTHING = AnswerDetails()


def are_plain(config: Config) -> bool:
    """Return whether the server's options leave requests and answers without anything that is not asked for."""
    return not (
        config.enable_prompt_tokens_details
        or config.enable_per_request_metrics
        or config.stream_interval > 1
        or config.sse_keep_alive_interval
        or config.watermark_config is not None
        or config.enable_prompt_embeds  # no text may then contain their placeholder
    )


def watermark_of(config: Config, params: SamplingParams, *, beams: bool = False) -> int:
    """Return what a request is counted as where engines watermark (--watermark-config), 0 where they do not.

    Source: vllm/config/vllm.py `_check_supports_watermarking`.
    """
    if config.watermark_config is None:
        return 0
    if params.watermarking is False and not beams:
        return WATERMARK_DECLINED
    return WATERMARK_SKIPPED if beams or params.temperature == 0 else WATERMARKED


def details_of(
    config: Config,
    model: Model,
    request: ChatCompletionRequest | CompletionRequest,
    token_ids: Sequence[list[int]],
    texts: Sequence[str | None],
    params: SamplingParams,
    role: str,
    *,
    echo_texts: Sequence[str] | None = None,
    hides_tokens: bool = False,
) -> AnswerDetails | None:
    """Return what the answer has to carry, None for text alone.

    `token_ids` and `texts` are the prompts'. `echo_texts`: by prompt what the answers of a batch of chats go on from;
    None: it is none. `hides_tokens`: the answer is parsed and its reasoning not shown, so that nothing may tell of its
    tokens.
    """
    wants_ids = bool(request.return_token_ids)
    echo, echo_text, prompt_text = False, "", None
    if isinstance(request, ChatCompletionRequest):
        wants_logprobs, shown = bool(request.logprobs), request.top_logprobs
        echo_text = last_message(request, role) if request.echo else ""
        prompt_text = texts[0] if request.return_prompt_text else None
    else:
        wants_logprobs, shown = request.logprobs is not None, request.logprobs or 0
        echo = bool(request.echo)
    kept = params.logprobs
    if kept is None:
        kept = len(params.logprob_token_ids or ())
    given = wants_logprobs and request.use_beam_search
    wants_logprobs = wants_logprobs and not given
    prompt_ids = wants_ids or (echo and bool(request.stream))
    details = AnswerDetails(
        logprobs=wants_logprobs and not hides_tokens,
        num_shown=shown if wants_logprobs else 0,
        num_kept=kept if wants_logprobs else -1,
        show_all=wants_logprobs and bool(request.logprob_token_ids),
        as_token_ids=wants_logprobs and names_are_ids(config, request),
        logprobs_given=given,
        prompt_logprobs=params.prompt_logprobs is not None and not request.stream,
        num_prompt_kept=-1 if params.prompt_logprobs is None else params.prompt_logprobs,
        token_ids=wants_ids and not hides_tokens,
        prompt_token_ids=prompt_ids,
        echo=echo,
        echo_only=echo and request.max_tokens == 0,
        echo_text=echo_text,
        prompt_text=prompt_text,
        stream_interval=max(request.stream_interval or 1, config.stream_interval) if request.stream else 1,
        cached_tokens=config.enable_prompt_tokens_details and not request.use_beam_search,
        remote_cached_tokens=_remote_cached_tokens(request.kv_transfer_params),
        metrics=config.enable_per_request_metrics and (request.n or 1) == 1 and len(token_ids) == 1,
        prompts=list(token_ids) if prompt_ids or echo else [],
        prompt_texts=[text or "" for text in texts] if echo else [],
    )
    if echo_texts is not None:
        # A batch tells nothing but its choices.
        whole = {"cached_tokens": False, "prompt_logprobs": False, "prompt_token_ids": False, "metrics": False}
        echoes = list(echo_texts) if any(echo_texts) else []
        details = msgspec.structs.replace(details, **whole, echo_text="", echo_texts=echoes, prompts=[])
    if details == _NOTHING:
        return None
    return details


def names_are_ids(config: Config, request: ChatCompletionRequest | CompletionRequest) -> bool:
    """Return whether logprobs call tokens "token_id:N"."""
    as_ids = request.return_tokens_as_token_ids
    return config.return_tokens_as_token_ids if as_ids is None else as_ids


def last_message(request: ChatCompletionRequest, role: str) -> str:
    """Return the text that the answer goes on from: the last message's, if it is of the one who answers."""
    last = parse_messages(request.messages, "string")[-1]
    return str(last.get("content") or "") if last.get("role") == role else ""


def _remote_cached_tokens(kv_transfer_params: Mapping[str, Any] | None) -> int:
    """Return what the engine that did the prefill had in its cache, -1 if this one does it."""
    if not kv_transfer_params or not kv_transfer_params.get("do_remote_prefill"):
        return -1
    cached = kv_transfer_params.get("remote_prefill_cached_tokens")
    return cached if isinstance(cached, int) and cached >= 0 else -1
