# SPDX-License-Identifier: Apache-2.0
"""A native ZeroMQ ROUTER socket: ZMTP 3.x with the NULL mechanism, spoken without libzmq.

Everything here runs on one thread.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

EVENT_MESSAGE: int
EVENT_LOST: int
EVENT_REFUSED: int

class Router:
    """A ROUTER whose peers are DEALERs. A peer that comes back under an identity takes it over."""

    def __init__(
        self,
        listener: int,
        *,
        max_message_bytes: int,
        handshake_timeout: float = 30.0,
        ping_interval: float = 10.0,
        ping_timeout: float = 60.0,
    ) -> None:
        """Accept peers on a listening descriptor (Unix or TCP), of which the socket makes a duplicate.

        A peer that sends more than `max_message_bytes` in one frame is sent away. Seconds: how long a handshake may
        take, after what time a peer over TCP is asked for a sign of life, after what silence it is lost. Raises
        OSError.
        """

    def fileno(self) -> int:
        """Return the descriptor that is readable when poll() has something to do."""

    def poll(self) -> list[tuple[int, bytes, bytes]]:
        """Handle some of what has come; never wait. Raises OSError.

        (EVENT_MESSAGE, identity, body): a message of one frame; longer ones are dropped. (EVENT_LOST, identity, b""): a
        peer that has spoken is gone, or its identity is another connection's now; once, after all that it said.
        (EVENT_REFUSED, reason, b""): somebody who does not keep to the protocol was sent away; the first, the second,
        the fourth time and so on.
        """

    @property
    def pending(self) -> bool:
        """Whether poll() has to be called again, though the descriptor may not say so."""

    @property
    def backlog(self) -> int:
        """Bytes that peers have not taken yet."""

    def send(self, identity: bytes, first: bytes, second: bytes) -> None:
        """Send a message of two frames, the first of at most 255 bytes. Never blocks.

        What the peer does not take at once waits; a peer for which more than 1 GiB would wait is given up. Raises
        OSError (EHOSTUNREACH) if no such peer is connected, ValueError.
        """

    def send_frames(self, identity: bytes, frames: Sequence[bytes]) -> None:
        """Send a message of any number of frames, one at least, behind what is queued. Otherwise like send()."""

    def queue(self, identity: bytes, first: bytes, second: bytes) -> None:
        """Send the message with the next flush(), or before if it is large or many wait. Otherwise like send()."""

    def flush(self) -> None:
        """Send what is queued, one system call per peer."""

    def close(self) -> None:
        """Close every connection and the listener's duplicate, without a word."""

def decode(
    own: Literal["ROUTER", "PULL"], pieces: Iterable[bytes], max_message_bytes: int
) -> list[tuple[str, bytes, list[bytes]]]:
    """Return the events of what a peer sends in these pieces: (event, body, bodies of further frames). For tests.

    "ready" has the identity for body, "failed" the reason, and is the last one.
    """
