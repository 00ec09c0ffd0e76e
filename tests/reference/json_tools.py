# SPDX-License-Identifier: Apache-2.0
"""A whole answer with tool calls that are JSON, read in one go: the slow and obvious version of json_calls.cpp and what
it is made of, with tables of its own. Malformed and cut off calls follow output_parser.hpp's rules. Bounds are left
out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.reference.json_values import SPACES, Value, read_value


@dataclass(frozen=True)
class Rules:
    """One format; what the fields mean is in json_calls.hpp, json_call.hpp, header_call.hpp and content_gate.hpp."""

    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    once: str = ""
    restart: str = ""
    bare: bool = False
    objects: bool = False
    lists: bool = False
    opened: bool = False
    headers: bool = False
    list_at_start: bool = False
    name: str = "name"
    arguments: tuple[str, ...] = ("arguments",)
    id: str = ""
    missing: str = ""
    null: str = "null"
    keyed: bool = False
    strings_are_text: bool = False
    objects_only: bool = False
    verbatim: bool = False
    lenient: bool = False
    separators: tuple[str, ...] = ()
    brace: bool = False
    strip_name: bool = False
    kimi: bool = False
    strip: bool = False
    trim: bool = False
    strip_newlines: bool = False
    drop_after: bool = True
    join: bool = False


TAGS = {"begins": ("<tool_call>",), "ends": ("</tool_call>",), "objects": True}
SECTION = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")
COHERE = {
    "begins": ("<|START_ACTION|>",),
    "ends": ("<|END_ACTION|>",),
    "lists": True,
    "name": "tool_name",
    "arguments": ("parameters",),
    "id": "tool_call_id",
    "missing": "{}",
    "verbatim": True,
    "strip": True,
    "trim": True,
}
MISTRAL = {
    "begins": ("[TOOL_CALLS]",),
    "objects": True,
    "lists": True,
    "missing": "{}",
    "null": "{}",
    "strings_are_text": True,
}
LLAMA = Rules(begins=("<|python_tag|>",), bare=True, objects=True, lists=True, arguments=("arguments", "parameters"))
XLAM = Rules(
    begins=("```", "```json", "[TOOL_CALLS]", "<tool_call>"),
    ends=("```", "</tool_call>"),
    restart="</think>",
    lists=True,
    list_at_start=True,
    null="",
    strings_are_text=True,
    objects_only=True,
    strip=True,
    drop_after=False,
)
RULES = {
    "hermes": Rules(**TAGS),  # type: ignore[arg-type]
    "qwen3_json": Rules(**TAGS),  # type: ignore[arg-type]
    "longcat": Rules(begins=("<longcat_tool_call>",), ends=("</longcat_tool_call>",), objects=True),
    "granite4": Rules(**TAGS, null="", strings_are_text=True, drop_after=False),  # type: ignore[arg-type]
    "ernie45": Rules(**TAGS, missing="{}", strip_newlines=True),  # type: ignore[arg-type]
    "xlam": XLAM,
    "granite-20b-fc": Rules(begins=("<function_call>",), objects=True),
    "granite": Rules(
        begins=("<|tool_call|>", "<tool_call>"),
        lists=True,
        missing="{}",
        strings_are_text=True,
        verbatim=True,
        strip=True,
    ),
    "jamba": Rules(begins=("<tool_calls>",), ends=("</tool_calls>",), lists=True),
    "hunyuan_a13b": Rules(
        begins=("<tool_calls>",),
        ends=("</tool_calls>",),
        once="助手：",
        lists=True,
        null="",
        strings_are_text=True,
        objects_only=True,
    ),
    "llama3_json": LLAMA,
    "llama4_json": LLAMA,
    "mistral": Rules(**MISTRAL),  # type: ignore[arg-type]
    "mistral, names": Rules(
        **MISTRAL,
        headers=True,
        separators=("[ARGS]",),
        brace=True,
        strip_name=True,
        strip=True,  # type: ignore[arg-type]
    ),
    "phi4_mini_json": Rules(begins=("functools[",), opened=True, arguments=("arguments", "parameters")),
    "internlm": Rules(
        begins=("<|action_start|><|plugin|>",),
        ends=("<|action_end|>",),
        objects=True,
        arguments=("parameters", "arguments"),
        missing="{}",
    ),
    "apertus": Rules(
        begins=("<|tools_prefix|>",),
        ends=("<|tools_suffix|>",),
        objects=True,
        lists=True,
        keyed=True,
        strip=True,
        drop_after=False,
        join=True,
    ),
    "gigachat3": Rules(
        begins=("<|function_call|>", "function call<|role_sep|>\n"),
        silent=("<|message_sep|>",),
        objects=True,
        null="",
        objects_only=True,
        lenient=True,
    ),
    "cohere_command3": Rules(**COHERE, spoken=("<|START_RESPONSE|>",), silent=("<|END_RESPONSE|>",)),  # type: ignore[arg-type]
    "cohere_command4": Rules(
        **COHERE,  # type: ignore[arg-type]
        spoken=("<|START_RESPONSE|>", "<|START_TEXT|>"),
        silent=("<|END_RESPONSE|>", "<|END_TEXT|>"),
    ),
    "deepseek_v3": Rules(
        begins=("<｜tool▁call▁begin｜>function<｜tool▁sep｜>",),
        ends=("```<｜tool▁call▁end｜>",),
        around=SECTION,
        headers=True,
        separators=("\n```json\n",),
    ),
    "deepseek_v31": Rules(
        begins=("<｜tool▁call▁begin｜>",),
        ends=("<｜tool▁call▁end｜>",),
        around=SECTION,
        headers=True,
        separators=("<｜tool▁sep｜>",),
    ),
    "kimi_k2": Rules(
        begins=("<|tool_call_begin|>",),
        ends=("<|tool_call_end|>", "<|tool_calls_section_end|>"),
        around=("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
        headers=True,
        separators=("<|tool_call_argument_begin|>",),
        kimi=True,
    ),
    "json:mistral": Rules(**MISTRAL, list_at_start=True),  # type: ignore[arg-type]
    "json:required": Rules(
        lists=True, list_at_start=True, arguments=("parameters",), missing="null", objects_only=True, drop_after=False
    ),
}
AGAIN = "<｜tool▁call▁begin｜>"


class Read(NamedTuple):
    """What was read of a call. Without `arguments` it is none."""

    state: str
    end: int
    held: str = ""
    name: str = ""
    id: str = ""
    arguments: str | None = None


def skipped(text: str, at: int) -> int:
    """Behind the spaces at `at`."""
    match = SPACES.match(text, at)
    assert match is not None
    return match.end()


def decoded(value: Value) -> str:
    """A string's text."""
    return re.sub("[\ud800-\udfff]", "\ufffd", json.loads(value.written))


