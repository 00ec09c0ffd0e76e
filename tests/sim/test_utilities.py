# SPDX-License-Identifier: Apache-2.0
"""Utility calls, as a frontend makes them."""

from __future__ import annotations

import pytest

from fastfront.engine.types import FinishReason, RequestType, encode
from tests.sim.peer import FAST, add


@pytest.mark.parametrize(
    ("method", "args", "result"),
    [
        ("get_supported_tasks", (), ["generate"]),
        ("reset_prefix_cache", (False, False), True),
        ("reset_mm_cache", (), None),
        ("reset_encoder_cache", (), None),
        ("is_sleeping", (), False),
        ("is_scheduler_paused", (), False),
        ("profile", (True, None), None),
        ("execute_dummy_batch", (), None),
        ("collective_rpc", ("update_weights", None, [], None), [None]),
        ("collective_rpc", ("echo", None, ["a"], {"b": 1}), [{"args": ["a"], "kwargs": {"b": 1}}]),
        ("compute_weight_checksums", (), [{"rank0.weights": "00000000"}]),
        ("get_weight_version", (), "default"),
    ],
)
def test_a_method_answers_as_vllm_does(fast, method, args, result):
    """Plain results come back through [None, result]."""
    assert fast.call(method, *args) == result


@pytest.mark.parametrize(
    ("method", "args", "reason"),
    [
        ("no_such_method", (), "Call to no_such_method method failed: 'EngineCoreProc' object has no attribute"),
        ("__class__", (), "has no attribute"),
        ("_need_lora", (), "has no attribute"),
        ("weight_version", (), "has no attribute"),
        ("is_sleeping", (1, 2, 3), "Call to is_sleeping method failed"),
        ("add_lora", (["l", 1, "/l"],), "LoRA is not enabled"),
        ("list_loras", (), "LoRA is not enabled"),
        ("pause_scheduler", ("never",), "Invalid pause mode: never"),
        ("release_kv_cache_memory", (), "requires a completed pause first"),
    ],
)
def test_a_failure_comes_back_as_a_message(fast, method, args, reason):
    """The engine lives on and says what was wrong."""
    with pytest.raises(RuntimeError, match="failed") as error:
        fast.call(method, *args)
    assert reason in str(error.value)


def test_sleep_aborts_and_holds_requests_until_wake_up(serve):
    """Running requests end with abort before the call is answered; new ones wait."""
    peer = serve("--ttft-ms", "0", "--token-ms", "2")
    peer.submit(add("Hello", "cut", ignore_eos=True, max_tokens=30_000))
    peer.receive()
    peer.send(RequestType.UTILITY, encode((0, 1, "sleep", (1, "abort"))))
    assert peer.collect("cut")["cut"].finish_reason == FinishReason.ABORT
    assert peer.receive().utility_output.call_id == 1
    peer.submit(add("Hello", "held", max_tokens=5))
    assert peer.call("is_sleeping") is True
    assert peer.call("sim_report")["waiting"] == 1
    assert peer.call("wake_up", ["weights"]) is False
    assert peer.call("wake_up", None) is True
    assert peer.collect("held")["held"].finish_reason == FinishReason.LENGTH


def test_pausing_in_mode_wait_is_answered_when_nothing_runs_any_more(serve):
    """The running request finishes first."""
    peer = serve("--ttft-ms", "0", "--token-ms", "2")
    peer.submit(add("Hello", ignore_eos=True, max_tokens=20))
    peer.receive()
    peer.send(RequestType.UTILITY, encode((0, 9, "pause_scheduler", ("wait", True))))
    answer = peer.collect("r")["r"]
    assert answer.finish_reason == FinishReason.LENGTH
    while (output := peer.receive().utility_output) is None:
        pass
    assert (output.call_id, output.failure_message) == (9, None)
    assert peer.call("is_scheduler_paused") is True


def test_pausing_in_mode_keep_freezes_requests_until_they_are_resumed(serve):
    """No output comes in between."""
    peer = serve("--ttft-ms", "0", "--token-ms", "2")
    peer.submit(add("Hello", ignore_eos=True, max_tokens=30_000))
    peer.receive()
    peer.call("pause_scheduler", "keep")
    before = peer.call("sim_report")["generated_tokens"]
    peer.messages.clear()
    assert peer.call("sim_report")["generated_tokens"] == before
    assert len(peer.messages) == 1
    peer.call("resume_scheduler")
    while peer.call("sim_report")["generated_tokens"] == before:
        pass


def test_loras_come_and_go(serve):
    """With --max-loras they are kept, the oldest makes room, and loading one twice changes nothing."""
    peer = serve(*FAST, "--max-loras", "2")
    assert [peer.call("add_lora", [f"l{i}", i, f"/l{i}"]) for i in (1, 1, 2, 3)] == [True, False, True, True]
    assert peer.call("list_loras") == [2, 3]
    assert peer.call("pin_lora", 3) is True
    assert [peer.call("remove_lora", i) for i in (3, 3)] == [True, False]


def test_a_reset_empties_the_prefix_cache(serve):
    """The same prompt is computed anew, and the statistics say that there was a reset."""
    peer = serve(*FAST)
    cached = []
    for _ in range(2):
        cached += [peer.ask("Hello " * 40, max_tokens=1).outputs[0].prefill_stats.num_cached_tokens for _ in range(2)]
        assert peer.call("reset_prefix_cache") is True
    assert cached[0] == cached[2] == 0
    assert cached[1] == cached[3] > 0


def test_a_weight_version_is_on_every_later_message(serve):
    """As vLLM does after a weight update."""
    peer = serve(*FAST)
    peer.call("set_weight_version", "v2")
    peer.submit(add("Hello", max_tokens=1))
    assert peer.receive().weight_version == "v2"
