# SPDX-License-Identifier: Apache-2.0
"""Chats of DeepSeek-V3.2, which has no chat template: user turns open the answer, tools' results follow the calls.

Thinking is off unless asked for. Must not know requests or tokenizers.
Source: vllm/tokenizers/deepseek_v32.py and deepseek_v32_encoding.py (0.32).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fastfront.prompt.conversation import Message, parse_messages
from fastfront.prompt.renderers.base import ChatRenderer
from fastfront.prompt.renderers.dsml import ASSISTANT, BEGIN, END, END_THINK, THINK, USER, Tags, schemas

_TAGS = Tags("function_calls", "invoke", "parameter")
_OPENS_A_TURN = ("user", "developer")

_TOOLS = f"""## Tools
You have access to a set of tools you can use to answer the user's question.
You can invoke functions by writing a "{_TAGS.opened()}" block like the following as part of your reply to the user:
{_TAGS.example("$FUNCTION_NAME")}
String and scalar parameters should be specified as is without any escaping or quotes, while lists and objects should \
use JSON format. The "string" attribute should be set to "true" for string type parameters and "false" for other types \
(numbers, booleans, arrays, objects).
If the thinking_mode is enabled, then after function results you should strongly consider outputting a thinking block. \
Here is an example:
{_TAGS.block("...")}
<function_results>
...
</function_results>
{THINK}...thinking about results{END_THINK}
Here are the functions available in JSONSchema format:
<functions>
"""


class DeepseekV32Renderer(ChatRenderer):
    """Renders chats of DeepSeek-V3.2 to text."""

    def _render(self, messages: Sequence[Message], kwargs: Mapping[str, Any]) -> str:
        conversation = parse_messages(messages, "string")
        if tools := kwargs.get("tools"):
            conversation.insert(0, {"role": "system", "tools": tools})
        thinks = bool(kwargs.get("thinking") or kwargs.get("enable_thinking"))
        shown = conversation
        if thinks and conversation[-1]["role"] == "user":
            shown = _without_old_thinking(conversation)
        chat = _Chat(shown, thinks, _last_question(shown))
        text = BEGIN + "".join(chat.text_of(index) for index in range(len(shown)))
        if len(shown) < len(conversation):
            # vLLM goes on counting the developer messages that it has left out.
            raise ValueError(f"Index {len(shown)} out of range for messages list of length {len(shown)}")
        return text


class _Chat(NamedTuple):
    """A conversation on its way to text."""

    messages: list[Message]
    thinks: bool
    question: int
    """Index of the last message that asks for an answer; -1: there is none."""

    def text_of(self, index: int) -> str:
        """Return what a message is to the model, with the tokens that open the next one."""
        message = self.messages[index]
        role = message["role"]
        if role == "system":
            tools = message.get("tools")
            return (message.get("content") or "") + (f"\n\n{_declared(tools)}" if tools else "")
        if role in _OPENS_A_TURN:
            said = message["content"] if role == "user" else _developer(message)
            return f"{USER}{said}{ASSISTANT}{self._opening(open_=index == self.question)}"
        if role == "tool":
            return self._result(index)
        if role == "assistant":
            return self._answer(index)
        raise ValueError(f"Invalid role: {role}")

    def _opening(self, *, open_: bool) -> str:
        return THINK if open_ and self.thinks else END_THINK

    def _result(self, index: int) -> str:
        caller = index - 1
        while caller >= 0 and self.messages[caller]["role"] == "tool":
            caller -= 1
        message = self.messages[caller]  # the last one where none is before: as in vLLM
        if index > 0 and (caller < 0 or message["role"] != "assistant"):
            raise ValueError(f"Invalid messages at {index}:\n{message}")
        number, calls = index - caller, message.get("tool_calls") or ()
        if len(calls) < number:
            raise ValueError("No tool calls but found tool output")
        before = "\n\n<function_results>" if number == 1 else ""
        after = ""
        if number == len(calls):
            after = f"\n</function_results>\n\n{self._opening(open_=index >= self.question)}"
        return f"{before}\n<result>{self.messages[index]['content']}</result>{after}"

    def _answer(self, index: int) -> str:
        message = self.messages[index]
        calls, thinking = message.get("tool_calls"), ""
        if self.thinks and index > self.question:
            reasoning = message.get("reasoning")
            if not (reasoning or calls):
                raise ValueError(
                    f"ThinkingMode: thinking, invalid message without reasoning/tool_calls `{message}` after last user "
                    "message"
                )
            thinking = (reasoning or "") + END_THINK
        called = f"\n\n{_TAGS.calling(calls)}" if calls else ""
        return f"{thinking}{message['content']}{called}{END}"


def _declared(tools: Iterable[Mapping[str, Any]]) -> str:
    return f"{_TOOLS}{schemas(tools)}\n</functions>\n"


def _developer(message: Message) -> str:
    if not message["content"]:
        raise ValueError(f"Invalid message for role `developer`: {message}")
    tools = message.get("tools")
    return (f"\n\n{_declared(tools)}" if tools else "") + f"\n\n# The user's message is: {message['content']}"


def _last_question(messages: Sequence[Message]) -> int:
    return max((index for index, message in enumerate(messages) if message["role"] in _OPENS_A_TURN), default=-1)


def _without_old_thinking(messages: Sequence[Message]) -> list[Message]:
    """Return the conversation as the last question leaves it: no thinking before that, and no developer's words."""
    question = _last_question(messages)
    kept: list[Message] = []
    for index, message in enumerate(messages):
        if index >= question or message["role"] in ("user", "system", "tool"):
            kept.append(message)
        elif message["role"] == "assistant":
            kept.append({name: value for name, value in message.items() if name != "reasoning"})
    return kept
