# SPDX-License-Identifier: Apache-2.0
"""Which requests' answers keep their special tokens, for vLLM's parsers: what vLLM itself says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront._native.parse import reasoning_parser_names, tool_parser_names
from fastfront.output.shown_tokens import BY_BEING_ASKED, BY_REASONING, BY_TOOLS, with_shown_tokens
from fastfront.protocol.chat import ChatCompletionRequest

GOLDEN = json.loads((Path(__file__).parent.parent / "parsers" / "golden" / "shown_tokens.json").read_bytes())
TOOLS = [{"type": "function", "function": {"name": "f"}}]
CASES: dict[str, dict[str, Any]] = {
    "no tools": {"tool_choice": "none"},
    "none": {"tools": TOOLS, "tool_choice": "none"},
    "auto": {"tools": TOOLS, "tool_choice": "auto"},
    "required": {"tools": TOOLS, "tool_choice": "required"},
    "named": {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}},
}


@pytest.mark.parametrize("parsers", GOLDEN)
def test_requests_are_as_vllm_leaves_them(parsers: str) -> None:
    """For every reasoning parser, and every tool parser alone and beside one, whatever tool_choice is."""
    reasoning, tools = (name or None for name in parsers.split("+"))
    for case, (skip, spaces) in GOLDEN[parsers].items():
        request = with_shown_tokens(ChatCompletionRequest(messages=[], **CASES[case]), reasoning, tools)
        assert (request.skip_special_tokens, request.spaces_between_special_tokens) == (skip, spaces), case


def test_the_tables_name_parsers_that_there_are() -> None:
    """A name that no parser has is a slip of the pen."""
    assert set(reasoning_parser_names()) >= BY_REASONING
    assert set(tool_parser_names()) >= BY_TOOLS | BY_BEING_ASKED
    assert not BY_TOOLS & BY_BEING_ASKED
