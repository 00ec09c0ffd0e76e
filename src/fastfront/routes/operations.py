# SPDX-License-Identifier: Apache-2.0
"""What /openapi.json says of each route: what it takes and what it answers. Data only; the words are the handlers' own.

A route that is served and not described here fails a test.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.protocol.completions import CompletionRequest
from fastfront.protocol.derender import (
    DerenderChatRequest,
    DerenderChatStreamRequest,
    DerenderCompletionRequest,
    DerenderCompletionStreamRequest,
)
from fastfront.protocol.generate import GenerateRequest
from fastfront.protocol.responses import (
    ChatCompletionResponse,
    ChatCompletionStreamResponse,
    CompletionResponse,
    CompletionStreamResponse,
    GenerateResponse,
    GenerateStreamResponse,
    ModelList,
)
from fastfront.protocol.tokenize import (
    DetokenizeRequest,
    DetokenizeResponse,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
    TokenizeResponse,
)
from fastfront.routes import caches, elastic_ep, loras, profile, scale_out, server_info, weights

Struct = type[msgspec.Struct]


class BatchRequest(ChatCompletionRequest, kw_only=True):
    """A chat's fields; `messages` is a list of conversations. Streams, tools and beam search are not for batches."""


class Operation(NamedTuple):
    """One method of one path."""

    tag: str
    body: tuple[Struct, ...] = ()
    """What the JSON body may be: one of these; none: there is no body, or any object."""
    answer: Struct | dict[str, Any] | None = None
    """The JSON of a 200: a Struct, or a JSON schema; None: there is no body."""
    events: Struct | None = None
    """The data of each event where the body asks for a stream."""
    query: Struct | None = None
    checks_type: bool = True
    """The body's content type has to be application/json."""
    optional_body: bool = False
    statuses: tuple[int, ...] = ()
    """Errors besides 400 and those of every route."""
    media_type: str = "application/json"


_CONTENT_PART = {
    "type": "object",
    "properties": {"type": {"enum": ["text"]}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
_MESSAGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "role": {"type": "string", "examples": ["system", "user", "assistant", "tool"]},
            "content": {"anyOf": [{"type": "string"}, {"type": "array", "items": _CONTENT_PART}, {"type": "null"}]},
            "name": {"type": "string"},
            "reasoning": {"type": ["string", "null"]},
            "tool_calls": {"type": "array", "items": {"type": "object"}},
            "tool_call_id": {"type": "string"},
        },
        "required": ["role"],
    },
}
_OBJECT: dict[str, Any] = {"type": "object"}
_TOKEN_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_PROMPT = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        {**_TOKEN_IDS, "minItems": 1},
        {"type": "array", "items": {**_TOKEN_IDS, "minItems": 1}, "minItems": 1},
    ]
}
DESCRIBED_MEMBERS: dict[str, dict[str, Any]] = {
    "ChatCompletionRequest": {"messages": _MESSAGES},
    "BatchRequest": {"messages": {"type": "array", "minItems": 1, "items": {"type": "array", "items": _OBJECT}}},
    "TokenizeChatRequest": {"messages": _MESSAGES},
    "CompletionRequest": {"prompt": _PROMPT},
}
"""By Struct and member, what a Struct's types do not say."""

ONE_OF_MEMBERS = {"CompletionRequest": ("prompt", "prompt_embeds")}
"""By Struct, the members of which one has to be there."""

_STATUS = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
_MESSAGE = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
_GENERATION_ERRORS = (404, 413, 500, 501, 503)
_HEALTH = Operation("Health", statuses=(503,))


def _flag(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "boolean"}}, "required": [name]}


def _generation(body: Struct, answer: Struct, events: Struct) -> Operation:
    return Operation("Generation", (body,), answer, events, statuses=_GENERATION_ERRORS)


