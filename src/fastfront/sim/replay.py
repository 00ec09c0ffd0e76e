# SPDX-License-Identifier: Apache-2.0
"""The embedded engine for load tests: the same tokens for everybody, nothing read of a prompt but its length.

Speaks the wire as `engine` does, at a fraction of the cost for each request: a frontend can only be measured before an
engine that waits for it. Every request runs at once and gets one token a step. Knows no answers, scripts or caches.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import FinishReason, RequestType, SchedulerStats, encode
from fastfront.errors import StartupError
from fastfront.sim import utilities, wire
from fastfront.sim.loaded_model import LoadedModel
from fastfront.sim.logprobs import Wanted, sample_logprobs, splice
from fastfront.sim.scheduler import Scheduler
from fastfront.sim.sockets import Sockets
from fastfront.sim.watch import StopRequestedError, Watch

if TYPE_CHECKING:
    from fastfront.sim.logprobs import Parts
    from fastfront.sim.options import Options

logger = logging.getLogger(__name__)

TEXT = (
    "The old lighthouse keeper wrote down the weather every evening, and every evening he found that the sea had not "
    "read his notes. Rain came from the west, wind from wherever it liked; a ship with three masts passed at ten past "
    "nine and was gone at eleven. The radio spoke all languages at once, 24 hours a day, 7 days a week. He wound the "
    "clock, trimmed the lamp, and counted the stairs on the way down: 196, as on any other day. "
) * 20 + "Größe, naïve, 你好世界今天天气很好。 «Привет», こんにちは 😀. "
"""What is said: ordinary words, and a few characters of several tokens, as in real streams."""


CALLS = """<think>
The user wants to know the weather of two places. I look it up for both, and compare them day by day.
</think>

I look it up.
<tool_call>
{"name": "get_weather", "arguments": {"place": "Zürich", "days": 3, "details": "temperature, wind"}}
</tool_call>
<tool_call>
{"name": "get_weather", "arguments": {"place": "東京", "days": 3, "details": "temperature, wind"}}
</tool_call>"""
"""What is said under --replay-calls, from its beginning: some hundred tokens in the form of Qwen's models."""

MOST_LOGPROBS = 20
"""Logprobs beside the sampled token's that an output has at most, whatever the request says."""


class _Sampling(msgspec.Struct):
    max_tokens: int | None = 16
    logprobs: int | None = None


class _Added(msgspec.Struct, array_like=True, gc=False):
    """The fields of an EngineCoreRequest that matter here, at their places; the prompt stays bytes."""

    request_id: str
    prompt_token_ids: msgspec.Raw
    mm_features: msgspec.Raw
    sampling_params: _Sampling | None
    pooling_params: msgspec.Raw
    arrival_time: float
    lora_request: msgspec.Raw
    cache_salt: msgspec.Raw
    data_parallel_rank: msgspec.Raw
    prompt_embeds: msgspec.Raw = msgspec.Raw()
    prompt_is_token_ids: msgspec.Raw = msgspec.Raw()
    client_index: int = 0


def array_length(raw: bytes | memoryview) -> int:
    """Return the number of elements of a msgpack array from its first bytes; 0 for anything else."""
    head = bytes(raw[:5])
    if head[:1] == b"\xdc":
        return int.from_bytes(head[1:3], "big")
    if head[:1] == b"\xdd":
        return int.from_bytes(head[1:5], "big")
    return head[0] & 15 if head and head[0] & 0xF0 == 0x90 else 0


class _Running:
    """A request: what its outputs begin with, where it is in the text, how many tokens are left."""

    __slots__ = ("client_index", "head", "left", "logprobs", "ordinary", "position")

    def __init__(
        self, head: bytes, client_index: int, position: int, left: int, logprobs: int | None, ordinary: list[bytes]
    ) -> None:
        self.head = head
        self.client_index = client_index
        self.position = position
        self.left = left
        self.logprobs = logprobs
        self.ordinary = ordinary


