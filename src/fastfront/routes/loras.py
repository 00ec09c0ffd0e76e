# SPDX-License-Identifier: Apache-2.0
"""POST /v1/load_lora_adapter and /v1/unload_lora_adapter, where clients may do that (VLLM_ALLOW_RUNTIME_LORA_UPDATING).

Source: vllm/entrypoints/serve/lora (0.32).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.protocol.body import load_object
from fastfront.protocol.issues import Issues
from fastfront.protocol.lax import Check
from fastfront.protocol.structs import check_for_struct
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, read_body, send_response


class LoadLoRAAdapterRequest(msgspec.Struct, kw_only=True):
    """`lora_path`: a directory or a Hugging Face id that the engines can read."""

    lora_name: str
    lora_path: str
    load_inplace: bool = False
    is_3d_lora_weight: bool = False


class UnloadLoRAAdapterRequest(msgspec.Struct, kw_only=True):
    lora_name: str
    lora_int_id: int | None = None


_LOAD = check_for_struct(LoadLoRAAdapterRequest)
_UNLOAD = check_for_struct(UnloadLoRAAdapterRequest)


async def load_lora_adapter(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Load an adapter into the engines and serve it under its name."""
    request: LoadLoRAAdapterRequest = await _request(frontend, scope, receive, _LOAD)
    done = await frontend.loras.load(
        request.lora_name,
        request.lora_path,
        load_inplace=request.load_inplace,
        is_3d_lora_weight=request.is_3d_lora_weight,
    )
    return await send_response(scope, send, 200, done.encode())


async def unload_lora_adapter(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Serve an adapter no more."""
    request: UnloadLoRAAdapterRequest = await _request(frontend, scope, receive, _UNLOAD)
    done = await frontend.loras.unload(request.lora_name)
    return await send_response(scope, send, 200, done.encode())


async def _request(frontend: Frontend, scope: Scope, receive: Receive, check: Check) -> Any:
    check_json_content_type(scope)
    frontend.check_started()
    data = load_object(await read_body(scope, receive, frontend.config.max_request_body_size))
    issues = Issues()
    request = check(data, (), issues)
    if issues.count:
        raise issues.to_error()
    return request


ROUTES: Routes = {
    "/v1/load_lora_adapter": {"POST": load_lora_adapter},
    "/v1/unload_lora_adapter": {"POST": unload_lora_adapter},
}
