# SPDX-License-Identifier: Apache-2.0
"""--enable-ssl-refresh: a certificate that is renewed is shown to the next client, without a restart."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from fastfront.config import Config
from fastfront.server.http import hypercorn_config
from fastfront.server.refresh import RefreshedConfig


@pytest.fixture
def files(tmp_path, certificate):
    """Return paths of a key and a certificate that the test may replace."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    shutil.copy(certificate[0], key)
    shutil.copy(certificate[1], cert)
    return key, cert


def renew(key: Path, cert: Path) -> None:
    """Put another certificate in place."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", f"{key}.new", "-out", f"{cert}.new"], check=True, capture_output=True)
    Path(f"{key}.new").replace(key)
    Path(f"{cert}.new").replace(cert)


async def shown(port: int) -> bytes:
    """Return the certificate that the server on a port shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return found


def config_of(key, cert):
    return hypercorn_config(Config(ssl_keyfile=str(key), ssl_certfile=str(cert), enable_ssl_refresh=True))


async def test_renewed_certificate_is_shown(files):
    """To connections that are made after the change; until then the old one is."""
    theirs = config_of(*files)
    assert isinstance(theirs, RefreshedConfig)
    context = theirs.create_ssl_context()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    theirs.look()
    before = await shown(port)
    theirs.look()
    assert await shown(port) == before
    renew(*files)
    assert await shown(port) == before
    theirs.look()
    assert await shown(port) != before
    server.close()


async def test_refreshing_looks_at_once(files):
    """What changes after the start is a change."""
    theirs = config_of(*files)
    looks = []
    theirs.look = lambda: looks.append(None)
    refreshing = asyncio.create_task(theirs.refresh())
    await asyncio.sleep(0)
    refreshing.cancel()
    assert looks


def test_files_that_cannot_be_used_change_nothing(files, caplog):
    """The log says so, and the old certificate stays; a file that is missing is waited for."""
    theirs = config_of(*files)
    context = theirs.create_ssl_context()
    theirs.look()
    files[0].rename(files[0].with_suffix(".away"))
    theirs.look()
    assert caplog.messages == []
    files[0].write_text("no key")
    with caplog.at_level(logging.ERROR):
        theirs.look()
    assert "cannot be used, the old ones stay" in caplog.text
    assert theirs.create_ssl_context() is context
