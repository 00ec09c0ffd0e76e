# SPDX-License-Identifier: Apache-2.0
"""What a message holds whose tool calls are made of tags: slow, obvious, the whole text at once.

The oracle of the native TagParser, for well-formed answers and for broken ones.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.reference.tag_values import converted, types_of


@dataclass
class Format:
    """Marks as in tag_format.hpp; "" for what a format has not."""

    block_open: tuple[str, ...] = ()
    block_close: str = ""
    needs_block: bool = False
    block_close_ends_value: bool = False
    call_open: str = ""
    name_close: str = ""
    call_close: str = ""
    layout: str = ""
    known_names: bool = False
    needs_tools: bool = False
    read_name: Any = str.strip
    parameter_open: str = ""
    tag_close: str = ""
    value_open: str = ""
    value_close: str = ""
    parameter_ends_value: bool = False
    read_tag: Any = str
    value_trim: Any = str
    rule: str = "schema"
    trims_end: bool = True


def _unquoted(text):
    return re.sub(r"^[\"']|[\"']$", "", text.strip())


def _quoted(text):
    text = text.strip()
    if len(text) > 1 and text[0] in "\"'":
        if text[-1] != text[0]:
            return None
        text = text[1:-1]
    return text.strip() or None


def _dsml(text):
    found = re.fullmatch(r"\s+name=\"([^\"]+)\"(?:\s+string=\"([^\"]*)\")?\s*", text)
    return found and found.groups()


def _newlines(text):
    return text.removeprefix("\n").removesuffix("\n")


_QWEN = {
    "call_open": "<function=",
    "name_close": ">",
    "call_close": "</function>",
    "parameter_open": "<parameter=",
    "tag_close": ">",
    "value_close": "</parameter>",
    "parameter_ends_value": True,
    "read_tag": str.lstrip,
}
_GLM = {
    "call_open": "<tool_call>",
    "call_close": "</tool_call>",
    "parameter_open": "<arg_key>",
    "tag_close": "</arg_key>",
    "value_open": "<arg_value>",
    "value_close": "</arg_value>",
}
_INVOKE = {
    "call_open": "<invoke name=",
    "name_close": ">",
    "call_close": "</invoke>",
    "known_names": True,
    "read_name": _unquoted,
    "parameter_open": "<parameter name=",
    "tag_close": ">",
    "value_close": "</parameter>",
    "read_tag": _quoted,
}
_HUNYUAN = {"block_open": ("<tool_calls>",), "block_close": "</tool_calls>", "needs_block": True, "rule": "hunyuan"}

FORMATS = {
    "qwen3_coder": Format(("<tool_call>",), "</tool_call>", value_trim=_newlines, **_QWEN),
    "mimo": Format(("<tool_call>",), "</tool_call>", **_QWEN),
    "seed_oss": Format(("<seed:tool_call>",), "</seed:tool_call>", value_trim=_newlines, **_QWEN),
    "glm45": Format(known_names=True, read_tag=str.strip, **_GLM),
    "poolside_v1": Format(read_tag=str.strip, rule="poolside", trims_end=False, **_GLM),
    "hy_v3": Format(name_close="<tool_sep>", trims_end=False, **_HUNYUAN, **_GLM),
    "hy_v4": Format(trims_end=False, **_HUNYUAN, **_GLM),
    "minimax_m2": Format(("<minimax:tool_call>",), "</minimax:tool_call>", parameter_ends_value=True, **_INVOKE),
    "dots": Format(
        ("<dots_function_call>",),
        "</dots_function_call>",
        needs_block=True,
        needs_tools=True,
        value_trim=str.strip,
        rule="dots",
        **_INVOKE,
    ),
    "deepseek_v4": Format(
        ("<｜DSML｜tool_calls>", "<｜DSML｜toolcalls>", "<｜DSML｜tool>"),
        "</｜DSML｜tool_calls>",
        block_close_ends_value=True,
        call_open='<｜DSML｜invoke name="',
        name_close='">',
        call_close="</｜DSML｜invoke>",
        parameter_open="<｜DSML｜parameter",
        tag_close=">",
        value_close="</｜DSML｜parameter>",
        parameter_ends_value=True,
        read_tag=_dsml,
        rule="dsml",
        trims_end=False,
    ),
}


@dataclass
class _Reader:
    text: str
    form: Format
    tools: list[dict[str, Any]] | None
    at: int = 0
    events: list[str | None] = field(default_factory=list)  # None: layout, around which whitespace is none
    calls: list[dict[str, str]] = field(default_factory=list)
    in_block: bool = False
    is_shown: bool = False

    def next(self, *marks):
        """The text before the next of the marks, and it; None at the end."""
        best = None
        for mark in marks:
            where = self.text.find(mark, self.at) if mark else -1
            if where >= 0 and (best is None or (where, -len(mark)) < (best[0], -len(best[1]))):
                best = (where, mark)
        if best is None:
            before, self.at = self.text[self.at :], len(self.text)
            return before, None
        before, self.at = self.text[self.at : best[0]], best[0] + len(best[1])
        return before, best[1]

    def message(self):
        form = self.form
        while self.at < len(self.text):
            bare = () if form.needs_block and not self.in_block else (form.call_open,)
            closing = (form.block_close, form.layout) if self.in_block else ()
            before, mark = self.next(*form.block_open, *bare, *closing)
            self.events.append(before)
            if mark in form.block_open:
                self.block(mark)
            elif mark == form.call_open:
                self.call(mark)
            elif mark == form.block_close and mark:
                self.events.append(mark if self.is_shown else None)
                self.in_block = False
        return {"content": self.content() or None, "calls": self.calls}

    def content(self):
        out, run, has_layout = "", "", False
        for event in self.events:
            if event is not None:
                run += event
                continue
            out += run.rstrip() if self.form.trims_end or has_layout or not run.strip() else run
            run, has_layout = "", True
        return out + (run.rstrip() if has_layout else run)

    def block(self, opening):
        """Behind the opening tag of a block: a call must come."""
        form = self.form
        self.in_block, self.is_shown = True, False
        raw = opening
        before, mark = self.next(*form.block_open, form.block_close, form.call_open)
        raw += before
        if mark == form.call_open and not before.strip():
            self.call(raw + mark, shows=True)
            return
        self.events.append(raw)
        self.is_shown = True
        if mark == form.block_close and not before.strip():
            self.events.append(mark)
            self.in_block = False
        elif mark is not None:
            self.at -= len(mark)

    def call(self, raw, *, shows=False):
        """Behind call_open; `raw` is what came since nothing was made of it."""
        form = self.form
        ends = (form.name_close,) if form.name_close else (form.parameter_open, form.call_close)
        before, mark = self.next(*form.block_open, form.block_close, form.call_open, form.call_close, *ends)
        tool = None
        name = form.read_name(before) if mark in ends else ""
        if name:
            tool = next((t["function"] for t in self.tools or [] if t["function"]["name"] == name), None)
        known = tool is not None or not (
            form.needs_tools or (form.known_names and self.tools) or re.search(r"[ \t\r\n<>]", name)
        )
        if not name or not known:
            self.is_shown = self.is_shown or shows
            self.events.append(raw + before)
            if mark in (form.call_open, form.block_close, *form.block_open):
                self.at -= len(mark or "")
                if mark == form.block_close and not self.in_block:
                    self.events.append(mark)
                    self.at += len(mark)
            elif mark:
                self.events.append(mark)
            return
        self.events.append(None)
        self.calls.append({"name": name, "arguments": ""})
        properties = ((tool or {}).get("parameters") or {}).get("properties", {})
        if mark != form.name_close or not mark:
            self.at -= len(mark)
        self.parameters(properties)

    def put(self, text):
        self.calls[-1]["arguments"] += text

    def parameters(self, properties):
        form = self.form
        has_members = False
        while self.at < len(self.text):
            before, mark = self.next(form.parameter_open, form.call_close, form.block_close)
            self.events.append(before)
            if mark is None:
                return
            if mark == form.block_close and not self.in_block:
                self.events.append(mark)
                continue
            self.events.append(None)
            if mark == form.parameter_open:
                has_members = self.parameter(mark, properties, has_members)
                continue
            self.put("}" if has_members else "{}")
            self.in_block = self.in_block and mark != form.block_close
            return

    def parameter(self, raw, properties, has_members):
        """Behind parameter_open. Whether the call has a member now."""
        form = self.form
        tag = ""
        while True:
            before, mark = self.next(form.tag_close, form.call_close)
            tag += before
            raw += before
            if mark != form.tag_close:
                self.events.append(raw)
                self.at -= len(mark or "")
                return has_members
            raw += mark
            key = form.read_tag(tag)
            if key is not None:
                break
            if tag.count('"') % 2 == 0 or len(tag.encode()) >= 1024:
                self.events.append(raw)
                return has_members
            tag += mark
        key, kind = key if isinstance(key, tuple) else (key, None)
        if form.value_open:
            before, mark = self.next(form.value_open, form.parameter_open, form.call_close, form.block_close)
            raw += before
            if before.strip() or mark != form.value_open:
                self.events.append(raw)
                self.at -= len(mark or "")
                return has_members
            raw += mark
        ends = [form.value_close, form.call_close]
        ends += [form.parameter_open] if form.parameter_ends_value else []
        ends += [form.block_close] if form.block_close_ends_value else []
        value, mark = self.next(*ends)
        head = (", " if has_members else "{") + json.dumps(key, ensure_ascii=False) + ": "
        if mark is None:
            self.cut(form, properties.get(key), head, raw, value, kind)
            return True
        made = converted(form.rule, properties.get(key), form.value_trim(value), kind)
        self.put(head + json.dumps(made, ensure_ascii=False))
        if mark != form.value_close:
            self.at -= len(mark)
        return True

    def cut(self, form, schema, head, raw, value, kind):
        """The text ends inside a value: of a string, what is there goes out."""
        kinds = types_of(schema)
        if form.rule == "hunyuan":
            kinds -= {"null"}
        streams = kinds == {"string"} and form.rule != "dots"
        if form.rule == "poolside":
            streams = schema is not None and kinds == {"string"}
        maybe = kinds == {"string", "null"} or (form.rule == "dots" and "string" in kinds)
        if form.rule in ("hunyuan", "poolside"):
            maybe = False
        if form.rule == "dsml" and kind != "true":
            streams = maybe = False
        could_be_null = "null".startswith(form.value_trim(value).lower())
        if not streams and not (maybe and not could_be_null):
            self.events.append(raw + value)
            return
        if form.value_trim is str.strip:
            value = value.lstrip()
        elif form.value_trim is _newlines:
            value = value.removeprefix("\n")
        self.put(head + json.dumps(value, ensure_ascii=False)[:-1])


def parse(parser, text, tools):
    """The message: content or None, and the calls."""
    return _Reader(text, FORMATS[parser], tools).message()


__all__ = ["FORMATS", "parse"]
