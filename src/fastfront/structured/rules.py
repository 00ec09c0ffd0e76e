# SPDX-License-Identifier: Apache-2.0
"""What can be said of a constraint without a grammar library, in vLLM's order and words.

Pure functions on the constraint's members (vLLM's StructuredOutputsParams). Must not know which backend compiles it.

Source: vllm/sampling_params.py (`_validate_structured_outputs`, `check_json_nesting`),
vllm/v1/structured_output/utils.py (`choice_as_grammar`, `grammar_is_likely_lark`).
"""

from __future__ import annotations

import json
import re
from typing import Any

from fastfront.errors import validation_error

Members = dict[str, Any]

MAX_NESTING = 64
"""Objects and arrays within one another that a JSON schema may have: converting it costs more with every level."""

TAG_NESTING = 16
"""Levels that a structural tag may have more: its schemas stand inside of it."""

_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_COMMENT = re.compile(r"(#|//).*$")


def check_constraint(members: Members) -> None:
    """Refuse a constraint that no backend takes, or that some take badly. (Empty structural tags: backends.py.)"""
    if members.get("choice") == []:
        raise validation_error("Choice '[]' cannot be an empty list")
    for name in ("grammar", "json"):
        value = members.get(name)
        if isinstance(value, str) and not value.strip():
            raise validation_error(f"structured_outputs.{name} cannot be an empty string")
    check_nesting(members.get("json"), MAX_NESTING)
    check_nesting(members.get("structural_tag"), MAX_NESTING + TAG_NESTING)
    if members.get("json_object") is False:
        raise validation_error(
            "structured_outputs.json_object must be True if set; omit structured_outputs to disable structured outputs"
        )
    if "\x00" in (members.get("regex") or ""):
        raise validation_error("structured_outputs.regex must not contain a NUL character ('\\x00')")


def check_nesting(document: str | dict[str, Any] | None, limit: int) -> None:
    """Refuse JSON, decoded or not, with more than `limit` objects and arrays within one another."""
    if document and _is_deeper(document, limit):
        raise validation_error(
            f"The JSON schema is nested too deeply: objects and arrays may nest at most {MAX_NESTING} levels"
        )


def _is_deeper(document: Any, limit: int) -> bool:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except RecursionError:
            return True
        except ValueError:
            return False  # the backend says what is wrong with it
    level = [document]
    for _ in range(limit):
        inside: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inside.extend(value.values())
            elif isinstance(value, list):
                inside.extend(value)
        level = [value for value in inside if isinstance(value, dict | list)]
        if not level:
            return False
    return True


def choice_as_grammar(choices: list[str]) -> str:
    """Return the EBNF grammar of exactly these texts: what vLLM sends to its xgrammar backend in their place."""
    return "root ::= " + " | ".join(f'"{"".join(map(_escape, choice))}"' for choice in choices)


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else char


def is_lark(grammar: str) -> bool:
    """Return whether a grammar is in Lark's syntax: no line of it defines a rule as EBNF does."""
    return bool(grammar) and not any("::=" in _COMMENT.sub("", line) for line in grammar.split("\n"))
