# SPDX-License-Identifier: Apache-2.0
"""The access log: a line per response in Uvicorn's form, as vLLM's server writes it, made on the log's thread.

A request that names itself (X-Request-Id) has its id at the end of the line. Knows an ASGI scope and no server.
"""

from __future__ import annotations

import http
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from fastfront.telemetry.log_queue import LogQueue

logger = logging.getLogger("fastfront.access")

MAX_PATH_CHARS = 2048
MAX_ID_CHARS = 512


class AccessLog:
    """Takes scopes with the status of their response."""

    def __init__(self, queue: LogQueue, hidden_paths: Iterable[str] = ()) -> None:
        """Log through `queue`. `hidden_paths`: requests for these, whatever their query, are not logged."""
        self._queue = queue
        self._hidden = frozenset(hidden_paths)

    def note(self, scope: Mapping[str, Any], status: int) -> None:
        """Log a response. `status` 0: there was none."""
        if logger.isEnabledFor(logging.INFO) and scope["path"] not in self._hidden:
            self._queue.put(log_access, scope, status)


def log_access(scope: Mapping[str, Any], status: int) -> None:
    """Write the line: client, request line, status and its phrase, and the request's id if it has one."""
    client = scope.get("client")
    query = scope.get("query_string", b"").decode("ascii", "replace")
    path = quote(scope["path"], safe="/:@!$&'()*+,;=~-._")[:MAX_PATH_CHARS]
    logger.info(
        '%s - "%s %s HTTP/%s" %s%s',
        f"{client[0]}:{client[1]}" if client else "",
        scope["method"],
        (f"{path}?{query}" if query else path)[:MAX_PATH_CHARS],
        scope.get("http_version", "1.1"),
        _status_text(status),
        _request_id(scope),
    )


def _status_text(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status) if status else "-"


def _request_id(scope: Mapping[str, Any]) -> str:
    found = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return f" {found[:MAX_ID_CHARS].decode('latin-1')!r}" if found else ""
