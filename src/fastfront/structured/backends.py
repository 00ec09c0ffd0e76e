# SPDX-License-Identifier: Apache-2.0
"""Which of the engine's backends takes a constraint: each backend's check, and the order in which vLLM asks them.

A check uses the backend's library where there is one (`Libraries`), and what is known without it elsewhere. Errors
are vLLM's. Must not know processes or requests.

Source: vllm/sampling_params.py (`_validate_structured_outputs`), the `validate_*` functions in
vllm/v1/structured_output/backend_*.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from fastfront.errors import BadRequestError
from fastfront.structured import regexes
from fastfront.structured.features import beyond_guidance, beyond_xgrammar
from fastfront.structured.rules import Members, is_lark


class Libraries(NamedTuple):
    """The modules that compile; None where one is not installed: its backend is taken to agree."""

    xgrammar: Any = None
    """`xgrammar.grammar`"""
    llguidance: Any = None
    json_schema: Any = None
    """`outlines_core.json_schema`"""
    lmformatenforcer: Any = None


NONE = Libraries()


def choose_backend(members: Members, backend: str, libraries: Libraries = NONE) -> str:
    """Return the backend that takes the constraint, or raise BadRequestError with vLLM's reason.

    `backend` is the server's: a backend's name, or "auto" for the first that takes it.
    """
    if backend != "auto":
        _CHECKS[backend](members, libraries)
        return backend
    try:
        _check_xgrammar(members, libraries)
    except BadRequestError:
        schema = members.get("json")
        backend = "outlines" if schema and beyond_guidance(_decoded(schema)) else "guidance"
        _CHECKS[backend](members, libraries)
        return backend
    return "xgrammar"


def check_structural_tag(members: Members, parameter: str, libraries: Libraries = NONE) -> None:
    """Refuse a structural tag that xgrammar does not read, whatever the backend is: vLLM asks it first."""
    try:
        _check_xgrammar(members, libraries)
    except BadRequestError as error:
        raise BadRequestError(
            f"Invalid {parameter} structural_tag specification. (parameter={parameter})", param=parameter
        ) from error


def _decoded(schema: str | dict[str, Any]) -> Any:
    if not isinstance(schema, str):
        return schema
    try:
        return json.loads(schema)
    except ValueError as error:
        raise BadRequestError("Invalid JSON grammar specification.") from error


def _compile(compile_: Callable[..., object], *arguments: object, failure: str) -> None:
    """Run a library's compiler and throw the result away; whatever it raises becomes a 400.

    `failure` is the message; `{}` in it stands for the library's own words.
    """
    try:
        compile_(*arguments)
    except Exception as error:
        raise BadRequestError(failure.format(error)) from error


# -- xgrammar


def _check_xgrammar(members: Members, libraries: Libraries) -> None:
    grammar = None if libraries.xgrammar is None else libraries.xgrammar.Grammar
    if members.get("regex") and grammar is not None:
        _compile(grammar.from_regex, members["regex"], failure="Failed to transform regex into a grammar: {}")
    elif members.get("json"):
        schema = _decoded(members["json"])
        if beyond_xgrammar(schema):
            raise BadRequestError("The provided JSON schema contains features not supported by xgrammar.")
        if grammar is not None:
            failure = "Failed to transform json schema into a grammar: {}"
            _compile(grammar.from_json_schema, schema, failure=failure)
    elif members.get("grammar") and grammar is not None:
        text = members["grammar"]
        parse = grammar.from_lark if is_lark(text) else grammar.from_ebnf
        _compile(parse, text, failure="Invalid grammar specification.")
    elif members.get("structural_tag"):
        _compile(_read_tag, members["structural_tag"], libraries, failure="Invalid structural tag specification.")


def _read_tag(text: str, libraries: Libraries) -> None:
    tag = json.loads(text)
    if "structures" in tag:  # the older form
        parts = [(part["begin"], json.dumps(part["schema"]), part["end"]) for part in tag["structures"]]
        triggers = tag["triggers"]
        if libraries.xgrammar is not None:
            item = libraries.xgrammar.StructuralTagItem
            items = [item(begin=begin, schema=schema, end=end) for begin, schema, end in parts]
            libraries.xgrammar.Grammar.from_structural_tag(items, triggers)
    elif libraries.xgrammar is not None:
        libraries.xgrammar.Grammar.from_structural_tag(text)


# -- llguidance


def _check_guidance(members: Members, libraries: Libraries) -> None:
    if libraries.llguidance is None:
        return
    try:
        grammar = _guidance_grammar(members, libraries.llguidance)
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequestError(f"Invalid grammar specification: {error}") from error
    fault = libraries.llguidance.LLMatcher.validate_grammar(grammar, None)
    if fault:
        raise BadRequestError(f"Grammar error: {fault}")


def _guidance_grammar(members: Members, llguidance: Any) -> str:
    schema = members.get("json")
    if schema is not None:
        return _guidance_schema(schema if isinstance(schema, str) else json.dumps(schema), llguidance)
    if members.get("json_object"):
        return _guidance_schema('{"type": "object"}', llguidance)
    tag = members.get("structural_tag")
    if tag is not None:
        return _guidance_tags(json.loads(tag), llguidance)
    kind = next(kind for kind in ("regex", "choice", "grammar") if members.get(kind) is not None)
    text = members[kind] if kind != "choice" else json.dumps(members[kind])
    return str(llguidance.grammar_from(kind, text))


def _guidance_schema(schema: Any, llguidance: Any) -> str:
    return str(llguidance.LLMatcher.grammar_from_json_schema(schema, defaults={"whitespace_flexible": True}))


def _guidance_tags(tag: Any, llguidance: Any) -> str:
    triggers = tag["triggers"]
    tags = []
    for part in tag["structures"]:
        begin = part["begin"]
        trigger = next((trigger for trigger in triggers if begin.startswith(trigger)), None)
        if trigger is None:
            raise ValueError(f"Trigger {begin} not found in triggers {triggers}")
        grammar = _guidance_schema(part["schema"], llguidance)
        tags.append(llguidance.StructTag(trigger=trigger, begin=begin, grammar=grammar, end=part["end"]))
    if not tags:
        raise ValueError("No structural tags found in the grammar spec.")
    return str(llguidance.StructTag.to_grammar(tags))


# -- outlines, lm-format-enforcer


def _check_outlines(members: Members, libraries: Libraries) -> None:
    schema = members.get("json")
    if members.get("regex"):
        regexes.check_buildable(members["regex"])
    elif schema:
        _decoded(schema)
        if libraries.json_schema is None:
            return
        text = schema if isinstance(schema, str) else json.dumps(schema)
        try:
            pattern = libraries.json_schema.build_regex_from_schema(text)
        except Exception as error:
            raise BadRequestError(f"Failed to transform json schema into a regex: {error}") from error
        regexes.check_buildable(pattern)
    else:
        for kind in ("json_object", "grammar"):
            if members.get(kind):
                raise BadRequestError(f"Outlines structured outputs backend does not support {kind} specifications")


def _check_lm_format_enforcer(members: Members, libraries: Libraries) -> None:
    if members.get("regex"):
        if libraries.lmformatenforcer is not None:
            failure = "Failed to compile regex for lm-format-enforcer: {}"
            _compile(libraries.lmformatenforcer.RegexParser, members["regex"], failure=failure)
    elif members.get("json"):
        _decoded(members["json"])
    elif members.get("grammar"):
        raise BadRequestError("LM Format Enforcer structured outputs backend does not support grammar specifications")


_CHECKS: dict[str, Callable[[Members, Libraries], None]] = {
    "xgrammar": _check_xgrammar,
    "guidance": _check_guidance,
    "outlines": _check_outlines,
    "lm-format-enforcer": _check_lm_format_enforcer,
}
