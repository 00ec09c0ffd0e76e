# SPDX-License-Identifier: Apache-2.0
"""For which requests vLLM's parsers want special tokens as text: what /render tells whoever makes text of the tokens.

Here they need no such switch, for native parsers see the tokens' ids. Source: the `adjust_request` methods of
vllm/reasoning, vllm/tool_parsers and vllm/parser (0.32); tests/parsers/golden/shown_tokens.json has what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

BY_REASONING = frozenset(
    (
        *("cohere_command3", "cohere_command4", "deepseek_v4", "deepseek_v41", "gemma4", "glm45", "glm47"),
        *("granite_thinking_parser", "inkling", "kimi_k2", "kimi_k3", "ling3", "mimo", "minicpmv", "minimax_m2"),
        *("mistral", "muse_glimmer", "nemotron_v3", "plamo3", "qwen3", "seed_oss", "step3p5"),
    )
)
"""Reasoning parsers that want them in every answer."""

BY_TOOLS = frozenset(
    (
        *("apertus", "functiongemma", "gigachat3", "granite4", "hermes", "internlm", "jamba", "kimi_k2", "lfm2"),
        *("longcat", "minicpm5", "poolside_v1", "qwen3_json", "step3"),
    )
)
"""Tool parsers that want them where calls may come."""

BY_BEING_ASKED = frozenset(
    (
        *(
            "cohere_command3",
            "cohere_command4",
            "deepseek_v32",
            "deepseek_v4",
            "deepseek_v41",
            "gemma4",
            "glm45",
            "glm47",
        ),
        *("granite", "inkling", "kimi_k3", "ling3", "mimo", "minimax_m2", "mistral", "muse_glimmer", "plamo3"),
        *("qwen3_coder", "qwen3_xml", "seed_oss", "step3p5"),
    )
)
"""Tool parsers that want them whenever they are asked: where calls may come, and beside any reasoning parser."""


def with_shown_tokens(
    request: ChatCompletionRequest, reasoning_parser: str | None, tool_call_parser: str | None
) -> ChatCompletionRequest:
    """Return the request as it is, or with special tokens shown."""
    calls = request.tool_choice not in (None, "none")
    asked = calls or reasoning_parser is not None
    shown = (
        reasoning_parser in BY_REASONING
        or (calls and tool_call_parser in BY_TOOLS)
        or (asked and tool_call_parser in BY_BEING_ASKED)
    )
    if not shown:
        return request
    # Kimi's markup would not be found between spaces.
    apart = reasoning_parser == "kimi_k3" or (asked and tool_call_parser == "kimi_k3")
    spaces = False if apart else request.spaces_between_special_tokens
    return msgspec.structs.replace(request, skip_special_tokens=False, spaces_between_special_tokens=spaces)
