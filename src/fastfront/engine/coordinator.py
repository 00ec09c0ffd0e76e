# SPDX-License-Identifier: Apache-2.0
"""The frontend's side of vLLM's data-parallel coordinator: load of the engines, and waves of requests.

The coordinator is a process of vLLM (vllm/v1/engine/coordinator.py DPCoordinator); this only subscribes to it. It
publishes `(counts per engine or nil, current wave, engines running)`. Mixture-of-experts engines step together or
all pause: a frontend that sends a request while they are paused says so, and the coordinator wakes the others up.
Knows nothing of requests beyond that. Upstream: vllm/v1/engine/core_client.py DPAsyncMPClient.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
import zmq

from fastfront.engine.sockets import SocketReader, make_socket
from fastfront.engine.types import encode, engine_identity
from fastfront.errors import StartupError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from fastfront.engine.handshake import Registration
    from fastfront.engine.sockets import Context
    from fastfront.engine.types import EngineCoreReadyResponse

logger = logging.getLogger(__name__)

SUBSCRIBE = b"\x01"

_decoder = msgspec.msgpack.Decoder(tuple[list[list[float]] | None, int, bool])


class CoordinatorLink:
    """The subscription to one coordinator.

    `on_counts` gets the `[waiting, running, kv_cache_usage]` of the engines from `start_index` on, at most ten times
    a second.
    """

    def __init__(
        self,
        context: Context,
        address: str,
        *,
        start_index: int,
        engine_count: int,
        on_counts: Callable[[Sequence[Sequence[float]]], object],
    ) -> None:
        self.current_wave = 0
        self.engines_running = False
        self._address = address
        self._ranks = slice(start_index, start_index + engine_count)
        self._on_counts = on_counts
        # An XSUB, not a SUB: the same socket carries our notices back to the coordinator's XPUB.
        self._socket = make_socket(context, zmq.XSUB, address)
        self._reader = SocketReader(self._socket, self._take)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._socket.connect(self._address)
        self._socket.send(SUBSCRIBE)
        self._reader.start(loop)

    def notify_request(self, rank: int) -> None:
        """A request was just sent to the engine of this rank: if the engines pause, have the others woken up."""
        if self.engines_running:
            return
        self.engines_running = True  # until the coordinator says otherwise: one notice is enough
        # vLLM names the engine by its ZeroMQ identity here, which excludes none from the wake-up, though the
        # coordinator could take the rank. So it has to be: an engine that is left out and whose request is aborted
        # before its first step would never join the others.
        notice = encode((engine_identity(rank), self.current_wave))
        try:
            self._socket.send(notice, zmq.NOBLOCK)
        except zmq.Again:
            logger.warning("the data-parallel coordinator at %s takes no more messages", self._address)
        self._reader.drain()  # the send may have swallowed the wake-up for a message that came meanwhile

    def close(self) -> None:
        self._reader.close()

    def _take(self, frames: Sequence[zmq.Frame]) -> None:
        try:
            counts, self.current_wave, self.engines_running = _decoder.decode(frames[0].buffer)
        except msgspec.DecodeError as error:
            logger.warning("ignored a message of the data-parallel coordinator: %s", error)
            return
        if counts is not None:
            self._on_counts(counts[self._ranks])


def link_up(
    context: Context,
    address: str | None,
    ready: EngineCoreReadyResponse,
    registration: Registration,
    *,
    on_counts: Callable[[Sequence[Sequence[float]]], object],
) -> CoordinatorLink | None:
    """Return the link to the coordinator at `address`, or where the engines say it is; None if there is none.

    Raises StartupError if these engines cannot do without.
    """
    address = address or ready.dp_stats_address
    if address is not None:
        start_index, engine_count = registration.start_index, registration.count
        return CoordinatorLink(
            context, address, start_index=start_index, engine_count=engine_count, on_counts=on_counts
        )
    if ready.data_parallel_size > 1:
        raise StartupError(
            "these engines step together (mixture of experts, data parallel) and need vLLM's coordinator: "
            "use VLLM_USE_RUST_FRONTEND=1 VLLM_RUST_FRONTEND_PATH=$(command -v fastfront) vllm serve"
        )
    return None
