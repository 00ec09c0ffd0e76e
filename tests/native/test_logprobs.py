# SPDX-License-Identifier: Apache-2.0
"""The members about logprobs, byte for byte those of vLLM's own code (make_golden_logprobs.py), for both families."""

from __future__ import annotations

import json
from array import array
from pathlib import Path

import msgspec
import pytest

from fastfront._native import pump as native
from fastfront._native.details import AnswerDetails
from fastfront.prompt import Model
from fastfront.prompt.token_names import token_names

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden_logprobs.json").read_bytes())
CASES = [(model, case) for model, cases in GOLDEN.items() for case in cases]
RAW_VIEW = 3
SHOWN = 3


@pytest.fixture(
    params=[(model, case, names) for model, case in CASES for names in ("vocab", "names")],
    ids=lambda param: f"{param[0]}-{param[2]}",
)
def golden(request):
    """Return the model's vocabulary, or the table that would name its tokens if it had none, and a case."""
    model, case, names = request.param
    loaded = Model.load(str(HERE.parent / "prompt" / "models" / model))
    assert loaded.vocab is not None
    return loaded.vocab if names == "vocab" else token_names(loaded.tokenizer.backend), case


def packed(dtype, code, shape, values):
    return [dtype, shape, msgspec.msgpack.Ext(RAW_VIEW, array(code, values).tobytes())]


def wire_rows(rows):
    """Return LogprobsLists of these rows."""
    shape = [len(rows), len(rows[0][0])]
    return [
        packed("<i4", "i", shape, [token for ids, _, _ in rows for token in ids]),
        packed("<f4", "f", shape, [value for _, values, _ in rows for value in values]),
        packed("<i8", "q", [len(rows)], [rank for _, _, rank in rows]),
        None,
    ]


def answer(golden, kind, details):
    """Play the rows as a prompt's and as an answer's, and return the answer's bytes."""
    vocab, case = golden
    rows = case["rows"]
    sampled = [ids[0] for ids, _, _ in rows]
    response = native.Response(
        kind, id="x", model="m", created=1, vocab=vocab, prompt_token_ids=[[0, *sampled]], details=details
    )
    pump = native.Pump()
    pump.add(response)
    output = [response.wire_ids[0], sampled, wire_rows(rows), wire_rows(rows), None, 1]
    pump.process(msgspec.msgpack.encode([0, [output], None, 1.0]))
    assert response.finished
    return response.take().decode()


@pytest.mark.parametrize("names", ["texts", "ids"])
@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (native.KIND_CHAT, "chat"),
        (native.KIND_CHAT_STREAM, "chat_stream"),
        (native.KIND_COMPLETION, "completion"),
        (native.KIND_COMPLETION_STREAM, "completion_stream"),
    ],
)
def test_logprobs_are_vllms(golden, kind, member, names):
    """Names, bytes, offsets, the order of members and how floats are printed."""
    details = AnswerDetails(logprobs=True, num_shown=SHOWN, num_kept=SHOWN, as_token_ids=names == "ids")
    assert f'"logprobs":{golden[1][f"{member}_{names}"]},"finish_reason"' in answer(golden, kind, details)


@pytest.mark.parametrize("kind", [native.KIND_CHAT, native.KIND_COMPLETION])
def test_prompt_logprobs_are_vllms(golden, kind):
    """A list with null for the first token; ranks, and names that the tokens before have a part in."""
    details = AnswerDetails(prompt_logprobs=True, num_prompt_kept=SHOWN)
    assert f'"prompt_logprobs":{golden[1]["prompt_logprobs"]},"prompt_token_ids"' in answer(golden, kind, details)


def test_the_rows_are_hard(golden):
    """Halves of characters, tokens given twice, values that are none, exponents."""
    text = json.dumps(golden[1])
    assert '\\"bytes\\":[]' in text
    assert "-9999.0" in text
    assert "e-0" in text
    assert any(ids[0] in ids[1:] for ids, _, _ in golden[1]["rows"])
