# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters and admission control on a whole server: from the options to the answer."""

from __future__ import annotations

import asyncio

import pytest

import fastfront
from fastfront.errors import StartupError
from tests.asgi_servers import on_hypercorn

pytestmark = pytest.mark.e2e

CHAT = "/v1/chat/completions"
ASKED = {"messages": [{"role": "user", "content": "hi"}]}


async def until(condition):
    """Wait until it holds; the test's own timeout bounds that."""
    while True:
        if condition():
            return
        await asyncio.sleep(0)


async def test_an_adapter_is_chosen_by_its_name():
    """It is listed with its parent, answers under its own name, and the engine was told of it."""
    module = '{"name": "second", "path": "/b", "base_model_name": "sim"}'
    app = fastfront.create_app(engine="sim", lora_modules=["first=/a", module], engine_args=("--max-loras", "2"))
    async with on_hypercorn(app) as client:
        assert await app.frontend.engine.call_utility("list_loras") == [1, 2]
        listed = (await client.get("/v1/models")).json()["data"]
        assert [(card["id"], card["root"], card["parent"]) for card in listed[1:]] == [
            ("first", "/a", "sim"),
            ("second", "/b", "sim"),
        ]
        for name in ("first", "second", "sim"):
            answer = await client.post(CHAT, json=ASKED | {"model": name})
            assert (answer.status_code, answer.json()["model"]) == (200, name)
        missing = await client.post(CHAT, json=ASKED | {"model": "third"})
        assert missing.json()["error"]["message"] == "The model `third` does not exist. Valid aliases: sim."


async def test_an_engine_without_adapters_stops_the_start():
    """Its own reason is in the message."""
    frontend = fastfront.Frontend(fastfront.Config(engine="sim", lora_modules=("first=/a",)))
    with pytest.raises(StartupError, match=r"--lora-modules first: .*LoRA is not enabled"):
        await frontend.start()
    await frontend.stop()


async def test_a_full_queue_refuses():
    """503 before a stream begins, with vLLM's words; the metrics count it, and the queue empties again."""
    app = fastfront.create_app(engine="sim", max_num_queued_reqs=2, engine_args=("--token-ms", "1"))
    story = ASKED | {"max_tokens": 8000, "ignore_eos": True, "stream": True}
    async with on_hypercorn(app) as client:
        async with client.stream("POST", CHAT, json=story) as running:
            events = running.aiter_raw()
            await anext(events)
            refused = await client.post(CHAT, json=ASKED | {"n": 2, "stream": True})
            assert refused.status_code == 503
            assert refused.json()["error"]["type"] == "Service Unavailable"
            assert refused.json()["error"]["message"].startswith("The engine is currently busy")
            assert (await client.post(CHAT, json=ASKED)).status_code == 200
        await until(lambda: not app.frontend.open_requests)
        assert (await client.post(CHAT, json=ASKED | {"n": 2})).status_code == 200
        text = (await client.get("/metrics")).text
        assert 'vllm:admission_rejections_total{model_name="sim",reason="max_num_queued_reqs"} 1.0' in text


async def test_a_backlog_of_prompt_tokens_refuses():
    """Prompts without an output yet count; once the first token is there they do not."""
    app = fastfront.create_app(engine="sim", max_num_queued_tokens=5, engine_args=("--ttft-ms", "60000"))
    async with on_hypercorn(app) as client:
        waiting = asyncio.ensure_future(client.post(CHAT, json=ASKED))
        await until(lambda: app.frontend.engine.pump.waiting)
        assert app.frontend.engine.pump.queued_tokens > 5
        refused = await client.post(CHAT, json=ASKED)
        assert refused.json()["error"]["message"].startswith("The engine has reached its prefill token backlog limit.")
        waiting.cancel()
        await until(lambda: not app.frontend.open_requests)
        assert app.frontend.engine.pump.queued_tokens == 0
