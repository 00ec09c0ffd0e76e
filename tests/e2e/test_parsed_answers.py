# SPDX-License-Identifier: Apache-2.0
"""Reasoning and tool calls as clients of the real server get them, streamed and whole, from a scripted engine."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from tests.e2e.openai_answers import final_choice
from tests.e2e.test_express import GENERAL, normalized
from tests.server.processes import DEADLINE, serving_sim

CITY = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
CLOCK = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
TOOLS = [CITY, CLOCK]

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}\n</tool_call>'
CALL_2 = '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'
BERN = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bern"}}\n</tool_call>'
ANSWERS = {
    "only an answer": "<think>\nHm.\n</think>\n\nIt rains.",
    "one call": f"<think>\nI have to look.\n</think>\n\n{CALL}",
    "two calls": f"<think>\nBoth.\n</think>\n\nI look it up.\n{CALL}\n{CALL_2}",
    "a broken call": '<think>\nOh.\n</think>\n\n<tool_call>\n{"name": get_weather}\n</tool_call>',
    "a cut call": '<think>\nOh.\n</think>\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Zü',
    "what has to come": f"<think>\nAll right.\n</think>\n\n{BERN}",
    "a named call": f"<think>\nAll right.\n</think>\n\n{BERN}",
}
FINISH = {"a cut call": "length"}
ARGUMENTS = {"city": "Zürich", "days": 2}
USAGE = {"include_usage": True, "continuous_usage_stats": True}
SERVER = ("--reasoning-parser", "qwen3", "--tool-call-parser", "hermes", "--enable-auto-tool-choice")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The server's address."""
    script = tmp_path_factory.mktemp("parsed") / "script.json"
    sequences = [
        {
            "match": match,
            "text": f"{text}<|im_end|>" if match not in FINISH else text,
            "finish": FINISH.get(match, "stop"),
        }
        for match, text in ANSWERS.items()
    ]
    script.write_text(json.dumps({"sequences": sequences}))
    with serving_sim("--script", str(script), "--ttft-ms", "1", "--token-ms", "1", *SERVER) as server:
        yield server.url


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as made:
        yield made


def ask(client, what, *, stream, **options):
    """Return the answer's message and finish_reason."""
    messages = [{"role": "user", "content": f"give me {what}."}]
    arguments = {"model": "sim", "messages": messages, "tools": TOOLS, **options}
    choice = final_choice(client, stream=stream, **arguments)
    return choice.message, choice.finish_reason


both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def calls_of(message):
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]


@both
def test_reasoning_and_content_are_apart(client, stream):
    """What the model thinks is `reasoning`, what it says `content`."""
    message, finish_reason = ask(client, "only an answer", stream=stream)
    assert message.reasoning.strip() == "Hm."
    assert message.content.strip() == "It rains."
    assert not message.tool_calls
    assert finish_reason == "stop"


@both
def test_a_call_is_a_call(client, stream):
    """A tool call has its name and arguments, an id, and a finish_reason of its own."""
    message, finish_reason = ask(client, "one call", stream=stream)
    assert calls_of(message) == [("get_weather", ARGUMENTS)]
    assert message.tool_calls[0].id.startswith("chatcmpl-tool-")
    assert not message.content
    assert finish_reason == "tool_calls"


@both
def test_calls_come_in_order_behind_their_text(client, stream):
    """Text before calls stays content; two calls are two, each with an id of its own."""
    message, finish_reason = ask(client, "two calls", stream=stream)
    assert calls_of(message) == [("get_weather", ARGUMENTS), ("get_time", {})]
    assert len({call.id for call in message.tool_calls}) == 2
    assert message.content.strip() == "I look it up."
    assert finish_reason == "tool_calls"


@both
def test_without_parallel_calls_there_is_one(client, stream):
    """parallel_tool_calls=false shows the first call only."""
    message, _ = ask(client, "two calls", stream=stream, parallel_tool_calls=False)
    assert calls_of(message) == [("get_weather", ARGUMENTS)]


