# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions with the real openai client: whole and streamed answers say the same, in vLLM's shape."""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e.ways import every_way

pytestmark = [pytest.mark.e2e, every_way]

WEATHER = [{"role": "user", "content": "Tell me about the weather, please."}]
WEATHER_TEXT = "It is sunny today. Rain comes tomorrow, and then more rain."


def collect(stream):
    """Return text and finish reason per choice, and all chunks."""
    chunks = list(stream)
    texts, reasons = {}, {}
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            if choice.finish_reason is not None:
                assert choice.index not in reasons
                reasons[choice.index] = choice.finish_reason
    return texts, reasons, chunks


def test_whole_answer(client):
    """The text, the counts and the names."""
    before = int(time.time())
    answer = client.chat.completions.create(model="tester", messages=WEATHER)
    assert answer.object == "chat.completion"
    assert answer.model == "tester"
    assert answer.id.startswith("chatcmpl-")
    assert len(answer.id) == len("chatcmpl-") + 16
    assert before <= answer.created <= time.time()
    assert answer.system_fingerprint.startswith("vllm-0.32.0-")
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert (choice.message.role, choice.message.content) == ("assistant", WEATHER_TEXT)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_streamed_answer_is_the_whole_answer(client):
    """Same text, same reason; ids and times do not change within a stream; the role comes first."""
    texts, reasons, chunks = collect(client.chat.completions.create(model="tester", messages=WEATHER, stream=True))
    assert texts == {0: WEATHER_TEXT}
    assert reasons == {0: "stop"}
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert chunks[0].object == "chat.completion.chunk"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(chunk.choices[0].delta.role is None for chunk in chunks[1:])
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len(chunks) > 5, "streaming means more than one piece"


def test_text_beyond_ascii_is_never_cut(client):
    """Characters of several tokens arrive whole."""
    messages = [{"role": "user", "content": "Please greet in Chinese"}]
    texts, _, chunks = collect(client.chat.completions.create(model="tester", messages=messages, stream=True))
    assert texts == {0: "你好，世界！🌍 Grüße."}
    assert all("\ufffd" not in (chunk.choices[0].delta.content or "") for chunk in chunks)


def test_answer_replies_to_the_prompt_and_is_the_same_each_time(client):
    """The embedded engine is deterministic: streaming or not, the same question has the same answer."""
    question = {"model": "tester", "messages": [{"role": "user", "content": "What is a tram?"}], "max_tokens": 40}
    whole = client.chat.completions.create(**question).choices[0].message.content
    texts, _, _ = collect(client.chat.completions.create(**question, stream=True))
    assert texts == {0: whole}
    assert len(whole) > 20


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_max_tokens(client, name):
    """Both names end the answer after so many tokens, with the reason."""
    answer = client.chat.completions.create(model="tester", messages=WEATHER, **{name: 3})
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3
    assert WEATHER_TEXT.startswith(answer.choices[0].message.content)


def test_ignore_eos_goes_on(client):
    """ignore_eos with max_tokens gives exactly that many: what benchmarks rely on."""
    answer = client.chat.completions.create(
        model="tester",
        messages=[{"role": "user", "content": "Hi"}],
        max_tokens=100,
        extra_body={"ignore_eos": True, "min_tokens": 100},
    )
    assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (100, "length")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("include", "text"), [(False, "It is sunny today"), (True, "It is sunny today.")])
def test_stop_string(client, engine, metrics, stream, include, text):
    """The text ends before the stop string (or with it, if wanted), and the engine is told to stop."""
    before = engine.report()["aborted"]
    answer = client.chat.completions.create(
        model="tester",
        messages=WEATHER,
        stop=["nowhere", "."],
        stream=stream,
        extra_body={"include_stop_str_in_output": include},
    )
    if stream:
        texts, reasons, chunks = collect(answer)
        stop_reason = chunks[-1].choices[0].model_extra["stop_reason"]
    else:
        texts, reasons = {0: answer.choices[0].message.content}, {0: answer.choices[0].finish_reason}
        stop_reason = answer.choices[0].model_extra["stop_reason"]
    assert (texts, reasons, stop_reason) == ({0: text}, {0: "stop"}, ".")
    engine.wait_for(aborted=before + 1)


@pytest.mark.parametrize("stream", [False, True])
def test_several_answers(client, stream):
    """n answers to one prompt, each with its index; with a seed they differ and come again."""
    question = {"model": "tester", "messages": [{"role": "user", "content": "What is a tram?"}], "n": 3, "seed": 7}

    def ask():
        answer = client.chat.completions.create(**question, max_tokens=30, temperature=1, stream=stream)
        if stream:
            return collect(answer)[0]
        return {choice.index: choice.message.content for choice in answer.choices}

    first = ask()
    assert sorted(first) == [0, 1, 2]
    assert len(set(first.values())) > 1
    assert ask() == first


