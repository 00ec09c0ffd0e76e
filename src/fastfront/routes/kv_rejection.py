# SPDX-License-Identifier: Apache-2.0
"""Requests that never reach the engine although another engine has done their prefill: the KV connector is told.

That engine keeps the blocks that it has computed until somebody fetches them; hearing that nobody will, it frees them.
vLLM looks first whether there is a connector. A frontend does not see that, and an engine without one passes over it.
Source: `_with_kv_transfer_rejection_cleanup` in vllm/entrypoints/generate/base/serving.py,
`notify_kv_transfer_request_rejected` in vllm/v1/engine/async_llm.py (0.32).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from fastfront.engine.types import EngineCoreRequest, SamplingParams
from fastfront.errors import FastFrontError

if TYPE_CHECKING:
    from fastfront.frontend import Frontend
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.completions import CompletionRequest

logger = logging.getLogger(__name__)


def tell_of_rejection(
    frontend: Frontend, request: ChatCompletionRequest | CompletionRequest, data_parallel_rank: int | None
) -> None:
    """Send the engine a request that is aborted at once, if this one's prefill was done elsewhere. Never raises."""
    params = request.kv_transfer_params
    if not params or not params.get("do_remote_prefill"):
        return
    notice = EngineCoreRequest(
        request_id="",
        prompt_token_ids=[0],
        mm_features=None,
        sampling_params=SamplingParams(max_tokens=1, extra_args={"kv_transfer_params": params}, watermarking=False),
        pooling_params=None,
        arrival_time=time.time(),
        lora_request=None,
        cache_salt=None,
        data_parallel_rank=data_parallel_rank,
        external_req_id=request.request_id or None,
        abort_immediately=True,
    )
    try:
        frontend.engine.send_unheard(notice)
    except FastFrontError as error:
        logger.warning("Failed to notify KV connector about rejected request %s: %s", request.request_id, error.message)