@both
def test_a_broken_call_is_content(client, stream):
    """What is no call comes back as the text that it is."""
    message, finish_reason = ask(client, "a broken call", stream=stream)
    assert not message.tool_calls
    assert message.content.strip() == '<tool_call>\n{"name": get_weather}\n</tool_call>'
    assert finish_reason == "stop"


@both
def test_tools_that_may_not_be_called_leave_the_text_alone(client, stream):
    """tool_choice="none": a call is text."""
    message, finish_reason = ask(client, "one call", stream=stream, tool_choice="none")
    assert not message.tool_calls
    assert message.content.strip() == CALL
    assert finish_reason == "stop"


@both
def test_a_call_that_has_to_come(client, stream):
    """tool_choice="required": the model calls in its own format, which the engine holds it to."""
    message, finish_reason = ask(client, "what has to come", stream=stream, tool_choice="required")
    assert calls_of(message) == [("get_weather", {"city": "Bern"})]
    assert finish_reason == "tool_calls"


@both
def test_a_named_call(client, stream):
    """A named function: a call like any other, but the end is an ordinary one."""
    choice = {"type": "function", "function": {"name": "get_weather"}}
    message, finish_reason = ask(client, "a named call", stream=stream, tool_choice=choice)
    assert calls_of(message) == [("get_weather", {"city": "Bern"})]
    assert finish_reason == "stop"


@both
def test_reasoning_can_be_left_out(client, stream):
    """include_reasoning=false shows the answer only."""
    message, _ = ask(client, "only an answer", stream=stream, extra_body={"include_reasoning": False})
    assert not getattr(message, "reasoning", None)
    assert message.content.strip() == "It rains."


def test_usage_tells_reasoning_tokens(url):
    """The tokens between the marks of thinking are counted, the same in a whole answer and in a stream's usage."""
    spelled = httpx.post(f"{url}/tokenize", json={"prompt": "\nHm.\n", "add_special_tokens": False}, timeout=DEADLINE)
    body = {"messages": [{"role": "user", "content": "give me only an answer."}]}
    whole = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=DEADLINE).json()["usage"]
    assert whole["completion_tokens_details"] == {"reasoning_tokens": spelled.json()["count"]}
    body |= {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True}}
    lines = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=DEADLINE).text.split("\n\n")[:-2]
    told = [json.loads(line.removeprefix("data: "))["usage"]["completion_tokens_details"] for line in lines]
    assert told[0] == {"reasoning_tokens": 0}
    assert told[-1] == whole["completion_tokens_details"]


def test_a_cut_call_is_the_same_in_both_ways(url):
    """A call that max_tokens cut loses nothing, and the stream adds up to the whole."""
    body = {"model": "sim", "messages": [{"role": "user", "content": "give me a cut call."}], "tools": TOOLS}
    whole = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=DEADLINE).json()["choices"][0]
    deltas = events_of(url, {**body, "stream": True})
    content = "".join(delta["delta"].get("content") or "" for delta in deltas)
    arguments = "".join(
        call["function"].get("arguments", "") for delta in deltas for call in delta["delta"].get("tool_calls", [])
    )
    message = whole["message"]
    assert (message["content"] or "") == content
    assert "".join(call["function"]["arguments"] for call in message.get("tool_calls", [])) == arguments
    assert "Zü" in content + arguments
    assert whole["finish_reason"] == deltas[-1]["finish_reason"] == "length"


