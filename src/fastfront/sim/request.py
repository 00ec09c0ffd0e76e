# SPDX-License-Identifier: Apache-2.0
"""One request inside the embedded engine: its answer cut into steps, and the bytes of the output that each step gives.

Made from what a frontend sent; driven by the scheduler, one `advance` a step. Knows no queues, no clock, no sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import FinishReason, encode
from fastfront.sim import logprobs, wire
from fastfront.sim.logprobs import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastfront.engine.types import EngineCoreRequest
    from fastfront.sim.logprobs import Parts
    from fastfront.sim.script import Piece

_single: dict[int, bytes] = {}
"""Token id → msgpack array of that one token. Grows to the size of the vocabulary at most, see _one."""
_MIDDLE = wire.output_tail()


class Request:
    """A request on its way: waiting, in prefill, then one output a step until `finished`."""

    __slots__ = (
        "_finish",
        "_first",
        "_head",
        "_logprobs",
        "_middle",
        "_ordinary",
        "_spec_decode",
        "_steps",
        "_stop_reason",
        "_trace_headers",
        "_vocab_size",
        "client_index",
        "external_id",
        "num_cached_tokens",
        "num_generated",
        "num_prompt_tokens",
        "prompt_token_ids",
        "queued",
        "request_id",
        "salt",
        "scheduled",
        "step_tokens",
    )

    def __init__(
        self,
        request: EngineCoreRequest,
        answer: Iterator[Piece],
        tokens_per_step: int,
        now: float,
        vocab_size: int = 1,
    ) -> None:
        self.request_id = request.request_id
        self.client_index = request.client_index
        self.external_id = request.external_req_id
        self.prompt_token_ids = request.prompt_token_ids or []
        self.num_prompt_tokens = len(self.prompt_token_ids)
        self.salt = request.cache_salt
        self.queued = now
        self.scheduled = 0.0
        self.num_cached_tokens = 0
        self.num_generated = 0
        self.step_tokens = 0
        self._trace_headers = request.trace_headers
        self._head = wire.output_head(request.request_id)
        self._middle = _MIDDLE if not request.trace_headers else wire.output_tail(trace_headers=request.trace_headers)
        self._logprobs = _wanted(request)
        self._vocab_size = vocab_size
        self._first = True
        self._ordinary = False
        self._finish: FinishReason | None = None
        self._stop_reason: int | str | None = None
        self._spec_decode: dict[str, Any] | None = None
        self._steps = self._play(answer, tokens_per_step)

    @property
    def finished(self) -> bool:
        """Whether the last output has been given."""
        return self._finish is not None

    def advance(self) -> bytes | Parts | None:
        """Return the output of the next step; None: the answer has fallen silent, there will never be another."""
        tokens = next(self._steps, None)
        if tokens is None:
            return None
        self.num_generated += self.step_tokens
        if self._logprobs is not None:
            return self._with_logprobs(tokens, self._logprobs)
        if self._ordinary:
            return self._head + tokens + self._middle
        return self._head + tokens + self._first_or_last()

    def _with_logprobs(self, tokens: bytes, wanted: Wanted) -> bytes | Parts:
        """Return an output with the logprobs of its tokens, the first one with those of the prompt."""
        prompt = logprobs.prompt_logprobs(self.prompt_token_ids, wanted, self._vocab_size) if self._first else b"\xc0"
        sampled = msgspec.msgpack.decode(tokens, type=list[int])
        sample = logprobs.sample_logprobs(sampled, wanted, self._vocab_size) if sampled else b"\xc0"
        return logprobs.splice(self._head + tokens, sample, prompt, self._first_or_last())

    def _first_or_last(self) -> bytes:
        """Return what follows the tokens of an output that begins or ends the answer."""
        first, self._first, self._ordinary = self._first, False, True
        return wire.output_tail(
            logprobs=self._logprobs is not None,
            finish_reason=self._finish,
            stop_reason=self._stop_reason,
            events=wire.first_events(self.queued, self.scheduled) if first else None,
            trace_headers=self._trace_headers,
            prefill_stats=wire.prefill_stats(self.num_prompt_tokens, self.num_cached_tokens) if first else None,
            spec_decode=self._spec_decode,
        )

    def _play(self, answer: Iterator[Piece], tokens_per_step: int) -> Iterator[bytes]:
        """Yield the tokens of each step as a msgpack array; before the last one say how the answer ends."""
        pending: list[int] = []
        for piece in answer:
            if piece.together:
                yield self._tokens(piece.tokens, piece)
                continue
            pending = pending + piece.tokens if pending else piece.tokens
            last = len(pending) - (piece.finish is not None)
            if tokens_per_step == 1:
                self.step_tokens = 1
                for token in pending[:last]:
                    yield _single.get(token) or _one(token)
                done = last
            else:
                done = 0
                while done + tokens_per_step <= last:
                    yield self._tokens(pending[done : done + tokens_per_step])
                    done += tokens_per_step
            pending = pending[done:]
            if piece.finish is not None:
                yield self._tokens(pending, piece)
                return

    def _tokens(self, tokens: list[int], piece: Piece | None = None) -> bytes:
        self.step_tokens = len(tokens)
        if piece is not None and piece.finish is not None:
            self._finish, self._stop_reason, self._ordinary = piece.finish, piece.stop_reason, False
            self._spec_decode = piece.spec_decode
        return encode(tokens)


def _wanted(request: EngineCoreRequest) -> Wanted | None:
    params = request.sampling_params
    if params is None:
        return None
    wanted = Wanted(params.logprobs, params.prompt_logprobs, tuple(params.logprob_token_ids or ()))
    return wanted if wanted.anything else None


def _one(token: int) -> bytes:
    """Return the array of one token, remembered for the next time."""
    encoded = encode([token])
    if 0 <= token < 1_000_000:  # no vocabulary is larger; a script's odd ids are not worth remembering
        _single[token] = encoded
    return encoded
