# SPDX-License-Identifier: Apache-2.0
"""Make golden.json with the real vLLM's encoder, and check our requests with its decoder. Run by hand, with a Python
that has vLLM installed, whenever `engine/types.py` or vLLM changes:

    PYTHONPATH=src:. VLLM_NO_USAGE_STATS=1 /path/to/vllm/env/bin/python tests/wire/make_golden.py

The file holds, in base64: `requests` (vLLM's bytes and ours, which vLLM was seen to decode to the same parameters),
`outputs` (every kind of EngineCoreOutputs message, as its frames), `messages` (ready response, handshake, utility).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import vllm
from vllm.compilation.cuda_graph import CUDAGraphStat
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RepetitionDetectionParams, SamplingParams, StructuredOutputsParams
from vllm.v1.engine import (
    EngineCoreEvent,
    EngineCoreEventType,
    EngineCoreOutput,
    EngineCoreOutputs,
    EngineCoreReadyResponse,
    EngineCoreRequest,
    FinishReason,
    UtilityOutput,
)
from vllm.v1.engine.utils import EngineHandshakeMetadata, EngineZmqAddresses
from vllm.v1.metrics.stats import (
    KVCacheEvictionEvent,
    PrefillStats,
    PrefixCacheStats,
    RequestSpecDecodeMetrics,
    SchedulerStats,
)
from vllm.v1.outputs import LogprobsLists, LogprobsTensors, SamplingMaskLists
from vllm.v1.serial_utils import MsgpackDecoder, MsgpackEncoder, UtilityResult
from vllm.v1.spec_decode.metrics import SpecDecodingStats

from fastfront.engine.types import encode_request, further_frames
from tests.wire.cases import CASES, EMBEDS, EOS, FRONTEND_ONLY, OTHER_EOS, RequestCase

encoder = MsgpackEncoder()


def pack(message: object) -> list[str]:
    """Return the frames of a message, in base64."""
    return [base64.b64encode(bytes(frame)).decode() for frame in encoder.encode(message)]


def vllm_request(case: RequestCase) -> EngineCoreRequest:
    kwargs: dict[str, Any] = dict(case.vllm)
    if "structured_outputs" in kwargs:
        kwargs["structured_outputs"] = StructuredOutputsParams(**kwargs["structured_outputs"])
        kwargs["structured_outputs"]._backend = "xgrammar"
    if "repetition_detection" in kwargs:
        kwargs["repetition_detection"] = RepetitionDetectionParams(**kwargs["repetition_detection"])
    params = SamplingParams.from_optional(**kwargs)
    if case.eos:
        params.update_from_generation_config({"eos_token_id": [EOS, OTHER_EOS]}, EOS)
    params._bad_words_token_ids = case.bad_words_token_ids
    ours = case.build()
    members = {name: getattr(ours, name) for name in EngineCoreRequest.__struct_fields__}
    members["sampling_params"] = params
    if ours.lora_request is not None:
        members["lora_request"] = LoRARequest(*msgspec.structs.astuple(ours.lora_request))
    return EngineCoreRequest(**members)


def engine_view(payload: bytes) -> dict[str, Any]:
    """Return what the engine makes of a request: every member that it may read."""
    request = MsgpackDecoder(EngineCoreRequest).decode(payload)
    view = {name: getattr(request, name) for name in EngineCoreRequest.__struct_fields__}
    params = view["sampling_params"]
    view["sampling_params"] = {
        name: getattr(params, name) for name in SamplingParams.__struct_fields__ if name not in FRONTEND_ONLY
    }
    return view


def make_requests() -> dict[str, dict[str, str]]:
    golden = {}
    for name, case in CASES.items():
        theirs = bytes(encoder.encode(vllm_request(case))[0])
        ours = encode_request(case.build())
        expected, seen = engine_view(theirs), engine_view(ours)
        if expected != seen:
            raise SystemExit(f"{name}: vLLM reads our request differently:\n{expected}\n{seen}")
        golden[name] = {"vllm": base64.b64encode(theirs).decode(), "ours": base64.b64encode(ours).decode()}
    return golden


def make_embeds() -> dict[str, dict[str, Any]]:
    """Return the frames of requests whose prompts are embeddings, once vLLM's decoder has read ours likewise."""
    golden = {}
    for name, request in EMBEDS.items():
        tensor = request.prompt_embeds
        members = {each: getattr(request, each) for each in EngineCoreRequest.__struct_fields__}
        dtype = getattr(torch, tensor.dtype)
        members["prompt_embeds"] = torch.frombuffer(bytearray(tensor.data), dtype=dtype).reshape(tensor.shape)
        members["sampling_params"] = SamplingParams()
        theirs = EngineCoreRequest(**members)
        seen = MsgpackDecoder(EngineCoreRequest).decode([encode_request(request), *further_frames(request)])
        if not torch.equal(seen.prompt_embeds, theirs.prompt_embeds):
            raise SystemExit(f"{name}: vLLM reads our tensor differently")
        golden[name] = pack(theirs)
    return golden