def events_of(url, body):
    """Return the first choice of each of a stream's events."""
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=DEADLINE) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    return [json.loads(line)["choices"][0] for line in lines if line != "[DONE]"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tools": TOOLS},
        {"tools": TOOLS, "tool_choice": "auto", "chat_template_kwargs": {"enable_thinking": False}},
        {"tools": TOOLS, "tool_choice": "none", "reasoning_effort": "low"},
        {"tools": TOOLS, "include_reasoning": False},
        {"chat_template_kwargs": {"enable_thinking": False}, "parallel_tool_calls": False},
    ],
    ids=lambda options: "-".join(options) or "nothing",
)
@pytest.mark.parametrize("more", [{}, {"stream": True}, {"stream": True, "stream_options": USAGE}], ids=str)
def test_both_ways_answer_alike(url, options, more):
    """The express lane and the general way give a client the same bytes, whatever the model says."""

    def post(match, headers):
        body = {"messages": [{"role": "user", "content": f"give me {match}."}], **options, **more}
        return httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=DEADLINE)

    for _ in range(3):  # the lane knows terms from their second sight on, a recipe is learnt behind it
        post("only an answer", {})
    with ThreadPoolExecutor(4) as pool:
        express = list(pool.map(lambda match: normalized(post(match, {})), ANSWERS))
        general = list(pool.map(lambda match: normalized(post(match, GENERAL)), ANSWERS))
    assert express == general
    assert {status for status, _, _ in express} == {200}


def test_arguments_stream_as_they_are_generated(url):
    """A call's arguments come in several deltas under its index, the first with id and name."""
    body = {
        "model": "sim",
        "messages": [{"role": "user", "content": "give me one call."}],
        "tools": TOOLS,
        "stream": True,
    }
    calls = [call for event in events_of(url, body) for call in event["delta"].get("tool_calls", [])]
    assert calls[0]["type"] == "function"
    assert calls[0]["function"]["name"] == "get_weather"
    assert len(calls) > 3
    assert all(set(call) == {"index", "function"} for call in calls[1:])
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == ARGUMENTS


def test_without_a_parser_tools_are_refused(fastfront_server):
    """A server without --tool-call-parser says which flag it needs, as vLLM does."""
    body = {"model": "tester", "messages": [{"role": "user", "content": "hi"}], "tools": TOOLS}
    answer = httpx.post(f"{fastfront_server.url}/v1/chat/completions", json=body, timeout=DEADLINE)
    assert answer.status_code == 400
    message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    assert answer.json()["error"]["message"] == message


PLUGIN = '''
import fastfront


class Shouting:
    """Words in capitals are reasoning, !name(json) is a call, everything else is content."""

    def __init__(self):
        self._text, self._calls = "", 0

    def push(self, text, token_ids):
        self._text += text
        return []

    def finish(self):
        for word in self._text.split(" "):
            if word.startswith("!"):
                name, _, arguments = word[1:].partition("(")
                yield ("call", self._calls, name, "")
                yield ("arguments", self._calls, arguments.removesuffix(")"))
                self._calls += 1
            else:
                yield ("reasoning" if word.isupper() else "content", word + " ")


fastfront.register_parser("shouting", lambda context: Shouting())
'''


@pytest.fixture(scope="module")
def plugin_url(tmp_path_factory):
    """A server whose parser is a plugin's."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "shouting_plugin.py").write_text(PLUGIN)
    script = folder / "script.json"
    text = 'HM WELL it rains !get_weather({"days":2})<|im_end|>'
    script.write_text(json.dumps({"sequences": [{"match": "", "text": text}]}))
    flags = ("--tool-parser-plugin", str(folder / "shouting_plugin.py"), "--tool-call-parser", "shouting")
    engine = ("--script", str(script), "--ttft-ms", "1", "--token-ms", "1")
    with serving_sim(*engine, *flags, "--reasoning-parser", "shouting", "--enable-auto-tool-choice") as server:
        yield server.url


@both
def test_a_plugins_parser_reads_the_answer(plugin_url, stream):
    """A parser written in Python serves streams and whole answers alike."""
    with openai.OpenAI(base_url=f"{plugin_url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as client:
        message, finish_reason = ask(client, "anything", stream=stream)
    assert message.reasoning == "HM WELL "
    assert message.content == "it rains "
    assert calls_of(message) == [("get_weather", {"days": 2})]
    assert finish_reason == "tool_calls"
