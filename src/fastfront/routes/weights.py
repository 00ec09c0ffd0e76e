# SPDX-License-Identifier: Apache-2.0
"""Development: pausing the engines and changing their weights between steps of RL training (VLLM_SERVER_DEV_MODE).

Source: vllm/entrypoints/rl/online/api_router.py and vllm/v1/engine/async_llm.py (0.32). The weights themselves travel
from the trainer to the workers; here only their methods are called.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from fastfront.errors import BadRequestError, FastFrontError, SchemaError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol import lax
from fastfront.protocol.structs import check_for_struct
from fastfront.routes.caches import PauseMode
from fastfront.routes.engine_calls import ask, call, call_all
from fastfront.routes.handler import Handler, Routes
from fastfront.routes.http import send_json
from fastfront.routes.parameters import body_of, object_of, query_of
from fastfront.routes.scale_out import request_ids_of

logger = logging.getLogger(__name__)


class PauseQuery(msgspec.Struct):
    mode: PauseMode = "abort"
    clear_cache: bool = True


class WorldSizeQuery(msgspec.Struct):
    include_dp: bool = True


class InitWeightTransferRequest(msgspec.Struct):
    init_info: dict[str, Any]


class UpdateWeightsRequest(msgspec.Struct):
    update_info: dict[str, Any] | list[dict[str, Any]]


class FinishWeightUpdateRequest(msgspec.Struct):
    weight_version: str | None = None


class UpdateWeightVersionRequest(msgspec.Struct):
    new_version: str


class WeightCheckerRequest(msgspec.Struct):
    action: Literal["checksum", "reset", "compare"]
    baseline: dict[str, str] | None = None


_PAUSE = check_for_struct(PauseQuery)
_WORLD_SIZE = check_for_struct(WorldSizeQuery)
_INIT = check_for_struct(InitWeightTransferRequest)
_UPDATE = check_for_struct(
    UpdateWeightsRequest,
    {"update_info": lax.union(lax.dict_of(lax.anything), lax.list_of(lax.dict_of(lax.anything)))},
)
_FINISH = check_for_struct(FinishWeightUpdateRequest)
_VERSION = check_for_struct(UpdateWeightVersionRequest)
_CHECKER = check_for_struct(WeightCheckerRequest)


async def _send(scope: Scope, send: Send, answer: Mapping[str, Any], status: int = 200) -> int:
    return await send_json(scope, send, status, msgspec.json.encode(answer))


async def _send_failure(scope: Scope, send: Send, what: str, error: FastFrontError) -> int:
    """Answer as these routes of vLLM's do: the reason as a plain text, not in OpenAI's shape."""
    logger.error("Failed to %s: %s", what, error)
    return await _send(scope, send, {"error": f"Failed to {what}: {error}"}, 500)


# -- Pausing


async def pause(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Take nothing from the queue any more, once running requests have ended, are done or are held (`mode`)."""
    query = query_of(scope, _PAUSE)
    try:
        await call(frontend, "pause_scheduler", query.mode, query.clear_cache)
    except BadRequestError:
        raise
    except FastFrontError as error:
        return await _send_failure(scope, send, "pause generation", error)
    return await _send(scope, send, {"status": "paused"})


