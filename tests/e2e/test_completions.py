# SPDX-License-Identifier: Apache-2.0
"""POST /v1/completions with the real openai client."""

from __future__ import annotations

import pytest

from tests.e2e.ways import every_way

pytestmark = [pytest.mark.e2e, every_way]

WEATHER_TEXT = "It is sunny today. Rain comes tomorrow, and then more rain."


def collect(stream):
    """Return the text of each choice and the last chunk."""
    texts, last = {}, None
    for last in stream:
        for choice in last.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    return texts, last


def test_whole_answer(client):
    """The text, the counts and the names."""
    answer = client.completions.create(model="tester", prompt="Now the weather:", max_tokens=100)
    assert (answer.object, answer.model) == ("text_completion", "tester")
    assert answer.id.startswith("cmpl-")
    (choice,) = answer.choices
    assert (choice.index, choice.text, choice.finish_reason) == (0, WEATHER_TEXT, "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_sixteen_tokens_by_default(client):
    """OpenAI's default, and vLLM's."""
    answer = client.completions.create(model="tester", prompt="Once upon a time", extra_body={"ignore_eos": True})
    assert answer.usage.completion_tokens == 16


def test_streamed_answer_is_the_whole_answer(client):
    """Same text in pieces, with usage if asked for."""
    texts, last = collect(
        client.completions.create(
            model="tester",
            prompt="Now the weather:",
            max_tokens=100,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert texts == {0: WEATHER_TEXT}
    assert last.choices == []
    assert last.usage.completion_tokens > 5


@pytest.mark.parametrize("stream", [False, True])
def test_several_prompts_and_samples(client, stream):
    """Choice p*n+i belongs to prompt p, whatever order the engine answers in."""
    prompts = ["Now the weather:", "Please greet in Chinese:", "Now the weather again:"]
    answer = client.completions.create(
        model="tester", prompt=prompts, n=2, temperature=1, max_tokens=100, stream=stream
    )
    texts = collect(answer)[0] if stream else {choice.index: choice.text for choice in answer.choices}
    chinese = "你好，世界！🌍 Grüße."
    assert texts == {0: WEATHER_TEXT, 1: WEATHER_TEXT, 2: chinese, 3: chinese, 4: WEATHER_TEXT, 5: WEATHER_TEXT}


def test_whole_choices_are_in_order(client):
    """Prompt by prompt, sample by sample."""
    answer = client.completions.create(model="tester", prompt=["a b", "c d"], n=2, temperature=1, max_tokens=5)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]


def test_token_ids_are_a_prompt(client, http):
    """Ids of a text give the answer to the text, alone or in a list."""
    text = "Now the weather:"
    ids = http.post("/tokenize", json={"prompt": text}).json()["tokens"]
    question = {"model": "tester", "max_tokens": 100}
    from_text = client.completions.create(prompt=text, **question)
    from_ids = client.completions.create(prompt=ids, **question)
    from_lists = client.completions.create(prompt=[ids, ids], **question)
    assert from_ids.choices[0].text == from_text.choices[0].text == WEATHER_TEXT
    assert from_ids.usage == from_text.usage
    assert [choice.text for choice in from_lists.choices] == [WEATHER_TEXT] * 2


@pytest.mark.parametrize("stream", [False, True])
def test_stop_string_per_choice(client, stream):
    """Each choice stops by itself; the others go on."""
    answer = client.completions.create(
        model="tester",
        prompt=["Now the weather:", "Please greet in Chinese:"],
        stop="today",
        max_tokens=100,
        stream=stream,
    )
    texts = collect(answer)[0] if stream else {choice.index: choice.text for choice in answer.choices}
    assert texts == {0: "It is sunny ", 1: "你好，世界！🌍 Grüße."}


def test_stop_token_id(client, http):
    """A stop token ends the answer, is not shown and is named."""
    ids = http.post("/tokenize", json={"prompt": WEATHER_TEXT, "add_special_tokens": False}).json()["tokens"]
    answer = client.completions.create(
        model="tester", prompt="Now the weather:", max_tokens=100, extra_body={"stop_token_ids": [ids[3]]}
    )
    choice = answer.choices[0]
    assert (choice.finish_reason, choice.model_extra["stop_reason"]) == ("stop", ids[3])
    assert WEATHER_TEXT.startswith(choice.text)
    assert answer.usage.completion_tokens == 4


def test_long_list_of_prompts(client):
    """A hundred prompts in one request are a hundred choices."""
    answer = client.completions.create(model="tester", prompt=[f"Number {i}" for i in range(100)], max_tokens=2)
    assert [choice.index for choice in answer.choices] == list(range(100))
    assert answer.usage.completion_tokens == 200
