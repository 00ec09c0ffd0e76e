# SPDX-License-Identifier: Apache-2.0
"""Which templates take lists of parts. That the answers are vLLM's is in the golden files; here is what they are."""

from __future__ import annotations

import pytest

from fastfront.prompt.content_format import detect_content_format
from fastfront.prompt.sandbox import ChatEnvironment

LOOP = "{% for c in m.content %}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ messages[0].content }}", "string"),
        ("{% for m in messages %}{{ m.content }}{% endfor %}", "string"),
        ("{% for m in messages %}" + LOOP + "{% endfor %}", "openai"),
        ("{% for m in messages[1:] %}{% for c in m['content'] | list %}{% endfor %}{% endfor %}", "openai"),
        ("{% set rest = messages %}{% set more = rest[1:] %}{% for m in more %}" + LOOP + "{% endfor %}", "openai"),
        ("{% for c in content %}{% endfor %}", "openai"),
        ("{% macro f(content) %}{% for c in content %}{% endfor %}{% endmacro %}", "string"),
        ("{% for m in others %}" + LOOP + "{% endfor %}", "string"),
        ("{% for m in messages %}{% for c in m.contents %}{% endfor %}{% endfor %}", "string"),
        ("{% for a, b in messages %}{% endfor %}{% for m in messages %}" + LOOP + "{% endfor %}", "string"),
        ("{% set n.x = messages %}{% for m in messages %}" + LOOP + "{% endfor %}", "string"),
    ],
)
def test_the_form_that_a_template_takes(source: str, expected: str) -> None:
    """A loop over a message's content, however the message was reached, means parts."""
    assert detect_content_format(ChatEnvironment().parse(source)) == expected


def test_variables_that_name_each_other_end_the_search() -> None:
    """vLLM follows such a circle for ever."""
    source = "{% set a = messages %}{% set b = a %}{% set a = b %}{% for m in b %}" + LOOP + "{% endfor %}"
    assert detect_content_format(ChatEnvironment().parse(source)) == "openai"
