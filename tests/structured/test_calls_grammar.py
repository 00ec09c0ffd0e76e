# SPDX-License-Identifier: Apache-2.0
"""The grammar of a list of calls. tests/parsers/golden/cohere_tags.json has vLLM's for xgrammar's own grammars."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError
from fastfront.structured import worker
from fastfront.structured.backends import Libraries
from fastfront.structured.calls_grammar import calls_grammar

GRAMMARS = {
    "1": 'item ::= "x" item2\nitem2 ::= [0-9]\nroot ::= item items\n',
    "2": 'root ::= "root ::= 1"\n',
}


def to_grammar(schema: str) -> str:
    if schema not in GRAMMARS:
        raise RuntimeError(f"[09:07:08] /project/cpp/converter.cc:4944: no {schema}")
    return GRAMMARS[schema]


class Xgrammar:
    """As much of the library as is used."""

    class Grammar:
        from_json_schema = staticmethod(to_grammar)


def test_rules_carry_their_functions_names() -> None:
    """Whole words only; in string literals, too, as in vLLM."""
    assert calls_grammar([("a", "1"), ("b-c", "2")], to_grammar) == (
        "root ::= tools\n"
        '    tools ::= ws "[" ws tool (ws "," ws tool)* ws "]" ws\n'
        '    ws    ::= (" " | "\\t" | "\\n")*\n'
        "    tool ::= a | b-c\n"
        '    a ::= aroot\naitem ::= "x" aitem2\naitem2 ::= [0-9]\naroot ::= aitem items\n'
        "\n"
        '    b-c ::= b-croot\nb-croot ::= "b-croot ::= 1"\n'
        "\n    "
    )


def test_a_name_is_no_pattern() -> None:
    """What a regular expression's replacement would take for a reference stays as it is."""
    assert "\\1item ::= " in calls_grammar([("\\1", "1")], to_grammar)


def test_a_schema_without_a_grammar_is_the_clients_fault() -> None:
    """In xgrammar's words, without the paths of its sources."""
    with pytest.raises(BadRequestError, match="Failed to transform json schema into a grammar"):
        calls_grammar([("a", "3")], to_grammar)
    answered = worker.answer({"calls": [["a", "3"]]}, Libraries(xgrammar=Xgrammar))
    message = "Failed to transform json schema into a grammar: [09:07:08] <path>:4944: no 3"
    assert answered == {"error": message, "param": "tools"}


def test_the_helper_answers_with_the_grammar() -> None:
    """Or with null where it has no xgrammar."""
    calls = [["a", "1"]]
    answered = worker.answer({"calls": calls}, Libraries(xgrammar=Xgrammar))
    assert answered == {"grammar": calls_grammar([("a", "1")], to_grammar)}
    assert worker.answer({"calls": calls}, Libraries()) == {"grammar": None}


def test_a_grammar_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long to be sent is refused."""
    monkeypatch.setattr(worker, "MAX_GRAMMAR_CHARS", 100)
    answered = worker.answer({"calls": [["a", "1"]]}, Libraries(xgrammar=Xgrammar))
    assert answered == {"error": "The grammar of the tools' calls is too large.", "param": "tools"}
    assert len(json.dumps(answered)) < 100
