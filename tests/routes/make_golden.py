# SPDX-License-Identifier: Apache-2.0
"""Writes golden_admin.json: what vLLM's own routers answer to cases_admin.CASES, and what they call the engine with.

Runs in an environment with vLLM, which starts no engine for it: VENV/bin/python tests/routes/make_golden.py
"""

from __future__ import annotations

import asyncio
import json
import sys
import types
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
from fastapi import FastAPI
from vllm.config import ProfilerConfig
from vllm.entrypoints.rl.factories import register_rl_api_routers
from vllm.entrypoints.serve import register_vllm_dev_api_routers
from vllm.entrypoints.serve.elastic_ep.api_router import attach_router as attach_elastic_ep
from vllm.entrypoints.serve.exception_handling.register import init_exception_handler
from vllm.entrypoints.serve.instrumentator.basic import router as basic_router
from vllm.entrypoints.serve.profile.api_router import attach_router as attach_profile
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.core_client import AsyncMPClient
from vllm.v1.serial_utils import MsgpackEncoder

from tests.routes.cases_admin import CASES, JSON, results


class Nothing:
    """Takes any call and does nothing."""

    def __getattr__(self, name):
        async def nothing(*args, **kwargs):
            return None

        return nothing if name.endswith("_async") else lambda *args, **kwargs: None


def make_engine(calls):
    """Return vLLM's client of an engine that writes down what it is called with."""
    core, engine = types.SimpleNamespace(), types.SimpleNamespace()

    async def call_all(method, *args):
        MsgpackEncoder().encode(args)  # what cannot be sent is found out here
        calls.append([method, *args])
        return [results(method)]

    async def call_first(method, *args):
        return (await call_all(method, *args))[0]

    core.call_utility_all_async = call_all
    core.call_utility_async = core.call_utility_consensus_async = call_first
    for target, source in ((core, AsyncMPClient), (engine, AsyncLLM)):
        for name in dir(source):
            member = source.__dict__.get(name) or getattr(source, name)
            if isinstance(member, types.FunctionType) and not hasattr(target, name) and not name.startswith("__"):
                setattr(target, name, types.MethodType(member, target))
    core.get_kv_event_sources = dict
    engine.engine_core, engine.renderer, engine.logger_manager = core, Nothing(), None
    engine.profiler, engine._profile_lock = None, asyncio.Lock()
    engine._profile_session_guard_enabled, engine._profile_session_active = True, False
    engine._elastic_ep_lock = asyncio.Lock()
    engine.vllm_config = types.SimpleNamespace(
        parallel_config=types.SimpleNamespace(data_parallel_size=1, world_size=1, world_size_across_dp=1)
    )
    return engine


def make_app(engine):
    app = FastAPI()
    app.state.args = Namespace(
        log_error_stack=False, profiler_config=ProfilerConfig(profiler="torch", torch_profiler_dir="/tmp/none")
    )
    app.state.engine_client = engine
    app.include_router(basic_router)
    attach_profile(app)
    register_vllm_dev_api_routers(app)
    register_rl_api_routers(app)
    attach_elastic_ep(app)
    init_exception_handler(app)
    return app


async def ask(method, target, body):
    calls = []
    app = make_app(make_engine(calls))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        headers = {} if body is None else {"content-type": JSON}
        response = await client.request(method, target, content=body, headers=headers)
    answer = response.json() if response.content else None
    return {"status": response.status_code, "body": answer, "calls": calls}


async def main():
    answers = [await ask(*case) for case in CASES]
    path = Path(__file__).with_name("golden_admin.json")
    path.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


asyncio.run(main())
