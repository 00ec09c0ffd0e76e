# SPDX-License-Identifier: Apache-2.0
"""Beam search finds what vLLM's finds, in the same order. make_beams_golden.py made the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront.prompt.beams import BeamSearch
from tests.prompt.beam_cases import END, cases, scores_after

GOLDEN = json.loads((Path(__file__).parent / "golden_beams.json").read_text())


def search(prompt: list[int], options: dict[str, Any]) -> BeamSearch:
    found = BeamSearch(
        prompt,
        width=options["beam_width"],
        max_tokens=options["max_tokens"],
        end_token_id=END,
        length_penalty=options.get("length_penalty", 1.0),
        ignore_eos=options.get("ignore_eos", False),
        keep_end_token=options.get("include_stop_str_in_output", False),
    )
    while found.advance([scores_after(token_ids, 2 * found.width) for token_ids in found.prompts]):
        pass
    return found


@pytest.mark.parametrize(("prompt", "options", "expected"), GOLDEN)
def test_every_beam_is_vllms(prompt: list[int], options: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    """Tokens, text, probability and end of each, the best first."""
    found = search(prompt, options)
    assert [
        {
            "token_ids": found.generated(beam),
            "text": " ".join(map(str, found.shown(beam))),
            "logprob": pytest.approx(beam.logprob, abs=1e-12),
            "stopped": beam.stopped,
        }
        for beam in found.best()
    ] == expected


def test_the_file_holds_what_it_claims() -> None:
    """Beams that the model ended and beams that ran out of tokens."""
    assert [[prompt, options] for prompt, options, _ in GOLDEN] == [list(case) for case in cases()]
    assert {beam["stopped"] for _, _, beams in GOLDEN for beam in beams} == {True, False}


def test_nothing_more_is_asked_for_at_the_end() -> None:
    """A search that is over needs no scores."""
    assert search([1], {"beam_width": 2, "max_tokens": 1}).prompts == []


@pytest.mark.parametrize("penalty", [1e9, -1e9])
def test_absurd_length_penalties(penalty: float) -> None:
    """They rank, and fail nothing."""
    found = search([1, 2], {"beam_width": 2, "max_tokens": 3, "length_penalty": penalty})
    assert len(found.best()) == 2
