# SPDX-License-Identifier: Apache-2.0
"""/render and /derender of a model with parsers: what vLLM's render server answers (routes/make_render_golden.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.routes.cases_render import DERENDER, TOOLS, chat_request, whole_cases
from tests.routes.make_render_golden import answers_of, ask, ask_stream, encode, together
from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e

GOLDEN = json.loads((Path(__file__).parent.parent / "routes" / "golden_render.json").read_bytes())
PARSERS = ("--reasoning-parser", "qwen3", "--tool-call-parser", "hermes", "--enable-auto-tool-choice")


@pytest.fixture(scope="module")
def http():
    """Return a client of a server with parsers and the scale-out routes."""
    flags = ("--served-model-name", "tester", "--max-model-len", "2048", "--enable-scale-out")
    with (
        serving_sim(*PARSERS, *flags, "--ttft-ms", "1", "--token-ms", "1") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def answers(http):
    """Return our answers to all cases."""
    return answers_of(http)


def normalized(answer):
    """Return an answer without what differs between any two."""
    text = re.sub(r'"(request_id|id)": "[^"]+"', r'"\1": "X"', json.dumps(answer))
    return json.loads(re.sub(r'"created": \d+', '"created": 0', text))


@pytest.mark.parametrize("name", GOLDEN["rendered"])
def test_rendered_requests(answers, name):
    """What the engine is to hear of reasoning, special tokens and constraints."""
    assert normalized(answers["rendered"][name]) == normalized(GOLDEN["rendered"][name])


@pytest.mark.parametrize("name", GOLDEN["whole"])
def test_whole_answers(answers, name):
    """Reasoning, content and calls; an answer that ended with calls is told as in a chat, which vLLM forgets here."""
    found, expected = normalized(answers["whole"][name]), normalized(GOLDEN["whole"][name])
    (choice,) = expected[1]["choices"]
    if choice["message"].get("tool_calls") and not name.endswith("named"):
        choice["finish_reason"] = "tool_calls"
    assert found == expected


@pytest.mark.parametrize("name", GOLDEN["streams"])
def test_streams(answers, name):
    """The deltas of all chunks put together, and the state that the client carries."""
    assert together(answers["streams"][name]) == GOLDEN["streams"][name]


@pytest.mark.parametrize("name", [name for name, _ in whole_cases(encode)])
def test_a_stream_of_one_chunk_is_the_whole_answer(http, answers, name):
    """With the end token and all, which is in no answer; the calls keep their ids over the chunks."""
    (body,) = (body for case, body in whole_cases(encode) if case == name)
    generated = body["generate_response"]
    chunks = [{"request_id": "x", "choices": generated["choices"]}]
    chunks = [{"stream": True, "generate_chunk": chunk} | shared(body) for chunk in chunks]
    said = together(ask_stream(http, chunks))
    (choice,) = answers["whole"][name][1]["choices"]
    message = choice["message"]
    calls = [call["function"] for call in message.get("tool_calls", ())]
    assert said["calls"] == calls
    assert (said["reasoning"], said["content"]) == (message["reasoning"] or "", message["content"] or "")
    assert said["finish_reason"] == choice["finish_reason"]
    assert "<|im_end|>" not in said["content"] + said["reasoning"]


def shared(body):
    return {name: body[name] for name in ("model", "prompt_token_ids", "chat_request")}


def test_one_call_where_the_client_wants_one(http):
    """`parallel_tool_calls` false: the first, whole and streamed, as in a chat."""
    (body,) = (body for name, body in whole_cases(encode) if name == "two calls: tools")
    body = body | {"chat_request": chat_request({"tools": TOOLS, "parallel_tool_calls": False})}
    message = ask(http, DERENDER, body)[1]["choices"][0]["message"]
    assert len(message["tool_calls"]) == 1
    chunk = {"stream": True, "generate_chunk": {"request_id": "x", "choices": body["generate_response"]["choices"]}}
    assert len(together(ask_stream(http, [chunk | shared(body)]))["calls"]) == 1


def test_an_answer_cut_off_within_a_call_ends_with_its_length(http):
    """As in a chat; vLLM's stream says tool_calls."""
    (body,) = (body for name, body in whole_cases(encode) if name == "a call: tools")
    token_ids = body["generate_response"]["choices"][0]["token_ids"][:-4]
    choice = {"index": 0, "token_ids": token_ids, "finish_reason": "length"}
    chunk = {"stream": True, "generate_chunk": {"request_id": "x", "choices": [choice]}}
    said = together(ask_stream(http, [chunk | shared(body)]))
    assert said["finish_reason"] == "length"
    assert said["calls"][0]["name"] == "get_weather"


def test_logprobs_of_hidden_reasoning_are_hidden(http):
    """The texts of its tokens would tell it."""
    (body,) = (body for name, body in whole_cases(encode) if name == "an answer: hidden reasoning")
    (choice,) = body["generate_response"]["choices"]
    logprobs = {"content": [{"token_id": token_id, "logprob": -1.0} for token_id in choice["token_ids"]]}
    body["generate_response"]["choices"] = [choice | {"logprobs": logprobs}]
    assert ask(http, DERENDER, body)[1]["choices"][0]["logprobs"] is None
    shown = ask(http, DERENDER, body | {"chat_request": chat_request({})})[1]["choices"][0]["logprobs"]["content"]
    assert shown[0]["token"] == "<think>"


def test_render_generate_derender_is_a_chat(http):
    """The three of them answer what a chat does, with its calls."""
    chat = {"messages": [{"role": "user", "content": "Call."}], "tools": TOOLS, "tool_choice": "required", "seed": 3}
    rendered = http.post("/v1/chat/completions/render", json=chat).json()
    assert rendered["sampling_params"]["structured_outputs"]["structural_tag"]
    generated = http.post("/inference/v1/generate", json=rendered).json()
    body = {"generate_response": generated, "prompt_token_ids": rendered["token_ids"], "chat_request": chat}
    (derendered,) = http.post(DERENDER, json=body).json()["choices"]
    (expected,) = http.post("/v1/chat/completions", json=chat).json()["choices"]
    for choice in (derendered, expected):
        for call in choice["message"].get("tool_calls", ()):
            assert call.pop("id").startswith("chatcmpl-tool-")
    assert derendered == expected


@pytest.mark.parametrize("name", GOLDEN["refused"])
def test_refusals(answers, name):
    """vLLM's words."""
    assert answers["refused"][name] == GOLDEN["refused"][name]
