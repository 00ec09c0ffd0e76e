# SPDX-License-Identifier: Apache-2.0
"""The parts that a structural tag is made of: xgrammar's formats as plain objects, member by member.

Must not know tools or models. Source: xgrammar/structural_tag.py (what its `model_dump` gives).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Node = dict[str, Any]


def structural_tag(content: Node) -> Node:
    """Return the whole tag."""
    return {"type": "structural_tag", "format": content}


def any_text(excludes: Sequence[str] = ()) -> Node:
    """Text in which none of `excludes` occurs."""
    return {"type": "any_text", "excludes": list(excludes), "max_tokens": None, "max_chars": None}


def const_string(value: str) -> Node:
    """That text."""
    return {"type": "const_string", "value": value}


def json_schema(schema: Node | bool, style: str = "json") -> Node:
    """A value of the schema; `style` says how its members are written."""
    return {
        "type": "json_schema",
        "json_schema": schema,
        "style": style,
        "any_order": False,
        "max_whitespace_cnt": None,
        "excludes": [],
    }


def regex(pattern: str) -> Node:
    """Text that matches."""
    return {"type": "regex", "pattern": pattern}


def grammar(ebnf: str) -> Node:
    """Text of a grammar in EBNF."""
    return {"type": "grammar", "grammar": ebnf}


def sequence(*elements: Node) -> Node:
    """One after the other."""
    return {"type": "sequence", "elements": list(elements)}


def either(elements: Sequence[Node]) -> Node:
    """One of them."""
    return {"type": "or", "elements": list(elements)}


def one_of(elements: Sequence[Node]) -> Node:
    """One of them; where there is one, that."""
    return elements[0] if len(elements) == 1 else either(elements)


def optional(content: Node) -> Node:
    """That or nothing."""
    return {"type": "optional", "content": content}


def star(content: Node) -> Node:
    """That, any number of times."""
    return {"type": "star", "content": content}


def plus(content: Node) -> Node:
    """That, once or more."""
    return {"type": "plus", "content": content}


def tag(begin: str, content: Node, end: str | Sequence[str]) -> Node:
    """A content between a begin and one of its ends."""
    return {"type": "tag", "begin": begin, "content": content, "end": end if isinstance(end, str) else list(end)}


def triggered(trigger: str, tags: Sequence[Node], excludes: Sequence[str] = (), *, at_least_one: bool = False) -> Node:
    """Any text, in which a tag has to follow where the trigger, which tags begin with, occurs."""
    return {
        "type": "triggered_tags",
        "triggers": [trigger],
        "tags": list(tags),
        "at_least_one": at_least_one,
        "stop_after_first": False,
        "excludes": list(excludes),
    }


def separated(tags: Sequence[Node], separator: str = "", *, single: bool = False) -> Node:
    """One tag or more and nothing else; `single`: one."""
    return {
        "type": "tags_with_separator",
        "tags": list(tags),
        "separator": separator,
        "at_least_one": True,
        "stop_after_first": single,
    }


def limit_to_single_call(node: Node) -> None:
    """Let every list of calls end after its first, in place: no list in a tag is one of anything else."""
    if node["type"] in ("triggered_tags", "tags_with_separator"):
        node["stop_after_first"] = True
    for name in ("format", "content"):
        if name in node:
            limit_to_single_call(node[name])
    for name in ("elements", "tags"):
        for child in node.get(name, ()):
            limit_to_single_call(child)
