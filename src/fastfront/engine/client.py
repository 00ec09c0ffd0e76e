# SPDX-License-Identifier: Apache-2.0
"""EngineClient: requests and aborts to the engines, outputs through the pump, utility calls, and the end of an engine.

Lives on one event loop; no method blocks. The pump (a native thread) owns the PULL socket while it runs and writes
responses by itself; this class hears only what concerns the engine as a whole. Must not know HTTP, prompts or text.
Made for vLLM 0.32 (vllm/v1/engine/core_client.py AsyncMPClient, DPLBAsyncMPClient).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any, TypeAlias

from fastfront._native import pump as native
from fastfront._native.pump import Pump
from fastfront.engine.assignments import Assignments
from fastfront.engine.balance import Balancer
from fastfront.engine.connection import Connection
from fastfront.engine.coordinator import CoordinatorLink, link_up
from fastfront.engine.types import (
    EngineCoreReadyResponse,
    RequestType,
    encode,
    encode_request,
    engine_identity,
    further_frames,
)
from fastfront.engine.utility import UtilityCalls, gather_results
from fastfront.errors import BadRequestError, EngineDeadError, ServiceUnavailableError, StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from fastfront._native.pump import Response
    from fastfront.engine.types import EngineCoreRequest

    PreparePump: TypeAlias = Callable[[Pump], object]
    AddMessage: TypeAlias = tuple[int, bytes, tuple[bytes, ...]]  # engine, payload, the frames behind it

logger = logging.getLogger(__name__)

READY_TIMEOUT = 600.0
"""Seconds; vLLM's default of VLLM_ENGINE_READY_TIMEOUT_S."""

STOPPING = "The server is shutting down."

DISPATCH_LIMIT = 64  # responses that one turn of the loop sends to, in some 0.6 ms; then new requests have theirs


