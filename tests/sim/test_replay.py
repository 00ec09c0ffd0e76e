# SPDX-License-Identifier: Apache-2.0
"""The embedded engine with --replay: on the wire like any engine, whatever it is asked."""

from __future__ import annotations

import msgspec
import pytest

from fastfront.engine.types import EngineCoreOutputs, FinishReason, RequestType, encode_request
from fastfront.sim.replay import CALLS, TEXT, array_length
from tests.sim.peer import MODEL, add

LONG = [5] * 70_000


@pytest.fixture
def replay(serve):
    return serve("--replay", "--token-ms", "0")


def test_every_answer_is_as_long_as_it_may_be(replay):
    """max_tokens is what is given, from the text, wherever it begins; end tokens and prompts do not matter."""
    tokens = MODEL.encode(TEXT)
    for length in (1, 2, 40):
        answer = replay.ask("Hello", max_tokens=length)
        assert len(answer.token_ids) == length
        assert answer.finish_reason == FinishReason.LENGTH
        assert any(tokens[at : at + length] == answer.token_ids for at in range(len(tokens)))


def test_streams_are_not_alike(replay):
    """Requests begin at different places of the text."""
    assert replay.ask("a", max_tokens=30).token_ids != replay.ask("a", max_tokens=30).token_ids


def test_answers_with_calls_begin_at_the_beginning(serve):
    """With --replay-calls every answer is the text that has them, from its first token on."""
    peer = serve("--replay-calls", "--token-ms", "0")
    tokens = MODEL.encode(CALLS)
    for _ in range(2):
        assert peer.ask("a", max_tokens=20).token_ids == tokens[:20]


def test_the_first_output_tells_of_queue_and_prefill(replay):
    """What a frontend's metrics are made of is there, with the prompt's length, at any length of it."""
    for prompt in ([1, 2, 3], [5] * 300, LONG):
        first = replay.ask(prompt, max_tokens=3).outputs[0]
        assert first.prefill_stats.num_prompt_tokens == len(prompt)
        assert len(first.events) == 2
        assert first.finish_reason is None


def test_one_message_a_step_carries_every_running_request(serve):
    """All requests run at once, one token a step each."""
    peer = serve("--replay", "--token-ms", "1")
    requests = [add("x", f"r{number}", max_tokens=400) for number in range(300)]
    peer.submit(*requests)
    answers = peer.collect(*(request.request_id for request in requests))
    assert {len(answer.token_ids) for answer in answers.values()} == {400}
    sizes = [len(msgspec.msgpack.decode(one, type=EngineCoreOutputs).outputs) for one in peer.messages]
    assert max(sizes) == 300


def test_an_aborted_request_says_nothing_more(serve):
    """Behind an abort the other requests go on alone."""
    peer = serve("--replay", "--token-ms", "1")
    peer.submit(add("x", "gone", max_tokens=1_000_000), add("x", "stays", max_tokens=50))
    peer.abort("gone", "never was")
    peer.collect("stays")
    assert len(peer.ask("again", max_tokens=2).token_ids) == 2
    last = msgspec.msgpack.decode(peer.messages[-1], type=EngineCoreOutputs)
    assert [output.request_id for output in last.outputs] == ["r"]
    assert last.scheduler_stats.num_running_reqs == 1


def test_calls_of_a_starting_frontend_are_answered(replay):
    """Utility methods answer as an idle engine's."""
    assert replay.call("get_supported_tasks") == ["generate"]
    with pytest.raises(RuntimeError, match="nonsense"):
        replay.call("nonsense")


def test_what_cannot_be_read_is_stepped_over(replay):
    """A broken message is logged; the engine goes on."""
    replay.send(RequestType.ADD, b"\xc1")
    replay.send(RequestType.ADD, encode_request(add("x", max_tokens=1))[:20])
    assert len(replay.ask("still there", max_tokens=3).token_ids) == 3


@pytest.mark.parametrize("length", [0, 1, 15, 16, 65_535, 65_536])
def test_array_length_reads_every_header(length):
    """The length of a prompt is in the first bytes of its array, in any of msgpack's three forms."""
    assert array_length(msgspec.msgpack.encode([7] * length)) == length


@pytest.mark.parametrize("other", [None, "text", 5, {}])
def test_array_length_of_anything_else_is_nothing(other):
    """A request without prompt tokens has none."""
    assert array_length(msgspec.msgpack.encode(other)) == 0
