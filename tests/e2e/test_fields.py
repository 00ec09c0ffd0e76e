# SPDX-License-Identifier: Apache-2.0
"""Request fields on their whole way: constrained answers and their refusals, before the embedded engine."""

from __future__ import annotations

import json

import httpx
import openai
import pytest

import fastfront
from fastfront.structured import Checker
from tests.asgi_servers import on_hypercorn

pytestmark = pytest.mark.e2e

MESSAGES = [{"role": "user", "content": "yes or no?"}]


def ask(client, **fields):
    """Ask a chat with further fields; return the answer's text."""
    answer = client.chat.completions.create(model="tester", messages=MESSAGES, extra_body=fields)
    return answer.choices[0].message.content


@pytest.mark.parametrize("n", [1, 3])
def test_choices(client, n):
    """Every answer is one of them, also where the prompt is completed, and several at once."""
    assert ask(client, structured_outputs={"choice": ["yes", "no"]}) in {"yes", "no"}
    completion = client.completions.create(
        model="tester", prompt=["a", "b"], n=n, extra_body={"structured_outputs": {"choice": ["up"]}}
    )
    assert [choice.text for choice in completion.choices] == ["up"] * 2 * n


def test_json_mode(client):
    """OpenAI's JSON mode gives an object, streamed too."""
    fields = {"model": "tester", "messages": MESSAGES, "response_format": {"type": "json_object"}}
    assert isinstance(json.loads(client.chat.completions.create(**fields).choices[0].message.content), dict)
    chunks = client.chat.completions.create(**fields, stream=True)
    assert isinstance(json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)), dict)


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "integer"}}}},
        {"structured_outputs": {"regex": "a+"}},
        {"bad_words": ["no"], "allowed_token_ids": [1, 2], "logit_bias": {"5": 1}},
        {"watermarking": True, "routed_experts_prompt_start": 1, "priority": 3, "cache_salt": "x"},
        {"kv_transfer_params": {"do_remote_decode": True}, "ec_transfer_params": {"a": 1}, "vllm_xargs": {"b": [1]}},
        {"repetition_detection": {"max_pattern_size": 3, "min_count": 3}, "session_id": "s"},
    ],
)
def test_what_the_engine_has_the_last_word_on_is_passed_on(client, fields):
    """The embedded engine takes and ignores it."""
    assert ask(client, **fields)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"structured_outputs": {"choice": []}}, None, "Choice '[]' cannot be an empty list"),
        ({"structured_outputs": {"json_object": False}}, None, "json_object must be True if set"),
        ({"structured_outputs": {"json": "{"}}, None, "Invalid JSON grammar specification."),
        (
            {"response_format": {"type": "structural_tag", "format": {}}, "structured_outputs": None},
            "response_format",
            "Invalid response_format structural_tag specification.",
        ),
        ({"thinking_token_budget": 5}, None, "thinking_token_budget is set but reasoning_config is not configured"),
        ({"bad_words": [" "]}, "bad_words", "bad_words entries must tokenize to at least one token"),
        ({"allowed_token_ids": [10**7]}, "allowed_token_ids", "out-of-vocab token id"),
    ],
)
def test_bad_values_are_refused_before_a_stream_begins(client, stream, fields, param, words):
    """With a status, the parameter and vLLM's words."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tester", messages=MESSAGES, stream=stream, extra_body=fields)
    assert caught.value.body["param"] == param
    assert words in caught.value.body["message"]


def test_an_engine_that_does_not_exist_is_refused(http):
    """X-data-parallel-rank beyond the engines that are there."""
    response = http.post("/v1/chat/completions", json={"messages": MESSAGES}, headers={"X-data-parallel-rank": "7"})
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "data_parallel_rank 7 is out of range [0, 1)."


@pytest.mark.parametrize("stream", [False, True])
async def test_the_engines_verdict_on_a_constraint(tmp_path, stream):
    """Where no library is installed the engine compiles first: its failure is the client's error then."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "", "chunks": [[]], "finish": "error"}]}))
    app = fastfront.create_app(engine="sim", engine_args=("--script", str(script)))
    async with on_hypercorn(app) as client:
        body = {"messages": MESSAGES, "stream": stream, "structured_outputs": {"regex": "(a"}}
        app.frontend.structured = Checker(command=("/nowhere",))
        blamed = await client.post("/v1/chat/completions", json=body)
        assert (blamed.status_code, blamed.json()["error"]["type"]) == (400, "BadRequestError")
        assert blamed.json()["error"]["message"] == "The engine cannot compile the constraint of this request."
        other = await client.post("/v1/chat/completions", json={"messages": MESSAGES, "stream": stream})
        assert other.status_code == 500


