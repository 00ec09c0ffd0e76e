# SPDX-License-Identifier: Apache-2.0
"""Logprobs of beams. tests/parity compares them with vLLM's server; here is each rule by itself."""

from __future__ import annotations

import math

from fastfront.prompt.beam_logprobs import chat_logprobs, completion_logprobs

SCORES = [[(7, -2.0), (1, -0.5), (2, -1.5)], [(1, -0.25), (7, -math.inf), (2, -3.0)]]
NAMES = {1: "a", 2: "é", 7: "\ufffd"}


def test_a_chat_shows_the_first_candidates_of_each_step() -> None:
    """The engine's pick first, which need not be what became of the beam; its own bytes are not known."""
    shown = chat_logprobs([1, 7], SCORES, 2, NAMES.__getitem__)
    first = {"token": "\ufffd", "logprob": -2.0, "bytes": [239, 191, 189]}
    assert shown == {
        "content": [
            {
                "token": "a",
                "logprob": -0.5,
                "bytes": None,
                "top_logprobs": [first, {"token": "a", "logprob": -0.5, "bytes": [97]}],
            },
            {
                "token": "\ufffd",
                "logprob": -9999.0,
                "bytes": None,
                "top_logprobs": [
                    {"token": "a", "logprob": -0.25, "bytes": [97]},
                    {"token": "\ufffd", "logprob": -9999.0, "bytes": [239, 191, 189]},
                ],
            },
        ]
    }
    assert [list(each) for each in shown["content"]] == [["token", "logprob", "bytes", "top_logprobs"]] * 2


def test_a_chat_shows_none_or_all() -> None:
    """By top_logprobs: 0 or null, and -1."""
    for shown, count in ((0, 0), (None, 0), (-1, 3), (9, 3)):
        content = chat_logprobs([1, 7], SCORES, shown, NAMES.__getitem__)["content"]
        assert [len(each["top_logprobs"]) for each in content] == [count, count]


def test_a_completion_shows_one_more_than_it_asks_for() -> None:
    """The offsets count the characters of the names."""
    name = "token_id:{}".format
    assert completion_logprobs([1, 7], SCORES, 0, name) == {
        "text_offset": [0, 10],
        "token_logprobs": [-0.5, -9999.0],
        "tokens": ["token_id:1", "token_id:7"],
        "top_logprobs": [{"token_id:7": -2.0}, {"token_id:1": -0.25}],
    }
    tops = completion_logprobs([1], SCORES, 1, name)["top_logprobs"]
    assert tops == [{"token_id:7": -2.0, "token_id:1": -0.5}]
    assert len(completion_logprobs([1], SCORES, -1, name)["top_logprobs"][0]) == 3


def test_an_end_token_that_is_left_out_has_no_place() -> None:
    """There are more scores than tokens then."""
    assert len(chat_logprobs([1], SCORES, 1, NAMES.__getitem__)["content"]) == 1
    assert completion_logprobs([], SCORES, 1, NAMES.__getitem__)["tokens"] == []
