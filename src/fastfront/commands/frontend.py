# SPDX-License-Identifier: Apache-2.0
"""`fastfront frontend`: the frontend worker of a `vllm serve`, with the command line that vLLM has for its own.

Source: vllm/v1/utils.py RustFrontendProcessManager (0.32). Sockets come as inherited descriptors, the arguments of
`vllm serve` as one JSON object, of which most concern the engine. The engines are the supervisor's.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from fastfront import config
from fastfront.commands import help as help_texts
from fastfront.commands.flags import UsageError
from fastfront.commands.vllm_options import check_foreign_options
from fastfront.config import Config
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

FLAGS = {
    "--listen-fd": "listen_fd",
    "--input-listener-fd": "input_listener_fd",
    "--output-listener-fd": "output_listener_fd",
    "--engine-start-index": "engine_start_index",
    "--engine-count": "engine_count",
    "--data-parallel-size": "data_parallel_size",
    "--coordinator-address": "coordinator_address",
    "--grpc-listen-fd": "",
    "--args-json": "",
}
"""vLLM's flags and the options they set."""

REQUIRED = ("--listen-fd", "--input-listener-fd", "--output-listener-fd", "--args-json")

SUPERVISOR_PATIENCE = 5.0
"""Seconds that vLLM waits at least before it kills its frontend (vllm/v1/utils.py _shutdown_subprocesses)."""

SUPERVISOR_MARGIN = 1.0
"""Seconds left of that for the last bytes and the exit."""


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit status."""
    if any(argument in ("-h", "--help") for argument in arguments):
        sys.stdout.write(help_texts.WORKER)
        return 0
    flags, unknown_flags = _read(arguments)
    settings = _parse_args_json(flags["--args-json"])

    from fastfront.server.log import configure_logging, configure_process_logging

    configure_logging(str(settings.get("log_level") or "info").lower())
    if unknown_flags:
        logger.warning("Flags of a newer vLLM, without effect: %s", " ".join(unknown_flags))
    options = build_config(flags, settings, os.environ)
    configure_process_logging(options)

    from fastfront.commands.process import serve_process

    return serve_process(options)


def _read(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the values of vLLM's flags, and the flags that this version does not know."""
    values: dict[str, str] = {}
    unknown: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name in FLAGS:
            found = value if equals else next(rest, None)
            if found is None:
                raise UsageError(f"{name} needs a value")
            values[name] = found
        elif argument.startswith("-"):
            unknown.append(name)
    missing = [name for name in REQUIRED if name not in values]
    if missing:
        raise UsageError(f"missing {', '.join(missing)}")
    return values, unknown


def _parse_args_json(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--args-json is not JSON: {error}") from None
    if not isinstance(settings, dict):
        raise UsageError("--args-json is not a JSON object")
    return settings


def build_config(flags: Mapping[str, str], settings: Mapping[str, Any], env: Mapping[str, str]) -> Config:
    """Return the options: the flags over the arguments of `vllm serve` over the environment.

    Arguments that are not the frontend's are named in the log, once, and left alone.
    """
    # vLLM sends what differs from its defaults; a null or an empty value says nothing.
    given = {name: value for name, value in settings.items() if value is not None}
    values = {name: value for name, value in given.items() if config.find(name) is not None}
    foreign = check_foreign_options(
        name for name, value in given.items() if name not in values and value not in (False, "", [])
    )
    if foreign:
        logger.info("Arguments for the engine alone: %s", ", ".join(sorted(foreign)))
    if env.get("VLLM_USE_RUST_FRONTEND", "") not in ("", "0"):
        values["shutdown_timeout"] = supervised_timeout(values.get("shutdown_timeout"))
    values |= {FLAGS[name]: value for name, value in flags.items() if FLAGS[name]}
    try:
        options = Config.from_mapping(values, env)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.model is None:
        raise StartupError("--args-json names no model (model_tag)")
    return options


def supervised_timeout(timeout: float | None) -> float:
    """Return how long to drain below vLLM's supervisor, which kills its frontend after max(timeout, 5 s).

    Ending a little earlier lets the streams that are still open end with a message instead of a reset. Without a
    --shutdown-timeout, running requests get what the supervisor grants anyway.
    """
    if timeout is None:
        return SUPERVISOR_PATIENCE - SUPERVISOR_MARGIN
    return min(timeout, max(timeout, SUPERVISOR_PATIENCE) - SUPERVISOR_MARGIN)
