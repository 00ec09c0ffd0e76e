# SPDX-License-Identifier: Apache-2.0
"""The express lane: an ordinary request from its last byte to the engine in one call, and its end."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from fastfront._native.http import Exchange
from fastfront._native.prompt import EncodedPrompt

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

    prompt: EncodedPrompt
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
        learn: Callable[[bytes], Sampling | Literal[False] | None],
        text_of: Callable[[Any], str | None] | None,
        json_of: Callable[[Any], tuple[Any, ...]],
        no_json: tuple[Any, ...],
        json_key: Callable[[Any], tuple[bytes, ...]],
        plain_terms: Any,
        terms_of: Callable[[Any, bytes], Any] | None,
        encoder: Any,
        chats: Any,
        observe: Callable[[int, float], object],
        is_allowed: Callable[[bytes], bool] | None,
        is_json_type: Callable[[str], bool],
        max_id_chars: int,
        on_slow_reader: Callable[[], object],
        stream_headers: tuple[tuple[bytes, bytes], ...],
        stream_kind: int,
        whole_kind: int,
        id_prefix: str,
        id_suffix: str,
        role: str,
        add_special_tokens: bool,
        mailbox_limit: int,
        off_loop_bytes: int,
        render_off_loop_bytes: int,
        inline_unseen: int,
        inline_seconds: float,
        head_grace: float,
    ) -> None:
        """Make the lane of a frontend that is ready.

        `decode` makes a request of a body or raises for what is not ordinary; `key_of` gives what decides its sampling
        but for stop strings, and `learn` the Sampling for a key not seen before (False: such requests are the general
        way's for good). `terms_of` gives the terms of a chat from its request and body (routes.chat_terms), which give
        the prompt's text; where `json_of` a request is `no_json` its terms are `plain_terms`, and otherwise `json_key`
        belongs to the key of its sampling. A completion's text comes from `text_of`. `encoder` gives a text's ids;
        `chats` (prompt.known_chats, or None) the prompts of chats seen before. What returns None leaves the request to
        the general way. `is_json_type` tells whether a Content-Type is JSON's; a longer X-Request-Id than
        `max_id_chars` is left. `observe` hears the status and seconds of each response. A body of more than
        `off_loop_bytes`, and a prompt of which more than `inline_unseen` bytes have to be tokenized (less once that has
        taken more than `inline_seconds`), go to the frontend's pool; a stream's head leaves alone after `head_grace`
        seconds.
        """

    def __call__(self, exchange: Exchange, body: bytes) -> bool:
        """Take the request, or return False with nothing done. To be called on the loop thread."""

    def encode(self, prepared: Prepared) -> Prepared | None:
        """Give a request that was read its prompt; None if the general way has to do it. May run in any thread."""

    def render(self, left: tuple[Prepared, bytes]) -> Prepared | None:
        """Render and tokenize a request that was left to be rendered; None as `prepare`. May run in any thread."""

    def prepare(self, body: bytes) -> Prepared | None:
        """Decode, render and tokenize; None if the general way has to do it. May run in any thread."""
