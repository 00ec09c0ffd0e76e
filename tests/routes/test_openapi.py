# SPDX-License-Identifier: Apache-2.0
"""/openapi.json describes every route that is served, and the pages show it."""

from __future__ import annotations

import httpx
import pytest

from fastfront.app import App
from fastfront.config import Config
from fastfront.routes.operations import OPERATIONS
from fastfront.routes.table import routes_of

EVERYTHING = {
    "enable_scale_out": True,
    "tokens_only": True,
    "enable_tokenizer_info_endpoint": True,
    "server_dev_mode": True,
    "allow_runtime_lora_updating": True,
    "profiler_config": {"profiler": "torch"},
}
PAGES = {"/openapi.json", "/docs", "/redoc"}


async def get(path, **options):
    app = App(Config(engine="sim", **options))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


def test_every_route_is_described():
    """And nothing that is no route."""
    routes = routes_of(Config(engine="sim", **EVERYTHING))
    served = {(method, path) for path, methods in routes.items() if path not in PAGES for method in methods}
    assert served == set(OPERATIONS)


@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["default", "everything"])
async def test_document_lists_what_is_served(options):
    """Each path and method, with an id of its own and a summary; every reference leads somewhere."""
    document = (await get("/openapi.json", **options)).json()
    assert document["openapi"] == "3.1.0"
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    assert set(document["paths"]) == set(routes_of(Config(engine="sim", **options))) - PAGES
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each["summary"] for each in operations)
    schemas = document["components"]["schemas"]
    assert set(references_in(document)) <= {f"#/components/schemas/{name}" for name in schemas}


def references_in(value):
    """Yield every $ref."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from references_in(each)


async def test_generation_is_described_with_stream_and_errors():
    """JSON or events, and OpenAI's error for every status."""
    chat = (await get("/openapi.json")).json()["paths"]["/v1/chat/completions"]["post"]
    assert chat["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/ChatCompletionRequest")
    assert set(chat["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    for status in ("400", "404", "413", "500", "503"):
        schema = chat["responses"][status]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/ErrorResponse")


async def test_keys_are_described_where_they_are_needed():
    """Under the guarded prefixes only."""
    paths = (await get("/openapi.json", api_key=["k"])).json()["paths"]
    assert paths["/v1/models"]["get"]["security"] == [{"key": []}]
    assert "401" in paths["/v1/models"]["get"]["responses"]
    assert "security" not in paths["/tokenize"]["post"]


async def test_root_path_is_the_server():
    """Behind a proxy, document and pages say where they are seen."""
    document = (await get("/openapi.json", root_path="/llm")).json()
    assert document["servers"] == [{"url": "/llm"}]
    assert '"/llm/openapi.json"' in (await get("/docs", root_path="/llm")).text


async def test_mount_point_is_the_server():
    """In a host's app, whose scope says where."""
    app = App(Config(engine="sim"))
    transport = httpx.ASGITransport(app, root_path="/llm")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/llm/openapi.json")).json()["servers"] == [{"url": "/llm"}]
        assert '"/llm/openapi.json"' in (await client.get("/llm/docs")).text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_page(path):
    """HTML that loads the document."""
    response = await get(path)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "/openapi.json" in response.text
    assert "cdn.jsdelivr.net" in response.text


async def test_offline_page_needs_no_other_host():
    """And there is no /redoc then, as in vLLM."""
    page = (await get("/docs", enable_offline_docs=True)).text
    assert "//" not in page.replace("//openapi", "")
    assert "/openapi.json" in page
    assert (await get("/redoc", enable_offline_docs=True)).status_code == 404


@pytest.mark.parametrize("path", sorted(PAGES))
async def test_documentation_can_be_switched_off(path):
    """--disable-fastapi-docs: they are no routes then."""
    assert (await get(path, disable_fastapi_docs=True)).status_code == 404
