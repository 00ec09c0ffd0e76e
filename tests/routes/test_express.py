# SPDX-License-Identifier: Apache-2.0
"""The express lane gives the engine what the general way gives it, and leaves the rest untouched."""

from __future__ import annotations

import asyncio
import re
import uuid

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastfront.engine.types import decode_request
from fastfront.errors import EngineDeadError
from fastfront.output import python_parsers
from fastfront.output.parsers import AnswerParsers
from fastfront.prompt import known_chats
from fastfront.prompt.known_chats import KnownChats
from fastfront.routes import express
from tests.routes.lane_fakes import (
    CHAT,
    COMPLETION,
    HELLO,
    JSON,
    WEATHER,
    FakeExchange,
    compare_ways,
    general,
    lanes_of,
    messages,
    sampling,
    texts,
)

BOUNDS = ["DECODE_OFF_LOOP_BYTES", "INLINE_UNSEEN"]


def new_chat():
    """Return a body of which nothing was seen before."""
    return msgspec.json.encode({"messages": [{"role": "user", "content": uuid.uuid4().hex * 5}]})


bodies = st.one_of(
    st.tuples(st.just(CHAT), st.fixed_dictionaries({"messages": messages}, optional=sampling)),
    st.tuples(st.just(COMPLETION), st.fixed_dictionaries({"prompt": texts}, optional=sampling)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(bodies)
def test_the_engine_gets_the_same_request(frontend, asked):
    """Prompt, sampling, names and indices, for any ordinary body; only time and ids are their own."""
    path, body = asked
    compare_ways(frontend, path, msgspec.json.encode(body))


@pytest.mark.parametrize("more", [{}, {"tools": [WEATHER]}], ids=["plain", "tools"])
def test_a_chat_that_goes_on_is_the_same_request(parsing_frontend, monkeypatch, more):
    """Turn by turn, the engine gets what it gets the general way, though only the new turn is read."""
    frontend = parsing_frontend
    prompts = []
    known = KnownChats.prompt
    monkeypatch.setattr(known_chats, "WORTH_BYTES", 0)
    monkeypatch.setattr(KnownChats, "prompt", lambda *args: prompts.append(known(*args)) or prompts[-1])
    lane = lanes_of(frontend)[CHAT]
    chat = [{"role": "user", "content": "tell me " * 200}]
    lane(FakeExchange(), msgspec.json.encode({**more, "messages": chat}))
    for turn in range(8):
        for _ in range(2):
            raw = msgspec.json.encode({"model": "sim", **more, "messages": chat, "temperature": turn / 10})
            frontend.engine.sent.clear()
            assert lane(FakeExchange(), raw)
            ((_, payload),) = frontend.engine.sent
            sent = decode_request(payload)
            expected = general(frontend, CHAT, raw, sent.external_req_id)
            assert (sent.prompt_token_ids, sent.sampling_params) == (
                expected.prompt_token_ids,
                expected.sampling_params,
            )
        answer = {"role": "assistant", "content": f"{turn} \u00e9<|im_end|> " * 20}
        chat = [*chat, answer, {"role": "user", "content": f"{turn}?"}]
        frontend.model.templates.default._recipes.settle(30)
    assert sum(prompt is not None for prompt in prompts) >= 6


@pytest.mark.parametrize("path", [CHAT, COMPLETION])
def test_ordinary_requests_are_taken(frontend, path):
    """The lane is worth its name: what most clients send goes through it."""
    prompt = HELLO if path == CHAT else {"prompt": "Hello"}
    body = {**prompt, "model": "sim", "max_tokens": 5, "temperature": 0.5, "stream": True, "stop": ["\n"]}
    exchange = FakeExchange([(b"authorization", b"Bearer x"), (b"x-stainless-lang", b"python")])
    assert lanes_of(frontend)[path](exchange, msgspec.json.encode(body))
    assert exchange.handed_over is True
    assert frontend.open_requests == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", ()),
        (msgspec.json.encode({**HELLO, "n": 2, "temperature": 1}), ()),
        (msgspec.json.encode({**HELLO, "max_tokens": 0}), ()),
        (msgspec.json.encode({**HELLO, "max_tokens": 2049}), ()),
        (msgspec.json.encode({**HELLO, "temperature": 3}), ()),
        (msgspec.json.encode({**HELLO, "stop": ""}), ()),
        (msgspec.json.encode({**HELLO, "logprobs": True}), ()),
        (msgspec.json.encode({**HELLO, "response_format": {"type": "json_object"}}), ()),
        (msgspec.json.encode({**HELLO, "min_tokens": -1}), ()),
        (msgspec.json.encode({**HELLO, "min_tokens": 2, "max_tokens": 1}), ()),
        (msgspec.json.encode({**HELLO, "min_tokens": 2040}), ()),
        (msgspec.json.encode({**HELLO, "stop_token_ids": ["x"]}), ()),
        (msgspec.json.encode({**HELLO, "logit_bias": {str(number): 1 for number in range(600)}}), ()),
        (msgspec.json.encode({**HELLO, "stop": [""]}), ()),
        (msgspec.json.encode({**HELLO, "stop": ["a", "b", "c", "d", "e"]}), ()),
        (msgspec.json.encode({**HELLO, "model": "other"}), ()),
        (msgspec.json.encode({**HELLO, "stream_options": {"include_usage": True}}), ()),
        (msgspec.json.encode({"messages": []}), ()),
        (msgspec.json.encode({"messages": [{"role": "user", "content": "word " * 2500}]}), ()),
        (msgspec.json.encode({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}), ()),
        (msgspec.json.encode({"messages": [{"role": "user", "content": None}]}), ()),
        (msgspec.json.encode({"messages": [{"role": "user", "content": "a", "name": 1}]}), ()),
        (msgspec.json.encode({"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}), ()),
        (msgspec.json.encode(HELLO), [(b"x-request-id", b"i" * 513)]),
        (msgspec.json.encode(HELLO), [(b"x-data-parallel-rank", b"0")]),
        (msgspec.json.encode(HELLO), [(b"x-vllm-priority", b"1")]),
        (msgspec.json.encode(HELLO), [(b"x-session-id", b"s")]),
        (msgspec.json.encode(HELLO), JSON),
    ],
)
def test_the_rest_is_left_untouched(frontend, body, headers):
    """Whatever needs words, or more than one plain answer, is the general way's: nothing was done."""
    lane = lanes_of(frontend)[CHAT]
    # How ordinary requests are sampled is known by then: that must not let another one through.
    assert lane(FakeExchange(), msgspec.json.encode(HELLO)) is True
    frontend.engine.sent.clear()
    exchange = FakeExchange(headers)
    assert lane(exchange, body) is False
    assert (frontend.engine.sent, frontend.open_requests, exchange.on_disconnect) == ([], 1, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"x-request-id", b"mine")], "chatcmpl-mine"),
        ([(b"x-request-id", b"mine"), (b"x-request-id", b"other")], "chatcmpl-mine"),
        ([(b"x-request-id", b"caf\xe9")], "chatcmpl-caf\u00e9"),
        ([(b"x-request-id", b"i" * 512)], "chatcmpl-" + "i" * 512),
        ([(b"x-request-id", b"")], None),
    ],
)
def test_an_id_of_the_clients_own(frontend, headers, expected):
    """Proxies give one to every request. The answer and the engine have it."""
    exchange = FakeExchange(headers)
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is True
    ((response, payload),) = frontend.engine.sent
    external = decode_request(payload).external_req_id
    assert external == response.id
    assert external == expected if expected else re.fullmatch("chatcmpl-[0-9a-f]{16}", external)


