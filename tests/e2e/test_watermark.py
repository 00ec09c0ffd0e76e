# SPDX-License-Identifier: Apache-2.0
"""`vllm:watermark_requests`: finished requests of engines that watermark, by whether their answers are."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.metrics import read_metrics
from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e


def test_requests_are_counted_by_their_watermark():
    """Chats, completions and token requests, each answer for itself, whatever way they would take otherwise."""
    flags = ("--watermark-config", '{"key": 1}', "--enable-scale-out", "--ttft-ms", "1", "--token-ms", "1")
    with serving_sim(*flags) as server, httpx.Client(base_url=server.url, timeout=DEADLINE) as client:
        chat = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
        client.post("/v1/chat/completions", json=chat)
        client.post("/v1/chat/completions", json=chat | {"temperature": 0})
        client.post("/v1/completions", json={"prompt": "Hi", "max_tokens": 2, "n": 2, "temperature": 1})
        client.post("/v1/completions", json={"prompt": "Hi", "max_tokens": 2, "watermarking": False})
        client.post("/inference/v1/generate", json={"token_ids": [5], "sampling_params": {"temperature": 0}})
        metrics = read_metrics(client.get("/metrics").text)
    counted = {
        status: metrics.sum("vllm:watermark_requests_total", status=status)
        for status in ("watermarked", "skipped", "not_watermarked")
    }
    assert counted == {"watermarked": 3, "skipped": 2, "not_watermarked": 1}
