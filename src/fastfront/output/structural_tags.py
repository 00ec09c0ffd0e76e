# SPDX-License-Identifier: Apache-2.0
"""Structural tags: a model's tool calls in its own format, as a grammar for the engine.

A tag says how the text around calls may look, which functions may be called and, for strict tools, with which
arguments. Most formats are rows of a table; those that take arguments apart are in structural_tags_arguments.py and
structural_tags_harmony.py. Must not know requests: tool_choice.py decides what is asked for.

Sources: vllm/tool_parsers/structural_tag_registry.py, xgrammar/builtin_structural_tag.py. Reasoning is never part of a
tag: the engine holds constraints back until it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fastfront.output import structural_tag_nodes as nodes
from fastfront.output.structural_tag_nodes import Node

Choice = Literal["auto", "required", "forced"]
"""What has to come: anything, one call or more, one call of the one tool that is left."""


class Tool(NamedTuple):
    """A function that may be called."""

    name: str
    parameters: dict[str, Any] | None
    strict: bool
    """Whether arguments have to be those of the schema; else they are any."""

    @property
    def schema(self) -> dict[str, Any] | bool:
        """What the arguments have to be."""
        return self.parameters if self.strict and self.parameters is not None else True


Builder = Callable[[Sequence[Tool], Choice], Node]

THINK = ("<think>", "</think>")
_DIGITS = r"\d+"


@dataclass(frozen=True)
class Format:
    """A format in which a call is a begin with the function's name, its arguments, and an end."""

    begin: str
    """`{}` in it stands for the name."""
    end: str
    excludes: tuple[str, ...]
    """What no text outside of calls holds."""
    style: str = "json"
    trigger: str = ""
    """What begins a call in a text, or a block of them."""
    block: tuple[str, str] | None = None
    """What stands around all calls."""
    separator: str = ""
    lead: str | None = None
    """What comes before a block that has to come, which is no tag then; None: it is one."""
    numbered: str | None = None
    """What stands between a call's number, which its begin ends with, and its arguments."""
    forced_list: bool = False
    """A forced call is a list that ends after its first."""

    def call(self, tool: Tool) -> Node:
        """Return one call's tag."""
        arguments = nodes.json_schema(tool.schema, self.style)
        if self.numbered is not None:
            arguments = nodes.sequence(nodes.regex(_DIGITS), nodes.const_string(self.numbered), arguments)
        return nodes.tag(self.begin.replace("{}", tool.name), arguments, self.end)

    def __call__(self, tools: Sequence[Tool], choice: Choice) -> Node:
        """Return what the model may say."""
        calls = [self.call(tool) for tool in tools]
        if self.block is None:
            if choice == "forced":
                return calls[0]
            return nodes.triggered(self.trigger, calls, self.excludes, at_least_one=choice == "required")
        begin, end = self.block
        if choice == "auto":
            block = nodes.tag(begin, nodes.separated(calls, self.separator), end)
            return nodes.triggered(self.trigger, [block], self.excludes)
        inner = nodes.separated(calls, self.separator, single=choice == "forced")
        single = choice == "forced" and not self.forced_list
        if self.lead is not None:
            middle = calls[0] if single else inner
            return nodes.sequence(nodes.const_string(self.lead + begin), middle, nodes.const_string(end))
        if single:
            return nodes.tag(begin + calls[0]["begin"], calls[0]["content"], calls[0]["end"] + end)
        return nodes.tag(begin, inner, end)


def _hermes(start: str, end: str) -> Builder:
    """JSON between tags, on a line of its own or not."""

    def build(tools: Sequence[Tool], choice: Choice) -> Node:
        tags = [
            nodes.tag(
                f'{start}{line}{{"name": "{tool.name}", "arguments": ', nodes.json_schema(tool.schema), f"}}{line}{end}"
            )
            for tool in tools
            for line in ("\n", "")
        ]
        return nodes.triggered(start, tags) if choice == "auto" else nodes.separated(tags, single=choice == "forced")

    return build


