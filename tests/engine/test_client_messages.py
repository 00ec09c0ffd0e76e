# SPDX-License-Identifier: Apache-2.0
"""What an EngineClient sends besides ordinary requests: tensors, and requests that nobody waits for."""

from __future__ import annotations

import pytest

from fastfront.engine.types import FinishReason, RequestType, Tensor
from fastfront.errors import BadRequestError, ServiceUnavailableError
from tests.engine.conftest import Collected, connected, make_request


async def test_a_tensor_travels_behind_its_request() -> None:
    """Embeddings are a frame of their own; small ones are within the message."""
    async with connected() as (client, (engine,)):
        for data, frames in ((bytes(range(256)), 1), (bytes(16), 0)):
            reader = Collected()
            request = make_request()
            request.prompt_embeds = Tensor("bfloat16", (2, len(data) // 4), data)
            client.submit(reader.response, [request])
            kind, _, *further = await engine.next_frames()
            assert (kind, further) == (RequestType.ADD, [data] * frames)
            client.abort(reader.response)
            assert (await engine.next_message())[0] == RequestType.ABORT


async def test_a_request_that_nobody_waits_for() -> None:
    """It reaches the engine under an id of its own, counts as no load, and what comes of it is dropped."""
    async with connected() as (client, (engine,)):
        notice = make_request(max_tokens=1)
        notice.abort_immediately = True
        client.send_unheard(notice)
        request = await engine.next_request()
        assert request.abort_immediately
        assert (len(request.request_id), client.num_running) == (16, 0)
        await engine.send_tokens(request.request_id, [], FinishReason.ABORT)
        reader = Collected()
        client.submit(reader.response, reader.requests())
        await engine.send_tokens((await engine.next_request()).request_id, [7], FinishReason.LENGTH)
        await reader.until_finished()
        assert reader.tokens == {0: [7]}
        notice.data_parallel_rank = 5
        with pytest.raises(BadRequestError):
            client.send_unheard(notice)
    with pytest.raises(ServiceUnavailableError):
        client.send_unheard(notice)
