# SPDX-License-Identifier: Apache-2.0
"""What travels between frontend and engine core, as vLLM 0.32 defines it; checked against golden bytes in tests/wire.

Each type names the upstream file it mirrors. The order of fields in an `array_like` type is the wire format itself:
never reorder, add at the end. Maps are read leniently (unknown keys ignored, missing keys defaulted), because
releases add members. Must not import ZeroMQ or anything of the frontend: `sim` shares these types.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

ENGINE_CORE_DEAD = b"ENGINE_CORE_DEAD"
"""The whole message (one frame, no msgpack) of an engine that is about to end. vllm/v1/engine/core.py EngineCoreProc"""


class RequestType:
    """First frame after the identity of a message to the engine. vllm/v1/engine/__init__.py EngineCoreRequestType"""

    ADD = b"\x00"
    ABORT = b"\x01"
    START_DP_WAVE = b"\x02"
    UTILITY = b"\x03"


class FinishReason(enum.IntEnum):
    """Why a request ended. vllm/v1/engine/__init__.py FinishReason"""

    STOP = 0
    LENGTH = 1
    ABORT = 2
    ERROR = 3
    REPETITION = 4


class RequestOutputKind(enum.IntEnum):
    """What vLLM's own frontend makes of outputs; the engine ignores it. vllm/sampling_params.py RequestOutputKind"""

    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


