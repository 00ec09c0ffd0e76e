# SPDX-License-Identifier: Apache-2.0
"""Requests to what may stand before the app: API keys, CORS, request ids, bounds on what waits. Data only."""

from __future__ import annotations

import json
from typing import Any

from tests.parity.cases_http import CHAT_JSON, JSON, KEPT, HttpCase
from tests.real_engine.asking import KEY
from tests.real_engine.cases import CHAT, COMPLETIONS, chat, completion
from tests.real_engine.cases_routes import BATCH

FRONT_KEPT = (
    *KEPT,
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "vary",
)
"""Headers that are compared of these answers."""
KEYS = ("first-key", "second-key")
ORIGIN, OTHER = "https://a.example", "https://b.example"
FRONT_FLAGS = (
    "--api-key",
    *KEYS,
    "--allowed-origins",
    json.dumps([ORIGIN]),
    "--allowed-methods",
    json.dumps(["GET", "POST"]),
    "--allowed-headers",
    json.dumps(["authorization", "x-mine"]),
    "--allow-credentials",
    "--enable-request-id-headers",
    "--max-num-queued-reqs",
    "8",
    "--max-num-queued-tokens",
    "3000",
)
"""What the server of these cases is started with."""
AUTHORIZED = {"authorization": f"Bearer {KEYS[1]}"}


def _models(name: str, **headers: str) -> HttpCase:
    shown = {key.replace("_", "-"): value for key, value in headers.items()}
    return HttpCase(f"front:{name}", "GET", "/v1/models", headers=shown)


def _posted(name: str, body: dict[str, Any], path: str = CHAT, **headers: str) -> HttpCase:
    shown = {key.replace("_", "-"): value for key, value in headers.items()}
    return HttpCase(f"front:{name}", "POST", path, json.dumps(body).encode(), {"content-type": JSON, **shown})


def _preflight(name: str, origin: str, method: str, asked: str = "", path: str = CHAT) -> HttpCase:
    headers = {"origin": origin, "access-control-request-method": method}
    if asked:
        headers["access-control-request-headers"] = asked
    return HttpCase(f"front:preflight-{name}", "OPTIONS", path, headers=headers)


OPEN_PATHS = ("/health", "/ping", "/version", "/load", "/nothing", "/is_sleeping", "/v3/models")
GUARDED_PATHS = ("/v1/models", "/v1/nothing", "/v1", "/v1x", "/v2/embed", "/inference/v1/generate", "/cohere/v2/chat")

