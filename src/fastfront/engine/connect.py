# SPDX-License-Identifier: Apache-2.0
"""From options to engines: the client, and the processes that are started for it, if any.

Four ways: engines of vLLM's supervisor (inherited sockets), headless engines that come to an address, vLLM started
here, the embedded engine started here. Must not know requests or models beyond their name.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastfront import config as options
from fastfront.config import Config
from fastfront.engine.client import EngineClient
from fastfront.engine.launch import EngineProcess, LaunchedProcess, SimProcess, launch
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from fastfront.engine.client import PreparePump

logger = logging.getLogger(__name__)

NO_MODEL = "there is no model to serve: give its directory or its name on Hugging Face"
LOCAL_HANDSHAKE = "tcp://127.0.0.1:*"


class Engines:
    """The engines of one Frontend. `start` once; `stop` always."""

    def __init__(self, config: Config, prepare_pump: PreparePump | None = None) -> None:
        """Open the sockets. Must be called on the event loop. Raises StartupError."""
        timeout = config.engine_ready_timeout
        self.processes: list[LaunchedProcess] = []
        if config.input_listener_fd is not None and config.output_listener_fd is not None:
            self.client = EngineClient.worker(
                input_fd=config.input_listener_fd,
                output_fd=config.output_listener_fd,
                engine_start_index=config.engine_start_index,
                engine_count=config.engine_count,
                coordinator_address=config.coordinator_address,
                ready_timeout=timeout,
                prepare_pump=prepare_pump,
            )
            return
        launched = config.engine in {None, "vllm", "sim"}
        if launched:
            # Before any socket: this one raises, too.
            self.processes = _processes(config)
        self.client = EngineClient.handshake(
            LOCAL_HANDSHAKE if launched else str(config.engine),
            config.engine_count,
            engine_start_index=config.engine_start_index,
            ipc=launched,
            ready_timeout=timeout,
            prepare_pump=prepare_pump,
        )

    async def start(self) -> None:
        """Start the processes, if any, and wait until every engine is ready. Raises StartupError."""
        if self.processes:
            await launch(self.client, self.processes)
        else:
            await self.client.start()

    async def stop(self) -> None:
        """Close the sockets and end the processes. Idempotent."""
        await self.client.stop()
        for process in self.processes:
            await process.stop()


def _processes(config: Config) -> list[LaunchedProcess]:
    if config.engine == "sim":
        arguments = _engine_arguments(config, ("max_model_len",))
        if config.model is not None:
            arguments += ["--model", config.model]
        count = config.engine_count
        return [SimProcess(engine_args=arguments, rank=rank, engine_count=count) for rank in range(count)]
    if config.model is None:
        raise StartupError(NO_MODEL)
    shared = [option.name for option in options.options().values() if option.opt.engine]
    unshared = {"model", "data_parallel_size"}  # said to the process in its own way
    arguments = _engine_arguments(config, [name for name in shared if name not in unshared])
    return [EngineProcess(config.model, engine_args=arguments, engine_count=config.engine_count)]


def _engine_arguments(config: Config, names: Sequence[str]) -> list[str]:
    """Return the engine's arguments: those given, and those of ours that concern it and are not among them.

    `fastfront serve` has them in `engine_args` as they were typed; a host that embeds us gives options only.
    """
    given = list(config.engine_args)
    flags = {argument.partition("=")[0].replace("_", "-") for argument in given if argument.startswith("--")}
    arguments: list[str] = []
    for name in names:
        option = options.find(name)
        value: Any = getattr(config, name)
        flag = "--" + name.replace("_", "-")
        if option is None or value == option.default or flag in flags:
            continue
        if isinstance(value, bool):
            arguments.append(flag if value else f"--no-{flag[2:]}")
        elif isinstance(value, dict):
            arguments += [flag, json.dumps(value)]
        elif isinstance(value, tuple):
            arguments += [flag, *value]
        else:
            arguments += [flag, str(value)]
    return [*arguments, *given]
