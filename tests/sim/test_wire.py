# SPDX-License-Identifier: Apache-2.0
"""The layout of the engine's messages, position by position, without the structs that wrote them."""

from __future__ import annotations

import msgspec
import pytest

from fastfront.engine.types import EngineCoreOutputs, FinishReason, RequestType, SchedulerStats, encode
from fastfront.sim import wire
from tests.sim.peer import FAST, add

MAP_MEMBERS = {
    "prefill_stats": [
        "num_prompt_tokens",
        "num_computed_tokens",
        "num_cached_tokens",
        "num_local_cached_tokens",
        "num_external_cached_tokens",
        "num_cache_creation_tokens",
    ],
    "scheduler_stats": [
        "num_running_reqs",
        "num_waiting_reqs",
        "num_skipped_waiting_reqs",
        "num_kv_fetch_reqs_by_stage",
        "step_counter",
        "current_wave",
        "kv_cache_usage",
        "iteration_details",
        "prefix_cache_stats",
        "connector_prefix_cache_stats",
        "kv_cache_eviction_events",
        "spec_decoding_stats",
        "kv_connector_stats",
        "ec_connector_stats",
        "waiting_lora_adapters",
        "running_lora_adapters",
        "cudagraph_stats",
        "perf_stats",
    ],
    "prefix_cache_stats": [
        "reset",
        "requests",
        "queries",
        "hits",
        "preempted_requests",
        "preempted_queries",
        "preempted_hits",
        "hits_by_source",
    ],
}
"""The dataclasses of vllm/v1/metrics/stats.py in 0.32 travel as maps, in this order."""


def check_output(fields, *, first, last, trace_headers=None):
    """Hold one output against vllm/v1/engine/__init__.py EngineCoreOutput."""
    assert len(fields) == 18
    assert isinstance(fields[0], str)
    assert all(isinstance(token, int) for token in fields[1])
    assert fields[2:5] == [None] * 3
    assert (fields[5] is not None) == last
    assert (fields[7] is not None) == first
    assert fields[8:10] == [None] * 2
    assert fields[10] == trace_headers
    assert (fields[11] is not None) == first
    assert fields[12:] == [None, 0, None, None, None, None]
    if first:
        assert [list(event) for event in fields[7]] == [["type", "timestamp"]] * 2
        assert list(fields[11]) == MAP_MEMBERS["prefill_stats"]


def check_message(fields):
    """Hold a step's message against EngineCoreOutputs."""
    assert len(fields) == 9
    assert fields[0] == 0
    assert isinstance(fields[3], float)
    assert fields[4:8] == [None] * 4
    assert fields[8] == "default"
    if fields[2] is not None:
        assert list(fields[2]) == MAP_MEMBERS["scheduler_stats"]
        assert list(fields[2]["prefix_cache_stats"]) == MAP_MEMBERS["prefix_cache_stats"]


def test_every_message_of_an_answer_has_the_layout_of_vllm(serve):
    """First, middle and last outputs have all 18 positions; a message has 9, with statistics in each."""
    peer = serve(*FAST)
    peer.submit(add("Hello", max_tokens=6, ignore_eos=True))
    peer.collect("r")
    messages = [msgspec.msgpack.decode(message) for message in peer.messages]
    assert len(messages) == 6
    for index, message in enumerate(messages):
        check_message(message)
        assert message[2] is not None
        (output,) = message[1]
        check_output(output, first=index == 0, last=index == 5)


def test_trace_headers_come_back_with_every_output(serve):
    """vLLM's frontend makes its spans from them."""
    peer = serve(*FAST)
    request = add("Hello", max_tokens=3, ignore_eos=True)
    request.trace_headers = {"traceparent": "00-ab-cd-01"}
    peer.submit(request)
    for index, output in enumerate(peer.collect("r")["r"].outputs):
        check_output(
            msgspec.msgpack.decode(encode(output)),
            first=index == 0,
            last=index == 2,
            trace_headers=request.trace_headers,
        )


def test_what_the_engine_sends_is_what_the_encoder_would_send(serve):
    """Decoded into the wire structs and encoded again, every message is the same bytes."""
    peer = serve("--ttft-ms", "0", "--token-ms", "3", "--tokens-per-step", "3")
    peer.submit(*(add("Hello", f"q{i}", max_tokens=20 + i) for i in range(20)))
    peer.collect(*(f"q{i}" for i in range(20)))
    assert peer.call("get_supported_tasks") == ["generate"]
    for message in peer.messages:
        assert encode(msgspec.msgpack.decode(message, type=EngineCoreOutputs)) == message


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_535, 65_536])
def test_arrays_of_any_length_have_the_right_header(count):
    """Headers are 1, 3 or 5 bytes long."""
    assert wire.array_header(count) + b"\xc0" * count == encode([None] * count)


def test_requests_that_end_outside_of_a_step_are_named_twice():
    """As outputs without tokens and in finished_requests, as vLLM sends aborts and errors."""
    message = msgspec.msgpack.decode(wire.finish_message(3, ["a", "b"], FinishReason.ABORT)[0])
    assert (message[0], message[2], message[5], message[8]) == (3, None, ["a", "b"], None)
    assert [(output[0], output[1], output[5]) for output in message[1]] == [("a", [], 2), ("b", [], 2)]


def test_utility_answers_carry_a_result_or_a_failure():
    """A result is [type info, value]; a failure has none."""
    good = msgspec.msgpack.decode(wire.utility_message(0, 2**64 - 1, {"a": [1]})[0])
    bad = msgspec.msgpack.decode(wire.utility_message(0, 5, None, "no")[0])
    assert (len(good), good[1], good[4]) == (9, [], [2**64 - 1, None, [None, {"a": [1]}]])
    assert bad[4] == [5, "no", None]


def test_a_step_without_outputs_is_a_message_of_its_own():
    """Statistics alone travel, too."""
    message = msgspec.msgpack.decode(wire.step_message(0, (), SchedulerStats(num_waiting_reqs=2))[0])
    check_message(message)
    assert (message[1], message[2]["num_waiting_reqs"]) == ([], 2)


def test_unknown_types_do_not_stop_the_engine(serve):
    """A message type of a later release is left alone."""
    peer = serve(*FAST)
    peer.send(b"\x09", b"whatever")
    peer.send(RequestType.START_DP_WAVE, encode([0, 1]))
    assert peer.call("is_sleeping") is False
