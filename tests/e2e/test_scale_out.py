# SPDX-License-Identifier: Apache-2.0
"""Servers that share the work, and batches: token ids in and out, requests aborted by their ids."""

from __future__ import annotations

import json
import threading

import httpx
import msgspec
import pytest

from fastfront.protocol.responses import ChatCompletionResponse, GenerateResponse, GenerateStreamResponse
from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e

GENERATE = "/inference/v1/generate"


@pytest.fixture(scope="module")
def scale_out():
    """Return a client of a server with the scale-out and development routes."""
    with (
        serving_sim("--enable-scale-out", "--token-ms", "1", "--ttft-ms", "1", VLLM_SERVER_DEV_MODE="1") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as client,
    ):
        yield client


def prompt_of(client, text="Tell me of the sea."):
    return client.post("/tokenize", json={"prompt": text}).json()["tokens"]


def ask(client, **more):
    params = {"temperature": 0, "max_tokens": 20} | more.pop("sampling_params", {})
    return client.post(GENERATE, json={"token_ids": prompt_of(client), "sampling_params": params, **more})


def events_of(response):
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *events, done = [event.removeprefix("data: ") for event in response.text.split("\n\n") if event]
    assert done == "[DONE]"
    return [json.loads(event) for event in events]


def completion(client, **more):
    body = {"prompt": prompt_of(client), "temperature": 0, "max_tokens": 20, **more}
    return client.post("/v1/completions", json=body).json()


def test_tokens_are_those_of_a_completion(scale_out):
    """The same ids, whose text a completion answers with."""
    response = ask(scale_out)
    answer = msgspec.json.decode(response.content, type=GenerateResponse)
    assert answer.request_id.startswith("generate-tokens-")
    (choice,) = answer.choices
    assert (choice.finish_reason, len(choice.token_ids)) == ("length", 20)
    text = scale_out.post("/detokenize", json={"tokens": choice.token_ids}).json()["prompt"]
    expected = completion(scale_out)
    assert text == expected["choices"][0]["text"]
    assert answer.usage.prompt_tokens == expected["usage"]["prompt_tokens"]
    assert answer.usage.completion_tokens == 20
    assert choice.weight_versions == [{"version": "default", "start": 0, "end": 20}]
    assert "text" not in response.json()["choices"][0]


def test_text_mode_has_the_text_too(scale_out):
    """With the stop string left out of the text, and every token among the ids."""
    whole = completion(scale_out)["choices"][0]["text"]
    stop = whole[10:14]
    said = ask(scale_out, output_mode="text", sampling_params={"stop": [stop]}).json()["choices"][0]
    expected = completion(scale_out, stop=[stop])["choices"][0]
    assert (said["text"], said["finish_reason"], said["stop_reason"]) == (expected["text"], "stop", stop)
    assert len(said["token_ids"]) == completion(scale_out, stop=[stop])["usage"]["completion_tokens"]


