# SPDX-License-Identifier: Apache-2.0
"""What is written down about a Text is what happens to a str, and what cannot be written down ends the trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastfront._native.template import Recipe
from fastfront.prompt.trace import Trace, UntraceableError
from fastfront.prompt.traced_text import Text, join

words = st.text("<a>\n é", max_size=6)
needles = st.text("<a>\n é", min_size=1, max_size=2)
operations = st.one_of(
    st.tuples(st.sampled_from(("strip", "lstrip", "rstrip")), st.one_of(st.none(), needles)),
    st.tuples(st.sampled_from(("first", "last", "contains", "starts", "ends", "equals", "before", "behind")), needles),
    st.tuples(st.sampled_from(("truth", "again", "equals")), st.just("")),
)


def run(program: list[tuple[str, str | None]], contents: list[Any]) -> Any:
    """Work with strings, or what stands for them, and return all that came out of it, as one text."""
    value, out = contents[0], ""
    for number, (name, text) in enumerate(program):
        other = contents[number % len(contents)]
        match name:
            case "strip" | "lstrip" | "rstrip":
                value = getattr(value, name)() if text is None else getattr(value, name)(text)
            case "first":
                value = value.split(text)[0]
            case "last":
                value = value.split(text)[-1]
            case "before":
                value = text + value + other
            case "behind":
                value = other + value + text
            case "again":
                value = other
            case "contains":
                out = out + ("yes" if text in value else "no")
            case "starts":
                out = out + ("yes" if value.startswith(text) else "no")
            case "ends":
                out = out + ("yes" if value.endswith(text) else "no")
            case "equals":
                out = out + ("yes" if value == text else "no") + ("yes" if text != value else "no")
            case "truth":
                out = out + ("yes" if value else "no")
        out = out + value + "|"
    return out


@given(
    st.lists(operations, max_size=8),
    st.lists(words, min_size=1, max_size=3),
    st.lists(st.lists(words, min_size=3, max_size=3), max_size=20),
)
def test_recipes_of_traces_equal_str(program: list[Any], contents: list[str], others: list[list[str]]) -> None:
    """For the contents traced with, and for all others that the recipe takes."""
    trace = Trace(contents, 100)
    try:
        text = run(program, [Text(trace, (view,)) for view in range(len(contents))])
    except UntraceableError:
        assume(False)
    recipe = Recipe(len(contents), trace.steps, [text] if type(text) is str else text.pieces)
    assert recipe.render(contents) == run(program, contents)
    for other in others:
        other_contents = other[: len(contents)]
        assert recipe.render(other_contents) in (None, run(program, other_contents))


def text_of(content: str, *pieces: str | int) -> Text:
    return Text(Trace([content], 10), pieces or (0,))


class Subclass(str):
    """A string that could do anything."""

    __slots__ = ()


@pytest.mark.parametrize(
    "expression",
    [
        *("str(text)", "repr(text)", "hash(text)", "len(text)", "list(text)", "reversed(text)", "int(text)"),
        *("float(text)", "bytes(text)", "range(text)", "[1][text]", "'{}'.format(text)", "'%s' % text", "f'{text}'"),
        *("f'{text:>3}'", "'a'.join([text])", "text in 'abc'", "text in {'a'}", "re.search('a', text)"),
        *("json.dumps(text)", "text in text", "text[0]", "text[1:]", "text * 2", "2 * text", "text % 1"),
        *("text < 'b'", "'b' <= text", "text > text", "text >= 1", "text.upper()", "text.replace('a', 'b')"),
        *("text.strip(1)", "text.startswith(('a', 'b'))", "text.endswith('a', 1)", "'a'.startswith(text)"),
        *("'a'.replace('a', text)", "'a'.split(text)", "'a'.strip(text)", "'%s'.format(x=text) % text", "text + 1"),
        *("text + Subclass('a')", "Subclass('a') + text", "text == Subclass('a')", "Subclass('a') in text"),
        *("text == Text(text.trace, ('a', 0))", "text == Text(text.trace, (1,))", "text.split()", "text.split('')"),
        *("text.split('a', 1)", "text.split('a')[1]", "text.split('a')[1:]", "len(text.split('a'))"),
        *("list(text.split('a'))", "bool(text.split('a'))", "str(text.split('a'))", "text.split('a') == []"),
        *("text.split('a') + []", "text.split('a').index('a')"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_down_is_refused(expression: str) -> None:
    """Nobody gets an answer that would depend on characters, C code included."""
    text = text_of("a")
    names = {"text": text, "Text": Text, "Subclass": Subclass, "re": re, "json": json}
    with pytest.raises((UntraceableError, TypeError)):
        eval(expression, names)
    assert text.trace.steps == []


def test_a_refusal_is_for_good() -> None:
    """Even if whoever asked swallows the error."""
    text = text_of("a")
    with pytest.raises(UntraceableError):
        len(text)
    assert text.trace.refusal == "an operation on a content"


@pytest.mark.parametrize(
    "ask",
    [
        *(lambda text: "b" in text, lambda text: text.startswith("ab"), lambda text: text.endswith("ba")),
        *(lambda text: text == "b", lambda text: text.split("b")),
    ],
)
def test_questions_about_a_text_put_together_are_refused(ask: Callable[[Any], Any]) -> None:
    """Unless a literal alone has the answer."""
    with pytest.raises(UntraceableError, match="put together"):
        ask(text_of("a", "a", 0, "a"))


def test_literals_answer_where_they_can() -> None:
    """No question to the content is needed then."""
    text = text_of("a", "one", 0, "two")
    assert "ne" in text
    assert text.startswith("on")
    assert not text.startswith("two")
    assert text.endswith("wo")
    assert text
    assert text != ""
    assert text.trace.steps == []


def test_other_types_are_unequal_to_a_text() -> None:
    """As they are to a str."""
    text = text_of("a")
    assert [text == other for other in (None, 1, ["a"], b"a")] == [False] * 4  # type: ignore[comparison-overlap]
    assert text != 1
    assert text == text_of("b")  # the same view


def test_the_same_question_is_asked_once() -> None:
    """And the same cut is made once."""
    text = text_of(" a ")
    assert text.strip() == text.strip()
    assert "a" in text
    assert "a" in text
    assert text.trace.steps == [(0, "strip", None, None), (0, "contains", "a", True)]


def test_a_trace_has_a_bound() -> None:
    """A template that asks without end is not traced."""
    text = text_of("a")
    for number in range(10):
        text.startswith(str(number))
    with pytest.raises(UntraceableError, match="too many"):
        text.startswith("10")


def test_joining_merges_literals() -> None:
    """A text without a view is a plain string."""
    text = text_of("a")
    assert join(None, ["a", "", "b"]) == "ab"
    joined = join(None, ["a", "b", text, "", "c", "d"])
    assert isinstance(joined, Text)
    assert joined.pieces == ("ab", 0, "cd")
    with pytest.raises(UntraceableError):
        join(None, ["a", 1])
    with pytest.raises(UntraceableError):
        join(None, [text, 1])
