# SPDX-License-Identifier: Apache-2.0
"""Chats of DeepSeek-V4.1: V4's format with marked system turns, other names of elements, and effort as a number.

vLLM renders the request's own messages, members that only this format knows among them (`response_format`, `wo_eos`).
Must not know requests or tokenizers.
Source: vllm/tokenizers/deepseek_v41.py and deepseek_v41_encoding.py (0.32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastfront.prompt.conversation import Message, own_messages
from fastfront.prompt.renderers.deepseek_v4 import Chat, DeepseekV4Renderer, wants_thinking
from fastfront.prompt.renderers.dsml import Tags, special

_ROLES = ("system", "developer", "user", "assistant", "tool")
_EFFORTS = {"low": 50, "high": 75, "xhigh": 75, "max": 100}


class DeepseekV41Renderer(DeepseekV4Renderer):
    """Renders chats of DeepSeek-V4.1 to text."""

    tags: ClassVar[Tags] = Tags(" calls", " invoke", " parameter")
    system_mark: ClassVar[str] = special("System")

    def conversation(self, messages: Sequence[Message]) -> list[Message]:
        """Return the request's messages with one text for a content."""
        conversation = own_messages(messages)
        for message in conversation:
            if message["role"] not in _ROLES:
                raise ValueError(f"Invalid role: {message['role']}")
            if isinstance(message.get("content"), list):
                message["content"] = "\n\n".join(map(_text_of_part, message["content"]))
        return conversation

    def thinking(self, kwargs: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the model is to think, and the number it is told then."""
        effort, thinks = kwargs.get("reasoning_effort"), wants_thinking(kwargs)
        if effort == "none":
            thinks, effort = False, None
        number = _EFFORTS.get(effort) if isinstance(effort, str) else 75 if effort is None else effort
        if type(number) is not int or not 1 <= number <= 100:
            raise ValueError(
                "DeepSeek V4.1 reasoning_effort must be low, high, xhigh, max, or an integer within [1, 100] in "
                "chat_template_kwargs"
            )
        said = f"Reasoning Effort: {number} (range 1-100, the higher the value, the more thorough the reasoning)\n\n"
        return thinks, said

    def asks(self, role: str, index: int) -> bool:
        """Return whether a turn asks for an answer: system turns do, but for the first."""
        return role in ("user", "developer") or (role == "system" and index > 0)

    def opens(self, chat: Chat, index: int) -> bool:
        """Return whether an answer begins behind a turn that is followed by one, or by nothing."""
        return self.asks(chat.turns[index]["role"], index)


def _text_of_part(part: Any) -> str:
    kind = part.get("type") if isinstance(part, dict) else "string"
    if kind not in ("text", "input_text", "output_text"):
        raise ValueError(f"DeepSeek V4.1 supports text and image content only; got {kind!r}")
    text: str = part.get("text", "")
    return text
