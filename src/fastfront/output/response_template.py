# SPDX-License-Identifier: Apache-2.0
"""Response templates: what tokenizer_config.json says of a model's answers (`response_template`), for `hf` and `beam`.

The language is transformers' (utils/chat_parsing, version 1), as far as vLLM serves it
(vllm/parser/response_template.py). Checks a template and finds the end of a prompt that belongs to the answer; what a
template means is native (core/parsers/template_parser.cpp). Must not know requests' other members, prompts' making.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastfront._native import parse
from fastfront.errors import StartupError, validation_error

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

NAMES = ("hf", "beam")
"""The parsers that go by a template: as a reasoning parser, a tool parser or both, never with another."""

_FIELDS = frozenset({"thinking", "content", "tool_calls"})
_TEMPLATE_KEYS = frozenset({"version", "defaults", "fields", "start_anchor", "start_anchor_pattern"})
_FIELD_KEYS = frozenset(
    {
        *("open", "open_pattern", "close", "close_pattern", "content", "content_args", "repeats", "join", "optional"),
        *("transform", "transform_each"),
    }
)
_PLACEHOLDER = re.compile(r"\{(\w+(?:\.\w+)*)\}")
_TAILS = (256, 4096)
"""Tokens of a prompt's end in which the anchor is looked for, before all of it."""


class UncompiledTemplateError(StartupError):
    """The template is as it should be, but for a regular expression that only a backtracking engine reads."""


class ResponseTemplate:
    """One model's template. Immutable."""

    def __init__(self, source: Mapping[str, Any] | None, names: Sequence[str], *, reasoning: bool, tools: bool) -> None:
        """Take the `response_template` of tokenizer_config.json, for the parsers called `names`.

        `reasoning`, `tools`: what the template has to be able to tell. Raises StartupError for a model without one, or
        one that is malformed or has fields that no answer has; UncompiledTemplateError for a regular expression that
        is not compiled here.
        """
        if not isinstance(source, dict):
            parsers = " and ".join(names)
            raise StartupError(
                f"the parser {parsers} goes by response_template in tokenizer_config.json: this model has none"
            )
        try:
            fields = _checked(source)
            self._anchor = _anchor(source)
        except (TypeError, ValueError) as error:
            raise StartupError(f"response_template in tokenizer_config.json: {error}") from None
        for is_wanted, name, flag in ((reasoning, "thinking", "reasoning"), (tools, "tool_calls", "tool-call")):
            if is_wanted and name not in fields:
                raise StartupError(f"--{flag}-parser {names[0]} needs a response_template with the field {name}")
        if "content" not in fields and all("open" in field or "open_pattern" in field for field in fields.values()):
            fields = {**fields, "content": {}}
        try:
            self.native = parse.ResponseTemplate(json.dumps({"fields": fields}))
        except ValueError as error:
            raise UncompiledTemplateError(
                f"response_template in tokenizer_config.json cannot be compiled here: {error}"
            ) from None

    def prefix(self, prompt_token_ids: Sequence[int], decode: Callable[[Sequence[int]], str]) -> str:
        """Return what of the prompt belongs to the answer: what is behind its last start anchor; without one, all."""
        for size in (size for size in _TAILS if size < len(prompt_token_ids)):
            text = decode(prompt_token_ids[-size:])
            if (end := self._anchored(text)) is not None:
                return text[end:]
        text = decode(prompt_token_ids)
        return text[self._anchored(text) or 0 :]

    def _anchored(self, text: str) -> int | None:
        end = None
        for found in self._anchor.finditer(text):
            end = found.end()
        return end


def refuse_guarantees(request: ChatCompletionRequest) -> None:
    """Raise BadRequestError for what a request with tools wants and no grammar of the model's format can give."""
    wanted = (
        (any(_is_strict(tool) for tool in request.tools or ()), "strict tools", "tools"),
        (request.tool_choice == "required", "required tool choice", "tool_choice"),
        (isinstance(request.tool_choice, dict), "named tool choice", "tool_choice"),
        (request.parallel_tool_calls is False, "parallel_tool_calls=False", "parallel_tool_calls"),
    )
    for is_wanted, what, parameter in wanted:
        if is_wanted:
            raise validation_error(
                f"response_template parsing cannot guarantee {what} without a format-compatible structural grammar",
                parameter=parameter,
            )


