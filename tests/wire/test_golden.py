# SPDX-License-Identifier: Apache-2.0
"""The wire types against bytes that the real vLLM made (make_golden.py): what we read, and what we write."""

from __future__ import annotations

import base64
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastfront.engine.handshake import decode_ready_response, encode_metadata
from fastfront.engine.types import (
    EngineCoreOutputs,
    EngineCoreReadyResponse,
    FinishReason,
    HandshakeMessage,
    LoRARequest,
    PrefillStats,
    PrefixCacheStats,
    decode_request,
    encode,
    encode_request,
    further_frames,
)
from tests.wire.cases import CASES, EMBEDS, FRONTEND_ONLY

pytestmark = pytest.mark.wire

RAW_VIEW = 3


@cache
def golden() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="ascii"))
    return data


def unpack(text: str) -> bytes:
    return base64.b64decode(text)


def read_outputs(name: str) -> EngineCoreOutputs:
    return msgspec.msgpack.decode(unpack(golden()["outputs"][name][0]), type=EngineCoreOutputs)


def test_every_case_is_in_the_golden_file() -> None:
    """A case added without running make_golden.py is noticed."""
    assert golden()["requests"].keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_request_bytes_are_those_that_vllm_understood(name: str) -> None:
    """What we send is, byte for byte, what vLLM's own decoder was seen to read as the parameters meant."""
    assert encode_request(CASES[name].build()) == unpack(golden()["requests"][name]["ours"])


@pytest.mark.parametrize("name", CASES)
def test_request_of_vllm_is_read(name: str) -> None:
    """The embedded engine reads vLLM's own requests: the same members as ours, those of the frontend left out."""
    theirs = decode_request(unpack(golden()["requests"][name]["vllm"]))
    ours = CASES[name].build()
    for field in theirs.__struct_fields__:
        if field != "sampling_params":
            assert getattr(theirs, field) == getattr(ours, field), field
    assert theirs.sampling_params is not None
    for field in theirs.sampling_params.__struct_fields__:
        if field in FRONTEND_ONLY | {"structured_outputs", "skip_reading_prefix_cache"}:
            continue
        if CASES[name].ours.temperature == 0.0 and field in {"top_p", "top_k", "min_p"}:
            continue  # vLLM's frontend neutralizes them before it sends, its engine when it reads
        expected, seen = getattr(ours.sampling_params, field), getattr(theirs.sampling_params, field)
        assert (seen or None) == (expected or None), field


@pytest.mark.parametrize("name", EMBEDS)
def test_embeddings_travel_as_vllm_sends_them(name: str) -> None:
    """Small tensors in the message, others in a frame of their own behind it."""
    theirs = [base64.b64decode(frame) for frame in golden()["embeds"][name]]
    request = EMBEDS[name]
    assert list(further_frames(request)) == theirs[1:]
    ours = msgspec.msgpack.decode(encode_request(request))
    expected = msgspec.msgpack.decode(theirs[0])
    assert [ours[position] for position in (1, 9, 10)] == [expected[position] for position in (1, 9, 10)]
    assert decode_request(theirs[0]).prompt_embeds == expected[9]


def test_what_is_no_tensor_is_refused() -> None:
    """An object that the wire has no form for is an error of whoever sends it."""
    with pytest.raises(TypeError, match="object is unsupported"):
        encode_request(msgspec.structs.replace(EMBEDS["inline"], prompt_embeds=object()))


def test_wire_names_are_the_engines() -> None:
    """The members that vLLM spells with an underscore are renamed on the wire."""
    message = msgspec.msgpack.decode(unpack(golden()["requests"]["generation_config"]["ours"]))
    assert message[3]["_eos_token_id"] == 151645
    assert sorted(message[3]["_all_stop_token_ids"]) == [151643, 151645]
    assert msgspec.msgpack.decode(unpack(golden()["requests"]["bad_words"]["ours"]))[3]["_bad_words_token_ids"]


def test_max_tokens_none_is_sent() -> None:
    """A missing max_tokens means 16 to the engine, so None has to travel."""
    assert msgspec.msgpack.decode(encode_request(CASES["max_tokens_none"].build()))[3] == {"max_tokens": None}
    assert msgspec.msgpack.decode(encode_request(CASES["defaults"].build()))[3] == {}


def test_request_has_all_positions() -> None:
    """Positions are the format: 22 of them, as vLLM 0.32 sends."""
    theirs = msgspec.msgpack.decode(unpack(golden()["requests"]["defaults"]["vllm"]))
    ours = msgspec.msgpack.decode(unpack(golden()["requests"]["defaults"]["ours"]))
    assert len(theirs) == len(ours) == 22


