# SPDX-License-Identifier: Apache-2.0
"""What tokens are called where decoders have no native form: vLLM's own names (make_golden_foreign.py)."""

from __future__ import annotations

import json
from array import array
from pathlib import Path

import msgspec
import pytest

from fastfront._native import pump as native
from fastfront._native.details import AnswerDetails
from fastfront._native.text import Vocab
from fastfront.prompt.token_names import token_names
from tests.prompt import foreign_cases

GOLDEN: dict[str, list[str]] = json.loads(Path(__file__).with_name("golden_foreign.json").read_bytes())
TOKENIZERS = foreign_cases.tokenizers()
RAW_VIEW = 3


def packed(dtype: str, code: str, shape: list[int], value: float) -> list[object]:
    return [dtype, shape, msgspec.msgpack.Ext(RAW_VIEW, array(code, [value]).tobytes())]


def named(names: Vocab, token_ids: list[int]) -> list[str]:
    """Play the tokens as an answer whose text is made outside, all of it after all of them; return their names."""
    response = native.Response(
        native.KIND_COMPLETION,
        id="x",
        model="m",
        created=1,
        vocab=None,
        token_names=names,
        prompt_token_ids=[[0]],
        details=AnswerDetails(logprobs=True, num_shown=0, num_kept=0),
    )
    pump = native.Pump()
    pump.add(response)
    for number, token_id in enumerate(token_ids, 1):
        row = [packed("<i4", "i", [1, 1], token_id), packed("<f4", "f", [1, 1], -number), packed("<i8", "q", [1], 1)]
        finish = 1 if number == len(token_ids) else None
        output = [response.wire_ids[0], [token_id], [*row, None], None, None, finish]
        pump.process(msgspec.msgpack.encode([0, [output], None, 1.0]))
    for choice, ids, finish, reason in response.take_deltas():
        response.feed(choice, ids, [""] * len(ids), finish, reason)
    assert response.finished
    logprobs = json.loads(response.take())["choices"][0]["logprobs"]
    assert logprobs["token_logprobs"] == [-number for number in range(1, len(token_ids) + 1)]
    return list(logprobs["tokens"])


@pytest.mark.parametrize("name", TOKENIZERS)
def test_names_are_vllms(name: str) -> None:
    """Decoded alone, with the spaces that this takes; a token that completes a character has all of it."""
    tokenizer = TOKENIZERS[name]
    assert named(token_names(tokenizer), foreign_cases.sequence(tokenizer)) == GOLDEN[name]


def test_the_sequences_are_hard() -> None:
    """Characters in several tokens, and spaces that are restored."""
    for name in ("byte_level", "metaspace_bytes", "unigram"):
        assert GOLDEN[name].count("") > 5
        assert "🎉" in GOLDEN[name]
    assert "  b" in GOLDEN["metaspace"]


def test_a_token_is_given_once() -> None:
    """In whichever of the two lists, and within the table's bound."""
    for texts, halves in (([(1, "a"), (1, "b")], []), ([(1, "a")], [(1, "b")]), ([(1 << 24, "a")], [])):
        with pytest.raises(ValueError, match="token"):
            Vocab.from_texts(texts, halves, family="byte_level")
