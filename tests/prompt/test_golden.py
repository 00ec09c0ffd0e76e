# SPDX-License-Identifier: Apache-2.0
"""Prompts, sampling parameters and refusals are vLLM's, case by case. make_golden.py made the files, with vLLM."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastfront.engine.types import SamplingParams
from fastfront.errors import FastFrontError
from fastfront.prompt import (
    Model,
    lower_chat_sampling_params,
    lower_completion_sampling_params,
    render_chat,
    render_completion,
)
from fastfront.protocol import decode_chat_completion_request, decode_completion_request

HERE = Path(__file__).parent
FILES = ("golden_prompts.json", "golden_tokenizers.json", "golden_templates.json", "golden_sampling.json")
JOBS = [(name, number, job) for name in FILES for number, job in enumerate(json.loads((HERE / name).read_text()))]

DEFAULTS: dict[str, Any] = msgspec.to_builtins(SamplingParams()) | {
    field.encode_name: None if field.default is msgspec.NODEFAULT else field.default
    for field in msgspec.structs.fields(SamplingParams)
}
NOT_THE_ENGINES = {"output_kind", "watermarking"}


def load(job: dict[str, Any], folder: Path) -> Model:
    path = folder / "model"
    shutil.copytree(HERE / "models" / job["model"], path)
    for name, content in job["files"].items():
        (path / name).parent.mkdir(exist_ok=True)
        if content is None:
            (path / name).unlink()
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            (path / name).write_text(text, encoding="utf-8")
    return Model.load(str(path), **job["options"])


def sampling(params: SamplingParams) -> dict[str, Any]:
    """Return what the engine sees that is not at its default: the wire form, after vLLM's own __post_init__."""
    seen = msgspec.msgpack.decode(msgspec.msgpack.encode(params))
    ends = {*seen.get("_all_stop_token_ids", ()), *seen.get("stop_token_ids", ())}
    seen["_all_stop_token_ids"] = sorted(ends)
    if "stop_token_ids" in seen:
        seen["stop_token_ids"].sort()
    if seen.get("logit_bias") is not None:
        seen["logit_bias"] = {str(token_id): bias for token_id, bias in seen["logit_bias"].items()}
    if "repetition_detection" in seen:
        seen["repetition_detection"].setdefault("min_pattern_size", 0)
    usual = {**DEFAULTS, "stop_token_ids": [], "_all_stop_token_ids": []}
    return {name: value for name, value in seen.items() if name not in NOT_THE_ENGINES and value != usual[name]}


def answer(model: Model, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return our answer, in the form of the golden files."""
    if kind == "encode":
        return {"token_ids": model.tokenizer.encode(body["text"], body["add_special_tokens"])}
    content = json.dumps(body).encode()
    try:
        if kind == "chat":
            chat = decode_chat_completion_request(content)
            prompt = render_chat(model, chat)
            params = lower_chat_sampling_params(chat, model, len(prompt.token_ids))
            return {"text": prompt.text, "token_ids": prompt.token_ids, "sampling": sampling(params)}
        completion = decode_completion_request(content)
        prompts = render_completion(model, completion)
        lowered = [lower_completion_sampling_params(completion, model, len(prompt.token_ids)) for prompt in prompts]
    except FastFrontError as error:
        return error.to_dict()
    pairs = zip(prompts, lowered, strict=True)
    return {
        "prompts": [
            {"text": prompt.text, "token_ids": prompt.token_ids, "sampling": sampling(params)}
            for prompt, params in pairs
        ]
    }


@pytest.mark.parametrize("job", [pytest.param(job, id=f"{name[7:-5]}-{number}") for name, number, job in JOBS])
def test_every_answer_is_vllms(job: dict[str, Any], tmp_path: Path) -> None:
    """Text, token ids, what the engine is told and the words of every refusal are the same."""
    model = load(job, tmp_path)
    for kind, body, expected in job["cases"]:
        # vLLM keeps no empty text.
        found = json.loads(json.dumps(answer(model, kind, body)).replace('"text": ""', '"text": null'))
        assert found == expected, f"{kind} {json.dumps(body)[:500]}"


def test_the_files_hold_what_they_claim() -> None:
    """Prompts, refusals and several hundred sampling parameters are compared, not a handful."""
    cases = [case for _, _, job in JOBS for case in job["cases"]]
    refused = [case for case in cases if "error" in case[2]]
    assert len(cases) > 1000
    assert len(refused) > 100
    assert sum(len(job["cases"]) for name, _, job in JOBS if name == "golden_sampling.json") >= 200
