# SPDX-License-Identifier: Apache-2.0
"""Recipes print what str's own methods print, for conversations of their shape and for no others."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront._native.template import ArgumentsPrinter, Recipe, RecipeBook
from tests.reference.text_recipe import render

CUTS = ("strip", "lstrip", "rstrip", "before", "after")
QUESTIONS = ("non_empty", "contains", "starts_with", "ends_with", "equals")

needles = st.text("<a>\n é日\U0001f600", min_size=1, max_size=3)
texts = st.one_of(
    st.text("<a>\n é", max_size=40),
    st.text("<a>\n é日\U0001f600\u2003\x1c\ud800", max_size=40),
    st.text("a<", min_size=100, max_size=300),
)


@st.composite
def recipes(draw: Any) -> tuple[list[str], list[Any], list[str | int]]:
    contents = draw(st.lists(texts, min_size=1, max_size=4))
    views, steps = len(contents), []
    for _ in range(draw(st.integers(0, 6))):
        view, name, text = draw(st.integers(0, views - 1)), draw(st.sampled_from(CUTS + QUESTIONS)), draw(needles)
        if name in QUESTIONS:
            steps.append((view, name, text, draw(st.booleans())))
        else:
            is_whitespace = "strip" in name and draw(st.booleans())
            steps.append((view, name, None if is_whitespace else text, None))
            views += 1
    pieces = draw(st.lists(st.one_of(texts, st.integers(0, views - 1)), max_size=6))
    return contents, steps, pieces


@given(recipes())
def test_recipes_equal_the_reference(case: tuple[list[str], list[Any], list[str | int]]) -> None:
    """Cuts, questions and joins, in every width of character."""
    contents, steps, pieces = case
    assert Recipe(len(contents), steps, pieces).render(contents) == render(contents, steps, pieces)


@given(recipes())
def test_answers_as_they_are_make_the_recipe_fit(case: tuple[list[str], list[Any], list[str | int]]) -> None:
    """With the answers of the contents at hand a prompt comes out, and it is as canonical a str as Python's own."""
    contents, steps, pieces = case
    fitting: list[Any] = []
    for view, name, text, answer in steps:
        step = (view, name, text, answer)
        if answer is not None and render(contents, [*fitting, step], []) is None:
            step = (view, name, text, not answer)
        fitting.append(step)
    text = Recipe(len(contents), fitting, pieces).render(contents)
    expected = render(contents, fitting, pieces)
    assert text is not None
    assert text == expected
    # The same kind of storage: one that is too wide would compare as another string.
    assert text.isascii() == expected.isascii()
    # Doubled, for one character is an object of Python's that may keep its UTF-8.
    assert sys.getsizeof(text + text) == sys.getsizeof(expected + expected)
    assert hash(text) == hash(expected)


def test_whitespace_is_pythons() -> None:
    """Every character that str.strip takes away, and no other."""
    recipe = Recipe(1, [(0, "strip", None, None)], [1])
    wrong = [hex(code) for code in range(sys.maxunicode + 1) if recipe.render([chr(code)]) != chr(code).strip()]
    assert wrong == []


@pytest.mark.parametrize(
    "arguments",
    [
        (1, [(1, "strip", None, None)], []),
        (1, [(1, "non_empty", None, True)], []),
        (1, [(0, "before", None, None)], []),
        (1, [(0, "after", "", None)], []),
        (1, [], [1]),
        (0, [], [0]),
    ],
)
def test_views_that_do_not_exist_are_refused(arguments: Any) -> None:
    """A recipe never reads what is not there."""
    with pytest.raises(ValueError, match="recipe"):
        Recipe(*arguments)


def test_contents_must_be_as_many_as_the_recipe_takes() -> None:
    """Another number is a mistake of the caller; a content that is no plain string is only refused."""
    recipe = Recipe(2, [], [1])
    with pytest.raises(ValueError, match="as many"):
        recipe.render(["a"])
    assert recipe.render(["a", type("S", (str,), {})("b")]) is None


