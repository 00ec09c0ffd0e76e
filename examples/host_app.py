# SPDX-License-Identifier: Apache-2.0
"""An LLM inside a FastAPI app of yours: your routes, your middleware, your lifespan, and OpenAI's API below /llm.

    pip install fastfront fastapi uvicorn
    uvicorn host_app:app --app-dir examples          (or: hypercorn examples/host_app:app)

    curl -N localhost:8000/llm/v1/chat/completions -H 'Content-Type: application/json' \
        -d '{"stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'

The embedded engine answers, so nothing else is needed. `mount(app, "/llm", model="Qwen/Qwen3-8B")` would start vLLM.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

import fastfront


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, float]]:
    """Your own start-up and shutdown; the engine is ready before and stops after."""
    yield {"started": time.monotonic()}


app = FastAPI(title="My service", lifespan=lifespan)
llm = fastfront.mount(app, "/llm", engine="sim")


@app.middleware("http")
async def add_service_header(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Middleware of yours, around your routes and the mounted ones alike."""
    response = await call_next(request)
    response.headers["x-service"] = "my-service"
    return response


@app.get("/")
async def status(request: Request) -> dict[str, object]:
    """Answer with a route of yours that looks at the mounted model."""
    return {"models": llm.model.names, "ready": llm.is_ready, "up": time.monotonic() - request.state.started}
