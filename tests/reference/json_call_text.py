# SPDX-License-Identifier: Apache-2.0
"""One tool call in a whole answer, as an object or behind its name, perhaps malformed or cut off: the slow and obvious
version of json_call.cpp and header_call.cpp. Bounds are left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.reference.json_formats import AGAIN
from tests.reference.json_values import SPACES, Value, read_value

if TYPE_CHECKING:
    from tests.reference.json_formats import Rules


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
