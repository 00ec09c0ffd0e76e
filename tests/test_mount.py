# SPDX-License-Identifier: Apache-2.0
"""fastfront inside a FastAPI or Starlette app: one line, and the host keeps everything that is its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import signal
import threading

import prometheus_client
import pytest
import uvloop
from fastapi import APIRouter, FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import fastfront
from fastfront.errors import StartupError
from tests.asgi_servers import HostFailedError, on_hypercorn, on_uvicorn

pytestmark = pytest.mark.e2e

CHAT = "/llm/v1/chat/completions"
FAST = ("--token-ms", "0", "--ttft-ms", "0")


def chat(**more):
    return {"messages": [{"role": "user", "content": "Tell me of the sea."}], "max_tokens": 8, **more}


def host(**options):
    """Return a FastAPI app with a route and middleware of its own."""
    app = FastAPI(**options)

    @app.get("/own")
    async def own():
        return {"own": True}

    @app.middleware("http")
    async def mark(request: Request, call_next):
        response = await call_next(request)
        response.headers["x-host"] = "yes"
        return response

    return app


@pytest.mark.parametrize("running", [on_uvicorn, on_hypercorn])
async def test_serves_below_the_path_under_any_server(running):
    """Below the path is OpenAI's API, whole and streamed; beside it the host's routes; around both its middleware."""
    app = host()
    llm = fastfront.mount(app, "/llm", engine="sim", engine_args=FAST)
    async with running(app) as client:
        own = await client.get("/own")
        assert own.json() == {"own": True}
        whole = await client.post(CHAT, json=chat())
        assert whole.status_code == 200
        text = whole.json()["choices"][0]["message"]["content"]
        assert text
        assert own.headers["x-host"] == whole.headers["x-host"] == "yes"
        async with client.stream("POST", CHAT, json=chat(stream=True)) as response:
            events = [line.removeprefix("data: ") async for line in response.aiter_lines() if line]
        assert events[-1] == "[DONE]"
        deltas = [choice["delta"] for event in events[:-1] for choice in json.loads(event)["choices"]]
        assert "".join(delta.get("content") or "" for delta in deltas) == text
        assert (await client.get("/llm/health")).status_code == 200
        assert (await client.get("/v1/models")).status_code == 404
        assert llm.is_ready
    assert not llm.is_ready


async def test_starlette_and_its_router():
    """A Starlette app and a bare router are hosts as well."""
    app = Starlette(routes=[Route("/own", lambda request: PlainTextResponse("own"))])
    fastfront.mount(app, "/llm", engine="sim")
    router = APIRouter()
    fastfront.mount(router, "llm/", engine="sim")
    for served in (app, router):
        async with on_uvicorn(served) as client:
            assert (await client.get("/llm/v1/models")).status_code == 200


@pytest.mark.parametrize("mount_first", [False, True])
async def test_the_hosts_lifespan_runs_inside(mount_first):
    """The host's start-up and shutdown code find the engine ready, and its lifespan state reaches its routes."""
    seen = []

    @contextlib.asynccontextmanager
    async def lifespan(_):
        seen.append(("startup", llm.is_ready))
        yield {"answer": 42}
        seen.append(("shutdown", llm.is_ready))

    @contextlib.asynccontextmanager
    async def routers_lifespan(_):
        seen.append(("router", llm.is_ready))
        yield

    app = FastAPI(lifespan=lifespan)
    if mount_first:
        llm = fastfront.mount(app, engine="sim")
    app.include_router(APIRouter(lifespan=routers_lifespan))

    @app.get("/state")
    async def state(request: Request):
        return request.state.answer

    if not mount_first:
        llm = fastfront.mount(app, engine="sim")
    async with on_uvicorn(app) as client:
        assert (await client.get("/state")).json() == 42
    assert seen == [("startup", True), ("router", True), ("shutdown", True)]


async def test_a_failing_start_up_fails_the_host(tmp_path, caplog):
    """A model that cannot be loaded keeps the host from starting, and the host's log says why."""
    app = host()
    fastfront.mount(app, model=str(tmp_path / "no-such-model"), engine="tcp://127.0.0.1:1")
    with pytest.raises(HostFailedError):
        async with on_uvicorn(app):
            pass
    assert "no-such-model" in caplog.text


async def test_the_hosts_own_failure_stops_the_engine():
    """If the host's start-up code fails, nothing of the engine is left running."""

    @contextlib.asynccontextmanager
    async def lifespan(_):
        raise RuntimeError("the host's own")
        yield

    app = FastAPI(lifespan=lifespan)
    llm = fastfront.mount(app, engine="sim")
    with pytest.raises(HostFailedError):
        async with on_uvicorn(app):
            pass
    assert not llm.is_ready


async def test_two_models_in_one_app():
    """Mounting twice gives two models, each with its own engine."""
    app = host()
    fastfront.mount(app, "/a", engine="sim", served_model_name="alpha")
    fastfront.mount(app, "/b", engine="sim", served_model_name="beta")
    async with on_uvicorn(app) as client:
        for path, name in (("/a", "alpha"), ("/b", "beta")):
            models = await client.get(f"{path}/v1/models")
            assert [model["id"] for model in models.json()["data"]] == [name]
            answer = await client.post(f"{path}/v1/chat/completions", json=chat(model=name))
            assert answer.json()["model"] == name
            assert (await client.post(f"{path}/v1/chat/completions", json=chat(model="other"))).status_code == 404


