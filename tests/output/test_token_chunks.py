# SPDX-License-Identifier: Apache-2.0
"""Answers of /inference/v1/generate made of a native response to which the pump adds at any time."""

from __future__ import annotations

import json
from typing import Any

from fastfront.output.token_chunks import TokenChunks

USAGE = {"prompt_tokens": 1, "total_tokens": 2}


def event(token_ids: list[int], count: int, finish: str | None = None) -> bytes:
    choice = {"index": 0, "text": "x", "logprobs": None, "finish_reason": finish, "token_ids": token_ids}
    body = {"choices": [choice], "usage": {**USAGE, "completion_tokens": count}}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


class Racing:
    """A response that has something new whenever it is looked at."""

    error = None

    def __init__(self, pieces: list[bytes], last: bytes) -> None:
        self._pieces = pieces
        self._last = last

    @property
    def finished(self) -> bool:
        """True from the moment on that all has been written; that comes between any two looks."""
        finished = not self._pieces
        if len(self._pieces) == 1:
            self._last, self._pieces = self._pieces[0] + self._last, []
        return finished

    def take(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        last, self._last = self._last, b""
        return last


def chunks(*, streams: bool) -> TokenChunks:
    return TokenChunks(
        "r",
        model="m",
        created=1,
        n=1,
        prompt_token_ids=[5],
        return_token_ids=False,
        mm_placeholders=None,
        text_mode=False,
        as_token_ids=True,
        names_prompt=True,
        streams=streams,
        include_usage=False,
        continuous_usage=False,
        weight_version="default",
        decode=None,
    )


def taken(rewriter: TokenChunks, response: Any) -> bytes:
    out = b""
    for _ in range(10):
        rewriter(response)
        out += rewriter.take(response)
    return out


def test_nothing_of_a_stream_is_lost() -> None:
    """Whatever is written between two looks comes with the next, the end behind all of it."""
    pieces = [event([number], number) for number in range(1, 4)]
    out = taken(chunks(streams=True), Racing(pieces, event([4], 4, "length") + b"data: [DONE]\n\n"))
    *events, done, rest = out.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    choices = [json.loads(each[6:])["choices"][0] for each in events]
    assert [choice["token_ids"] for choice in choices] == [[1], [2], [3], [4]]
    assert choices[-1]["finish_reason"] == "length"


def test_a_whole_answer_is_made_once_and_of_all() -> None:
    """Only what was there after the end is complete."""
    choice = {
        "index": 0,
        "text": "x",
        "logprobs": None,
        "finish_reason": "length",
        "stop_reason": None,
        "token_ids": [7, 8],
        "prompt_logprobs": None,
        "routed_experts": None,
    }
    members = {"kv_transfer_params": None, "ec_transfer_params": None}
    body = json.dumps({"choices": [choice], "usage": {**USAGE, "completion_tokens": 2}, **members}).encode()
    out = json.loads(taken(chunks(streams=False), Racing([body[:10], body[10:20]], body[20:])))
    assert out["choices"][0]["token_ids"] == [7, 8]
    assert out["usage"]["completion_tokens"] == 2