@pytest.mark.parametrize("value", [b"application/json; charset=utf-8", b"Application/JSON", b"application/json;x=y"])
def test_a_content_type_with_parameters(frontend, value):
    """Is JSON's all the same."""
    exchange = FakeExchange()
    exchange.headers = [(b"content-type", value)]
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is True


@pytest.mark.parametrize(
    "more",
    [
        {"stop_token_ids": [5]},
        {"logit_bias": {"5": 1.0}},
        {"allowed_token_ids": [5, 6]},
        {"bad_words": ["no"]},
        {"min_tokens": 2},
        {"min_tokens": 1, "stop": "x", "max_tokens": 1},
        {"response_format": {"type": "text"}},
        {"response_format": None, "stop_token_ids": None, "logit_bias": None, "logprobs": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [CHAT, COMPLETION])
def test_what_decides_sampling_alone_is_taken(frontend, path, more):
    """From the first sight on, and the engine gets what the general way gives it."""
    body = HELLO if path == CHAT else {"prompt": "Hello!"}
    for _ in range(2):
        assert compare_ways(frontend, path, msgspec.json.encode({**body, **more}))
    assert compare_ways(frontend, path, msgspec.json.encode(body))


JSON_FORMAT = {"response_format": {"type": "json_object"}}


@pytest.mark.parametrize("path", [CHAT, COMPLETION])
def test_a_constraint_is_the_general_ways_until_it_was_judged(frontend, path):
    """Then the engine gets what the general way gives it, backend and all; a bad one is refused each time."""
    body = HELLO if path == CHAT else {"prompt": "Hello!"}
    raw = msgspec.json.encode({**body, **JSON_FORMAT})
    assert [compare_ways(frontend, path, raw) for _ in range(2)] == [False, False]
    frontend.structured.learn("guidance", json_object=True)
    assert [compare_ways(frontend, path, raw) for _ in range(2)] == [True, True]
    ((_, payload),) = frontend.engine.sent
    assert decode_request(payload).sampling_params.structured_outputs.backend == "guidance"
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    assert not compare_ways(frontend, path, msgspec.json.encode({**body, "response_format": schema}))
    assert compare_ways(frontend, path, msgspec.json.encode(body))


def test_a_constraint_that_only_the_engine_judges_is_left(frontend):
    """Without the libraries its failure has to be explained."""
    frontend.structured.learn("xgrammar", json_object=True)
    frontend.structured.is_blind = True
    assert not compare_ways(frontend, CHAT, msgspec.json.encode({**HELLO, **JSON_FORMAT}))


def test_a_constraint_beside_tools(parsing_frontend, monkeypatch):
    """Is taken where tools change nothing about it, and only there."""
    parsing_frontend.structured.learn("xgrammar", json_object=True)
    raw = msgspec.json.encode({**HELLO, **JSON_FORMAT, "tools": [WEATHER]})
    assert [compare_ways(parsing_frontend, CHAT, raw) for _ in range(3)] == [False, True, True]
    change = lambda request: setattr(request, "response_format", None)  # noqa: E731
    monkeypatch.setattr(parsing_frontend.parsers, "adjust", change)
    lane = lanes_of(parsing_frontend)[CHAT]
    assert [lane(FakeExchange(), raw) for _ in range(3)] == [False] * 3
    assert lane(FakeExchange(), msgspec.json.encode(HELLO)) is True


@pytest.mark.parametrize("more", [{"logprobs": 0}, {"logprobs": 2}, {"echo": True}])
def test_completions_that_show_more_are_left(frontend, more):
    """Logprobs of the token that was chosen among them, which a 0 asks for."""
    lane = lanes_of(frontend)[COMPLETION]
    assert lane(FakeExchange(), b'{"prompt": "Hello"}') is True
    assert lane(FakeExchange(), msgspec.json.encode({"prompt": "Hello", **more})) is False
    assert lane(FakeExchange(), b'{"prompt": "Hello", "logprobs": null, "echo": false}') is True


def test_an_empty_prompt_is_left(frontend):
    """vLLM refuses it, whatever special token the tokenizer would put before it."""
    lane = lanes_of(frontend)[COMPLETION]
    assert lane(FakeExchange(), b'{"prompt": "Hello"}') is True
    assert lane(FakeExchange(), b'{"prompt": ""}') is False


def test_other_content_types_are_left(frontend):
    """The general way refuses them."""
    exchange = FakeExchange()
    exchange.headers = [(b"content-type", b"text/plain")]
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is False
    exchange.headers = []
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is False


def test_a_key_is_asked_for(frontend):
    """Without it the general way answers 401."""
    lane = lanes_of(frontend, is_allowed=lambda value: value == b"Bearer key")[CHAT]
    body = msgspec.json.encode(HELLO)
    assert lane(FakeExchange(), body) is False
    assert lane(FakeExchange([(b"authorization", b"Bearer wrong")]), body) is False
    assert lane(FakeExchange([(b"authorization", b"Bearer key")]), body) is True


def test_a_frontend_that_is_not_ready_takes_nothing(frontend):
    """Draining, or its engine dead: the general way says which."""
    frontend.is_ready = False
    assert lanes_of(frontend)[CHAT](FakeExchange(), msgspec.json.encode(HELLO)) is False


def test_a_connection_that_is_not_free_is_left(frontend):
    """The response has to go through send() there."""
    exchange = FakeExchange()
    exchange.usable = False
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is False
    assert (frontend.engine.sent, frontend.open_requests) == ([], 0)


def test_an_engine_that_is_lost_meanwhile(frontend):
    """The exchange is the general way's again, which has the words."""
    frontend.engine.error = EngineDeadError()
    exchange = FakeExchange()
    assert lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO)) is False
    assert (exchange.handed_over, exchange.on_disconnect, frontend.open_requests) == (None, None, 0)


