# SPDX-License-Identifier: Apache-2.0
"""Request bodies: the right size, other in every request where they should be, the same for the same seed."""

from __future__ import annotations

import json

import pytest

from fastfront._native.load import MARK_BYTES
from fastfront.bench.prompts import MARK, MAX_BODIES, Text, find_marks, make_bodies, read_bodies
from fastfront.bench.words import WORDS
from fastfront.bench.workloads import CUSTOM, NAMED, vary
from fastfront.errors import StartupError


def bodies(workload, seed=1, **options):
    return make_bodies(workload, "m", Text(0.5, seed), **options)


def test_a_mark_is_what_the_client_overwrites():
    """Python and C++ agree on a mark's length, and no word looks like one."""
    assert len(MARK) == MARK_BYTES
    assert not any(MARK in word for word in WORDS)


def test_a_streaming_chat():
    """Sampling, stream and usage are asked for; the prompt has its tokens in words, less what the template adds."""
    made = bodies(vary(CUSTOM, prompt_tokens=120), overhead_tokens=20)
    assert len(made) == MAX_BODIES
    data, marks = made[0]
    body = json.loads(data)
    assert body["model"] == "m"
    assert (body["max_tokens"], body["stream"], body["ignore_eos"]) == (100, True, True)
    assert body["stream_options"] == {"include_usage": True}
    question = body["messages"][-1]["content"]
    assert len(question.split()) == 1 + 50
    assert marks == [data.index(MARK.encode())]


def test_text_completions():
    """The other endpoint has a prompt instead of messages."""
    body = json.loads(bodies(vary(CUSTOM, chat=False, stream=False))[0][0])
    assert body["prompt"].startswith(MARK)
    assert "messages" not in body
    assert "stream" not in body


def test_logprobs_are_asked_for():
    """Where the workload has them."""
    body = json.loads(bodies(NAMED["logprobs64"])[0][0])
    assert (body["logprobs"], body["top_logprobs"]) == (True, 5)
    assert "logprobs" not in json.loads(bodies(CUSTOM)[0][0])


def test_tools_are_offered():
    """Where the workload's answers call them."""
    body = json.loads(bodies(NAMED["parsed64"])[0][0])
    assert body["tools"][0]["function"]["name"] == "get_weather"
    assert "tools" not in json.loads(bodies(CUSTOM)[0][0])


def test_extra_members_win():
    """--extra-body goes above what is made; a null takes a member away."""
    body = json.loads(bodies(CUSTOM, extra={"temperature": 0.7, "x": 1, "ignore_eos": None})[0][0])
    assert (body["temperature"], body["x"]) == (0.7, 1)
    assert "ignore_eos" not in body


def test_the_same_seed_gives_the_same_bodies():
    """Every frontend, and every day, gets the same requests."""
    assert bodies(CUSTOM) == bodies(CUSTOM)
    assert bodies(CUSTOM, seed=2) != bodies(CUSTOM)


def test_new_chats_have_a_mark_in_every_message():
    """Nothing of an agent's chat was seen before: 81 messages, each with letters of its own."""
    data, marks = bodies(NAMED["agent2"])[0]
    messages = json.loads(data)["messages"]
    assert len(messages) == len(marks) == 81
    assert [one["role"] for one in messages[-3:]] == ["user", "assistant", "user"]
    assert 20_000 < len(" ".join(one["content"] for one in messages).split()) < 28_000


def test_agents_send_calls_and_their_results():
    """New ones in every request; their arguments are JSON, and each result has its call's id."""
    data, marks = bodies(NAMED["calls2"])[0]
    body = json.loads(data)
    question, *exchanges = body["messages"]
    assert (question["role"], body["tool_choice"], len(body["tools"])) == ("user", "none", 1)
    assert len(exchanges) == 80
    assert len(marks) == 81
    for call, result in zip(exchanges[::2], exchanges[1::2], strict=True):
        (made,) = call["tool_calls"]
        assert (call["role"], call["content"], result["role"]) == ("assistant", None, "tool")
        assert result["tool_call_id"] == made["id"]
        assert set(json.loads(made["function"]["arguments"])) == {"place", "days"}
    assert 16_000 < len(data.split()) < 28_000


def test_growing_chats_go_on_where_they_were():
    """The next turn of a chat begins with all of the one before, and has no marks."""
    made = bodies(vary(NAMED["turns2"], prompt_tokens=800))
    assert all(marks == [] for _, marks in made)
    first, again = (json.loads(made[index][0])["messages"] for index in (0, 8))
    assert again[: len(first)] == first
    assert len(again) == len(first) + 2


def test_every_mark_is_found():
    """Marks may stand anywhere, side by side, too."""
    assert find_marks(f"a{MARK}{MARK}b{MARK}".encode()) == [1, 1 + MARK_BYTES, 2 + 2 * MARK_BYTES]
    assert find_marks(b"none") == []


def test_a_dataset_is_sent_as_it_is(tmp_path):
    """Bodies keep their members; a missing model, and a stream's usage, are filled in; empty lines are none."""
    file = tmp_path / "some.jsonl"
    file.write_text('{"prompt": "ä", "model": "x"}\n\n{"messages": [], "stream": true}\n')
    one, two = (json.loads(data) for data, _ in read_bodies(file, "m"))
    assert one == {"prompt": "ä", "model": "x"}
    assert two == {"messages": [], "stream": True, "model": "m", "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{}\n{", "line 2: not JSON"),
        ("[]\n", "line 1: a request body is"),
        ("\n", "no request bodies"),
        (None, "cannot"),
    ],
)
def test_a_broken_dataset_is_told(tmp_path, content, reason):
    """The message names the file and the line."""
    file = tmp_path / "some.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StartupError, match=reason):
        read_bodies(file, "m")
