# SPDX-License-Identifier: Apache-2.0
"""Cohere's parsers end to end: the tags that the engine hears of, calls under every tool_choice, and refusals."""

from __future__ import annotations

import contextlib
import importlib.util
import json

import pytest

from fastfront.config import Config
from tests.e2e.asgi_client import asgi_client

pytestmark = pytest.mark.e2e

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "weather"}}
ARGUMENTS = '{"city": "京都"}'
CALLS = f'<|START_ACTION|>[{{"tool_call_id": "0", "tool_name": "weather", "parameters": {ARGUMENTS}}}]<|END_ACTION|>'
ASKED = {"messages": [{"role": "user", "content": "rain?"}], "max_tokens": 100}
needs_xgrammar = pytest.mark.skipif(importlib.util.find_spec("xgrammar") is None, reason="needs xgrammar")


@contextlib.asynccontextmanager
async def serving(architecture, tmp_path):
    """Yield a client of an app whose model is of the architecture, and calls."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "rain", "text": f"{CALLS}<|im_end|>", "finish": "stop"}]}))
    config = Config(
        engine="sim",
        engine_args=("--script", str(script), "--ttft-ms", "1", "--token-ms", "1"),
        tool_call_parser="cohere_command3",
        enable_auto_tool_choice=True,
        enable_scale_out=True,
        hf_overrides={"architectures": [architecture]},
    )
    async with asgi_client(config) as opened:
        yield opened


@needs_xgrammar
async def test_calls_come_back_whatever_the_choice_is(tmp_path):
    """And what /render says to the engine is a tag around the grammar of the calls."""
    async with serving("Cohere2ForCausalLM", tmp_path) as client:
        for choice, finish_reason in (("auto", "tool_calls"), ("required", "tool_calls"), (NAMED, "stop")):
            body = ASKED | {"tools": [TOOL], "tool_choice": choice}
            answer = (await client.post("/v1/chat/completions", json=body)).json()["choices"][0]
            (call,) = answer["message"]["tool_calls"]
            assert call["function"] == {"name": "weather", "arguments": ARGUMENTS}
            assert (answer["message"]["content"] or "", answer["finish_reason"]) == ("", finish_reason)

            rendered = (await client.post("/v1/chat/completions/render", json=body)).json()
            (tag,) = json.loads(rendered["sampling_params"]["structured_outputs"]["structural_tag"])["format"]["tags"]
            assert (tag["begin"], tag["end"]) == ("<|START_ACTION|>", "<|END_ACTION|>")
            assert "weather ::= weatherroot\n" in tag["content"]["grammar"]


@pytest.mark.parametrize(
    "more",
    [{"tools": [TOOL]}, {"tools": [TOOL], "tool_choice": "required", "response_format": {"type": "json_object"}}],
)
async def test_other_architectures_refuse_tools(more, tmp_path):
    """In vLLM's words; a chat without tools is served."""
    async with serving("LlamaForCausalLM", tmp_path) as client:
        refused = await client.post("/v1/chat/completions", json=ASKED | more)
        assert refused.status_code == 400
        assert "architecture ('LlamaForCausalLM') does not support Cohere command" in refused.json()["error"]["message"]
        assert (await client.post("/v1/chat/completions", json=ASKED)).status_code == 200


async def test_without_xgrammar_tools_are_not_served(tmp_path, monkeypatch):
    """The answer says what to install; a chat without tools is served."""
    monkeypatch.setattr("fastfront.structured.checker.LIBRARIES", ())
    async with serving("Cohere2ForCausalLM", tmp_path) as client:
        refused = await client.post("/v1/chat/completions", json=ASKED | {"tools": [TOOL]})
        assert refused.status_code == 501
        assert "pip install 'fastfront[structured]'" in refused.json()["error"]["message"]
        assert (await client.post("/v1/chat/completions", json=ASKED)).status_code == 200
