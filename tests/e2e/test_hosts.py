# SPDX-License-Identifier: Apache-2.0
"""A client that leaves, under other servers and behind a host's middleware: the engine hears of it there, too."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest
from fastapi import FastAPI, Request

import fastfront
from tests.asgi_servers import on_hypercorn, on_uvicorn

pytestmark = pytest.mark.e2e

CHAT = "/llm/v1/chat/completions"
STORY = {"messages": [{"role": "user", "content": "A long story"}], "max_tokens": 8000, "ignore_eos": True}
FAST = ("--token-ms", "1", "--ttft-ms", "1")


def make_host(*, middleware):
    """Return a FastAPI app with fastfront below /llm, and the Frontend; its middleware wraps streams."""
    app = FastAPI()
    if middleware:

        @app.middleware("http")
        async def mark(request: Request, call_next):
            response = await call_next(request)
            response.headers["x-host"] = "yes"
            return response

    return app, fastfront.mount(app, "/llm", engine="sim", engine_args=FAST)


async def wait_idle(frontend, aborted):
    """Wait until the engine has aborted so many requests and nothing is under way on either side."""
    while True:
        report = await frontend.engine.call_utility("sim_report")
        if report["aborted"] == aborted and report["running"] == 0 and frontend.open_requests == 0:
            return


@pytest.mark.parametrize("middleware", [False, True])
@pytest.mark.parametrize("running", [on_uvicorn, on_hypercorn])
async def test_leaving_mid_stream(running, middleware):
    """The connection closes behind the first events."""
    app, frontend = make_host(middleware=middleware)
    async with running(app) as client:
        async with client.stream("POST", CHAT, json=STORY | {"stream": True}) as response:
            assert response.status_code == 200
            async for _ in response.aiter_raw():
                break
        await asyncio.wait_for(wait_idle(frontend, 1), 20)


@pytest.mark.parametrize("middleware", [False, True])
@pytest.mark.parametrize("running", [on_uvicorn, on_hypercorn])
async def test_leaving_a_whole_answer(running, middleware):
    """The client's patience ends while the answer is made."""
    app, frontend = make_host(middleware=middleware)
    async with running(app) as client:
        with contextlib.suppress(httpx.ReadTimeout):
            await client.post(CHAT, json=STORY, timeout=0.3)
        await asyncio.wait_for(wait_idle(frontend, 1), 20)


@pytest.mark.parametrize("running", [on_uvicorn, on_hypercorn])
async def test_connection_is_used_again(running):
    """The watch for a disconnect takes nothing of the next request on the same connection."""
    app, _ = make_host(middleware=False)
    async with running(app) as client:
        for stream in (False, True) * 3:
            answer = await client.post(CHAT, json={**STORY, "max_tokens": 3, "stream": stream})
            assert answer.status_code == 200
            assert answer.content.endswith(b"[DONE]\n\n") == stream


@pytest.mark.parametrize("running", [on_uvicorn, on_hypercorn])
async def test_native_objects_are_gone_with_their_requests(running):
    """Answered, refused and abandoned requests leave no native response behind."""
    from fastfront._native.pump import live_responses

    before = live_responses()
    app, frontend = make_host(middleware=False)
    async with running(app) as client:
        for _ in range(3):
            await client.post(CHAT, json={**STORY, "max_tokens": 3})
            await client.post(CHAT, json={**STORY, "max_tokens": 3, "stream": True})
            await client.post(CHAT, json={**STORY, "max_tokens": -1})
        with contextlib.suppress(httpx.ReadTimeout):
            await client.post(CHAT, json=STORY, timeout=0.2)
        await asyncio.wait_for(wait_idle(frontend, 1), 20)
        # One more exchange, so that the abandoned request's task has had its turn.
        await client.get("/llm/health")
        assert live_responses() == before
