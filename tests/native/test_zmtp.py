# SPDX-License-Identifier: Apache-2.0
"""The native ROUTER before real libzmq peers, and its decoder beside the slow obvious one."""

from __future__ import annotations

import errno
import random
import select
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from fastfront._native.zmtp import EVENT_LOST, EVENT_MESSAGE, EVENT_REFUSED, Router, decode
from tests.reference import zmtp as reference

PATIENCE = 10.0
LIMIT = 1024**2


class Peers:
    """Real libzmq sockets, closed at the end."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.sockets: list[zmq.Socket[bytes]] = []

    def socket(self, kind: int) -> zmq.Socket[bytes]:
        made = self.context.socket(kind)
        made.setsockopt(zmq.LINGER, 1000)
        made.setsockopt(zmq.RCVHWM, 0)
        made.setsockopt(zmq.SNDHWM, 0)
        made.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.sockets.append(made)
        return made

    def dealer(self, address: str, identity: bytes = b"\1\0") -> zmq.Socket[bytes]:
        peer = self.socket(zmq.DEALER)
        peer.setsockopt(zmq.IDENTITY, identity)
        peer.connect(address)
        return peer


@pytest.fixture
def peers() -> Iterator[Peers]:
    made = Peers()
    yield made
    made.context.destroy(linger=0)


class Bound:
    """A Router on a listening socket, and what it has reported."""

    def __init__(self, listener: socket.socket, address: str, **options: float) -> None:
        self.listener = listener
        self.address = address
        self.router = Router(listener.fileno(), max_message_bytes=LIMIT, **options)
        self.events: list[tuple[int, bytes, bytes]] = []

    def until(self, done: Callable[[], object]) -> None:
        while not done():
            assert self.router.pending or select.select([self.router], [], [], PATIENCE)[0], self.events
            self.events += self.router.poll()

    def until_count(self, count: int) -> list[tuple[int, bytes, bytes]]:
        self.until(lambda: len(self.events) >= count)
        return self.events

    def until_sent(self) -> None:
        self.until(lambda: self.router.backlog == 0)


def tcp(**options: float) -> Bound:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return Bound(listener, f"tcp://127.0.0.1:{listener.getsockname()[1]}", **options)


def ipc(path: Path) -> Bound:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path / "s"))
    listener.listen()
    listener.setblocking(False)
    return Bound(listener, f"ipc://{path}/s")


@pytest.fixture(params=["ipc", "tcp"])
def bound(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bound]:
    made = tcp() if request.param == "tcp" else ipc(tmp_path)
    yield made
    made.router.close()
    made.listener.close()


def test_messages_go_both_ways(bound: Bound, peers: Peers) -> None:
    """A DEALER is known by its identity; it gets type and payload as two frames."""
    peer = peers.dealer(bound.address)
    peer.send(b"hello")
    assert bound.until_count(1) == [(EVENT_MESSAGE, b"\1\0", b"hello")]
    bound.router.send(b"\1\0", b"\0", b"payload")
    bound.router.queue(b"\1\0", b"\1", b"")
    bound.router.flush()
    assert peer.recv_multipart() == [b"\0", b"payload"]
    assert peer.recv_multipart() == [b"\1", b""]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 8191, 8192, 250_000, 20_000_000])
def test_payloads_of_every_size(bound: Bound, peers: Peers, size: int) -> None:
    """Short frames, long frames, and what no socket buffer holds, come whole and in order."""
    peer = peers.dealer(bound.address)
    peer.send(b"hello")
    bound.until_count(1)
    payload = random.Random(size).randbytes(size)
    bound.router.send(b"\1\0", b"\0", payload)
    bound.router.send(b"\1\0", b"\1", b"behind")
    bound.until_sent()
    assert peer.recv_multipart() == [b"\0", payload]
    assert peer.recv_multipart() == [b"\1", b"behind"]


def test_many_small_messages(bound: Bound, peers: Peers) -> None:
    """Tens of thousands, sent and queued by turns, come in order; so do those of the peer."""
    peer = peers.dealer(bound.address)
    peer.send(b"hello")
    bound.until_count(1)
    for number in range(20_000):
        (bound.router.queue if number % 3 else bound.router.send)(b"\1\0", b"\0", b"%d" % number)
    bound.router.flush()
    bound.until_sent()
    for number in range(20_000):
        assert peer.recv_multipart() == [b"\0", b"%d" % number]
    for number in range(20_000):
        peer.send(b"%d" % number)
    bound.until_count(20_001)
    assert [body for _, _, body in bound.events[1:]] == [b"%d" % number for number in range(20_000)]


def test_large_message_from_a_peer(bound: Bound, peers: Peers) -> None:
    """Up to the limit it comes whole; longer, the peer is refused and lost."""
    peer = peers.dealer(bound.address)
    peer.send(b"x" * LIMIT)
    assert bound.until_count(1) == [(EVENT_MESSAGE, b"\1\0", b"x" * LIMIT)]
    peer.send(b"x" * (LIMIT + 1))
    refused, lost = bound.until_count(3)[1:3]
    assert refused == (EVENT_REFUSED, b"it sent a message that is too long", b"")
    assert lost == (EVENT_LOST, b"\1\0", b"")


def test_several_peers(bound: Bound, peers: Peers) -> None:
    """Each gets its own."""
    peers = [peers.dealer(bound.address, b"%02d" % number) for number in range(20)]
    for peer in peers:
        peer.send(b"hello")
    bound.until_count(20)
    for number in range(20):
        bound.router.send(b"%02d" % number, b"\0", b"%d" % number)
    assert [peer.recv_multipart()[1] for peer in peers] == [b"%d" % number for number in range(20)]


def test_lost_after_its_last_words(bound: Bound, peers: Peers) -> None:
    """What a peer sent before it closed comes first, then its loss, once."""
    peer = peers.dealer(bound.address)
    for number in range(1000):
        peer.send(b"%d" % number)
    peer.close()
    events = bound.until_count(1001)
    assert [body for _, _, body in events[:1000]] == [b"%d" % number for number in range(1000)]
    assert events[1000:] == [(EVENT_LOST, b"\1\0", b"")]
    with pytest.raises(OSError) as error:
        bound.router.send(b"\1\0", b"\0", b"x")
    assert error.value.errno == errno.EHOSTUNREACH


def test_peer_comes_back(bound: Bound, peers: Peers) -> None:
    """A peer whose old connection is still there takes over: it is reached, and the old one is lost, once."""
    before = peers.dealer(bound.address)
    before.setsockopt(zmq.RECONNECT_IVL, -1)
    before.send(b"before")
    bound.until_count(1)
    after = peers.dealer(bound.address)
    after.send(b"after")
    before.close()
    assert bound.until_count(3)[1:] == [(EVENT_LOST, b"\1\0", b""), (EVENT_MESSAGE, b"\1\0", b"after")]
    bound.router.send(b"\1\0", b"\0", b"x")
    assert after.recv_multipart() == [b"\0", b"x"]
    after.close()
    assert bound.until_count(4)[3:] == [(EVENT_LOST, b"\1\0", b"")]


def test_libzmq_connects_again_after_it_was_sent_away(bound: Bound, peers: Peers) -> None:
    """A peer that was refused comes back by itself, and is served."""
    peer = peers.dealer(bound.address)
    peer.send(b"x" * (LIMIT + 1))
    assert bound.until_count(1) == [(EVENT_REFUSED, b"it sent a message that is too long", b"")]
    peer.send(b"good")
    bound.until(lambda: bound.events[-1] == (EVENT_MESSAGE, b"\1\0", b"good"))


def test_wrong_kind_of_socket_is_sent_away(bound: Bound, peers: Peers) -> None:
    """Only DEALERs connect to a ROUTER of ours."""
    push = peers.socket(zmq.PUSH)
    push.connect(bound.address)
    assert bound.until_count(1) == [(EVENT_REFUSED, b"it is a socket of another type", b"")]


def test_rubbish_hurts_nobody(bound: Bound, peers: Peers) -> None:
    """Strangers are closed, whatever they send and however they go; the engine beside them does not notice."""
    peer = peers.dealer(bound.address)
    peer.send(b"hello")
    bound.until_count(1)
    family, name = bound.listener.family, bound.listener.getsockname()
    rng = random.Random(1)
    for number in range(50):
        stranger = socket.socket(family)
        stranger.connect(name)
        if number % 2 and family == socket.AF_INET:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset at close
        stranger.sendall((b"" if number % 3 else greeting()) + rng.randbytes(rng.randrange(200)))
        stranger.close()
    bound.router.send(b"\1\0", b"\0", b"x")
    assert peer.recv_multipart() == [b"\0", b"x"]
    peer.send(b"still here")
    bound.until(lambda: {EVENT_MESSAGE, EVENT_REFUSED} <= {kind for kind, _, _ in bound.events[1:]})
    assert {body for kind, _, body in bound.events[1:] if kind != EVENT_REFUSED} == {b"still here"}


def test_heartbeats_keep_a_real_peer_and_lose_a_silent_one(peers: Peers) -> None:
    """libzmq answers our PINGs however busy its owner is; a peer over TCP that answers none is lost."""
    bound = tcp(ping_interval=0.02, ping_timeout=0.5)
    peer = peers.dealer(bound.address, b"AA")
    peer.send(b"x")
    bound.until_count(1)
    with socket.create_connection(bound.listener.getsockname()) as silent:
        silent.sendall(greeting() + ready(b"DEALER", b"BB") + b"\0\1y")
        assert bound.until_count(4)[1:] == [
            (EVENT_MESSAGE, b"BB", b"y"),
            (EVENT_REFUSED, b"it answers no PING", b""),
            (EVENT_LOST, b"BB", b""),
        ]
    peer.send(b"still here")
    assert bound.until_count(5)[4:] == [(EVENT_MESSAGE, b"AA", b"still here")]
    bound.router.close()
    bound.listener.close()


def test_heartbeats_of_a_peer_are_answered(bound: Bound, peers: Peers) -> None:
    """A libzmq peer with heartbeats of its own stays connected: our PONGs are what it waits for."""
    peer = peers.socket(zmq.DEALER)
    peer.setsockopt(zmq.IDENTITY, b"AA")
    peer.setsockopt(zmq.HEARTBEAT_IVL, 20)
    peer.setsockopt(zmq.HEARTBEAT_TIMEOUT, 200)
    monitor = peer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    peer.connect(bound.address)
    poller = select.poll()
    poller.register(bound.router, select.POLLIN)
    deadline_rounds = 20  # of the peer's PINGs
    for _ in range(deadline_rounds):
        assert poller.poll(PATIENCE * 1000)
        bound.events += bound.router.poll()
    assert monitor.poll(0) == 0
    peer.disable_monitor()
    monitor.close()


def test_first_frame_has_a_limit(bound: Bound) -> None:
    """The type of a message is short; anything else is a programming error."""
    with pytest.raises(ValueError, match="too long"):
        bound.router.send(b"AA", b"x" * 256, b"")


def test_descriptor_that_is_no_socket(tmp_path: Path) -> None:
    """It is an error at once."""
    with (tmp_path / "f").open("wb") as file, pytest.raises(OSError, match="listening for peers"):
        Router(file.fileno(), max_message_bytes=LIMIT)


def greeting() -> bytes:
    return (b"\xff" + bytes(7) + b"\1\x7f\3\1NULL").ljust(64, b"\0")


def frame(body: bytes, flags: int = 0) -> bytes:
    if len(body) < 256 and not flags & 2:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def command(name: bytes, data: bytes) -> bytes:
    return frame(bytes([len(name)]) + name + data, 4)


def named(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value


def ready(kind: bytes, identity: bytes) -> bytes:
    return command(b"READY", named(b"Socket-Type", kind) + named(b"Identity", identity))


def random_peer(rng: random.Random, own: str) -> bytes:
    """Return what a peer might say, right for the most part."""
    said = greeting() + ready(rng.choice([b"DEALER", b"PUSH"]), rng.randbytes(rng.randrange(4)))
    if rng.random() < 0.9:
        said = greeting() + ready(reference.PEER_OF[own], rng.randbytes(rng.randrange(4)))
    for _ in range(rng.randrange(30)):
        what = rng.random()
        body = rng.randbytes(rng.choice([0, 1, 3, 255, 256, 300]))
        if what < 0.75:
            said += frame(body, rng.choice([0, 1, 2, 3]))
        elif what < 0.97:
            said += command(rng.choice([b"PING", b"PONG", b"X"]), bytes(2) + body[:20])
        else:
            said += rng.choice([command(b"ERROR", b"\1x"), frame(body, 5), frame(bytes(500)), b"\xff", b"\4\0"])
    if rng.random() < 0.3:
        at = rng.randrange(len(said))
        said = said[:at] + rng.randbytes(1) + said[at + 1 :]
    return said


@pytest.mark.parametrize("own", ["ROUTER", "PULL"])
def test_decoder_does_what_the_reference_does(own: str, seed: str) -> None:
    """Whatever a peer says, in whatever pieces, the native decoder and the obvious one agree."""
    rng = random.Random(f"{seed}{own}")
    endings = set()
    for _ in range(2000):
        said = random_peer(rng, own)
        said = said[: rng.randrange(len(said) + 1)] if rng.random() < 0.3 else said
        cuts = sorted(rng.randrange(len(said) + 1) for _ in range(rng.randrange(6)))
        pieces = [said[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
        expected = reference.decode(own, said, 400)
        found = decode(own, pieces, 400)  # type: ignore[arg-type]
        if found and found[-1][0] == "failed":
            found[-1] = ("failed", b"", [])
        assert found == expected, (said, pieces)
        endings.add(expected[-1][0] if expected else "")
    assert endings == {"", "greeted", "ready", "message", "ping", "failed"}
