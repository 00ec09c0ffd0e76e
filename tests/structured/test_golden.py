# SPDX-License-Identifier: Apache-2.0
"""Constraints reach the engine as vLLM sends them, and are refused in its words. make_golden.py made the file."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastfront.errors import FastFrontError
from fastfront.prompt import Model, lower_chat_sampling_params
from fastfront.protocol import decode_chat_completion_request
from fastfront.routes.constraints import settle_constraints
from fastfront.structured import Checker

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
MODEL = Path(__file__).parent.parent / "prompt" / "models" / "chatml"
LIBRARIES = ("xgrammar", "tvm_ffi", "llguidance", "outlines_core")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(str(MODEL))


async def answer(members: dict[str, Any], checker: Checker, model: Model) -> dict[str, Any]:
    body = json.dumps({"messages": [{"role": "user", "content": "x"}], **members}).encode()
    try:
        request = decode_chat_completion_request(body)
        params = lower_chat_sampling_params(request, model, 1)
        await settle_constraints(checker, request, [params])
    except FastFrontError as error:
        return error.to_dict()
    return {"wire": msgspec.msgpack.decode(msgspec.msgpack.encode(params)).get("structured_outputs")}


def without_times(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what xgrammar says of the hour."""
    return dict(json.loads(re.sub(r"\[\d\d:\d\d:\d\d\] ", "", json.dumps(found))))


@pytest.mark.parametrize("backend", ["auto", "xgrammar", "guidance", "outlines"])
@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in LIBRARIES), reason="needs the libraries of vLLM 0.32"
)
async def test_every_verdict_is_vllms(backend: str, model: Model) -> None:
    """Which backend takes a constraint, what is sent, and every refusal, word by word."""
    checker = Checker(backend, timeout=60)
    try:
        for _, members, expected in (case for case in GOLDEN if case[0] == backend):
            found = await answer(members, checker, model)
            assert without_times(found) == without_times(expected), f"{backend} {json.dumps(members)[:500]}"
    finally:
        checker.close()


@pytest.mark.parametrize("backend", ["auto", "xgrammar", "guidance", "outlines"])
async def test_without_libraries_nothing_good_is_refused(
    backend: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be compiled, the engine is sent what vLLM would send, and has the last word on the rest."""
    monkeypatch.setattr("fastfront.structured.checker.LIBRARIES", ())
    checker = Checker(backend)
    refused = 0
    for _, members, expected in (case for case in GOLDEN if case[0] == backend):
        found = await answer(members, checker, model)
        if "wire" in expected:
            assert found == expected, f"{backend} {json.dumps(members)[:500]}"
        refused += "error" in found
    assert refused > 10


def test_the_file_holds_what_it_claims() -> None:
    """Constraints that pass and that do not, for each backend."""
    assert len(GOLDEN) > 250
    assert sum("error" in expected for _, _, expected in GOLDEN) > 100
    assert {expected["wire"]["_backend"] for _, _, expected in GOLDEN if expected.get("wire")} == {
        "xgrammar",
        "guidance",
        "outlines",
    }
