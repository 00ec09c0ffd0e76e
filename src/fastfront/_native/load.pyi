# SPDX-License-Identifier: Apache-2.0
"""The load generator of `fastfront bench` and its reader of answers. Times are seconds here."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypedDict

ERRORS: Final[tuple[str, ...]]
"""Why a request can fail: connect, closed, timeout, status, protocol, stream."""

MARK_BYTES: Final[int]
"""How many bytes at a mark get letters of their own."""

class Counters(NamedTuple):
    """Totals since the start of a load."""

    requests: int
    errors: int
    tokens: int
    in_flight: int

class Times(TypedDict):
    """A distribution of durations, in seconds; quantiles are within 0.4 %."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: float

class Record(TypedDict):
    """What was seen from measure() to the end."""

    seconds: float
    requests: int
    prompt_tokens: int
    completion_tokens: int
    counted_by_server: int
    """Requests whose tokens the server told; those of the others are counted by their events."""
    events: int
    bytes: int
    errors: dict[str, int]
    ttft: Times
    itl: Times
    tpot: Times
    e2e: Times
    late: Times
    """Open loop: how long after it was due a request was sent. ttft and e2e count from when it was due."""

class AnswerReader:
    """One answer of an OpenAI-compatible server, read from the bytes of its connection as they come."""

    def feed(self, data: bytes) -> int:
        """Take bytes and return how many belong to this answer: all, unless it has ended or failed before."""

    def end_of_input(self) -> bool:
        """Say that the connection has ended. Returns whether the answer is complete with that."""

    @property
    def done(self) -> bool: ...
    @property
    def failed(self) -> bool:
        """The bytes are no HTTP response, or hold no events and no JSON where they should."""

    @property
    def keep_alive(self) -> bool: ...
    @property
    def excerpt(self) -> str:
        """The beginning of an error's body or event; empty if there was none."""

    @property
    def answer(self) -> dict[str, Any]:
        """What it says so far: status, events, text_events, prompt_tokens and completion_tokens (-1: not told),
        streamed, complete, error.
        """

class LoadGenerator:
    """Keep-alive connections to one server, driven by one thread without the GIL.

    With `rate` 0 every connection sends its next request when it has the answer to the last; with a rate, requests are
    due at random times, so many a second on average, and at most `connections` are under way at once. Raises ValueError
    for options that make no sense.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        head: bytes,
        bodies: Sequence[tuple[bytes, Sequence[int]]],
        connections: int = 1,
        rate: float = 0.0,
        seed: int = 0,
        timeout_s: float = 0.0,
        max_requests: int = 0,
    ) -> None:
        """`host` is a numeric address; `head` the request line and headers up to where content-length's number goes;
        each body comes with the positions of MARK_BYTES bytes that get other letters in every request. `timeout_s` 0:
        no limit; `max_requests` 0: until stop().
        """

    def run(self) -> None:
        """Send and receive until stop() or max_requests, once, without the GIL. The rest is for other threads."""

    def measure(self) -> None:
        """Count from now on."""

    def stop(self) -> None:
        """Count no more, and end run()."""

    def counters(self) -> Counters: ...
    def first_error(self) -> str:
        """What the first failed request said; empty if none has failed."""

    def record(self) -> Record:
        """Return what was measured; complete when run() has returned."""
