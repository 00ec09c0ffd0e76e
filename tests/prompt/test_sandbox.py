# SPDX-License-Identifier: Apache-2.0
"""What a template may do, and for how long."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jinja2 import TemplateError
from jinja2.exceptions import SecurityError

from fastfront.prompt.sandbox import FUNCTIONS, ChatEnvironment, TemplateTimeoutError, run_for

ENVIRONMENT = ChatEnvironment()

NESTED = "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in [] %}{% endfor %}{% endfor %}{% endfor %}"
DOUBLING = "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(80) }}"


def render(source: str, **variables: Any) -> str:
    run_for(30)
    return ENVIRONMENT.from_string(source, globals=FUNCTIONS).render(variables)


def nested_short_loops(depth: int) -> str:
    body = ""
    for _ in range(depth):
        body = "{% for i in range(60) %}" + body + "{% endfor %}"
    return body


@pytest.mark.parametrize("source", [NESTED, DOUBLING, nested_short_loops(8)], ids=["nested", "recursion", "short"])
def test_a_template_that_runs_away_is_stopped(source: str) -> None:
    """Loops and calls look at the clock, however short each loop is."""
    template = ENVIRONMENT.from_string(source)
    run_for(0.05)
    started = time.monotonic()
    with pytest.raises(TemplateTimeoutError):
        template.render()
    assert time.monotonic() - started < 5


def test_a_long_loop_looks_at_the_clock_on_its_way() -> None:
    """Its body may take long without a loop or a call of its own: the end of the loop is too late."""
    taken = iter(range(100_000))
    run_for(1e-9)
    with pytest.raises(TemplateTimeoutError):
        ENVIRONMENT.from_string("{% for x in xs %}{{ x }}{% endfor %}").render(xs=taken)
    assert next(taken) < 5000


def test_time_counts_anew_for_the_next_template() -> None:
    """A template that was stopped leaves nothing behind for the next one in its thread."""
    run_for(1e-9)
    with pytest.raises(TemplateTimeoutError):
        ENVIRONMENT.from_string(NESTED).render()
    assert render("{% for i in range(9000) %}x{% endfor %}") == "x" * 9000


def test_no_bound_is_possible() -> None:
    """Zero seconds, as in vLLM, mean any time."""
    run_for(0)
    assert len(ENVIRONMENT.from_string("{% for i in range(99999) %}x{% endfor %}").render()) == 99_999


def test_counted_loops_know_their_length() -> None:
    """`loop` has all that it has for an ordinary list, and for what has no length."""
    source = "{% for x in xs %}{{ loop.index }}/{{ loop.length }}{{ loop.revindex0 }}{{ loop.last }};{% endfor %}"
    expected = "1/21False;2/20True;"
    assert render(source, xs=["a", "b"]) == expected
    assert render(source, xs=iter(["a", "b"])) == expected


def test_loops_have_else_filters_recursion_and_breaks() -> None:
    """The forms of `for` that templates use go through the counter unchanged."""
    assert render("{% for x in xs if x > 1 %}{{ x }}{% else %}none{% endfor %}", xs=[1, 2, 3]) == "23"
    assert render("{% for x in [] %}{% else %}none{% endfor %}") == "none"
    assert render("{% for x in nothing %}{% else %}none{% endfor %}") == "none"
    assert render("{% for x in xs recursive %}{{ x.n }}{{ loop(x.c) }}{% endfor %}", xs=[{"n": 1, "c": []}]) == "1"
    assert render("{% for x in xs %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", xs=[1, 2, 3]) == "1"
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        render("{% for x in 5 %}{% endfor %}")


def test_members_of_dicts_come_before_methods_only_where_jinja_says_so() -> None:
    """`d.items` is the method, `d['items']` the member; what is missing is undefined, silently."""
    value = {"items": 1, "role": "user"}
    assert render("{{ d['items'] }}{{ d.role }}{{ d['role'] }}{{ d.items() | list | length }}", d=value) == "1useruser2"
    assert render("[{{ d.nope }}{{ d['nope'] }}{{ d.nope is defined }}]", d=value) == "[False]"


@pytest.mark.parametrize(
    "source", ["{{ xs.append(1) }}", "{{ ''.__class__.__mro__ }}", "{{ xs.__init__.__globals__ }}"]
)
def test_the_sandbox_holds(source: str) -> None:
    """A template changes nothing and reaches nothing of the process."""
    with pytest.raises(SecurityError):
        render(source, xs=[])


def test_tojson_keeps_characters_and_order() -> None:
    """Unlike Jinja's own: no HTML escapes, and members stay where they are."""
    value = {"b": "<é&>", "a": None}
    assert render("{{ v | tojson }}", v=value) == '{"b": "<é&>", "a": null}'
    assert render("{{ v | tojson(sort_keys=true, indent=1) }}", v={"b": 1, "a": 2}) == '{\n "a": 2,\n "b": 1\n}'


def test_functions_of_templates() -> None:
    """raise_exception raises with its words, strftime_now tells the time, generation marks are transparent."""
    with pytest.raises(TemplateError, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}")
    assert render("{{ strftime_now('%Y') }}") == time.strftime("%Y")
    assert render("a{% generation %}{{ x }}{% endgeneration %}c", x="b") == "abc"
