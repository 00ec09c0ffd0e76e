# SPDX-License-Identifier: Apache-2.0
"""Sending requests as raw HTTP and bringing the answers into a form that two servers can be compared in.

What may differ between two servers that behave alike is taken out (times, what is random of ids and fingerprints);
nothing else is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

KEY = "key-of-the-environment"
"""What clients bring: some servers have it as VLLM_API_KEY, others want none."""
KEYED = {"authorization": f"Bearer {KEY}"}
IDS = {"id", "system_fingerprint"}
"""Have a random part in answer after answer, or tell one server build from another."""


@dataclass(frozen=True)
class Answer:
    """A whole JSON body, or the events of a stream.

    `created` is replaced by its type, and what is random of ids by its length.
    """

    status: int
    content_type: str
    body: Any = None
    events: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """The text of the first choice."""
        if not self.events:
            choice = self.body["choices"][0]
            return str(choice["message"]["content"] if "message" in choice else choice["text"])
        choices = [choice for event in self.events if isinstance(event, dict) for choice in event["choices"]]
        return "".join(text_of(choice) for choice in choices if choice["index"] == 0)


def ask(client: httpx.Client, path: str, body: object) -> Answer:
    if isinstance(body, dict) and body.get("stream") is True:
        with client.stream("POST", path, json=body) as response:
            # /derender is told of a stream, and answers one of its chunks.
            if response.status_code == httpx.codes.OK and media_type(response) == "text/event-stream":
                return Answer(response.status_code, media_type(response), events=read_events(response))
            response.read()
    elif isinstance(body, bytes):
        response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    else:
        response = client.post(path, json=body)
    parsed = normalise(json.loads(response.content)) if response.content else None
    return Answer(response.status_code, media_type(response), body=parsed)


def send(
    client: httpx.Client, method: str, path: str, content: bytes, headers: dict[str, str], kept: Collection[str]
) -> Answer:
    """Send any HTTP request. An answer that is no JSON is its text; of headers, `kept` are compared, too."""
    response = client.request(method, path, content=content, headers=headers)
    kind = media_type(response)
    events = read_events(response) if kind == "text/event-stream" else ()
    is_json = kind == "application/json" and bool(response.content)
    body = normalise(json.loads(response.content)) if is_json else "" if events else response.text
    shown = {name: form(value) for name, value in sorted(response.headers.multi_items()) if name in kept}
    return Answer(response.status_code, kind, {"body": body, "headers": shown}, events)


def media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0]


def read_events(response: httpx.Response) -> tuple[Any, ...]:
    """Read a stream's events; anything but `data:` lines and the blank lines between them is an error."""
    events: list[Any] = []
    ids = set()
    for block in response.read().decode().split("\n\n"):
        if not block:
            continue
        assert block.startswith("data: "), block
        assert "\n" not in block, block
        data = block.removeprefix("data: ")
        if data == "[DONE]":
            events.append(data)
            continue
        event = json.loads(data)
        if "error" not in event:
            ids.add((event.get("id"), event.get("created")))
        events.append(normalise(event))
    assert len(ids) <= 1, f"a stream keeps one id and one time, not {ids}"
    return tuple(events)


def normalise(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _volatile(key, item) for key, item in value.items()}
    return [normalise(item) for item in value] if isinstance(value, list) else value


def _volatile(key: str, item: Any) -> Any:
    if key == "created":
        return type(item).__name__
    return form(item) if key in IDS and isinstance(item, str) else normalise(item)


def form(text: str) -> str:
    """Return an id with the length of what is random in it: `chatcmpl-<32 hex>`."""
    return re.sub(r"[0-9a-f]{8,}", lambda found: f"<{len(found[0])} hex>", text)


def merged(events: tuple[Any, ...]) -> list[Any]:
    """Return the events with neighbours of one choice joined, which is how a server that fell behind sends them."""
    joined: list[Any] = []
    for event in events:
        previous = joined[-1] if joined else None
        if not (is_delta(previous) and is_delta(event)):
            joined.append(json.loads(json.dumps(event)))
            continue
        before, after = previous["choices"][0], event["choices"][0]
        opening = "role" in before.get("delta", {})
        opening = opening or "token_ids" not in before  # what is echoed of a chat is an event of its own
        if opening or before["index"] != after["index"] or before["finish_reason"] is not None:
            joined.append(json.loads(json.dumps(event)))
            continue
        text = text_of(before) + text_of(after)
        joined[-1] = json.loads(json.dumps(event))
        for name in ("logprobs", "token_ids"):
            joined[-1]["choices"][0][name] = joined_members(before[name], after[name])
        if "prompt_token_ids" in before:
            joined[-1]["choices"][0]["prompt_token_ids"] = before["prompt_token_ids"]
        if "delta" in after:
            joined[-1]["choices"][0]["delta"]["content"] = text
        else:
            joined[-1]["choices"][0]["text"] = text
    return joined


def joined_members(before: Any, after: Any) -> Any:
    """Return lists one behind the other, and objects with their lists so."""
    if isinstance(before, dict) and isinstance(after, dict):
        return {name: joined_members(before[name], after[name]) for name in before}
    return before + after if isinstance(before, list) and isinstance(after, list) else after


def by_choice(events: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the events choice by choice: which choice speaks first is a matter of time."""
    return tuple(sorted(events, key=lambda event: event["choices"][0]["index"] if is_delta(event) else LAST))


LAST = 1 << 30


def is_delta(event: Any) -> bool:
    return isinstance(event, dict) and len(event.get("choices", ())) == 1


def text_of(choice: Any) -> str:
    return str((choice["delta"].get("content") if "delta" in choice else choice["text"]) or "")
