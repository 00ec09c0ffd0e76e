# SPDX-License-Identifier: Apache-2.0
"""Query parameters and small JSON bodies, read and refused as FastAPI does for vLLM's administrative routes.

What a route takes is written down as a Struct; `query_of` and `body_of` make it from a request. Must not know what any
parameter means.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from fastfront.errors import SchemaError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope
from fastfront.protocol.body import load_json, load_object
from fastfront.protocol.issues import Issues
from fastfront.protocol.lax import Check, Fields
from fastfront.routes.http import read_body

S = TypeVar("S", bound=msgspec.Struct)


def query_items(scope: Scope) -> list[tuple[str, str]]:
    """Return the query's parameters in their order. Raises SchemaError where there are too many."""
    text = scope.get("query_string", b"").decode("latin-1")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise SchemaError("The query has too many parameters.") from None


def query_of(scope: Scope, check: Check) -> Any:
    """Return what the query's parameters make, or raise the error to answer. Of one given twice the last counts."""
    issues = Issues("query")
    found = check(dict(query_items(scope)), (), issues)
    if issues.count:
        raise issues.to_error()
    return found


async def body_of(frontend: Frontend, scope: Scope, receive: Receive, check: Fields) -> Any:
    """Return what the JSON object in the body makes, or raise the error to answer. Null is as good as missing."""
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    data = {name: value for name, value in (load_object(body) if body else {}).items() if value is not None}
    issues = Issues()
    for name in sorted(check.required - data.keys()):
        issues.add("missing", (name,), "Field required", None)
    found = check(data, (), issues) if not issues.count else None
    if issues.count:
        raise issues.to_error()
    return found


async def object_of(
    frontend: Frontend,
    scope: Scope,
    receive: Receive,
    *,
    invalid: str,
    no_object: str = "Request body must be a JSON object",
) -> dict[str, Any]:
    """Return the JSON object in the body. `invalid` says that it is no JSON, with `{error}` for where and why."""

    def refuse(error: json.JSONDecodeError) -> SchemaError:
        return SchemaError(invalid.format(error=error))

    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    data = load_json(body, refuse)
    if not isinstance(data, dict):
        raise SchemaError(no_object)
    return data
