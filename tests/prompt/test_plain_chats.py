# SPDX-License-Identifier: Apache-2.0
"""Chats that say the same beside their messages are rendered as jinja2 renders each of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastfront.prompt import Model
from fastfront.prompt.conversation import parse_messages
from fastfront.prompt.plain_chats import PlainChats
from fastfront.prompt.recipe_battery import _ARGUMENTS as ARGUMENTS
from fastfront.prompt.render import plain_chats, render_chat
from fastfront.prompt.template import ChatTemplate
from fastfront.protocol.chat import decode_chat_completion_request
from tests.prompt.test_fast_template import TOKENS
from tests.prompt.test_recipes import PLAIN, TEMPLATES, plain_messages, reference, say, traced

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a place.",
        "parameters": {"type": "object", "properties": {"place": {"enum": ["Z\u00fcrich", '"Rom"']}}},
    },
}
CLOCK = {"type": "function", "function": {"name": "get_time", "description": "", "parameters": {}}}
OPTIONS: list[tuple[list[dict[str, Any]] | None, dict[str, Any]]] = [
    ([WEATHER], {}),
    ([WEATHER, CLOCK], {"enable_thinking": False}),
    (None, {"enable_thinking": False}),
    (None, {"enable_thinking": True, "thinking": True, "reasoning_effort": "low", "builtin_tools": ["x"]}),
    ([], {}),
]
WITH_TOOLS = PLAIN + "{% for tool in tools or [] %}{{ tool.name }},{% endfor %}{{ style }}"
_chats: dict[tuple[str, int], tuple[ChatTemplate, PlainChats]] = {}


def expected(template: ChatTemplate, messages: list[dict[str, Any]], tools: Any, kwargs: dict[str, Any]) -> str | None:
    """Return what jinja2 prints, None where it refuses."""
    conversation = template._with_known_roles(parse_messages(messages, template.content_format))
    return template._refuse_or_run(template._bind(conversation, tools, None, True, kwargs))


def check_real_template(name: str, messages: list[dict[str, Any]], number: int) -> None:
    """Assert that a template, with some options, prints what jinja2 prints: at first, and once a shape is learnt."""
    tools, kwargs = OPTIONS[number]
    if (name, number) not in _chats:
        made = traced(TEMPLATES[name], TOKENS)
        _chats[name, number] = made, PlainChats(made, made.content_format, tools, kwargs)
    template, chats = _chats[name, number]
    text = expected(template, messages, tools, kwargs)
    assert [chats.text(messages) for _ in range(2)] == [text, text]
    if chats._recipes is not None:
        assert chats._recipes.settle(60)
    assert chats.by_recipe(messages) in (None, text)


@pytest.mark.parametrize("name", TEMPLATES)
@given(messages=plain_messages, number=st.integers(0, len(OPTIONS) - 1))
def test_real_templates_print_what_jinja2_prints(name: str, messages: list[dict[str, str]], number: int) -> None:
    """With tools, with variables; shapes are learnt while the test goes on."""
    check_real_template(name, messages, number)


call_texts = st.sampled_from(["call_1", "a b", "", "\u00e9", "<|im_end|>"])
agent_calls = st.lists(
    st.fixed_dictionaries(
        {
            "id": call_texts,
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": call_texts, "arguments": st.sampled_from(ARGUMENTS)}),
        }
    ),
    max_size=2,
)
agent_contents = st.sampled_from(["", "x", " \n", "<think>\na\n</think>\nb", "\u65e5\U0001f600", "<tool_response>"])
agent_messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": agent_contents}),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": st.one_of(st.none(), agent_contents), "tool_calls": agent_calls},
            optional={"reasoning": st.one_of(st.none(), agent_contents)},
        ),
        st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": call_texts, "content": agent_contents}),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=40)
@given(messages=agent_messages, number=st.integers(0, len(OPTIONS) - 1))
def test_real_templates_print_histories_of_agents(name: str, messages: list[dict[str, Any]], number: int) -> None:
    """Calls, their results and reasoning, as jinja2 prints them, with a recipe or without."""
    check_real_template(name, messages, number)


@pytest.mark.parametrize("parts", [False, True], ids=["string", "openai"])
@pytest.mark.parametrize("tools", [None, [WEATHER]], ids=["plain", "tools"])
def test_histories_of_agents_are_learnt_at_their_second_sight(parts: bool, tools: Any) -> None:
    """Whatever their texts and arguments are."""
    printed = "{% for p in m.content %}{{ p.text }}{% endfor %}" if parts else "{{ m.content }}"
    source = (
        "{% for m in messages %}<{{ m.role }}>{% if m.role == 'tool' %}{{ m.tool_call_id }}={{ m.content }}{% else %}"
        + printed
        + "{% endif %}{{ m.reasoning }}{% for c in m.tool_calls or [] %}{% set f = c.function %}{{ c.id }}:{{ f.name }}"
        "{% if f.arguments is mapping and f.arguments %}{{ f.arguments | tojson }}{% endif %}{% endfor %}{% endfor %}"
    )
    template = traced(source)
    chats = PlainChats(template, "openai" if parts else "string", tools)

    def history(text: str, arguments: str) -> list[dict[str, Any]]:
        function = {"name": f"f{text}", "arguments": arguments}
        call = {"id": f"id{text}", "type": "function", "function": function}
        return [
            {"role": "user", "content": text},
            {"role": "assistant", "content": None, "tool_calls": [call, call], "reasoning": text, "refusal": None},
            {"role": "tool", "tool_call_id": f"id{text}", "content": text},
            {"role": "assistant", "content": [{"type": "text", "text": text}]},
        ]

    for number in range(2):
        assert chats.by_recipe(history(f"{number}", '{"a":1}')) is None
        chats.text(history(f"{number}", '{"a":1}'))
        assert chats._recipes is not None
        assert chats._recipes.settle(60)
    for arguments in ('{"b": [1.50, "\\u00e9"]}', '{"a":1}', " {} ", '{"x": "</tool_call>"}'):
        messages = history("new", arguments)
        text = chats.by_recipe(messages)
        assert (text is None) == (arguments == " {} ")  # asked for: another kind of content
        assert chats.text(messages) == expected(template, messages, tools, {})


@pytest.mark.parametrize(
    "use",
    [
        "{{ f.arguments }}",
        "{{ f.arguments | length }}",
        "{{ f.arguments.a }}",
        "{% for k in f.arguments %}{{ k }}{% endfor %}",
        "{{ f.arguments | tojson(indent=2) }}",
        "{{ 'a' in f.arguments }}",
        "{{ f | tojson }}",
        "{{ f.arguments ~ '' }}",
    ],
)
def test_arguments_that_are_more_than_printed_are_left_to_an_engine(use: str) -> None:
    """A recipe knows nothing of them but their JSON."""
    template = traced(
        "{% for m in messages %}{% for c in m.tool_calls %}{% set f = c.function %}" + use + "{% endfor %}{% endfor %}"
    )
    chats = PlainChats(template, "string", [WEATHER])
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    messages = [{"role": "assistant", "content": "x", "tool_calls": [call]}]
    text = expected(template, messages, [WEATHER], {})
    for _ in range(3):
        assert chats.text(messages) == text
        assert chats._recipes is not None
        assert chats._recipes.settle(60)
    assert chats.by_recipe(messages) is None


@pytest.mark.parametrize("name", ["model", "chatml"])
@pytest.mark.parametrize(("tools", "kwargs"), OPTIONS[:3])
def test_a_shape_is_learnt_at_its_second_sight(name: str, tools: Any, kwargs: dict[str, Any]) -> None:
    """Then no engine is needed: the comparison above is not one of the engines with themselves."""
    template = traced(TEMPLATES[name], TOKENS)
    chats = PlainChats(template, template.content_format, tools, kwargs)
    for number in range(2):
        assert chats.by_recipe(say(f"one {number}")) is None
        chats.text(say(f"one {number}"))
        assert chats._recipes is not None
        assert chats._recipes.settle(60)
    assert chats.by_recipe(say("two")) == expected(template, say("two"), tools, kwargs)
    assert len(chats.recipes(b"u")) == 1


@pytest.mark.parametrize("first", ["user", "system"])
@pytest.mark.parametrize("parts", [False, True], ids=["string", "openai"])
def test_a_conversation_is_learnt_from_its_first_turn_on(first: str, parts: bool) -> None:
    """Each of its shapes is new; only the first needs an engine."""
    source = "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}" if parts else PLAIN
    template = traced(source + "{{ tools | length }}")
    chats = PlainChats(template, "openai" if parts else "string", [WEATHER])
    system = [{"role": "system", "content": "s"}] if first == "system" else []
    for turn in range(6):
        messages = system + say(*(f"text {number}" for number in range(2 * turn + 1)))
        text = chats.by_recipe(messages) if turn else chats.text(messages)
        conversation = parse_messages(messages, chats.content_format)
        assert text == template._run(template._bind(conversation, [WEATHER], None, True, {}))
        assert chats._recipes is not None
        assert chats._recipes.settle(60)


def test_chats_with_options_leave_the_plain_ones_alone() -> None:
    """And one another: each has the recipes of its own options."""
    template = traced(WITH_TOOLS)
    plain, *others = [
        PlainChats(template, "string", *options)
        for options in ((), ([{"name": "a"}],), ([{"name": "b"}],), (None, {"style": "s"}))
    ]
    for _ in range(3):
        assert plain.text(say("x")) == "[user]x>"
        assert [chats.text(say("x")) for chats in others] == ["[user]x>a,", "[user]x>b,", "[user]x>s"]
        for chats in (plain, *others):
            assert chats._recipes is not None
            assert chats._recipes.settle(60)
    assert [len(chats.recipes(b"u")) for chats in (plain, *others)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("tools", "kwargs"),
    [
        (None, {"messages": []}),
        (None, {"tokenizer": 1}),
        (None, {"return_assistant_tokens_mask": True}),
        (None, {"raise_exception": 1}),
        (["f"], {}),
        ("f", {}),
    ],
)
def test_options_that_are_refused_or_rename_things_have_no_recipes(tools: Any, kwargs: dict[str, Any]) -> None:
    """Each chat is rendered, or refused, by the template itself."""
    template = traced(PLAIN + "{{ raise_exception }}")
    chats = PlainChats(template, "string", tools, kwargs)
    for _ in range(3):
        chats.text(say("x"))
    assert chats._recipes is None
    assert chats.recipes(b"u") == ()


@pytest.mark.parametrize(
    "message",
    [{"role": "user", "content": None}, {"role": "user", "content": [{"type": "image_url"}]}, {"content": "a"}],
)
def test_messages_that_are_not_ordinary_are_left(message: dict[str, Any]) -> None:
    """They have rules of their own."""
    chats = PlainChats(traced(PLAIN), "string", [WEATHER])
    assert chats.text([message]) is None
    assert chats.text([]) is None


def test_messages_with_calls_are_rendered_by_an_engine() -> None:
    """With their arguments as objects."""
    source = "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or () %}{{ c.function.arguments.a }}"
    chats = PlainChats(traced(source + "{% endfor %}{% endfor %}"), "string", [WEATHER])
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}
    assert chats.text([{"role": "assistant", "content": None, "tool_calls": [call]}]) == "b"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tools": [WEATHER]},
        {"tools": [WEATHER], "tool_choice": "none"},
        {"chat_template_kwargs": {"enable_thinking": False, "tools": [CLOCK]}},
        {"chat_template_kwargs": {"tokenize": True}},
        {"chat_template_kwargs": {"documents": [{"text": "x"}]}},
        {"chat_template_kwargs": {"chat_template": "x"}},
        {"chat_template_kwargs": {"add_generation_prompt": False}},
        {"reasoning_effort": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize("exclude", [False, True])
def test_requests_are_rendered_as_the_general_way_renders_them(
    chatml: Model, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], exclude: bool
) -> None:
    """Whatever they say, with the server's own template variables; or they are left to it."""
    monkeypatch.setattr(chatml, "exclude_tools_when_tool_choice_none", exclude)
    for defaults in ({}, {"enable_thinking": False}):
        monkeypatch.setattr(chatml, "default_chat_template_kwargs", defaults)
        request = decode_chat_completion_request(msgspec.json.encode({"messages": say("x", "y", "z"), **more}))
        chats = plain_chats(chatml, request)
        if chats is None:
            assert set(more["chat_template_kwargs"]) & {"tokenize", "documents", "chat_template"}
            continue
        assert chats.text(say("x", "y", "z")) == render_chat(chatml, request).text


def test_reference_and_expectation_are_one() -> None:
    """Without options this file's reference is that of the plain chats."""
    template = traced(PLAIN)
    assert expected(template, say("x"), None, {}) == reference(template, say("x"))
