# SPDX-License-Identifier: Apache-2.0
"""The express lane with tools, template variables and parsers: the engine gets what the general way gives it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastfront.engine.types import decode_request
from fastfront.output.parsers import AnswerParsers
from fastfront.routes import express
from tests.routes.lane_fakes import (
    CALLED,
    CHAT,
    HELLO,
    WEATHER,
    FakeExchange,
    compare_ways,
    general,
    lanes_of,
    messages,
    sampling,
)

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


NOTHING = dict.fromkeys(("refusal", "audio", "function_call", "annotations", "reasoning", "reasoning_content"))


@pytest.mark.parametrize(
    "history",
    [
        CALLED,
        [*CALLED, {"role": "assistant", "content": "No.", "tool_calls": [], **NOTHING}, *HELLO["messages"]],
        [{**message, **NOTHING} if message["role"] == "assistant" else message for message in CALLED],
        [*HELLO["messages"], {"role": "assistant", "content": "x", "reasoning": "y"}, *HELLO["messages"]],
        [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": "me"}],
        [{"role": "developer", "content": "a", "tools": [WEATHER]}, *HELLO["messages"]],
    ],
    ids=["called", "answered", "dumped", "reasoning", "parts", "developer"],
)
def test_histories_of_agents_are_taken(frontend, parsing_frontend, history):
    """Calls and their results, and messages as the `openai` client hands them back."""
    assert compare_ways(frontend, CHAT, msgspec.json.encode({"messages": history}))
    raw = msgspec.json.encode({"messages": history, "tools": [WEATHER]})
    assert [compare_ways(parsing_frontend, CHAT, raw) for _ in range(3)] == [False, True, True]


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


@pytest.mark.parametrize("more", [{}, {"tools": [WEATHER], "tool_choice": "auto"}], ids=["plain", "tools"])
async def test_a_large_body_is_rendered_by_an_engine_in_the_pool(parsing_frontend, monkeypatch, more):
    """Not on the loop, which others wait for; the engine gets what it gets of a small one."""
    monkeypatch.setattr(express, "OFF_LOOP_BYTES", 10)
    frontend = parsing_frontend
    lane = express.make_lanes(frontend, asyncio.get_running_loop())[CHAT]
    raw = msgspec.json.encode({"messages": CALLED, **more})
    if more:  # the first sight of its terms
        assert lane(FakeExchange(), raw) is False
    frontend.engine.first = asyncio.get_running_loop().create_future()
    assert lane(FakeExchange(), raw) is True
    assert frontend.engine.sent == []
    _, payload = await asyncio.wait_for(frontend.engine.first, 10)
    sent = decode_request(payload)
    expected = general(frontend, CHAT, raw, sent.external_req_id)
    assert sent.prompt_token_ids == expected.prompt_token_ids
    assert sent.sampling_params == expected.sampling_params


async def test_a_large_body_that_no_engine_renders_goes_to_the_app(frontend, monkeypatch):
    """The app gets the exchange back, and has the words."""
    monkeypatch.setattr(express, "OFF_LOOP_BYTES", 10)
    lane = express.make_lanes(frontend, asyncio.get_running_loop())[CHAT]
    exchange = FakeExchange()
    assert lane(FakeExchange(), msgspec.json.encode(HELLO))  # how they are sampled is known by now
    frontend.engine.sent.clear()
    body = {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
    assert lane(exchange, msgspec.json.encode(body)) is True
    await asyncio.wait_for(exchange.declined.wait(), 10)
    assert frontend.engine.sent == []


def test_calls_that_are_counted_are_the_general_ways(frontend, monkeypatch):
    """Kimi's ids count on over the conversation, and so an answer depends on its history."""
    config = {"model_type": "kimi_k2"}
    parsers = {"reasoning_parser": None, "tool_call_parser": "hermes", "enable_auto_tool_choice": True}
    for kimi in (False, True):
        frontend.parsers = AnswerParsers(
            **parsers, added_tokens=frontend.model.tokenizer.added_tokens, config=config if kimi else {}
        )
        lane = lanes_of(frontend)[CHAT]
        assert lane(FakeExchange(), msgspec.json.encode({"messages": CALLED})) is not kimi
        assert lane(FakeExchange(), msgspec.json.encode(HELLO)) is True
