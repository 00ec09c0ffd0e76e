# SPDX-License-Identifier: Apache-2.0
"""Prompts of embeddings, beside what vLLM makes of the same files (golden_embeds.json, see make_golden_embeds.py)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import embeds
from fastfront.prompt.embeds import EmbedsFormat, read_embeds
from tests.prompt.tensor_files import archive, pickled_tensor

GOLDEN = json.loads((Path(__file__).with_name("golden_embeds.json")).read_text())
CASES: list[dict[str, Any]] = GOLDEN["cases"]
UNREADABLE = "`prompt_embeds` could not be deserialized as a torch tensor: "


def format_of(case: dict[str, Any]) -> EmbedsFormat:
    return EmbedsFormat(GOLDEN["hidden_size"], case["dtype"])


@pytest.mark.parametrize("case", [case for case in CASES if "data" in case], ids=lambda case: case["name"])
def test_rows_are_vllms(case: dict[str, Any]) -> None:
    """Every form of file, type and layout gives the bytes that vLLM sends to the engine."""
    matrix = read_embeds(case["text"], format_of(case))
    assert [matrix.rows, matrix.tensor.shape[1]] == case["shape"]
    assert matrix.cast() == base64.b64decode(case["data"])


@pytest.mark.parametrize("case", [case for case in CASES if "error" in case], ids=lambda case: case["name"])
def test_refusals_are_vllms(case: dict[str, Any]) -> None:
    """The same words and parameter; only why a file cannot be read is said in words of our own."""
    with pytest.raises(BadRequestError) as raised:
        read_embeds(case["text"], format_of(case)).cast()
    expected = case["error"]
    if expected.startswith(UNREADABLE):
        assert raised.value.message.startswith(UNREADABLE)
    else:
        assert raised.value.message == expected
    assert raised.value.param == case["parameter"]


def test_nothing_in_a_file_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A pickle that calls a function is refused by the name of the function."""
    rogue = [case for case in CASES if case["name"].startswith("rogue")]
    assert len(rogue) == 2
    for case in rogue:
        with pytest.raises(BadRequestError, match="print"):
            read_embeds(case["text"], format_of(case))
    assert capsys.readouterr() == ("", "")


def test_some_rows_alone() -> None:
    """A slice of the rows is what cutting the prompt leaves."""
    case = next(case for case in CASES if case["name"] == "transposed:bfloat16")
    matrix, data = read_embeds(case["text"], format_of(case)), base64.b64decode(case["data"])
    for first in range(6):
        for last in range(6):
            assert matrix.cast(slice(first, last)) == data[first * 16 : max(first, last) * 16]


def test_a_server_without_the_flag_takes_none() -> None:
    """vLLM's words, before anything is read."""
    with pytest.raises(BadRequestError) as raised:
        read_embeds("!", None)
    assert raised.value.message == (
        "You must set `--enable-prompt-embeds` to input `prompt_embeds`. (parameter=prompt_embeds)"
    )


def text_of(file: bytes) -> str:
    return base64.b64encode(file).decode()


def test_a_shape_that_unfolds_is_refused_before_memory_is_taken() -> None:
    """One row repeated by a stride of 0 counts as what it would become."""
    file = archive(pickled_tensor((2**40, 8), (0, 1), size=8), bytes(32))
    with pytest.raises(BadRequestError) as raised:
        read_embeds(text_of(file), EmbedsFormat(8, "float32"))
    assert raised.value.message == (
        "`prompt_embeds` declares shape (1099511627776, 8), which would allocate 35184372088832 bytes (33554432 MiB) "
        "once densified, exceeding the 2147483648 byte limit. Set VLLM_MAX_EMBED_DECODE_BYTES to increase this limit. "
        "(parameter=prompt_embeds, value=35184372088832)"
    )
    assert embeds.MAX_DECODED_BYTES == 2**31


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((2, 8), (8, 1), 1), ((3, 8), (8, 1), 0), ((2, 8), (2**62, 1), 0), ((2, 8), (8, 2**63 - 1), 0)],
)
def test_a_tensor_beyond_its_storage_is_refused(shape: Any, strides: Any, offset: int) -> None:
    """Positions are checked before anything is read."""
    file = archive(pickled_tensor(shape, strides, size=16, offset=offset), bytes(64))
    matrix = read_embeds(text_of(file), EmbedsFormat(8, "float32"))
    with pytest.raises(BadRequestError, match="the tensor does not lie within its storage"):
        matrix.cast()