def logprobs(rows: int, width: int) -> LogprobsLists:
    cells = rows * width
    return LogprobsLists(
        np.arange(cells, dtype=np.int32).reshape(rows, width),
        (-np.arange(cells, dtype=np.float32) / 8).reshape(rows, width),
        np.arange(rows, dtype=np.int64),
    )


def prompt_logprobs(rows: int, width: int) -> LogprobsTensors:
    cells = rows * width
    return LogprobsTensors(
        torch.arange(cells, dtype=torch.int32).reshape(rows, width),
        -torch.arange(cells, dtype=torch.float32).reshape(rows, width) / 8,
        torch.arange(rows, dtype=torch.int32),
    )


def full_output() -> EngineCoreOutput:
    return EngineCoreOutput(
        request_id="00000000000000ff",
        new_token_ids=[0, 127, 128, 65536, 151645],
        new_logprobs=logprobs(5, 3),
        new_prompt_logprobs_tensors=prompt_logprobs(2, 2),
        pooling_output=torch.tensor([0.5, -0.5]),
        finish_reason=FinishReason.STOP,
        stop_reason=151645,
        events=[
            EngineCoreEvent(EngineCoreEventType.QUEUED, 1.5),
            EngineCoreEvent(EngineCoreEventType.SCHEDULED, 2.5),
            EngineCoreEvent(EngineCoreEventType.PREEMPTED, 3.5),
        ],
        kv_transfer_params={"remote_block_ids": [1, 2], "remote_host": "h"},
        ec_transfer_params={"a": None},
        trace_headers={"traceparent": "00-0-0-01"},
        prefill_stats=PrefillStats(10, 4, 6, 5, 1, 4),
        routed_experts=np.zeros((2, 3), dtype=np.uint8),
        num_nans_in_logits=2,
        mm_cache_miss_hashes=["abc"],
        new_sampling_mask=SamplingMaskLists(np.array([1, 2], dtype=np.int32)),
        spec_decode_metrics=RequestSpecDecodeMetrics(num_spec_tokens=2, histogram=[1, 2, 3]),
        prompt_token_id_logprobs=torch.zeros(2, 2),
    )


def full_stats() -> SchedulerStats:
    return SchedulerStats(
        num_running_reqs=3,
        num_waiting_reqs=2,
        num_skipped_waiting_reqs=1,
        num_kv_fetch_reqs_by_stage={"fetch": 1},
        step_counter=9,
        current_wave=4,
        kv_cache_usage=0.25,
        prefix_cache_stats=PrefixCacheStats(False, 2, 100, 48, 1, 10, 5),
        connector_prefix_cache_stats=PrefixCacheStats(True, 1, 1, 1),
        kv_cache_eviction_events=[KVCacheEvictionEvent(1.0, 0.5, (0.1, 0.2))],
        spec_decoding_stats=SpecDecodingStats(2, 1, 2, 1, [1, 0], [1, 1]),
        kv_connector_stats={"x": {"y": [1]}},
        waiting_lora_adapters={"a": 1},
        running_lora_adapters={"b": 2},
        cudagraph_stats=CUDAGraphStat(1, 2, 1, "FULL"),
    )


