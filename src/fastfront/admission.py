# SPDX-License-Identifier: Apache-2.0
"""Admission control: requests that would wait too long are refused with 503, so that another instance gets them.

Two bounds of the operator's, both off by default. Looks at what the engines have now. Must not know requests.

Source: vllm/v1/engine/async_llm.py (`check_admission`), vllm/config/scheduler.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from fastfront.errors import BusyError

if TYPE_CHECKING:
    from fastfront.config import Config


class Queue(Protocol):
    """What is under way; the pump knows it."""

    @property
    def waiting(self) -> int: ...

    @property
    def queued_tokens(self) -> int: ...


class Admission:
    """Admits requests, or raises BusyError and counts it in `refusals`, by the option that refused."""

    def __init__(self, config: Config, refusals: dict[str, int]) -> None:
        self._max_reqs = config.max_num_queued_reqs
        self._max_tokens = config.max_num_queued_tokens
        self.refusals = refusals

    @property
    def is_open(self) -> bool:
        """Whether everything is admitted, so that nobody has to ask."""
        return self._max_reqs is None and self._max_tokens is None

    def check(self, queue: Queue, n: int) -> None:
        """Admit a request for `n` answers. The tokens that wait are those of prompts without an output yet."""
        self._check(queue, n, 0)

    def check_batch(self, queue: Queue, n: int, lengths: Sequence[int]) -> None:
        """Admit a request for `n` answers to each of several prompts of so many tokens, all of them or none.

        vLLM admits them one after the other: each prompt waits behind those before it.
        """
        self._check(queue, n * len(lengths), n * sum(lengths[:-1]))

    def _check(self, queue: Queue, answers: int, tokens: int) -> None:
        """`tokens`: the request's own before its last prompt."""
        if self._max_reqs is not None and queue.waiting + answers > self._max_reqs:
            self.refusals["max_num_queued_reqs"] += 1
            raise BusyError(
                "The engine is currently busy and cannot accept new requests. "
                "Please try again later or on a different instance."
            )
        if self._max_tokens is not None and queue.queued_tokens + tokens >= self._max_tokens:
            self.refusals["max_num_queued_tokens"] += 1
            raise BusyError(
                "The engine has reached its prefill token backlog limit. "
                "Please try again later or on a different instance."
            )
