# SPDX-License-Identifier: Apache-2.0
"""Where the native reasoning parsers differ from vLLM's whole answers, and why; docs/compatibility.md says it to users.

A stream must add up to the whole answer, and nothing that the model wrote may be lost. So what is reasoning is decided
when it comes, not by what follows; and what vLLM forgets, stays.
"""

from __future__ import annotations

Answers = dict[str, dict[str, tuple[str, str]]]
"""By parser and case: reasoning and content."""

BEFORE: Answers = {
    "deepseek_r1": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "deepseek_v3": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "ernie45": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "granite": {
        "text_before": ("Let me think.", "So: Hello!"),
    },
    "holo2": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "hunyuan_a13b": {
        "text_before": ("Let me think.", "So: Hello!"),
    },
    "hy_v3": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "hy_v4": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "kimi_k3": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
    "minimax_m3": {
        "open_space_before": ("\n<mm:think>Let me think.", "Hello!"),
        "open_text_before": ("So: <mm:think>Let me think.", "Hello!"),
    },
    "poolside_v1": {
        "text_before": ("So: Let me think.", "Hello!"),
    },
}
"""vLLM loses the text before the start. Where reasoning may begin without one, it was reasoning when it came."""

NO_END: Answers = {
    "granite": {
        "truncated": ("Still think", ""),
        "truncated_blank": ("Still thinking \n", ""),
        "truncated_in_end": ("Still </", ""),
    },
    "hunyuan_a13b": {
        "truncated": ("Still think", ""),
        "truncated_blank": ("Still thinking \n", ""),
        "truncated_in_end": ("Still </", ""),
    },
    "k2_horizon": {
        "blank": (" \n", ""),
        "no_thinking": ("Just an answer.", ""),
        "truncated": ("Still think", ""),
        "truncated_blank": ("Still thinking \n", ""),
        "truncated_in_end": ("Still </", ""),
        "truncated_no_start": ("Still thinking\n", ""),
    },
    "olmo3": {
        "blank": (" \n", ""),
        "no_thinking": ("Just an answer.", ""),
        "tool_instead": ('I need a tool.\n<tool_call>{"name": "f"}', ""),
        "truncated": ("Still think", ""),
        "truncated_blank": ("Still thinking \n", ""),
        "truncated_in_end": ("Still </", ""),
        "truncated_no_start": ("Still thinking\n", ""),
    },
}
"""vLLM's whole answer takes thinking without an end for content, markers and all; its stream for reasoning, as ours."""

FIRST_END: Answers = {
    "k2_horizon": {
        "tool_in_thinking": ("Should I write ", "<ifm|tool_calls>? Perhaps.</ifm|think>No."),
    },
}
"""The first of an end and a tool call ends thinking, as in every other format; vLLM looks for the end first."""

UNDECIDED: Answers = {
    "gemma4": {
        "no_start": ("", "Let me think.\n\n\nHello!"),
        "tool_in_thinking": ("", "Should I write <|tool_call>? Perhaps.No."),
    },
}
"""vLLM knows by the end that there was no start. Where the prompt has opened the channel, ours is reasoning too."""

LOST: Answers = {
    "gemma4": {
        "thought": ("", "thought"),
    },
}
"""vLLM loses an answer that is only the channel's name."""

SWITCHED_OFF: Answers = {
    "minicpmv": {
        "off_lines": ("\nLet me think.\n\nTwice.\n", "\n\nHello!\n"),
        "off_special": ('"quoted" \n \\" \t', '{"a": "\\\\"} & <b>'),
        "off_tool_after": ("I need a tool.", '\n<tool_call>\n{"name": "f"}'),
        "off_typical": ("Let me think.", "Hello!"),
    },
}
"""vLLM throws away what a model thinks although it was told not to."""

CALLS: Answers = {
    "cohere_command3": {
        "action": (
            "abc",
            '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "f", "parameters": {}}\n]<|END_ACTION|>',
        ),
        "tool_after": ("I need a tool.", '<|START_ACTION|>\n{"name": "f"}'),
        "tool_in_content": ("x", "Write<|START_ACTION|> like this."),
        "tool_in_thinking": ("", "Should I write<|START_ACTION|>? Perhaps.<|END_THINKING|>No."),
        "tool_instead": ("", 'I need a tool.<|START_ACTION|>{"name": "f"}'),
    },
    "cohere_command4": {
        "action": (
            "abc",
            '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "f", "parameters": {}}\n]<|END_ACTION|>',
        ),
        "tool_after": ("I need a tool.", '<|START_ACTION|>\n{"name": "f"}'),
        "tool_in_content": ("x", "Write<|START_ACTION|> like this."),
        "tool_in_thinking": ("Should I write", "<|START_ACTION|>? Perhaps.<|END_THINKING|>No."),
        "tool_instead": ("I need a tool.", '<|START_ACTION|>{"name": "f"}'),
    },
}
"""Without a tool parser, vLLM throws actions away."""

BEHIND: Answers = {
    "cohere_command3": {
        "response_behind": ("", "Hello! more"),
    },
    "cohere_command4": {
        "response_behind": ("", "Hello! more"),
    },
}
"""vLLM throws away what stands behind the end of the response."""

CHANNELS: Answers = {
    "muse_glimmer": {
        "blank_reasoning": ("\n\n", "\n\nHello!"),
        "empty_reasoning": ("", "Hello!"),
        "hidden_start": ("<", ">"),
        "lines": ("\nLet me think.\n\nTwice.\n", "\n\nHello!"),
        "lookalikes": ("a < b && </ think> <thin </thin <thinks> [THIN <|channe", "<thi </think <mm: 1 < 2"),
        "nested": ("one\ntwo", "three<|eom|>four"),
        "space_before": ("Let me think.", "Hello!"),
        "special": ('"quoted" \\n \\" \t', '{"a": "\\\\"} & <b>'),
        "text_before": ("Let me think.", "So:Hello!"),
        "tool_after": ("I need a tool.", '\nto=f<|message|>\n{"name": "f"}'),
        "tool_bare": ("one ", 'to=f<|message|><atem:invoke name="f"></atem:invoke><|eom|>'),
        "tool_in_content": ("x", "Write to=f<|message|> like this."),
        "two_blocks": ("one \n\n three\n", "twofour"),
        "two_ends": ("one", "two<|eom|>three"),
        "typical": ("Let me think.", "Hello!"),
        "unicode": ("考えます… 😀 \u3000", "\u3000答え\xa0é 😀"),
        "wide_space": ("x\u2003\xa0\u3000 ", "\u2003y"),
    },
}
"""vLLM throws text in no channel away, and doubles thinking that a bare header ends, with the header in it."""

DEVIATIONS = {
    (parser, case): answer
    for answers in (BEFORE, NO_END, FIRST_END, UNDECIDED, LOST, SWITCHED_OFF, CALLS, BEHIND, CHANNELS)
    for parser, cases in answers.items()
    for case, answer in cases.items()
}
COUNT_DEVIATIONS = {
    *(("gemma4", case) for case in ("no_start", "tool_in_thinking", "named_no_start", "thought")),
    ("minicpmv", "reserved"),
}
"""Counts go by token ids; vLLM's engine looks at the text too: a start that is missing, markers that are spelled."""