def _plamo3(tools: Sequence[Tool], choice: Choice) -> Node:
    begin, end = "<|plamo:begin_{}:plamo|>".format, "<|plamo:end_{}:plamo|>".format
    requests = [
        nodes.tag(
            begin("tool_request")
            + begin("tool_name")
            + tool.name
            + end("tool_name")
            + begin("tool_arguments")
            + "<|plamo:constrain|>json<|plamo:msg|>",
            nodes.json_schema(tool.schema),
            end("tool_arguments") + end("tool_request"),
        )
        for tool in tools
    ]
    ends = [end("tool_requests"), end("tool_requests") + "<|plamo:tag|>"]
    block = nodes.tag(begin("tool_requests"), nodes.separated(requests, single=choice == "forced"), ends)
    return nodes.triggered(begin("tool_requests"), [block]) if choice == "auto" else block


def _dsml(calls: str, invoke: str, style: str) -> Format:
    return Format(
        f'<｜DSML｜{invoke} name="{{}}">\n',  # noqa: RUF001 - the models' own characters, here and below
        f"</｜DSML｜{invoke}>\n",  # noqa: RUF001
        THINK,
        style,
        f"<｜DSML｜{calls}>",  # noqa: RUF001
        (f"<｜DSML｜{calls}>\n", f"</｜DSML｜{calls}>"),  # noqa: RUF001
        lead="\n\n",
    )


_DEEPSEEK = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")  # noqa: RUF001

FORMATS: dict[str, Builder] = {
    "deepseek_r1": Format(
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{}\n```json\n",  # noqa: RUF001
        "\n```<｜tool▁call▁end｜>",  # noqa: RUF001
        THINK,
        trigger=_DEEPSEEK[0],
        block=_DEEPSEEK,
        separator="\n",
    ),
    "deepseek_v3_1": Format(
        "<｜tool▁call▁begin｜>{}<｜tool▁sep｜>",  # noqa: RUF001
        "<｜tool▁call▁end｜>",  # noqa: RUF001
        THINK,
        trigger=_DEEPSEEK[0],
        block=_DEEPSEEK,
    ),
    "deepseek_v3_2": _dsml("function_calls", "invoke", "deepseek_xml"),
    "deepseek_v4": _dsml("tool_calls", "invoke", "deepseek_xml"),
    "deepseek_v4_1": _dsml(" calls", " invoke", "deepseek_v4_1_xml"),
    "hermes": _hermes("<tool_call>", "</tool_call>"),
    "kimi": Format(
        "<|tool_call_begin|>functions.{}:",
        "<|tool_call_end|>",
        (*THINK, "<|tool_call_begin|>"),
        trigger="<|tool_calls_section_begin|>",
        block=("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
        lead="",
        numbered="<|tool_call_argument_begin|>",
    ),
    "llama": Format('{"name": "{}", "parameters": ', "}", THINK, trigger='{"name": '),
    "longcat": _hermes("<longcat_tool_call>", "</longcat_tool_call>"),
    "mimo": Format(
        "<tool_call><function={}>",
        "</function></tool_call>",
        (*THINK, "</tool_call>", "<function="),
        "qwen_xml",
        "<tool_call>",
    ),
    "minimax": Format(
        '<invoke name="{}">\n',
        "</invoke>\n",
        THINK,
        "minimax_xml",
        "<minimax:tool_call>",
        ("<minimax:tool_call>\n", "</minimax:tool_call>"),
        lead="\n",
        forced_list=True,
    ),
    "plamo3": _plamo3,
    "qwen_3_coder": Format(
        "<tool_call>\n<function={}>\n",
        "\n</function>\n</tool_call>",
        THINK,
        "qwen_xml",
        "<tool_call>\n<function=",
    ),
}
"""By the tag's name, what a model may say; more in structural_tags_arguments.py and structural_tags_harmony.py."""