def test_a_client_that_leaves_is_aborted(frontend):
    """Once, in the engine; the connection is given back as unusable, and the request counts as ended."""
    exchange = FakeExchange()
    lanes_of(frontend)[CHAT](exchange, msgspec.json.encode(HELLO))
    leave = exchange.on_disconnect
    leave()
    leave()
    ((response, _),) = frontend.engine.sent
    assert frontend.engine.aborted == [response]
    assert exchange.handed_back == (499, False)
    assert (frontend.open_requests, response.on_ready) == (0, None)


@pytest.mark.parametrize("bound", BOUNDS)
async def test_a_long_prompt_is_prepared_in_the_pool(frontend, monkeypatch, bound):
    """It reaches the engine as a short one does, only later."""
    monkeypatch.setattr(express, bound, 10)
    lane = express.make_lanes(frontend, asyncio.get_running_loop())[CHAT]
    exchange = FakeExchange()
    frontend.engine.first = asyncio.get_running_loop().create_future()
    assert lane(exchange, new_chat())
    assert frontend.open_requests == 1
    _, payload = await asyncio.wait_for(frontend.engine.first, 10)
    assert decode_request(payload).prompt_token_ids


@pytest.mark.parametrize("bound", BOUNDS)
async def test_a_long_prompt_that_is_too_long_goes_to_the_app(frontend, monkeypatch, bound):
    """The app gets the exchange back, and counts the request itself."""
    monkeypatch.setattr(express, bound, 10)
    lane = express.make_lanes(frontend, asyncio.get_running_loop())[CHAT]
    exchange = FakeExchange()
    assert lane(exchange, msgspec.json.encode({"messages": [{"role": "user", "content": f"{bound} " * 1500}]}))
    await asyncio.wait_for(exchange.declined.wait(), 10)
    assert (frontend.open_requests, exchange.on_disconnect) == (0, None)


@pytest.mark.parametrize("bound", BOUNDS)
async def test_a_client_that_leaves_before_its_prompt_is_ready(frontend, monkeypatch, bound):
    """Nothing is sent to the engine."""
    monkeypatch.setattr(express, bound, 10)
    lane = express.make_lanes(frontend, asyncio.get_running_loop())[CHAT]
    exchange = FakeExchange()
    lane(exchange, new_chat())
    exchange.on_disconnect()
    await asyncio.get_running_loop().run_in_executor(frontend.pool, int)  # behind it in the queue
    await asyncio.sleep(0)
    assert (frontend.engine.sent, frontend.open_requests) == ([], 0)
    assert not exchange.declined.is_set()


def test_with_parsers_in_python_chats_go_the_general_way(frontend, monkeypatch):
    """They are called in the loop thread; completions are not parsed."""
    monkeypatch.setitem(python_parsers._factories, "mine", lambda context: None)
    frontend.parsers = AnswerParsers(
        reasoning_parser="mine", tool_call_parser=None, enable_auto_tool_choice=False, added_tokens={}, config={}
    )
    assert set(lanes_of(frontend)) == {COMPLETION}