def make_outputs() -> dict[str, list[str]]:
    one = EngineCoreOutput("00000000000000ff", [42])
    messages = {
        "empty": EngineCoreOutputs(timestamp=1.0),
        "one_token": EngineCoreOutputs(outputs=[one], timestamp=2.0),
        "first_token": EngineCoreOutputs(
            outputs=[
                EngineCoreOutput(
                    "00000000000000ff",
                    [42],
                    events=[EngineCoreEvent(EngineCoreEventType.QUEUED, 1.5)],
                    prefill_stats=PrefillStats(10, 4, 6, 5, 1, 4),
                )
            ],
            scheduler_stats=SchedulerStats(num_running_reqs=1, prefix_cache_stats=PrefixCacheStats(False, 1, 10, 6)),
            timestamp=2.0,
        ),
        "many": EngineCoreOutputs(
            engine_index=1, outputs=[EngineCoreOutput(f"{i:016x}", [i, i + 1]) for i in range(300)], timestamp=3.0
        ),
        **{
            f"finish_{reason.name.lower()}": EngineCoreOutputs(
                outputs=[EngineCoreOutput("00000000000000ff", [], finish_reason=reason)],
                finished_requests={"00000000000000ff"},
                timestamp=4.0,
            )
            for reason in FinishReason
        },
        "stop_reason_text": EngineCoreOutputs(
            outputs=[
                EngineCoreOutput("00000000000000ff", [1], finish_reason=FinishReason.REPETITION, stop_reason="pattern")
            ],
            timestamp=4.0,
        ),
        "logprobs_inline": EngineCoreOutputs(
            outputs=[EngineCoreOutput("00000000000000ff", [1], new_logprobs=logprobs(1, 3))], timestamp=5.0
        ),
        "logprobs_aux_frames": EngineCoreOutputs(
            outputs=[
                EngineCoreOutput("00000000000000ff", [1], new_logprobs=logprobs(1, 200)),
                EngineCoreOutput("0000000000000100", [2], new_prompt_logprobs_tensors=prompt_logprobs(100, 3)),
                EngineCoreOutput("0000000000000101", [3]),
            ],
            timestamp=5.0,
        ),
        "all_members": EngineCoreOutputs(
            engine_index=3,
            outputs=[full_output(), one],
            scheduler_stats=full_stats(),
            timestamp=6.5,
            finished_requests={"00000000000000ff"},
            wave_complete=4,
            start_wave=5,
            weight_version="v2",
        ),
        "wave_complete": EngineCoreOutputs(wave_complete=4, timestamp=7.0),
        "start_wave": EngineCoreOutputs(engine_index=1, start_wave=5, timestamp=7.0),
        "stats_only": EngineCoreOutputs(scheduler_stats=full_stats(), timestamp=8.0),
        "utility_result": EngineCoreOutputs(
            utility_output=UtilityOutput(7, None, UtilityResult(["generate"])), timestamp=9.0
        ),
        "utility_none": EngineCoreOutputs(utility_output=UtilityOutput(8, None, UtilityResult(None)), timestamp=9.0),
        "utility_set": EngineCoreOutputs(utility_output=UtilityOutput(9, None, UtilityResult({3})), timestamp=9.0),
        "utility_failure": EngineCoreOutputs(
            utility_output=UtilityOutput(2**62, "Call to x method failed: no"), timestamp=9.0
        ),
    }
    return {name: pack(message) for name, message in messages.items()}


def make_messages() -> dict[str, list[str]]:
    addresses = EngineZmqAddresses(
        inputs=["ipc:///tmp/a", "tcp://1.2.3.4:5"], outputs=["ipc:///tmp/b", "tcp://1.2.3.4:6"]
    )
    ready = EngineCoreReadyResponse(
        max_model_len=4096,
        num_gpu_blocks=1000,
        block_size=16,
        dp_stats_address=None,
        dtype="bfloat16",
        vllm_version=vllm.__version__,
        world_size=1,
        data_parallel_size=1,
        tensor_parallel_size=1,
        pipeline_parallel_size=1,
        decode_context_parallel_size=1,
        data_parallel_rank=0,
        max_num_seqs=256,
        max_num_batched_tokens=8192,
        instance_id="abc",
        supports_lora=True,
        max_loras=2,
        kv_cache_size_tokens=16000,
        kv_cache_max_concurrency=3.9,
    )
    return {
        "ready": [base64.b64encode(msgspec.msgpack.encode(ready)).decode()],
        "hello": [
            base64.b64encode(msgspec.msgpack.encode({"status": "HELLO", "local": False, "headless": True})).decode()
        ],
        "metadata": [
            base64.b64encode(
                msgspec.msgpack.encode(EngineHandshakeMetadata(addresses=addresses, parallel_config={}))
            ).decode()
        ],
        "abort": pack(["00000000000000ff", "0000000000000100"]),
        "utility_call": pack((0, 7, "reset_prefix_cache", (False, True))),
        "utility_call_lora": pack((1, 8, "add_lora", (LoRARequest("adapter", 3, "/models/adapter"),))),
    }


def main() -> None:
    golden = {
        "vllm_version": vllm.__version__,
        "requests": make_requests(),
        "outputs": make_outputs(),
        "messages": make_messages(),
        "embeds": make_embeds(),
    }
    path = Path(__file__).with_name("golden.json")
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="ascii")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
