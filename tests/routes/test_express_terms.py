# SPDX-License-Identifier: Apache-2.0
"""The express lane with tools, template variables and parsers: the engine gets what the general way gives it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastfront.routes import chat_terms
from tests.routes.lane_fakes import CHAT, HELLO, WEATHER, FakeExchange, compare_ways, lanes_of, messages, sampling

terms = {
    "tools": st.sampled_from([None, [WEATHER], [WEATHER, {"type": "function", "function": {"name": "\u00e9"}}], []]),
    "tool_choice": st.sampled_from([None, "none", "auto", "required", "perhaps"]),
    "parallel_tool_calls": st.sampled_from([None, True, False]),
    "include_reasoning": st.booleans(),
    "reasoning_effort": st.sampled_from([None, "none", "low", "odd"]),
    "chat_template_kwargs": st.sampled_from([None, {}, {"enable_thinking": False}, {"thinking": True, "x": [1]}]),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.fixed_dictionaries({"messages": messages}, optional=sampling | terms), st.booleans())
def test_with_terms_the_engine_gets_the_same_request(frontend, parsing_frontend, body, parsed):
    """Tools, template variables and what an answer is parsed by, with parsers and without: whatever a body says."""
    raw = msgspec.json.encode(body)
    for _ in range(3):  # at the first sight its terms are new, at the second they are settled
        compare_ways(parsing_frontend if parsed else frontend, CHAT, raw)


@pytest.mark.parametrize(
    ("more", "parsed"),
    [
        ({}, True),
        ({"tools": [WEATHER]}, True),
        ({"tools": [WEATHER], "tool_choice": "auto", "parallel_tool_calls": True}, True),
        ({"tools": [WEATHER], "tool_choice": "none"}, False),
        ({"tools": None, "tool_choice": None}, False),
        ({"chat_template_kwargs": {"enable_thinking": False}}, True),
        ({"chat_template_kwargs": {"enable_thinking": False}}, False),
        ({"reasoning_effort": "none"}, True),
        ({"include_reasoning": False}, True),
        ({"include_reasoning": False}, False),
    ],
)
def test_requests_with_terms_are_taken(frontend, parsing_frontend, more, parsed):
    """The comparison above is not one of nothing with nothing: from the second sight of its terms on."""
    frontend = parsing_frontend if parsed else frontend
    raw = msgspec.json.encode({**HELLO, **more})
    assert [compare_ways(frontend, CHAT, raw) for _ in range(4)] == [not more, True, True, True]
    other = msgspec.json.encode({**more, "messages": [{"role": "user", "content": "Another"}], "temperature": 0.25})
    assert compare_ways(frontend, CHAT, other)


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [WEATHER], "tool_choice": "required"},
        {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        {"tools": [WEATHER], "parallel_tool_calls": False},
        {"tools": [{**WEATHER, "function": {**WEATHER["function"], "strict": True}}]},
        {"tools": []},
        {"tools": [{"type": "function"}]},
        {"tools": "x"},
        {"tool_choice": "auto"},
        {"tools": [WEATHER], "tool_choice": "perhaps"},
        {"include_reasoning": "perhaps"},
        {"reasoning_effort": "some"},
        {"chat_template_kwargs": 1},
        {"chat_template_kwargs": {"chat_template": "x"}},
        {"chat_template_kwargs": {"big": 2**70}},
    ],
    ids=str,
)
def test_terms_that_need_words_or_a_constraint_are_left(parsing_frontend, more):
    """However often they come; and they spoil nothing for others."""
    lane = lanes_of(parsing_frontend)[CHAT]
    for _ in range(4):
        assert lane(FakeExchange(), msgspec.json.encode({**HELLO, **more})) is False
    assert parsing_frontend.engine.sent == []
    assert lane(FakeExchange(), msgspec.json.encode(HELLO)) is True


def test_the_servers_own_template_variables_count(frontend, monkeypatch):
    """--default-chat-template-kwargs are said by every request."""
    monkeypatch.setattr(frontend.model, "default_chat_template_kwargs", {"enable_thinking": False})
    for more in ({}, {"chat_template_kwargs": {"enable_thinking": True}}, {"tools": [WEATHER], "tool_choice": "none"}):
        raw = msgspec.json.encode({**HELLO, **more})
        assert [compare_ways(frontend, CHAT, raw) for _ in range(4)] == [not more, True, True, True]


def test_tools_need_a_parser_where_they_may_be_called(frontend):
    """Without one the general way refuses them."""
    lane = lanes_of(frontend)[CHAT]
    for _ in range(3):
        assert lane(FakeExchange(), msgspec.json.encode({**HELLO, "tools": [WEATHER]})) is False


def test_a_large_body_is_not_rendered_by_an_engine_on_the_loop(parsing_frontend, monkeypatch):
    """With tools and without a recipe it is the general way's, which has a pool; then there is a recipe."""
    monkeypatch.setattr(chat_terms, "OFF_LOOP_BYTES", 10)
    raw = msgspec.json.encode({**HELLO, "tools": [WEATHER], "chat_template_kwargs": {"of": "this test"}})
    taken = []
    for _ in range(4):
        taken.append(compare_ways(parsing_frontend, CHAT, raw))
        parsing_frontend.model.templates.default._recipes.settle(30)
    assert taken == [False, False, False, True]
