# SPDX-License-Identifier: Apache-2.0
"""What answers carry besides their text, with the real openai client: logprobs, token ids, echoes, intervals."""

from __future__ import annotations

import array

import pytest
from tokenizers import Tokenizer

from fastfront.sim import MODEL_PATH
from fastfront.sim.logprobs import _labels, _row
from tests.e2e.ways import every_way
from tests.reference import logprobs as reference

pytestmark = pytest.mark.e2e

TOKENIZER = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
NAMES = reference.Names(TOKENIZER)
CHINESE = [{"role": "user", "content": "Please greet in Chinese"}]
TWO = {"n": 2, "temperature": 1.0}


def rows_of(token_ids, count):
    """Return what the embedded engine sends for these tokens, as float32 widened."""
    rows = [_row(token, count, TOKENIZER.get_vocab_size()) for token in token_ids]
    return [(row.token_ids, array.array("f", row.logprobs).tolist(), row.rank) for row in rows]


def chat(client, **more):
    more = {"messages": CHINESE, "max_tokens": 30, **more}
    body = more.pop("extra_body", {})
    return client.chat.completions.create(model="tester", extra_body={"return_token_ids": True, **body}, **more)


def complete(client, prompt="Please greet in Chinese:", **more):
    body = more.pop("extra_body", {})
    more = {"max_tokens": 30, **more}
    return client.completions.create(
        model="tester", prompt=prompt, extra_body={"return_token_ids": True, **body}, **more
    )


@every_way
@pytest.mark.parametrize("shown", [0, 3, 20])
@pytest.mark.parametrize("as_ids", [False, True])
def test_chat_logprobs_are_the_engines(client, shown, as_ids):
    """Whole and streamed: every token, its bytes, and the first of its row, halves of characters put together."""
    asked = {"logprobs": True, "top_logprobs": shown, "extra_body": {"return_tokens_as_token_ids": as_ids}}
    choice = chat(client, **asked).choices[0].to_dict()
    token_ids = choice["token_ids"]
    expected = reference.chat_content(
        token_ids, reference.positions(NAMES, rows_of(token_ids, shown), shown), shown, as_ids=as_ids
    )
    assert choice["logprobs"] == {"content": expected}
    streamed = [chunk.choices[0].to_dict() for chunk in chat(client, stream=True, **asked)][1:]
    assert [entry for each in streamed for entry in each["logprobs"]["content"]] == expected
    assert [token for each in streamed for token in each["token_ids"]] == token_ids
    assert any(len(each["bytes"]) > 1 and each["bytes"][0] >= 0x80 for each in expected) or as_ids


@every_way
@pytest.mark.parametrize("shown", [0, 2])
def test_completion_logprobs_are_the_engines(client, shown):
    """Four lists, one more token than was asked for in each; a stream's offsets go on from chunk to chunk."""
    choice = complete(client, logprobs=shown).choices[0].to_dict()
    token_ids = choice["token_ids"]
    found = reference.positions(NAMES, rows_of(token_ids, shown), shown)
    expected = reference.completion_lists(token_ids, found, "", shown)
    assert choice["logprobs"] == expected
    joined = {name: [] for name in expected}
    for chunk in complete(client, logprobs=shown, stream=True):
        for name, items in chunk.choices[0].to_dict()["logprobs"].items():
            joined[name] += items
    assert joined == expected


@every_way
def test_completion_echo_has_the_prompts_logprobs(client):
    """The prompt's text and logprobs come first, in a stream with the first chunk; its first token has none."""
    asked = {"logprobs": 1, "echo": True, "max_tokens": 4, "extra_body": {"return_token_ids": False}}
    prompt = "Now the weather:"
    choice = complete(client, prompt, **asked).choices[0].to_dict()
    ids = TOKENIZER.encode(prompt, add_special_tokens=False).ids
    said = TOKENIZER.encode("It is sunny today", add_special_tokens=False).ids[:4]
    echoed = [None, *reference.positions(NAMES, rows_of(ids[1:], 1), 1)]
    found = [*echoed, *reference.positions(NAMES, rows_of(said, 1), 1)]
    expected = reference.completion_lists([*ids, *said], found, NAMES.decode(ids[:1]), 1)
    assert choice["logprobs"] == expected
    assert choice["text"] == prompt + NAMES.decode(said)
    assert choice["prompt_logprobs"] == [
        None if position is None else {str(token): value for token, value in position.items()} for position in echoed
    ]
    first, *rest = [chunk.choices[0].to_dict() for chunk in complete(client, prompt, stream=True, **asked)]
    assert first["text"].startswith(prompt)
    assert first["prompt_token_ids"] == ids
    assert [name for each in (first, *rest) for name in each["logprobs"]["tokens"]] == expected["tokens"]
    assert all(each["prompt_token_ids"] is None for each in rest)


def test_an_echo_alone_leaves_out_the_engines_token(client):
    """Nothing follows the prompt, though the engine has to make one token."""
    asked = {"echo": True, "max_tokens": 0, "logprobs": 0, "extra_body": {"return_token_ids": False}}
    answer = complete(client, "one two", **asked)
    assert answer.choices[0].text == "one two"
    assert answer.choices[0].logprobs.tokens == ["one", " two"]
    assert answer.usage.completion_tokens == 1


def test_an_echo_with_ids_has_no_text(client):
    """Whoever asks for the prompt's ids gets them in place of its text."""
    answer = complete(client, "one two", echo=True, max_tokens=1).choices[0].to_dict()
    assert not answer["text"].startswith("one")
    assert answer["prompt_token_ids"] == TOKENIZER.encode("one two").ids


