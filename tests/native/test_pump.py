# SPDX-License-Identifier: Apache-2.0
"""The pump over a real ZeroMQ socket: engine messages in, bytes at the responses' readers."""

from __future__ import annotations

import gc
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
import zmq

from fastfront._native import pump as native
from fastfront._native.text import Vocab

DEADLINE_S = 10.0
TOKENIZER = msgspec.json.encode(
    {
        "added_tokens": [],
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": {chr(i): i for i in range(33, 127)} | {"Ġ": 32}, "merges": []},
    }
)


class Engine:
    """The engine's end of the output socket, libzmq's own, with a pump at the other."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.push = self.connect()
        self.pump = native.Pump(self.listener.fileno())
        self.events: list[tuple[int, object]] = []

    def connect(self) -> zmq.Socket[bytes]:
        """Return one more PUSH."""
        push = self.context.socket(zmq.PUSH)
        push.setsockopt(zmq.SNDHWM, 0)
        push.connect(f"tcp://127.0.0.1:{self.listener.getsockname()[1]}")
        return push

    def step(self, *outputs: list[object]) -> None:
        self.push.send(msgspec.msgpack.encode([0, list(outputs), None, 1.0]))

    def dispatch_until(self, done: Callable[[], object]) -> None:
        """Dispatch on every wake-up until `done`."""
        while not done():
            readable, _, _ = select.select([self.pump.wake_fd], [], [], DEADLINE_S)
            assert readable, "the pump woke nobody in time"
            self.events += self.pump.dispatch()

    def close(self) -> None:
        self.pump.stop()
        self.push.close(0)
        self.listener.close()
        self.context.term()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.pump.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def vocab() -> Vocab:
    vocab = Vocab.from_tokenizer_json(TOKENIZER)
    assert vocab is not None
    return vocab


def make(vocab: Vocab | None, kind: int = native.KIND_CHAT_STREAM, **options: object) -> native.Response:
    arguments: dict[str, object] = {"id": "x", "model": "m", "created": 1, "prompt_token_ids": [[65, 66]]} | options
    return native.Response(kind, vocab=vocab, **arguments)  # type: ignore[arg-type]


def contents(stream: bytes) -> str:
    """Join the content deltas of a chat stream."""
    events = [line[6:] for line in stream.decode().split("\n\n") if line.startswith("data: {")]
    choices = [choice for event in events for choice in msgspec.json.decode(event).get("choices", [])]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def test_a_token_travels_from_the_socket_to_its_reader(engine: Engine, vocab: Vocab) -> None:
    """Bytes are there when on_ready is called, on the thread that dispatches."""
    response = make(vocab)
    called_on: list[int] = []
    response.on_ready = lambda: called_on.append(threading.get_ident())
    engine.pump.add(response)
    engine.step([response.wire_ids[0], [72, 105]])
    engine.dispatch_until(lambda: called_on)
    assert called_on == [threading.get_ident()]
    assert contents(response.take()) == "Hi"
    assert response.take() == b""


def test_a_finished_response_is_let_go(engine: Engine, vocab: Vocab) -> None:
    """After its end neither the pump nor the hub holds a response."""
    gc.collect()
    before = native.live_responses()
    response = make(vocab, native.KIND_COMPLETION)
    engine.pump.add(response)
    heard: list[bool] = []
    response.on_ready = lambda: heard.append(True)
    engine.step([response.wire_ids[0], [72], None, None, None, 1])
    engine.dispatch_until(lambda: heard)
    assert response.finished
    assert msgspec.json.decode(response.take())["choices"][0]["text"] == "H"
    assert engine.pump.waiting == 0
    del response
    gc.collect()
    assert native.live_responses() == before


def test_wire_ids_are_sixteen_hex_digits_and_never_repeat(vocab: Vocab) -> None:
    """Choice p * n + i has wire id p * n + i."""
    ids = [wire_id for _ in range(100) for wire_id in make(vocab, n=3, prompt_token_ids=[[65], [66]]).wire_ids]
    assert len(set(ids)) == 600
    assert all(len(wire_id) == 16 and int(wire_id, 16) >= 0 for wire_id in ids)


def test_a_removed_response_hears_nothing_more(engine: Engine, vocab: Vocab) -> None:
    """Late outputs of an aborted request are dropped and counted."""
    gone, stays = make(vocab), make(vocab)
    gone.on_ready = lambda: pytest.fail("a removed response was called")
    for response in (gone, stays):
        engine.pump.add(response)
    assert engine.pump.remove(gone) == gone.wire_ids
    assert engine.pump.remove(gone) == []
    engine.step([gone.wire_ids[0], [72]], [stays.wire_ids[0], [73]])
    engine.dispatch_until(lambda: stays.pending)
    assert gone.take() == b""
    counters = engine.pump.snapshot()[0]["counters"]
    assert counters["unknown_outputs"] == 1
    assert counters["success_abort"] == 1


def test_a_stop_string_asks_for_an_abort(engine: Engine, vocab: Vocab) -> None:
    """The engine is told to give up a request that the frontend has ended."""
    response = make(vocab, stop=["lo"])
    engine.pump.add(response)
    engine.step([response.wire_ids[0], [ord(c) for c in "Hello you"]])
    engine.dispatch_until(lambda: engine.events)
    assert engine.events == [(native.EVENT_ABORT, response.wire_ids)]
    assert contents(response.take()) == "Hel"


def test_a_dead_engine_and_utility_results_are_events(engine: Engine) -> None:
    """What is no token comes out of dispatch()."""
    engine.push.send(msgspec.msgpack.encode([2, [], None, 1.0, [7, None, [None, ["generate"]]]]))
    engine.dispatch_until(lambda: engine.events)
    kind, payload = engine.events.pop()
    assert kind == native.EVENT_UTILITY
    assert isinstance(payload, tuple)
    assert (payload[0], msgspec.msgpack.decode(payload[1])) == (2, [7, None, [None, ["generate"]]])
    engine.push.send(b"ENGINE_CORE_DEAD")
    engine.dispatch_until(lambda: engine.events)
    assert engine.events == [(native.EVENT_ENGINE_DEAD, None)]


def test_fail_all_ends_streams_with_an_event_and_bodies_with_a_status(engine: Engine, vocab: Vocab) -> None:
    """After fail_all every reader has heard, and nothing waits."""
    stream, whole = make(vocab), make(vocab, native.KIND_CHAT)
    for response in (stream, whole):
        engine.pump.add(response)
    engine.pump.fail_all("the engine is gone")
    engine.pump.dispatch()
    assert b'data: {"error":{"message":"the engine is gone"' in stream.take()
    assert whole.error is not None
    status, body = whole.error
    assert (status, msgspec.json.decode(body)["error"]["code"]) == (500, 500)
    assert engine.pump.waiting == 0


def test_an_exception_in_one_reader_does_not_keep_the_others_from_hearing(
    engine: Engine, vocab: Vocab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes to sys.unraisablehook."""
    reported: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_type))
    broken, fine = make(vocab), make(vocab)

    def fail() -> None:
        raise LookupError("broken reader")

    heard: list[bool] = []
    broken.on_ready, fine.on_ready = fail, lambda: heard.append(True)
    for response in (broken, fine):
        engine.pump.add(response)
    engine.step([broken.wire_ids[0], [72]], [fine.wire_ids[0], [72]])
    engine.dispatch_until(lambda: heard and reported)
    assert reported == [LookupError]


