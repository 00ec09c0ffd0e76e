# SPDX-License-Identifier: Apache-2.0
"""Reads what an answer says from its bytes, for the log: a stream's events or a whole body, chat or completion.

Source: log_outputs and its callers in vllm/entrypoints/openai/chat_completion/serving.py (0.32). Runs on the log's
thread, on copies of what was sent. Must not know where the bytes go.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from fastfront.telemetry.log_queue import LogQueue

logger = logging.getLogger("fastfront.telemetry.request_log")

MAX_KEPT_CHARS = 1 << 20
"""Characters of a streamed choice that are kept for its last line."""

MAX_CHOICES = 1024
"""Choices of a stream whose text is kept for a last line."""


class Answer:
    """The loop's end: takes bytes and hands them to the log's thread."""

    __slots__ = ("_queue", "_reader")

    def __init__(self, queue: LogQueue, reader: AnswerReader) -> None:
        """Feed `reader` through `queue`."""
        self._queue = queue
        self._reader = reader

    def take(self, data: bytes) -> None:
        """Take bytes that are being sent."""
        if data:
            self._queue.put(self._reader.feed, data)

    def end(self) -> None:
        """Nothing follows."""
        self._queue.put(self._reader.end)


class AnswerReader:
    """One answer, piece by piece. What is no answer (an error's body) is passed over."""

    def __init__(self, request_id: str, max_log_len: int | None, *, streams: bool, deltas: bool) -> None:
        """Log under `request_id`, `max_log_len` characters at most; `deltas`: pieces of a stream, too."""
        self._id = request_id
        self._max_log_len = max_log_len
        self._streams = streams
        self._deltas = deltas
        self._rest = bytearray()
        self._texts: dict[int, str] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        self._rest += data
        if not self._streams:
            return
        *events, rest = bytes(self._rest).split(b"\n\n")
        self._rest[:] = rest
        for event in events:
            if event.startswith(b"data: {"):
                self._read_event(event[6:])

    def end(self) -> None:
        """Log what can only be told at the end: the whole body, or each streamed choice's text."""
        if self._streams:
            for _, text in sorted(self._texts.items()):
                self._log(" (streaming complete)", text, "streaming_complete")
        else:
            for choice in _choices(bytes(self._rest)):
                if text := _text_of_whole(choice):
                    self._log("", text, choice.get("finish_reason"))
        self._rest.clear()

    def _read_event(self, event: bytes) -> None:
        for choice in _choices(event):
            parts, content = _parts_of_delta(choice)
            index = choice.get("index", 0)
            if len(self._texts) < MAX_CHOICES or index in self._texts:
                self._texts[index] = (self._texts.get(index, "") + content)[:MAX_KEPT_CHARS]
            if parts and self._deltas:
                self._log(" (streaming delta)", " ".join(parts), choice.get("finish_reason"))

    def _log(self, stream_info: str, text: str, finish_reason: str | None) -> None:
        shown = text[: self._max_log_len]
        logger.info(
            "Generated response %s%s: output: %r, finish_reason: %s", self._id, stream_info, shown, finish_reason
        )


def _choices(data: bytes) -> Iterator[dict[str, Any]]:
    try:
        body = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return
    choices = body.get("choices") if isinstance(body, dict) else None
    if isinstance(choices, list):
        yield from (choice for choice in choices if isinstance(choice, dict))


def text_of_first_choice(event: bytes) -> str:
    """Return the content of an event's first choice."""
    first = next(_choices(event), None)
    return _parts_of_delta(first)[1] if first is not None else ""


def _parts_of_delta(choice: dict[str, Any]) -> tuple[list[str], str]:
    """Return what vLLM shows of a piece, and its content alone."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):  # a completion
        text = choice.get("text") or ""
        return [text] if text else [], text
    content = delta.get("content") or ""
    parts = [content] if content else []
    if reasoning := delta.get("reasoning"):
        parts.append(f"[reasoning: {reasoning}]")
    arguments = "".join((call.get("function") or {}).get("arguments") or "" for call in delta.get("tool_calls") or ())
    if arguments:
        parts.append(f"[tool_calls: {arguments}]")
    return parts, content


def _text_of_whole(choice: dict[str, Any]) -> str:
    message = choice.get("message")
    if not isinstance(message, dict):
        return choice.get("text") or ""
    if message.get("content"):
        return str(message["content"])
    calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    described = ", ".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
    return f"[tool_calls: {described}]" if described else ""
