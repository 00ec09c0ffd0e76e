# SPDX-License-Identifier: Apache-2.0
"""Which routes a server has: every family's table, behind the switches that vLLM has for it.

Source: vllm/entrypoints/launchers/api_server/routers.py (0.32). Must not know what a route does.
"""

from __future__ import annotations

import logging

from fastfront.config import Config
from fastfront.routes import (
    batch,
    caches,
    chat_completions,
    completions,
    decisions,
    elastic_ep,
    generate_tokens,
    health,
    invocations,
    loras,
    metrics,
    models,
    profile,
    render,
    scale_out,
    server_info,
    tokenize,
    weights,
)
from fastfront.routes.handler import Routes
from fastfront.routes.openapi import documented

logger = logging.getLogger(__name__)


def routes_of(config: Config) -> Routes:
    """Return the routes of a server with these options. Later tables win."""
    tables = [
        health.ROUTES,
        metrics.ROUTES,
        models.ROUTES,
        chat_completions.ROUTES,
        batch.ROUTES,
        completions.ROUTES,
        tokenize.ROUTES,
        server_info.ROUTES,
        invocations.ROUTES,
        elastic_ep.ROUTES,
        decisions.ROUTES,
    ]
    apart: Routes = {**scale_out.ROUTES, **generate_tokens.ROUTES, **render.ROUTES}
    if not (config.enable_scale_out or config.tokens_only):
        apart = {path: dict.fromkeys(methods, scale_out.disabled) for path, methods in apart.items()}
    tables.append(apart)
    if config.tokens_only:
        tables.append(scale_out.TOKENS_ONLY_ROUTES)
    if config.enable_tokenizer_info_endpoint:
        tables.append(tokenize.INFO_ROUTES)
    if (config.profiler_config or {}).get("profiler") is not None:
        logger.warning("The engine's profiler can be started by clients: for development only")
        tables.append(profile.ROUTES)
    if config.allow_runtime_lora_updating:
        logger.warning("Clients can load and unload LoRA adapters: for local development only")
        tables.append(loras.ROUTES)
    if config.server_dev_mode:
        logger.warning("Development endpoints are enabled: this should NOT be used in production!")
        tables += [caches.ROUTES, server_info.DEV_ROUTES, weights.ROUTES]
    return documented(config, {path: methods for table in tables for path, methods in table.items()})
