# SPDX-License-Identifier: Apache-2.0
"""A whole answer with tool calls that are JSON, read in one go: the slow and obvious version of json_calls.cpp and
content_gate.cpp. Malformed and cut off calls follow output_parser.hpp's rules. Bounds are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reference.json_call_text import CallObject, HeaderText, Read, skipped
from tests.reference.json_formats import RULES, Rules


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


def content_of(rules: Rules, events: list[tuple[str, str]]) -> str:
    """What becomes of the text around calls."""
    out = held = ""
    seen = called = keep = markup = gap = joint = False

    def lead(spaces: str) -> str:
        if joint:
            return "\n"
        return "" if rules.strip and not rules.trim and called and not seen else spaces

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
                out += lead(held) + text
                seen, held, markup, gap, joint = True, "", False, False, False
        elif kind == "markup" and not dropping:
            held, markup, gap = held + text, True, not text
        elif kind == "text" and not dropping:
            if not seen or markup or joint:
                spaces = text[: len(text) - len(text.lstrip())]
                held, text = held + spaces, text.lstrip()
            kept = text.rstrip() if rules.strip else text.rstrip("\n") if rules.strip_newlines and not called else text
            if kept:
                out += lead(held) + kept
                seen, held, markup, gap, joint = True, "", False, False, False
            held += text[len(kept) :]
    return out if called or gap or rules.trim else out + held


def parse(name: str, text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The content of an answer, and its calls: name, id, arguments."""
    answer = Answer(RULES[name], text)
    answer.read()
    return content_of(answer.rules, answer.events), answer.calls
