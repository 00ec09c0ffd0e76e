# SPDX-License-Identifier: Apache-2.0
"""The bytes of the engine's messages, laid out as vLLM's encoder lays them out: 18 positions an output, 9 a message.

An output in the middle of an answer is its request's head, its tokens and a constant: written by joining bytes, because
that is what a busy engine does most. Everything else goes through msgspec. Knows no sockets and no scheduling.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fastfront.engine.types import EngineCoreEvent, EngineCoreReadyResponse, PrefillStats, UtilityOutput, encode
from fastfront.sim.logprobs import number_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastfront.engine.types import FinishReason, SchedulerStats
    from fastfront.sim.loaded_model import LoadedModel
    from fastfront.sim.logprobs import Parts
    from fastfront.sim.options import Options

VLLM_VERSION = "0.32.0"
"""The release whose engine core is imitated."""
WEIGHT_VERSION = "default"
BLOCK_SIZE = 16
NUM_BLOCKS = 65_536

_NIL = b"\xc0"
_QUEUED, _SCHEDULED = 1, 2


def array_header(length: int) -> bytes:
    """Return the msgpack header of an array."""
    if length < 16:
        return bytes((0x90 | length,))
    if length < 65_536:
        return b"\xdc" + length.to_bytes(2, "big")
    return b"\xdd" + length.to_bytes(4, "big")


def output_head(request_id: str) -> bytes:
    """Return the beginning of every output of a request: the array of 18 and position 0."""
    return array_header(18) + encode(request_id)


def output_tail(
    *,
    logprobs: bool = False,
    finish_reason: FinishReason | None = None,
    stop_reason: int | str | None = None,
    events: list[EngineCoreEvent] | None = None,
    trace_headers: dict[str, str] | None = None,
    prefill_stats: PrefillStats | None = None,
    spec_decode: dict[str, Any] | None = None,
) -> bytes:
    """Return positions 2 to 17 of an output, which follow its tokens; from 4 on if `logprobs` come before them."""
    return b"".join(
        (
            _NIL * (1 if logprobs else 3),  # new_logprobs, new_prompt_logprobs_tensors, pooling_output
            encode(finish_reason),
            encode(stop_reason),
            encode(events),
            _NIL * 2,  # kv_transfer_params, ec_transfer_params
            encode(trace_headers),
            encode(prefill_stats),
            _NIL,  # routed_experts
            b"\x00",  # num_nans_in_logits
            _NIL * 2,  # mm_cache_miss_hashes, new_sampling_mask
            encode(spec_decode),  # spec_decode_metrics
            _NIL,  # prompt_token_id_logprobs
        )
    )


def first_events(queued: float, scheduled: float) -> list[EngineCoreEvent]:
    """Return the events that the first output of a request carries."""
    return [EngineCoreEvent(_QUEUED, queued), EngineCoreEvent(_SCHEDULED, scheduled)]


def prefill_stats(num_prompt_tokens: int, num_cached_tokens: int) -> PrefillStats:
    """Return what the first output says of the prefill."""
    return PrefillStats(
        num_prompt_tokens=num_prompt_tokens,
        num_computed_tokens=num_prompt_tokens - num_cached_tokens,
        num_cached_tokens=num_cached_tokens,
        num_local_cached_tokens=num_cached_tokens,
        num_cache_creation_tokens=num_prompt_tokens // BLOCK_SIZE * BLOCK_SIZE - num_cached_tokens,
    )


def step_message(
    engine_index: int,
    outputs: Sequence[bytes | Parts],
    stats: SchedulerStats | None = None,
    finished_requests: Iterable[str] | None = None,
    weight_version: str | None = WEIGHT_VERSION,
) -> list[bytes]:
    """Return the message of a step to one frontend: its frames."""
    frames: list[bytes] = []
    first = b"".join(
        (
            array_header(9) + encode(engine_index) + array_header(len(outputs)),
            *number_frames(outputs, frames),
            encode(stats),
            encode(time.monotonic()),
            _NIL,  # utility_output
            encode(None if finished_requests is None else list(finished_requests)),
            _NIL * 2,  # wave_complete, start_wave
            encode(weight_version),
        )
    )
    return [first, *frames]


def finish_message(engine_index: int, request_ids: Sequence[str], reason: FinishReason) -> list[bytes]:
    """Return the message that ends requests outside of a step (aborted or in error), as vLLM sends it."""
    tail = encode([]) + output_tail(finish_reason=reason)
    outputs = [output_head(request_id) + tail for request_id in request_ids]
    return step_message(engine_index, outputs, finished_requests=request_ids, weight_version=None)


def utility_message(engine_index: int, call_id: int, result: object, failure: str | None = None) -> list[bytes]:
    """Return the answer to a utility call. A result travels as [type info, value], vLLM's UtilityResult."""
    output = UtilityOutput(call_id, failure, None if failure is not None else (None, result))
    message = b"".join(
        (
            array_header(9) + encode(engine_index) + array_header(0) + _NIL,
            encode(time.monotonic()),
            encode(output),
            _NIL * 4,
        )
    )
    return [message]


def ready_message(options: Options, model: LoadedModel, instance_id: str) -> bytes:
    """Return the first message to every frontend."""
    return encode(
        EngineCoreReadyResponse(
            max_model_len=model.max_model_len,
            num_gpu_blocks=NUM_BLOCKS,
            block_size=BLOCK_SIZE,
            dtype=model.dtype,
            vllm_version=VLLM_VERSION,
            world_size=1,
            data_parallel_size=1,  # what ranks of a dense model say: each stands alone (vllm/v1/engine/core.py)
            data_parallel_rank=options.rank,
            max_num_seqs=options.max_num_seqs,
            max_num_batched_tokens=8192,
            instance_id=instance_id,
            supports_lora=options.max_loras > 0,
            max_loras=options.max_loras,
            kv_cache_size_tokens=NUM_BLOCKS * BLOCK_SIZE,
            kv_cache_max_concurrency=NUM_BLOCKS * BLOCK_SIZE / model.max_model_len,
            enable_sleep_mode=True,
            effective_attention_block_size=BLOCK_SIZE,
        )
    )
