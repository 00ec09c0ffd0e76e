# SPDX-License-Identifier: Apache-2.0
"""Structural tags of the formats whose arguments are named one by one: GLM, Kimi K3, Hunyuan V4.

Must not know requests. Source: vllm/tool_parsers/structural_tag_registry.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront.output import structural_tag_nodes as nodes
from fastfront.output.structural_tag_nodes import Node
from fastfront.output.structural_tags import THINK, Builder, Choice, Format, Tool

# -- GLM 4.5 and later: <tool_call>NAME<arg_key>K</arg_key><arg_value>V</arg_value></tool_call>

_GLM_ARGUMENTS = ("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>")
_GLM_VALUE_EXCLUDES = (*THINK, "<tool_call>", "</tool_call>", *_GLM_ARGUMENTS)
_GLM_TEXT_EXCLUDES = (*THINK, "</tool_call>", *_GLM_ARGUMENTS)
_GLM_STRICT = Format("<tool_call>{}", "</tool_call>", _GLM_TEXT_EXCLUDES, "glm_xml", "<tool_call>")


def _glm(tools: Sequence[Tool], choice: Choice) -> Node:
    if all(tool.strict for tool in tools):
        return _GLM_STRICT(tools, choice)
    calls = [_GLM_STRICT.call(tool) if tool.strict else _glm_free_call(tool) for tool in tools]
    if choice == "auto":
        return nodes.triggered("<tool_call>", calls, _GLM_TEXT_EXCLUDES)
    return nodes.separated(calls, single=choice == "forced")


def _glm_free_call(tool: Tool) -> Node:
    """Arguments that the tool has, of their basic types, in any order: enough for one that is not strict."""
    parameters = tool.parameters or {}
    properties = parameters.get("properties")
    is_plain = isinstance(properties, dict) and properties and parameters.get("additionalProperties") is not True
    if not is_plain or parameters.keys() & {"$ref", "allOf", "anyOf", "oneOf", "patternProperties"}:
        return _GLM_STRICT.call(tool)
    pairs = [
        nodes.sequence(
            nodes.const_string(f"<arg_key>{key}</arg_key><arg_value>"),
            _glm_value(schema),
            nodes.const_string("</arg_value>"),
        )
        for key, schema in parameters["properties"].items()
    ]
    return nodes.tag(f"<tool_call>{tool.name}", nodes.star(nodes.one_of(pairs)), "</tool_call>")


def _glm_value(schema: Any) -> Node:
    text = nodes.any_text(_GLM_VALUE_EXCLUDES)
    if not isinstance(schema, dict):
        return text
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return nodes.one_of([nodes.const_string(v if isinstance(v, str) else json.dumps(v)) for v in choices])
    kind = schema.get("type")
    if isinstance(kind, list) and kind:
        values = [_glm_value({"type": each}) for each in kind if each != "string"]
        return nodes.one_of([*values, text] if "string" in kind else values)
    return text if kind in (None, "string") or isinstance(kind, list) else nodes.json_schema({"type": kind})


# -- Kimi K3: channels of <|open|>NAME attributes<|sep|> ... <|close|>NAME<|sep|>

_OPEN, _CLOSE, _SEP = "<|open|>", "<|close|>", "<|sep|>"
_K3_TYPES = {"integer": "number"} | {name: name for name in ("string", "number", "boolean", "null", "object", "array")}
_K3_STRING_CHAR = r"(?:[^<]|<[^|])"
_MAX_CHOICES, _MAX_LENGTH = 256, 4096


def _closed(name: str) -> str:
    return f"{_CLOSE}{name}{_SEP}"


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;")


def _kimi_k3(tools: Sequence[Tool], choice: Choice) -> Node:
    calls = nodes.tag(f"{_OPEN}tools{_SEP}", nodes.separated([_k3_call(tool) for tool in tools]), _closed("tools"))
    response = nodes.tag("", nodes.any_text([_OPEN, _CLOSE, "<|end_of_msg|>"]), _closed("response"))
    return nodes.sequence(
        nodes.optional(nodes.const_string(f"{_OPEN}response{_SEP}")),
        response,
        nodes.optional(calls) if choice == "auto" else calls,
        nodes.optional(nodes.const_string(_closed("message"))),
    )


def _k3_call(tool: Tool) -> Node:
    content = nodes.sequence(nodes.regex("[0-9]+"), nodes.const_string(f'"{_SEP}'), _k3_arguments(tool.schema))
    return nodes.tag(f'{_OPEN}call tool="{_attribute(tool.name)}" index="', content, _closed("call"))


def _k3_arguments(parameters: Mapping[str, Any] | bool) -> Node:
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    if not isinstance(parameters, Mapping) or not isinstance(properties, dict) or not properties:
        return nodes.star(_k3_any_argument())
    definitions = {
        name: parameters[name] for name in ("$defs", "definitions") if isinstance(parameters.get(name), dict)
    }
    argument = nodes.one_of([_k3_argument(key, schema, definitions) for key, schema in properties.items()])
    required = parameters.get("required")
    return nodes.plus(argument) if isinstance(required, list) and required else nodes.star(argument)


def _k3_any_argument() -> Node:
    head = nodes.regex(r"[^<]*" + _SEP.replace("|", r"\|"))
    return nodes.tag(f"{_OPEN}argument ", nodes.sequence(head, nodes.any_text([_CLOSE])), _closed("argument"))


def _k3_argument(key: str, schema: Any, definitions: Mapping[str, Any]) -> Node:
    schema = schema if isinstance(schema, dict) else {}
    kind = schema.get("type")
    written = _K3_TYPES.get(kind) if isinstance(kind, str) else None
    if written is None:
        return _k3_any_argument()
    begin = f'{_OPEN}argument key="{_attribute(key)}" type="{written}"{_SEP}'
    # A property that is cut out of its schema needs the definitions that it refers to.
    content = _k3_string(schema) if written == "string" else nodes.json_schema(schema | (definitions | schema))
    return nodes.tag(begin, content, _closed("argument"))


def _k3_string(schema: Mapping[str, Any]) -> Node:
    """Strings stand there raw, without quotes: of their schema, lists of values and lengths can be said."""
    choices = schema.get("enum")
    if choices is None and isinstance(schema.get("const"), str):
        choices = [schema["const"]]
    if isinstance(choices, list) and 0 < len(choices) <= _MAX_CHOICES:  # noqa: SIM102 - two different questions
        if all(isinstance(value, str) and "<|" not in value for value in choices):
            return nodes.one_of([nodes.const_string(value) for value in choices])
    longest, shortest = schema.get("maxLength"), schema.get("minLength", 0)
    if not isinstance(longest, int) or not 0 <= longest <= _MAX_LENGTH:
        return nodes.any_text([_CLOSE])
    if not isinstance(shortest, int) or not 0 <= shortest <= longest:
        shortest = 0
    return nodes.regex(f"{_K3_STRING_CHAR}{{{shortest},{longest}}}")


# -- Hunyuan V4: <tool_calls><tool_call>NAME<arg_key>K</arg_key><arg_value>V</arg_value></tool_call></tool_calls>


def _hy_v4(tools: Sequence[Tool], choice: Choice) -> Node:
    calls = [
        nodes.tag(f"<tool_call>{tool.name}", _hy_arguments(tool.parameters or {}), "</tool_call>") for tool in tools
    ]
    if choice == "auto":
        block = nodes.tag("<tool_calls>", nodes.separated(calls), "</tool_calls>")
        return nodes.triggered("<tool_calls>", [block])
    return nodes.sequence(
        nodes.const_string("<tool_calls>"),
        nodes.separated(calls, single=choice == "forced"),
        nodes.const_string("</tool_calls>"),
    )


def _hy_arguments(parameters: Mapping[str, Any]) -> Node:
    """Keys in order, the required ones first; values are free."""
    properties, required = parameters.get("properties"), parameters.get("required")
    known = list(properties) if isinstance(properties, dict) else []
    needed = [key for key in required if isinstance(key, str)] if isinstance(required, list) else []
    keys = [key for key in known if key in needed] + [key for key in needed if key not in known]
    elements = [_hy_argument(key) for key in keys]
    others = [_hy_argument(key) for key in known if key not in needed]
    if others:
        elements.append(nodes.star(nodes.one_of(others)))
    return nodes.sequence(*elements) if elements else nodes.any_text()


def _hy_argument(key: str) -> Node:
    names = (nodes.const_string(text) for text in ("<arg_key>", key, "</arg_key>", "<arg_value>"))
    return nodes.sequence(*names, nodes.any_text(), nodes.const_string("</arg_value>"))


FORMATS: dict[str, Builder] = {"glm_4_7": _glm, "hy_v4": _hy_v4, "kimi_k3": _kimi_k3}
"""By the tag's name, what a model may say."""
