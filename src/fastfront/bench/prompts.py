# SPDX-License-Identifier: Apache-2.0
"""Request bodies of a workload: random words in the right number, the same for the same seed.

A body has marks where the client puts letters of its own into every request, so that no cache has seen it before; the
chats of a growing workload have none, because there caches are the point. Knows no servers.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from fastfront.bench.words import WORDS
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastfront.bench.workloads import Workload

MARK = "@@@@@@@@"
"""Stands where every request gets letters of its own; as long as the native client's MARK_BYTES."""

SYSTEM = "You are a helpful assistant."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather forecast of a place.",
            "parameters": {
                "type": "object",
                "properties": {"place": {"type": "string"}, "days": {"type": "integer"}, "details": {"type": "string"}},
                "required": ["place"],
            },
        },
    }
]
"""What the requests of a parsed workload offer; its answers call it (see sim/replay.py)."""
MAX_BODIES = 1024
MAX_BYTES = 16 * 1024 * 1024
"""Enough variety, little memory. Growing chats are as many as they are: 160 bodies."""
GROWING_CHATS = 8
GROWING_TURNS = 20

Body = tuple[bytes, list[int]]
"""A request's body and the positions of its marks."""


class Text:
    """A source of words. `words_per_token` is the server's: see `probe.calibrate`."""

    def __init__(self, words_per_token: float, seed: int) -> None:
        self._words_per_token = words_per_token
        self._random = random.Random(seed)  # noqa: S311 - the same words for the same seed are the point

    def take(self, tokens: float) -> str:
        """Return words of about so many tokens, at least one word."""
        count = max(round(tokens * self._words_per_token), 1)
        return " ".join(self._random.choices(WORDS, k=count))


def make_bodies(
    workload: Workload, model: str, text: Text, *, overhead_tokens: int = 0, extra: dict[str, Any] | None = None
) -> list[Body]:
    """Return the bodies that are sent in turn. `overhead_tokens`: of a prompt without words."""
    if workload.dataset is not None:
        return read_bodies(workload.dataset, model)
    sampling: dict[str, Any] = {
        "model": model,
        "max_tokens": workload.output_tokens,
        "temperature": 0.0,
        "ignore_eos": True,
    }
    if workload.stream:
        sampling |= {"stream": True, "stream_options": {"include_usage": True}}
    if workload.top_logprobs is not None:
        sampling |= {"logprobs": True, "top_logprobs": workload.top_logprobs}
    if workload.parsed:
        sampling |= {"tools": TOOLS}
    if workload.called:
        sampling |= {"tools": TOOLS, "tool_choice": "none"}  # the answers are for no parser
    # A null takes a member away, for servers that refuse what they do not know.
    sampling = {name: value for name, value in (sampling | (extra or {})).items() if value is not None}
    bodies: list[Body] = []
    size = 0
    for prompt in _prompts(workload, text, overhead_tokens):
        data = json.dumps(sampling | prompt, ensure_ascii=False).encode()
        bodies.append((data, find_marks(data)))
        size += len(data)
        if not workload.growing and (len(bodies) >= MAX_BODIES or size >= MAX_BYTES):
            break
    return bodies


def _prompts(workload: Workload, text: Text, overhead: int) -> Iterator[dict[str, Any]]:
    """Yield the prompts of a workload, without end unless the chats grow."""
    if workload.growing:
        yield from _growing_chats(workload, text)
        return
    while True:
        if not workload.chat:
            yield {"prompt": f"{MARK} {text.take(workload.prompt_tokens - overhead)}"}
        elif workload.called:
            yield {"messages": [_say("user", f"{MARK} {text.take(30)}"), *_calls(workload, text, f"{MARK} ")]}
        elif workload.exchanges:
            yield {"messages": [*_history(workload, text, f"{MARK} "), _say("user", f"{MARK} {text.take(30)}")]}
        else:
            question = f"{MARK} {text.take(workload.prompt_tokens - overhead)}"
            yield {"messages": [_say("system", SYSTEM), _say("user", question)]}


def _history(workload: Workload, text: Text, mark: str = "") -> list[dict[str, str]]:
    """Return the exchanges so far: 3 tokens of a question to 7 of an answer."""
    share = max(workload.prompt_tokens // workload.exchanges, 2)
    messages = []
    for _ in range(workload.exchanges):
        messages.append(_say("user", mark + text.take(share * 0.3)))
        messages.append(_say("assistant", mark + text.take(share * 0.7)))
    return messages


def _calls(workload: Workload, text: Text, mark: str) -> list[dict[str, Any]]:
    """Return calls and their results so far: 1 token of arguments to 9 of a result."""
    share = max((workload.prompt_tokens - 200) // workload.exchanges - 40, 2)  # less what templates put around them
    messages: list[dict[str, Any]] = []
    for number in range(workload.exchanges):
        arguments = json.dumps({"place": mark + text.take(share * 0.1), "days": number})
        function = {"name": "get_weather", "arguments": arguments}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": mark + text.take(share * 0.9)})
    return messages


def _growing_chats(workload: Workload, text: Text) -> Iterator[dict[str, Any]]:
    chats = [_history(workload, text) for _ in range(GROWING_CHATS)]
    for _ in range(GROWING_TURNS):
        for chat in chats:
            question = _say("user", text.take(30))
            yield {"messages": [*chat, question]}
            chat += [question, _say("assistant", text.take(90))]


def _say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def find_marks(data: bytes) -> list[int]:
    """Return the positions of the marks in a body."""
    mark = MARK.encode()
    found = []
    position = data.find(mark)
    while position >= 0:
        found.append(position)
        position = data.find(mark, position + len(mark))
    return found


def read_bodies(path: Path, model: str) -> list[Body]:
    """Read request bodies from a file, one JSON object a line. Filled in: a missing model, and a stream's usage."""
    bodies: list[Body] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read {path}: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            body = json.loads(line)
        except ValueError as error:
            raise StartupError(f"{path}, line {number}: not JSON ({error})") from None
        if not isinstance(body, dict):
            raise StartupError(f"{path}, line {number}: a request body is a JSON object")
        body.setdefault("model", model)
        if body.get("stream"):
            body.setdefault("stream_options", {"include_usage": True})
        bodies.append((json.dumps(body, ensure_ascii=False).encode(), []))
    if not bodies:
        raise StartupError(f"{path} has no request bodies")
    return bodies
