# SPDX-License-Identifier: Apache-2.0
"""Prompts of embeddings, whole and in places: which rows stand where, and what is refused."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import Model, render_chat, render_completion
from fastfront.prompt.chat_embeds import Spread
from fastfront.prompt.conversation import EMBEDS_PLACEHOLDER
from fastfront.prompt.embeds import EmbedsFormat, EmbedsMatrix, read_embeds
from fastfront.prompt.render import RenderedPrompt
from fastfront.protocol import decode_chat_completion_request, decode_completion_request
from tests.prompt.tensor_files import archive, pickled_tensor

WIDTH = 2
MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="module", params=["chatml", "sentencepiece"])
def model(request: pytest.FixtureRequest) -> Model:
    """Return a model that takes embeddings."""
    loaded = Model.load(str(MODELS / request.param), enable_prompt_embeds=True)
    loaded.accept_embeds("float32")
    loaded.embeds = EmbedsFormat(WIDTH, "float32")
    return loaded


def embeds(*rows: float) -> str:
    """Return base64 of a tensor file with rows of one number each, repeated."""
    numbers = [number for row in rows for number in (row, row)]
    pickled = pickled_tensor((len(rows), WIDTH), (WIDTH, 1), size=len(numbers))
    return base64.b64encode(archive(pickled, struct.pack(f"<{len(numbers)}f", *numbers))).decode()


def rows_of(prompt: RenderedPrompt) -> list[float]:
    assert prompt.embeds is not None
    assert (prompt.embeds.dtype, prompt.embeds.hidden_size) == ("float32", WIDTH)
    numbers = struct.unpack(f"<{prompt.embeds.rows * WIDTH}f", prompt.embeds.data)
    assert numbers[::2] == numbers[1::2]
    return list(numbers[::2])


def chat(model: Model, *content: Any, **fields: Any) -> RenderedPrompt:
    parts = [
        {"type": "prompt_embeds", "data": part[1:]} if part[0] == "=" else {"type": "text", "text": part}
        for part in content
    ]
    body = {"messages": [{"role": "user", "content": parts}], **fields}
    return render_chat(model, decode_chat_completion_request(json.dumps(body).encode()))


def completion(model: Model, **fields: Any) -> list[RenderedPrompt]:
    return render_completion(model, decode_completion_request(json.dumps(fields).encode()))


def test_a_completion_has_a_zero_for_each_row(model: Model) -> None:
    """Embeddings come before texts, each in its order."""
    first, second, text = completion(model, prompt="hi", prompt_embeds=[embeds(1, 2, 3), embeds(4)])
    assert (first.token_ids, rows_of(first)) == ([0, 0, 0], [1, 2, 3])
    assert (second.token_ids, rows_of(second)) == ([0], [4])
    assert text.embeds is None
    assert text.token_ids == model.tokenizer.encode("hi", add_special_tokens=True)
    assert first.embeds is not None
    assert first.embeds.is_token_ids is None


@pytest.mark.parametrize(("side", "kept"), [(None, [4, 5]), ("left", [4, 5]), ("right", [1, 2])])
def test_a_completion_is_cut_as_tokens_are(model: Model, side: str | None, kept: list[float]) -> None:
    """Rows go where tokens would."""
    fields = {"truncate_prompt_tokens": 2, "truncation_side": side}
    (prompt,) = completion(model, prompt_embeds=embeds(1, 2, 3, 4, 5), **fields)
    assert (prompt.token_ids, rows_of(prompt)) == ([0, 0], kept)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"echo": True}, "Echo is unsupported with prompt embeds."),
        ({"prompt_logprobs": 0}, "prompt_logprobs is not compatible with prompt embeds."),
        ({"suffix": "x"}, "suffix is not supported with prompt_embeds"),
        ({"prompt_embeds": [embeds(1), "?"]}, "Non-base64 digit found"),
        ({"prompt_embeds": embeds()}, "The decoder prompt cannot be empty"),
        ({"prompt_embeds": embeds(*[0.0] * 5000)}, "your prompt contains 5000 input tokens"),
    ],
)
def test_completions_that_cannot_be(model: Model, fields: dict[str, Any], words: str) -> None:
    """In vLLM's words."""
    model.max_model_len = 4096
    with pytest.raises(BadRequestError) as caught:
        completion(model, **{"prompt_embeds": embeds(1), **fields})
    assert words in caught.value.message


