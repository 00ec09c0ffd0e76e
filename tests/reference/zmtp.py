# SPDX-License-Identifier: Apache-2.0
"""The slow, obvious ZMTP decoder: looks at everything that has come again and again. The oracle of core/zmtp.cpp.

Written after RFC 23 and 37: the greeting, READY with its metadata, then messages and commands. Takes all bytes of one
peer at once, says what they mean, and stops where the peer breaks the rules.
"""

from __future__ import annotations

GREETING_BYTES = 64
MAX_COMMAND_BYTES = 8192
MAX_CONTEXT_BYTES = 16
MAX_IDENTITY_BYTES = 255
PEER_OF = {"ROUTER": b"DEALER", "PULL": b"PUSH"}

Event = tuple[str, bytes, list[bytes]]


class ProtocolError(Exception):
    """The peer does not keep to the protocol."""


class Unfinished(Exception):  # noqa: N818 (it is no error: the rest is still to come)
    """The bytes end in the middle of something."""


def decode(own: str, data: bytes, max_message_bytes: int) -> list[Event]:
    """Return (event, body, bodies of the frames behind the first) for each event; the last one may be "failed"."""
    events: list[Event] = []
    try:
        check_greeting(data[:GREETING_BYTES])
        if len(data) < GREETING_BYTES:
            return events
        events.append(("greeted", b"", []))
        at, ready = GREETING_BYTES, False
        frames: list[bytes] = []
        begun_at = 0
        while at < len(data):
            room = max_message_bytes - (min(at - begun_at, max_message_bytes) if frames else 0)
            command, more, begin, end = read_header(data, at, ready=ready, limit=room)
            if end > len(data):
                break
            body = data[begin:end]
            if command:
                event = read_command(body, own, ready=ready)
                if event is not None:
                    events.append(event)
                    ready = True
            else:
                begun_at = begun_at if frames else at
                frames.append(body)
                if not more:
                    events.append(("message", frames[0], frames[1:]))
                    frames = []
            at = end
    except Unfinished:
        pass
    except ProtocolError:
        events.append(("failed", b"", []))
    return events


def check_greeting(greeting: bytes) -> None:
    """Compare with signature, version and mechanism as far as the bytes go."""
    mechanism = b"NULL".ljust(20, b"\0")
    for at, byte in enumerate(greeting):
        right = True
        if at == 0:
            right = byte == 0xFF
        elif at == 9:
            right = byte == 0x7F
        elif at == 10:
            right = byte >= 3
        elif 12 <= at < 32:
            right = byte == mechanism[at - 12]
        if not right:
            raise ProtocolError


def read_header(data: bytes, at: int, *, ready: bool, limit: int) -> tuple[bool, bool, int, int]:
    """Return (is a command, more follow, where the body begins, where it ends)."""
    if len(data) - at < 2:
        raise Unfinished
    flags = data[at]
    more, large, command = bool(flags & 1), bool(flags & 2), bool(flags & 4)
    if flags > 7 or (command and more) or (not ready and not command):
        raise ProtocolError
    begin = at + (9 if large else 2)
    if begin > len(data):
        raise Unfinished
    size = int.from_bytes(data[at + 1 : begin], "big")
    if size > (MAX_COMMAND_BYTES if command else limit):
        raise ProtocolError
    return command, more, begin, begin + size


def read_command(body: bytes, own: str, *, ready: bool) -> Event | None:
    """Return what a command means, None if nothing."""
    if not body or not 0 < body[0] < len(body):
        raise ProtocolError
    name, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
    if name == b"ERROR":
        raise ProtocolError
    if not ready:
        if name != b"READY":
            raise ProtocolError
        metadata = read_metadata(rest)
        if metadata.get(b"socket-type") != PEER_OF[own] or len(metadata.get(b"identity", b"")) > MAX_IDENTITY_BYTES:
            raise ProtocolError
        return "ready", metadata.get(b"identity", b""), []
    if name != b"PING":
        return None
    if len(rest) < 2:
        raise ProtocolError
    return "ping", rest[2 : 2 + MAX_CONTEXT_BYTES], []


def read_metadata(rest: bytes) -> dict[bytes, bytes]:
    """Return the properties by their lower-case names."""
    metadata = {}
    while rest:
        name_end = 1 + rest[0]
        if rest[0] == 0 or len(rest) < name_end + 4:
            raise ProtocolError
        value_end = name_end + 4 + int.from_bytes(rest[name_end : name_end + 4], "big")
        if len(rest) < value_end:
            raise ProtocolError
        metadata[rest[1:name_end].lower()] = rest[name_end + 4 : value_end]
        rest = rest[value_end:]
    return metadata