def test_text_from_outside_is_fed_back(engine: Engine) -> None:
    """Without a vocabulary the response hands out token ids and takes texts."""
    response = make(None, stop=["END"])
    engine.pump.add(response)
    engine.step([response.wire_ids[0], [1, 2, 3], None, None, None, 0, 3])
    deltas: list[tuple[int, list[int], int | None, int | str | None]] = []

    def taken() -> bool:
        deltas.extend(response.take_deltas())
        return bool(deltas)

    engine.dispatch_until(taken)
    assert deltas == [(0, [1, 2, 3], 0, 3)]
    response.feed(0, [1, 2, 3], ["one ", "two", "hidden"], 0, 3)
    assert contents(response.take()) == "one two"
    assert response.finished


def test_the_snapshot_has_counts_per_bucket(engine: Engine, vocab: Vocab) -> None:
    """Bounds are set before the start and come back with the counts; +Inf is the last bucket."""
    other = native.Pump()
    other.set_buckets("iteration_tokens_total", [1, 8])
    response = make(vocab)
    other.add(response)
    for tokens in ([65], [65] * 8, [65] * 9):
        other.process(msgspec.msgpack.encode([0, [[response.wire_ids[0], tokens]], None, 1.0]))
    assert other.snapshot()[0]["histograms"]["iteration_tokens_total"] == ([1.0, 8.0], [1, 1, 1], 18.0)
    assert other.snapshot()[0]["counters"]["generation_tokens"] == 18
    with pytest.raises(ValueError, match="no histogram"):
        other.set_buckets("nonsense", [])


