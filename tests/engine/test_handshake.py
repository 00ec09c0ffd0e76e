# SPDX-License-Identifier: Apache-2.0
"""Registration: who has said what, who is waited for, and what cannot be mended by waiting."""

from __future__ import annotations

import pytest

from fastfront.engine.handshake import Registration, is_wildcard, with_host
from fastfront.engine.types import EngineCoreReadyResponse, HandshakeMessage, encode, engine_identity
from fastfront.errors import StartupError

HELLO = encode(HandshakeMessage(status="HELLO", local=False, headless=True))
READY = encode(HandshakeMessage(status="READY", local=False, headless=True))
RESPONSE = encode(EngineCoreReadyResponse(max_model_len=8, num_gpu_blocks=2))
FIRST, SECOND = engine_identity(0), engine_identity(1)


def test_handshake_is_complete_after_all_three_messages() -> None:
    """HELLO asks for an answer; READY and the ready response may come in either order."""
    registration = Registration(0, 1, handshake=True)
    assert registration.on_handshake(FIRST, HELLO)
    registration.on_ready(FIRST, RESPONSE)
    assert not registration.complete
    assert not registration.on_handshake(FIRST, READY)
    assert registration.complete


def test_worker_needs_only_the_ready_response() -> None:
    """The supervisor does the handshake; a worker waits for its engines' ready responses."""
    registration = Registration(2, 2, handshake=False)
    registration.on_ready(engine_identity(3), RESPONSE)
    assert not registration.complete
    registration.on_ready(engine_identity(2), RESPONSE)
    assert registration.complete


def test_missing_engines_are_named() -> None:
    """A timeout's message says of each engine how far it is."""
    registration = Registration(0, 3, handshake=True)
    registration.on_handshake(FIRST, HELLO)
    registration.on_handshake(SECOND, HELLO)
    registration.on_handshake_lost(SECOND)
    assert registration.describe_missing() == (
        "engine 0 has registered and is still loading; "
        "engine 1 went away while it started (1 times); "
        "engine 2 has not connected"
    )


def test_engine_that_comes_back_is_greeted_again() -> None:
    """An engine that crashed while loading and was restarted by its supervisor may register anew."""
    registration = Registration(0, 1, handshake=True)
    registration.on_handshake(FIRST, HELLO)
    registration.on_handshake_lost(FIRST)
    assert registration.on_handshake(FIRST, HELLO)
    registration.on_ready(FIRST, RESPONSE)
    registration.on_handshake(FIRST, READY)
    assert registration.complete


def test_engine_hangs_up_after_ready() -> None:
    """The handshake connection is closed by the engine once it is ready: that is no loss."""
    registration = Registration(0, 1, handshake=True)
    registration.on_handshake(FIRST, HELLO)
    registration.on_handshake(FIRST, READY)
    registration.on_handshake_lost(FIRST)
    registration.on_ready(FIRST, RESPONSE)
    assert registration.complete


def test_lost_ready_engine_is_waited_for_again() -> None:
    """An engine that dies while others still load takes its readiness with it."""
    registration = Registration(0, 2, handshake=False)
    registration.on_ready(FIRST, RESPONSE)
    registration.on_lost(FIRST)
    registration.on_ready(SECOND, RESPONSE)
    assert not registration.complete


def test_ready_without_hello_is_not_enough() -> None:
    """A stray READY, as of an engine that another frontend greeted, completes nothing."""
    registration = Registration(0, 1, handshake=True)
    registration.on_handshake(FIRST, READY)
    registration.on_ready(FIRST, RESPONSE)
    assert not registration.complete


@pytest.mark.parametrize("handshake", [True, False])
def test_unexpected_rank_is_an_error(handshake: bool) -> None:
    """An engine too many means that the two sides were started with different sizes: no waiting mends that."""
    registration = Registration(0, 2, handshake=handshake)
    take = registration.on_handshake if handshake else registration.on_ready
    with pytest.raises(StartupError, match="engine 2 has registered, but this frontend serves engines 0 to 1"):
        take(engine_identity(2), HELLO if handshake else RESPONSE)


@pytest.mark.parametrize("identity", [b"", b"\x00", b"\x00\x01\x02\x03\x04"])
def test_strangers_are_ignored(identity: bytes) -> None:
    """A peer whose identity is not a rank is none of ours; a port scan must not end the start."""
    registration = Registration(0, 1, handshake=True)
    assert not registration.on_handshake(identity, HELLO)
    registration.on_ready(identity, RESPONSE)
    assert registration.describe_missing() == "engine 0 has not connected"


@pytest.mark.parametrize("payload", [b"", b"GET / HTTP/1.1", b"\xc1", encode({"status": "WHAT"}), encode([1])])
def test_garbage_on_the_handshake_socket_is_ignored(payload: bytes) -> None:
    """Bytes that are no handshake message change nothing."""
    registration = Registration(0, 1, handshake=True)
    assert not registration.on_handshake(FIRST, payload)
    assert not registration.complete


def test_unreadable_ready_response_is_an_error() -> None:
    """A ready response of a shape that we do not know is said at once, with the version that is supported."""
    registration = Registration(0, 1, handshake=False)
    with pytest.raises(StartupError, match=r"engine 0 sent a ready message .* made for vLLM 0\.32"):
        registration.on_ready(FIRST, encode({"max_model_len": "many"}))


def test_no_engines() -> None:
    """Serving no engine at all is refused."""
    with pytest.raises(StartupError, match="at least 1"):
        Registration(0, 0, handshake=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://0.0.0.0:5", True),
        ("tcp://[::]:5", True),
        ("tcp://*:5", True),
        ("tcp://127.0.0.1:5", False),
        ("tcp://[::1]:5", False),
        ("tcp://gpu-node-1:5", False),
    ],
)
def test_wildcards(address: str, expected: bool) -> None:
    """An address on every interface is nothing that can be connected to."""
    assert is_wildcard(address) is expected


def test_host_is_replaced() -> None:
    """The port stays; IPv6 hosts get brackets."""
    assert with_host("tcp://0.0.0.0:5", "10.0.0.1") == "tcp://10.0.0.1:5"
    assert with_host("tcp://[::]:5", "fd00::1") == "tcp://[fd00::1]:5"
