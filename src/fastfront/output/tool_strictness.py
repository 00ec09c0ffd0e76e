# SPDX-License-Identifier: Apache-2.0
"""When a request's tool calls are held to the model's own format, and the structural tag that the engine gets for it.

Sources: vllm/parser/abstract_parser.py (`_apply_structural_tag`), vllm/tool_parsers/structural_tag_registry.py
(`resolve_tool_strictness`), the parsers' `structural_tag_model` and `default_tool_strict_level`. Must not know how a
format looks (structural_tags.py) or who checks constraints.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fastfront.errors import BadRequestError
from fastfront.output import structural_tag_nodes as nodes
from fastfront.output import structural_tags, structural_tags_arguments, structural_tags_harmony
from fastfront.output.structural_tag_nodes import Node
from fastfront.output.structural_tags import Builder, Choice, Tool
from fastfront.protocol.response_format import constraint_of
from fastfront.structured.rules import is_lark

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

LEVELS = {"auto": 0, "function": 1, "parameter": 2}
"""--tool-strict-level: by the tools' own `strict`; calls of every request with tools; their arguments, too."""

TAG_OF = {
    "deepseek_v3": "deepseek_r1",
    "deepseek_v31": "deepseek_v3_1",
    "deepseek_v32": "deepseek_v3_2",
    "deepseek_v4": "deepseek_v4",
    "deepseek_v41": "deepseek_v4_1",
    "glm45": "glm_4_7",
    "glm47": "glm_4_7",
    "hermes": "hermes",
    "hy_v4": "hy_v4",
    "kimi_k2": "kimi",
    "kimi_k3": "kimi_k3",
    "ling3": "glm_4_7",
    "llama3_json": "llama",
    "llama4_json": "llama",
    "longcat": "longcat",
    "mimo": "mimo",
    "minimax_m2": "minimax",
    "openai": "harmony",
    "plamo3": "plamo3",
    "qwen3_coder": "qwen_3_coder",
    "qwen3_json": "hermes",
    "qwen3_xml": "qwen_3_coder",
    "step3p5": "qwen_3_coder",
}
"""The structural tag of a tool parser."""

LEVEL_OF = {"glm45": 1, "glm47": 1}
"""The level of a tool parser where the server's is auto."""

_HY_TAG = re.compile(r"<(/?(?:tool_calls|tool_call|arg_key|arg_value))>")
_BUILDERS: dict[str, Builder] = (
    structural_tags.FORMATS | structural_tags_arguments.FORMATS | structural_tags_harmony.FORMATS
)


class Strictness(NamedTuple):
    """What the server was told about strict tool calls."""

    level: int = 0
    """One of LEVELS."""
    enforced: bool = True
    """VLLM_ENFORCE_STRICT_TOOL_CALLING; without it there are no structural tags."""
    suffix: str = ""
    """What the checkpoint's tokens have behind their names (hy_v4)."""

    @classmethod
    def of(cls, level: str, suffix: str = "") -> Strictness:
        """Return that of a --tool-strict-level in this process's environment."""
        enforced = os.environ.get("VLLM_ENFORCE_STRICT_TOOL_CALLING", "True").lower() in ("true", "1")
        return cls(LEVELS[level], enforced, suffix)


class Imposed(dict[str, Any]):
    """A constraint that tools mean, in the place of the client's structured_outputs."""


class Wanted(NamedTuple):
    """A structural tag that a request is going to get."""

    tag: str
    tools: list[Tool]
    choice: Choice
    form: Mapping[str, Any] | None
    """The client's constraint, for an answer without calls."""
    single: bool
    suffix: str = ""


