# SPDX-License-Identifier: Apache-2.0
"""vLLM's frontend options that fastfront does not have, and what to do when somebody gives one.

Transcribed from vLLM 0.32: vllm/entrypoints/launchers/cli_args.py (FrontendArgs, make_arg_parser) and the frontend's
part of vllm/engine/arg_utils.py. An option is never dropped in silence: it has no meaning here and the log says why,
or it is refused because serving without it would be something else entirely.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

SILENT = frozenset({"config", "subparser"})
"""Read already, or no option at all."""

_NO_COHERE = "/cohere is not served"
_NO_SUPERVISOR = "vLLM's own supervisor, which reads it, is not run here"

NO_MEANING = {
    "anthropic_disabled_thinking_effort": "/v1/messages is not served",
    "api_server_count": "one process serves what several do there",
    "cohere_format": _NO_COHERE,
    "cohere_is_reasoning_model": _NO_COHERE,
    "data_parallel_supervisor_port": _NO_SUPERVISOR,
    "dp_supervisor_probe_failure_threshold": _NO_SUPERVISOR,
    "dp_supervisor_probe_interval_s": _NO_SUPERVISOR,
    "dp_supervisor_probe_timeout_s": _NO_SUPERVISOR,
    "enable_flash_late_interaction": "pooling models are not served",
    "enable_server_load_tracking": "/load always counts",
    "grpc_port": "it is the port of vLLM's Rust frontend; fastfront speaks HTTP",
    "io_processor_plugin": "it is for pooling models, which are not served",
    "renderer_num_workers": "long prompts have a pool of their own",
    "skip_tokenizer_init": "the tokenizer is loaded all the same: text is served, too",
    "tool_server": "/v1/responses, which calls tools, is not served",
}
"""Accepted, with the reason in the log."""

REFUSED = {
    "data_parallel_multi_port_external_lb": "run one fastfront per rank instead",
    "grpc": "fastfront speaks HTTP",
    "headless": "start headless engines with `vllm serve --headless`",
}
"""Not served, with the way out."""

FRONTEND_FLAGS = frozenset({*SILENT, *NO_MEANING, *REFUSED})
"""Every name that is known here."""


def flag(name: str) -> str:
    """Return how a command line spells an option."""
    return "--" + name.replace("_", "-")


def check_foreign_options(names: Iterable[str]) -> list[str]:
    """Refuse or tell of vLLM's frontend options among the names; return the names that are none (the engine's).

    A switch may come with `no_` before it.
    """
    names = list(dict.fromkeys(names))
    known = {name: name.removeprefix("no_") if name not in FRONTEND_FLAGS else name for name in names}
    for name in names:
        if name in REFUSED:
            raise StartupError(f"{flag(name)} is not supported by fastfront: {REFUSED[name]}")
    without_meaning = sorted({base for base in known.values() if base in NO_MEANING})
    if without_meaning:
        reasons = "; ".join(f"{flag(name)} ({NO_MEANING[name]})" for name in without_meaning)
        logger.info("Without meaning for fastfront: %s", reasons)
    return [name for name in names if known[name] not in FRONTEND_FLAGS]