@pytest.mark.parametrize("mode", ["tokens", "text"])
def test_stream_adds_up_to_the_whole(scale_out, mode):
    """Chunk by chunk, the prompt's ids in the first, usage in the last."""
    whole = ask(scale_out, output_mode=mode, return_token_ids=True).json()
    options = {"include_usage": True, "continuous_usage_stats": True}
    events = events_of(ask(scale_out, output_mode=mode, return_token_ids=True, stream=True, stream_options=options))
    for event in events:
        msgspec.convert(event, GenerateStreamResponse)
    *chunks, last = events
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [each for choice in choices for each in choice["token_ids"]] == whole["choices"][0]["token_ids"]
    assert "".join(choice.get("text", "") for choice in choices) == whole["choices"][0].get("text", "")
    assert choices[-1]["finish_reason"] == "length"
    assert all(choice["finish_reason"] is None for choice in choices[:-1])
    assert chunks[0]["prompt_token_ids"] == whole["prompt_token_ids"] == prompt_of(scale_out)
    assert "prompt_token_ids" not in chunks[1]
    assert last["choices"] == []
    assert last["usage"] == {name: value for name, value in whole["usage"].items() if value is not None}
    assert chunks[-1]["usage"]["completion_tokens"] == 20


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_by_ids_and_by_texts(scale_out, stream):
    """The numbers are a chat's; ids come with ranks, texts with bytes."""
    asked = {"logprobs": 2, "max_tokens": 4}

    def content(mode):
        response = ask(scale_out, output_mode=mode, sampling_params=asked, stream=stream)
        answers = events_of(response) if stream else [response.json()]
        choices = [answer["choices"][0] for answer in answers]
        return [entry for choice in choices for entry in choice["logprobs"]["content"]], choices

    by_ids, choices = content("tokens")
    by_texts, _ = content("text")
    assert [entry["token_id"] for entry in by_ids] == [each for choice in choices for each in choice["token_ids"]]
    assert [list(entry) for entry in by_ids] == [["token_id", "logprob", "rank", "top_logprobs"]] * 4
    assert [list(entry) for entry in by_texts] == [["token", "logprob", "bytes", "top_logprobs"]] * 4
    for one, other in zip(by_ids, by_texts, strict=True):
        sampled, best = one["top_logprobs"]
        assert sampled == {name: one[name] for name in ("token_id", "logprob", "rank")}
        assert best["rank"] == (2 if one["rank"] == 1 else 1)
        assert one["logprob"] == other["logprob"]
        assert [top["logprob"] for top in one["top_logprobs"]] == [top["logprob"] for top in other["top_logprobs"]]
        assert other["bytes"] == list(other["token"].encode())
    expected = completion(scale_out, max_tokens=4, logprobs=2)["choices"][0]["logprobs"]
    assert [entry["token"] for entry in by_texts] == expected["tokens"]
    assert [entry["logprob"] for entry in by_ids] == expected["token_logprobs"]


def test_prompt_logprobs_are_a_completions(scale_out):
    """A whole answer has them, a stream does not; without detokenizing there are no names."""
    asked = {"prompt_logprobs": 1, "max_tokens": 2}
    expected = completion(scale_out, max_tokens=2, prompt_logprobs=1)["choices"][0]["prompt_logprobs"]
    assert ask(scale_out, sampling_params=asked).json()["prompt_logprobs"] == expected
    unnamed = ask(scale_out, sampling_params={**asked, "detokenize": False}).json()["prompt_logprobs"]
    assert {entry["decoded_token"] for row in unnamed[1:] for entry in row.values()} == {None}
    events = events_of(ask(scale_out, sampling_params=asked, stream=True))
    assert all("prompt_logprobs" not in event for event in events)


@pytest.mark.parametrize("stream", [False, True])
def test_features_without_items_are_a_prompt_of_text(scale_out, stream):
    """They are told of again where the prompt's ids are."""
    features = {"mm_hashes": {"image": []}, "mm_placeholders": {"image": []}}
    response = ask(scale_out, features=features, return_token_ids=True, stream=stream)
    answer = events_of(response)[0] if stream else response.json()
    assert answer["mm_placeholders"] == {"image": []}


def test_several_answers(scale_out):
    """Each has its index; usage is of all."""
    answer = ask(scale_out, sampling_params={"n": 3, "temperature": 1, "seed": 7}).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["completion_tokens"] == sum(len(each["token_ids"]) for each in answer["choices"])


@pytest.mark.parametrize("given", [{}, {"max_tokens": None}])
def test_max_tokens_that_are_not_given_are_not_16(scale_out, given):
    """SamplingParams' own default would cut every answer short."""
    params = {"temperature": 0, "min_tokens": 40, **given}
    body = {"token_ids": prompt_of(scale_out), "sampling_params": params}
    assert scale_out.post(GENERATE, json=body).json()["usage"]["completion_tokens"] >= 40


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({"sampling_params": {}}, "Field required", "body.token_ids"),
        ({"token_ids": [], "sampling_params": {}}, "at least 1 item", "body.token_ids"),
        ({"token_ids": [-1], "sampling_params": {}}, "greater than or equal to 0", "body.token_ids.0"),
        ({"token_ids": [10**9], "sampling_params": {}}, "out of vocabulary", None),
        ({"token_ids": [1]}, "Field required", "body.sampling_params"),
        ({"token_ids": [1], "sampling_params": {"max_tokens": 0}}, "max_tokens must be at least 1", "max_tokens"),
        ({"token_ids": [1], "sampling_params": {"n": 0}}, "n must be at least 1", None),
        ({"token_ids": [1], "sampling_params": {"n": 10_000}}, "at most the server's max_num_seqs", None),
        ({"token_ids": [1], "sampling_params": {"stop": "a", "detokenize": False}}, "detokenize is True", None),
        ({"token_ids": [1], "sampling_params": {}, "output_mode": "x"}, "'tokens' or 'text'", "body.output_mode"),
        ({"token_ids": [1], "sampling_params": {}, "cache_salt": ""}, "non-empty string", "cache_salt"),
    ],
)
def test_bad_requests(scale_out, body, message, param):
    """A 400 that names the field."""
    response = scale_out.post(GENERATE, json=body)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize("path", ["/inference/v1/abort_requests", "/abort_requests"])