@dataclass
class CallObject:
    """Reads one call that is an object."""

    rules: Rules
    text: str
    begin: int
    name: str | None = None
    id: str = ""
    value: Value | None = None
    """The arguments."""
    announced: bool = False
    placed: int = 0
    """Where what has not gone out begins."""

    def read(self) -> Read:
        """Read it, from its brace on."""
        at, first = self.begin + 1, True
        self.placed = self.begin
        while True:
            at = skipped(self.text, at)
            if self.text.startswith("}", at) and first:
                return self.closed(at + 1)
            if not self.text.startswith('"', at):
                return self.stopped(at)
            first = False
            key = read_value(self.text, at, lenient=self.rules.lenient)
            if key.state != "done":
                return self.stopped(key.end)
            at = skipped(self.text, key.end)
            if not self.text.startswith(":", at):
                return self.stopped(at)
            at = skipped(self.text, at + 1)
            stop = self.member(key, at)
            if isinstance(stop, Read):
                return stop
            at = skipped(self.text, stop)
            if self.text.startswith("}", at):
                return self.closed(at + 1)
            if not self.text.startswith(",", at):
                return self.stopped(at)
            at += 1

    def member(self, key: Value, at: int) -> Read | int:
        """Read a member's value; return where it ends, or how the call does."""
        if at == len(self.text):
            return self.stopped(at)
        char = self.text[at]
        if self.rules.keyed:
            kind = "arguments" if self.name is None else "other"
            self.name = decoded(key) if self.name is None else self.name
        else:
            kind = {
                f'"{self.rules.name}"': "name",
                f'"{self.rules.id}"' if self.rules.id else "": "id",
                **{f'"{name}"': "arguments" for name in self.rules.arguments},
            }.get(key.written, "other")
        if kind == "arguments" and self.value is not None:
            kind = "other"
        refused = (
            (kind == "name" and char != '"')
            or (kind == "other" and self.rules.bare and char in "{[")
            or (kind == "arguments" and not self.allowed(char))
        )
        if refused:
            return self.stopped(at)
        verbatim = kind == "arguments" and self.rules.verbatim and char == "{"
        value = read_value(self.text, at, lenient=self.rules.lenient, verbatim=verbatim)
        if kind == "arguments":
            self.value = value
            if char == "{" and self.name is not None:
                self.announced, self.placed = True, value.end
                if value.state != "done":
                    return self.cut(value)
        if value.state != "done":
            return self.stopped(value.end)
        if kind == "id" and char == '"':
            self.id = decoded(value)
        if kind == "name" and not self.announced:
            self.name = decoded(value)
            if self.value is not None and self.value.written.startswith("{"):
                self.announced, self.placed = True, value.end
        return value.end

    def allowed(self, char: str) -> bool:
        """Whether arguments may begin so."""
        return (
            not self.rules.objects_only
            or char == "{"
            or (char == '"' and self.rules.strings_are_text)
            or (char == "n" and self.rules.null != "")
        )

    def cut(self, value: Value) -> Read:
        """The arguments end before they are complete."""
        rest = value.held if value.state == "ended" else ""
        return self.result(value.state, value.end, value.held, value.written + rest)

    def stopped(self, at: int) -> Read:
        """The object ends before it is complete."""
        state = "ended" if at == len(self.text) else "broken"
        arguments = self.value.written if self.announced and self.value else None
        return self.result(state, at, self.text[self.placed : at], arguments)

    def closed(self, at: int) -> Read:
        """The object is complete."""
        arguments = self.value.written if self.value else self.rules.missing
        if not self.announced and self.value:
            if arguments[0] == "n":
                arguments = self.rules.null
            elif arguments[0] == '"' and self.rules.strings_are_text:
                arguments, self.announced = decoded(self.value), True
        if self.name is None or not (self.announced or arguments):
            return self.result("broken", at, self.text[self.placed : at], None)
        return self.result("done", at, "", arguments)

    def result(self, state: str, end: int, held: str, arguments: str | None) -> Read:
        """What was read."""
        return Read(state, end, held, self.name or "", self.id, arguments)


