# SPDX-License-Identifier: Apache-2.0
"""Which regexes the outlines backend can build: no references back, no looking around, no anchor at the beginning.

Reads patterns with Python's own parser. Must not know where a pattern comes from.

Source: vllm/v1/structured_output/backend_outlines.py (`validate_regex_is_buildable`).
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from fastfront.errors import BadRequestError

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_CONSUMERS = (_parser.LITERAL, _parser.IN, _parser.ANY)
_LOOK_AROUND = (_parser.ASSERT, _parser.ASSERT_NOT)
_BOUNDARIES = (_parser.AT_BOUNDARY, _parser.AT_NON_BOUNDARY)


def check_buildable(pattern: str) -> None:
    """Refuse a pattern that outlines' engine cannot match from its first character on."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadRequestError(f"Error parsing regex: {error}") from error
    unsupported = _unsupported(parsed)
    if unsupported is not None:
        raise BadRequestError(
            f"Regex uses unsupported feature for structured outputs: {unsupported} are unsupported.. "
            "Only basic matching constructs are supported—lookarounds, backreferences, and unicode boundaries are not."
        )
    if _needs_context(parsed):
        raise BadRequestError(
            "Regex does not have a anchored universal start stateThis means that the Regex uses anchors (^) or "
            "look-arounds in a way which requires context before any token is matched.structured outputs needs "
            "regexes that can match without needing that context. Try rewriting the pattern without using these "
            f"constructs. Pattern:\n{pattern}"
        )


def _unsupported(parsed: Any) -> str | None:
    """Return what in a parsed pattern has no form without backtracking, None if nothing is."""
    for kind, value in parsed:
        if kind in (_parser.GROUPREF, _parser.GROUPREF_EXISTS):
            return "Backreferences"
        if kind in _LOOK_AROUND:
            return "Look-Around assertion"
        if kind is _parser.AT and value in _BOUNDARIES:
            return "Unicode word boundaries"
        members = value[1] if kind is _parser.BRANCH else value if isinstance(value, tuple) else (value,)
        for member in members:
            found = _unsupported(member) if isinstance(member, _parser.SubPattern) else None
            if found is not None:
                return found
    return None


def _consumes(parsed: Any) -> bool:
    """Return whether a parsed pattern can match a character."""
    for kind, value in parsed:
        if (
            kind in _CONSUMERS
            or (kind is _parser.MAX_REPEAT and value[1] != 0 and _consumes(value[2]))
            or (kind is _parser.BRANCH and any(map(_consumes, value[1])))
            or (kind is _parser.SUBPATTERN and _consumes(value[3]))
        ):
            return True
    return False


def _needs_context(parsed: Any) -> bool:
    """Return whether an anchor or a look around stands before everything that matches a character."""
    for kind, value in parsed:
        if kind is _parser.AT or kind in _LOOK_AROUND:
            return True
        if kind in _CONSUMERS:
            return False
        if kind is _parser.BRANCH:
            branches = value[1]
        elif kind is _parser.SUBPATTERN:
            branches = [value[3]]
        elif kind is _parser.MAX_REPEAT:
            branches = [value[2]]
        else:
            continue
        if any(map(_needs_context, branches)):
            return True
        if any(map(_consumes, branches)):
            return False
    return False
