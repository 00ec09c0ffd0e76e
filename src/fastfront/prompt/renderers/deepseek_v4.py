# SPDX-License-Identifier: Apache-2.0
"""Chats of DeepSeek-V4: results of tools are part of the user's turn, and what follows a turn opens the answer.

Thinking is on unless refused. A message may carry one of the model's own tasks in place of a question. The format's
next version is this one with other words (deepseek_v41.py). Must not know requests or tokenizers.
Source: vllm/tokenizers/deepseek_v4.py, deepseek_v4_encoding.py and vllm/renderers/deepseek_v4.py (0.32).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from fastfront.prompt.conversation import Message, parse_messages
from fastfront.prompt.renderers.base import ChatRenderer
from fastfront.prompt.renderers.deepseek_turns import merge_results, sort_results
from fastfront.prompt.renderers.dsml import (
    ASSISTANT,
    BEGIN,
    END,
    END_THINK,
    THINK,
    USER,
    Tags,
    response_format,
    schemas,
    special,
)

_REMINDER = special("latest_reminder")
_TASKS = ("action", "query", "authority", "domain", "title", "read_url")
_KEPT_ROLES = ("user", "system", "tool", "latest_reminder", "direct_search_results")

_HIGH = """Reasoning Effort: Absolute maximum with no shortcuts permitted.
You MUST be very thorough in your thinking and comprehensively decompose the problem to resolve the root cause, \
rigorously stress-testing your logic against all potential paths, edge cases, and adversarial scenarios.
Explicitly write out your entire deliberation process, documenting every intermediate step, considered alternative, \
and rejected hypothesis to ensure absolutely no assumption is left unchecked.

"""
_MAX = """Reasoning Effort: Beyond maximum — exhaustive, relentless, and uncompromising.
You MUST reason with the utmost depth and rigor, leaving absolutely nothing to chance: exhaustively decompose the \
problem into its most fundamental components, trace every causal chain to its root, and resolve the underlying cause \
rather than any surface symptom.
Do not stop reasoning until you have independently verified the solution from multiple angles and are certain that no \
assumption remains unchecked and no error remains undiscovered.

"""
_EFFORTS = {"max": _MAX, "low": "", "minimal": "", "medium": ""}
"""What is said of an effort; of any other what is said of "high"."""


class Chat(NamedTuple):
    """A conversation on its way to text."""

    turns: list[Message]
    thinks: bool
    keeps: bool
    """Whether thinking before the last question is shown."""
    question: int
    """Index of the last turn that asks for an answer; -1: there is none."""
    preface: str
    """What comes before the first turn."""

    def role(self, index: int) -> str | None:
        """Return a turn's role; None behind the last."""
        role: str | None = self.turns[index]["role"] if index < len(self.turns) else None
        return role


