# SPDX-License-Identifier: Apache-2.0
"""The access log's lines: Uvicorn's form, an id at the end for requests that have one."""

from __future__ import annotations

import logging

import pytest

from fastfront.telemetry.access_log import AccessLog, log_access
from fastfront.telemetry.log_queue import LogQueue

SCOPE = {
    "type": "http",
    "client": ("1.2.3.4", 5),
    "method": "GET",
    "path": "/v1/models",
    "query_string": b"",
    "http_version": "1.1",
    "headers": [(b"host", b"a")],
}


@pytest.fixture(autouse=True)
def shown(caplog):
    """Log at the level of a server's log."""
    caplog.set_level(logging.INFO, "fastfront.access")


@pytest.mark.parametrize(
    ("change", "status", "line"),
    [
        ({}, 200, '1.2.3.4:5 - "GET /v1/models HTTP/1.1" 200 OK'),
        ({"query_string": b"a=1&b"}, 404, '1.2.3.4:5 - "GET /v1/models?a=1&b HTTP/1.1" 404 Not Found'),
        ({"client": None, "http_version": "2"}, 499, ' - "GET /v1/models HTTP/2" 499'),
        ({"path": '/ü"\n'}, 0, '1.2.3.4:5 - "GET /%C3%BC%22%0A HTTP/1.1" -'),
        ({"headers": [(b"x-request-id", b"mine\n")]}, 200, "1.2.3.4:5 - \"GET /v1/models HTTP/1.1\" 200 OK 'mine\\n'"),
    ],
)
def test_lines(caplog, change, status, line):
    """Client, request line, status and its phrase; nothing a client sends breaks the line."""
    log_access(SCOPE | change, status)
    assert caplog.messages == [line]


def test_hidden_paths_are_not_logged(caplog):
    """Probes would drown the rest; their query does not matter."""
    queue = LogQueue()
    log = AccessLog(queue, ["/health"])
    log.note(SCOPE | {"path": "/health", "query_string": b"x"}, 200)
    log.note(SCOPE, 200)
    queue.close()
    assert caplog.messages == ['1.2.3.4:5 - "GET /v1/models HTTP/1.1" 200 OK']