def say(role: Any, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


PART = {"type": "text", "text": "x"}
CALL: dict[str, Any] = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
NOTHING = dict.fromkeys(("refusal", "annotations", "audio", "function_call"))


@pytest.mark.parametrize(
    ("messages", "as_is", "as_text", "as_parts"),
    [
        ([say("user", "x")], b"u", b"u", b"U"),
        (
            [say("system", "x"), say("user", ""), say("assistant", "é"), say("tool", "x")],
            *(b"suat", b"suat", b"SUAt"),
        ),
        ([say("user", [PART])], b"U", b"u", b"U"),
        ([say("user", [PART]), say("tool", "x")], b"Ut", b"ut", b"Ut"),
        ([say("tool", [PART])], b"T", b"t", b"t"),
        ([say("user", [PART, PART])], None, None, None),
        ([say("user", [])], None, None, None),
        ([say("user", [{**PART, "x": 1}])], None, None, None),
        ([say("user", [{"type": "image", "text": "x"}])], None, None, None),
        ([say("user", [{"type": 1, "text": "x"}])], None, None, None),
        ([say("user", ["x"])], None, None, None),
        ([say("user", None)], None, None, None),
        ([say("user", 1)], None, None, None),
        ([say("developer", "x")], None, None, None),
        ([say("User", "x")], None, None, None),
        ([say("userś", "x")], None, None, None),
        ([say(None, "x")], None, None, None),
        ([say("user", "x") | {"name": "n"}], None, None, None),
        ([{"role": "user", "text": "x"}], None, None, None),
        ([{"content": "user", "text": "x"}], None, None, None),
        (["user"], None, None, None),
        ([], None, None, None),
        ((say("user", "x"),), None, None, None),
        (None, None, None, None),
        ([say("user", "x") | NOTHING], None, b"u", b"U"),
        ([say("user", "x") | {"tool_calls": None}], None, None, None),
        ([say("user", "x") | {"refusal": ""}], None, None, None),
        ([say("assistant", None)], None, b"a", b"N"),
        ([{"role": "assistant", "refusal": None}], None, b"a", b"N"),
        ([say("assistant", "x") | NOTHING | {"tool_calls": [], "reasoning": None}], None, b"a", b"A"),
        ([say("assistant", "x") | {"annotations": []}], None, b"a", b"A"),
        ([say("assistant", "x") | {"annotations": [1]}], None, None, None),
        ([say("assistant", "x") | {"reasoning": "y"}], None, b"ha", b"hA"),
        ([say("assistant", "x") | {"reasoning_content": "y"}], None, b"ha", b"hA"),
        ([say("assistant", "x") | {"reasoning": 1}], None, None, None),
        ([say("assistant", "x") | {"tool_calls": [CALL]}], None, b"ai", b"Ai"),
        ([say("assistant", None) | {"tool_calls": [CALL, CALL], "reasoning": "y"}], None, b"haii", b"hNii"),
        ([say("assistant", None) | {"tool_calls": [CALL] * 65}], None, None, None),
        ([say("assistant", None) | {"tool_calls": {}}], None, None, None),
        ([say("tool", "x") | {"tool_call_id": "1"}], None, b"r", b"r"),
        ([say("tool", [PART]) | {"tool_call_id": "1"}], None, b"r", b"r"),
        ([say("tool", "x") | {"tool_call_id": None}], None, None, None),
        ([say("tool", "x") | {"tool_call_id": "1", "name": "f"}], None, None, None),
        ([say("tool", None) | {"tool_call_id": "1"}], None, None, None),
        ([say("user", "x") | {"tool_call_id": "1"}], None, None, None),
        ([say("user", "x")] * 512, b"u" * 512, b"u" * 512, b"U" * 512),
        ([say("user", "x")] * 513, None, None, None),
    ],
)
def test_only_plain_messages_have_a_shape(messages: Any, as_is: Any, as_text: Any, as_parts: Any) -> None:
    """A role that is known, one text, calls and their results: nothing else that a template might see."""
    book = RecipeBook(printer=ArgumentsPrinter(str, 1 << 20))
    found = [book.read(messages, form) for form in (None, False, True)]
    assert [None if read is None else read[0] for read in found] == [as_is, as_text, as_parts]


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ((), {"index": 0}),
        ((), {"type": "other"}),
        ((), {"id": None}),
        ((), {"function": "f"}),
        (("function",), {"name": 1}),
        (("function",), {"arguments": {}}),
        (("function",), {"strict": True}),
    ],
)
def test_calls_that_have_no_shape(where: tuple[str, ...], what: dict[str, Any]) -> None:
    """A template might see what the shape does not tell of."""
    call = {**CALL, "function": {**CALL["function"], **what}} if where else {**CALL, **what}
    assert (
        RecipeBook(printer=ArgumentsPrinter(str, 1 << 20)).read([say("assistant", "x") | {"tool_calls": [call]}], False)
        is None
    )


def test_the_texts_of_a_conversation() -> None:
    """In the order of its letters; arguments as they are printed."""
    made = {**CALL, "function": {"name": "f", "arguments": "{ }"}}
    messages = [
        say("user", "a"),
        say("assistant", None) | {"tool_calls": [made, {**made, "id": "2"}], "reasoning": "why"},
        say("tool", "b") | {"tool_call_id": "1"},
        say("assistant", [PART]),
    ]
    call, other = ("1", "f", "<{ }>"), ("2", "f", "<{ }>")
    book = RecipeBook(printer=ArgumentsPrinter("<{}>".format, 1 << 20))
    assert book.read(messages, False) == (b"uhaiira", ["a", "why", "", *call, *other, "1", "b", "x"])
    assert book.read(messages, True) == (b"UhNiirA", ["a", "why", *call, *other, "1", "b", "x"])


