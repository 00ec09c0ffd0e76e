# SPDX-License-Identifier: Apache-2.0
"""One JSON value, perhaps cut off or malformed, as Python writes it back: the slow and obvious version of
json_stream.cpp, over Python's own json. Bounds (depth, digits) are left out.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

SPACES = re.compile(r"[ \t\n\r]*")
HEX = "[0-9a-fA-F]"
HIGH = rf"\\u[dD][89abAB]{HEX}{{2}}"
ESCAPE = rf'\\(?:["\\/bfnrt]|u{HEX}{{4}})'
# As much of a string as is sure: a high surrogate waits for what comes behind it.
SURE = rf"(?!{HIGH}){ESCAPE}|{HIGH}(?=[^\\]|{ESCAPE})"
INSIDE = {
    False: re.compile(rf'(?:[^"\\\x00-\x1f]|{SURE})*'),
    True: re.compile(rf'(?:[^"\\]|{SURE})*'),
}
"""By whether control characters may stand in it."""
BEGUN_ESCAPE = re.compile(rf"\\(?:u(?:[dD][89abAB]{HEX}{{2}}\\(?:u{HEX}{{0,3}})?|{HEX}{{0,4}}))?")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
BEGUN_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]*)?|\.|[eE][+-]?[0-9]*)?)?")
LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


class Value(NamedTuple):
    """What was read of a value."""

    written: str
    end: int
    """Where it ends, or where its first wrong character is."""
    state: str
    """"done"; "broken" by a wrong character; "ended" by the end of the text."""
    held: str = ""
    """What was read and cannot be written yet."""


def dumped(text: str, *, lenient: bool = False) -> str:
    """json.dumps(json.loads(text)); an unpaired surrogate stays an escape."""
    written = json.dumps(json.loads(text, strict=not lenient), ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", written)


def common(text: str, at: int, literal: str) -> int:
    """How many characters of `literal` stand at `at`."""
    return next((n for n in range(len(literal), 0, -1) if text.startswith(literal[:n], at)), 0)


def read_string(text: str, at: int, *, lenient: bool) -> Value:
    """A string, from its first quote on."""
    inside = INSIDE[lenient].match(text, at + 1)
    assert inside is not None
    written = dumped(f'"{inside[0]}"', lenient=lenient)
    if text.startswith('"', inside.end()):
        return Value(written, inside.end() + 1, "done")
    begun = BEGUN_ESCAPE.match(text, inside.end())
    end, held = (begun.end(), begun[0]) if begun else (inside.end(), "")
    return Value(written[:-1], end, "ended" if end == len(text) else "broken", held)


def read_scalar(text: str, at: int, *, lenient: bool) -> Value:
    """A value that is no object and no list."""
    if text[at] == '"':
        return read_string(text, at, lenient=lenient)
    for literal in LITERALS:
        size = common(text, at, literal)
        if size > (1 if literal[0] == "-" else 0):
            end = at + size
            state = "done" if size == len(literal) else "ended" if end == len(text) else "broken"
            return Value(literal, end, state) if state == "done" else Value("", end, state, literal[:size])
    begun = BEGUN_NUMBER.match(text, at)
    assert begun is not None
    if begun.end() == len(text):
        return Value("", begun.end(), "ended", begun[0])
    if NUMBER.fullmatch(begun[0]):
        return Value(dumped(begun[0]), begun.end(), "done")
    return Value("", begun.end(), "broken", begun[0])


def read_value(text: str, begin: int, *, lenient: bool = False, verbatim: bool = False) -> Value:
    """A value, which begins at `begin`; `verbatim`: as it stands."""
    value = _read_value(text, begin, lenient=lenient)
    if verbatim:
        return Value(text[begin : value.end], value.end, value.state)
    return value


def _read_value(text: str, begin: int, *, lenient: bool) -> Value:
    written, at, stack, expected = "", begin, "", "value"
    while True:
        if stack:
            at = SPACES.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return Value(written, at, "ended")
        char = text[at]
        closes = stack and char == {"{": "}", "[": "]"}[stack[-1]]
        if expected in {"after", "first key", "first value"} and closes:
            stack, expected, written, at = stack[:-1], "after", written + char, at + 1
        elif expected == "after" and char == ",":
            expected, written, at = "key" if stack[-1] == "{" else "value", written + ", ", at + 1
        elif expected == "colon" and char == ":":
            expected, written, at = "value", written + ": ", at + 1
        elif "value" in expected and char in "{[":
            stack, expected = stack + char, "first key" if char == "{" else "first value"
            written, at = written + char, at + 1
        elif "value" in expected or ("key" in expected and char == '"'):
            scalar = read_scalar(text, at, lenient=lenient)
            written, at = written + scalar.written, scalar.end
            if scalar.state != "done":
                return Value(written, at, scalar.state, scalar.held)
            expected = "colon" if "key" in expected else "after"
        else:
            return Value(written, at, "broken")
        if not stack:
            return Value(written, at, "done")
