# SPDX-License-Identifier: Apache-2.0
"""A traced template prints literals and contents, or is not traced."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jinja2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastfront._native.template import Recipe
from fastfront.prompt import limits
from fastfront.prompt.sandbox import FUNCTIONS, ChatEnvironment, TemplateTimeoutError
from fastfront.prompt.trace import UntraceableError
from fastfront.prompt.traced_template import Traced, TracedTemplate

LOOP = "{% for m in messages %}"
END = "{% endfor %}"


def trace(source: str, *contents: str, **names: Any) -> Traced:
    """Trace a conversation that a user begins."""
    contents = contents or ("a", "b")

    def variables(texts: list[Any]) -> dict[str, Any]:
        roles = ["user", "assistant"] * len(texts)
        messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
        return {"messages": messages, "tools": None, "bos": "<s>", **names}

    return TracedTemplate(source).run(contents, variables)


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        (LOOP + "[{{ m.role }}]{{ m.content }}" + END + "!", ["[user]", 0, "[assistant]", 1, "!"]),
        (LOOP + "{{ '<' + m['content'] + '>' }}" + END, ["<", 0, "><", 1, ">"]),
        (LOOP + "{{ bos ~ m.content ~ 1 ~ none ~ true ~ no }}" + END, ["<s>", 0, "1NoneTrue<s>", 1, "1NoneTrue"]),
        (LOOP + "{{ m.get('content') }}{{ m.content | string }}" + END, [0, 0, 1, 1]),
        (LOOP + "{% for k, v in m.items() %}{{ v }} {% endfor %}" + END, ["user ", 0, " assistant ", 1, " "]),
        ("{{ messages | map(attribute='content') | first }}{{ (messages | last).content }}", [0, 1]),
        ("{{ (messages | selectattr('role', 'equalto', 'assistant') | list)[0].content }}", [1]),
        ("{% macro say(x, y='') %}({{ x }}{{ y }}){% endmacro %}{{ say(messages[1].content) }}", ["(", 1, ")"]),
        ("{% macro m() %}<{{ caller() }}{% endmacro %}{% call m() %}{{ messages[0].content }}{% endcall %}", ["<", 0]),
        ("{% set x %}a{{ messages[0].content }}b{% endset %}{{ x }}{{ x }}", ["a", 0, "ba", 0, "b"]),
        ("{% set ns = namespace(x='') %}" + LOOP + "{% set ns.x = ns.x + m.content %}" + END + "{{ ns.x }}", [0, 1]),
        ("{% generation %}{{ messages[0].content }}{% endgeneration %}", [0]),
        ("{{ messages[0].content.content is defined }}{{ messages[0].content['x'] }}", ["False"]),
        ("{{ messages[0].content if messages[0].content is string and messages[0].content is iterable }}", [0]),
        ("{% set c = messages[0].content %}{{ c is mapping }}{{ c is none }}{{ none == c }}", ["FalseFalseFalse"]),
        ("{{ messages[0].content is number }}{{ messages[0].content is sequence }}", ["FalseTrue"]),
        ("{{ messages | length }}{{ tools }}{{ nothing }}{{ 1.5 }}{{ loop }}", ["2None1.5"]),
        ("{{ messages[0] == messages[0] }}{{ messages[0] == messages[1] }}", ["TrueFalse"]),
        ("{{ messages[0].content or 'empty' }}{{ messages[1].content | default('x', true) }}", [0, 1]),
        ("nothing of it", ["nothing of it"]),
        ("", [""]),
    ],
)  # fmt: skip
def test_what_is_printed_is_literals_and_contents(source: str, pieces: list[Any]) -> None:
    """Through loops, macros, blocks, namespaces, filters and joins."""
    assert trace(source).pieces == pieces


@pytest.mark.parametrize(
    ("expression", "step"),
    [
        ("'x' in c", (0, "contains", "x", False)),
        ("'x' not in c", (0, "contains", "x", False)),
        ("c.startswith('a')", (0, "starts_with", "a", True)),
        ("c.endswith('b')", (0, "ends_with", "b", False)),
        ("c == 'a'", (0, "equals", "a", True)),
        ("'a' == c", (0, "equals", "a", True)),
        ("c != 'b'", (0, "equals", "b", False)),
        ("c is eq('a')", (0, "equals", "a", True)),
        ("c in ['a']", (0, "equals", "a", True)),
        ("c", (0, "non_empty", None, True)),
        ("not c", (0, "non_empty", None, True)),
        ("c == ''", (0, "non_empty", None, True)),
        ("c and true", (0, "non_empty", None, True)),
        ("c.strip()", (0, "strip", None, None)),
        ("c | trim", (0, "strip", None, None)),
        ("c.lstrip('x')", (0, "lstrip", "x", None)),
        ("c.rstrip('\\n')", (0, "rstrip", "\n", None)),
        ("c.split('</think>')[-1]", (0, "after", "</think>", None)),
        ("c.split('</think>')[0]", (0, "before", "</think>", None)),
    ],
)
def test_what_is_asked_and_cut_is_a_step(expression: str, step: Any) -> None:
    """The answers are those of the contents at hand."""
    traced = trace("{% set c = messages[0].content %}{% if " + expression + " %}{% endif %}")
    assert traced.steps[0] == step


def test_cut_contents_are_printed_as_views() -> None:
    """A cut is a view behind the contents."""
    traced = trace("{{ messages[1].content | trim }}{{ (messages[0].content + '\n').strip() }}")
    assert traced.pieces == [2, 4]
    assert traced.steps == [
        (1, "strip", None, None),
        (0, "lstrip", None, None),
        (3, "non_empty", None, True),
        (3, "rstrip", None, None),
    ]


@pytest.mark.parametrize(
    "expression",
    [
        *("c | length", "c[0]", "c[1:]", "c | upper", "c.upper()", "c.title()", "c | replace('a', 'b')", "c * 2"),
        *("c | tojson", "m | tojson", "[c]", "{'a': c}", "m", "messages", "c | list", "c | int", "c | float(1)"),
        *("c | safe", "c | e", "c < 'b'", "'%s' % c", "'x' % c", "'%s' | format(c)", "'{}'.format(c)", "[c] | join"),
        *("', '.join([c])", "c in 'abc'", "c | first", "c | last", "c.split()", "c.split('x')[1]"),
        *("c.split('x') | length", "c.x.y", "c.split('x') is iterable", "c.split('x') is sequence"),
        *("c.split('x').trace", "c.split('x').nothing", "-c", "c.split('x') | last", "c.__class__", "c.format"),
        *("c['upper']", "c ~ messages", "range(3)", "namespace", "{}[c]", "c in {'a': 1}", "c is sameas(c)"),
        *("c is lower", "c is in('abc')", "messages | map('upper') | list", "[c, 'a'] | sort", "c | batch(2)"),
        *("[1, 2] | random", "lipsum()", "c | pprint", "c | string | length", "c | trim(1)"),
        *("c == messages[1].content", "raise_exception('no')", "strftime_now(c)", "strftime_now('%f')", "c + none"),
        *("c + nothing", "nothing + c", "no()", "loop.changed(c)", "cycler(c)", "dict(a=c)", "[c] | unique | list"),
        *("(c ~ 'x') == 'ax'", "c | wordcount"),
    ],
)  # fmt: skip
def test_what_depends_on_characters_is_not_traced(expression: str) -> None:
    """Nor what prints an object, chance, or what fails anyway."""
    source = "{% for m in messages %}{% set c = m.content %}{{ " + expression + " }}{% endfor %}"
    with pytest.raises((UntraceableError, jinja2.TemplateError, TypeError, AttributeError)):
        trace(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% autoescape true %}{{ messages[0].content }}{% endautoescape %}",
        "{% include 'x' %}",
        "{% block x %}{% endblock %}",
        "{% extends 'x' %}",
    ],
)
def test_parts_of_jinja_that_were_not_looked_at_rule_a_template_out(source: str) -> None:
    """Whether a conversation gets there or not."""
    with pytest.raises(UntraceableError, match=r"\(line"):
        TracedTemplate(source)


def test_a_swallowed_refusal_counts() -> None:
    """`is sequence` asks for a length and takes any error for a no."""
    with pytest.raises(UntraceableError, match="an operation on a content"):
        trace("{% if messages[0].content.split('x') is sequence %}{% endif %}{{ messages[0].content }}")


def test_dates_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each format."""
    monkeypatch.setitem(FUNCTIONS, "strftime_now", datetime(2026, 11, 25).strftime)  # noqa: DTZ001 - naive as the real one
    traced = trace("{% if strftime_now is defined %}{{ strftime_now('%d %b') }}{{ strftime_now('%Y') }}{% endif %}")
    assert traced.pieces == ["25 Nov2026"]
    assert traced.dates == {"%d %b": "25 Nov", "%Y": "2026"}


def test_a_template_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is rendered."""
    monkeypatch.setattr(limits, "CHAT_TEMPLATE_RENDER_TIMEOUT", 0.001)
    with pytest.raises(TemplateTimeoutError):
        trace("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")


def test_much_text_of_its_own_is_not_traced() -> None:
    """What recipes hold is bounded."""
    with pytest.raises(UntraceableError, match="too much"):
        trace("x" * 140_000 + "{{ messages[0].content }}")


_atoms = st.sampled_from(
    ("c", "d", "c", "d", "m.content", "'a'", "'<a>'", "'\\n'", "''", "none", "1", "nothing", "m.role")
)
_unary = (
    *("({}) | trim", "({}).strip()", "({}).lstrip('\\n')", "({}).rstrip('a')", "({}).split('a')[0]", "({}) | string"),
    *(
        "({}).split('<a>')[-1]",
        "({}) | default('x', true)",
        "not ({})",
        "({}) is string",
        "({}) | length",
        "({}) | upper",
    ),
    *("({})[0]", "({}) is defined", "({}) | list | first", "({}) | tojson", "({}) is none", "say({})", "[{}] | first"),
    *("({}) is sequence", "({}).nothing", "{{'x': {}}}.x", "({}) | e", "({}) | safe", "({}) | int", "({}) is mapping"),
)
_binary = (
    *("({}) + ({})", "({}) + ({})", "({}) ~ ({})", "({}) == ({})", "({}) != ({})", "({}) in ({})", "({}) and ({})"),
    *(
        "({}) or ({})",
        "({}).startswith({})",
        "({}).endswith({})",
        "({}) if ({}) else 'no'",
        "({}) in [{}]",
        "({}) < ({})",
    ),
    *("({}).replace('a', {})", "({}) | replace('a', {})", "[({}), ({})] | join", "({}) not in ({})", "({}) % ({})"),
)
_expressions = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.builds(str.format, st.sampled_from(_unary), inner),
        st.builds(str.format, st.sampled_from(_binary), inner, inner),
    ),
    max_leaves=6,
)
_contents = st.lists(st.text("<a>\n é", max_size=5), min_size=2, max_size=2)
_reference = ChatEnvironment()


@given(st.lists(_expressions, min_size=1, max_size=3), _contents, st.lists(_contents, max_size=10))
def test_random_templates_print_what_jinja2_prints(
    expressions: list[str], contents: list[str], others: list[list[str]]
) -> None:
    """Without any battery behind it, for all contents that a recipe takes."""
    source = (
        "{% macro say(x) %}{{ x }}{% endmacro %}" + "{% set c = messages[0].content %}{% set d = messages[1].content %}"
    )
    for expression in expressions:
        source += "{% set m = messages[0] %}{{ " + expression + " }}|{% if " + expression + " %}y{% else %}n{% endif %}"
    try:
        traced = trace(source, *contents)
    except Exception:
        assume(False)
    recipe = Recipe(2, traced.steps, traced.pieces)
    real = _reference.from_string(source)
    for texts in (contents, *others):
        text = recipe.render(texts)
        messages = [{"role": "user", "content": texts[0]}, {"role": "assistant", "content": texts[1]}]
        assert text is None or text == real.render(messages=messages, tools=None, bos="<s>")
    assert recipe.render(contents) is not None
