# SPDX-License-Identifier: Apache-2.0
"""The life of a Frontend before the embedded engine: starting, draining, losing the engine, stopping."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import httpx
import pytest

from fastfront.app import App
from fastfront.config import Config
from fastfront.errors import StartupError
from fastfront.frontend import Frontend, State
from fastfront.sim import MODEL_PATH

pytestmark = pytest.mark.e2e

CHAT = "/v1/chat/completions"
STORY = {"messages": [{"role": "user", "content": "A long story"}], "max_tokens": 20_000, "ignore_eos": True}
SHORT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}


def make(*engine_args, **options):
    """Return an app before the embedded engine; arguments are the engine's."""
    arguments = ("--ttft-ms", "1", "--token-ms", "1", *engine_args)
    return App(Frontend(Config(engine="sim", engine_args=arguments, **options)))


class Served:
    """An app that has started, and a client of it."""

    def __init__(self, app):
        self.app, self.frontend = app, app.frontend
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x", timeout=30)

    async def begin(self, **more):
        """Send a long request and return its task, once the engine works on it."""
        wanted = (await self.report())["requests"] + 1
        task = asyncio.create_task(self.http.post(CHAT, json=STORY | more))
        while (await self.report())["requests"] < wanted:
            pass
        return task

    async def report(self):
        return await self.frontend.engine.call_utility("sim_report")


@pytest.fixture
async def served():
    """Start an app; stop it after the test."""
    made = Served(make())
    try:
        await made.frontend.start()
        yield made
    finally:
        await made.http.aclose()
        await made.frontend.stop()


def error_of(response):
    """Return the error in a whole answer, or in the event at the end of a stream."""
    if response.headers["content-type"] == "application/json":
        return response.json()["error"]
    *_, event, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return json.loads(event.removeprefix("data: "))["error"]


# -- Start and stop


async def test_start_makes_ready_and_stop_ends_it():
    """The states in their order; the engine's process ends with the Frontend."""
    frontend = make().frontend
    assert (frontend.state, frontend.is_ready) == (State.NEW, False)
    await frontend.start()
    assert (frontend.state, frontend.is_ready) == (State.READY, True)
    pid = (await frontend.engine.call_utility("sim_report"))["pid"]
    await frontend.stop()
    assert (frontend.state, frontend.is_ready) == (State.STOPPED, False)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_starting_twice_is_starting_once(served):
    """A host may forward the lifespan and call start() as well."""
    engine = served.frontend.engine
    await served.frontend.start()
    assert served.frontend.engine is engine


async def test_stopping_is_safe_at_any_time():
    """Before start, and twice."""
    frontend = make().frontend
    await frontend.stop()
    await frontend.stop()
    assert frontend.state is State.STOPPED


async def test_a_stopped_frontend_can_start_again():
    """A host that is run twice in one process gets a new engine and counts from zero."""
    served = Served(make())
    try:
        for _ in range(2):
            await served.frontend.start()
            assert (await served.http.post(CHAT, json=SHORT)).status_code == 200
            assert served.frontend.metrics.requests_started == 1
            await served.frontend.stop()
    finally:
        await served.http.aclose()
        await served.frontend.stop()


async def test_the_engine_says_how_long_the_context_is():
    """config.json proposes, the engine decides."""
    frontend = make(max_model_len=512).frontend
    try:
        await frontend.start()
        assert frontend.model.max_model_len == 512
    finally:
        await frontend.stop()


async def test_model_that_is_not_there_stops_the_start(tmp_path):
    """With the reason, and the engine does not stay behind."""
    frontend = make(model=str(tmp_path)).frontend
    with pytest.raises(StartupError):
        await frontend.start()
    await frontend.stop()
    assert all(not process.child.running for process in frontend._engines.processes)


async def test_no_model_and_no_sim_is_told():
    """There must be something to serve."""
    frontend = Frontend(Config(engine="vllm"))
    with pytest.raises(StartupError, match="no model"):
        await frontend.start()
    await frontend.stop()


async def test_cancelled_start_leaves_no_process():
    """A host that gives up while the engine loads."""
    frontend = make("--ready-delay-s", "60").frontend
    task = asyncio.create_task(frontend.start())
    await asyncio.sleep(0)  # the processes are started in the first turns of the task
    await asyncio.sleep(0)
    assert any(process.child.running for process in frontend._engines.processes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await frontend.stop()
    assert all(not process.child.running for process in frontend._engines.processes)


async def test_names_of_the_model():
    """The embedded model is called sim; names that are given count; a model's own name is its path."""
    for options, names in (
        ({}, ("sim",)),
        ({"served_model_name": ["a", "b"]}, ("a", "b")),
        ({"model": str(MODEL_PATH)}, (str(MODEL_PATH),)),
    ):
        frontend = make(**options).frontend
        try:
            await frontend.start()
            assert frontend.model.names == names
        finally:
            await frontend.stop()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, r"vllm-0\.32\.0-[0-9a-f]{8}"),
        ({"fingerprint_mode": "hash"}, r"vllm-0\.32\.0-[0-9a-f]{8}"),
        ({"fingerprint_mode": "custom", "fingerprint_value": "mine"}, "mine"),
        ({"fingerprint_mode": "none"}, None),
    ],
)
async def test_system_fingerprint(options, expected):
    """vLLM's four modes."""
    import re

    frontend = make(**options).frontend
    try:
        await frontend.start()
        if expected is None:
            assert frontend.system_fingerprint is None
        else:
            assert re.fullmatch(expected, frontend.system_fingerprint)
    finally:
        await frontend.stop()


