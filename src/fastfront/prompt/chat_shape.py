# SPDX-License-Identifier: Apache-2.0
"""Shapes of conversations, as `_native.template.RecipeBook` reads them: what a template sees of one, and its texts.

Must not know how messages are read, nor templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastfront._native.template import ArgumentsPrinter, texts_of
from fastfront.errors import BadRequestError
from fastfront.prompt.conversation import Message, parse_arguments
from fastfront.prompt.sandbox import to_json
from fastfront.prompt.traced_text import Arguments, Text

_ROLES = {"a": "assistant", "n": "assistant", "r": "tool", "s": "system", "t": "tool", "u": "user"}
_UNIT = re.compile("h?[a-gj-zA-Z]i*")
_PRINTED_CHARS = 8 << 20
"""Bound on arguments that are remembered."""
_PLAIN = frozenset(b"usatUSAT")


def is_plain(shape: bytes) -> bool:
    """Return whether each message is a role and a text."""
    return _PLAIN.issuperset(shape)


def system_texts(shape: bytes) -> list[int]:
    """Return the numbers of the texts that are contents of system messages."""
    return [place for letter, place in _places(shape) if letter in "sS"]


def arguments_texts(shape: bytes) -> frozenset[int]:
    """Return the numbers of the texts that are the arguments of calls, as JSON."""
    return frozenset(place + 2 for letter, place in _places(shape) if letter == "i")


def _places(shape: bytes) -> Iterator[tuple[str, int]]:
    place = 0
    for letter in shape.decode():
        yield letter, place
        place += texts_of(letter)


def conversation(shape: bytes, texts: Sequence[Any]) -> list[Message]:
    """Return the messages of a shape as a template sees them. The texts are strings, or `Text` where it is traced."""
    rest = iter(texts)
    return [_message(unit, rest) for unit in _UNIT.findall(shape.decode())]


def _message(unit: str, rest: Iterator[Any]) -> Message:
    reasoning = next(rest) if unit[0] == "h" else None
    head = unit.removeprefix("h")
    letter = head[0]
    call_id = next(rest) if letter == "r" else None
    content: Any = [] if letter == "N" else next(rest)
    if letter.isupper() and letter != "N":
        content = [{"type": "text", "text": content}]
    message: Message = {"role": _ROLES[letter.lower()], "content": content}
    if len(head) > 1:
        message["tool_calls"] = [_call(next(rest), next(rest), next(rest)) for _ in head[1:]]
    if reasoning is not None:
        message["reasoning"] = message["reasoning_content"] = reasoning
    if call_id is not None:
        message["tool_call_id"] = call_id
    return message


def _call(call_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    written: Any = Arguments(arguments) if isinstance(arguments, Text) else json.loads(arguments)
    return {"id": call_id, "function": {"arguments": written, "name": name}, "type": "function"}


def _printed(written: str) -> str | None:
    """Return what `tojson` prints of a call's arguments; None where the request is refused for them."""
    try:
        return to_json(parse_arguments(written, None))
    except (BadRequestError, RecursionError):
        return None


ARGUMENTS = ArgumentsPrinter(_printed, _PRINTED_CHARS)
"""For the recipes of all templates."""
