# SPDX-License-Identifier: Apache-2.0
"""Script files: what they may say, which sequence a request gets."""

from __future__ import annotations

import json

import pytest

from fastfront.engine.types import FinishReason
from fastfront.errors import StartupError
from fastfront.sim.script import Piece, Script


def load(tmp_path, content):
    file = tmp_path / "script.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return Script.load(file)


def pieces(sequence):
    return list(sequence.pieces(lambda text: [ord(c) for c in text]))


def test_a_match_goes_before_the_seed_and_seeds_go_round(tmp_path):
    """Sequences with a match are not counted by seeds."""
    script = load(
        tmp_path, {"sequences": [{"tokens": [0]}, {"match": "x", "tokens": [1]}, {"tokens": [2]}, {"tokens": [3]}]}
    )
    picked = {seed: script.pick("nothing", seed) for seed in (0, 1, 2, 3, 4)}
    assert [s.tokens for s in picked.values()] == [[0], [2], [3], [0], [2]]
    assert script.pick("with x", 0).tokens == [1]
    assert script.pick("nothing", None) is None
    assert script.needs_prompt


def test_an_empty_match_fits_every_prompt(tmp_path):
    """And needs no prompt to be decoded."""
    script = load(tmp_path, {"sequences": [{"match": "", "tokens": [1]}]})
    assert script.pick("", None).tokens == [1]
    assert not script.needs_prompt


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ({"tokens": [1, 2]}, [Piece([1, 2], FinishReason.STOP)]),
        ({"text": "ab", "finish": "length"}, [Piece([97, 98], FinishReason.LENGTH)]),
        ({"tokens": [], "finish": "abort"}, [Piece([], FinishReason.ABORT)]),
        ({"tokens": [1], "finish": None, "stop_reason": 1}, [Piece([1])]),
        (
            {"chunks": [[1], [2, 3]], "finish": "error", "stop_reason": "x"},
            [Piece([1], together=True), Piece([2, 3], FinishReason.ERROR, "x", together=True)],
        ),
        ({"chunks": []}, [Piece([], FinishReason.STOP, together=True)]),
    ],
)
def test_a_sequence_is_pieces_with_a_finish(tmp_path, sequence, expected):
    """tokens, text and chunks; the last piece carries the finish."""
    script = load(tmp_path, {"sequences": [sequence]})
    assert pieces(script.pick("", 0)) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is no script"),
        ("[]", "is no script"),
        ({"sequences": [{}]}, "exactly one of"),
        ({"sequences": [{"tokens": [1], "text": "a"}]}, "exactly one of"),
        ({"sequences": [{"tokens": [1], "finish": "soon"}]}, "no finish reason: 'soon'"),
        ({"sequences": [{"tokens": ["a"]}]}, "sequences[0].tokens[0]"),
        ({"sequences": [{"tokens": [1], "matches": "a"}]}, "matches"),
    ],
)
def test_a_file_that_is_no_script_is_refused_with_the_reason(tmp_path, content, reason):
    """The message names the place."""
    with pytest.raises(StartupError) as error:
        load(tmp_path, content)
    assert reason in str(error.value)
