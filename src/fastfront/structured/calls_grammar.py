# SPDX-License-Identifier: Apache-2.0
"""The grammar of a JSON list of calls of Cohere's: that of each function's call, of xgrammar's making, put together.

Runs in the helper process, which has xgrammar. The text is vLLM's, character for character, its odd sides too: rules'
names are replaced wherever they stand, in string literals as well. Must not know requests or tags.

Source: vllm/parser/cohere_command.py (`collect_tool_schema`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fastfront.errors import BadRequestError

_RULE = re.compile(r"\b(\w+)\s*::=")

_LIST = """root ::= tools
    tools ::= ws "[" ws tool (ws "," ws tool)* ws "]" ws
    ws    ::= (" " | "\\t" | "\\n")*
    tool ::= {names}
    {rules}
    """


def calls_grammar(calls: Sequence[tuple[str, str]], to_grammar: Callable[[str], object]) -> str:
    """Return EBNF. `calls`: functions' names, and the JSON Schemas of their calls as text.

    `to_grammar` is xgrammar's: from a schema to what `str` makes EBNF of. Raises BadRequestError for a schema that it
    does not take.
    """
    rules = [f"{name} ::= {name}root\n{_renamed(name, _grammar_of(schema, to_grammar))}" for name, schema in calls]
    return _LIST.format(names=" | ".join(name for name, _ in calls), rules="\n    ".join(rules))


def _grammar_of(schema: str, to_grammar: Callable[[str], object]) -> str:
    try:
        return str(to_grammar(schema))
    except Exception as error:
        raise BadRequestError(f"Failed to transform json schema into a grammar: {error}", param="tools") from error


def _renamed(name: str, grammar: str) -> str:
    """Put the function's name in front of every rule's: the functions' rules stand in one grammar."""
    for rule in _RULE.findall(grammar):
        grammar = re.sub(rf"\b{re.escape(rule)}\b", lambda found: name + found.group(), grammar)
    return grammar