class DeepseekV4Renderer(ChatRenderer):
    """Renders chats of DeepSeek-V4 to text."""

    tags: ClassVar[Tags] = Tags("tool_calls", "invoke", "parameter")
    system_mark: ClassVar[str] = ""
    """What system turns begin with."""

    def fill_in(self, prompt: str, suffix: str) -> str | None:
        """Return the prompt of a completion that goes between two texts."""
        begin, hole, end = map(special, ("fim▁begin", "fim▁hole", "fim▁end"))
        return f"{begin}{prompt}{hole}{suffix}{end}"

    def _render(self, messages: Sequence[Message], kwargs: Mapping[str, Any]) -> str:
        conversation = self.conversation(messages)
        if tools := kwargs.get("tools"):
            _declare(conversation, tools)
        thinks, preface = self.thinking(kwargs)
        turns = sort_results(merge_results(conversation))
        keeps = not kwargs.get("drop_thinking", True) or any(turn.get("tools") for turn in turns)
        if thinks and not keeps:
            turns = self._without_old_thinking(turns)
        chat = Chat(turns, thinks, keeps, self._last_question(turns), preface if thinks else "")
        return BEGIN + "".join(self._text_of(chat, index) for index in range(len(turns)))

    # -- what versions differ in

    def conversation(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages, with one text for a user's content; others' may be parts."""
        conversation = parse_messages(messages, "openai")
        for message in conversation:
            if message["role"] == "user":
                message["content"] = _joined(message["content"])
        return conversation

    def thinking(self, kwargs: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the model is to think, and what it is told then."""
        effort = kwargs.get("reasoning_effort")
        thinks = wants_thinking(kwargs) and effort != "none"
        return thinks, _EFFORTS.get(effort, _HIGH) if isinstance(effort, str) else _HIGH

    def asks(self, role: str, index: int) -> bool:
        """Return whether a turn asks for an answer."""
        return role in ("user", "developer")

    def opens(self, chat: Chat, index: int) -> bool:
        """Return whether an answer begins behind a turn that is followed by one, or by nothing."""
        role = chat.role(index)
        return role in ("user", "developer") or (role == "system" and chat.role(index + 1) in (None, "assistant"))

    # -- turns

    def _last_question(self, turns: Sequence[Message]) -> int:
        return max((index for index, turn in enumerate(turns) if self.asks(turn["role"], index)), default=-1)

    def _without_old_thinking(self, turns: Sequence[Message]) -> list[Message]:
        """Return the turns as the last question leaves them: no thinking before that, and no developer's words."""
        question = self._last_question(turns)
        kept: list[Message] = []
        for index, turn in enumerate(turns):
            if index >= question or turn["role"] in _KEPT_ROLES:
                kept.append(turn)
            elif turn["role"] == "assistant":
                kept.append({name: value for name, value in turn.items() if name != "reasoning"})
        return kept

    def _text_of(self, chat: Chat, index: int) -> str:
        is_system = chat.role(index) == "system"
        mark = self.system_mark if is_system or (index == 0 and chat.preface) else ""
        text = mark + (chat.preface if index == 0 else "") + self._said(chat, index)
        if chat.role(index + 1) not in (None, "assistant", "latest_reminder"):
            return text
        task = chat.turns[index].get("task")
        if task is not None:
            return text + _task(task, thinks=chat.thinks)
        if not self.opens(chat, index):
            return text
        thinks = chat.thinks and (chat.keeps or index >= chat.question)
        return f"{text}{ASSISTANT}{THINK if thinks else END_THINK}"

    def _said(self, chat: Chat, index: int) -> str:
        turn = chat.turns[index]
        role, content = turn["role"], _joined(turn.get("content"))
        if role == "system":
            return f"{content or ''}{self._appendix(turn)}"
        if role == "developer":
            if not content:
                raise ValueError(f"Invalid message for role `developer`: {turn}")
            return f"{USER}{content}{self._appendix(turn)}"
        if role == "user":
            return USER + _question(turn)
        if role == "latest_reminder":
            return f"{_REMINDER}{content}"
        if role == "assistant":
            return self._answer(chat, index, content or "")
        raise ValueError(f"Invalid role: {role}")

    def _appendix(self, turn: Message) -> str:
        tools, form = turn.get("tools"), turn.get("response_format")
        declared = f"\n\n{self._declared(tools)}" if tools else ""
        return declared + (f"\n\n{response_format(form)}" if form else "")

    def _answer(self, chat: Chat, index: int, content: str) -> str:
        turn = chat.turns[index]
        thinking, calls = "", turn.get("tool_calls")
        # What answers a task is no answer to a question: there is no thinking before it.
        if chat.thinks and (index == 0 or chat.turns[index - 1].get("task") is None):
            shown = chat.keeps or index > chat.question
            thinking = (turn.get("reasoning") or "") + END_THINK if shown else ""
        called = f"\n\n{self.tags.calling(calls)}" if calls else ""
        return f"{thinking}{content}{called}{'' if turn.get('wo_eos') else END}"

    def _declared(self, tools: Iterable[Mapping[str, Any]]) -> str:
        return f"""## Tools

You have access to a set of tools to help answer the user's question. You can invoke tools by writing a \
"{self.tags.opened()}" block like the following:

{self.tags.example("$TOOL_NAME")}

String parameters should be specified as is and set `string="true"`. For all other types (numbers, booleans, arrays, \
objects), pass the value in JSON format and set `string="false"`.

If thinking_mode is enabled (triggered by {THINK}), you MUST output your complete reasoning inside \
{THINK}...{END_THINK} BEFORE any tool calls or final response.

Otherwise, output directly after {END_THINK} with tool calls or final response.

### Available Tool Schemas

{schemas(tools)}

You MUST strictly follow the above defined tool name and parameter schemas to invoke tool calls.
"""


def wants_thinking(kwargs: Mapping[str, Any]) -> bool:
    """Return whether the switches leave thinking on: one of them is, or none is there."""
    unsaid = "thinking" not in kwargs and "enable_thinking" not in kwargs
    return unsaid or bool(kwargs.get("thinking")) or bool(kwargs.get("enable_thinking"))


def _declare(conversation: list[Message], tools: Any) -> None:
    """Give the tools to the first system message; one is made where there is none."""
    for index, message in enumerate(conversation):
        if message["role"] == "system":
            conversation[index] = {**message, "tools": tools}
            return
    conversation.insert(0, {"role": "system", "tools": tools})


def _joined(content: Any) -> Any:
    return "\n\n".join(map(_text_of_part, content)) if isinstance(content, list) else content


def _text_of_part(part: Mapping[str, Any]) -> str:
    if part["type"] != "text":
        raise ValueError(f"Unsupported content block type: {part['type']!r}")
    text: str = part["text"]
    return text


def _question(turn: Message) -> str:
    blocks = turn["content_blocks"]
    return "\n\n".join(map(_block, blocks)) if blocks else turn.get("content") or ""


def _block(block: Mapping[str, Any]) -> str:
    kind = block.get("type")
    if kind == "text":
        text: str = block.get("text", "")
        return text
    if kind != "tool_result":
        return f"[Unsupported {kind}]"
    content = block.get("content", "")
    if isinstance(content, list):
        content = "\n\n".join(
            part.get("text", "") if part.get("type") == "text" else f"[Unsupported {part.get('type')}]"
            for part in content
        )
    return f"<tool_result>{content}</tool_result>"


def _task(task: str, *, thinks: bool) -> str:
    if task not in _TASKS:
        raise ValueError(f"Invalid task: '{task}'. Valid tasks are: {list(_TASKS)}")
    before = f"{ASSISTANT}{THINK if thinks else END_THINK}" if task == "action" else ""
    return before + special(task)