def test_a_step_goes_to_its_clients_through_writers_and_ring(engine: Engine, vocab: Vocab) -> None:
    """Each client reads its own events in order; the snapshot adds up what the threads have counted."""
    other = native.Pump()
    other.set_writers(2, True)
    other.set_buckets("request_generation_tokens", [2, 100])
    pairs = [socket.socketpair() for _ in range(300)]
    streams = [make(vocab) for _ in pairs]
    for stream, (mine, _) in zip(streams, pairs, strict=True):
        other.add(stream)
        assert other.hand_over(stream, native.SocketHandle(mine.fileno()), b"HEAD\r\n\r\n", b"", 1 << 20)
    for finish, token in ((None, 72), (1, 105)):
        outputs = [[stream.wire_ids[0], [token], None, None, None, finish] for stream in streams]
        other.process(msgspec.msgpack.encode([0, outputs, None, 1.0]))
    for stream, (mine, theirs) in zip(streams, pairs, strict=True):
        assert stream.delivered
        data = theirs.recv(1 << 16).decode()
        assert data.startswith("HEAD\r\n\r\n")
        assert data.index('"content":"H"') < data.index('"content":"i"') < data.index("[DONE]")
        assert data.endswith("\r\n0\r\n\r\n")
        mine.close()
        theirs.close()
    snapshot = other.snapshot()[0]
    assert snapshot["counters"]["generation_tokens"] == 600
    assert snapshot["counters"]["success_length"] == 300
    assert snapshot["histograms"]["request_generation_tokens"] == ([2.0, 100.0], [300, 0, 0], 600.0)
    with pytest.raises(ValueError, match="threads"):
        other.set_writers(-1, False)


def test_scheduler_stats_become_gauges_and_totals(engine: Engine) -> None:
    """Running and waiting are the latest; prefix cache queries add up."""
    stats = {"num_running_reqs": 3, "num_waiting_reqs": 1, "kv_cache_usage": 0.5, "unknown": {"a": [1]}}
    for hits in (4, 6):
        stats["prefix_cache_stats"] = {"requests": 1, "queries": 10, "hits": hits}
        engine.push.send(msgspec.msgpack.encode([0, [], stats, 1.0]))
    engine.push.send(b"ENGINE_CORE_DEAD")
    engine.dispatch_until(lambda: engine.events)
    scheduler = engine.pump.snapshot()[0]["scheduler"]
    assert (scheduler["running"], scheduler["waiting"], scheduler["skipped_waiting"]) == (3, 1, 0)
    assert scheduler["kv_cache_usage"] == 0.5
    assert (scheduler["prefix_queries"], scheduler["prefix_hits"], scheduler["prefix_recent"]) == (20, 10, (20, 10))
    assert scheduler["connector_recent"] is None
    assert scheduler["spec_decode"] is None
    assert not scheduler["has_evictions"]


def test_stop_joins_the_thread_and_may_be_repeated(engine: Engine) -> None:
    """After stop() engines find nobody who would greet them, until somebody listens again."""
    engine.step()
    engine.pump.stop()
    engine.pump.stop()
    connection = socket.create_connection(engine.listener.getsockname())
    assert not select.select([connection], [], [], 0)[0]
    connection.close()


def test_engines_are_greeted_before_the_start_and_heard_after_it(vocab: Vocab) -> None:
    """An engine that is ready long before the others keeps its connection, and its outputs until they are wanted."""
    engine = Engine()
    response = make(vocab)
    heard: list[bool] = []
    response.on_ready = lambda: heard.append(True)
    engine.pump.add(response)
    monitor = engine.push.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    engine.pump.greet()
    engine.step([response.wire_ids[0], [72]])
    assert monitor.poll(DEADLINE_S * 1000)
    assert not select.select([engine.pump.wake_fd], [], [], 0)[0]
    engine.pump.start()
    engine.dispatch_until(lambda: heard)
    assert contents(response.take()) == "H"
    engine.push.disable_monitor()
    monitor.close()
    engine.close()


