# SPDX-License-Identifier: Apache-2.0
"""Where the native reasoning parsers differ from vLLM's whole answers, and why; docs/compatibility.md says it to users.

A stream must add up to the whole answer, and nothing that the model wrote may be lost. So what is reasoning is decided
when it comes, not by what follows; and text before a start, which vLLM forgets, stays.
"""

from __future__ import annotations

TEXT_BEFORE = dict.fromkeys(
    ("deepseek_r1", "deepseek_v3", "ernie45", "holo2", "hy_v3", "hy_v4", "poolside_v1"), ("So: Let me think.", "Hello!")
)
"""vLLM loses "So: "."""

NO_END = {
    "k2_horizon": ("blank", "no_thinking", "truncated", "truncated_blank", "truncated_in_end", "truncated_no_start"),
    "olmo3": (
        "blank",
        "no_thinking",
        "tool_instead",
        "truncated",
        "truncated_blank",
        "truncated_in_end",
        "truncated_no_start",
    ),
}
"""vLLM's whole answer takes thinking without an end for content, markers and all; its stream for reasoning, as ours."""

NO_END_TEXTS = {
    "blank": " \n",
    "no_thinking": "Just an answer.",
    "tool_instead": 'I need a tool.\n<tool_call>{"name": "f"}',
    "truncated": "Still think",
    "truncated_blank": "Still thinking \n",
    "truncated_in_end": "Still </",
    "truncated_no_start": "Still thinking\n",
}

DEVIATIONS: dict[tuple[str, str], tuple[str, str]] = {
    **{(parser, "text_before"): answer for parser, answer in TEXT_BEFORE.items()},
    **{(parser, name): (NO_END_TEXTS[name], "") for parser, names in NO_END.items() for name in names},
    **{("granite", name): (NO_END_TEXTS[name], "") for name in ("truncated", "truncated_blank", "truncated_in_end")},
    ("granite", "text_before"): ("Let me think.", "So: Hello!"),
    # The first of an end and a tool call ends thinking, as in every other format.
    ("k2_horizon", "tool_in_thinking"): ("Should I write ", "<ifm|tool_calls>? Perhaps.</ifm|think>No."),
    # vLLM knows by the end that there was no start. Where the prompt has opened the channel, ours is reasoning too.
    ("gemma4", "no_start"): ("", "Let me think.\n\n\nHello!"),
    ("gemma4", "tool_in_thinking"): ("", "Should I write <|tool_call>? Perhaps.No."),
    # vLLM loses it.
    ("gemma4", "thought"): ("", "thought"),
    # Inside reasoning that the request has opened, text before a start was reasoning when it came.
    ("minimax_m3", "open_space_before"): ("\n<mm:think>Let me think.", "Hello!"),
    ("minimax_m3", "open_text_before"): ("So: <mm:think>Let me think.", "Hello!"),
}
"""By parser and case: reasoning and content."""
