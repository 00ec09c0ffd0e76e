# SPDX-License-Identifier: Apache-2.0
"""Where an answer stops: max_tokens, the context length, the end token, stop token ids, min_tokens.

The rules and their order are those of vLLM's scheduler (vllm/v1/core/sched/utils.py check_stop) and of its min-tokens
logits processor. Knows token ids only.
"""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import TYPE_CHECKING

from fastfront.engine.types import FinishReason
from fastfront.sim.script import Piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fastfront.engine.types import SamplingParams


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What ends one request."""

    room: int
    """Tokens that may be generated at most; at least 1."""
    min_tokens: int
    end_token_id: int | None
    stop_token_ids: frozenset[int]
    masked: frozenset[int]
    """Tokens that cannot come before min_tokens."""

    @classmethod
    def of(cls, params: SamplingParams, num_prompt_tokens: int, max_model_len: int) -> Limits:
        """Take the limits from a request's sampling parameters."""
        room = max_model_len - num_prompt_tokens
        if params.max_tokens is not None:
            room = min(room, params.max_tokens)
        return cls(
            room=max(room, 1),
            min_tokens=params.min_tokens,
            end_token_id=params.eos_token_id,
            stop_token_ids=frozenset(params.stop_token_ids or ()),
            masked=frozenset(params.all_stop_token_ids),
        )

    def end_of_answer(self, end_token_ids: Iterable[int]) -> int | None:
        """Return the token that ends an answer under these limits; None: nothing does, the model would write on."""
        if self.end_token_id is not None:
            return self.end_token_id
        return next((i for i in end_token_ids if i in self.stop_token_ids), None)


def apply_limits(pieces: Iterable[Piece], limits: Limits) -> Iterator[Piece]:
    """Yield the pieces up to where the limits end the answer; the last one carries the finish reason."""
    stopping = limits.stop_token_ids if limits.end_token_id is None else limits.stop_token_ids | {limits.end_token_id}
    produced = 0
    for piece in pieces:
        if produced < limits.min_tokens and not limits.masked.isdisjoint(piece.tokens):
            tokens = _unmask(piece.tokens, limits, produced)
            piece = dataclasses.replace(piece, tokens=tokens)  # noqa: PLW2901 - the same piece with other tokens
        end, finish, reason = len(piece.tokens), piece.finish, piece.stop_reason
        if not stopping.isdisjoint(piece.tokens):
            index = next(i for i, token in enumerate(piece.tokens) if token in stopping)
            end, finish = index + 1, FinishReason.STOP
            reason = None if piece.tokens[index] == limits.end_token_id else piece.tokens[index]
        if produced + end > limits.room or (produced + end == limits.room and finish is None):
            end, finish, reason = limits.room - produced, FinishReason.LENGTH, None
        produced += end
        if finish is None:
            yield piece
        else:
            yield Piece(piece.tokens[:end], finish, reason, piece.together, piece.spec_decode)
            return


def _unmask(tokens: list[int], limits: Limits, produced: int) -> list[int]:
    """Put another token where a masked one would come before min_tokens, as sampling would."""
    other = next(i for i in count() if i not in limits.masked)
    early = limits.min_tokens - produced
    return [other if i in limits.masked and index < early else i for index, i in enumerate(tokens)]