@every_way
def test_a_chats_echo_is_the_last_message(client):
    """Before the answer's text, in a stream as an event of its own; only of who answers."""
    messages = [*CHINESE, {"role": "assistant", "content": "Well, "}]
    body = {"echo": True, "continue_final_message": True, "add_generation_prompt": False}
    whole = chat(client, messages=messages, extra_body=body).choices[0].message.content
    streamed = list(chat(client, messages=messages, stream=True, extra_body=body))
    assert whole.startswith("Well, ")
    assert streamed[1].choices[0].delta.content == "Well, "
    assert "".join(chunk.choices[0].delta.content for chunk in streamed) == whole
    assert chat(client, extra_body={"echo": True}).choices[0].message.content == "你好，世界！🌍 Grüße."


def test_prompt_logprobs_of_a_chat_belong_to_the_answer(client):
    """As a list by position, whose objects have the ids for names."""
    answer = chat(client, max_tokens=1, extra_body={"prompt_logprobs": 2}).to_dict()
    ids = answer["prompt_token_ids"]
    found = reference.positions(NAMES, rows_of(ids[1:], 2), 2)
    assert answer["prompt_logprobs"] == [
        None,
        *({str(token): value for token, value in position.items()} for position in found),
    ]


def test_prompt_logprobs_in_frames_of_their_own(client):
    """A long prompt's arrays are no part of the message's first frame."""
    answer = complete(client, "word " * 500, max_tokens=1, extra_body={"prompt_logprobs": 1}).choices[0].to_dict()
    assert len(answer["prompt_logprobs"]) == len(answer["prompt_token_ids"]) > 400


def test_labels_are_the_tokens_asked_for(client):
    """`logprob_token_ids`: the sampled token and exactly those, whatever top_logprobs says."""
    body = {"logprob_token_ids": [10, 11], "return_tokens_as_token_ids": True}
    choice = chat(client, logprobs=True, max_tokens=2, extra_body=body).choices[0].to_dict()
    for token, entry in zip(choice["token_ids"], choice["logprobs"]["content"], strict=True):
        row = _labels(token, (10, 11))
        assert [top["token"] for top in entry["top_logprobs"]] == [f"token_id:{i}" for i in row.token_ids]


def test_the_prompt_is_shown_on_request(client):
    """As ids and as text, in a stream with each choice's first event only."""
    body = {"return_prompt_text": True}
    whole = chat(client, extra_body=body).to_dict()
    assert TOKENIZER.encode(whole["prompt_text"]).ids == whole["prompt_token_ids"]
    events = [chunk.to_dict() for chunk in chat(client, stream=True, extra_body=body, **TWO)]
    shown = [(event.get("prompt_text"), event.get("prompt_token_ids")) for event in events]
    assert shown[:2] == [(whole["prompt_text"], whole["prompt_token_ids"])] * 2
    assert set(map(str, shown[2:])) == {"(None, None)"}


@every_way
def test_several_choices_keep_their_details_apart(client):
    """n = 2: each choice's ids and logprobs are its own text's."""
    asked = {"max_tokens": 12, "logprobs": True, "top_logprobs": 1, "seed": 5, **TWO}
    messages = [{"role": "user", "content": "Tell me something"}]
    whole = chat(client, messages=messages, **asked).choices
    texts, names = {}, {}
    for chunk in chat(client, messages=messages, stream=True, **asked):
        choice = chunk.choices[0].to_dict()
        texts[choice["index"]] = texts.get(choice["index"], "") + choice["delta"]["content"]
        content = (choice["logprobs"] or {"content": []})["content"]
        names.setdefault(choice["index"], []).extend(entry["token"] for entry in content)
    assert texts == {choice.index: choice.message.content for choice in whole}
    assert names == {choice.index: [entry.token for entry in choice.logprobs.content] for choice in whole}
    assert texts[0] != texts[1]


@every_way
def test_stream_interval_joins_tokens(client):
    """The first token comes alone, then so many together, the rest with the end; text and ids stay the same."""
    asked = {"max_tokens": 12, "logprobs": 0, "extra_body": {"ignore_eos": True, "stream_interval": 5}}
    whole = complete(client, "Once upon a time", **asked).choices[0].to_dict()
    events = [chunk.choices[0].to_dict() for chunk in complete(client, "Once upon a time", stream=True, **asked)]
    assert [len(event["token_ids"]) for event in events] == [1, 5, 5, 1]
    assert [len(event["logprobs"]["tokens"]) for event in events] == [1, 5, 5, 1]
    assert "".join(event["text"] for event in events) == whole["text"]


def test_a_stop_string_cuts_the_details_too(client):
    """What the engine made behind it is in no member."""
    asked = {"logprobs": 0, "stop": ["世界"]}
    whole = complete(client, **asked).choices[0].to_dict()
    assert whole["stop_reason"] == "世界"
    assert len(whole["logprobs"]["tokens"]) == len(whole["token_ids"])
    assert NAMES.decode(whole["token_ids"]).rstrip("\ufffd").endswith("世界")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"logprobs": True, "top_logprobs": 21}, "logprobs"),
        ({"extra_body": {"prompt_logprobs": 21}}, "prompt_logprobs"),
        ({"stream": True, "extra_body": {"prompt_logprobs": 1}}, "prompt_logprobs"),
        ({"logprobs": True, "extra_body": {"logprob_token_ids": [10**9]}}, "logprob_token_ids"),
    ],
)
def test_too_much_is_refused(client, more, param):
    """With the field's name."""
    import openai

    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, **more)
    assert caught.value.param == param
