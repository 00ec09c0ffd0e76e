# SPDX-License-Identifier: Apache-2.0
"""Which template counts, and what becomes of its failures. What templates render is in the golden files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import limits
from fastfront.prompt.template import ChatTemplate
from fastfront.prompt.template_chooser import TemplateChooser

HELLO = [{"role": "user", "content": "hi"}]


def chooser(**sources: Any) -> TemplateChooser:
    return TemplateChooser(**{"given": None, "processor": None, "tokenizer": None, "special_tokens": {}, **sources})


def source_of(template: ChatTemplate | None) -> str | None:
    return None if template is None else template.source


def test_the_operators_template_counts_first() -> None:
    """--chat-template wins over the processor's, which wins over the tokenizer's where there are no tools."""
    assert source_of(chooser(given="g", processor="p", tokenizer="t").choose(None, has_tools=False)) == "g"
    assert source_of(chooser(given="g", processor="p", tokenizer="t").choose(None, has_tools=True)) == "g"
    assert source_of(chooser(processor="p", tokenizer="t").choose(None, has_tools=False)) == "p"
    assert source_of(chooser(processor="p", tokenizer="t").choose(None, has_tools=True)) == "t"
    assert chooser().choose(None, has_tools=False) is None


def test_named_templates() -> None:
    """Of several, tools take `tool_use`; a request, or the operator, may name one."""
    named = {"default": "d", "tool_use": "u", "rag": "r"}
    assert source_of(chooser(tokenizer=named).choose(None, has_tools=False)) == "d"
    assert source_of(chooser(tokenizer=named).choose(None, has_tools=True)) == "u"
    assert source_of(chooser(tokenizer=named).choose("rag", has_tools=True)) == "r"
    assert source_of(chooser(tokenizer=named).choose("{{ x }}", has_tools=True)) == "{{ x }}"
    assert source_of(chooser(tokenizer=named, given="rag").choose(None, has_tools=False)) == "r"
    assert chooser(tokenizer={"rag": "r"}).choose(None, has_tools=False) is None


def test_templates_of_requests_are_compiled_once_and_not_kept_without_bound() -> None:
    """The same text gives the same compiled template; ever new ones push old ones out."""
    templates = chooser(tokenizer="t")
    assert templates.choose("a{{ 1 }}", has_tools=False) is templates.choose("a{{ 1 }}", has_tools=False)
    for number in range(200):
        templates.choose(f"{{# {number} #}}", has_tools=False)
    assert len(templates._compiled) <= TemplateChooser._REQUEST_TEMPLATES


def test_a_template_that_does_not_compile_is_told_to_who_uses_it(caplog: pytest.LogCaptureFixture) -> None:
    """The server starts, warns, and refuses chats with the parser's words."""
    template = chooser(tokenizer="{% for m in messages %}").choose(None, has_tools=False)
    assert "cannot be compiled" in caplog.text
    assert template is not None
    with pytest.raises(BadRequestError, match=r"Unexpected end of template\."):
        template.render(HELLO)


def test_a_runaway_template_is_a_bad_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering ends after VLLM_CHAT_TEMPLATE_RENDER_TIMEOUT, with vLLM's words and a 400."""
    monkeypatch.setattr(limits, "CHAT_TEMPLATE_RENDER_TIMEOUT", 0.05)
    template = ChatTemplate("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", {})
    with pytest.raises(BadRequestError, match=r"timed out after 0\.05s") as caught:
        template.render(HELLO)
    assert caught.value.status == 400


def test_endless_recursion_is_a_bad_request() -> None:
    """A macro that calls itself for ever ends at Python's own bound."""
    with pytest.raises(BadRequestError, match="recursion"):
        ChatTemplate("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", {}).render(HELLO)


def test_the_templates_own_words_win_over_what_wraps_them() -> None:
    """An error in the chain that a template raised itself is what the client reads."""
    with pytest.raises(BadRequestError, match=r"^roles must alternate$"):
        ChatTemplate("{{ raise_exception('roles must alternate') }}", {}).render(HELLO)


def test_conversations_are_not_changed() -> None:
    """Marking the message to continue, and turning developers into systems, leave the caller's dicts alone."""
    conversation = [{"role": "developer", "content": "d"}, {"role": "assistant", "content": [{"text": "x"}]}]
    before = repr(conversation)
    template = ChatTemplate("{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}", {})
    rendered = template.render(conversation, add_generation_prompt=False, continue_final_message=True)
    assert rendered == "system:d;assistant:[{'text': 'x"
    assert repr(conversation) == before


def test_a_message_continues_where_its_text_ends_in_the_prompt() -> None:
    """Trailing spaces stay if the template keeps them, and go if it trims."""
    conversation = [{"role": "assistant", "content": "so  "}]
    flags = {"add_generation_prompt": False, "continue_final_message": True}
    keeping = ChatTemplate("{{ messages[0].content }}<end>", {})
    trimming = ChatTemplate("{{ messages[0].content | trim }}<end>", {})
    assert keeping.render(conversation, **flags) == "so  "
    assert trimming.render(conversation, **flags) == "so"


def test_rendering_is_thread_safe() -> None:
    """Many threads render one template at once, each its own conversation."""
    template = ChatTemplate("{% for m in messages %}{{ loop.index }}{{ m.content }}{% endfor %}", {})

    def run(number: int) -> bool:
        conversation = [{"role": "user", "content": f"<{number}>"}] * 50
        return template.render(conversation) == "".join(f"{i}<{number}>" for i in range(1, 51))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(400)))