@dataclass
class Answer:
    """One answer, read from its beginning to its end."""

    rules: Rules
    text: str
    events: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    doubts: bool = False
    is_bare: bool = False

    def add(self, kind: str, text: str = "") -> None:
        """Note what came."""
        if kind == "text" and self.doubts:
            spaces = text[: skipped(text, 0)]
            text = text[len(spaces) :]
            self.events += [("text", spaces), ("keep" if text else "text", "")]
            self.doubts = not text
        self.events.append((kind, text))

    def reject(self, text: str) -> None:
        """Note what was taken for a call."""
        self.events.append(("text" if self.is_bare and not self.calls else "raw", text))

    def call(self, read: Read) -> None:
        """Note a call."""
        self.events.append(("call", ""))
        self.calls.append((read.name, read.id, read.arguments or ""))

    def read(self) -> None:
        """Read all of it."""
        rules, at, starts = self.rules, 0, self.rules.list_at_start
        once = rules.once
        while at < len(self.text):
            if starts and self.text[at] in " \t\n\r":
                self.add("text", self.text[at])
                at += 1
                continue
            markers = [*rules.begins, *rules.around, *rules.silent, *rules.spoken]
            markers += [marker for marker in (once, rules.restart) if marker] + (["{", "["] if rules.bare else [])
            found = [(self.text.find(marker, at), -len(marker), marker) for marker in markers]
            place, _, marker = min((each for each in found if each[0] >= 0), default=(len(self.text), 0, ""))
            if starts and self.text[at] == "[" and place > at:
                self.doubts = False
                at, starts = self.block(at, at + 1, "list"), False
                continue
            starts = False
            if place > at:
                self.add("text", self.text[at:place])
                at = place
                continue
            after = at + len(marker)
            if marker == once:
                once, at = "", after
            elif marker == rules.restart:
                self.add("text", marker)
                at, starts = after, True
            elif marker in rules.around:
                self.add("markup", marker)
                at = after
            elif marker in rules.silent or marker in rules.spoken:
                if marker in rules.spoken:
                    self.add("keep")
                self.add("markup")
                at = after
            else:
                self.doubts = False
                self.is_bare = rules.bare and marker in "{["
                if marker == "{" and self.is_bare:
                    at = self.block(at, at, "open")
                else:
                    at = self.block(at, after, "list" if self.is_bare or rules.opened else "open")

    def block(self, begin: int, body: int, state: str) -> int:
        """Read calls behind a marker (`begin` to `body`); return where text goes on."""
        rules, at, placed, called, is_list, first = self.rules, body, begin, False, state == "list", True
        if state == "open":
            at = skipped(self.text, at)
            if at == len(self.text):
                self.reject(self.text[begin:])
                return at
            is_list = self.text[at] == "[" and rules.lists
            at += is_list
        while True:
            if is_list:
                at = skipped(self.text, at)
                if at < len(self.text) and self.text[at] == "]" and first:
                    at += 1
                    break
            if at == len(self.text):
                if not called:
                    self.reject(self.text[begin:])
                return at
            is_object = self.text[at] == "{" and (is_list or rules.objects)
            if not is_object and (is_list or not rules.headers):
                return self.leave(begin, body, placed, called=called)
            read = (CallObject(rules, self.text, at) if is_object else HeaderText(rules, self.text, at)).read()
            if read.arguments is not None:
                self.call(read)
                called = True
                if read.state == "ended":
                    return len(self.text)
                if read.state == "broken":
                    self.events.append(("raw", read.held))
                    return read.end
            elif not is_object and read.state == "broken":
                return self.leave(begin, body, placed, called=called)
            else:
                self.reject(self.text[placed:at])
                self.reject(read.held)
                return read.end
            at = placed = read.end
            if not is_list:
                break
            at, first = skipped(self.text, at), False
            if self.text.startswith("]", at):
                at += 1
                break
            if not self.text.startswith(",", at):
                return at if at == len(self.text) else self.leave(begin, body, placed, called=True)
            at += 1
        return self.end(begin, body, placed, at, called=called)

    def end(self, begin: int, body: int, placed: int, at: int, *, called: bool) -> int:
        """Behind calls, and their list's bracket."""
        if not self.rules.ends:
            self.events.append(("call", ""))
            return at
        at = skipped(self.text, at)
        rest = self.text[at:]
        for end in self.rules.ends:
            if rest.startswith(end):
                self.events.append(("call", ""))
                return at + len(end)
        if any(end.startswith(rest) for end in self.rules.ends):
            if not called:
                self.reject(self.text[begin:])
            return len(self.text)
        return self.leave(begin, body, placed, called=called)

    def leave(self, begin: int, body: int, placed: int, *, called: bool) -> int:
        """What has to stand here does not."""
        if called:
            self.doubts = True
            return placed
        self.reject(self.text[begin:body])
        return body