def test_a_chat_has_rows_where_its_parts_are(model: Model) -> None:
    """Zeros elsewhere, which the engine takes from the tokens."""
    placeholder = model.tokenizer.token_to_id(EMBEDS_PLACEHOLDER)
    prompt = chat(model, "a", "=" + embeds(1, 2), "b", "=" + embeds(3))
    where = [index for index, token_id in enumerate(prompt.token_ids) if token_id == placeholder]
    assert len(where) == 3
    assert where[1] == where[0] + 1
    expected = [0.0] * len(prompt.token_ids)
    for index, number in zip(where, (1, 2, 3), strict=True):
        expected[index] = number
    assert rows_of(prompt) == expected
    assert prompt.embeds is not None
    assert prompt.embeds.is_token_ids == [token_id != placeholder for token_id in prompt.token_ids]
    without = [token_id for token_id in prompt.token_ids if token_id != placeholder]
    assert model.tokenizer.decode(without).count("a") >= 1


def test_a_chat_is_cut_in_its_parts(model: Model) -> None:
    """Ids, rows and the mask together, on either side, at every length."""
    whole = chat(model, "=" + embeds(1, 2, 3), "b")
    rows = rows_of(whole)
    assert whole.embeds is not None
    mask = whole.embeds.is_token_ids
    assert mask is not None
    count = len(rows)
    for kept in range(1, count + 1):
        for side, window in (("left", slice(count - kept, count)), ("right", slice(0, kept))):
            prompt = chat(model, "=" + embeds(1, 2, 3), "b", truncate_prompt_tokens=kept, truncation_side=side)
            assert prompt.embeds is not None
            assert prompt.token_ids == whole.token_ids[window]
            assert (rows_of(prompt), prompt.embeds.is_token_ids) == (rows[window], mask[window])


def test_no_text_may_hold_the_placeholder(model: Model) -> None:
    """It would move where embeddings stand."""
    with pytest.raises(BadRequestError, match="may not contain the reserved placeholder '<prompt_embeds>'"):
        chat(model, "so <prompt_embeds>")
    body = {"messages": [{"role": "user", "content": "<prompt_embeds>"}]}
    with pytest.raises(BadRequestError, match="may not contain the reserved placeholder"):
        render_chat(model, decode_chat_completion_request(json.dumps(body).encode()))


def test_a_part_without_rows_has_no_place(model: Model) -> None:
    """As in vLLM, which finds no span of it."""
    with pytest.raises(BadRequestError, match=r"Expected 2 prompt_embeds placeholder spans.*, found 1"):
        chat(model, "=" + embeds(), "=" + embeds(1))


def test_a_part_that_unfolds_is_refused_before_memory_is_taken(model: Model) -> None:
    """One row, repeated by a stride of 0: its length is looked at first."""
    model.max_model_len = 4096
    file = archive(pickled_tensor((2**27, WIDTH), (0, 1), size=WIDTH), bytes(8))
    part = "=" + base64.b64encode(file).decode()
    with pytest.raises(BadRequestError, match=r"your prompt contains 1342177\d\d input tokens"):
        chat(model, part)
    assert len(chat(model, part, truncate_prompt_tokens=7).token_ids) == 7


def test_a_server_without_the_flag(chatml: Model) -> None:
    """Takes neither, and the placeholder is text like any other."""
    with pytest.raises(BadRequestError, match="You must set `--enable-prompt-embeds` to input `prompt_embeds` "):
        chat(chatml, "=" + embeds(1))
    with pytest.raises(BadRequestError, match=r"You must set `--enable-prompt-embeds` to input `prompt_embeds`\. "):
        completion(chatml, prompt_embeds=embeds(1))
    assert "<prompt_embeds>" in (chat(chatml, "so <prompt_embeds>").text or "")


def test_a_template_that_leaves_a_part_out() -> None:
    """There have to be as many placeholders as parts."""
    part: EmbedsMatrix = read_embeds(embeds(1), EmbedsFormat(WIDTH, "float32"))
    with pytest.raises(
        BadRequestError, match="Expected 1 prompt_embeds placeholder tokens in the rendered prompt, found 0"
    ):
        Spread([1, 2, 3], 9, [part])
    with pytest.raises(BadRequestError, match="found 2"):
        Spread([9, 2, 9], 9, [part])