@pytest.mark.parametrize("stream", [False, True])
def test_requests_are_aborted_by_their_ids(scale_out, path, stream):
    """Their clients get what there was, with finish_reason "abort"."""
    answers = []

    def run():
        params = {"max_tokens": 8000, "ignore_eos": True, "temperature": 0}
        body = {"token_ids": [1, 2, 3], "sampling_params": params, "request_id": "me", "stream": stream}
        answers.append(scale_out.post(GENERATE, json=body))

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        response = scale_out.post(path, json={"request_ids": ["generate-tokens-me", "unknown"]})
        assert response.status_code == 200
        thread.join(0.01)
    (answer,) = answers
    last = events_of(answer)[-1] if stream else answer.json()
    assert last["choices"][0]["finish_reason"] == "abort"


def test_batch_has_a_choice_for_each_conversation(scale_out):
    """Each what a chat of its own would answer; usage is of all."""
    conversations = [[{"role": "user", "content": text}] for text in ("one", "two and more words", "three")]
    params = {"max_tokens": 12, "temperature": 0}
    response = scale_out.post("/v1/chat/completions/batch", json={"messages": conversations, **params})
    batch = msgspec.json.decode(response.content, type=ChatCompletionResponse)
    alone = [scale_out.post("/v1/chat/completions", json={"messages": each, **params}).json() for each in conversations]
    assert [choice.index for choice in batch.choices] == [0, 1, 2]
    assert [choice.message.content for choice in batch.choices] == [
        each["choices"][0]["message"]["content"] for each in alone
    ]
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert getattr(batch.usage, name) == sum(each["usage"][name] for each in alone)
    assert list(response.json()) == list(alone[0])


@pytest.mark.parametrize("echo", [False, True])
def test_batch_of_conversations_that_end_with_different_speakers(scale_out, echo):
    """Each answer is the last speaker's, and goes on from that one's words."""
    conversations = [
        [{"role": "user", "content": "one"}],
        [{"role": "user", "content": "two"}, {"role": "assistant", "content": "so"}],
    ]
    body = {"messages": conversations, "max_tokens": 4, "temperature": 0, "add_generation_prompt": False, "echo": echo}
    answer = scale_out.post("/v1/chat/completions/batch", json=body).json()
    choices = answer["choices"]
    assert [choice["message"]["role"] for choice in choices] == ["user", "assistant"]
    assert answer["prompt_logprobs"] is None
    if echo:
        assert [choice["message"]["content"][:3] for choice in choices] == [
            "one",
            "so" + choices[1]["message"]["content"][2],
        ]


@pytest.mark.parametrize(
    ("change", "message", "param"),
    [
        ({"messages": []}, "at least 1 item", "body.messages"),
        ({"messages": [[]]}, "at least 1 item", "body.messages.0"),
        ({"messages": [{"role": "user"}]}, "valid list", "body.messages.0"),
        ({"messages": [[{"role": "user", "content": 5}]]}, "", "body.messages.0.0.content"),
        ({"use_beam_search": True}, "do not support beam search", "use_beam_search"),
        ({"n": 2}, "do not support `n > 1`", "n"),
        ({"tool_choice": "auto"}, "Input should be 'none'", "body.tool_choice"),
        ({"temperature": 3}, "temperature must be in [0, 2]", "temperature"),
    ],
)
def test_bad_batches(scale_out, change, message, param):
    """A 400 that names the field."""
    body = {"messages": [[{"role": "user", "content": "hi"}]], **change}
    response = scale_out.post("/v1/chat/completions/batch", json=body)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
    assert response.json()["error"]["param"] == param


CHAT = {"messages": [{"role": "user", "content": "Tell me of the sea. 你好 🌍"}], "temperature": 0, "max_tokens": 30}


