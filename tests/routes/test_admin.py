# SPDX-License-Identifier: Apache-2.0
"""The administrative routes answer, and call the engine, as vLLM's own app does (golden_admin.json)."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from fastfront.app import App
from fastfront.config import Config
from fastfront.engine.types import EngineCoreReadyResponse, encode
from fastfront.errors import FastFrontError
from fastfront.frontend import Frontend, State
from tests.routes.cases_admin import CASES, JSON, results

GOLDEN = json.loads(Path(__file__).with_name("golden_admin.json").read_text(encoding="utf-8"))


class RecordingEngine:
    """Engines that write down what they are called with. `said` has each one's answer, or the error to raise."""

    def __init__(self, *said):
        self.calls = []
        self.dead = None
        self.ready = EngineCoreReadyResponse(world_size=1)
        self.responses = [self.ready]
        self._said = said

    async def call_utility_all(self, method, *args, timeout=60):
        assert timeout is None
        encode(args)
        self.calls.append(json.loads(json.dumps([method, *args])))
        if not self._said:
            return [results(method)]
        if isinstance(self._said[0], Exception):
            raise self._said[0]
        return list(self._said)


async def ask(engine, method, target, body=None, **options):
    """Return the answer of an app before that engine."""
    frontend = Frontend(Config(engine="sim", server_dev_mode=True, profiler_config={"profiler": "torch"}, **options))
    frontend.engine, frontend.state = engine, State.READY
    frontend.model = SimpleNamespace(path="/model", names=("m",))
    headers = {} if body is None else {"content-type": JSON}
    transport = httpx.ASGITransport(App(frontend))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, target, content=body, headers=headers)


@pytest.mark.parametrize(
    ("case", "expected"), list(zip(CASES, GOLDEN, strict=True)), ids=[" ".join(map(str, case)) for case in CASES]
)
async def test_answer_and_calls_are_vllms(case, expected):
    """Status, body and what the engine is asked, argument by argument."""
    engine = RecordingEngine()
    response = await ask(engine, *case)
    answer = response.json() if response.content else None
    assert {"status": response.status_code, "body": answer, "calls": engine.calls} == expected


async def test_engines_that_disagree_are_a_500():
    """vLLM's words: nobody could say which is right."""
    response = await ask(RecordingEngine(True, False), "GET", "/is_sleeping")
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "Engines returned different is_sleeping results: [True, False]"


@pytest.mark.parametrize(("said", "expected"), [((True, True), True), ((True, False), False)])
async def test_a_cache_is_reset_when_all_engines_have(said, expected):
    """One that is in use is enough to say no."""
    response = await ask(RecordingEngine(*said), "POST", "/reset_prefix_cache")
    assert response.json() == {"success": expected}


@pytest.mark.parametrize(("said", "status"), [((True, True), "awake"), ((True, False), "sleeping")])
async def test_awake_when_all_engines_are(said, status):
    """The status is that of all together."""
    response = await ask(RecordingEngine(*said), "POST", "/wake_up")
    assert response.json() == {"status": status, "tags": None}


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/pause", "pause generation"),
        ("POST", "/resume", "resume generation"),
        ("GET", "/is_paused", "fetch pause status"),
    ],
)
async def test_failure_to_pause_is_vllms_plain_text(method, path, what):
    """These routes answer `{"error": text}`, not OpenAI's shape."""
    response = await ask(RecordingEngine(FastFrontError("no")), method, path)
    assert (response.status_code, response.json()) == (500, {"error": f"Failed to {what}: no"})


async def test_failed_call_says_why():
    """An engine's own reason, in OpenAI's shape."""
    response = await ask(RecordingEngine(FastFrontError("Call to sleep method failed: no")), "POST", "/sleep")
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "Call to sleep method failed: no"


async def test_checksums_of_several_engines_must_have_names_of_their_own():
    """Two workers that call a weight the same cannot be told apart."""
    weights = [{"w": "1"}]
    response = await ask(RecordingEngine(weights, weights), "POST", "/weight_checker", '{"action":"checksum"}')
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "Duplicate weight checksum keys: ['w']"


