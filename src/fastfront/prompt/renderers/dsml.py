# SPDX-License-Identifier: Apache-2.0
"""The markup that DeepSeek's models are shown tools and calls in, and the tokens around their turns.

Three versions of the format differ in the elements' names and in the words around them. Must not know conversations.
Source: vllm/tokenizers/deepseek_{v32,v4,v41}_encoding.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


def special(name: str) -> str:
    """Return the special token of that name: the bars are U+FF5C."""
    return f"<\uff5c{name}\uff5c>"


BEGIN = special("begin▁of▁sentence")
END = special("end▁of▁sentence")
USER = special("User")
ASSISTANT = special("Assistant")
THINK = "<think>"
END_THINK = "</think>"
_DSML = "\uff5cDSML\uff5c"


class Tags(NamedTuple):
    """What a version of the format calls its elements; a space before a name is part of it."""

    calls: str
    invoke: str
    parameter: str

    def opened(self) -> str:
        """Return how a block of calls begins."""
        return f"<{_DSML}{self.calls}>"

    def block(self, content: str) -> str:
        """Return a block of calls."""
        return _element(self.calls, "", f"\n{content}\n")

    def calling(self, calls: Iterable[Mapping[str, Any]]) -> str:
        """Return an answer's tool calls, whose arguments are objects, as the model writes them."""
        return self.block("\n".join(self._call(call["function"]) for call in calls))

    def example(self, name: str) -> str:
        """Return a block that shows the model what calls look like; `name` stands for a tool's."""
        value = self._value("$PARAMETER_NAME", "true|false", "$PARAMETER_VALUE")
        first, second = self._invoke(name, f"{value}\n..."), self._invoke(f"{name}2", "...")
        return self.block(f"{first}\n{second}")

    def _call(self, function: Mapping[str, Any]) -> str:
        values = [
            self._value(name, "true", value) if isinstance(value, str) else self._value(name, "false", to_json(value))
            for name, value in function["arguments"].items()
        ]
        return self._invoke(function["name"], "\n".join(values))

    def _invoke(self, name: str, content: str) -> str:
        return _element(self.invoke, f' name="{name}"', f"\n{content}\n")

    def _value(self, name: str, is_string: str, value: str) -> str:
        return _element(self.parameter, f' name="{name}" string="{is_string}"', value)


def _element(name: str, attributes: str, content: str) -> str:
    return f"<{_DSML}{name}{attributes}>{content}</{_DSML}{name}>"


def to_json(value: object) -> str:
    """Return a value as these models see JSON: with spaces, and all characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def schemas(tools: Iterable[Mapping[str, Any]]) -> str:
    """Return the tools' functions, one a line."""
    return "\n".join(to_json(tool["function"]) for tool in tools)


def response_format(schema: object) -> str:
    """Return the words by which a message asks for answers of a form."""
    return f"## Response Format:\n\nYou MUST strictly adhere to the following schema to reply:\n{to_json(schema)}"