def test_render_generate_derender_is_a_chat(scale_out):
    """Three servers' work, or one's: the same answer."""
    expected = scale_out.post("/v1/chat/completions", json=CHAT).json()
    rendered = scale_out.post("/v1/chat/completions/render", json=CHAT).json()
    generated = scale_out.post(GENERATE, json=rendered).json()
    body = {"generate_response": generated, "prompt_tokens": len(rendered["token_ids"]), "chat_request": CHAT}
    body["prompt_token_ids"] = rendered["token_ids"]
    answer = scale_out.post("/v1/chat/completions/derender", json=body).json()
    msgspec.convert(answer, ChatCompletionResponse)
    for name in ("object", "model", "usage"):
        assert answer[name] == expected[name]
    assert answer["choices"][0]["message"]["content"] == expected["choices"][0]["message"]["content"]
    assert answer["choices"][0]["finish_reason"] == expected["choices"][0]["finish_reason"]


def test_render_generate_derender_is_a_completion(scale_out):
    """Of several prompts."""
    request = {"prompt": ["the weather", "greet in Chinese"], "temperature": 0, "max_tokens": 30}
    expected = scale_out.post("/v1/completions", json=request).json()
    rendered = scale_out.post("/v1/completions/render", json=request).json()
    generated = [scale_out.post(GENERATE, json=each).json() for each in rendered]
    body = {"generate_responses": generated, "completion_request": request}
    body["prompt_tokens"] = [len(each["token_ids"]) for each in rendered]
    body["prompt_token_ids"] = [each["token_ids"] for each in rendered]
    answer = scale_out.post("/v1/completions/derender", json=body).json()
    assert [choice["text"] for choice in answer["choices"]] == [choice["text"] for choice in expected["choices"]]
    assert answer["usage"] == expected["usage"] | dict.fromkeys(answer["usage"].keys() - expected["usage"].keys())


@pytest.mark.parametrize("kind", ["chat/completions", "completions"])
def test_chunks_are_derendered_with_a_carried_state(scale_out, kind):
    """Chunk by chunk the text of the whole; the client carries the state as it came."""
    request = CHAT if kind.startswith("chat") else {"prompt": "greet in Chinese 🌍", "temperature": 0, "max_tokens": 30}
    rendered = scale_out.post(f"/v1/{kind}/render", json=request).json()
    rendered = rendered if isinstance(rendered, dict) else rendered[0]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    events = events_of(scale_out.post(GENERATE, json=rendered | options))
    state, text, usage = None, "", None
    for event in events:
        body = {"stream": True, "generate_chunk": event, "stream_state": state}
        body["prompt_token_ids"] = rendered["token_ids"]
        answer = scale_out.post(f"/v1/{kind}/derender", json=body).json()
        state, usage = answer["stream_state"], answer["chunk"]["usage"]
        for choice in answer["chunk"]["choices"]:
            text += choice["text"] if kind == "completions" else choice["delta"]["content"] or ""
    expected = scale_out.post(f"/v1/{kind}", json=request).json()
    (choice,) = expected["choices"]
    assert text == (choice["text"] if kind == "completions" else choice["message"]["content"])
    assert usage["completion_tokens"] == expected["usage"]["completion_tokens"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("chat/completions/derender", {"generate_response": {"choices": [{"index": 0}]}}, "empty or null token_ids"),
        ("chat/completions/derender", {}, "Field required"),
        ("completions/derender", {"generate_responses": []}, "must not be empty"),
        (
            "completions/derender",
            {"generate_responses": [{"choices": []}], "prompt_tokens": []},
            "prompt_tokens length (0) must equal generate_responses length (1)",
        ),
        (
            "completions/derender",
            {"stream": True, "generate_chunk": {"choices": [{"index": 0}, {"index": 1}]}},
            "at most one choice per chunk",
        ),
        (
            "chat/completions/derender",
            {"stream": True, "generate_chunk": {"choices": []}, "stream_state": {"read_offset": 5}},
            "do not lie within prev_tokens",
        ),
        ("chat/completions/render", CHAT | {"messages": []}, ""),
        ("completions/render", {"prompt": "x", "max_tokens": 0}, "max_tokens must be at least 1"),
    ],
)
def test_bad_renders(scale_out, path, body, message):
    """A 400 with the reason."""
    response = scale_out.post(f"/v1/{path}", json=body)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