BEAMS = {"use_beam_search": True, "n": 3, "max_tokens": 6, "temperature": 0}


def test_beam_search(http, metrics):
    """As many answers as there are beams, the same every time, streamed chats too; the engine did each step."""
    body = {"messages": MESSAGES, **BEAMS}
    before = metrics()
    first, second = (http.post("/v1/chat/completions", json=body).json() for _ in range(2))
    texts = [choice["message"]["content"] for choice in first["choices"]]
    assert len(set(texts)) == 3
    assert texts == [choice["message"]["content"] for choice in second["choices"]]
    assert first["usage"]["completion_tokens"] == sum(6 for _ in texts)
    assert {choice["finish_reason"] for choice in first["choices"]} == {"length"}
    events = http.post("/v1/chat/completions", json={**body, "stream": True}).text.split("\n\n")
    streamed = ["", "", ""]
    for event in events[:-2]:
        for choice in json.loads(event.removeprefix("data: "))["choices"]:
            streamed[choice["index"]] += choice["delta"].get("content") or ""
    assert streamed == texts
    # 1 + 5 * 3 steps and three answers, for each of three requests.
    done = "vllm:request_success_total"
    assert metrics().sum(done) - before.sum(done) == 3 * (16 + 3)


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_of_beams(http, stream):
    """Each token has the candidates of its step; the beams' sums are in order."""
    body = {"messages": MESSAGES, **BEAMS, "logprobs": True, "top_logprobs": 2, "stream": stream}
    response = http.post("/v1/chat/completions", json=body)
    answers = [json.loads(each[6:]) for each in response.text.split("\n\n")[:-2]] if stream else [response.json()]
    content = [[], [], []]
    for choice in (choice for answer in answers for choice in answer["choices"]):
        content[choice["index"]] += (choice["logprobs"] or {}).get("content", [])
    assert [len(of) for of in content] == [6, 6, 6]
    assert all(len(entry["top_logprobs"]) == 2 and entry["bytes"] is None for of in content for entry in of)
    sums = [sum(entry["logprob"] for entry in of) for of in content]
    assert sums == sorted(sums, reverse=True)
    completion = {"prompt": "one", **BEAMS, "logprobs": 1, "return_tokens_as_token_ids": True}
    first = http.post("/v1/completions", json=completion).json()["choices"][0]["logprobs"]
    assert list(first) == ["text_offset", "token_logprobs", "tokens", "top_logprobs"]
    assert all(name.startswith("token_id:") for name in first["tokens"])
    assert [len(top) for top in first["top_logprobs"]] == [2] * 6


def test_beam_search_of_several_prompts(http):
    """Each prompt has its own; a length penalty and an echo are taken."""
    body = {"prompt": ["one", "two"], **BEAMS, "length_penalty": 0.5, "echo": True}
    choices = http.post("/v1/completions", json=body).json()["choices"]
    assert [choice["index"] for choice in choices] == list(range(6))
    assert all(choice["text"].startswith("one") for choice in choices[:3])
    assert all(choice["text"].startswith("two") for choice in choices[3:])


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("/v1/completions", {"prompt": "x", "stream": True}, "Streaming is not currently supported with beam search"),
        ("/v1/chat/completions", {"messages": MESSAGES, "n": 11}, "Requested sample logprobs of 22"),
    ],
)
def test_beam_searches_that_cannot_be(http, path, fields, words):
    """In vLLM's words."""
    response = http.post(path, json=BEAMS | fields)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "BadRequestError")
    assert response.json()["error"]["message"].startswith(words)


def test_a_client_that_leaves_a_beam_search(http, engine):
    """No step follows, and nothing is left in the engine."""
    body = {"messages": MESSAGES, **BEAMS, "max_tokens": 4000}
    with pytest.raises(httpx.TimeoutException):
        http.post("/v1/chat/completions", json=body, timeout=0.5)
    engine.wait_for(running=0, waiting=0)


def test_an_engine_that_fails_in_a_beam_search(http):
    """Its error is the answer."""
    body = {"messages": [{"role": "user", "content": "fail at once"}], **BEAMS}
    response = http.post("/v1/chat/completions", json=body)
    assert (response.status_code, response.json()["error"]["message"]) == (500, "Internal server error")