def test_output_with_all_members_is_read() -> None:
    """Every position of EngineCoreOutputs and EngineCoreOutput is where our types have it."""
    outputs = read_outputs("all_members")
    assert (outputs.engine_index, outputs.timestamp, outputs.weight_version) == (3, 6.5, "v2")
    assert (outputs.wave_complete, outputs.start_wave) == (4, 5)
    assert outputs.finished_requests == {"00000000000000ff"}
    output, plain = outputs.outputs
    assert output.new_token_ids == [0, 127, 128, 65536, 151645]
    assert (output.finish_reason, output.stop_reason) == (FinishReason.STOP, 151645)
    assert output.events is not None
    assert [(event.type, event.timestamp) for event in output.events] == [(1, 1.5), (2, 2.5), (3, 3.5)]
    assert output.kv_transfer_params == {"remote_block_ids": [1, 2], "remote_host": "h"}
    assert output.prefill_stats == PrefillStats(10, 4, 6, 5, 1, 4)
    assert (output.num_nans_in_logits, output.mm_cache_miss_hashes) == (2, ["abc"])
    assert plain.new_token_ids == [42]
    assert plain.finish_reason is None


def test_scheduler_stats_are_read() -> None:
    """Every member of SchedulerStats that vLLM sends is known, under the same name."""
    raw = msgspec.msgpack.decode(unpack(golden()["outputs"]["stats_only"][0]))[2]
    stats = read_outputs("stats_only").scheduler_stats
    assert stats is not None
    assert set(raw) == set(stats.__struct_fields__)
    assert (stats.num_running_reqs, stats.num_waiting_reqs, stats.kv_cache_usage) == (3, 2, 0.25)
    assert stats.prefix_cache_stats == PrefixCacheStats(False, 2, 100, 48, 1, 10, 5)
    assert stats.running_lora_adapters == {"b": 2}


@pytest.mark.parametrize("reason", FinishReason)
def test_finish_reasons_have_vllms_numbers(reason: FinishReason) -> None:
    """0 stop, 1 length, 2 abort, 3 error, 4 repetition."""
    (output,) = read_outputs(f"finish_{reason.name.lower()}").outputs
    assert output.finish_reason is reason
    assert output.new_token_ids == []


def test_logprobs_travel_inline_or_as_further_frames() -> None:
    """Small arrays are extension type 3 within the message; large ones are frames that it refers to by number."""
    (output,) = read_outputs("logprobs_inline").outputs
    dtype, shape, data = output.new_logprobs[0]
    assert (dtype, shape, data.code) == ("<i4", [1, 3], RAW_VIEW)
    frames = golden()["outputs"]["logprobs_aux_frames"]
    first, second, third = read_outputs("logprobs_aux_frames").outputs
    assert len(frames) > 1
    dtype, shape, index = first.new_logprobs[1]
    assert (dtype, shape) == ("<f4", [1, 200])
    assert len(unpack(frames[index])) == 4 * math.prod(shape)
    assert second.new_prompt_logprobs_tensors is not None
    assert third.new_token_ids == [3]


def test_ready_response_is_read() -> None:
    """Every member of the real ready response is known."""
    payload = unpack(golden()["messages"]["ready"][0])
    response = decode_ready_response(payload)
    assert set(msgspec.msgpack.decode(payload)) == set(EngineCoreReadyResponse.__struct_fields__)
    assert (response.max_model_len, response.num_gpu_blocks, response.supports_lora) == (4096, 1000, True)
    assert response.vllm_version == golden()["vllm_version"]


def test_ready_response_of_other_releases_is_read() -> None:
    """Unknown members are ignored, missing ones defaulted, and an empty payload is a response too."""
    assert decode_ready_response(encode({"max_model_len": 8, "new_in_0_99": {"x": [1]}})).max_model_len == 8
    assert decode_ready_response(b"") == EngineCoreReadyResponse()


def test_handshake_messages() -> None:
    """HELLO is read, and the answer to it is what the real EngineHandshakeMetadata encodes to."""
    hello = msgspec.msgpack.decode(unpack(golden()["messages"]["hello"][0]), type=HandshakeMessage)
    assert (hello.status, hello.local, hello.headless) == ("HELLO", False, True)
    answer = encode_metadata(["ipc:///tmp/a", "tcp://1.2.3.4:5"], ["ipc:///tmp/b", "tcp://1.2.3.4:6"])
    assert answer == unpack(golden()["messages"]["metadata"][0])


def test_abort_and_utility_calls_are_vllms_bytes() -> None:
    """ABORT and UTILITY payloads are those of the real encoder."""
    messages = golden()["messages"]
    assert encode(["00000000000000ff", "0000000000000100"]) == unpack(messages["abort"][0])
    assert encode((0, 7, "reset_prefix_cache", (False, True))) == unpack(messages["utility_call"][0])
    lora = LoRARequest("adapter", 3, "/models/adapter")
    assert encode((1, 8, "add_lora", (lora,))) == unpack(messages["utility_call_lora"][0])


def test_utility_outputs_are_read() -> None:
    """A utility result is a pair of type information and value; a failure has a message and no result."""
    result = read_outputs("utility_result").utility_output
    assert result is not None
    assert (result.call_id, result.failure_message, result.result) == (7, None, [None, ["generate"]])
    failure = read_outputs("utility_failure").utility_output
    assert failure is not None
    assert (failure.call_id, failure.failure_message, failure.result) == (2**62, "Call to x method failed: no", None)
