# SPDX-License-Identifier: Apache-2.0
"""Chats of gpt-oss models, rendered as vLLM renders them: with the openai_harmony library instead of a chat template.

The library is an extra (`pip install 'fastfront[harmony]'`, a build that brings its vocabulary along) and is imported
when such a model is loaded. Knows messages as protocol/messages.py lets them through. Must not know requests.

Sources: vllm/renderers/online_renderer.py (`_make_request_with_harmony`),
vllm/entrypoints/openai/parser/harmony_utils.py.
"""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront.errors import BadRequestError, validation_error

logger = logging.getLogger(__name__)

_EFFORTS = ("high", "medium", "low")


class HarmonyRenderer:
    """Renders chats to token ids. Thread-safe: holds nothing of a request."""

    def __init__(self) -> None:
        """Load the library and its vocabulary. Raises ImportError without it, OSError where it finds no vocabulary."""
        self._lib: Any = importlib.import_module("openai_harmony")
        try:
            self._encoding = self._lib.load_harmony_encoding(self._lib.HarmonyEncodingName.HARMONY_GPT_OSS)
        except self._lib.HarmonyError as error:
            raise OSError(str(error)) from error
        names = ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>")
        self._start, self._channel, self._constrain, self._message = (
            self._encoding.encode(name, allowed_special="all")[0] for name in names
        )
        self._instructs_system = bool(int(os.environ.get("VLLM_GPT_OSS_HARMONY_SYSTEM_INSTRUCTIONS", "0")))

    @classmethod
    def load(cls) -> HarmonyRenderer | None:
        """Return a renderer, None with a line in the log where the library is missing or of no use."""
        try:
            return cls()
        except (ImportError, OSError) as error:
            logger.warning(
                "Harmony chats need openai_harmony with its vocabulary (pip install 'fastfront[harmony]'): %s", error
            )
            return None

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None, effort: str | None
    ) -> list[int]:
        """Return a chat's token ids, up to where the assistant begins.

        Raises BadRequestError for a reasoning effort that the model does not have, and for roles and schemas that the
        library does not take.
        """
        try:
            return self._render(messages, tools, effort)
        except BadRequestError:
            raise
        except (ValueError, TypeError, RecursionError, self._lib.HarmonyError) as error:
            raise BadRequestError(f"Harmony cannot render this chat: {error}", param="messages") from error

    def _render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None, effort: str | None
    ) -> list[int]:
        if effort == "none":
            raise validation_error(
                f"Harmony does not support reasoning_effort={effort!r}", parameter="reasoning_effort"
            )
        instructions = None
        if messages and messages[0].get("role") in ("system", "developer"):
            instructions = _text_of(messages[0].get("content"))
            messages = messages[1:]
        found = [self._system(instructions if self._instructs_system else None, effort)]
        told = None if self._instructs_system else instructions
        if told or tools:
            found.append(self._developer(told, tools))
        names = {
            call.get("id"): (call.get("function") or {}).get("name")
            for message in messages
            for call in message.get("tool_calls") or ()
        }
        for message in messages:
            found += self._messages_of(message, names)
        conversation = self._lib.Conversation.from_messages(_without_old_thinking(found))
        config = self._lib.RenderConversationConfig(auto_drop_analysis=False)
        ids = self._encoding.render_conversation_for_completion(conversation, self._lib.Role.ASSISTANT, config=config)
        return self._with_recipients_first(ids)

    # -- messages

    def _said(self, role: Any, content: Any, channel: str | None = None) -> Any:
        message = self._lib.Message.from_role_and_content(role, content)
        return message if channel is None else message.with_channel(channel)

    def _system(self, instructions: str | None, effort: str | None) -> Any:
        content = self._lib.SystemContent.new()
        if instructions is not None:
            identity = content.model_identity
            content = content.with_model_identity(f"{identity}\n{instructions}" if identity else instructions)
        if effort is not None:
            if effort not in _EFFORTS:
                raise validation_error(
                    f"reasoning_effort={effort!r} is not supported by Harmony. Supported values are: "
                    f"{', '.join(_EFFORTS)}.",
                    parameter="reasoning_effort",
                )
            content = content.with_reasoning_effort(getattr(self._lib.ReasoningEffort, effort.upper()))
        # The server's day, as in vLLM; VLLM_SYSTEM_START_DATE pins it.
        today = os.environ.get("VLLM_SYSTEM_START_DATE") or dt.datetime.now().strftime("%Y-%m-%d")  # noqa: DTZ005
        return self._said(self._lib.Role.SYSTEM, content.with_conversation_start_date(today))

    def _developer(self, instructions: str | None, tools: Sequence[Mapping[str, Any]] | None = None) -> Any:
        content = self._lib.DeveloperContent.new()
        if instructions is not None and not self._instructs_system:
            content = content.with_instructions(instructions)
        if tools:
            functions = [tool["function"] for tool in tools]
            content = content.with_function_tools(
                [
                    self._lib.ToolDescription.new(
                        name=function["name"],
                        description=function.get("description") or "",
                        parameters=function.get("parameters"),
                    )
                    for function in functions
                ]
            )
        return self._said(self._lib.Role.DEVELOPER, content)

    def _messages_of(self, message: Mapping[str, Any], names: Mapping[Any, Any]) -> list[Any]:
        """Return what a message of the request is to the model: none, one or several."""
        role, content = message.get("role"), message.get("content")
        if role == "assistant":
            return self._answer(message)
        if role == "tool":
            author = self._lib.Author.new(
                self._lib.Role.TOOL, f"functions.{names.get(message.get('tool_call_id', ''), '')}"
            )
            made = self._lib.Message.from_author_and_content(author, _text_of(content) or "")
            return [made.with_channel("commentary").with_recipient("assistant")]
        if role in ("system", "developer"):
            instructions = _text_of(content)
            if instructions is None:
                return []
            is_system = role == "system" and self._instructs_system
            return [self._system(instructions, None) if is_system else self._developer(instructions)]
        return [self._lib.Message.from_role_and_contents(role, self._parts(content))]

    def _answer(self, message: Mapping[str, Any]) -> list[Any]:
        assistant = self._lib.Role.ASSISTANT
        reasoning, calls = message.get("reasoning"), message.get("tool_calls")
        thinking = [self._said(assistant, reasoning, "analysis")] if reasoning else []
        if not calls:
            parts = self._parts(message.get("content"))
            if not parts or not parts[0].text:
                return thinking
            return [*thinking, self._lib.Message.from_role_and_contents(assistant, parts).with_channel("final")]
        text = _text_of(message.get("content"))
        found = [self._said(assistant, text, "commentary")] if text else []
        found += thinking
        for call in calls:
            function = call.get("function") or {}
            made = self._said(assistant, function.get("arguments") or "", "commentary")
            # Not `<|constrain|>json`: see vLLM's parse_chat_input_to_harmony_message.
            found.append(made.with_recipient(f"functions.{function.get('name', '')}").with_content_type("json"))
        return found

    def _parts(self, content: Any) -> list[Any]:
        texts = [content] if isinstance(content, str) else [_part_text(part) or "" for part in content or [""]]
        return [self._lib.TextContent(text=text) for text in texts]

    # -- tokens

    def _with_recipients_first(self, ids: list[int]) -> list[int]:
        """Write the headers of earlier calls as the model itself does: whom they are for, then the channel.

        oss-harmony 0.0.10 and later put that in the other order, with a constraint, which makes the model write both.
        """
        made: list[int] = []
        at = 0
        while at < len(ids):
            header = self._call_header(ids, at) if ids[at] == self._start else None
            if header is None:
                made.append(ids[at])
                at += 1
            else:
                made += header[0]
                at = header[1]
        return made

    def _call_header(self, ids: list[int], at: int) -> tuple[list[int], int] | None:
        """Return a call's header in the model's order and where the old one ends; None: it is none."""
        try:
            end = ids.index(self._message, at + 1)
            channel_at = ids.index(self._channel, at + 1, end)
            constrain_at = ids.index(self._constrain, channel_at + 1, end)
        except ValueError:
            return None
        author, middle, kind = (
            self._encoding.decode(ids[begin + 1 : stop])
            for begin, stop in ((at, channel_at), (channel_at, constrain_at), (constrain_at, end))
        )
        channel, found, recipient = middle[:-1].partition(" to=")
        if author != "assistant" or not middle.endswith(" ") or not (found and channel and recipient and kind):
            return None
        encode = self._encoding.encode
        header = [self._start, *encode(f"assistant to={recipient}"), self._channel, *encode(f"{channel} {kind}")]
        return [*header, self._message], end + 1


def _part_text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else None


def _text_of(content: Any) -> str | None:
    """Return the text of a content, parts joined; None: there is none."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [text for part in content if (text := _part_text(part)) is not None]
    return "".join(texts) if texts else None


def _without_old_thinking(messages: list[Any]) -> list[Any]:
    """Return the messages without the thinking before the last answer, which the model does not expect to see."""
    answers = [i for i, each in enumerate(messages) if each.author.role == "assistant" and each.channel == "final"]
    last = answers[-1] if answers else -1
    return [each for i, each in enumerate(messages) if i >= last or each.channel != "analysis"]
