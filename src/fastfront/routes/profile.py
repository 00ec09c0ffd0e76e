# SPDX-License-Identifier: Apache-2.0
"""POST /start_profile and /stop_profile: the engine's profiler, where --profiler-config names one.

Source: vllm/entrypoints/serve/profile/api_router.py, vllm/v1/engine/async_llm.py, vllm/config/profiler.py (0.32).
"""

from __future__ import annotations

import logging
import re
from weakref import WeakSet

import msgspec

from fastfront.errors import BadRequestError, ConflictError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol.body import load_object
from fastfront.protocol.issues import Issues
from fastfront.protocol.structs import check_for_struct
from fastfront.routes.engine_calls import call
from fastfront.routes.handler import Routes
from fastfront.routes.http import read_body, send_response

logger = logging.getLogger(__name__)

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class StartProfileRequest(msgspec.Struct):
    """One session's own settings; without them, those of --profiler-config."""

    profile_prefix: str | None = None
    delay_iterations: int | None = None
    max_iterations: int | None = None


_CHECK = check_for_struct(StartProfileRequest)

_profiling: WeakSet[Frontend] = WeakSet()
"""The frontends whose engines are being profiled: one session at a time."""


async def start_profile(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Begin a profile."""
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    issues = Issues()
    request = _CHECK(load_object(body), (), issues, strict=True) if body and body != b"null" else StartProfileRequest()
    if issues.count:
        raise issues.to_error()
    _check(frontend, request)
    logger.info("Starting the profiler")
    _profiling.add(frontend)
    try:
        await call(frontend, "profile", True, request.profile_prefix, request.delay_iterations, request.max_iterations)
    except Exception:
        _profiling.discard(frontend)
        raise
    logger.info("The profiler has started")
    return await send_response(scope, send, 200)


def _check(frontend: Frontend, request: StartProfileRequest) -> None:
    if frontend in _profiling:
        raise ConflictError(
            "A profiling session is already active. Call /stop_profile before starting another session."
        )
    if request.profile_prefix is not None and not _PREFIX.fullmatch(request.profile_prefix):
        raise BadRequestError(
            "profile_prefix must be 1-128 ASCII characters, start with a letter or number, and contain only letters, "
            "numbers, '.', '_', or '-'"
        )
    for name in ("delay_iterations", "max_iterations"):
        number = getattr(request, name)
        if number is not None and number < 0:
            raise BadRequestError(f"{name} must be greater than or equal to 0")


async def stop_profile(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """End the profile; the engine writes it where --profiler-config says."""
    logger.info("Stopping the profiler")
    await call(frontend, "profile", False, None, None, None)
    _profiling.discard(frontend)
    logger.info("The profiler has stopped")
    return await send_response(scope, send, 200)


ROUTES: Routes = {"/start_profile": {"POST": start_profile}, "/stop_profile": {"POST": stop_profile}}