def test_each_answer_of_a_stream_has_its_role_chunk(client):
    """One role chunk per choice, before its text."""
    _, _, chunks = collect(client.chat.completions.create(model="tester", messages=WEATHER, n=2, stream=True))
    roles = [chunk.choices[0].index for chunk in chunks if chunk.choices[0].delta.role]
    assert sorted(roles) == [0, 1]


def test_usage_at_the_end_of_a_stream(client):
    """include_usage adds one last chunk without choices; the counts are those of the whole answer."""
    whole = client.chat.completions.create(model="tester", messages=WEATHER, n=2, temperature=1).usage
    _, _, chunks = collect(
        client.chat.completions.create(
            model="tester", messages=WEATHER, n=2, temperature=1, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.model_dump() == whole.model_dump()
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_continuous_usage(client):
    """continuous_usage_stats puts growing counts on every chunk."""
    _, _, chunks = collect(
        client.chat.completions.create(
            model="tester",
            messages=WEATHER,
            stream=True,
            stream_options={"include_usage": True, "continuous_usage_stats": True},
        )
    )
    counts = [chunk.usage.completion_tokens for chunk in chunks]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == counts[-2] > 5


def test_text_parts(client):
    """Content as a list of text parts is the same prompt."""
    parts = [{"role": "user", "content": [{"type": "text", "text": WEATHER[0]["content"]}]}]
    whole = client.chat.completions.create(model="tester", messages=WEATHER)
    in_parts = client.chat.completions.create(model="tester", messages=parts)
    assert in_parts.choices[0].message.content == WEATHER_TEXT
    assert in_parts.usage.prompt_tokens == whole.usage.prompt_tokens


def test_conversation(client):
    """System, assistant and user messages reach the template."""
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "And the weather?"},
    ]
    answer = client.chat.completions.create(model="tester", messages=messages)
    assert answer.choices[0].message.content == WEATHER_TEXT
    assert answer.usage.prompt_tokens > 20


@pytest.mark.parametrize("model", ["tester", "also-tester", ""])
def test_served_names(client, model):
    """Each name is served, none means the one there is; answers show the first."""
    answer = client.chat.completions.create(model=model, messages=WEATHER, max_tokens=1)
    assert answer.model == "tester"


def test_request_id_of_the_client(client):
    """X-Request-Id and request_id become the answer's id; the header wins."""

    def ask(**more):
        return client.chat.completions.create(model="tester", messages=WEATHER, max_tokens=1, **more).id

    assert ask(extra_headers={"X-Request-Id": "abc"}) == "chatcmpl-abc"
    assert ask(extra_body={"request_id": "xyz"}) == "chatcmpl-xyz"
    assert ask(extra_headers={"X-Request-Id": "abc"}, extra_body={"request_id": "xyz"}) == "chatcmpl-abc"


def test_same_request_id_twice_at_once(client):
    """Ids on the wire are the server's own: two requests of one name do not mix."""
    one = client.chat.completions.create(
        model="tester", messages=WEATHER, stream=True, extra_headers={"X-Request-Id": "same"}
    )
    two = client.chat.completions.create(
        model="tester",
        messages=[{"role": "user", "content": "greet in Chinese"}],
        stream=True,
        extra_headers={"X-Request-Id": "same"},
    )
    assert collect(two)[0] == {0: "你好，世界！🌍 Grüße."}
    assert collect(one)[0] == {0: WEATHER_TEXT}


def test_stream_on_the_wire(http):
    """Server-sent events with vLLM's headers, ended by [DONE]."""
    body = {"model": "tester", "messages": WEATHER, "stream": True}
    with http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        raw = response.read()
    events = raw.split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    first = json.loads(events[0].removeprefix(b"data: "))
    assert first["choices"][0] == {
        "index": 0,
        "delta": {"role": "assistant", "content": ""},
        "logprobs": None,
        "finish_reason": None,
    }


def test_repetition_is_told(client):
    """vLLM's own finish reason passes through."""
    answer = client.chat.completions.create(model="tester", messages=[{"role": "user", "content": "repeat yourself"}])
    assert answer.choices[0].finish_reason == "repetition"


def test_continued_message_has_its_role(client):
    """Without a generation prompt, the answer is a message of whoever spoke last."""
    answer = client.chat.completions.create(
        model="tester",
        messages=[*WEATHER, {"role": "assistant", "content": "Well,"}],
        max_tokens=2,
        extra_body={"add_generation_prompt": False, "continue_final_message": True},
    )
    assert answer.choices[0].message.role == "assistant"


def test_long_prompt_is_answered(client):
    """Above the size that is tokenized beside the loop, the answer is the same kind of answer."""
    text = "word " * 6000
    answer = client.chat.completions.create(
        model="tester", messages=[{"role": "user", "content": text + "about the weather"}]
    )
    assert answer.choices[0].message.content == WEATHER_TEXT
    assert answer.usage.prompt_tokens > 6000
