# SPDX-License-Identifier: Apache-2.0
"""fastfront inside somebody else's app: `mount` for FastAPI and Starlette, `create_app` for any ASGI server.

Takes nothing of the process: no signals, no event-loop policy, no logging set-up, no default Prometheus registry. It is
imported by `import fastfront`, so it loads nothing heavy before it is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fastfront.app import App
    from fastfront.config import Config
    from fastfront.frontend import Frontend

Lifespan = Callable[[Any], contextlib.AbstractAsyncContextManager[Any]]


def create_app(model: str | None = None, *, engine: str | None = None, **options: Any) -> App:
    """Return the ASGI app for a model, to be run by any ASGI server. Its lifespan starts and stops the engine.

    `engine` is "vllm" (the default: start vLLM for the model), "sim" (the embedded engine, which needs no model) or
    tcp://HOST:PORT (bind that address and wait there for headless engines). `options` are those of `fastfront.Config`;
    a wrong one raises ValueError here and now.
    """
    from fastfront.app import App
    from fastfront.frontend import Frontend

    return App(Frontend(_config(model, engine, options)))


def mount(
    app: Any, path: str = "/llm", *, engine: str | None = None, model: str | None = None, **options: Any
) -> Frontend:
    """Serve a model below `path` of a FastAPI or Starlette app (or a router of theirs).

    The engine starts before the host's own start-up code and stops after its shutdown code, whichever was written
    first. If it cannot start, the host does not start either, and says why. The arguments are those of `create_app`.
    Returns the Frontend, for `await frontend.drain()` and the like.
    """
    router = _router_of(app)
    mounted = create_app(model, engine=engine, **options)
    frontend = mounted.frontend
    app.mount("/" + path.strip("/") if path.strip("/") else "", mounted)
    host_lifespan = cast("Lifespan", router.lifespan_context)

    @contextlib.asynccontextmanager
    async def lifespan(host: Any) -> AsyncIterator[Any]:
        async with _running(frontend), host_lifespan(host) as state:
            yield state

    # A mounted app gets no lifespan events from Starlette: ours has to ride on the host's.
    router.lifespan_context = lifespan
    return frontend


def _router_of(app: Any) -> Any:
    """Return what holds the app's lifespan."""
    for candidate in (getattr(app, "router", None), app):
        if callable(getattr(candidate, "lifespan_context", None)) and callable(getattr(app, "mount", None)):
            return candidate
    raise TypeError(
        f"fastfront.mount() needs a FastAPI or Starlette app, not {type(app).__name__}. Elsewhere, mount "
        "fastfront.create_app(...) as any ASGI app and forward the lifespan to it, or await its frontend.start() and "
        "frontend.stop()."
    )


@contextlib.asynccontextmanager
async def _running(frontend: Frontend) -> AsyncIterator[None]:
    try:
        await frontend.start()
        yield
    finally:
        await frontend.stop()


def _config(model: str | None, engine: str | None, options: dict[str, Any]) -> Config:
    from fastfront import config

    for name in options:
        option = config.find(name)
        if option is not None and option.group == "HTTP server":
            raise ValueError(
                f"{option.name} is an option of `fastfront serve`: here, the server that runs the app has it"
            )
    if model is None and engine != "sim":
        raise ValueError('say which model to serve, or engine="sim" for the embedded engine')
    return config.Config.from_mapping({"model": model, "engine": engine, **options})
