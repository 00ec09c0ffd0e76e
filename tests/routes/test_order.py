# SPDX-License-Identifier: Apache-2.0
"""In which order the generating endpoints refuse what has several faults: vLLM's, a dead engine's among them."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx
import pytest

from fastfront.app import App
from fastfront.config import Config
from fastfront.frontend import Frontend

pytestmark = pytest.mark.e2e

MESSAGES = [{"role": "user", "content": "Hi"}]
CHAT = ("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 2}, {"temperature": 9})
COMPLETION = ("/v1/completions", {"prompt": "Hi", "max_tokens": 2}, {"temperature": 9})
CHATS = ("/v1/chat/completions/batch", {"messages": [MESSAGES, MESSAGES], "max_tokens": 2}, {"temperature": 9})
EITHER = ("/invocations", {"prompt": "Hi", "max_tokens": 2}, {"temperature": 9})
TOKENS = ("/inference/v1/generate", {"token_ids": [1], "sampling_params": {}}, {"sampling_params": {"temperature": 9}})
"""A route, a body that it takes, and members that fit the schema and are out of range."""

RANGES_LATE = [CHAT, COMPLETION, CHATS, EITHER]
"""Those that look at values behind the engine's state; /inference/v1/generate does in its schema."""
every_route = pytest.mark.parametrize("route", [*RANGES_LATE, TOKENS], ids=lambda route: route[0])
late_route = pytest.mark.parametrize("route", RANGES_LATE, ids=lambda route: route[0])
streamed_and_whole = pytest.mark.parametrize("stream", [False, True])


@contextlib.asynccontextmanager
async def served(**options):
    """Start an app before the embedded engine, and give a client of it and the app's frontend."""
    app = App(Frontend(Config(engine="sim", enable_scale_out=True, **options)))
    try:
        await app.frontend.start()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x", timeout=30) as client:
            yield client, app.frontend
    finally:
        await app.frontend.stop()


async def post(client, route, stream=False, **more):
    """Send the route's body with other members and return the status and type of the error in the answer."""
    path, body, _ = route
    streaming = {"stream": True} if stream and route is not CHATS else {}
    answer = await client.post(path, json=body | streaming | more)
    return answer.status_code, answer.json()["error"]["type"]


@streamed_and_whole
@every_route
async def test_dead_engine_comes_behind_schema_and_model(route, stream):
    """A body that is no JSON or does not fit is a 400, an unknown model a 404; only what could be served is a 500."""
    async with served() as (client, frontend):
        frontend.engine.declare_dead("killed by the test")
        no_json = await client.post(route[0], content=b"{", headers={"content-type": "application/json"})
        assert (no_json.status_code, no_json.json()["error"]["type"]) == (400, "Bad Request")
        wrong = {"messages": 5, "prompt": {}, "token_ids": 5}
        assert (await post(client, route, stream, **wrong))[0] == 400
        assert await post(client, route, stream, model="other") == (404, "NotFoundError")
        assert await post(client, route, stream) == (500, "InternalServerError")
        assert frontend.open_requests == 0


@streamed_and_whole
@late_route
async def test_values_come_behind_model_and_engine(route, stream):
    """A value out of range is told only to who asks a living engine for a model that there is."""
    async with served() as (client, frontend):
        assert await post(client, route, stream, **route[2]) == (400, "BadRequestError")
        assert await post(client, route, stream, model="other", **route[2]) == (404, "NotFoundError")
        frontend.engine.declare_dead("killed by the test")
        assert await post(client, route, stream, model="other", **route[2]) == (404, "NotFoundError")
        assert await post(client, route, stream, **route[2]) == (500, "InternalServerError")


@streamed_and_whole
async def test_sampling_params_are_schema(stream):
    """/inference/v1/generate makes SamplingParams of them while it reads the body, as vLLM does."""
    async with served() as (client, frontend):
        for _ in range(2):
            refused = await post(client, TOKENS, stream, model="other", **TOKENS[2])
            assert refused == (400, "BadRequestError")
            frontend.engine.declare_dead("killed by the test")


async def test_streamed_beam_search_of_a_completion_comes_first():
    """Asked before the model."""
    async with served() as (client, _):
        assert await post(client, COMPLETION, stream=True, use_beam_search=True, model="other") == (
            400,
            "BadRequestError",
        )


@late_route
async def test_values_come_behind_admission(route):
    """Where nothing more may wait, a bad value is a 503, too: another instance will tell."""
    async with served(max_num_queued_reqs=0) as (client, _):
        assert (await post(client, route, **route[2]))[0] == 503


@pytest.mark.parametrize("path", ["/tokenize", "/v1/chat/completions/render"])
async def test_values_come_behind_the_model_where_nothing_is_generated(path):
    """A conversation without messages fits the schema."""
    async with served() as (client, _):
        for model, status in (("other", 404), (None, 400)):
            assert (await client.post(path, json={"messages": [], "model": model})).status_code == status


@every_route
async def test_draining_comes_first(route):
    """A server that shuts down looks at no body: whatever it says is a 503, with a dead engine, too."""
    async with served() as (client, frontend):
        story = {"messages": MESSAGES, "max_tokens": 20_000, "ignore_eos": True}
        running = asyncio.create_task(client.post(CHAT[0], json=story))
        while (await frontend.engine.call_utility("sim_report"))["requests"] < 1:
            pass
        draining = asyncio.create_task(frontend.drain(30))
        await asyncio.sleep(0)
        for _ in range(2):
            for content in (b"{", json.dumps(route[1] | {"model": "other"}).encode(), json.dumps(route[1]).encode()):
                refused = await client.post(route[0], content=content, headers={"content-type": "application/json"})
                assert (refused.status_code, refused.json()["error"]["type"]) == (503, "ServiceUnavailableError")
            frontend.engine.declare_dead("killed by the test")
        assert (await running).status_code == 500
        await draining


async def test_refusal_of_a_value_is_told_to_the_kv_connector():
    """vLLM tells of whatever it refuses once the body fits the schema."""
    async with served() as (client, frontend):
        told = []
        frontend.engine.send_unheard = told.append
        params = {"kv_transfer_params": {"do_remote_prefill": True}}
        assert (await post(client, CHAT, **CHAT[2], **params))[0] == 400
        (notice,) = told
        assert notice.sampling_params.extra_args == params
