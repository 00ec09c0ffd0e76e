# SPDX-License-Identifier: Apache-2.0
"""Reasoning between delimiters, slowly and obviously: the whole text at once, cut at markers by one regular expression.

The oracle of core/parsers/delimited_reasoning: what each kind of format makes of any text, well-formed or not.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of format."""

    start: str
    end: str
    tool: str | None = None
    """What ends reasoning and stays."""
    reopens: bool = False
    """Whether reasoning may begin again."""
    strips: bool = False
    """Whether white space at the end of the reasoning goes."""
    begins_in_content: bool = False


KINDS = {
    "qwen3": Kind("<think>", "</think>", "<tool_call>"),
    "seed_oss": Kind("<seed:think>", "</seed:think>", "<seed:tool_call>"),
    "nemotron_v3": Kind("<think>", "</think>", "<tool_call>", strips=True),
    "minimax_m2": Kind("<think>", "</think>", "<minimax:tool_call>", strips=True),
    "kimi_k2": Kind("<think>", "</think>", "<|tool_calls_section_begin|>", strips=True),
    "glm45": Kind("<think>", "</think>", "<tool_call>", reopens=True, strips=True),
    "deepseek_v41": Kind("<think>", "</think>", "<｜DSML｜ calls>", reopens=True, strips=True),
}
"""By name: starts and ends disappear wherever they are known, the others are text."""

ONE_BLOCK = {"deepseek_r1": "<think>", "holo2": "<think>", "step3": None, "olmo3": "<think>"}
"""By name: formats whose first end is the last marker, and their start."""


def of_kind(kind: Kind, text: str) -> tuple[str, str]:
    """Return reasoning and content."""
    markers = [marker for marker in (kind.start, kind.end, kind.tool) if marker]
    reasoning, content, inside = "", "", not kind.begins_in_content
    for part in re.split("(" + "|".join(map(re.escape, markers)) + ")", text):
        if part == kind.end:
            inside = False
        elif part == kind.start and (inside or kind.reopens):
            inside = True
        elif part == kind.tool and inside:
            inside = False
            content += part
        elif inside:
            reasoning += part
        else:
            content += part
    return reasoning.rstrip() if kind.strips else reasoning, content


def of_one_block(name: str, text: str) -> tuple[str, str]:
    """Return reasoning and content."""
    reasoning, _, content = text.partition("</think>")
    start = ONE_BLOCK[name]
    if name == "olmo3":
        return reasoning.removeprefix("<think>"), content
    if start is not None:
        before, found, behind = reasoning.partition(start)
        if found:
            reasoning = (before if before.strip() else "") + behind
    return reasoning, content


def whole(name: str, text: str) -> tuple[str, str]:
    """Return the reasoning and the content of an answer in format `name`, of which thinking is unsaid."""
    return of_kind(KINDS[name], text) if name in KINDS else of_one_block(name, text)
