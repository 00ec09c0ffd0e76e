# SPDX-License-Identifier: Apache-2.0
"""Refused requests whose prefill was done elsewhere: the engine hears of them, before the embedded engine."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

REMOTE = {"kv_transfer_params": {"do_remote_prefill": True, "remote_request_id": "r"}}
CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
HELLO = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
TEXT = {"prompt": "hello", "max_tokens": 2}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (CHAT, HELLO | {"model": "other"}, 404),
        (CHAT, HELLO | {"truncate_prompt_tokens": 10**6}, 400),
        (CHAT, HELLO | {"structured_outputs": {"regex": "(a"}, "stream": True}, 400),
        (COMPLETIONS, TEXT | {"logit_bias": {"999999": 1}}, 400),
        (COMPLETIONS, TEXT | {"suffix": "x"}, 400),
    ],
)
def test_the_engine_is_told_of_a_refused_request(http, engine, path, body, status):
    """It gets a request that it gives up at once, and frees what waits for it."""
    before = engine.report()
    assert http.post(path, json=body | REMOTE).status_code == status
    engine.wait_for(requests=before["requests"] + 1, aborted=before["aborted"] + 1)


@pytest.mark.parametrize(
    ("path", "body", "status", "sent"),
    [
        (CHAT, HELLO | REMOTE, 200, 1),
        (COMPLETIONS, TEXT | REMOTE | {"use_beam_search": True}, 200, 2),
        (CHAT, HELLO | {"model": "other"}, 404, 0),
        (CHAT, HELLO | {"model": "other", "kv_transfer_params": {"do_remote_prefill": False}}, 404, 0),
        (CHAT, HELLO | REMOTE | {"messages": 5}, 400, 0),
    ],
)
def test_the_engine_is_told_of_no_other(http, engine, path, body, status, sent):
    """Not of requests that it has had, that need no prefill from elsewhere, or that are none."""
    before = engine.report()
    assert http.post(path, json=body).status_code == status
    # Whatever is sent comes before this one.
    assert http.post(COMPLETIONS, json=TEXT).status_code == 200
    after = engine.report()
    assert (after["requests"] - before["requests"], after["aborted"] - before["aborted"]) == (sent + 1, 0)
