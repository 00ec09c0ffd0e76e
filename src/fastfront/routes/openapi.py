# SPDX-License-Identifier: Apache-2.0
"""GET /openapi.json, /docs and /redoc: the served routes as an OpenAPI 3.1 document, and pages that show it.

The document is made of the route table, the request and response Structs and the handlers' docstrings. As vLLM's, the
pages load Swagger UI and ReDoc from a CDN; with --enable-offline-docs, /docs is a page of our own that needs nothing.
"""

from __future__ import annotations

import functools
import html
import inspect
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec

from fastfront.config import Config
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol.responses import ErrorResponse, HTTPError, Unauthorized
from fastfront.routes.docs_pages import OFFLINE, REDOC, SWAGGER
from fastfront.routes.handler import Handler, Routes
from fastfront.routes.http import send_json, send_response
from fastfront.routes.operations import DESCRIBED_MEMBERS, ONE_OF_MEMBERS, OPERATIONS, Operation

TITLE = "fastfront"
API_VERSION = "0.32.0"
"""The vLLM whose API this is."""
GUARDED_PREFIXES = ("/v1", "/v2", "/inference")
_REFERENCE = "#/components/schemas/{name}"
_MAX_DESCRIPTION = 300


def documented(config: Config, routes: Routes) -> Routes:
    """Return the routes with those of their documentation, which does not list itself, unless it is switched off."""
    if config.disable_fastapi_docs:
        return routes
    document = functools.lru_cache(maxsize=8)(lambda prefix: msgspec.json.encode(make_document(config, routes, prefix)))
    pages: Routes = {"/openapi.json": {"GET": _sends_json(config, document)}}
    pages["/docs"] = {"GET": _sends_page(config, OFFLINE if config.enable_offline_docs else SWAGGER)}
    if not config.enable_offline_docs:
        pages["/redoc"] = {"GET": _sends_page(config, REDOC)}
    return {**routes, **pages}


def _prefix(config: Config, scope: Scope) -> str:
    """Return the path under which clients see this app: behind a proxy, or mounted in a host's app."""
    return scope.get("root_path") or config.root_path


def _sends_json(config: Config, make: Callable[[str], bytes]) -> Handler:
    async def handler(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
        return await send_json(scope, send, 200, make(_prefix(config, scope)))

    return handler


def _sends_page(config: Config, page: str) -> Handler:
    async def handler(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
        url = html.escape(f"{_prefix(config, scope)}/openapi.json")
        body = page.replace("{url}", url).replace("{title}", TITLE)
        return await send_response(scope, send, 200, body.encode(), b"text/html; charset=utf-8")

    return handler


def make_document(config: Config, routes: Routes, prefix: str = "") -> dict[str, Any]:
    """Return the OpenAPI document of these routes, which clients see under `prefix`."""
    structs = _structs_of(OPERATIONS[method, path] for path, methods in routes.items() for method in methods)
    references, components = msgspec.json.schema_components(structs, ref_template=_REFERENCE)
    for name, members in DESCRIBED_MEMBERS.items():
        if name in components:
            components[name]["properties"].update(members)
    for name, alternatives in ONE_OF_MEMBERS.items():
        if name in components:
            components[name]["anyOf"] = [{"required": [member]} for member in alternatives]
    schema_of = dict(zip(structs, references, strict=True))
    paths = {
        path: {
            method.lower(): _describe(config, path, method, handler, OPERATIONS[method, path], schema_of)
            for method, handler in methods.items()
        }
        for path, methods in routes.items()
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": API_VERSION, "summary": "OpenAI's API in front of vLLM's engine core."},
        "paths": paths,
        "components": {"schemas": components},
    }
    if prefix:
        document["servers"] = [{"url": prefix}]
    if config.api_key:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return document


def _structs_of(operations: Any) -> list[type[msgspec.Struct]]:
    """Return every Struct that is named, once, in their order."""
    found: dict[type[msgspec.Struct], None] = dict.fromkeys((ErrorResponse, HTTPError, Unauthorized))
    for operation in operations:
        for each in (*operation.body, operation.answer, operation.events):
            if isinstance(each, type):
                found[each] = None
    return list(found)


def _describe(
    config: Config,
    path: str,
    method: str,
    handler: Handler,
    operation: Operation,
    schema_of: dict[type[msgspec.Struct], dict[str, Any]],
) -> dict[str, Any]:
    text = inspect.getdoc(handler) or ""
    described: dict[str, Any] = {
        "operationId": f"{method.lower()}{path.replace('/', '_').replace('.', '_')}",
        "tags": [operation.tag],
        "summary": text.partition("\n")[0].partition(":")[0].rstrip("."),
        "description": text[:_MAX_DESCRIPTION],
        "responses": _responses(config, path, operation, schema_of),
    }
    if operation.query is not None:
        described["parameters"] = _parameters(operation.query)
    if operation.body:
        choices = [schema_of[struct] for struct in operation.body]
        schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
        described["requestBody"] = {
            "required": not operation.optional_body,
            "content": {"application/json": {"schema": schema}},
        }
    if config.api_key and path.startswith(GUARDED_PREFIXES):
        described["security"] = [{"key": []}]
    return described


def _responses(
    config: Config, path: str, operation: Operation, schema_of: dict[type[msgspec.Struct], dict[str, Any]]
) -> dict[str, Any]:
    error = {"application/json": {"schema": schema_of[ErrorResponse]}}
    success: dict[str, Any] = {"description": "Done."}
    if operation.answer is not None:
        schema = schema_of[operation.answer] if isinstance(operation.answer, type) else operation.answer
        success["content"] = {operation.media_type: {"schema": schema}}
    if operation.events is not None:
        # Each event is `data: ` and this as JSON; OpenAPI 3.1 has no words for that.
        events = {"type": "string", "description": f"Events whose data is a {operation.events.__name__}."}
        success["content"]["text/event-stream"] = {"schema": events}
    responses = {"200": success}
    statuses = [400, *operation.statuses] if operation.body or operation.query or operation.checks_type else []
    for status in sorted({*statuses, *operation.statuses}):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": error}
    if config.api_key and path.startswith(GUARDED_PREFIXES):
        schema = schema_of[Unauthorized]
        responses["401"] = {"description": "Unauthorized", "content": {"application/json": {"schema": schema}}}
    return responses


def _parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    (_,), components = msgspec.json.schema_components([query], ref_template=_REFERENCE)
    properties = components[query.__name__]["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in properties.items()]