_CHAT = _generation(ChatCompletionRequest, ChatCompletionResponse, ChatCompletionStreamResponse)
_COMPLETION = _generation(CompletionRequest, CompletionResponse, CompletionStreamResponse)
_LORA = Operation("LoRA", statuses=(404, 413, 500, 503))
_RENDER = Operation("Scale-out", answer=_OBJECT, statuses=(404, 413, 503))
_UTILITY = Operation("Development", statuses=(500, 503))
_WEIGHTS = Operation("Weights", answer=_MESSAGE, checks_type=False, statuses=(413, 500, 503))
_NOT_SERVED = Operation("Not served", answer=_OBJECT, statuses=(501,))
_ABORT = Operation("Scale-out", (scale_out.AbortRequest,), checks_type=False, statuses=(413, 503))

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/health"): _HEALTH,
    ("GET", "/ping"): _HEALTH,
    ("POST", "/ping"): _HEALTH,
    ("GET", "/load"): Operation(
        "Health", answer={"type": "object", "properties": {"server_load": {"type": "integer"}}}
    ),
    ("GET", "/version"): Operation(
        "Health", answer={"type": "object", "properties": {"version": {"type": "string"}}}, statuses=(503,)
    ),
    ("GET", "/metrics"): Operation("Health", answer={"type": "string"}, media_type="text/plain"),
    ("GET", "/v1/models"): Operation("Models", answer=ModelList, statuses=(503,)),
    ("POST", "/v1/chat/completions"): _CHAT,
    ("POST", "/v1/completions"): _COMPLETION,
    ("POST", "/v1/chat/completions/batch"): _CHAT._replace(body=(BatchRequest,), events=None),
    ("POST", "/v1/chat/completions/render"): _RENDER._replace(body=(ChatCompletionRequest,), answer=GenerateRequest),
    ("POST", "/v1/completions/render"): _RENDER._replace(
        body=(CompletionRequest,), answer={"type": "array", "items": _OBJECT}
    ),
    ("POST", "/v1/chat/completions/derender"): _RENDER._replace(body=(DerenderChatRequest, DerenderChatStreamRequest)),
    ("POST", "/v1/completions/derender"): _RENDER._replace(
        body=(DerenderCompletionRequest, DerenderCompletionStreamRequest)
    ),
    ("POST", "/inference/v1/generate"): _generation(GenerateRequest, GenerateResponse, GenerateStreamResponse),
    ("POST", "/invocations"): Operation(
        "Generation",
        (ChatCompletionRequest, CompletionRequest),
        _OBJECT,
        ChatCompletionStreamResponse,
        statuses=_GENERATION_ERRORS,
    ),
    ("POST", "/v1/load_lora_adapter"): _LORA._replace(body=(loras.LoadLoRAAdapterRequest,)),
    ("POST", "/v1/unload_lora_adapter"): _LORA._replace(body=(loras.UnloadLoRAAdapterRequest,)),
    ("POST", "/tokenize"): Operation(
        "Tokens",
        (TokenizeCompletionRequest, TokenizeChatRequest),
        TokenizeResponse,
        statuses=(404, 413, 503),
    ),
    ("POST", "/detokenize"): Operation("Tokens", (DetokenizeRequest,), DetokenizeResponse, statuses=(404, 413, 503)),
    ("GET", "/tokenizer_info"): Operation("Tokens", answer=_OBJECT, statuses=(503,)),
    ("GET", "/kv_event_sources"): Operation("Models", answer=_OBJECT, statuses=(503,)),
    ("GET", "/server_info"): Operation(
        "Development", answer=_OBJECT, query=server_info.ServerInfoQuery, statuses=(503,)
    ),
    ("POST", "/scale_elastic_ep"): Operation(
        "Elastic expert parallelism", (elastic_ep.ScaleElasticEpRequest,), _MESSAGE, statuses=(413, 501)
    ),
    ("POST", "/is_scaling_elastic_ep"): Operation("Elastic expert parallelism", answer=_flag("is_scaling_elastic_ep")),
    ("POST", "/start_profile"): Operation(
        "Profiling",
        (profile.StartProfileRequest,),
        checks_type=False,
        optional_body=True,
        statuses=(409, 413, 500, 503),
    ),
    ("POST", "/stop_profile"): Operation("Profiling", statuses=(500, 503)),
    ("POST", "/v1/systemone"): _NOT_SERVED,
    ("POST", "/v1/messages/render"): _NOT_SERVED,
    ("POST", "/v1/responses/render"): _NOT_SERVED,
    ("POST", "/inference/v1/abort_requests"): _ABORT,
    ("POST", "/abort_requests"): _ABORT._replace(answer=_STATUS),
    ("POST", "/reset_prefix_cache"): _UTILITY._replace(answer=_flag("success"), query=caches.ResetPrefixCacheQuery),
    ("POST", "/reset_mm_cache"): _UTILITY,
    ("POST", "/reset_encoder_cache"): _UTILITY,
    ("POST", "/collective_rpc"): _UTILITY._replace(
        body=(caches.CollectiveRpcRequest,), answer=_OBJECT, checks_type=False, statuses=(413, 500, 503)
    ),
    ("POST", "/sleep"): _UTILITY._replace(answer=_STATUS, query=caches.SleepQuery),
    ("POST", "/release_kv_cache_memory"): _UTILITY._replace(answer=_STATUS),
    ("POST", "/wake_up"): _UTILITY._replace(answer=_STATUS, query=caches.WakeUpQuery),
    ("GET", "/is_sleeping"): _UTILITY._replace(answer=_flag("is_sleeping")),
    ("POST", "/pause"): _UTILITY._replace(answer=_STATUS, query=weights.PauseQuery),
    ("POST", "/resume"): _UTILITY._replace(answer=_STATUS),
    ("GET", "/is_paused"): _UTILITY._replace(answer=_flag("is_paused")),
    ("POST", "/init_weight_transfer_engine"): _WEIGHTS._replace(body=(weights.InitWeightTransferRequest,)),
    ("POST", "/shutdown_weight_transfer_engine"): _WEIGHTS,
    ("POST", "/start_weight_update"): _WEIGHTS,
    ("POST", "/start_draft_weight_update"): _WEIGHTS,
    ("POST", "/update_weights"): _WEIGHTS._replace(body=(weights.UpdateWeightsRequest,)),
    ("POST", "/finish_weight_update"): _WEIGHTS._replace(body=(weights.FinishWeightUpdateRequest,), optional_body=True),
    ("POST", "/update_weight_version"): _WEIGHTS._replace(
        body=(weights.UpdateWeightVersionRequest,), answer=_flag("success")
    ),
    ("GET", "/weight_info"): _WEIGHTS._replace(answer=_OBJECT),
    ("POST", "/weight_checker"): _WEIGHTS._replace(body=(weights.WeightCheckerRequest,), answer=_OBJECT),
    ("GET", "/get_world_size"): _UTILITY._replace(
        answer={"type": "object", "properties": {"world_size": {"type": "integer"}}}, query=weights.WorldSizeQuery
    ),
}
