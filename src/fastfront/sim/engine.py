# SPDX-License-Identifier: Apache-2.0
"""The embedded engine's loop: read what the frontends send, step the scheduler when it is due, send what it gives.

Puts the parts together and fails on demand (dies, freezes). What is said is `answers`' business, when is `scheduler`'s.
"""

from __future__ import annotations

import logging
import os
import signal
import time
import uuid
from typing import TYPE_CHECKING

import msgspec

from fastfront.engine.types import FinishReason, RequestType, decode_request
from fastfront.errors import StartupError
from fastfront.sim import utilities, wire
from fastfront.sim.answers import Answerer
from fastfront.sim.constraints import constrained_text
from fastfront.sim.limits import Limits, apply_limits
from fastfront.sim.loaded_model import LoadedModel
from fastfront.sim.prompts import read_question
from fastfront.sim.request import Request
from fastfront.sim.scheduler import Scheduler
from fastfront.sim.script import Piece, Script
from fastfront.sim.sockets import Sockets
from fastfront.sim.watch import StopRequestedError, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastfront.engine.types import EngineCoreRequest, SchedulerStats
    from fastfront.sim.logprobs import Parts
    from fastfront.sim.options import Options

logger = logging.getLogger(__name__)


class _DiedError(Exception):
    """The engine is to die now, as the options or a signal say."""


