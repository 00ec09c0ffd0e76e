# SPDX-License-Identifier: Apache-2.0
"""Structural tags of gpt-oss: its messages and their channels, thinking among them, which other formats leave out.

Must not know requests. Source: vllm/parser/harmony.py. A message that stops the model ends with nothing: xgrammar does
not allow stop tokens within a constraint.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastfront.output import structural_tag_nodes as nodes
from fastfront.output.structural_tag_nodes import Node
from fastfront.output.structural_tags import Builder, Choice, Tool

_ENDS = ("<|end|>", "")
_CONSTRAINS = (" json", " <|constrain|>json")
_CHANNELS = ("<|channel|>commentary", "<|channel|>analysis", "<|channel|>final")


def _final(content: Node, constrain: str = "") -> Node:
    return nodes.tag(f"<|channel|>final{constrain}<|message|>", content, _ENDS)


def _after(content: Node, *channels: str) -> Node:
    """Return a content, before which there may be a message on each of the channels."""
    before = [
        nodes.optional(
            nodes.sequence(
                nodes.tag(f"<|channel|>{channel}<|message|>", nodes.any_text(), "<|end|>"),
                nodes.const_string("<|start|>assistant"),
            )
        )
        for channel in channels
    ]
    return nodes.sequence(*before, content)


def _harmony(tools: Sequence[Tool], choice: Choice) -> Node:
    tags = [
        nodes.tag(begin, nodes.json_schema(tool.schema), _ENDS)
        for tool in tools
        for recipient_first in (True, False)
        for constrain in _CONSTRAINS
        for channel in _CHANNELS
        for begin in [_call(f" to=functions.{tool.name}", channel, constrain, recipient_first=recipient_first)]
    ]
    if choice == "auto":
        tags += [_final(nodes.any_text(), constrain) for constrain in (*_CONSTRAINS, "")]
    return _after(nodes.either(tags), "analysis", "commentary")


def _call(recipient: str, channel: str, constrain: str, *, recipient_first: bool) -> str:
    head = recipient + channel if recipient_first else channel + recipient
    return f"{head}{constrain}<|message|>"


def answer(content: Node) -> Node:
    """Return a tag whose final message is of a form, which a client's constraint asks for."""
    if content["type"] == "json_schema":
        final = nodes.either([_final(content, constrain) for constrain in _CONSTRAINS])
    else:
        final = _final(content)
    return _after(final, "analysis")


FORMATS: dict[str, Builder] = {"harmony": _harmony}
"""By the tag's name, what a model may say."""
