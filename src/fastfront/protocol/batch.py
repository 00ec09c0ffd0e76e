# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions/batch: several conversations, sampled alike, one choice for each.

The fields are a chat's, less those that vLLM leaves out of this endpoint: what it ignores is ignored here.
Source: vllm/entrypoints/openai/chat_completion/protocol.py BatchChatCompletionRequest (0.32).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fastfront.errors import validation_error
from fastfront.protocol import lax
from fastfront.protocol.body import load_object
from fastfront.protocol.chat import ChatCompletionRequest, chat_from_object
from fastfront.protocol.issues import Issues
from fastfront.protocol.messages import check_messages

_FIELDS = frozenset(
    """
    model frequency_penalty logit_bias logprobs top_logprobs logprob_token_ids max_tokens max_completion_tokens n
    presence_penalty response_format seed stop temperature top_p user include_reasoning top_k min_p
    repetition_penalty watermarking length_penalty structured_outputs request_id add_generation_prompt
    continue_final_message chat_template chat_template_kwargs media_io_kwargs mm_processor_kwargs priority cache_salt
    include_stop_str_in_output echo return_tokens_as_token_ids return_token_ids
    """.split()  # noqa: SIM905 - forty quoted names would be no easier to read
)
"""What a batch takes of a chat's fields, besides messages."""

_CONVERSATIONS = lax.not_empty(lax.list_of(lax.not_empty(check_messages)))


class BatchChatCompletionRequest(msgspec.Struct):
    """`chats` has one request per conversation, equal but for the messages."""

    chats: list[ChatCompletionRequest]

    @property
    def first(self) -> ChatCompletionRequest:
        """What they have in common."""
        return self.chats[0]


def decode_batch_request(body: bytes) -> BatchChatCompletionRequest:
    """Return the request that the body holds, or raise the error to answer."""
    data = load_object(body)
    _apply_rules(data)
    issues = Issues()
    if "messages" not in data:
        issues.add("missing", ("messages",), "Field required", data)
    conversations = _CONVERSATIONS(data.get("messages"), ("messages",), issues) if not issues.count else None
    if data.get("tool_choice", "none") not in {"none", None}:
        issues.add(
            "literal_error", ("tool_choice",), "Input should be 'none'", data["tool_choice"], {"expected": "'none'"}
        )
    if issues.count or conversations is None:
        raise issues.to_error()
    common = {name: value for name, value in data.items() if name in _FIELDS and value is not None}
    first = chat_from_object({**common, "messages": conversations[0]})
    others = [msgspec.structs.replace(first, messages=messages) for messages in conversations[1:]]
    return BatchChatCompletionRequest([first, *others])


def _apply_rules(data: dict[str, Any]) -> None:
    if data.get("use_beam_search"):
        raise validation_error(
            "Batch chat completions do not support beam search. Please set `use_beam_search` to False.",
            parameter="use_beam_search",
        )
    if data.get("logprob_token_ids") and not data.get("logprobs"):
        raise validation_error(
            "when using `logprob_token_ids`, `logprobs` must be set to true.", parameter="logprob_token_ids"
        )
    params = data.get("kv_transfer_params")
    if isinstance(params, dict) and params.get("prompt_token_ids") is not None:
        raise validation_error(
            "Batch chat completions do not support `kv_transfer_params['prompt_token_ids']`: one pre-tokenized prompt "
            "cannot serve several conversations.",
            parameter="kv_transfer_params.prompt_token_ids",
        )
    n = data.get("n", 1)
    if n is not None and n != 1:
        raise validation_error(
            "Batch chat completions do not support `n > 1`. Please set `n` to 1.", parameter="n", value=n
        )
