# SPDX-License-Identifier: Apache-2.0
"""Beam search without its engine: which token sequences to score next, and which answers come out in the end.

Pure arithmetic on token ids and log probabilities: whoever drives it asks an engine for one token after each of
`prompts`, with twice as many logprobs as there are beams. Must not know engines, requests or text.

Source: vllm/entrypoints/generate/beam_search/{online,utils}.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Scores = Sequence[tuple[int, float]]
"""Candidates for the next token with their log probabilities, the sampled one first, no token twice."""


class Beam(NamedTuple):
    """A sequence, the prompt included."""

    token_ids: list[int]
    logprob: float = 0.0
    """Of all that was generated."""
    stopped: bool = False
    """The model ended it; the end token is left out unless it was asked for."""
    scores: tuple[Scores, ...] = ()
    """The candidates of each step, what became of this beam among them."""


class BeamSearch:
    """The search after one prompt. Ask for scores of `prompts` and `advance`, while that says so; then `best`."""

    def __init__(
        self,
        prompt_token_ids: list[int],
        *,
        width: int,
        max_tokens: int,
        end_token_id: int | None,
        length_penalty: float = 1.0,
        ignore_eos: bool = False,
        keep_end_token: bool = False,
    ) -> None:
        self.width = width
        self._prompt_length = len(prompt_token_ids)
        self._steps_left = max_tokens
        self._end = end_token_id
        self._length_penalty = length_penalty
        self._ignore_eos = ignore_eos
        self._keep_end_token = keep_end_token
        self._open = [Beam(prompt_token_ids)]
        self._completed: list[Beam] = []

    @property
    def prompts(self) -> list[list[int]]:
        """The sequences that need another token, none when the search is over."""
        return [beam.token_ids for beam in self._open] if self._steps_left else []

    def advance(self, scores: Sequence[Scores]) -> bool:
        """Take the candidates after each of `prompts`, in order; return whether there is more to score."""
        candidates: list[tuple[float, int, Beam]] = []
        for beam, candidates_of_beam in zip(self._open, scores, strict=True):
            beam_after = beam._replace(scores=(*beam.scores, candidates_of_beam))
            for token_id, logprob in candidates_of_beam:
                total = beam.logprob + logprob
                if token_id == self._end and not self._ignore_eos:
                    kept = [*beam.token_ids, token_id] if self._keep_end_token else beam.token_ids
                    self._completed.append(beam_after._replace(token_ids=kept, logprob=total, stopped=True))
                else:
                    candidates.append((total, token_id, beam_after))
        candidates.sort(key=lambda candidate: -candidate[0])
        self._open = [
            beam._replace(token_ids=[*beam.token_ids, token], logprob=total)
            for total, token, beam in candidates[: self.width]
        ]
        self._steps_left -= 1
        return bool(self._steps_left and self._open)

    def best(self) -> list[Beam]:
        """Return the answers, the best first: `width` of them, unless the engine gave too few candidates."""
        found = [*self._completed, *self._open]
        found.sort(key=self._score, reverse=True)
        return found[: self.width]

    def generated(self, beam: Beam) -> list[int]:
        """Return a beam's tokens behind the prompt."""
        return beam.token_ids[self._prompt_length :]

    def shown(self, beam: Beam) -> list[int]:
        """Return the tokens whose text is the answer: without the end token."""
        token_ids = self.generated(beam)
        ended = bool(beam.token_ids) and beam.token_ids[-1] == self._end and not self._ignore_eos
        return token_ids[:-1] if ended else token_ids

    def _score(self, beam: Beam) -> float:
        length = len(beam.token_ids) - (bool(beam.token_ids) and beam.token_ids[-1] == self._end)
        try:
            weight = float(max(length, 1) ** self._length_penalty)
        except OverflowError:
            weight = math.inf
        return beam.logprob / weight if weight else -math.inf