FRONT: tuple[HttpCase, ...] = (
    *[HttpCase(f"front:open:{path}", "GET", path) for path in OPEN_PATHS],
    *[HttpCase(f"front:guarded:{path}", "GET", path) for path in GUARDED_PATHS],
    HttpCase("front:open-tokenize", "POST", "/tokenize", b'{"prompt": "a"}', {"content-type": JSON}),
    HttpCase("front:guarded-post", "POST", CHAT, CHAT_JSON, {"content-type": JSON}),
    HttpCase("front:guarded-body-unread", "POST", CHAT, b"{", {"content-type": JSON}),
    HttpCase("front:guarded-head", "HEAD", "/v1/models"),
    HttpCase("front:guarded-options", "OPTIONS", "/v1/models"),
    *[_models(f"key-{number}", authorization=f"Bearer {key}") for number, key in enumerate(KEYS)],
    _models("scheme-lower", authorization=f"bearer {KEYS[0]}"),
    _models("scheme-upper", authorization=f"BEARER {KEYS[0]}"),
    _models("scheme-basic", authorization=f"Basic {KEYS[0]}"),
    _models("scheme-missing", authorization=KEYS[0]),
    _models("key-missing", authorization="Bearer"),
    _models("key-wrong", authorization="Bearer first-ke"),
    _models("key-longer", authorization="Bearer first-key1"),
    _models("key-two-spaces", authorization="Bearer  first-key"),
    _models("key-tab", authorization="Bearer\tfirst-key"),
    _models("key-of-environment", authorization=f"Bearer {KEY}"),
    _models("key-elsewhere", x_api_key=KEYS[0]),
    HttpCase("front:key-in-query", "GET", f"/v1/models?api_key={KEYS[0]}"),
    _models("request-id", x_request_id="mine", **AUTHORIZED),
    _models("request-id-empty", x_request_id="", **AUTHORIZED),
    _models("request-id-unauthorized", x_request_id="mine"),
    HttpCase("front:request-id-nothing", "GET", "/nothing", headers={"x-request-id": "mine"}),
    _posted("request-id-chat", chat("hello", max_tokens=2), x_request_id="mine", **AUTHORIZED),
    _posted("request-id-stream", chat("hello", max_tokens=2, stream=True), x_request_id="mine", **AUTHORIZED),
    _posted("request-id-made", completion("hello", max_tokens=2), COMPLETIONS, **AUTHORIZED),
    _posted("request-id-refused", chat("hello", max_tokens=0), x_request_id="mine", **AUTHORIZED),
    _models("origin", origin=ORIGIN, **AUTHORIZED),
    _models("origin-other", origin=OTHER, **AUTHORIZED),
    _models("origin-null", origin="null", **AUTHORIZED),
    _models("origin-cookie", origin=ORIGIN, cookie="a=b", **AUTHORIZED),
    _models("origin-unauthorized", origin=ORIGIN),
    HttpCase("front:origin-nothing", "GET", "/nothing", headers={"origin": ORIGIN}),
    HttpCase("front:origin-wrong-method", "PUT", "/health", headers={"origin": ORIGIN}),
    _posted("origin-stream", chat("hello", max_tokens=2, stream=True), origin=ORIGIN, **AUTHORIZED),
    _posted("origin-refused", chat("hello", max_tokens=0), origin=ORIGIN, **AUTHORIZED),
    _preflight("allowed", ORIGIN, "POST", "authorization, content-type"),
    _preflight("bare", ORIGIN, "GET"),
    _preflight("other-origin", OTHER, "POST", "authorization"),
    _preflight("other-method", ORIGIN, "DELETE"),
    _preflight("other-header", ORIGIN, "POST", "x-mine, x-yours"),
    _preflight("nothing-right", OTHER, "PUT", "x-yours"),
    HttpCase(
        "front:preflight-private",
        "OPTIONS",
        CHAT,
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-private-network": "true",
        },
    ),
    _preflight("nowhere", ORIGIN, "POST", path="/nothing"),
    HttpCase("front:options-origin", "OPTIONS", CHAT, headers={"origin": ORIGIN}),
    _posted("busy", chat("hello", max_tokens=2, n=9, temperature=1), **AUTHORIZED),
    _posted("busy-stream", chat("hello", max_tokens=2, n=9, temperature=1, stream=True), **AUTHORIZED),
    _posted("busy-completion", completion("hello", max_tokens=2, n=9, temperature=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-not", completion("hello", max_tokens=2, n=8, temperature=1, seed=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-prompts", completion(["a"] * 9, max_tokens=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-prompts-stream", completion(["a"] * 9, max_tokens=1, stream=True), COMPLETIONS, **AUTHORIZED),
    _posted("busy-prompts-several", completion(["a"] * 5, max_tokens=1, n=2, temperature=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-tokens", completion([[5] * 3001, [6, 7]], max_tokens=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-tokens-not", completion([[8] * 2990, [6, 7]], max_tokens=1), COMPLETIONS, **AUTHORIZED),
    _posted("busy-and-wrong", chat("hello", n=9, temperature=1, max_tokens=9999), **AUTHORIZED),
)

DEAD: tuple[HttpCase, ...] = (
    *[HttpCase(f"dead:{path}", "GET", path) for path in ("/health", "/ping", "/version", "/load", "/nothing")],
    HttpCase("dead:models", "GET", "/v1/models", headers=AUTHORIZED),
    HttpCase("dead:tokenize", "POST", "/tokenize", b'{"prompt": "a"}', {"content-type": JSON}),
    HttpCase("dead:unauthorized", "POST", CHAT, CHAT_JSON, {"content-type": JSON}),
    *[
        HttpCase(f"dead:{name}", "POST", path, json.dumps(body).encode(), {"content-type": JSON, **AUTHORIZED})
        for name, path, body in (
            ("chat", CHAT, chat("hello", max_tokens=2)),
            ("chat-stream", CHAT, chat("hello", max_tokens=2, stream=True)),
            ("completion", COMPLETIONS, completion("hello", max_tokens=2)),
            ("completion-stream", COMPLETIONS, completion("hello", max_tokens=2, stream=True)),
            ("refused", CHAT, chat("hello", max_tokens=0)),
            ("model", CHAT, chat("hello") | {"model": "other"}),
            ("model-stream", CHAT, chat("hello", stream=True) | {"model": "other"}),
            ("model-refused", CHAT, chat("hello", max_tokens=0) | {"model": "other"}),
            ("model-completion", COMPLETIONS, completion("hello") | {"model": "other"}),
            ("schema", CHAT, chat("hello", max_tokens="many")),
            ("schema-completion", COMPLETIONS, completion("hello", max_tokens="many", stream=True)),
            ("rule", CHAT, chat("hello", stream_options={"include_usage": True})),
            ("beams-stream", COMPLETIONS, completion("hello", use_beam_search=True, stream=True)),
            ("batch", BATCH, chat([[{"role": "user", "content": "a"}]], max_tokens=2)),
            ("batch-model", BATCH, chat([[{"role": "user", "content": "a"}]]) | {"model": "other"}),
        )
    ],
    *[
        HttpCase(f"dead:no-json:{path}", "POST", path, b"{", {"content-type": JSON, **AUTHORIZED})
        for path in (CHAT, COMPLETIONS, BATCH)
    ],
)
"""Asked when the engine is dead and the server has been told to stay up."""
FRONT_SETTINGS = {
    "VLLM_API_KEY": KEY,  # counts only where there is no --api-key
    "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH": "1",
}
"""The environment of the server of these cases."""