async def test_world_size_counts_data_parallel_engines():
    """Unless asked not to."""
    for query, size in (("", 2), ("?include_dp=false", 1)):
        response = await ask(RecordingEngine(), "GET", f"/get_world_size{query}", data_parallel_size=2)
        assert response.json() == {"world_size": size}


async def test_scaling_is_not_served():
    """The number of engines is fixed: 501, where vLLM's server says "Scale failed" with a 500."""
    response = await ask(RecordingEngine(), "POST", "/scale_elastic_ep", '{"new_data_parallel_size":2}')
    assert response.status_code == 501
    assert response.json()["error"]["type"] == "NotImplementedError"


@pytest.mark.parametrize("format_", ["text", "json"])
async def test_server_info_has_vllms_members_and_no_secret(format_, monkeypatch):
    """Configuration as text or JSON, variables without keys, the system."""
    monkeypatch.setenv("VLLM_API_KEY", "secret-of-env")
    monkeypatch.setenv("VLLM_PLUGINS", "none")
    response = await ask(
        RecordingEngine(), "GET", f"/server_info?config_format={format_}", api_key=["secret-of-options"]
    )
    info = response.json()
    assert list(info) == ["vllm_config", "vllm_env", "system_env"]
    assert isinstance(info["vllm_config"], str if format_ == "text" else dict)
    assert info["vllm_env"]["VLLM_PLUGINS"] == "none"
    assert "secret" not in response.text


async def test_event_sources_are_named_by_rank():
    """Only engines that publish events are in the list."""
    engine = RecordingEngine()
    publishing = EngineCoreReadyResponse(data_parallel_rank=3, kv_events_config={"publisher": "zmq", "topic": "kv"})
    engine.responses = [engine.ready, publishing]
    response = await ask(engine, "GET", "/kv_event_sources")
    assert response.json() == {"3": {"publisher": "zmq", "topic": "kv"}}


async def test_second_profile_waits_for_the_end_of_the_first():
    """409 while one is active; a failed start leaves none."""
    frontend = Frontend(Config(engine="sim", profiler_config={"profiler": "torch"}))
    frontend.engine, frontend.state = RecordingEngine(FastFrontError("no")), State.READY
    transport = httpx.ASGITransport(App(frontend))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        statuses = [(await client.post("/start_profile")).status_code]
        frontend.engine = RecordingEngine()
        paths = ("/start_profile", "/start_profile", "/stop_profile", "/start_profile")
        statuses += [(await client.post(path)).status_code for path in paths]
    assert statuses == [500, 200, 409, 200, 200]


@pytest.mark.parametrize(
    "path", ["/sleep", "/pause", "/server_info", "/collective_rpc", "/start_profile", "/tokenizer_info"]
)
async def test_route_is_behind_its_switch(path):
    """Without it, the path is no route at all."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(App(Config(engine="sim"))), base_url="http://test"
    ) as client:
        response = await client.post(path)
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


async def test_operations_are_counted():
    """Sleep and weight updates have metrics of their own, failed ones too."""
    frontend = Frontend(Config(engine="sim", server_dev_mode=True))
    frontend.engine, frontend.state = RecordingEngine(), State.READY
    async with httpx.AsyncClient(transport=httpx.ASGITransport(App(frontend)), base_url="http://test") as client:
        await client.post("/sleep?level=2")
        await client.post("/start_weight_update")
        asleep = {family.name: family for family in frontend.metrics.frontend.collect("m", [0], 0.0)}
        frontend.engine = RecordingEngine(True)
        await client.post("/wake_up")
        awake = {family.name: family for family in frontend.metrics.frontend.collect("m", [0], 0.0)}

    def counts(families, name):
        return {
            sample.labels["operation"]: sample.value
            for sample in families[name].samples
            if sample.name.endswith("_count")
        }

    def states(families):
        return {sample.labels["sleep_state"]: sample.value for sample in families["vllm:engine_sleep_state"].samples}

    assert counts(awake, "vllm:sleep_mode_operation_duration_seconds") == {"sleep": 1, "wake": 1}
    assert counts(asleep, "vllm:rl_weight_update_operation_duration_seconds") == {"start": 1}
    assert states(asleep) == {"awake": 0, "weights_offloaded": 0, "discard_all": 1}
    assert states(awake) == {"awake": 1, "weights_offloaded": 0, "discard_all": 0}
