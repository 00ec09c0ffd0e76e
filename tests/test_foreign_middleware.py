# SPDX-License-Identifier: Apache-2.0
"""--middleware: ASGI classes and `async def` functions by import path, around everything."""

from __future__ import annotations

import sys

import httpx
import pytest

from fastfront._native.http import EXTENSION
from fastfront.app import App
from fastfront.config import Config
from fastfront.errors import StartupError
from fastfront.foreign_middleware import ThroughSendMiddleware, load_middleware

HERE = __name__


class Named:
    """Adds its name to the response."""

    name = b"outer"

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def named(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-seen-by", self.name)]
            await send(message)

        await self.app(scope, receive, named)


class Inner(Named):
    name = b"inner"


async def guard(request, call_next):
    """Refuse what brings no password, as an HTTP middleware of Starlette's."""
    from starlette.responses import Response

    if request.headers.get("x-password") != "open":
        return Response(status_code=418)
    response = await call_next(request)
    response.headers["x-guarded"] = "yes"
    return response


def plain(request, call_next):
    """Not a coroutine function: vLLM refuses it, too."""


class Unmakeable:
    def __init__(self):
        pass


async def ask(*middleware, headers=None):
    app = App(Config(engine="sim", middleware=[f"{HERE}.{name}" for name in middleware]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get("/nope", headers=headers)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """pytest imports this module by its path: let import find it by name."""
    monkeypatch.setitem(sys.modules, HERE, sys.modules.get(HERE) or sys.modules[__name__])


async def test_last_class_is_the_outermost():
    """As Starlette's add_middleware, which vLLM uses."""
    response = await ask("Inner", "Named")
    assert response.status_code == 404
    assert response.headers.get_list("x-seen-by") == ["inner", "outer"]


async def test_coroutine_function_is_an_http_middleware():
    """It answers itself, or passes on and sees the response."""
    assert (await ask("guard")).status_code == 418
    response = await ask("guard", headers={"x-password": "open"})
    assert (response.status_code, response.headers["x-guarded"]) == (404, "yes")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere.at.all.Thing", "No module named 'nowhere'"),
        (f"{HERE}.missing", "has no attribute 'missing'"),
        (f"{HERE}.plain", "Must be a function or a class"),
        ("noDots", "Empty module name"),
    ],
)
def test_what_cannot_be_loaded_is_told(path, reason):
    """At start, with the path."""
    with pytest.raises(StartupError, match=f"--middleware {path}: .*{reason}"):
        load_middleware(path)


def test_class_that_takes_no_app_is_told():
    """At start, not with the first request."""
    with pytest.raises(StartupError, match=r"Unmakeable: .*takes 1 positional argument"):
        App(Config(engine="sim", middleware=[f"{HERE}.Unmakeable"]))


def test_without_starlette_a_function_is_told(monkeypatch):
    """What is missing, and how to get it."""
    monkeypatch.setitem(sys.modules, "starlette.middleware.base", None)
    with pytest.raises(StartupError, match="pip install starlette"):
        load_middleware(f"{HERE}.guard")(None)


async def test_responses_go_through_send():
    """The native way to the client's socket would pass the middleware by."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["extensions"])

    scope = {"type": "http", "extensions": {EXTENSION: object(), "other": {}}}
    await ThroughSendMiddleware(app)(scope, None, None)
    assert seen == [{"other": {}}]
    assert EXTENSION in scope["extensions"]
