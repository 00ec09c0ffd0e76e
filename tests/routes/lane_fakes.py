# SPDX-License-Identifier: Apache-2.0
"""What a lane meets in a test: an engine, a connection, a frontend; and the general way, to compare with."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

from hypothesis import strategies as st

from fastfront.config import Config
from fastfront.engine.types import decode_request, encode_request
from fastfront.output.parsers import UNPARSED, AnswerParsers
from fastfront.pool import PromptPool
from fastfront.protocol import decode_chat_completion_request, decode_completion_request
from fastfront.routes import chat_completions, completions, express
from fastfront.routes.constraints import settle_known
from fastfront.routes.generate import Headers, engine_requests
from fastfront.telemetry import Metrics

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
WAYS = {
    CHAT: (decode_chat_completion_request, chat_completions),
    COMPLETION: (decode_completion_request, completions),
}
JSON = [(b"content-type", b"application/json")]
HELLO = {"messages": [{"role": "user", "content": "Hello!"}]}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"days": {"type": "integer"}}}},
}

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"days":2}'}}
CALLED = [
    {"role": "user", "content": "Will it rain?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "No."},
]


class FakeEngine:
    """Takes what would be sent."""

    def __init__(self):
        self.sent, self.forgotten, self.aborted = [], [], []
        self.client_index, self.current_wave = 3, 5
        self.pump = SimpleNamespace(send_head=lambda response: None, observe=lambda stage, seconds: None)
        self.error = None
        self.first = None
        """A future of the first request, where a test waits for it."""

    def submit_encoded(self, response, payload):
        if self.error is not None:
            raise self.error
        self.sent.append((response, payload))
        if self.first is not None:
            self.first.set_result((response, payload))

    def forget(self, response):
        self.forgotten.append(response)

    def abort(self, response):
        self.aborted.append(response)


class FakeExchange:
    """A connection that the pump may write to."""

    def __init__(self, headers=()):
        self.headers = [*JSON, *headers]
        self.started = 0.0
        self.on_disconnect = None
        self.handed_over = None
        self.handed_back = None
        self.declined = asyncio.Event()
        self.usable = True

    def hand_over(self, pump, response, headers, stream):
        self.handed_over = stream
        return self.usable

    def take_back(self):
        self.handed_over = None

    def hand_back(self, status, usable):
        self.handed_back = (status, usable)

    def decline(self):
        self.declined.set()


class FakeChecker:
    """Knows the constraints that a test has it know."""

    def __init__(self):
        self.backend, self.is_blind, self.verdicts = "auto", False, {}

    def learn(self, verdict, **constraint):
        self.verdicts[json.dumps(constraint)] = verdict

    def known(self, members, tag=""):
        return self.verdicts.get(json.dumps({kind: value for kind, value in members.items() if value is not None}))


class Frontend:
    """What lanes need of one."""

    def __init__(self, model, *, parsed=False):
        self.model, self.engine = model, FakeEngine()
        self.metrics, self.pool = Metrics(), PromptPool(1)
        self.config = Config()
        self.parsers = AnswerParsers(
            reasoning_parser="qwen3" if parsed else None,
            tool_call_parser="hermes" if parsed else None,
            enable_auto_tool_choice=parsed,
            added_tokens=model.tokenizer.added_tokens,
            config=model.config,
        )
        self.structured = FakeChecker()
        self.system_fingerprint, self.is_ready, self.open_requests = None, True, 0

    def begin_request(self):
        self.open_requests += 1

    def end_request(self):
        self.open_requests -= 1


def lanes_of(frontend, **more):
    loop = SimpleNamespace(time=lambda: 1.0, call_later=lambda *a: None)
    return express.make_lanes(frontend, loop, **more)


def general(frontend, path, body, request_id):
    """Return what the general way sends for a body."""
    decode, route = WAYS[path]
    request = decode(body)
    if path == CHAT:
        assert route.adjust(frontend, request) is None
    prompts = route.prepare(frontend.model, request)
    settle_known(frontend.structured, request, prompts.params[0])
    parsing = route.parse(frontend, request, prompts) if path == CHAT else UNPARSED
    headers = Headers(None, None, None, None)
    (only,) = engine_requests(request, prompts, headers, request_id, 0.0, route.SHAPE, parsing)
    return decode_request(encode_request(only))


def compare_ways(frontend, path, raw):
    """Assert that the engine gets the same either way, if the lane takes it. Return whether it did."""
    if not hasattr(frontend, "lanes"):
        frontend.lanes = lanes_of(frontend)  # one for all examples: what a request has taught must not change another
    frontend.engine.sent.clear()
    if not frontend.lanes[path](FakeExchange(), raw):
        assert frontend.engine.sent == []
        return False
    ((response, payload),) = frontend.engine.sent
    sent = decode_request(payload)
    expected = general(frontend, path, raw, sent.external_req_id.removesuffix("-0"))
    assert sent.request_id == response.wire_ids[0]
    assert (sent.client_index, sent.current_wave) == (3, 5)
    expected.request_id, expected.client_index, expected.current_wave = sent.request_id, 3, 5
    expected.arrival_time = sent.arrival_time
    assert sent == expected
    return True


numbers = st.one_of(st.none(), st.floats(0.0, 1.0, exclude_min=True), st.just(1))
sampling = {
    "model": st.sampled_from(["sim", "also-sim", None]),
    "stream": st.booleans(),
    "temperature": st.one_of(numbers, st.just(0), st.just(1e-9)),
    "top_p": numbers,
    "top_k": st.one_of(st.none(), st.integers(-1, 50)),
    "min_p": numbers,
    "repetition_penalty": numbers,
    "presence_penalty": numbers,
    "frequency_penalty": numbers,
    "seed": st.one_of(st.none(), st.integers(-1, 2**63 - 1)),
    "stop": st.one_of(st.none(), st.sampled_from(["x", ""]), st.lists(st.sampled_from(["yz", ""]), max_size=4)),
    "ignore_eos": st.booleans(),
    "max_tokens": st.one_of(st.none(), st.integers(0, 2049)),
    "n": st.sampled_from([1, 1, 1, None, 2]),
    "min_tokens": st.sampled_from([0, 1, 5, 2040, -1, None]),
    "stop_token_ids": st.sampled_from([None, [], [5], [5, 7, 5], [-1], ["x"]]),
    "logit_bias": st.sampled_from([None, {}, {"5": 1}, {"5": -100.0, "6": 1e9}, {"x": 1}]),
    "allowed_token_ids": st.sampled_from([None, [5, 6], [], [10**9]]),
    "bad_words": st.sampled_from([[], ["bad"], ["bad", "x y"], None]),
    "response_format": st.sampled_from([None, {"type": "text"}, {"type": "json_object"}, {"type": "odd"}]),
    "logprobs": st.sampled_from([None, False, True, 0, 1]),
}
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
roles = st.sampled_from(["system", "user", "assistant", "developer", "other"])

contents = st.one_of(
    texts,
    st.none(),
    st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}, optional={"x": texts}), max_size=2),
    st.sampled_from([["a"], [{"type": "text"}], [{"type": "image_url", "image_url": {"url": "x"}}], 7, {}]),
)
arguments = st.one_of(
    st.sampled_from(
        ["", "{}", "null", "[1]", "not JSON", '{"a": 1.0, "a": 2}', '{"b":[1,{"c":"\\u00e9\\ud800"}]}', {}]
    ),
    st.dictionaries(texts, st.one_of(texts, st.integers(), st.floats(allow_nan=False))).map(json.dumps),
)
functions = st.fixed_dictionaries({"name": st.sampled_from(["get_weather", ""]), "arguments": arguments})
calls = st.fixed_dictionaries(
    {"id": texts, "type": st.sampled_from(["function", "function", "other"]), "function": functions},
    optional={"index": st.integers(0, 3)},
)
nothing = st.sampled_from([None, None, None, "", "more", [], 1])
extras = {
    "tool_calls": st.one_of(st.none(), st.lists(calls, max_size=3)),
    "tool_call_id": st.one_of(texts, st.none()),
    "reasoning": st.one_of(st.none(), texts),
    "reasoning_content": st.one_of(st.none(), texts),
    **dict.fromkeys(("refusal", "audio", "function_call", "annotations", "name", "task"), nothing),
}
"""Members of a message beside its role and content, as clients write them and as they do not."""
plain_messages = st.fixed_dictionaries({"role": roles, "content": texts})
odd_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["assistant", "tool", "user", "system", "developer"]), "content": contents},
    optional=extras,
)
calling = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": st.one_of(st.none(), texts), "tool_calls": st.lists(calls, min_size=1)},
    optional={"reasoning": st.one_of(st.none(), texts), "refusal": st.none()},
)
results = st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": texts, "content": texts})
messages = st.lists(
    st.one_of(plain_messages, plain_messages, plain_messages, calling, results, odd_messages), min_size=1, max_size=5
)