class Engine:
    """One engine rank, from meeting its frontends to its end."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._watch = Watch(
            options.exit_with_fd, {signal.SIGUSR1: self._write_report, signal.SIGUSR2: self._die_on_signal}
        )
        self._model = LoadedModel.load(options.model, options.max_model_len)
        self._answerer = Answerer(self._model, options.seed)
        self._script = Script.load(options.script) if options.script is not None else Script([])
        self._scheduler = Scheduler(
            max_num_seqs=options.max_num_seqs,
            ttft_s=options.ttft_s,
            token_s=options.token_s,
            tell_finished=options.data_parallel_size > 1,
        )
        self._utilities = utilities.Utilities(self._scheduler, self._end_all_requests, options.max_loras, options.rank)
        self._sockets = Sockets(self._watch, options.rank)
        self._when_idle: list[tuple[int, int, utilities.WhenIdle]] = []
        self._dies_at = float("inf")
        self._frozen = False

    def run(self) -> int:
        """Meet the frontends and serve them until told to stop. Returns the exit status of the process."""
        try:
            self._meet()
            while True:
                self._turn()
        except StopRequestedError as stop:
            logger.info("embedded engine %d: stopping: %s", self._options.rank, stop)
            if not (stop.silently or self._frozen):
                self._end_all_requests()
            self._sockets.close(linger_ms=0 if stop.silently else 500)
            return 0
        except _DiedError as reason:
            logger.error("embedded engine %d: dying: %s", self._options.rank, reason)  # noqa: TRY400 - on demand
            if self._options.die_hard:
                os.kill(os.getpid(), signal.SIGKILL)
            self._sockets.say_dead()
            self._sockets.close()
            return 1
        except StartupError:
            self._sockets.close(linger_ms=0)
            raise
        except Exception:
            logger.exception("embedded engine %d: failed", self._options.rank)
            self._sockets.say_dead()
            self._sockets.close()
            return 1

    def _meet(self) -> None:
        options = self._options
        inputs, outputs = list(options.input), list(options.output)
        if options.handshake is not None:
            addresses = self._sockets.handshake(options.handshake)
            inputs, outputs = addresses.inputs, addresses.outputs
        self._watch.pause(options.ready_delay_s)
        self._sockets.connect(inputs, outputs, wire.ready_message(options, self._model, uuid.uuid4().hex))
        if options.die_after_seconds is not None:
            self._dies_at = time.monotonic() + options.die_after_seconds
        logger.info("embedded engine %d: ready for %d frontend(s)", options.rank, len(inputs))

    def _turn(self) -> None:
        """Wait for the next thing to do, and do it."""
        now = time.monotonic()
        waits = [
            self._scheduler.seconds_until_step(now),
            None if self._dies_at == float("inf") else self._dies_at - now,
        ]
        timeout = min((max(wait, 0.0) for wait in waits if wait is not None), default=None)
        for socket in self._watch.wait(timeout):
            for frames in self._sockets.receive(socket):
                self._take(frames)
        now = time.monotonic()
        if now >= self._dies_at:
            raise _DiedError("its time is over (--die-after-seconds)")
        self._perhaps_freeze()
        outputs = self._scheduler.step(now)
        if outputs is not None:
            self._send_step(outputs)
            self._perhaps_freeze()
        if self._when_idle and not self._scheduler.num_running:
            self._finish_waiting_calls()

    def _send_step(self, outputs: dict[int, list[bytes | Parts]]) -> None:
        stats: SchedulerStats | None = self._scheduler.take_stats()
        finished = self._scheduler.take_finished()
        for client_index in {**outputs, **finished} or (0,):
            message = wire.step_message(
                self._options.rank,
                outputs.get(client_index, ()),
                stats,
                finished.get(client_index),
                self._utilities.weight_version,
            )
            self._sockets.send(client_index, message)
            stats = None  # only one frontend gets the statistics, as in vLLM
        limit = self._options.die_after_tokens
        if limit is not None and self._scheduler.num_generated >= limit:
            raise _DiedError(f"{self._scheduler.num_generated} tokens were generated (--die-after-tokens)")

    def _perhaps_freeze(self) -> None:
        """Do nothing any more, until told to stop, if the options say that it is time."""
        limit = self._options.freeze_after_tokens
        if limit is None or not self._scheduler.num_requests or self._scheduler.num_generated < limit:
            return
        logger.warning("embedded engine %d: frozen (--freeze-after-tokens)", self._options.rank)
        self._frozen = True
        self._sockets.stop_reading()
        while True:
            self._watch.wait(None)

    # -- What frontends send

    def _take(self, frames: list[bytes]) -> None:
        kind, *payload = frames
        try:
            if kind == RequestType.ADD:
                self._add(payload[0])
            elif kind == RequestType.ABORT:
                self._scheduler.abort(msgspec.msgpack.decode(payload[0], type=list[str]))
            elif kind == RequestType.UTILITY:
                self._call(*msgspec.msgpack.decode(payload[0], type=tuple[int, int, str, list[object]]))
            elif kind != RequestType.START_DP_WAVE:
                logger.error("unknown request type %r", kind)
        except (msgspec.DecodeError, IndexError) as error:
            logger.error("cannot read a message of type %r: %s", kind, error)  # noqa: TRY400 - the sender's mistake

    def _add(self, payload: bytes) -> None:
        try:
            request = decode_request(payload)
        except msgspec.DecodeError:
            self._refuse(payload)
            raise
        params = request.sampling_params
        if params is None:
            logger.error("request %s is not for text generation", request.request_id)
            self._end([request.request_id], request.client_index, FinishReason.ERROR)
            return
        if request.prompt_token_ids is None and request.prompt_embeds is not None:
            # This engine reads no embeddings: each is as good as token 0, which is also what a frontend calls it.
            _, (rows, *_), *_ = request.prompt_embeds
            request.prompt_token_ids = [0] * rows
        answer = self._answer(
            request, Limits.of(params, len(request.prompt_token_ids or ()), self._model.max_model_len)
        )
        now = time.monotonic()
        if not self._scheduler.add(
            Request(request, answer, self._options.tokens_per_step, now, self._model.vocab_size)
        ):
            logger.error("request %s is under way already", request.request_id)
        elif request.abort_immediately:
            self._scheduler.abort([request.request_id])

    def _answer(self, request: EngineCoreRequest, limits: Limits) -> Iterator[Piece]:
        """Return the pieces of the answer: scripted ones, or the engine's own."""
        params, prompt = request.sampling_params, request.prompt_token_ids or []
        seed = None if params is None else params.seed
        sequence = self._script.pick(self._model.decode(prompt) if self._script.needs_prompt else "", seed)
        if sequence is not None:
            pieces = sequence.pieces(self._model.encode)
            return pieces if sequence.raw else apply_limits(pieces, limits)
        greedy = params is not None and params.temperature == 0
        variation = 0 if greedy else self._scheduler.variation(request.client_index, request.external_req_id)
        dice = self._answerer.dice(prompt, None if greedy else seed, variation)
        end_token_id = limits.end_of_answer(self._model.end_token_ids)
        fitting = None if params is None else constrained_text(params.structured_outputs, dice)
        if fitting is not None and end_token_id is not None:
            return apply_limits([Piece([*self._model.encode(fitting), end_token_id])], limits)
        answer = self._answerer.answer(
            read_question(prompt, self._model),
            len(prompt),
            dice,
            end_token_id,
            limits.min_tokens,
        )
        return apply_limits(answer, limits)

    def _refuse(self, payload: bytes) -> None:
        """End a request that cannot be read in error, if its id can be found."""
        try:
            fields = msgspec.msgpack.decode(payload)
            request_id, client_index = fields[0], fields[11] if len(fields) > 11 else 0
        except (msgspec.DecodeError, LookupError, TypeError):
            return
        if isinstance(request_id, str) and isinstance(client_index, int):
            self._end([request_id], client_index, FinishReason.ERROR)

    def _call(self, client_index: int, call_id: int, method: str, args: list[object]) -> None:
        result, failure = utilities.call(self._utilities, method, args)
        if failure is not None:
            logger.warning("%s", failure)
        if isinstance(result, utilities.WhenIdle):
            self._when_idle.append((client_index, call_id, result))
        else:
            self._sockets.send(client_index, wire.utility_message(self._options.rank, call_id, result, failure))

    def _finish_waiting_calls(self) -> None:
        calls, self._when_idle = self._when_idle, []
        for client_index, call_id, result in calls:
            self._sockets.send(client_index, wire.utility_message(self._options.rank, call_id, result.finish()))

    # -- Ends

    def _end(self, request_ids: list[str], client_index: int, reason: FinishReason) -> None:
        self._sockets.send(client_index, wire.finish_message(self._options.rank, request_ids, reason))

    def _end_all_requests(self) -> None:
        for client_index, request_ids in self._scheduler.abort_all().items():
            self._end(request_ids, client_index, FinishReason.ABORT)

    def _write_report(self) -> None:
        if self._options.report is None:
            return
        temporary = self._options.report.with_name(self._options.report.name + ".tmp")
        temporary.write_bytes(msgspec.json.encode(self._utilities.sim_report()))
        temporary.replace(self._options.report)

    @staticmethod
    def _die_on_signal() -> None:
        raise _DiedError("SIGUSR2")
