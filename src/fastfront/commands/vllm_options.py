# SPDX-License-Identifier: Apache-2.0
"""vLLM's frontend options that fastfront does not have, and what to do when somebody gives one.

Transcribed from vLLM 0.32: vllm/entrypoints/launchers/cli_args.py (FrontendArgs, make_arg_parser) and the frontend's
part of vllm/engine/arg_utils.py. An option is never dropped in silence: it has no effect by nature, it is named in a
warning, or it is refused because serving without it would be unsafe or something else entirely.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

NO_EFFECT = frozenset(
    {
        "config",  # its content has been read
        "api_server_count",  # one process serves what several do there
        "disable_fastapi_docs",  # there are none
        "disable_uvicorn_access_log",  # off unless --enable-access-log
        "enable_offline_docs",
        "enable_server_load_tracking",  # always on
        "renderer_num_workers",
        "subparser",
        "uvicorn_log_level",
    }
)
"""Nothing to do: fastfront is that way already."""

NOT_SERVED = frozenset(
    {
        "anthropic_disabled_thinking_effort",
        "cohere_format",
        "cohere_is_reasoning_model",
        "disable_access_log_for_endpoints",
        "enable_prompt_embeds",
        "enable_scale_out",
        "enable_ssl_refresh",
        "enable_tokenizer_info_endpoint",
        "grpc_port",
        "hf_overrides",
        "io_processor_plugin",
        "tokenizer_mode",
        "tokenizer_revision",
        "tool_server",
        "tool_strict_level",
    }
)
"""Served without them; requests that need them are refused by name."""

REFUSED = {
    "data_parallel_multi_port_external_lb": "run one fastfront per rank instead",
    "grpc": "fastfront speaks HTTP",
    "headless": "start headless engines with `vllm serve --headless`",
    "middleware": "it may guard the server; mount fastfront in an app of yours that has the middleware",
    "skip_tokenizer_init": "fastfront tokenizes",
    "tokens_only": "fastfront serves text",
}
"""Not served, with the way out."""


def check_foreign_options(names: Iterable[str]) -> list[str]:
    """Refuse or warn of vLLM's frontend options among the names; return the names that are none (the engine's)."""
    names = list(dict.fromkeys(names))
    for name in names:
        if name in REFUSED:
            raise StartupError(f"--{name.replace('_', '-')} is not supported by fastfront: {REFUSED[name]}")
    not_served = [name for name in names if name in NOT_SERVED]
    if not_served:
        logger.warning("Not supported by fastfront yet, without effect: %s", ", ".join(sorted(not_served)))
    return [name for name in names if name not in NO_EFFECT and name not in NOT_SERVED]