class StructuredOutputsParams(msgspec.Struct, kw_only=True):
    """A constraint on the output. vllm/sampling_params.py StructuredOutputsParams

    One of the first five or `structural_tag` is set; all members are sent. The engine needs a `backend`.
    """

    json: str | dict[str, Any] | None = None
    regex: str | None = None
    choice: list[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None
    disable_any_whitespace: bool = False
    disable_additional_properties: bool = False
    whitespace_pattern: str | None = None
    structural_tag: str | None = None
    backend: str | None = msgspec.field(default=None, name="_backend")
    backend_was_auto: bool = msgspec.field(default=False, name="_backend_was_auto")


class RepetitionDetectionParams(msgspec.Struct, omit_defaults=True, kw_only=True):
    """When repeated n-grams end a request. vllm/sampling_params.py RepetitionDetectionParams"""

    max_pattern_size: int = 0
    min_pattern_size: int = 0
    min_count: int = 0


class SamplingParams(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How to sample one sequence; a map on the wire. vllm/sampling_params.py SamplingParams

    The engine runs vLLM's own `__post_init__` on what it decodes, so that a missing key is vLLM's default (a missing
    `max_tokens` is 16; None has to be sent). Not derived there and therefore the frontend's to fill in: `eos_token_id`,
    `all_stop_token_ids`, `bad_words_token_ids`, and `stop_token_ids` with the further end tokens of generation_config.
    Members that only vLLM's own frontend reads (stop, bad_words, detokenize, skip_special_tokens, ...) are not sent.
    """

    n: int = 1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    watermarking: bool | None = None
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    max_tokens: int | None = 16
    min_tokens: int = 0
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    prompt_logprob_token_ids: list[list[int]] | None = None
    prompt_logprob_start: int | None = None
    logprob_token_ids: list[int] | None = None
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE
    stream_interval: int | None = None
    eos_token_id: int | None = msgspec.field(default=None, name="_eos_token_id")
    all_stop_token_ids: set[int] = msgspec.field(default_factory=set, name="_all_stop_token_ids")
    structured_outputs: StructuredOutputsParams | None = None
    logit_bias: dict[int, float] | None = None
    allowed_token_ids: list[int] | None = None
    extra_args: dict[str, Any] | None = None
    bad_words_token_ids: list[list[int]] | None = msgspec.field(default=None, name="_bad_words_token_ids")
    skip_reading_prefix_cache: bool | None = None
    thinking_token_budget: int | None = None
    repetition_detection: RepetitionDetectionParams | None = None
    routed_experts_prompt_start: int = 0


class LoRARequest(msgspec.Struct, array_like=True, omit_defaults=True):
    """The adapter a request runs with. vllm/lora/request.py LoRARequest"""

    lora_name: str
    lora_int_id: int
    lora_path: str = ""
    base_model_name: str | None = None
    load_inplace: bool = False
    is_3d_lora_weight: bool = False


class Tensor:
    """A tensor of a request, row by row, little-endian. vllm/v1/serial_utils.py MsgpackEncoder._encode_tensor"""

    __slots__ = ("data", "dtype", "shape")

    def __init__(self, dtype: str, shape: tuple[int, ...], data: bytes) -> None:
        """`dtype` is PyTorch's name without "torch."."""
        self.dtype = dtype
        self.shape = shape
        self.data = data

    @property
    def is_inline(self) -> bool:
        """Whether the elements are within the message, or in a frame of their own behind it."""
        return len(self.data) < ZERO_COPY_THRESHOLD


class EngineCoreRequest(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One sequence to generate. vllm/v1/engine/__init__.py EngineCoreRequest

    `EngineClient.submit` fills in `request_id`, `client_index` and `current_wave`. `arrival_time` is time.time().
    """

    request_id: str
    prompt_token_ids: list[int] | None
    mm_features: list[Any] | None
    sampling_params: SamplingParams | None
    pooling_params: dict[str, Any] | None
    arrival_time: float
    lora_request: LoRARequest | None
    cache_salt: str | None
    data_parallel_rank: int | None
    prompt_embeds: Any = None  # a Tensor; what it was encoded as, where it has been read
    prompt_is_token_ids: list[bool] | None = None
    client_index: int = 0
    current_wave: int = 0
    priority: int = 0
    trace_headers: dict[str, str] | None = None
    resumable: bool = False
    external_req_id: str | None = None
    reasoning_ended: bool | None = None
    reasoning_parser_kwargs: dict[str, Any] | None = None
    abort_immediately: bool = False
    session_id: str | None = None
    kv_hints: Any = None


class PrefillStats(msgspec.Struct):
    """What the prefill of a request cost; on its first output. vllm/v1/metrics/stats.py PrefillStats"""

    num_prompt_tokens: int = 0
    num_computed_tokens: int = 0
    num_cached_tokens: int = 0
    num_local_cached_tokens: int = 0
    num_external_cached_tokens: int = 0
    num_cache_creation_tokens: int = 0


class PrefixCacheStats(msgspec.Struct):
    """Prefix cache queries and hits since the last message. vllm/v1/metrics/stats.py PrefixCacheStats"""

    reset: bool = False
    requests: int = 0
    queries: int = 0
    hits: int = 0
    preempted_requests: int = 0
    preempted_queries: int = 0
    preempted_hits: int = 0
    hits_by_source: dict[str, int] = {}


class SchedulerStats(msgspec.Struct):
    """The scheduler's state after a step. vllm/v1/metrics/stats.py SchedulerStats"""

    num_running_reqs: int = 0
    num_waiting_reqs: int = 0
    num_skipped_waiting_reqs: int = 0
    num_kv_fetch_reqs_by_stage: dict[str, int] = {}
    step_counter: int = 0
    current_wave: int = 0
    kv_cache_usage: float = 0.0
    iteration_details: Any = None
    prefix_cache_stats: PrefixCacheStats = msgspec.field(default_factory=PrefixCacheStats)
    connector_prefix_cache_stats: PrefixCacheStats | None = None
    kv_cache_eviction_events: list[Any] = []
    spec_decoding_stats: Any = None
    kv_connector_stats: dict[str, Any] | None = None
    ec_connector_stats: dict[str, Any] | None = None
    waiting_lora_adapters: dict[str, int] = {}
    running_lora_adapters: dict[str, int] = {}
    cudagraph_stats: Any = None
    perf_stats: Any = None


class EngineCoreEvent(msgspec.Struct):
    """A timestamped step of a request; type 1 queued, 2 scheduled, 3 preempted. vllm/v1/engine/__init__.py"""

    type: int
    timestamp: float


class EngineCoreOutput(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """What a step added to one request. vllm/v1/engine/__init__.py EngineCoreOutput"""

    request_id: str
    new_token_ids: list[int]
    new_logprobs: Any = None
    new_prompt_logprobs_tensors: Any = None
    pooling_output: Any = None
    finish_reason: FinishReason | None = None
    stop_reason: int | str | None = None
    events: list[EngineCoreEvent] | None = None
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None
    trace_headers: dict[str, str] | None = None
    prefill_stats: PrefillStats | None = None
    routed_experts: Any = None
    num_nans_in_logits: int = 0
    mm_cache_miss_hashes: list[str] | None = None
    new_sampling_mask: Any = None
    spec_decode_metrics: Any = None
    prompt_token_id_logprobs: Any = None


class UtilityOutput(msgspec.Struct, array_like=True):
    """The answer to a UTILITY message. vllm/v1/engine/__init__.py UtilityOutput

    `result` is `[type info, value]` (vllm/v1/serial_utils.py UtilityResult); the type info is nil unless the engine
    runs with VLLM_ALLOW_INSECURE_SERIALIZATION=1.
    """

    call_id: int
    failure_message: str | None = None
    result: Any = None


class EngineCoreOutputs(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One message of an engine: a step, or a utility result. vllm/v1/engine/__init__.py EngineCoreOutputs"""

    engine_index: int = 0
    outputs: list[EngineCoreOutput] = []
    scheduler_stats: SchedulerStats | None = None
    timestamp: float = 0.0
    utility_output: UtilityOutput | None = None
    finished_requests: set[str] | None = None
    wave_complete: int | None = None
    start_wave: int | None = None
    weight_version: str | None = None


class EngineCoreReadyResponse(msgspec.Struct, kw_only=True):
    """First message of an engine on every input socket. vllm/v1/engine/__init__.py EngineCoreReadyResponse"""

    max_model_len: int = 0
    num_gpu_blocks: int = 0
    block_size: int = 0
    dp_stats_address: str | None = None
    dtype: str = ""
    vllm_version: str = ""
    world_size: int = 1
    data_parallel_size: int = 1
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    decode_context_parallel_size: int = 1
    data_parallel_rank: int = 0
    max_num_seqs: int = 0
    max_num_batched_tokens: int = 0
    instance_id: str = ""
    supports_lora: bool = False
    max_loras: int = 0
    mamba_block_size: int | None = None
    kv_cache_size_tokens: int | None = None
    kv_cache_max_concurrency: float | None = None
    kv_events_config: dict[str, Any] | None = None
    weight_transfer_backend: str | None = None
    enable_sleep_mode: bool = False
    supports_draft_weight_updates: bool = False
    effective_attention_block_size: int | None = None


class HandshakeMessage(msgspec.Struct, kw_only=True):
    """What an engine says on the handshake socket: HELLO, later READY. vllm/v1/engine/core.py startup_handshake"""

    status: str
    local: bool = True
    headless: bool = False
    parallel_config_hash: str | None = None


class EngineZmqAddresses(msgspec.Struct, kw_only=True):
    """Where an engine connects to, one input and output per frontend. vllm/v1/engine/utils.py EngineZmqAddresses"""

    inputs: list[str]
    outputs: list[str]
    coordinator_input: str | None = None
    coordinator_output: str | None = None
    frontend_stats_publish_address: str | None = None


class EngineHandshakeMetadata(msgspec.Struct, kw_only=True):
    """The answer to HELLO. vllm/v1/engine/utils.py EngineHandshakeMetadata"""

    addresses: EngineZmqAddresses
    parallel_config: dict[str, int | str | list[int]] = {}


ZERO_COPY_THRESHOLD = 256
"""Bytes of a tensor that has a frame of its own. vllm/envs.py VLLM_MSGPACK_ZERO_COPY_THRESHOLD"""

_RAW_VIEW = 3
"""vllm/v1/serial_utils.py CUSTOM_TYPE_RAW_VIEW"""


def _encode_tensor(value: object) -> tuple[str, tuple[int, ...], msgspec.msgpack.Ext | int]:
    if not isinstance(value, Tensor):
        raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
    # A request has one tensor at most: its frame is the first behind the message.
    return value.dtype, value.shape, msgspec.msgpack.Ext(_RAW_VIEW, value.data) if value.is_inline else 1


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_tensor)
_request_decoder = msgspec.msgpack.Decoder(EngineCoreRequest)


def encode_request(request: EngineCoreRequest) -> bytes:
    """Return the payload of an ADD message. All positions are sent, as by vLLM: only maps omit defaults."""
    return _encoder.encode(request)


def further_frames(request: EngineCoreRequest) -> tuple[bytes, ...]:
    """Return the frames that follow the payload of an ADD message."""
    embeds = request.prompt_embeds
    return (embeds.data,) if isinstance(embeds, Tensor) and not embeds.is_inline else ()


def decode_request(payload: bytes | memoryview) -> EngineCoreRequest:
    """Read the payload of an ADD message: the engine's side, for the embedded engine and tests."""
    return _request_decoder.decode(payload)


def encode(message: object) -> bytes:
    """Return any other message (abort list, utility call, handshake, outputs) as msgpack."""
    return _encoder.encode(message)


def engine_identity(rank: int) -> bytes:
    """Return the ZeroMQ identity of the engine of this data-parallel rank. vllm/v1/engine/core_client.py MPClient"""
    return rank.to_bytes(2, "little")
