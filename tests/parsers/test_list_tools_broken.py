# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are Python calls, random, malformed or cut off: what Python itself reads as calls are those calls,
nothing is lost, nothing comes twice.
"""

from __future__ import annotations

import json
import random
import re
import sys
from typing import Any

import pytest

from fastfront._native.parse import Parser
from tests.parsers.driving import Segment, at_every_split, driven, whole
from tests.parsers.list_corpus import CALLS, FORMATS, LENIENT
from tests.parsers.test_list_tools import options_of, shown, with_tokens
from tests.reference.python_calls import NoCallError, calls_of

OPEN, CLOSE = "<|tool_call_start|>", "<|tool_call_end|>"


def pythonic(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Content and calls (name, arguments) of a pythonic answer, the same at every split."""
    return _pairs(at_every_split([Segment(text)], **options_of("pythonic")))


def lfm2(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The same of an lfm2 answer."""
    return _pairs(at_every_split([Segment(text)], **options_of("lfm2")))


def _pairs(message: Any) -> tuple[str, list[tuple[str, str]]]:
    return message["content"], [(call["name"], call["arguments"]) for call in message["tool_calls"]]


class Writer:
    """Writes random expressions and calls."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def space(self) -> str:
        """Spaces, or none."""
        return self.random.choice(("", "", "", " ", "\n", "  \t"))

    def string(self) -> str:
        """A string literal."""
        quote = self.random.choice(("'", '"', "'", '"', "'''", '"""'))
        letters = (
            "a",
            "é",
            "😀",
            "東",
            " ",
            ")",
            "]",
            ",",
            "=",
            "\\n",
            "\\\\",
            "\\'",
            '\\"',
            "\\x41",
            "\\u00e9",
            "\\d",
        )
        letters += ("\\101", "\\7", "[", "(", "{{", "}}", "\\\n", "\\U0001F600", "<|tool", "0")
        if len(quote) == 3:
            letters += ("\n", "\r", "x'y", 'x"y')
        return self.random.choice(("", "", "", "r", "f", "Rf", "u")) + quote + self._some(letters, 8) + quote

    def value(self, depth: int = 0) -> str:
        """An expression, mostly of the kinds that may be arguments."""
        kind = self.random.randrange(12 if depth < 3 else 5)
        if kind < 2:
            strings = [self.string() for _ in range(self.random.choice((1, 1, 1, 1, 2)))]
            return self.space().join(strings)
        if kind < 4:
            numbers = ("0", "7", "42", "1_000", "0x1F", "0b11", "1.5", ".5", "2.", "1e5", "1.5E-7", "00", "07", "1e999")
            return self.random.choice(("", "", "-", "+", "--", "- ")) + self.random.choice(numbers)
        if kind == 4:
            return self.random.choice(
                ("None", "True", "False", "null", "true", "false", "nil", "...", "1j", "x", "a.b")
            )
        items = [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        inside = f"{self.space()},{self.space()}".join(items) + self.random.choice(("", "", ","))
        if kind in (5, 6):
            return f"[{self.space()}{inside}{self.space()}]"
        if kind in (7, 8):
            return f"({inside})"
        if kind == 9:
            return f"{{{inside}}}"
        keys = [self.random.choice((self.string(), "1", "None", "2.5", "x")) for _ in items]
        return "{" + ", ".join(f"{key}{self.space()}: {item}" for key, item in zip(keys, items, strict=True)) + "}"

    def call(self) -> str:
        """A call."""
        names = ("a", "b", "city", "x1", "from", "é", "_y")
        picked = self.random.sample(names, self.random.randrange(4))
        inside = f",{self.space()}".join(f"{name}={self.space()}{self.value()}" for name in picked)
        name = self.random.choice(("f", "get_weather", "now", "g2", "a.b", "é", "import"))
        return f"{name}({inside})"

    def answer(self) -> str:
        """A list of calls, and sometimes something wrong in it."""
        text = "[" + f",{self.space()}".join(self.call() for _ in range(self.random.randrange(1, 4))) + "]"
        if self.random.random() < 0.4:
            at = self.random.randrange(len(text))
            text = text[:at] + self.random.choice(("", ",", "'", '"', "]", ")", "(", "x", "=", "\n")) + text[at + 1 :]
        return text

    def _some(self, parts: tuple[str, ...], most: int) -> str:
        return "".join(self.random.choice(parts) for _ in range(self.random.randrange(most)))


@pytest.mark.parametrize("name", ["pythonic", "lfm2"])
def test_random_calls_are_what_python_reads(name):
    """Where Python reads a list of calls, so does the parser, and it writes what json.dumps would."""
    seed = random.randrange(sys.maxsize)
    print(f"seed {seed}")
    writer = Writer(seed)
    form = FORMATS[name]
    well_formed = 0
    for _ in range(1500):
        text = writer.answer()
        try:
            expected = calls_of(text, strict=name == "pythonic")
        except NoCallError:
            continue
        if name == "lfm2" and not is_plain(text):
            continue
        well_formed += 1
        answer = form.render([text[1:-1]])
        message = whole([Segment(answer)], **options_of(name))
        assert _pairs(message) == ("", expected), text
        assert driven([Segment(c) for c in answer], **options_of(name)) == message, text
    assert well_formed > 40


def is_plain(text: str) -> bool:
    """Whether no strings stand side by side: lfm2 takes their quotes for nested ones."""
    return re.search(r"['\"]\s*[rRfFuU]{0,2}['\"]", text) is None


@pytest.mark.parametrize("name", FORMATS)
def test_random_text_is_the_same_at_every_split(name):
    """Whatever comes, the pieces put together are those of the whole, and no call comes without its name."""
    seed = random.randrange(sys.maxsize)
    print(f"seed {seed}")
    writer = Writer(seed)
    for _ in range(60):
        text = FORMATS[name].render([writer.answer()[1:-1]]) + writer.random.choice(("", " Done.", "]", "[f(a=1)]"))
        text = text[: writer.random.randrange(len(text))] if writer.random.random() < 0.3 else text
        message = at_every_split([Segment(text)], **options_of(name))
        assert all(call["name"] for call in message["tool_calls"])
        whole(with_tokens(text), **options_of(name))


@pytest.mark.parametrize(
    "text",
    [
        "[f(1)]",
        "[f(**x)]",
        "[f(x)]",
        "[import(a=1)]",
        "[f(from=1)]",
        "[f]",
        "[f()",
        "[f(",
        "[f (a=1)]",
        "[ f(a=1)]",
        "[f( a=1)]",
        "[f(a =1)]",
        "[_f(a=1)]",
        "[f(_a=1)]",
        "[a.b(x=1)]",
        " [f(a=1)]",
        "f(a=1)",
        "[]",
        "[" + "f" * 1025 + "(a=1)]",
    ],
)
def test_what_is_no_call_comes_back_as_content(text):
    """All of it, once: vLLM's pattern and Python's grammar decide, but for an empty call, which is one."""
    expected = (text, []) if text != "[f()" else ("", [("f", "{}")])
    assert pythonic(text) == expected


@pytest.mark.parametrize(
    ("text", "content", "arguments"),
    [
        ("[f(a=1, b=2", " b=2", '{"a": 1'),
        ("[f(a=1, b=[2, 'x", " b=[2, 'x", '{"a": 1'),
        ("[f(a='x', b='it", "", '{"a": "x", "b": "it'),
        ("[f(a='x\\u00", "\\u00", '{"a": "x'),
        ("[f(a='x'", "", '{"a": "x"'),
        ("[f(a=1, b=nil)]", " b=nil)]", '{"a": 1'),
        ("[f(a=1) + g(b=2)]", " + g(b=2)]", '{"a": 1}'),
        ("[f(a='x' + 'y')]", "+ 'y')]", '{"a": "x"'),
        ("[f(a='x\ny')]", "\ny')]", '{"a": "x'),
        ("[f(a=1, 2)]", " 2)]", '{"a": 1'),
        ("[f(a=b'x')]", "a=b'x')]", ""),
        ("[f(a=f'{x}')]", "{x}')]", '{"a": "'),
        ("[f(a=07)]", "a=07)]", ""),
        ("[f(a=" + "1" * 4301 + ")]", "a=" + "1" * 4301 + ")]", ""),
    ],
)
def test_a_call_keeps_what_came_before_it_broke(text, content, arguments):
    """The rest is content, as it stands."""
    assert pythonic(text) == (content, [("f", arguments)])


def test_calls_before_a_broken_one_stay():
    """What is malformed is content, and so is what follows it."""
    assert pythonic("[f(a=1), g(2), h(b=3)]") == (", g(2), h(b=3)]", [("f", '{"a": 1}')])


def test_a_broken_block_is_content_with_its_markers_and_the_next_one_is_read():
    """Of lfm2."""
    broken, good = f"{OPEN}[1, 2]{CLOSE}", f"{OPEN}[f(a=1)]{CLOSE}"
    assert lfm2(f"{broken}\n{good}") == (broken, [("f", '{"a": 1}')])


def test_text_behind_a_list_stays():
    """vLLM takes all of it for content, or drops the text."""
    assert pythonic("[f(a=1)]\n\nDone.") == ("Done.", [("f", '{"a": 1}')])


def test_every_block_of_calls_counts():
    """vLLM reads the first, and takes others for echoes."""
    assert lfm2(f"{OPEN}[f(a=1)]{CLOSE} and {OPEN}[g()]{CLOSE}") == ("and", [("f", '{"a": 1}'), ("g", "{}")])


def test_spaces_behind_calls_are_held_up_to_a_bound():
    """A model that writes nothing but spaces costs no memory: from 4 KiB on they go out."""
    parser = Parser(**options_of("lfm2"))
    parser.push(f"{OPEN}[f(a=1)]{CLOSE}")
    pieces = [piece for _ in range(20) for piece in parser.push(" " * 1000)]
    assert pieces
    assert {kind for kind, _ in pieces} == {"content"}


def test_the_token_that_ends_calls_ends_a_string_that_does_not():
    """What follows it is content, not part of the string."""
    segments = [Segment(OPEN, 100), Segment("[f(a='x"), Segment(CLOSE, 101), Segment("Done.")]
    message = driven(segments, **options_of("lfm2"))
    assert shown(message) == {
        "content": f"{CLOSE}Done.",
        "tool_calls": [{"name": "f", "id": "", "arguments": '{"a": "x'}],
    }


def test_marker_text_in_a_string_is_part_of_it():
    """vLLM ends the calls there, and loses them."""
    assert lfm2(f"{OPEN}[f(a='{CLOSE}')]{CLOSE}") == ("", [("f", json.dumps({"a": CLOSE}))])


def test_surrogates_stay_escapes():
    """vLLM's server answers 500."""
    assert pythonic(r"[f(a='\ud83d\ude00 \ud800')]") == ("", [("f", r'{"a": "\ud83d\ude00 \ud800"}')])


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_lost_where_an_answer_is_cut(name):
    """Cut anywhere, the arguments are the beginning of the whole answer's."""
    for calls in (CALLS | LENIENT).values():
        text = FORMATS[name].render(calls)
        full = whole([Segment(text)], **options_of(name))["tool_calls"]
        for end in range(len(text)):
            message = whole([Segment(text[:end])], **options_of(name))
            assert len(message["tool_calls"]) <= len(full)
            for cut, complete in zip(message["tool_calls"], full, strict=False):
                assert complete["arguments"].startswith(cut["arguments"].removesuffix('"'))
