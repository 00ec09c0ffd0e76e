# SPDX-License-Identifier: Apache-2.0
"""Requests that are refused before their JSON is looked at: methods, routes, content types. Data only."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.real_engine.cases import CHAT, COMPLETIONS, chat, completion

CHAT_JSON = json.dumps(chat("hello", max_tokens=2)).encode()
COMPLETION_JSON = json.dumps(completion("hello", max_tokens=2)).encode()
JSON = "application/json"


@dataclass(frozen=True)
class HttpCase:
    """A request in HTTP's own terms."""

    name: str
    method: str
    path: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def _typed(name: str, content_type: str, path: str = CHAT, content: bytes = CHAT_JSON) -> HttpCase:
    return HttpCase(f"http:{name}", "POST", path, content, {"content-type": content_type})


HTTP: tuple[HttpCase, ...] = (
    _typed("json", JSON),
    _typed("json-with-charset", "application/json; charset=utf-8"),
    _typed("json-in-capitals", "Application/JSON", COMPLETIONS, COMPLETION_JSON),
    _typed("vendor-json", "application/vnd.api+json"),
    _typed("text", "text/plain"),
    _typed("form", "application/x-www-form-urlencoded", COMPLETIONS, b"prompt=hello"),
    _typed("nothing-of-json", JSON, content=b""),
    HttpCase("http:no-type", "POST", CHAT, CHAT_JSON),
    HttpCase("http:no-type-completion", "POST", COMPLETIONS, COMPLETION_JSON),
    HttpCase("http:get", "GET", CHAT),
    HttpCase("http:put", "PUT", COMPLETIONS, COMPLETION_JSON, {"content-type": JSON}),
    HttpCase("http:delete", "DELETE", CHAT),
    HttpCase("http:head", "HEAD", COMPLETIONS),
    HttpCase("http:no-route", "POST", "/v1/chat/nothing", CHAT_JSON, {"content-type": JSON}),
    HttpCase("http:no-route-get", "GET", "/nothing"),
    HttpCase("http:post-models", "POST", "/v1/models", CHAT_JSON, {"content-type": JSON}),
    HttpCase("http:model", "GET", "/v1/models/other"),
    HttpCase("http:request-id", "POST", CHAT, CHAT_JSON, {"content-type": JSON, "x-request-id": "mine"}),
    HttpCase("http:rank-beyond", "POST", CHAT, CHAT_JSON, {"content-type": JSON, "x-data-parallel-rank": "7"}),
    HttpCase("http:rank-no-number", "POST", CHAT, CHAT_JSON, {"content-type": JSON, "x-data-parallel-rank": "x"}),
)
