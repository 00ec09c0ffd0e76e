# SPDX-License-Identifier: Apache-2.0
"""The express lane: an ordinary request from its last byte to the engine in one call, and its end."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastfront._native.http import Exchange

class Sampling:
    """How one kind of request is sampled."""

    def __init__(self, encoded: bytes, wanted: int | None, stop: tuple[str, ...]) -> None:
        """Take SamplingParams as a MessagePack map without max_tokens, the tokens wanted at most, the stop strings.

        `wanted` None: as many as there is room for. Raises ValueError if `encoded` is no MessagePack map.
        """

    def with_max_tokens(self, max_tokens: int) -> bytes:
        """Return the map with max_tokens in it."""

class Prepared:
    """A request that is ready for the engine."""

    token_ids: bytes
    """Little-endian uint32."""
    max_tokens: int

class Lane:
    """The express lane of one endpoint."""

    def __init__(
        self,
        *,
        frontend: Any,
        loop: asyncio.AbstractEventLoop,
        decode: Callable[[bytes], Any],
        key_of: Callable[[Any], object],
        learn: Callable[[bytes], Sampling | None],
        text_of: Callable[[Any], str | None],
        encode: Callable[[str], bytes | None],
        observe: Callable[[int, float], object],
        is_allowed: Callable[[bytes], bool] | None,
        on_slow_reader: Callable[[], object],
        stream_headers: tuple[tuple[bytes, bytes], ...],
        stream_kind: int,
        whole_kind: int,
        id_prefix: str,
        id_suffix: str,
        role: str,
        mailbox_limit: int,
        off_loop_bytes: int,
        head_grace: float,
    ) -> None:
        """Make the lane of a frontend that is ready.

        `decode` makes a request of a body or raises for what is not ordinary; `key_of` gives what decides its
        sampling but for stop strings, and `learn` the Sampling for a key not seen before; `text_of` gives the prompt's
        text and `encode` its ids. What returns None leaves the request to the general way. `observe` hears the status
        and seconds of each response; a prompt of more than `off_loop_bytes` of body is prepared in the frontend's
        pool; a stream's head leaves alone after `head_grace` seconds.
        """

    def __call__(self, exchange: Exchange, body: bytes) -> bool:
        """Take the request, or return False with nothing done. To be called on the loop thread."""

    def prepare(self, body: bytes) -> Prepared | None:
        """Decode, render and tokenize; None if the general way has to do it. May run in any thread."""
