# SPDX-License-Identifier: Apache-2.0
"""Calls of engine methods (reset_prefix_cache, sleep, add_lora, ...) and their answers.

Pure bookkeeping of call ids and futures; the client sends and receives. Results are taken as plain data: type names
that an engine with VLLM_ALLOW_INSECURE_SERIALIZATION=1 sends along are never imported, and pickled values are refused.
Upstream: vllm/v1/engine/core_client.py _call_utility_async, vllm/v1/serial_utils.py UtilityResult.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import UtilityOutput, encode
from fastfront.errors import FastFrontError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

CODE_RAW_VIEW = 3
"""msgpack extension type of raw bytes (tensor data) in vllm/v1/serial_utils.py; 1 and 2 are pickles."""


def _take_extension(code: int, data: memoryview) -> bytes:
    if code == CODE_RAW_VIEW:
        return bytes(data)
    raise ValueError(f"the engine sent a pickled value (extension type {code}), which fastfront does not read")


_decoder = msgspec.msgpack.Decoder(UtilityOutput, ext_hook=_take_extension)


class UtilityCalls:
    """The calls that wait for an answer."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)

    def begin(self, client_index: int, method: str, args: Sequence[object]) -> tuple[bytes, asyncio.Future[Any]]:
        """Return the payload of a UTILITY message for one engine, and the future of its result."""
        call_id = next(self._ids)
        payload = encode((client_index, call_id, method, args))
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = future
        future.add_done_callback(lambda _: self._waiting.pop(call_id, None))
        return payload, future

    def on_output(self, payload: bytes) -> None:
        """Take a UtilityOutput. One that nobody waits for (any more) is dropped."""
        try:
            output = _decoder.decode(payload)
        except (msgspec.MsgspecError, ValueError) as error:
            logger.warning("ignored a utility result that cannot be read: %s", error)
            return
        future = self._waiting.get(output.call_id)
        if future is None or future.done():
            return
        if output.failure_message is not None:
            future.set_exception(FastFrontError(output.failure_message))
        else:
            _type_info, value = output.result if output.result is not None else (None, None)
            future.set_result(value)

    def fail_all(self, error: Exception) -> None:
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(error)


async def gather_results(method: str, futures: Sequence[asyncio.Future[Any]], timeout: float | None) -> list[Any]:
    """Wait for all results, in order. Whatever happens, no future is left behind."""
    try:
        return await asyncio.wait_for(asyncio.gather(*futures), timeout)
    except asyncio.TimeoutError:
        raise ServiceUnavailableError(f"The engine did not answer {method} within {timeout:g} s.") from None
    finally:
        for future in futures:
            future.cancel()
            if not future.cancelled():
                future.exception()  # of the other engines: looked at, or asyncio complains