def _is_strict(tool: Mapping[str, Any]) -> bool:
    return bool(tool.get("strict") or tool["function"].get("strict"))


def _checked(source: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields of a template that is as the language demands."""
    if (version := source.get("version", 1)) != 1:
        raise ValueError(f"version {version} is not known")
    _no_others(source, _TEMPLATE_KEYS, "the template")
    defaults, fields = source.get("defaults", {}), source.get("fields")
    if not isinstance(defaults, dict) or not isinstance(fields, dict) or not fields:
        raise TypeError("defaults and fields have to be objects, and fields must not be empty")
    if others := sorted((set(fields) - _FIELDS) | (set(defaults) - {"role"})):
        raise ValueError(f"fields that an answer does not have: {', '.join(others)}")
    for name, field in fields.items():
        if not isinstance(field, dict):
            raise TypeError(f"the field {name} has to be an object")
        _check_field(name, field)
    if sum("open" not in field and "open_pattern" not in field for field in fields.values()) > 1:
        raise ValueError("only one field may be without open and open_pattern")
    return fields


def _check_field(name: str, field: dict[str, Any]) -> None:
    where = f"the field {name}"
    _no_others(field, _FIELD_KEYS, where)
    for delimiter in ("open", "close"):
        _check_delimiter(field, delimiter, where)
    if name != "tool_calls" and (field.get("content", "text") != "text" or _given(field, "transform", "join")):
        raise ValueError(f"{where} has to be text as it stands, to be streamed")
    join = field.get("join")
    if join is not None and (not isinstance(join, str) or not field.get("repeats", False)):
        raise ValueError(f"{where}: join has to be a text, of a field that repeats")
    transform = field.get("transform")
    if not isinstance(field.get("transform_each", False), bool) or (field.get("transform_each") and transform is None):
        raise ValueError(f"{where}: transform_each has to be true or false, with a transform")
    if not isinstance(field.get("content_args", {}), dict):
        raise TypeError(f"{where}: content_args has to be an object")
    if any(_PLACEHOLDER.search(text) and not _PLACEHOLDER.fullmatch(text) for text in _texts(transform)):
        raise ValueError(f"{where}: a text of a transform is a {{placeholder}} or has none")
    named = [group for key in ("open_pattern", "close_pattern") for group in re.findall(r"\(\?P<", field.get(key, ""))]
    if named and transform is None:
        raise ValueError(f"{where}: what named groups capture is used in a transform only")


def _check_delimiter(field: Mapping[str, Any], name: str, where: str) -> None:
    if name in field and f"{name}_pattern" in field:
        raise ValueError(f"{where} has {name} and {name}_pattern")
    if name in field:
        texts = [field[name]] if isinstance(field[name], str) else field[name]
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            raise ValueError(f"{where}: {name} has to be a text or a list of texts, none of them empty")
    elif not isinstance(field.get(f"{name}_pattern", ""), str):
        raise TypeError(f"{where}: {name}_pattern has to be a text")


def _anchor(source: Mapping[str, Any]) -> re.Pattern[str]:
    _check_delimiter({k: v for k, v in source.items() if k.startswith("start")}, "start_anchor", "the template")
    if (literal := source.get("start_anchor")) is not None:
        texts = [literal] if isinstance(literal, str) else literal
        return re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))), re.DOTALL)
    pattern = source.get("start_anchor_pattern")
    if pattern is None:
        raise StartupError("response_template in tokenizer_config.json: start_anchor is missing")
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise StartupError(f"response_template in tokenizer_config.json: start_anchor_pattern: {error}") from None


def _no_others(found: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if others := sorted(set(found) - known):
        raise ValueError(f"{where} has members that are not known: {', '.join(others)}")


def _given(field: Mapping[str, Any], *names: str) -> bool:
    return any(field.get(name) is not None for name in names)


def _texts(shape: object) -> list[str]:
    """Return all texts of a transform."""
    if isinstance(shape, str):
        return [shape]
    parts = shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ()
    return [text for part in parts for text in _texts(part)]