def test_arguments_are_printed_once() -> None:
    """And remembered as they were written; what cannot be printed has no recipe."""
    asked: list[str] = []

    def printed(arguments: str) -> str | None:
        asked.append(arguments)
        return None if arguments == "bad" else arguments.upper()

    def calling(arguments: str) -> list[dict[str, Any]]:
        function = {"name": "f", "arguments": arguments}
        return [say("assistant", "x") | {"tool_calls": [{**CALL, "function": function}]}]

    book = RecipeBook(printer=ArgumentsPrinter(printed, 1 << 20))
    book.add(b"ai", Recipe(4, [], [0, 3]))
    for _ in range(2):
        assert book.render(calling("good"), False) == "xGOOD"
        assert book.render(calling("bad"), False) is None
    assert asked == ["good", "bad"]
    large = "a" * (1 << 16)
    for _ in range(2):
        assert book.render(calling(large), False) == "x" + large.upper()
    assert asked[2:] == [large, large]
    assert RecipeBook().read(calling("{}"), False) is None


objects = st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        st.one_of(st.text(max_size=5), st.integers(), st.floats(), st.booleans(), st.none()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)),
        max_leaves=6,
    ),
    max_size=4,
)


@given(objects, st.sampled_from([(", ", ": "), (",", ":")]), st.booleans(), st.data())
def test_arguments_that_are_printed_already_are_taken_as_they_are(
    value: Any, separators: tuple[str, str], ascii_only: bool, data: st.DataObject
) -> None:
    """Only those, however they are written and wherever a character of theirs is another one."""
    asked: list[str] = []
    written = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    for text in (written, data.draw(st.sampled_from(mutations(written)))):
        call = {**CALL, "function": {"name": "f", "arguments": text}}
        printer = ArgumentsPrinter(lambda written: asked.append(written) or "printed", 1 << 20)
        read = RecipeBook(printer=printer).read([say("assistant", "x") | {"tool_calls": [call]}], False)
        assert read is not None
        if text not in asked:
            assert read[1][-1] == text == json.dumps(json.loads(text), ensure_ascii=False)
            assert isinstance(json.loads(text), dict)
    if separators[0] == ", " and not re.search(r"[.\\]|\d{18}|NaN|Infinity|e[+-]", written):
        assert written not in asked


def mutations(text: str) -> list[str]:
    places = range(len(text))
    changed = [text[:n] + char + text[n + 1 :] for n in places for char in ' "0-}a\\']
    return [*changed, *(text[:n] + text[n + 1 :] for n in places), *(text[:n] + " " + text[n:] for n in places)]


def test_arguments_are_remembered_up_to_a_bound() -> None:
    """And then forgotten: what is printed stays right."""
    printer = ArgumentsPrinter(lambda arguments: arguments[::-1], 100_000)
    book = RecipeBook(printer=printer)
    for number in range(200):
        arguments = f"{number:06}" * 400  # no object
        call = {**CALL, "function": {"name": "f", "arguments": arguments}}
        read = book.read([say("assistant", "x") | {"tool_calls": [call]}], False)
        assert read is not None
        assert read[1][-1] == arguments[::-1]
        assert 0 < len(printer) <= 20


def test_a_conversation_goes_to_the_first_recipe_of_its_shape_that_fits() -> None:
    """Shapes are kept apart, and so are texts and parts."""
    book = RecipeBook()
    book.add(b"u", Recipe(1, [(0, "starts_with", "a", True)], ["first ", 0]))
    book.add(b"u", Recipe(1, [(0, "starts_with", "b", False)], ["second ", 0]))
    book.add(b"U", Recipe(1, [], ["parts ", 0]))
    assert (len(book), book.recipes(b"u"), book.recipes(b"s")) == (2, 2, 0)
    assert book.render([say("user", "ax")]) == "first ax"
    assert book.render([say("user", "cx")]) == "second cx"
    assert book.render([say("user", "bx")]) is None
    assert book.render([say("system", "ax")]) is None
    assert book.render([say("user", [{"type": "text", "text": "bx"}])]) == "parts bx"
    assert book.render([say("user", "bx")], True) == "parts bx"
    assert book.render([say("user", "ax")], False) == "first ax"
    book.drop(b"u")
    book.drop(b"u")
    assert book.render([say("user", "ax")]) is None


def test_the_first_use_of_a_recipe_is_told() -> None:
    """Once for each recipe, with the texts that it rendered."""
    told: list[Any] = []
    book = RecipeBook(lambda shape, texts: told.append((shape, texts)))
    book.add(b"u", Recipe(1, [(0, "equals", "a", True)], []))
    book.add(b"u", Recipe(1, [], []))
    for content in ("a", "a", "b", "b"):
        assert book.render([say("user", content)]) == ""
    assert told == [(b"u", ["a"]), (b"u", ["b"])]


def test_a_recipe_is_added_only_under_a_shape_of_its_size() -> None:
    """Else it would read contents that are not there."""
    with pytest.raises(ValueError, match="as many"):
        RecipeBook().add(b"uu", Recipe(1, [], [0]))
    for shape, contents in ((b"ai", 4), (b"r", 2), (b"Nii", 6), (b"ha", 2)):
        RecipeBook().add(shape, Recipe(contents, [], []))
        with pytest.raises(ValueError, match="as many"):
            RecipeBook().add(shape, Recipe(contents + 1, [], []))
