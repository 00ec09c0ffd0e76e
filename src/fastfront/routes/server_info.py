# SPDX-License-Identifier: Apache-2.0
"""GET /kv_event_sources and, for development, GET /server_info: what this server is made of.

Source: vllm/entrypoints/serve/instrumentator/basic.py, vllm/entrypoints/serve/dev/server_info/api_router.py (0.32).
vLLM shows its VllmConfig, which a frontend never sees: here it is the frontend's options and what the engine told of
itself. Secrets are left out.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from typing import Any, Literal

import msgspec

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol.structs import check_for_struct
from fastfront.routes.handler import Routes
from fastfront.routes.http import send_json
from fastfront.routes.parameters import query_of

_SECRET = ("api_key",)


class ServerInfoQuery(msgspec.Struct):
    config_format: Literal["text", "json"] = "text"


_QUERY = check_for_struct(ServerInfoQuery)


async def kv_event_sources(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer where each engine that publishes events of its KV cache does so, by data-parallel rank."""
    frontend.check_started()
    responses = frontend.engine.responses
    sources = {ready.data_parallel_rank: ready.kv_events_config for ready in responses if ready.kv_events_config}
    return await send_json(scope, send, 200, msgspec.json.encode(sources))


async def server_info(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer configuration, vLLM's variables and the system."""
    query: ServerInfoQuery = query_of(scope, _QUERY)
    frontend.check_started()
    config = _configuration(frontend)
    answer = {
        "vllm_config": config if query.config_format == "json" else _as_text(config),
        "vllm_env": {
            name: value for name, value in os.environ.items() if name.startswith("VLLM_") and "KEY" not in name
        },
        "system_env": {
            "os": platform.platform(),
            "python_version": sys.version,
            "python_platform": platform.machine(),
            "cpu_count": os.cpu_count(),
        },
    }
    return await send_json(scope, send, 200, msgspec.json.encode(answer))


def _configuration(frontend: Frontend) -> dict[str, Any]:
    config = frontend.config
    options = {
        field.name: getattr(config, field.name) for field in dataclasses.fields(config) if field.name not in _SECRET
    }
    engines = [msgspec.to_builtins(ready) for ready in frontend.engine.responses]
    return {
        "model": frontend.model.path,
        "served_model_name": list(frontend.model.names),
        **options,
        "engines": engines,
    }


def _as_text(config: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in config.items())


ROUTES: Routes = {"/kv_event_sources": {"GET": kv_event_sources}}
DEV_ROUTES: Routes = {"/server_info": {"GET": server_info}}