class EngineClient:
    """The frontend's connection to all engines it serves. Made by `worker` or `handshake`, then `start`ed once.

    `ready` (after `start`) merges what the engines said of themselves: the smallest max_model_len, the sum of blocks.
    `dead` is set, once and for ever, when any engine is lost; `dead_reason` says how, for the log.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        coordinator_address: str | None = None,
        ready_timeout: float = READY_TIMEOUT,
        client_index: int = 0,
        client_count: int = 1,
        prepare_pump: PreparePump | None = None,
    ) -> None:
        """`prepare_pump` is called when `ready` is known, before the pump takes outputs."""
        self.ready = EngineCoreReadyResponse()
        self.dead: EngineDeadError | None = None
        self.dead_reason = ""
        self.dead_event = asyncio.Event()
        self.on_connector_stats: Callable[[], object] = bool
        """Called when much has gathered in the pump's connector stats; whoever shows them takes them then."""
        self._connection = connection
        self._connection.on_lost = self._on_lost
        self._send = connection.input.send
        self._coordinator_address = coordinator_address
        self._coordinator: CoordinatorLink | None = None
        self._ready_timeout = ready_timeout
        self._client_index = client_index
        self._prepare_pump = prepare_pump
        self._pump: Pump | None = None
        start_index, engine_count = connection.registration.start_index, connection.registration.count
        self._start_index = start_index
        self._identities = [engine_identity(start_index + i) for i in range(engine_count)]
        self._balancer = Balancer(engine_count, client_index=client_index, client_count=client_count)
        self._assignments = Assignments(self._balancer)
        self._calls = UtilityCalls()
        self._dead_callbacks: list[Callable[[EngineDeadError], object]] = []
        self._running = False
        self._closed = False
        self._loss = ""

    @classmethod
    def worker(
        cls,
        *,
        input_fd: int,
        output_fd: int,
        engine_start_index: int,
        engine_count: int,
        coordinator_address: str | None = None,
        ready_timeout: float = READY_TIMEOUT,
        prepare_pump: PreparePump | None = None,
    ) -> EngineClient:
        """Serve the engines that vLLM's supervisor starts, on listening descriptors that it handed down."""
        connection = Connection.worker(
            input_fd=input_fd, output_fd=output_fd, start_index=engine_start_index, engine_count=engine_count
        )
        return cls(
            connection,
            coordinator_address=coordinator_address,
            ready_timeout=ready_timeout,
            prepare_pump=prepare_pump,
        )

    @classmethod
    def handshake(
        cls,
        address: str,
        engine_count: int,
        *,
        engine_start_index: int = 0,
        ipc: bool = False,
        advertise_host: str | None = None,
        ready_timeout: float = READY_TIMEOUT,
        prepare_pump: PreparePump | None = None,
    ) -> EngineClient:
        """Serve headless engines that find this frontend at a tcp address (`tcp://HOST:*`: the kernel's choice).

        `ipc`: the engines share this machine's file system, so that everything can take Unix sockets; otherwise TCP, on
        the host of `address` (bound on every interface: the one an engine came in on, or `advertise_host`).
        """
        connection = Connection.handshake(
            address,
            start_index=engine_start_index,
            engine_count=engine_count,
            ipc=ipc,
            advertise_host=advertise_host,
        )
        return cls(connection, ready_timeout=ready_timeout, prepare_pump=prepare_pump)

    @property
    def handshake_address(self) -> str | None:
        """Where engines say HELLO, with the port that the kernel chose; None in worker mode and after `start`."""
        return self._connection.handshake_address

    @property
    def responses(self) -> list[EngineCoreReadyResponse]:
        """What each engine said of itself, in order of rank."""
        return self._connection.registration.responses

    @property
    def pump(self) -> Pump:
        if self._pump is None:
            raise RuntimeError("the engine client has not been started")
        return self._pump

    @property
    def client_index(self) -> int:
        """Which of the frontends that share the engines this is; outputs come back by it."""
        return self._client_index

    @property
    def current_wave(self) -> int:
        """The wave of a data-parallel deployment that requests belong to now; 0 elsewhere."""
        return self._coordinator.current_wave if self._coordinator is not None else 0

    @property
    def num_running(self) -> int:
        """How many responses the engines still work on for this frontend."""
        self._assignments.sweep()
        return len(self._assignments.open)

    async def start(self) -> None:
        """Wait for all engines, then take outputs. Raises StartupError, and leaves nothing behind then."""
        loop = asyncio.get_running_loop()
        try:
            self._pump = Pump(self._connection.output.fileno())
            # An engine that is ready long before the others must not be kept waiting for an answer to its greeting.
            self._pump.greet()
            self.ready = await self._connection.wait_ready(self._ready_timeout)
            context, registration = self._connection.context, self._connection.registration
            self._coordinator = link_up(
                context, self._coordinator_address, self.ready, registration, on_counts=self._balancer.update
            )
            if self._coordinator is not None:
                self._coordinator.start(loop)
            if self._prepare_pump is not None:
                self._prepare_pump(self._pump)
            self._pump.start()
            if self.dead_reason:
                raise StartupError(self.dead_reason)
        except BaseException:
            await self.stop()
            raise
        self._running = True
        loop.add_reader(self._pump.wake_fd, self._on_wake, DISPATCH_LIMIT)

    def submit(self, response: Response, requests: Sequence[EngineCoreRequest]) -> None:
        """Send the requests of one response, one per choice, in order. Never blocks.

        Fills in request_id, client_index and current_wave. Raises EngineDeadError, ServiceUnavailableError before
        `start` and after `stop`, or BadRequestError for what cannot be put on the wire: nothing was sent then.
        """
        self._check_usable()
        self._assignments.sweep_if_due()
        self._send_requests(response, self._assign(response.wire_ids, requests))

    def submit_encoded(self, response: Response, payload: bytes) -> None:
        """Send the one request of a response, encoded with this client's index and wave. Raises as `submit` does."""
        self._check_usable()
        self._assignments.sweep_if_due()
        self._send_requests(response, ((self._balancer.choose(None), payload, ()),))

    def send_unheard(self, request: EngineCoreRequest) -> None:
        """Send a request whose outputs nobody waits for. Raises as `submit` does."""
        self._check_usable()
        (message,) = self._assign([secrets.token_hex(8)], [request])
        index, payload, further = message
        self._balancer.release(index)
        try:
            self._send(self._identities[index], RequestType.ADD, payload, further)
        except OSError as error:
            self.declare_dead(f"a request could not be sent: {error.strerror}")
            raise EngineDeadError from error

    def forget(self, response: Response) -> None:
        """A response has ended by itself and been delivered: nothing is left to abort."""
        self._assignments.forget(response)

    def _send_requests(self, response: Response, messages: Sequence[AddMessage]) -> None:
        self.pump.add(response)
        self._assignments.note(response, [index for index, *_ in messages])
        try:
            for index, payload, further in messages:
                self._send(self._identities[index], RequestType.ADD, payload, further)
                if self._coordinator is not None:
                    self._coordinator.notify_request(self._start_index + index)
        except OSError as error:
            self._assignments.forget(response)
            self.pump.remove(response)
            self.declare_dead(f"a request could not be sent: {error.strerror}")
            raise EngineDeadError from error

    def abort(self, response: Response) -> None:
        """Forget a response, and abort in the engine what of it has not ended.

        To be called when a response is over, however it ended; again, or for one never submitted, it does nothing.
        """
        if response not in self._assignments.open:
            return
        running = self._assignments.pairs(self.pump.remove(response))
        self._assignments.forget(response)
        self._send_aborts(running)

    def abort_requests(self, ids: Collection[str] | None = None) -> int:
        """End requests by the ids that clients know, or all, as aborted; return how many sequences that are."""
        chosen = self._assignments.choices_of(ids)
        for response, first, number in chosen:
            self.pump.abort(response, first, number)
            self._send_aborts(self._assignments.pairs(response.wire_ids[first : first + number]))
        return sum(number for _, _, number in chosen)

    async def call_utility(self, method: str, *args: object, timeout: float = 60) -> Any:
        """Call a method on every engine; return the first one's result.

        Raises FastFrontError with the reason that an engine gives, ServiceUnavailableError after `timeout` seconds.
        """
        return (await self.call_utility_all(method, *args, timeout=timeout))[0]

    async def call_utility_all(self, method: str, *args: object, timeout: float | None = 60) -> list[Any]:
        """Call a method on every engine; return the results in order of rank. Without a timeout it takes its time."""
        self._check_usable()
        futures: list[asyncio.Future[Any]] = []
        try:
            for identity in self._identities:
                payload, future = self._calls.begin(self._client_index, method, args)
                futures.append(future)
                self._send(identity, RequestType.UTILITY, payload)
        except OSError as error:
            self.declare_dead(f"a call could not be sent: {error.strerror}")
        return await gather_results(method, futures, timeout)

    def on_dead(self, callback: Callable[[EngineDeadError], object]) -> None:
        """Have `callback` called on the loop when an engine is lost, or soon if one is already."""
        if self.dead is None:
            self._dead_callbacks.append(callback)
        else:
            asyncio.get_running_loop().call_soon(callback, self.dead)

    def declare_dead(self, reason: str) -> None:
        """Take it that an engine is lost: open responses end with an error, and nothing is accepted any more."""
        if self.dead is not None or self._closed:
            return
        self.dead_reason = reason
        if not self._running:
            return  # `start` raises it
        self.dead = EngineDeadError()
        logger.error("the engine is lost: %s", reason)
        self.pump.fail_all(self.dead.message, self.dead.status)
        self._calls.fail_all(self.dead)
        self.dead_event.set()
        for callback in self._dead_callbacks:
            asyncio.get_running_loop().call_soon(callback, self.dead)

    async def stop(self) -> None:
        """Abort and end what is open, close everything. Idempotent."""
        if self._closed:
            return
        aborting = bool(self._assignments.open) and self.dead is None
        if self._running:
            self._send_aborts(self._assignments.pairs())
            if self.dead is None:
                self.pump.fail_all(STOPPING, ServiceUnavailableError.status)
            self._on_wake()
            self._running = False
            asyncio.get_running_loop().remove_reader(self.pump.wake_fd)
        self._closed = True
        self._assignments.clear()
        if self._pump is not None:
            self._pump.stop()
        self._calls.fail_all(ServiceUnavailableError(STOPPING))
        if self._coordinator is not None:
            self._coordinator.close()
        await self._connection.close(linger=aborting)

    def _check_usable(self) -> None:
        if self.dead is not None:
            raise EngineDeadError(self.dead.message)
        if not self._running:
            raise ServiceUnavailableError(STOPPING if self._closed else "The server is not ready.")

    def _assign(self, wire_ids: Sequence[str], requests: Sequence[EngineCoreRequest]) -> list[AddMessage]:
        """Choose an engine for each request; return what to send it. Changes nothing if it raises."""
        wave = self.current_wave
        assigned: list[AddMessage] = []
        try:
            for wire_id, request in zip(wire_ids, requests, strict=True):
                request.request_id = wire_id
                request.client_index = self._client_index
                request.current_wave = wave
                payload = encode_request(request)
                further = further_frames(request)
                assigned.append((self._balancer.choose(request.data_parallel_rank), payload, further))
        except BaseException as error:
            for index, *_ in assigned:
                self._balancer.release(index)
            if isinstance(error, (OverflowError, TypeError, UnicodeEncodeError)):
                raise BadRequestError(f"The request cannot be sent to the engine: {error}.") from error
            raise
        return assigned

    def _send_aborts(self, requests: Iterable[tuple[str, int]]) -> None:
        """Send ABORT for (wire id, engine) pairs."""
        if self.dead is not None:
            return
        by_engine: dict[int, list[str]] = {}
        for wire_id, index in requests:
            by_engine.setdefault(index, []).append(wire_id)
        try:
            for index, wire_ids in by_engine.items():
                self._send(self._identities[index], RequestType.ABORT, encode(wire_ids))
        except OSError as error:
            self.declare_dead(f"an abort could not be sent: {error.strerror}")

    def _on_wake(self, limit: int = 0) -> None:
        """The pump has something to say; `limit`: to at most so many responses, the next turn has the others."""
        try:
            events = self.pump.dispatch(limit)
        except Exception as error:
            logger.exception("the pump failed")
            self.declare_dead(f"the pump failed: {error}")
            return
        for kind, value in events:
            self._handle_event(kind, value)

    def _handle_event(self, kind: int, value: Any) -> None:
        if kind == native.EVENT_ABORT:
            # A stop string was found. The response may have been given up since, before this word of it came.
            self._send_aborts(self._assignments.pairs(value))
        elif kind == native.EVENT_UTILITY:
            self._calls.on_output(value[1])
        elif kind == native.EVENT_ENGINE_DEAD:
            self.declare_dead("it reported a fatal error; its log has the reason")
        elif kind == native.EVENT_ERROR:
            self.declare_dead(f"its outputs cannot be read: {value}")
        elif kind == native.EVENT_CAUGHT_UP:
            self.declare_dead(self._loss)
        elif kind == native.EVENT_CONNECTOR_STATS:
            self.on_connector_stats()
        elif kind == native.EVENT_PEER_REFUSED:
            logger.warning("sent a peer of the engines' output socket away: %s", value)
        # EVENT_OUTPUTS_CONTROL (a wave has begun or ended) reaches this frontend through the coordinator too.

    def _on_lost(self, rank: int) -> None:
        self._loss = self._loss or f"the connection of engine {rank} was closed: its process has ended"
        if self._running:
            self.pump.catch_up()  # what it still said comes first, perhaps even why it ended
        else:
            self.declare_dead(self._loss)