async def resume(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Go on after a pause."""
    try:
        await call(frontend, "resume_scheduler")
    except FastFrontError as error:
        return await _send_failure(scope, send, "resume generation", error)
    return await _send(scope, send, {"status": "resumed"})


async def is_paused(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer whether the engines are paused."""
    try:
        paused = await ask(frontend, "is_scheduler_paused")
    except FastFrontError as error:
        return await _send_failure(scope, send, "fetch pause status", error)
    return await _send(scope, send, {"is_paused": paused})


async def abort_requests(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """End the requests of `request_ids`, or all, without a pause."""
    body = await object_of(frontend, scope, receive, invalid="Invalid JSON format")
    ids = request_ids_of(body)
    frontend.check_started()
    aborted = frontend.engine.abort_requests(ids or None)
    return await _send(scope, send, {"status": "aborted", "aborted": len(ids) if ids else aborted})


# -- Weights


async def _call_workers(frontend: Frontend, operation: str, method: str, **kwargs: Any) -> None:
    """Call a method of all workers, as an operation that the metrics count."""
    with frontend.metrics.frontend.weight_updates.record(operation):
        await call(frontend, "collective_rpc", method, None, (), kwargs or None)


async def init_weight_transfer_engine(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Connect the workers to a trainer."""
    request: InitWeightTransferRequest = await body_of(frontend, scope, receive, _INIT)
    await _call_workers(frontend, "init", "init_weight_transfer_engine", init_info=request.init_info)
    return await _send(scope, send, {"message": "Weight transfer initialized"})


def _calls_workers(operation: str, method: str, message: str) -> Handler:
    """Return the handler of a route that calls a method of all workers without arguments."""

    async def handler(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
        await _call_workers(frontend, operation, method)
        return await _send(scope, send, {"message": message})

    handler.__doc__ = f"Call {method} of all workers."
    return handler


async def update_weights(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Have the workers take weights from the trainer."""
    request: UpdateWeightsRequest = await body_of(frontend, scope, receive, _UPDATE)
    await _call_workers(frontend, "update", "update_weights", update_info=request.update_info)
    return await _send(scope, send, {"message": "Weights updated"})


async def finish_weight_update(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """End an update, and name the weights' version if one is given."""
    request: FinishWeightUpdateRequest = await body_of(frontend, scope, receive, _FINISH)
    await _call_workers(frontend, "finish", "finish_weight_update")
    if request.weight_version is not None:
        await _set_version(frontend, request.weight_version)
    return await _send(scope, send, {"message": "Weight update finished"})


async def update_weight_version(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Name the weights' version, without an update."""
    request: UpdateWeightVersionRequest = await body_of(frontend, scope, receive, _VERSION)
    await _set_version(frontend, request.new_version)
    return await _send(scope, send, {"success": True, "new_version": request.new_version})


async def _set_version(frontend: Frontend, version: str) -> None:
    await call(frontend, "set_weight_version", version)
    frontend.weight_version = version


async def weight_info(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the weights' version."""
    return await _send(scope, send, {"weight_version": await ask(frontend, "get_weight_version")})


async def weight_checker(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the weights' checksums, compare them with a baseline, or set the weights back."""
    request: WeightCheckerRequest = await body_of(frontend, scope, receive, _CHECKER)
    if request.action == "reset":
        await call(frontend, "collective_rpc", "reset_weights", None, (), None)
        return await _send(scope, send, {"status": "reset"})
    baseline = request.baseline
    if request.action == "compare" and baseline is None:
        raise SchemaError("action='compare' requires a 'baseline' object")
    checksums: dict[str, str] = {}
    for workers in await call_all(frontend, "compute_weight_checksums"):
        for worker in workers:
            if twice := checksums.keys() & worker.keys():
                raise FastFrontError(f"Duplicate weight checksum keys: {sorted(twice)}")
            checksums.update(worker)
    if request.action == "checksum" or baseline is None:
        return await _send(scope, send, {"checksums": checksums})
    names = checksums.keys() | baseline.keys()
    mismatches = sorted(name for name in names if checksums.get(name) != baseline.get(name))
    return await _send(scope, send, {"match": not mismatches, "mismatches": mismatches})


async def get_world_size(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer how many workers the model runs on: of all data-parallel engines together, or of one."""
    query: WorldSizeQuery = query_of(scope, _WORLD_SIZE)
    frontend.check_started()
    # Engines of a dense model each call themselves the only one: how many there are is the deployment's option.
    size = frontend.engine.ready.world_size * (frontend.config.data_parallel_size if query.include_dp else 1)
    return await _send(scope, send, {"world_size": size})


ROUTES: Routes = {
    "/pause": {"POST": pause},
    "/resume": {"POST": resume},
    "/is_paused": {"GET": is_paused},
    "/abort_requests": {"POST": abort_requests},
    "/init_weight_transfer_engine": {"POST": init_weight_transfer_engine},
    "/shutdown_weight_transfer_engine": {
        "POST": _calls_workers("shutdown", "shutdown_weight_transfer_engine", "Weight transfer shut down")
    },
    "/start_weight_update": {"POST": _calls_workers("start", "start_weight_update", "Weight update started")},
    "/start_draft_weight_update": {
        "POST": _calls_workers("start_draft", "start_draft_weight_update", "Draft weight update started")
    },
    "/update_weights": {"POST": update_weights},
    "/finish_weight_update": {"POST": finish_weight_update},
    "/update_weight_version": {"POST": update_weight_version},
    "/weight_info": {"GET": weight_info},
    "/weight_checker": {"POST": weight_checker},
    "/get_world_size": {"GET": get_world_size},
}
