# SPDX-License-Identifier: Apache-2.0
"""Development: the engines' caches, their sleep, and calls of their workers (VLLM_SERVER_DEV_MODE).

Source: vllm/entrypoints/serve/dev/cache, rpc and sleep (0.32).
"""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

import msgspec

from fastfront.errors import BadRequestError, SchemaError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol.structs import check_for_struct
from fastfront.routes.engine_calls import ask, call, call_all
from fastfront.routes.handler import Routes
from fastfront.routes.http import send_json, send_response
from fastfront.routes.parameters import object_of, query_items, query_of

logger = logging.getLogger(__name__)

PauseMode = Literal["abort", "wait", "keep"]
"""What becomes of running requests: they end, are waited for, or are held."""


class ResetPrefixCacheQuery(msgspec.Struct):
    reset_running_requests: bool = False
    reset_external: bool = False


class SleepQuery(msgspec.Struct):
    level: Annotated[int, msgspec.Meta(ge=0, le=2)] = 1
    mode: PauseMode = "abort"


class WakeUpQuery(msgspec.Struct):
    """Without tags, everything wakes up."""

    tags: list[str] = []


class CollectiveRpcRequest(msgspec.Struct, kw_only=True):
    """A method of the engine's workers, by name."""

    method: str
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    timeout: float | None = None


_RESET_PREFIX_CACHE = check_for_struct(ResetPrefixCacheQuery)
_SLEEP = check_for_struct(SleepQuery)


async def reset_prefix_cache(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Forget cached prefixes. Not done, and said so, while blocks are in use."""
    query = query_of(scope, _RESET_PREFIX_CACHE)
    logger.info("Resetting the prefix cache")
    done = await call_all(frontend, "reset_prefix_cache", query.reset_running_requests, query.reset_external)
    return await send_json(scope, send, 200, msgspec.json.encode({"success": all(done)}))


async def reset_mm_cache(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Forget cached inputs other than text."""
    await call(frontend, "reset_mm_cache")
    return await send_response(scope, send, 200)


async def reset_encoder_cache(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Forget what encoders made of inputs other than text."""
    await call(frontend, "reset_encoder_cache")
    return await send_response(scope, send, 200)


async def collective_rpc(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Call a method of every worker; answer what those of the first engine said, scalars as text."""
    body = await object_of(frontend, scope, receive, invalid="JSON decode error: {error}")
    if body.get("method") is None:
        raise SchemaError("Missing 'method' in request body")
    if not isinstance(body["method"], str):
        raise SchemaError("'method' must be the name of a worker's method")
    try:
        args = tuple(body.get("args", ()))
    except TypeError as error:
        raise BadRequestError(str(error)) from None
    results = await call(frontend, "collective_rpc", body["method"], body.get("timeout"), args, body.get("kwargs", {}))
    if results is None:
        return await send_response(scope, send, 200)
    said = [result if result is None or isinstance(result, dict | list) else str(result) for result in results]
    return await send_json(scope, send, 200, msgspec.json.encode({"results": said}))


async def sleep(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Let the engines give memory away: level 0 none, 1 all but the weights, which wait in the host, 2 all."""
    query = query_of(scope, _SLEEP)
    with frontend.metrics.frontend.sleep_mode.record("sleep"):
        await call(frontend, "sleep", query.level, query.mode)
    frontend.metrics.frontend.record_sleep_state(1, query.level)
    return await send_json(scope, send, 200, msgspec.json.encode({"status": "sleeping", "level": query.level}))


async def release_kv_cache_memory(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Give the KV cache's memory away, while paused."""
    with frontend.metrics.frontend.sleep_mode.record("release_kv_cache_memory"):
        await call(frontend, "release_kv_cache_memory")
    frontend.metrics.frontend.record_sleep_state(1, 0)
    return await send_json(scope, send, 200, b'{"status":"kv_cache_released"}')


async def wake_up(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Take the memory back: all of it, or what `tags` name (weights, kv_cache)."""
    tags = [value for name, value in query_items(scope) if name == "tags"] or None
    logger.info("Waking the engine up with tags: %s", tags)
    with frontend.metrics.frontend.sleep_mode.record("wake"):
        awake = all(await call_all(frontend, "wake_up", tags))
    if awake:
        frontend.metrics.frontend.record_sleep_state(0, 0)
    return await send_json(
        scope, send, 200, msgspec.json.encode({"status": "awake" if awake else "sleeping", "tags": tags})
    )


async def is_sleeping(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer whether the engines sleep."""
    answer = {"is_sleeping": await ask(frontend, "is_sleeping")}
    return await send_json(scope, send, 200, msgspec.json.encode(answer))


ROUTES: Routes = {
    "/reset_prefix_cache": {"POST": reset_prefix_cache},
    "/reset_mm_cache": {"POST": reset_mm_cache},
    "/reset_encoder_cache": {"POST": reset_encoder_cache},
    "/collective_rpc": {"POST": collective_rpc},
    "/sleep": {"POST": sleep},
    "/release_kv_cache_memory": {"POST": release_kv_cache_memory},
    "/wake_up": {"POST": wake_up},
    "/is_sleeping": {"GET": is_sleeping},
}
