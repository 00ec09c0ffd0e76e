# SPDX-License-Identifier: Apache-2.0
"""vLLM's real Python server before embedded engines, for all parsers at once: run by the Python that has vLLM.

    vllm_server.py PORT-FILE REFUSED-FILE FAMILIES-JSON MODEL=INPUT-PATH,OUTPUT-PATH ...

FAMILIES-JSON has by family: the model, the tool parser, the reasoning parser. The engine clients, the app and every
serving object are what vLLM's own start-up code makes, one set of serving objects for each family; which of them
answers is said by the request's `x-family` header. That choice is all that is not vLLM's. What vLLM cannot make is in
REFUSED-FILE, with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

import uvloop
from starlette.datastructures import State
from vllm.entrypoints.launchers.api_server.app_state import init_app_state
from vllm.entrypoints.launchers.api_server.entry import build_async_engine_client
from vllm.entrypoints.launchers.app import build_app
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.entrypoints.launchers.launcher import serve_http, setup_server
from vllm.utils.argparse_utils import FlexibleArgumentParser


class Chooser:
    """Stands where vLLM's app has its serving object for chats, and hands on to the family's."""

    def __init__(self) -> None:
        self.by_family: dict[str, Any] = {}

    async def create_chat_completion(self, request: Any, raw_request: Any) -> Any:
        """As OpenAIServingChat's."""
        return await self.by_family[raw_request.headers["x-family"]].create_chat_completion(request, raw_request)


def arguments(model: str) -> Any:
    """What `vllm serve` would make of the command line."""
    flags = ["--model", model, "--served-model-name", "proof", "--max-model-len", "8192", "--enforce-eager"]
    listening = ["--host", "127.0.0.1", "--port", "0", "--disable-uvicorn-access-log"]
    return make_arg_parser(FlexibleArgumentParser()).parse_args([*flags, *listening])


async def serving(engine: Any, args: Any, tools: str | None, reasoning: str | None, tasks: Any) -> Any:
    """The serving object of one family, made as vLLM makes it for the flags."""
    args = copy.copy(args)
    args.tool_call_parser, args.enable_auto_tool_choice = tools, tools is not None
    args.structured_outputs_config = copy.copy(args.structured_outputs_config)
    args.structured_outputs_config.reasoning_parser = reasoning or ""
    state = State()
    await init_app_state(engine, state, args, tasks)
    chat = state.openai_serving_chat
    if "cohere" in f"{tools}":
        # Its parser refuses other architectures' tools.
        config = copy.copy(chat.model_config)
        config._architecture = "Cohere2ForCausalLM"
        chat.model_config = chat.online_renderer.model_config = config
    return chat


def tell(path: str, text: str) -> None:
    """Write a file that is there at once."""
    temporary = Path(path + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


async def main(port_file: str, refused_file: str, families: str, *engines: str) -> None:
    """Serve until killed."""
    chooser, refused = Chooser(), {}
    async with contextlib.AsyncExitStack() as stack:
        clients = {}
        for text in engines:
            model, _, paths = text.partition("=")
            input_path, output_path = paths.split(",")
            args = arguments(model)
            addresses = {"input_address": f"ipc://{input_path}", "output_address": f"ipc://{output_path}"}
            client = {**addresses, "client_count": 1, "client_index": 0}
            clients[model] = (
                args,
                await stack.enter_async_context(build_async_engine_client(args, client_config=client)),
            )
        for name, (model, tools, reasoning) in json.loads(families).items():
            args, engine = clients[model]
            tasks = await engine.get_supported_tasks()
            try:
                chooser.by_family[name] = await serving(engine, args, tools, reasoning, tasks)
            except Exception as error:
                refused[name] = f"{type(error).__name__}: {error}"
        first, engine = next(iter(clients.values()))
        tasks = await engine.get_supported_tasks()
        app = build_app(first, tasks, engine.model_config)
        await init_app_state(engine, app.state, first, tasks)
        app.state.openai_serving_chat = chooser
        _, listener = setup_server(first, reuse_port=False)
        tell(refused_file, json.dumps(refused))
        tell(port_file, str(listener.getsockname()[1]))
        await serve_http(app, sock=listener, log_level="error", access_log=False)


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(main(*sys.argv[1:]))