def test_several_engines(engine: Engine, vocab: Vocab) -> None:
    """Each connection's messages come in order; auxiliary frames are dropped, whatever they are."""
    pushes = [engine.push, engine.connect(), engine.connect()]
    responses = [make(vocab) for _ in pushes]
    for response in responses:
        engine.pump.add(response)
    letters = [72 + number % 50 for number in range(2000)]
    for letter in letters:
        for push, response in zip(pushes, responses, strict=True):
            step = msgspec.msgpack.encode([0, [[response.wire_ids[0], [letter]]], None, 1.0])
            push.send_multipart([step, b"\xc1", bytes(1000)] if letter % 7 == 0 else [step])
    engine.dispatch_until(lambda: all(response.pending for response in responses))
    texts = ["" for _ in responses]

    def complete() -> bool:
        for number, response in enumerate(responses):
            texts[number] += contents(response.take())
        return all(len(text) == len(letters) for text in texts)

    engine.dispatch_until(complete)
    assert texts == ["".join(map(chr, letters))] * 3
    for push in pushes[1:]:
        push.close(0)


def test_a_message_larger_than_any_buffer(engine: Engine, vocab: Vocab) -> None:
    """A step of many megabytes comes whole, and the next one behind it."""
    response = make(vocab)
    engine.pump.add(response)
    unknown = [["0" * 16, [65] * 100]] * 50_000
    engine.step(*unknown, [response.wire_ids[0], [72]])
    engine.step([response.wire_ids[0], [105]])
    taken = b""

    def complete() -> bool:
        nonlocal taken
        taken += response.take()
        return contents(taken) == "Hi"

    engine.dispatch_until(complete)
    assert engine.pump.snapshot()[0]["counters"]["unknown_outputs"] == 50_000


def test_catching_up_is_told_behind_the_last_words() -> None:
    """EVENT_CAUGHT_UP comes behind what engines had sent when it was asked for."""
    dead, caught_up = (native.EVENT_ENGINE_DEAD, None), (native.EVENT_CAUGHT_UP, None)
    ready = b"\5READY\x0bSocket-Type\0\0\0\4PUSH"
    greeting = (b"\xff" + bytes(8) + b"\x7f\3\1NULL").ljust(64, b"\0")
    events: list[tuple[int, object]] = []
    # A Unix socket: what was sent has arrived when send() returns.
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as peer:
        listener.bind("")
        listener.listen()
        listener.setblocking(False)
        pump = native.Pump(listener.fileno())
        pump.start()
        peer.connect(listener.getsockname())
        peer.sendall(greeting + bytes([4, len(ready)]) + ready + b"\0\x10ENGINE_CORE_DEAD")
        for _ in range(2):
            while len(events) % 3 == 0:
                assert select.select([pump.wake_fd], [], [], DEADLINE_S)[0]
                events += pump.dispatch()
            peer.sendall(b"\0\x10ENGINE_CORE_DEAD")
            pump.catch_up()
            while events[-1] != caught_up:
                assert select.select([pump.wake_fd], [], [], DEADLINE_S)[0]
                events += pump.dispatch()
            peer.sendall(b"\0\x10ENGINE_CORE_DEAD")
        pump.stop()
    assert events[:6] == [dead, dead, caught_up] * 2


def test_strangers_are_told_of(engine: Engine) -> None:
    """Whoever does not speak ZMTP is sent away."""
    with socket.create_connection(engine.listener.getsockname()) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        engine.dispatch_until(lambda: engine.events)
    assert engine.events == [(native.EVENT_PEER_REFUSED, "it does not speak ZMTP 3")]


def test_descriptor_that_is_no_socket_is_refused() -> None:
    """It is an error at once, not a thread that fails."""
    with open("/dev/null", "rb") as file, pytest.raises(OSError, match="listening for engines"):  # noqa: PTH123
        native.Pump(file.fileno())
