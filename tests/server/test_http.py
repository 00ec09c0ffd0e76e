# SPDX-License-Identifier: Apache-2.0
"""Hypercorn's configuration from ours, and its log into ours."""

from __future__ import annotations

import logging
import ssl

import pytest

from fastfront.config import Config
from fastfront.errors import StartupError
from fastfront.server.http import HypercornLog, hypercorn_config
from fastfront.telemetry.access_log import AccessLog
from fastfront.telemetry.log_queue import LogQueue


def test_limits_are_handed_on():
    """Time and size limits of connections are Hypercorn's to keep."""
    theirs = hypercorn_config(Config(http_timeout_keep_alive=60, h11_max_incomplete_event_size=1000, root_path="/a"))
    assert theirs.keep_alive_timeout == 60
    assert theirs.h11_max_incomplete_size == 1000
    assert theirs.root_path == "/a"
    assert theirs.keep_alive_max_requests > 10**9


def test_no_tls_without_a_key():
    """Cleartext is the default."""
    assert not hypercorn_config(Config()).ssl_enabled


def test_tls_files_that_cannot_be_used_are_told(tmp_path):
    """A missing or broken certificate stops the start, by name, instead of failing every connection."""
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    for file in (bad, tmp_path / "missing.pem"):
        with pytest.raises(StartupError, match=file.name):
            hypercorn_config(Config(ssl_keyfile=str(file), ssl_certfile=str(file)))


def test_client_certificates(certificate):
    """--ssl-ca-certs and --ssl-cert-reqs make the server ask for the client's certificate."""
    key, cert = certificate
    theirs = hypercorn_config(Config(ssl_keyfile=key, ssl_certfile=cert, ssl_ca_certs=cert, ssl_cert_reqs=2))
    context = theirs.create_ssl_context()
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_ciphers(certificate):
    """--ssl-ciphers chooses the suites; a name that does not exist stops the start."""
    key, cert = certificate
    hypercorn_config(Config(ssl_keyfile=key, ssl_certfile=cert, ssl_ciphers="ECDHE-RSA-AES256-GCM-SHA384"))
    with pytest.raises(StartupError, match="TLS"):
        hypercorn_config(Config(ssl_keyfile=key, ssl_certfile=cert, ssl_ciphers="NONSENSE"))


async def test_access_log(caplog):
    """Requests that Hypercorn serves are noted where all are, if they are noted at all."""
    scope = {"type": "http", "client": ("1.2.3.4", 5), "method": "GET", "path": "/v1/models", "headers": []}
    queue = LogQueue()
    with caplog.at_level(logging.INFO, "fastfront.access"):
        await HypercornLog(hypercorn_config(Config())).access(scope, {"status": 200}, 0.5)
        log = HypercornLog(hypercorn_config(Config(), AccessLog(queue)))
        await log.access(scope, {"status": 200}, 0.5)
        await log.access(scope | {"client": None}, None, 0.5)
        queue.close()
    assert caplog.messages == ['1.2.3.4:5 - "GET /v1/models HTTP/1.1" 200 OK', ' - "GET /v1/models HTTP/1.1" -']


async def test_hypercorns_errors_keep_their_traceback(caplog):
    """An exception that Hypercorn catches is logged with where it came from."""
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        await HypercornLog(hypercorn_config(Config())).exception("Error in ASGI Framework")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
