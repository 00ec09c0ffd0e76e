# SPDX-License-Identifier: Apache-2.0
"""What every test relies on: settings, nothing global left behind. Fixtures live beside their tests, where they can."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a busy machine is no bug. A failure prints the line that reproduces it.
settings.register_profile("default", deadline=None, print_blob=True)
# More examples, for a long look: HYPOTHESIS_PROFILE=long make test
settings.register_profile("long", deadline=None, print_blob=True, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _log_handlers_as_before() -> Iterator[None]:
    """A command that runs inside a test sets up its log on a stream that pytest then closes."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return (key file, certificate file) of a self-signed certificate for localhost and 127.0.0.1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes its certificate with the openssl command, which is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert
