# SPDX-License-Identifier: Apache-2.0
"""Recipes print what str's own methods print, for conversations of their shape and for no others."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront._native.template import Recipe, RecipeBook
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


@pytest.mark.parametrize(
    ("messages", "as_is", "as_text", "as_parts"),
    [
        ([say("user", "x")], b"u", b"u", b"U"),
        (
            [say("system", "x"), say("user", ""), say("assistant", "é"), say("tool", "x")],
            *(b"suat", b"suat", b"SUAt"),
        ),
        ([say("user", [PART])], b"U", None, None),
        ([say("user", [PART]), say("tool", "x")], b"Ut", None, None),
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
        ([say("user", "x")] * 512, b"u" * 512, b"u" * 512, b"U" * 512),
        ([say("user", "x")] * 513, None, None, None),
    ],
)
def test_only_plain_messages_have_a_shape(messages: Any, as_is: Any, as_text: Any, as_parts: Any) -> None:
    """A role that is known, one text, nothing else."""
    shapes = [RecipeBook.shape_of(messages, form) for form in (None, False, True)]
    assert shapes == [as_is, as_text, as_parts]


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
    """Once for each recipe, with the messages that it rendered."""
    told: list[Any] = []
    book = RecipeBook(lambda shape, messages: told.append((shape, messages)))
    book.add(b"u", Recipe(1, [(0, "equals", "a", True)], []))
    book.add(b"u", Recipe(1, [], []))
    for content in ("a", "a", "b", "b"):
        assert book.render([say("user", content)]) == ""
    assert told == [(b"u", [say("user", "a")]), (b"u", [say("user", "b")])]


def test_a_recipe_is_added_only_under_a_shape_of_its_size() -> None:
    """Else it would read contents that are not there."""
    with pytest.raises(ValueError, match="as many"):
        RecipeBook().add(b"uu", Recipe(1, [], [0]))
