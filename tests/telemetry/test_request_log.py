# SPDX-License-Identifier: Apache-2.0
"""The request log's lines are vLLM's (vllm/entrypoints/serve/utils/request_logger.py), cut to --max-log-len."""

from __future__ import annotations

import json
import logging

import pytest

from fastfront.telemetry.log_queue import LogQueue
from fastfront.telemetry.request_log import RequestLog

EVENTS = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"content": "Hel"}, "finish_reason": None}]},
    {"choices": [{"index": 1, "delta": {"reasoning": "hm"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]},
    {"choices": [{"index": 1, "delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}, "finish_reason": None}]},
    {"choices": [], "usage": {}},
]
STREAM = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in EVENTS) + b"data: [DONE]\n\n"
COMPLETE = [
    "Generated response x (streaming complete): output: 'Hello', finish_reason: streaming_complete",
    "Generated response x (streaming complete): output: '', finish_reason: streaming_complete",
]


def make(level=logging.INFO, **options):
    """Return a request log and what closes it."""
    logging.getLogger("fastfront").setLevel(level)
    queue = LogQueue()
    arguments = {"max_log_len": None, "outputs": True, "deltas": True} | options
    return RequestLog(queue, **arguments), queue.close


@pytest.fixture(autouse=True)
def _reset_level(caplog):
    caplog.set_level(logging.DEBUG, "fastfront")  # restored at the end


def answered(caplog, pieces, *, streams, **options):
    """Return the lines about an answer that was sent in these pieces."""
    log, close = make(**options)
    caplog.clear()
    answer = log.answer("x", streams=streams)
    for piece in pieces:
        answer.take(piece)
    answer.end()
    close()
    return caplog.messages


def test_a_request_is_one_line(caplog):
    """Its prompt is for the debug level."""
    log, close = make()
    caplog.clear()
    log.body("x", b"{}")
    log.received("cmpl-x-0", "SamplingParams(n=1)", [1, 2, 3])
    log.added("cmpl-x-0-00ff")
    close()
    assert caplog.messages == [
        "Received request cmpl-x-0: params: SamplingParams(n=1), lora_request: None.",
        "Added request cmpl-x-0-00ff.",
    ]


def test_debug_shows_the_body_and_the_prompt(caplog):
    """Each cut to the same length."""
    log, close = make(logging.DEBUG, max_log_len=2)
    caplog.clear()
    log.body(None, b'{"prompt": "a"}')
    log.received("x", "P", [1, 2, 3])
    log.received("y", "P", None, embeds_shape=(3, 64))
    close()
    assert caplog.messages == [
        'Request None JSON body: {"',
        "Request x details: prompt: None, prompt_token_ids: [1, 2], prompt_embeds shape: None.",
        "Received request x: params: P, lora_request: None.",
        "Request y details: prompt: None, prompt_token_ids: None, prompt_embeds shape: torch.Size([3, 64]).",
        "Received request y: params: P, lora_request: None.",
    ]


def test_ends_that_are_no_answer(caplog):
    """A client that left, an engine that failed."""
    log, close = make()
    caplog.clear()
    log.aborted("x")
    log.failed("x", "engine error")
    close()
    assert caplog.messages == ["Request x aborted.", "Request x failed (engine error)."]


@pytest.mark.parametrize("size", [1, 7, 100, len(STREAM)])
def test_a_stream_is_its_pieces_and_its_whole(caplog, size):
    """However the bytes are cut: content, reasoning and arguments of tool calls, then each choice's content."""
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert answered(caplog, pieces, streams=True) == [
        "Generated response x (streaming delta): output: 'Hel', finish_reason: None",
        "Generated response x (streaming delta): output: '[reasoning: hm]', finish_reason: None",
        "Generated response x (streaming delta): output: 'lo', finish_reason: stop",
        "Generated response x (streaming delta): output: '[tool_calls: {}]', finish_reason: None",
        *COMPLETE,
    ]


def test_without_deltas_a_stream_is_its_whole(caplog):
    """--no-enable-log-deltas."""
    assert answered(caplog, [STREAM], streams=True, deltas=False) == COMPLETE


def test_a_whole_answer_is_a_line_per_choice(caplog):
    """Content, or the calls that were made; a completion's text; cut to the length."""
    calls = [{"function": {"name": "f", "arguments": "{}"}}]
    body = {
        "choices": [
            {"message": {"content": "Hello"}, "finish_reason": "stop"},
            {"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"},
            {"message": {"content": None}, "finish_reason": "stop"},
            {"text": "abcdefghijklmnopqrstuvwxyz", "finish_reason": "length"},
        ]
    }
    assert answered(caplog, [json.dumps(body).encode()], streams=False, max_log_len=21) == [
        "Generated response x: output: 'Hello', finish_reason: stop",
        "Generated response x: output: '[tool_calls: f({})]', finish_reason: tool_calls",
        "Generated response x: output: 'abcdefghijklmnopqrstu', finish_reason: length",
    ]


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"error": {}}', b'{"choices": [5]}'])
def test_what_is_no_answer_is_passed_over(caplog, body):
    """An error's body has no choices."""
    assert answered(caplog, [body], streams=False) == []
