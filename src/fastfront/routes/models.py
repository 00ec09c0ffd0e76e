# SPDX-License-Identifier: Apache-2.0
"""GET /v1/models: the served names of the model, and its LoRA adapters, in vLLM's shape."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.routes.handler import Routes
from fastfront.routes.http import send_json


def model_card(
    name: str, root: str, max_model_len: int | None, created: int, parent: str | None = None
) -> dict[str, Any]:
    """Return one entry of the list. Ids of permissions are new in every answer, as vLLM's are.

    `parent`: the model that an adapter was made for.
    """
    permission = {
        "id": f"modelperm-{secrets.token_hex(8)}",
        "object": "model_permission",
        "created": created,
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "vllm",
        "root": root,
        "parent": parent,
        "max_model_len": max_model_len,
        "permission": [permission],
    }


async def models(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the list of models."""
    frontend.check_started()
    model = frontend.model
    created = int(time.time())
    data = [model_card(name, model.path, model.max_model_len, created) for name in model.names]
    data += [
        model_card(lora.lora_name, lora.lora_path, None, created, lora.base_model_name or model.name)
        for lora in frontend.loras
    ]
    return await send_json(scope, send, 200, msgspec.json.encode({"object": "list", "data": data}))


ROUTES: Routes = {"/v1/models": {"GET": models}}