@dataclass
class HeaderText:
    """Reads one call that is a name and its arguments."""

    rules: Rules
    text: str
    begin: int

    def read(self) -> Read:
        """Read it, from its name on."""
        rules, text, begin = self.rules, self.text, self.begin
        places = [(text.find(mark, begin), mark) for mark in (*rules.separators, *("{",) * rules.brace)]
        places = [(place + len(mark), place, mark) for place, mark in places if place >= 0]
        again = AGAIN if rules.begins[0].startswith(AGAIN) else rules.begins[0]
        stops = [place + len(again) for place in [text.find(again, begin)] if place >= 0]
        after, place, mark = min(places, default=(len(text) + 1, 0, ""))
        if stops and min(stops) < after:
            return Read("broken", min(stops))
        if not places:
            return Read("ended", len(text), text[begin:])
        header = text[begin:place]
        if rules.strip_name or rules.kimi:
            header = header.strip(" \t\n\r\v\f")
        call_id = ""
        if rules.kimi:
            match = re.match(r".+:[0-9]+", header)
            call_id = match[0] if match else ""
            header = call_id.split(":")[0].removeprefix("functions.")
        if not header:
            return Read("broken", after)
        at = skipped(text, place if mark == "{" else after)
        if at == len(text):
            return Read("ended", at, text[begin:])
        if text[at] == "{":
            value = read_value(text, at, verbatim=True)
            return Read(value.state, value.end, "", header, call_id, value.written)
        if rules.kimi and text[at] == "<":
            return Read("done", at, "", header, call_id, "{}")
        return Read("broken", at)


def content_of(rules: Rules, events: list[tuple[str, str]]) -> str:
    """What becomes of the text around calls."""
    out = held = ""
    seen = called = keep = markup = gap = joint = False
    for kind, event in events:
        text = event
        dropping = called and rules.drop_after and not keep
        if kind == "keep":
            keep = True
        elif kind == "call":
            joint = seen if rules.join else joint
            if rules.drop_after or rules.join or (rules.strip and not seen):
                held, markup = "", False
            called = True
        elif kind == "raw":
            keep = True
            if text:
                out += ("\n" if joint else held) + text
                seen, held, markup, gap, joint = True, "", False, False, False
        elif kind == "markup" and not dropping:
            held, markup, gap = held + text, True, not text
        elif kind == "text" and not dropping:
            if not seen or markup or joint:
                spaces = text[: len(text) - len(text.lstrip())]
                held, text = held + spaces, text.lstrip()
            kept = text.rstrip() if rules.strip else text.rstrip("\n") if rules.strip_newlines and not called else text
            if kept:
                out += ("\n" if joint else held) + kept
                seen, held, markup, gap, joint = True, "", False, False, False
            held += text[len(kept) :]
    return out if called or gap or rules.trim else out + held


def parse(name: str, text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The content of an answer, and its calls: name, id, arguments."""
    answer = Answer(RULES[name], text)
    answer.read()
    return content_of(answer.rules, answer.events), answer.calls
