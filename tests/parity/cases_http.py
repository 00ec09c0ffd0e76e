# SPDX-License-Identifier: Apache-2.0
"""Requests in HTTP's own terms: methods, routes, content types, request ids. Data only."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.real_engine.cases import CHAT, COMPLETIONS, chat, completion

CHAT_JSON = json.dumps(chat("hello", max_tokens=2)).encode()
STREAM_JSON = json.dumps(chat("hello", max_tokens=2, stream=True)).encode()
NAMED_JSON = json.dumps(chat("hello", max_tokens=2, request_id="body")).encode()
COMPLETION_JSON = json.dumps(completion("hello", max_tokens=2)).encode()
JSON = "application/json"
KEPT = ("allow", "content-length", "location", "retry-after", "www-authenticate", "x-request-id")
"""Headers that are compared of every answer."""


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
    HttpCase("http:request-id-stream", "POST", CHAT, STREAM_JSON, {"content-type": JSON, "x-request-id": "a b/c"}),
    HttpCase("http:request-id-body", "POST", CHAT, NAMED_JSON, {"content-type": JSON}),
    HttpCase("http:request-id-both", "POST", CHAT, NAMED_JSON, {"content-type": JSON, "x-request-id": "header"}),
    HttpCase("http:request-id-completion", "POST", COMPLETIONS, COMPLETION_JSON, {"x-request-id": "mine"}),
    HttpCase("http:head-models", "HEAD", "/v1/models"),
    HttpCase("http:head-health", "HEAD", "/health"),
    HttpCase("http:head-nothing", "HEAD", "/nothing"),
    HttpCase("http:options", "OPTIONS", CHAT),
    HttpCase("http:options-nothing", "OPTIONS", "/nothing"),
    HttpCase("http:options-star", "OPTIONS", "/v1/models"),
    HttpCase("http:patch", "PATCH", "/v1/models"),
    HttpCase("http:unknown-method", "BREW", CHAT),
    HttpCase("http:post-health", "POST", "/health"),
    HttpCase("http:ping", "POST", "/ping"),
    HttpCase("http:delete-tokenize", "DELETE", "/tokenize"),
    HttpCase("http:slash", "GET", "/v1/models/"),
    HttpCase("http:slash-post", "POST", f"{CHAT}/", CHAT_JSON, {"content-type": JSON}),
    HttpCase("http:double-slash", "GET", "//v1/models"),
    HttpCase("http:query", "GET", "/v1/models?limit=1"),
    HttpCase("http:escaped", "GET", "/v1/%6dodels"),
    HttpCase("http:root", "GET", "/"),
    HttpCase("http:v1", "GET", "/v1"),
    HttpCase("http:no-key", "GET", "/v1/models", headers={"authorization": ""}),
    _typed("xml", "application/xml"),
    _typed("multipart", "multipart/form-data; boundary=x"),
    _typed("odd-type", "json"),
    _typed("empty-type", ""),
    _typed("utf-16", "application/json; charset=utf-16"),
)