async def test_root_path_and_nesting():
    """Behind a proxy's root_path, and in an app mounted in another app, the routes are found."""
    inner = FastAPI()
    fastfront.mount(inner, engine="sim")
    outer = FastAPI(lifespan=lambda _: inner.router.lifespan_context(inner))
    outer.mount("/inner", inner)
    async with on_uvicorn(outer, root_path="/proxy") as client:
        assert (await client.post(f"/inner{CHAT}", json=chat())).status_code == 200


def test_start_and_stop_again_in_one_process():
    """The same app can be run, ended and run again, each time in a new loop, asyncio's or uvloop's."""
    app = host()
    llm = fastfront.mount(app, engine="sim", engine_args=FAST)

    async def once():
        async with on_uvicorn(app) as client:
            assert (await client.post(CHAT, json=chat())).status_code == 200
            assert llm.is_ready
        assert not llm.is_ready

    asyncio.run(once())
    asyncio.run(once())
    uvloop.run(once())


def test_nothing_of_the_process_is_taken():
    """Signals, logging, the default registry and the collector stay as they were; no thread is left."""

    def state():
        return {
            "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)],
            "handlers": list(logging.getLogger().handlers) + list(logging.getLogger("fastfront").handlers),
            "levels": [logging.getLogger().level, logging.getLogger("fastfront").level],
            "metrics": sorted(metric.name for metric in prometheus_client.REGISTRY.collect()),
            "frozen": gc.get_freeze_count(),
        }

    async def life():
        app = host()
        fastfront.mount(app, engine="sim", engine_args=FAST)
        loop_type = type(asyncio.get_running_loop())
        async with on_hypercorn(app) as client:
            assert (await client.post(CHAT, json=chat())).status_code == 200
            during = state()
            assert type(asyncio.get_running_loop()) is loop_type
            return during

    before, threads = state(), set(threading.enumerate())
    during = asyncio.run(life())
    after = state()
    assert before == after
    assert during["handlers"] == before["handlers"]
    assert during["levels"] == before["levels"]
    assert during["metrics"] == before["metrics"]
    assert during["frozen"] == before["frozen"]
    assert {thread for thread in threading.enumerate() if thread not in threads} == set()


def test_a_host_without_lifespan_is_told():
    """If nobody runs the host's lifespan, a request gets a 503 that says so, instead of hanging."""
    app = host()
    fastfront.mount(app, engine="sim")
    client = TestClient(app)
    answer = client.post(CHAT, json=chat())
    assert answer.status_code == 503
    assert "lifespan" in answer.json()["error"]["message"]
    assert client.get("/own").status_code == 200


async def test_an_app_of_its_own_under_any_server():
    """create_app's ASGI app needs no host: an ASGI server runs it and its lifespan."""
    for running in (on_uvicorn, on_hypercorn):
        app = fastfront.create_app(engine="sim", engine_args=FAST, served_model_name="tiny")
        async with running(app) as client:
            assert (await client.post("/v1/chat/completions", json=chat(model="tiny"))).status_code == 200


async def test_an_app_that_cannot_start_fails_its_server(tmp_path):
    """A server that runs create_app's app does not start without its engine."""
    app = fastfront.create_app(str(tmp_path / "no-such-model"), engine="tcp://127.0.0.1:1")
    with pytest.raises(HostFailedError):
        async with on_hypercorn(app):
            pass


async def test_start_by_hand():
    """A host that has no lifespan to join starts and stops the engine itself."""
    app = fastfront.create_app(engine="sim")
    await app.frontend.start()
    try:
        assert app.frontend.is_ready
    finally:
        await app.frontend.stop()


async def test_start_up_errors_are_startup_errors(tmp_path):
    """What keeps the engine from starting is one exception type with a sentence for the user."""
    app = fastfront.create_app(str(tmp_path / "no-such-model"), engine="tcp://127.0.0.1:1")
    with pytest.raises(StartupError, match="no-such-model"):
        await app.frontend.start()
    await app.frontend.stop()


async def test_drain_by_hand():
    """A host that ends in its own way lets running requests finish with `await drain()`."""
    app = host()
    llm = fastfront.mount(app, engine="sim", engine_args=("--token-ms", "20"))
    async with (
        on_uvicorn(app) as client,
        client.stream("POST", CHAT, json=chat(stream=True, max_tokens=20)) as response,
    ):
        lines = response.aiter_lines()
        assert (await anext(lines)).startswith("data: ")
        draining = asyncio.create_task(llm.drain(20))
        rest = [line async for line in lines if line]
        assert rest[-1] == "data: [DONE]"
        await draining
        assert (await client.get("/llm/health")).status_code == 503
        assert (await client.post(CHAT, json=chat())).status_code == 503
        assert (await client.get("/own")).status_code == 200


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fastfront.mount(FastAPI()), ValueError, "which model"),
        (lambda: fastfront.mount(FastAPI(), engine="gpu", model="m"), ValueError, "engine must be"),
        (lambda: fastfront.mount(FastAPI(), engine="sim", max_modle_len=1), ValueError, "did you mean max_model_len"),
        (
            lambda: fastfront.mount(FastAPI(), engine="sim", port=1),
            ValueError,
            "port is an option of `fastfront serve`",
        ),
        (lambda: fastfront.mount(object(), engine="sim"), TypeError, "needs a FastAPI or Starlette app, not object"),
        (fastfront.create_app, ValueError, "which model"),
    ],
)
def test_mistakes_are_told_at_the_call(call, error, message):
    """What can be known to be wrong is wrong at the call, not at start-up."""
    with pytest.raises(error, match=message):
        call()