# -- Draining


@pytest.mark.parametrize("stream", [False, True])
async def test_draining_lets_requests_end(served, stream):
    """Those under way are answered in full; new ones are refused; /health says not to send more."""
    running = await served.begin(stream=stream, max_tokens=200)
    draining = asyncio.create_task(served.frontend.drain(30))
    await asyncio.sleep(0)
    assert served.frontend.state is State.DRAINING
    assert (await served.http.get("/health")).status_code == 503
    refused = await served.http.post(CHAT, json=SHORT)
    assert (refused.status_code, error_of(refused)["type"]) == (503, "ServiceUnavailableError")
    assert refused.headers["retry-after"] == "1"
    assert not draining.done()
    answer = await running
    assert answer.status_code == 200
    assert '"finish_reason":"length"' in answer.text
    await draining


async def test_draining_an_idle_frontend_ends_at_once(served):
    """There is nothing to wait for."""
    await asyncio.wait_for(served.frontend.drain(30), 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_not_done_in_time_is_cut_off_with_a_word(served, stream):
    """A stream ends with an error event, a whole answer is a 503."""
    running = await served.begin(stream=stream)
    await served.frontend.drain(0.05)
    answer = await running
    assert answer.status_code == (200 if stream else 503)
    assert error_of(answer)["type"] == "ServiceUnavailableError"
    assert served.frontend.open_requests == 0


async def test_other_endpoints_answer_while_draining(served):
    """Draining is for generation; who asks for metrics or models is answered."""
    running = await served.begin()
    draining = asyncio.create_task(served.frontend.drain(0.2))
    await asyncio.sleep(0)
    for path in ("/metrics", "/v1/models", "/version", "/load"):
        assert (await served.http.get(path)).status_code == 200
    await asyncio.gather(draining, running)


# -- The engine dies


@pytest.mark.parametrize("how", [signal.SIGUSR2, signal.SIGKILL])
async def test_engine_that_dies(served, how):
    """Open requests end with an error, /health turns 503, new requests get a 500, the rest answers."""
    pid = (await served.report())["pid"]
    stream = await served.begin(stream=True)
    while (await served.report())["generated_tokens"] == 0:
        pass  # the stream has begun once its first token has come: a utility's answer travels behind it
    whole = await served.begin()
    os.kill(pid, how)
    streamed, answered = await asyncio.gather(stream, whole)
    assert (streamed.status_code, answered.status_code) == (200, 500)
    assert error_of(streamed) == error_of(answered)
    assert error_of(answered)["type"] == "InternalServerError"
    assert (await served.http.get("/health")).status_code == 503
    refused = await served.http.post(CHAT, json=SHORT)
    assert (refused.status_code, error_of(refused)["message"]) == (
        500,
        "EngineCore encountered an issue. See stack trace (above) for the root cause.",
    )
    assert (await served.http.get("/metrics")).status_code == 200
    assert (await served.http.get("/v1/models")).status_code == 200
    assert served.frontend.open_requests == 0


async def test_refusals_of_a_dead_engine_keep_no_memory(served):
    """Each is an exception of its own: the engine's one would gather the frames of all of them."""
    os.kill((await served.report())["pid"], signal.SIGKILL)
    await served.frontend.engine.dead_event.wait()
    for _ in range(3):
        assert (await served.http.post(CHAT, json=SHORT)).status_code == 500
    assert served.frontend.engine.dead.__traceback__ is None


# -- The work on prompts


async def test_large_bodies_leave_the_loop_free(served, monkeypatch):
    """Above the size, rendering and tokenizing happen in a thread; below, on the loop."""
    import threading

    from fastfront.routes import chat_completions

    threads = []

    def spy(model, request):
        threads.append(threading.current_thread())
        return prepare(model, request)

    prepare = chat_completions.prepare
    monkeypatch.setattr(chat_completions, "prepare", spy)
    for words in (10, 5_000):
        content = "word " * words
        question = {"messages": [{"role": "user", "content": content}], "max_tokens": 1}
        answer = await served.http.post(CHAT, json=question)
        assert answer.status_code == 200
    assert threads[0] is threading.main_thread()
    assert threads[1].name.startswith("fastfront-prompt")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_batch_is_admitted_as_a_whole(stream):
    """With room for three answers a batch of four gets a 503 before anything of it begins, streamed or not."""
    served = Served(make(max_num_queued_reqs=3))
    try:
        await served.frontend.start()
        body = {"max_tokens": 2, "stream": stream}
        refused = await served.http.post("/v1/completions", json={"prompt": ["a"] * 4, **body})
        assert (refused.status_code, refused.json()["error"]["type"]) == (503, "Service Unavailable")
        assert (await served.report())["requests"] == 0
        assert (await served.http.post("/v1/completions", json={"prompt": ["a"] * 3, **body})).status_code == 200
    finally:
        await served.http.aclose()
        await served.frontend.stop()