class ReplayEngine:
    """One engine rank, from meeting its frontends to its end."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._watch = Watch(options.exit_with_fd)
        self._model = LoadedModel.load(options.model, options.max_model_len)
        self._sockets = Sockets(self._watch, options.rank)
        self._tokens = self._model.encode(CALLS if options.replay_calls else TEXT)
        self._stride = 0 if options.replay_calls else 7919
        self._ordinary: dict[int | None, list[bytes]] = {}
        self._last_tail = wire.output_tail(finish_reason=FinishReason.LENGTH)
        self._decoder = msgspec.msgpack.Decoder(_Added)
        self._running: dict[str, _Running] = {}
        self._first: dict[str, tuple[float, int]] = {}
        self._num_requests = 0
        self._next_step = 0.0
        # Answers the calls that a frontend makes at its start, as an idle engine would.
        idle = Scheduler(max_num_seqs=options.max_num_seqs, ttft_s=0.0, token_s=0.0)
        self._utilities = utilities.Utilities(idle, lambda: None, options.max_loras)

    def run(self) -> int:
        """Meet the frontends and serve them until told to stop. Returns the exit status of the process."""
        options = self._options
        try:
            inputs, outputs = list(options.input), list(options.output)
            if options.handshake is not None:
                addresses = self._sockets.handshake(options.handshake)
                inputs, outputs = addresses.inputs, addresses.outputs
            self._sockets.connect(inputs, outputs, wire.ready_message(options, self._model, uuid.uuid4().hex))
            logger.info("embedded engine %d: replaying for %d frontend(s)", options.rank, len(inputs))
            while True:
                self._turn()
        except StopRequestedError as stop:
            logger.info("embedded engine %d: stopping: %s", options.rank, stop)
            self._sockets.close(linger_ms=0 if stop.silently else 500)
            return 0
        except StartupError:
            self._sockets.close(linger_ms=0)
            raise

    def _turn(self) -> None:
        timeout = max(self._next_step - time.monotonic(), 0.0) if self._running else None
        for socket in self._watch.wait(timeout):
            for kind, *payload in self._sockets.receive(socket):
                self._take(kind, payload)
        now = time.monotonic()
        if self._running and now >= self._next_step:
            late = now - self._next_step
            self._next_step = (now if late >= self._options.token_s else self._next_step) + self._options.token_s
            self._step()

    def _take(self, kind: bytes, payload: list[bytes]) -> None:
        try:
            if kind == RequestType.ADD:
                self._add(self._decoder.decode(payload[0]))
            elif kind == RequestType.ABORT:
                for request_id in msgspec.msgpack.decode(payload[0], type=list[str]):
                    self._running.pop(request_id, None)
                    self._first.pop(request_id, None)
            elif kind == RequestType.UTILITY:
                self._call(*msgspec.msgpack.decode(payload[0], type=tuple[int, int, str, list[Any]]))
        except (msgspec.DecodeError, IndexError) as error:
            logger.error("cannot read a message of type %r: %s", kind, error)  # noqa: TRY400 - the sender's mistake

    def _add(self, request: _Added) -> None:
        params = request.sampling_params
        tokens = 16 if params is None or params.max_tokens is None else params.max_tokens
        # Each request begins elsewhere in the text, so that no two streams are alike.
        position = self._num_requests * self._stride % len(self._tokens)
        self._num_requests += 1
        logprobs = None if params is None else params.logprobs
        if logprobs is not None and not 0 <= logprobs <= MOST_LOGPROBS:
            logprobs = MOST_LOGPROBS
        self._running[request.request_id] = _Running(
            wire.output_head(request.request_id),
            request.client_index,
            position,
            max(tokens, 1),
            logprobs,
            self._ordinary_outputs(logprobs),
        )
        self._first[request.request_id] = time.monotonic(), array_length(memoryview(request.prompt_token_ids))

    def _ordinary_outputs(self, logprobs: int | None) -> list[bytes]:
        """Return, for each token of the text, what follows the head of an output in the middle of an answer."""
        outputs = self._ordinary.get(logprobs)
        if outputs is None:
            tail = wire.output_tail(logprobs=logprobs is not None)
            outputs = [encode([token]) + self._logprobs(token, logprobs) + tail for token in self._tokens]
            self._ordinary[logprobs] = outputs
        return outputs

    def _logprobs(self, token: int, logprobs: int | None) -> bytes:
        """Return positions 2 and 3 of an output, nothing for a request without logprobs."""
        if logprobs is None:
            return b""
        made = splice(sample_logprobs([token], Wanted(logprobs, None, ()), self._model.vocab_size), b"\xc0")
        return made if isinstance(made, bytes) else b""  # so few leave inline: it is bytes

    def _call(self, client_index: int, call_id: int, method: str, args: list[Any]) -> None:
        result, failure = utilities.call(self._utilities, method, args)
        if isinstance(result, utilities.WhenIdle):
            result = result.finish()
        self._sockets.send(client_index, wire.utility_message(self._options.rank, call_id, result, failure))

    def _step(self) -> None:
        """Give every request its next token."""
        outputs: dict[int, list[bytes | Parts]] = {}
        finished: list[str] = []
        first, length = self._first, len(self._tokens)
        for request_id, request in self._running.items():
            position = request.position
            request.position = position + 1 if position + 1 < length else 0
            request.left -= 1
            if request.left and not (first and request_id in first):
                output = request.head + request.ordinary[position]
            else:
                output = request.head + self._edge(request_id, request, position)
                if not request.left:
                    finished.append(request_id)
            if request.client_index in outputs:
                outputs[request.client_index].append(output)
            else:
                outputs[request.client_index] = [output]
        stats: SchedulerStats | None = SchedulerStats(num_running_reqs=len(self._running))
        for request_id in finished:
            del self._running[request_id]
        for client_index, batch in outputs.items():
            self._sockets.send(client_index, wire.step_message(self._options.rank, batch, stats))
            stats = None

    def _edge(self, request_id: str, request: _Running, position: int) -> bytes:
        """Return the tokens and what follows them of an output that begins or ends an answer."""
        token = self._tokens[position]
        begun = self._first.pop(request_id, None)
        if begun is None and request.logprobs is None:
            return encode([token]) + self._last_tail
        return b"".join(
            (
                encode([token]),
                self._logprobs(token, request.logprobs),
                wire.output_tail(
                    logprobs=request.logprobs is not None,
                    finish_reason=None if request.left else FinishReason.LENGTH,
                    events=None if begun is None else wire.first_events(begun[0], begun[0]),
                    prefill_stats=None if begun is None else wire.prefill_stats(begun[1], 0),
                ),
            )
        )
