# SPDX-License-Identifier: Apache-2.0
"""How two answers are held against each other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.comparing import differences
from tests.parity.deviations import Deviation
from tests.parity.relations import one_less
from tests.parity.table import Tally
from tests.real_engine.asking import Answer


def whole(body: Any, status: int = 200) -> Answer:
    return Answer(status, "application/json", body=body)


def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, "token_ids": None}]}


def stream(*events: Any) -> Answer:
    return Answer(200, "text/event-stream", events=events)


def paths(theirs: Answer, ours: Answer) -> list[str]:
    return [each.path for each in differences(theirs, ours)]


def test_a_stream_that_vllm_breaks_off_differs_in_its_error_alone() -> None:
    """Wherever that came; not where ours has one, too, or breaks off alone."""
    error = {"error": {"message": "no"}}
    whole_stream = stream(event({"content": "a"}), event({"content": "b"}, "stop"), "[DONE]")
    for events in ((error, "[DONE]"), (event({"content": "a"}), error, "[DONE]")):
        (found,) = differences(stream(*events), whole_stream)
        assert (found.path, found.theirs) == ("events.(error)", {"message": "no"})
        assert "events.(error)" not in paths(whole_stream, stream(*events))
        assert "events.(error)" not in paths(stream(*events), stream(error, "[DONE]"))


def test_equal_answers_differ_nowhere() -> None:
    """The same body is the same."""
    assert paths(whole({"a": [1, {"b": None}]}), whole({"a": [1, {"b": None}]})) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "path"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "body.a.1.b"),
        ({"a": None}, {}, "body.a"),
        ({"a": 1}, {"a": 1.0}, "body.a"),
        ({"a": 1}, {"a": True}, "body.a"),
        ({"a": [1]}, {"a": [1, 2]}, "body.a.1"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "body.(order)"),
    ],
)
def test_a_difference_has_its_path(theirs: Any, ours: Any, path: str) -> None:
    """Values, members, types, lengths and the order of members count."""
    assert paths(whole(theirs), whole(ours)) == [path]


def test_a_status_is_all_there_is_to_say() -> None:
    """Bodies of different statuses are not compared."""
    assert paths(whole({"a": 1}), whole({"b": 1}, 400)) == ["status"]


def test_joined_events_are_equal() -> None:
    """A server that fell behind sends two deltas as one."""
    apart = stream(event({"content": "a"}), event({"content": "b"}, "stop"), "[DONE]")
    assert paths(apart, stream(event({"content": "ab"}, "stop"), "[DONE]")) == []
    assert paths(apart, stream(event({"content": "ac"}, "stop"), "[DONE]")) != []


def test_parts_are_added_up() -> None:
    """Reasoning and calls are cut differently; their sums are compared."""
    call = {"id": "str", "type": "function", "index": 0, "function": {"name": "f", "arguments": ""}}
    more = [{"index": 0, "function": {"arguments": part}} for part in ("{", "}")]
    whole_call = {**call, "function": {"name": "f", "arguments": "{}"}}
    apart = stream(
        event({"reasoning": "a"}), event({"reasoning": "b"}), *[event({"tool_calls": [each]}) for each in (call, *more)]
    )
    assert paths(apart, stream(event({"reasoning": "ab"}), event({"tool_calls": [whole_call]}))) == []
    assert paths(apart, stream(event({"reasoning": "ab"}), event({"tool_calls": [call]}))) == [
        "events.0.delta.tool_calls.0.arguments"
    ]


def test_a_deviation_explains_its_path_only() -> None:
    """A case with one more difference is not explained."""
    known = Deviation("x*", "body.a", "why", "said", ("bytelevel",))
    tally = Tally("bytelevel")
    tally.add("x1", whole({"a": 1, "b": 1}), whole({"a": 2, "b": 1}), [known])
    tally.add("x2", whole({"a": 1, "b": 1}), whole({"a": 2, "b": 2}), [known])
    tally.add("y1", whole({"a": 1}), whole({"a": 2}), [known])
    tally.add("y2", whole({"a": 1}), whole({"a": 1}), [known])
    assert (tally.cases, tally.equal, tally.explained, len(tally.unexplained)) == (4, 1, 1, 2)
    assert tally.seen == {known}


def test_a_deviation_explains_its_relation_only() -> None:
    """Values that stand otherwise to each other are another difference."""
    known = Deviation("x", "body.a", "why", "said", ("bytelevel",), one_less)
    tally = Tally("bytelevel")
    tally.add("x", whole({"a": 1}), whole({"a": 2}), [known])
    tally.add("x", whole({"a": 1}), whole({"a": 3}), [known])
    assert (tally.explained, len(tally.unexplained)) == (1, 1)


def test_events_before_an_error_are_joined() -> None:
    """A stream that fails is compared as any other up to its error."""
    error = {"error": {"code": 500}}
    apart = stream(event({"content": "a"}), event({"content": "b"}), error, "[DONE]")
    assert paths(apart, stream(event({"content": "ab"}), error, "[DONE]")) == []
    assert paths(apart, stream(event({"content": "ab"}), "[DONE]")) != []
