# SPDX-License-Identifier: Apache-2.0
"""What an answer is by a response template, the slow and obvious way: on all of the text at once, with Python's `re`.

Regions only: (role, text as the model wrote it, markup included for calls); what their text means is json's and
vLLM's business (tests/parsers/golden). Source: vllm/parser/chat_parsing/response_parser.py, read for a whole answer.
"""

from __future__ import annotations

import re
from typing import Any


def _pattern(field: dict[str, Any], name: str) -> re.Pattern[str] | None:
    if name in field:
        texts = [field[name]] if isinstance(field[name], str) else field[name]
        return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))), re.DOTALL)
    return re.compile(field[f"{name}_pattern"], re.DOTALL) if f"{name}_pattern" in field else None


def regions(fields: dict[str, Any], text: str) -> list[tuple[str, str]]:
    """The text's regions in order; what is in none is left out."""
    opens = {name: found for name, field in fields.items() if (found := _pattern(field, "open"))}
    closes = {name: found for name, field in fields.items() if (found := _pattern(field, "close"))}
    implicit = next((name for name in fields if name not in opens), None)
    current, at, found = implicit, 0, []
    empty_in_a_row = 0
    while True:
        is_explicit = current is not None and current != implicit
        watched = [(name, False, closes[name]) for name in ([current] if is_explicit else [implicit]) if name in closes]
        if not is_explicit:
            watched += [(name, True, pattern) for name, pattern in opens.items()]
        matches = [(match, name, is_open) for name, is_open, pattern in watched if (match := pattern.search(text, at))]
        matches = [entry for entry in matches if entry[0].start() < len(text)]
        best = min(matches, default=None, key=lambda e: (e[0].start(), -len(e[0].group()), not e[2], e[1]))
        end = len(text) if best is None else best[0].start()
        if current is not None and end > at:
            found.append((current, text[at:end]))
        if best is None:
            return found
        match, name, is_open = best
        empty_in_a_row = empty_in_a_row + 1 if match.end() == at else 0
        if name == "tool_calls":
            found.append(("tool_calls", match.group()))
        current, at = (name if is_open else implicit), match.end()
        if empty_in_a_row > 8:  # nothing but boundaries: on to the next character
            if current is not None:
                found.append((current, text[at]))
            at, empty_in_a_row = at + 1, 0


def unread(fields: dict[str, Any], text: str) -> dict[str, str]:
    """Reasoning and content of an answer whose calls nobody looks for."""
    parts = regions(fields, text)
    return {
        "reasoning": "".join(part for name, part in parts if name == "thinking"),
        "content": "".join(part for name, part in parts if name != "thinking"),
    }