def wanted(request: ChatCompletionRequest, tool_parser: str, strictness: Strictness) -> Wanted | None:
    """Return what structural tag the request's tools and choice mean; None: none.

    Raises BadRequestError for two constraints of the client's, or two tools of the name that has to be called.
    """
    choice = request.tool_choice
    tag = TAG_OF.get(tool_parser) if strictness.enforced else None
    if tag is None or not request.tools or choice is None or choice == "none":
        return None
    constraint = constraint_of(request.structured_outputs, request.response_format)
    form = constraint if choice == "auto" else None
    level = strictness.level or LEVEL_OF.get(tool_parser, 0)
    single = request.parallel_tool_calls is False
    if single and form is None:
        level = max(level, LEVELS["function"])  # calls are counted where they are in the grammar
    strict = [tool["function"].get("strict") is True for tool in request.tools]
    if choice == "auto" and level == LEVELS["auto"] and not any(strict):
        return None
    if tag == "hy_v4" and choice == "auto" and form is None:
        return None  # vLLM: not worth its price
    tools = [
        Tool(tool["function"]["name"], tool["function"].get("parameters"), is_strict or level == LEVELS["parameter"])
        for tool, is_strict in zip(request.tools, strict, strict=True)
    ]
    if isinstance(choice, dict):
        tools = [tool for tool in tools if tool.name == choice["function"]["name"]]
        if len(tools) != 1:
            raise BadRequestError("Forced tool choice must resolve to exactly one tool.", param="tool_choice")
        return Wanted(tag, tools, "forced", None, single, strictness.suffix)
    # "auto" lets the model say anything: next to a form of the client's, calls are all that remains.
    return Wanted(
        tag, tools, "required" if choice == "required" or form is not None else "auto", form, single, strictness.suffix
    )


def structural_tag_of(want: Wanted) -> Imposed | None:
    """Return the constraint; None where the client's has no form inside of a structural tag, and holds alone."""
    content = _BUILDERS[want.tag](want.tools, want.choice)
    if want.tag == "hy_v4" and want.suffix:
        content = json.loads(_HY_TAG.sub(rf"<\1{want.suffix}>", json.dumps(content)))
    if want.single:
        nodes.limit_to_single_call(content)
    if want.form is not None:
        form = format_of(want.form)
        if form is None:
            return None
        content = nodes.either([content, form])
    return Imposed(structural_tag=json.dumps(nodes.structural_tag(content)))


def format_of(constraint: Mapping[str, Any]) -> Node | None:
    """Return a constraint as a part of a structural tag.

    None for grammars that are Lark's, which have no such form, and for what is broken: its own check refuses it later.
    Source: vllm/parser/abstract_parser.py (`structured_outputs_to_format`).
    """
    try:
        return _format_of(constraint)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _format_of(constraint: Mapping[str, Any]) -> Node | None:
    if constraint.get("json_object"):
        return nodes.json_schema({"type": "object"})
    if (schema := constraint.get("json")) is not None:
        return nodes.json_schema(json.loads(schema) if isinstance(schema, str) else schema)
    if (pattern := constraint.get("regex")) is not None:
        return nodes.regex(pattern)
    if (choices := constraint.get("choice")) is not None:
        return nodes.either([nodes.const_string(text) for text in choices])
    if (grammar := constraint.get("grammar")) is not None:
        return None if is_lark(grammar) else nodes.grammar(grammar)
    if (text := constraint.get("structural_tag")) is not None:
        return _format_of_tag(json.loads(text))
    return None


def _format_of_tag(tag: Mapping[str, Any]) -> Node:
    if "structures" not in tag:
        content: Node = tag["format"]
        return content
    tags = [nodes.tag(part["begin"], nodes.json_schema(part["schema"]), part["end"]) for part in tag["structures"]]
    return nodes.triggered("", tags) | {"triggers": tag["triggers"]}


def wrap_in_final_message(request: ChatCompletionRequest) -> None:
    """Let the client's constraint hold for the final message of a gpt-oss answer, not for its thinking.

    Source: vllm/parser/harmony.py (`_adjust_output_format`).
    """
    constraint = constraint_of(request.structured_outputs, request.response_format)
    form = None if constraint is None else format_of(constraint)
    if constraint is not None and form is not None:
        tag = nodes.structural_tag(structural_tags_harmony.answer(form))
        kept = {name: constraint[name] for name in constraint if name not in _KINDS}
        request.structured_outputs = Imposed(kept, structural_tag=json.dumps(tag))
        request.response_format = None


_KINDS = frozenset(("json", "regex", "choice", "grammar", "json_object", "structural_tag"))
