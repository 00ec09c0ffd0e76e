# SPDX-License-Identifier: Apache-2.0
"""One engine at a time: vLLM's own server is asked everything first, then each way of running fastfront in turn."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastfront.sim import MODEL_PATH
from tests.parity.cases import generated
from tests.parity.cases_embeds import embedded
from tests.parity.cases_errors import errors
from tests.parity.cases_front import AUTHORIZED, DEAD, FRONT, FRONT_FLAGS, FRONT_KEPT, FRONT_SETTINGS
from tests.parity.cases_http import HTTP, KEPT, HttpCase
from tests.parity.cases_parsed import FLAGS, parsed
from tests.parity.table import Tally, write_table
from tests.real_engine import servers
from tests.real_engine.asking import KEY, KEYED, Answer, ask, send
from tests.real_engine.cases import STATUS_ONLY, TOKENS, Case
from tests.real_engine.cases_routes import PAGES, ROUTES
from tests.real_engine.dying import LastWords, kill_engine
from tests.real_engine.every_case import CASES, ERRORS
from tests.real_engine.servers import Server, Site

WAYS: dict[str, Any] = {"drop-in": servers.drop_in, "serve": servers.serve, "headless": servers.headless}
RUNS = [("drop-in", "bytelevel"), ("serve", "bytelevel"), ("headless", "bytelevel"), ("serve", "bytefallback")]
"""What is started: every way with one model, and the other model one way."""
SETTINGS: dict[str, dict[str, str]] = {"bytefallback": {"VLLM_API_KEY": KEY}}
"""By model: variables of its servers' environment, vLLM's and ours."""


@dataclass
class Reference:
    """What vLLM's own server said to each case, and what exactly it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    last_words: LastWords | None = None


@dataclass(frozen=True)
class Running:
    """A fastfront under test and the reference that it is held against."""

    way: str
    model: Path
    server: Server
    client: httpx.Client
    reference: Reference


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=_place)
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.real_engine)
            # The first test of a server waits for the engine as well.
            item.add_marker(pytest.mark.timeout(600))


def _place(item: pytest.Item) -> int:
    """One server at a time, and the one with flags is the last; the test that it does not survive is its last."""
    if "flagged" not in getattr(item, "fixturenames", ()):
        return 0
    return 2 if item.path.name == "test_engine_death.py" else 1


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    engine_venv, fastfront = os.environ.get("FASTFRONT_ENGINE_VENV"), os.environ.get("FASTFRONT_COMMAND")
    if not engine_venv or not fastfront:
        pytest.skip("run `make test-engine`, which sets FASTFRONT_ENGINE_VENV and FASTFRONT_COMMAND")
    servers.adopt_orphans()
    return Site(Path(engine_venv).expanduser().absolute(), Path(fastfront), tmp_path_factory.mktemp("real-engine"))


@pytest.fixture(scope="session")
def models(site: Site) -> dict[str, Path]:
    directory = site.scratch / "models"
    directory.mkdir()
    script = Path(__file__).parent / "make_models.py"
    command = [site.engine_venv / "bin" / "python", script, directory, MODEL_PATH]
    made = subprocess.run(command, env=site.environment(), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return {path.name: path for path in directory.iterdir()}


@pytest.fixture(scope="session")
def references(site: Site, models: dict[str, Path]) -> dict[str, Reference]:
    found = {}
    for name, model in models.items():
        with servers.vllm_python(site, model, **SETTINGS.get(name, {})) as server, connect(server) as client:
            found[name] = record(client)
    return found


def record(client: httpx.Client) -> Reference:
    reference = Reference()
    for case in [*CASES, *TOKENS, *ERRORS, *STATUS_ONLY]:
        body = resolve(case, reference)
        reference.bodies[case.name] = body
        reference.answers[case.name] = ask(client, case.path, body)
    record_more(client, (*generated(), *errors()), reference)
    record_http(client, HTTP, KEPT, reference)
    reference.pages["/v1/models"] = client.get("/v1/models").json()
    reference.pages["/version"] = client.get("/version").json()
    client.get("/nothing")
    reference.pages["/metrics"] = client.get("/metrics").text
    # Last: a route may change what the others show.
    for case in ROUTES:
        reference.answers[case.name] = ask(client, case.path, case.body)
    reference.pages |= {page: client.get(page).json() for page in PAGES}
    return reference


def record_more(client: httpx.Client, cases: Iterable[Case], reference: Reference) -> None:
    for case in cases:
        reference.answers[case.name] = ask(client, case.path, case.body)


def record_http(client: httpx.Client, cases: Iterable[HttpCase], kept: Collection[str], reference: Reference) -> None:
    for each in cases:
        reference.answers[each.name] = send(client, each.method, each.path, each.content, each.headers, kept)


def resolve(case: Case, reference: Reference) -> Any:
    return case.resolve(reference.answers[case.after].text if case.after else None)


def connect(server: Server, headers: dict[str, str] = KEYED) -> httpx.Client:
    return httpx.Client(base_url=server.base_url, timeout=60, headers=headers)


@pytest.fixture(scope="session", params=RUNS, ids=["-".join(run) for run in RUNS])
def running(
    request: pytest.FixtureRequest, site: Site, models: dict[str, Path], references: dict[str, Reference]
) -> Iterator[Running]:
    way, model = request.param
    with WAYS[way](site, models[model], **SETTINGS.get(model, {})) as server, connect(server) as client:
        yield Running(way, models[model], server, client, references[model])


@pytest.fixture(scope="session")
def flagged(site: Site, models: dict[str, Path], references: dict[str, Reference]) -> Iterator[Running]:
    """Run fastfront with flags, once vLLM's server with the same ones has answered. (`references`: one at a time.)"""
    model, reference = models["bytelevel"], Reference()
    flags = (*FLAGS, *FRONT_FLAGS)
    with (
        servers.vllm_python(site, model, flags=flags, **FRONT_SETTINGS) as server,
        connect(server, {}) as stranger,
        connect(server, AUTHORIZED) as client,
    ):
        record_http(stranger, FRONT, FRONT_KEPT, reference)
        record_more(client, (*parsed(), *embedded()), reference)
        reference.last_words = kill_engine(server, client)
        record_http(stranger, DEAD, KEPT, reference)
    with (
        servers.serve(site, model, flags=flags, **FRONT_SETTINGS) as server,
        connect(server, AUTHORIZED) as client,
    ):
        yield Running("serve", model, server, client, reference)


TALLIES = pytest.StashKey[list[Tally]]()
TABLE = Path(__file__).parents[2] / "build" / "parity.md"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLIES] = []


@pytest.fixture(scope="session")
def tallies(pytestconfig: pytest.Config) -> list[Tally]:
    return pytestconfig.stash[TALLIES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[TALLIES]:
        terminalreporter.section("fastfront against vLLM's Python server")
        terminalreporter.write(write_table(config.stash[TALLIES], TABLE))
