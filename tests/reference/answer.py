# SPDX-License-Identifier: Apache-2.0
"""What a client reads in the bytes of one HTTP response with a completion: slow, obvious, all bytes at once.

The oracle of `_native/load.AnswerReader`, for well-formed answers and for broken ones.
"""

from __future__ import annotations

import contextlib
import json
import re


class BrokenAnswerError(Exception):
    """The bytes are no answer."""


class UnfinishedAnswerError(Exception):
    """More bytes have to come."""


def read_answer(data):
    """Return what AnswerReader.answer says, and how many bytes the response has, of bytes behind which the connection
    ends."""
    head, length, body_of = _read_head(data)
    body, end = body_of(data[length:])
    answer = {
        "status": head["status"],
        "events": 0,
        "text_events": 0,
        "prompt_tokens": -1,
        "completion_tokens": -1,
        "streamed": head["event_stream"] and head["status"] == 200 and bool(body),
        "complete": False,
        "error": False,
    }
    if answer["streamed"]:
        for event in split_events(body.decode(errors="replace")):
            if event == "[DONE]":
                answer["complete"] = True
            else:
                _merge(answer, _load(event))
                answer["events"] += 1
                answer["text_events"] += has_text(_load(event))
    elif body and head["status"] == 200:
        found = _load(body)
        _merge(answer, found)
        answer["complete"] = found.get("error") is None
    elif body:
        with contextlib.suppress(BrokenAnswerError):
            _merge(answer, _load(body))
    return answer, length + end


def _read_head(data):
    while True:
        text, separator, _ = data.partition(b"\r\n\r\n")
        if not separator:
            raise UnfinishedAnswerError
        lines = text.decode("latin-1").split("\r\n")
        matched = re.fullmatch(r"HTTP/1\.[01] (\d\d\d)( .*)?", lines[0])
        if matched is None or int(matched[1]) < 100 or int(matched[1]) == 101:
            raise BrokenAnswerError
        status = int(matched[1])
        length = len(text) + 4
        if status < 200:
            head, more, body_of = _read_head(data[length:])
            return head, length + more, body_of
        fields = [line.partition(":") for line in lines[1:]]
        values = {name.lower(): value.strip(" \t") for name, _, value in fields}
        event_stream = values.get("content-type", "").partition(";")[0].strip().lower() == "text/event-stream"
        head = {"status": status, "event_stream": event_stream}
        if status in (204, 304):
            return head, length, lambda rest: (b"", 0)
        if "transfer-encoding" in values:
            return head, length, _dechunk
        if "content-length" in values:
            return head, length, _take(int(values["content-length"]))
        return head, length, lambda rest: (rest, len(rest))


def _take(size):
    def body_of(rest):
        if len(rest) < size:
            raise UnfinishedAnswerError
        return rest[:size], size

    return body_of


def _dechunk(rest):
    body, position = b"", 0
    while True:
        line, separator, _ = rest[position:].partition(b"\r\n")
        if not separator:
            raise UnfinishedAnswerError
        size = int(line.partition(b";")[0].strip(b" \t"), 16)
        position += len(line) + 2
        if size == 0:
            break
        if len(rest) < position + size + 2:
            raise UnfinishedAnswerError
        body += rest[position : position + size]
        position += size + 2
    while True:
        line, separator, _ = rest[position:].partition(b"\r\n")
        if not separator:
            raise UnfinishedAnswerError
        position += len(line) + 2
        if not line:
            return body, position


def split_events(text):
    """Return the data of each event (WHATWG HTML, 9.2.6)."""
    events, data = [], []
    lines = re.split("\r\n|\n|\r", text)
    for line in lines[:-1]:
        field, _, value = line.partition(":")
        if not line:
            if data:
                events.append("\n".join(data))
            data = []
        elif field == "data":
            data.append(value.removeprefix(" "))
    return events


def _load(text):
    try:
        found = json.loads(text)
    except ValueError:
        raise BrokenAnswerError from None
    if not isinstance(found, dict):
        raise BrokenAnswerError
    return found


def _merge(answer, found):
    answer["error"] |= found.get("error") is not None
    usage = found.get("usage")
    for name in ("prompt_tokens", "completion_tokens"):
        value = usage.get(name) if isinstance(usage, dict) else None
        if type(value) is int and 0 <= value < 2**63:
            answer[name] = value


def has_text(found):
    """Tell whether a chunk or an answer carries text, reasoning or a tool call."""
    choices = found.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        if isinstance(choice.get("text"), str) and choice["text"]:
            return True
        for name in ("delta", "message"):
            message = choice.get(name)
            if not isinstance(message, dict):
                continue
            texts = [message.get(key) for key in ("content", "reasoning_content", "reasoning", "refusal")]
            if any(isinstance(text, str) and text for text in texts):
                return True
            if isinstance(message.get("tool_calls"), list) and message["tool_calls"]:
                return True
    return False
