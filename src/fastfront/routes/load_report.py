# SPDX-License-Identifier: Apache-2.0
"""The engines' load in the header of an answer, for a load balancer that asks for it (ORCA).

A request with `endpoint-load-metrics-format: TEXT` or `JSON` gets `endpoint-load-metrics` with its whole answer; a
stream's headers leave before there is anything to report, and errors have none. Nothing is read unless asked for.
Source: vllm/entrypoints/serve/utils/orca_metrics.py (0.32). Must not know requests.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING

from fastfront.routes.http import get_header

if TYPE_CHECKING:
    from fastfront.frontend import Frontend
    from fastfront.output.asgi import Message, Scope, Send

logger = logging.getLogger(__name__)

ASKED = b"endpoint-load-metrics-format"
ANSWERED = b"endpoint-load-metrics"


def reporting(frontend: Frontend, scope: Scope, send: Send) -> Send | None:
    """Return a `send` that adds the report to a whole answer; None where the request asks for none."""
    wanted = get_header(scope, ASKED)
    if not wanted:
        return None

    def send_with_report(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start" and message["status"] == 200 and _is_whole(message):
            report = load_report(wanted, frontend.metrics.load())
            if report is not None:
                message["headers"] = [*message["headers"], (ANSWERED, report.encode())]
        return send(message)

    return send_with_report


def _is_whole(message: Message) -> bool:
    return any(name == b"content-length" for name, _ in message["headers"])


def load_report(wanted: str, metrics: Iterable[tuple[str, float]]) -> str | None:
    """Return the header's value in the format that the request wants; None for a format that is none.

    A metric comes once per engine: TEXT has all of them, JSON the last.
    """
    kind = wanted.lower()
    if kind == "text":
        return ("TEXT " + ", ".join(f"named_metrics.{name}={value}" for name, value in metrics)).rstrip()
    if kind == "json":
        return "JSON " + json.dumps({"named_metrics": dict(metrics)})
    logger.warning("There is no format %.40r of a load report: TEXT and JSON are known", wanted)
    return None
