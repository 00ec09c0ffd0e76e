# SPDX-License-Identifier: Apache-2.0
"""fastfront mounted in a small host app under a server of the field: the thing to point a load generator at.

    python benchmarks/host_app.py                                        # FastAPI, Uvicorn, the embedded engine
    python benchmarks/host_app.py --server hypercorn --host starlette
    python benchmarks/host_app.py --engine tcp://127.0.0.1:29550 --model Qwen/Qwen3-0.6B

Answers on /llm/v1/chat/completions. It measures nothing itself: what is to be compared is the CPU time of this process
per token (user and system, from /proc/PID/stat) with that of `fastfront serve` under the same load.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import fastfront

PATH = "/llm"


def make_app(host: str, *, engine: str, model: str | None, options: dict[str, Any]) -> Any:
    """Return the app: fastfront itself ("none"), or mounted in a "starlette", "fastapi" or "middleware" host.

    "middleware" is FastAPI with one `@app.middleware("http")`, which wraps every message of every response.
    """
    if host == "none":
        return fastfront.create_app(model, engine=engine, **options)
    if host == "starlette":
        from starlette.applications import Starlette

        app: Any = Starlette()
    else:
        from fastapi import FastAPI

        app = FastAPI()
    if host == "middleware":

        @app.middleware("http")
        async def mark(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            response.headers["x-host"] = "yes"
            return response

    fastfront.mount(app, PATH, model=model, engine=engine, **options)
    return app


def serve(app: Any, server: str, port: int) -> None:
    """Run the app until SIGINT or SIGTERM."""
    if server == "uvicorn":
        import uvicorn

        uvicorn.run(app, port=port, http="httptools", loop="uvloop", access_log=False, backlog=4096)
        return
    import hypercorn.asyncio
    import hypercorn.config
    import uvloop

    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.backlog = 4096
    loop = uvloop.new_event_loop() if server == "hypercorn-uvloop" else asyncio.new_event_loop()
    loop.run_until_complete(hypercorn.asyncio.serve(app, config))


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=["uvicorn", "hypercorn", "hypercorn-uvloop"], default="uvicorn")
    parser.add_argument("--host", choices=["fastapi", "middleware", "starlette", "none"], default="fastapi")
    parser.add_argument("--engine", default="sim", help='"sim", "vllm" or tcp://HOST:PORT')
    parser.add_argument("--model")
    parser.add_argument("--served-model-name")
    parser.add_argument("--engine-args", default="", help="for an engine that is started here, in one string")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    options: dict[str, Any] = {}
    if arguments.served_model_name:
        options["served_model_name"] = [arguments.served_model_name]
    if arguments.engine_args:
        options["engine_args"] = arguments.engine_args.split()
    app = make_app(arguments.host, engine=arguments.engine, model=arguments.model, options=options)
    serve(app, arguments.server, arguments.port)


if __name__ == "__main__":
    main()
