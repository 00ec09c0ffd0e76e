# SPDX-License-Identifier: Apache-2.0
"""Calls that a Mistral model has to make: a JSON list of its own form, read as what it is."""

from __future__ import annotations

import json

import pytest

from fastfront.config import Config
from tests.e2e.asgi_client import asgi_client

pytestmark = pytest.mark.e2e

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "weather"}}
ARGUMENTS = '{"city": "京都"}'
LIST = f'[{{"name": "weather", "arguments": {ARGUMENTS}}}]'


@pytest.fixture
async def client(tmp_path):
    """A client of an app whose model says the list."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "rain", "text": f"{LIST}<|im_end|>", "finish": "stop"}]}))
    arguments = ("--script", str(script), "--ttft-ms", "1", "--token-ms", "1")
    config = Config(engine="sim", engine_args=arguments, tool_call_parser="mistral", enable_auto_tool_choice=True)
    async with asgi_client(config) as opened:
        yield opened


@pytest.mark.parametrize(("choice", "finish_reason"), [("required", "tool_calls"), (NAMED, "stop")])
async def test_the_list_is_calls(client, choice, finish_reason):
    """Whole and streamed, with ids of Mistral's kind; for a named function finish_reason stays "stop"."""
    body = {"messages": [{"role": "user", "content": "rain?"}], "tools": [TOOL], "tool_choice": choice}
    body["max_tokens"] = 100
    whole = (await client.post("/v1/chat/completions", json=body)).json()["choices"][0]
    (call,) = whole["message"]["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": ARGUMENTS}
    assert (len(call["id"]), whole["message"]["content"], whole["finish_reason"]) == (9, "", finish_reason)

    streamed = await client.post("/v1/chat/completions", json={**body, "stream": True})
    events = [json.loads(line.removeprefix("data: ")) for line in streamed.text.split("\n\n")[:-2]]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    parts = [call["function"] for delta in deltas for call in delta.get("tool_calls") or ()]
    assert "".join(part.get("name") or "" for part in parts) == "weather"
    assert "".join(part.get("arguments") or "" for part in parts) == ARGUMENTS
    assert not any(delta.get("content") for delta in deltas)


async def test_without_a_tool_choice_it_is_content(client):
    """A model that may say anything calls with [TOOL_CALLS]; a bare list is an answer."""
    body = {"messages": [{"role": "user", "content": "rain?"}], "tools": [TOOL], "max_tokens": 100}
    message = (await client.post("/v1/chat/completions", json=body)).json()["choices"][0]["message"]
    assert (message["content"], message.get("tool_calls") or []) == (LIST, [])
