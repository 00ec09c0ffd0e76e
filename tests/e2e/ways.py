# SPDX-License-Identifier: Apache-2.0
"""The ways out of fastfront, each a process: the same app over the Socket sink and over three kinds of ASGI send()."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from pathlib import Path

import pytest

from tests.server.processes import running, serving_sim

WAYS = ("socket", "mailbox", "hypercorn", "uvicorn")
"""fastfront's own HTTP/1.1 with the pump writing; the same without; Hypercorn with TLS and HTTP/2; Uvicorn."""

every_way = pytest.mark.parametrize("way", WAYS, indirect=True)
"""For tests whose subject is what a client sees: they run over each."""

NO_TLS = ssl.create_default_context()
"""Made once: httpx would make one for each of its clients, which takes longer than most requests here."""

SERVED = ("tester", "also-tester")
MAX_MODEL_LEN = 8192


@contextlib.contextmanager
def serving(way, engine_args, certificate):
    """Run the server; yields it with `client_options`, httpx's, to reach it as it is meant to be reached."""
    if way == "socket":
        arguments = ("--served-model-name", *SERVED, "--max-model-len", str(MAX_MODEL_LEN), *engine_args)
        with serving_sim(*arguments) as server:
            server.client_options = {"verify": NO_TLS}
            yield server
        return
    options = {
        "engine": "sim",
        "served_model_name": SERVED,
        "max_model_len": MAX_MODEL_LEN,
        "engine_args": ["--max-model-len", str(MAX_MODEL_LEN), *engine_args],
        "certificate": certificate if way == "hypercorn" else None,
    }
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        url = f"https://localhost:{port}" if way == "hypercorn" else f"http://127.0.0.1:{port}"
        command = [str(Path(__file__).with_name("host.py")), way, str(listener.fileno()), json.dumps(options)]
        with running(command, program=(), pass_fds=[listener.fileno()], url=url) as server:
            server.client_options = {"verify": NO_TLS}
            if way == "hypercorn":
                # h2, which httpx needs for http2=True, comes with Hypercorn.
                server.client_options = {"http2": True, "verify": ssl.create_default_context(cafile=certificate[1])}
            yield server
