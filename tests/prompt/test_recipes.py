# SPDX-License-Identifier: Apache-2.0
"""Plain chats joined by recipes are what jinja2 prints, and what has no recipe goes to the engines."""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront.errors import BadRequestError
from fastfront.prompt import recipes
from fastfront.prompt.conversation import parse_messages
from fastfront.prompt.recipes import Recipes
from fastfront.prompt.sandbox import FUNCTIONS
from fastfront.prompt.template import ChatTemplate
from fastfront.prompt.template_chooser import TemplateChooser
from tests.prompt.test_fast_template import PIECES, TOKENS, templates

PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{{ '>' if add_generation_prompt }}"
ASKING = "{% for m in messages %}{% if '!' in m.content %}loud {% endif %}{{ m.content | trim }};{% endfor %}"
PARTS = "{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %};{% endfor %}"
DATED = "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m.content }}{% endfor %}"

TEMPLATES = {case.id: case.values[0] for case in templates()}
_traced: dict[str, ChatTemplate] = {}

texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
plain_messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(("user", "assistant", "system", "user", "assistant", "tool")), "content": texts}
    ),
    min_size=1,
    max_size=7,
)


def traced(source: str, tokens: dict[str, str] | None = None) -> ChatTemplate:
    template = ChatTemplate(source, tokens or {})
    template.trace()
    return template


def say(*contents: str, first: str = "user") -> list[dict[str, Any]]:
    roles = ["user", "assistant"] * len(contents)
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return [{**messages[0], "role": first}, *messages[1:]]


def recipes_of(template: ChatTemplate) -> Recipes:
    assert template._recipes is not None
    return template._recipes


def settle(template: ChatTemplate) -> None:
    assert recipes_of(template).settle(60)


def reference(template: ChatTemplate, messages: list[dict[str, Any]]) -> str | tuple[int, str]:
    try:
        conversation = template._with_known_roles(parse_messages(messages, template.content_format))
        return template._run(template._bind_plain(conversation))
    except BadRequestError as error:
        return error.status, str(error)


def rendered(template: ChatTemplate, messages: list[dict[str, Any]]) -> str | tuple[int, str]:
    try:
        return template.render(parse_messages(messages, template.content_format))
    except BadRequestError as error:
        return error.status, str(error)


@pytest.mark.parametrize("name", TEMPLATES)
@given(messages=plain_messages)
def test_real_templates_print_what_jinja2_prints(name: str, messages: list[dict[str, str]]) -> None:
    """Whatever the contents and the roles; shapes are learnt while the test goes on."""
    if name not in _traced:
        _traced[name] = traced(TEMPLATES[name], TOKENS)
    template = _traced[name]
    expected = reference(template, messages)
    assert template.render_plain(messages) in (None, expected)
    assert rendered(template, messages) == expected
    assert rendered(template, messages) == expected
    settle(template)
    assert template.render_plain(messages) in (None, expected)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("first", ["user", "system"])
def test_ordinary_chats_need_no_engine_from_the_start(name: str, first: str) -> None:
    """The shapes that most requests have are learnt at load, for every template that the lab has."""
    template = traced(TEMPLATES[name], TOKENS)
    contents = ["one", "two"] if first == "system" else ["one"]
    messages = say(*contents, first=first)
    if first == "system":
        messages[1]["role"] = "user"
    assert template.render_plain(messages) == reference(template, messages)


def test_a_long_shape_is_learnt_at_its_second_sight() -> None:
    """Not at the first, which may stay the only one; and no request waits for it."""
    template = traced(PLAIN)
    messages = say(*"abcdefghijklmno")
    expected = reference(template, messages)
    assert rendered(template, messages) == expected
    settle(template)
    assert template.render_plain(messages) is None
    assert rendered(template, messages) == expected
    settle(template)
    assert template.render_plain(messages) == expected


def test_the_next_turn_is_learnt_before_it_comes() -> None:
    """A conversation that has grown beyond what is learnt at load finds each of its shapes there."""
    template = traced(PLAIN)
    for turns in range(1, 20):
        messages = say(*(f"text {number}" for number in range(2 * turns - 1)))
        assert template.render_plain(messages) == reference(template, messages)
        settle(template)


def test_contents_of_another_kind_have_a_recipe_of_their_own() -> None:
    """As soon as they have been seen twice; the first kind keeps its own."""
    template = traced(ASKING)
    quiet, loud = say(" a "), say("a! ")
    assert template.render_plain(quiet) == "a;"
    assert template.render_plain(loud) is None
    assert [rendered(template, loud) for _ in range(2)] == ["loud a!;"] * 2
    settle(template)
    assert template.render_plain(loud) == "loud a!;"
    assert template.render_plain(quiet) == "a;"


def test_recipes_of_a_shape_are_bounded() -> None:
    """Contents of ever new kinds go to the engines."""
    template = traced(ASKING)
    for pattern in range(2**3):
        messages = say(*("a!" if pattern >> bit & 1 else "a" for bit in range(3)))
        assert len({rendered(template, messages) for _ in range(3)}) == 1
        settle(template)
    assert recipes_of(template)._era.book.recipes(b"uau") == 4
    found = [
        template.render_plain(say(*("a!" if pattern >> bit & 1 else "a" for bit in range(3)))) for pattern in range(8)
    ]
    assert found.count(None) == 4


def test_contents_that_cannot_be_traced_cost_a_few_attempts_only() -> None:
    """A shape is not tried for ever."""
    template = traced("{% for m in messages %}{% if '!' in m.content %}{{ m.content | upper }}{% endif %}{% endfor %}")
    for _ in range(20):
        assert rendered(template, say("a!")) == "A!"
        settle(template)
    assert recipes_of(template)._era.attempts[b"u"] == 4
    assert template.render_plain(say("a")) == ""


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shapes that have been there longest make room, and may come back."""
    monkeypatch.setattr(recipes, "_MAX_WEIGHT", 100)
    monkeypatch.setattr(recipes, "_MAX_SHAPES", 20)
    template = traced(PLAIN)
    kept = recipes_of(template)
    for length in range(10, 40):
        for _ in range(2):
            rendered(template, say(*"x" * length))
        settle(template)
        assert kept._era.book.recipes(b"ua" * 20) == 0
        assert sum(kept._era.weights.values()) <= 100
        assert max(len(kept._era.sights), len(kept._era.attempts)) <= 20
    assert len(kept._era.book) == len(kept._era.weights) == 2
    assert template.render_plain(say("x")) is None
    for _ in range(2):
        rendered(template, say("x"))
    settle(template)
    assert template.render_plain(say("x")) == "[user]x>"


def test_conversations_that_wait_to_be_learnt_from_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while the thread is busy is let go."""
    template = traced(PLAIN)
    kept = recipes_of(template)
    busy, go_on = threading.Event(), threading.Event()
    learn = Recipes._learn

    def slow(self: Recipes, *arguments: Any) -> None:
        busy.set()
        assert go_on.wait(60)
        learn(self, *arguments)

    monkeypatch.setattr(Recipes, "_learn", slow)
    for length in range(20, 50):
        for _ in range(2):
            rendered(template, say(*"x" * length))
    assert busy.wait(60)
    assert len(kept._background._waiting) == 8
    go_on.set()
    settle(template)
    assert len(kept._era.book) in (16, 17)


def test_a_recipe_that_prints_something_else_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it came about: the battery has the last word."""
    template = ChatTemplate(PLAIN, {})
    run = ChatTemplate._run

    def wrong(self: ChatTemplate, variables: dict[str, Any], *rest: Any) -> str:
        text = run(self, variables, *rest)
        return text.replace("<think>", "<thank>")

    monkeypatch.setattr(ChatTemplate, "_run", wrong)
    template.trace()
    assert template._recipes is None


def test_templates_that_cannot_be_traced_have_no_recipes(caplog: pytest.LogCaptureFixture) -> None:
    """They are rendered as ever, and the log says so."""
    caplog.set_level(logging.INFO, "fastfront.prompt.template")
    for source in ("{% block x %}{% endblock %}", "{{ messages[0].content | upper }}", "{{ raise_exception('no') }}"):
        template = traced(source)
        assert template._recipes is None
        assert template.render_plain(say("x")) is None
    assert "go through a template engine: Block" in caplog.text
    broken = traced("{% if %}")
    assert broken.render_plain(say("x")) is None


def test_templates_of_the_model_are_traced_and_those_of_requests_are_not() -> None:
    """Tracing costs more than rendering."""
    chooser = TemplateChooser(given=None, processor=None, tokenizer=PLAIN, special_tokens={})
    own, foreign = chooser.choose(None, has_tools=False), chooser.choose(PLAIN + "!", has_tools=False)
    assert own is not None
    assert foreign is not None
    assert own.render_plain(say("x")) == "[user]x>"
    assert foreign.render_plain(say("x")) is None


@pytest.mark.parametrize("source", [PLAIN, PARTS])
@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "x-anthropic-billing-header: a\nBe brief."}, *say("x")],
        [{"role": "developer", "content": "Be brief."}, *say("x")],
        [*say("x"), {"role": "function", "content": "x"}],
        [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]}],
        [{"role": "user", "content": "x", "name": "n"}],
        [{"role": "user", "content": None}],
        [],
    ],
)
def test_what_parsing_changes_is_not_taken_as_plain(source: str, messages: list[dict[str, Any]]) -> None:
    """render_plain sees messages that parse_messages has not seen."""
    template = traced(source)
    assert template.render_plain(messages) is None
    if messages and messages[0]["content"]:
        assert [rendered(template, messages) for _ in range(3)] == [reference(template, messages)] * 3
        settle(template)
        assert template.render_plain(messages) is None


def test_contents_are_parts_where_the_template_takes_parts() -> None:
    """A tool's alone stays a string. The caller may know better which form counts."""
    template = traced(PARTS)
    assert template.content_format == "openai"
    messages = say("a", "b", "c")
    assert template.render_plain(messages) == "a;b;c;"
    assert template.render_plain(messages, "string") is None
    assert rendered(template, messages) == "a;b;c;"
    tool: list[dict[str, Any]] = [*say("a", "b"), {"role": "tool", "content": "c"}]
    for _ in range(2):
        rendered(template, tool)
    settle(template)
    assert template.render_plain(tool) in (None, reference(template, tool))


@pytest.mark.parametrize(
    "options",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tools": []},
        {"documents": [{"text": "x"}]},
        {"add_generation_prompt": False},
        {"add_generation_prompt": False, "continue_final_message": True},
        {"kwargs": {"style": "x"}},
    ],
    ids=str,
)
def test_requests_with_options_go_to_the_engines(options: dict[str, Any]) -> None:
    """A recipe is for none of them."""
    source = PLAIN + "{{ tools }}{{ documents }}{{ style }}"
    template, untraced = traced(source), ChatTemplate(source, {})
    assert template.render(say("x"), **options) == untraced.render(say("x"), **options)


def test_a_date_that_is_over_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes of a template that prints the date hold for that day; new ones come about on the next."""
    now = [datetime(2026, 11, 25, 23, 59, 59)]  # noqa: DTZ001 - naive as the real one
    monkeypatch.setitem(FUNCTIONS, "strftime_now", lambda form: now[0].strftime(form))  # noqa: PLW0108 - now changes
    monkeypatch.setattr(recipes.time, "time", lambda: now[0].timestamp())  # noqa: PLW0108
    template = ChatTemplate(DATED, {})
    template._template.globals["strftime_now"] = FUNCTIONS["strftime_now"]
    template.trace()
    assert template.render_plain(say("x")) == "25 Nov 2026x"
    now[0] = datetime(2026, 11, 26)  # noqa: DTZ001
    assert template.render_plain(say("x")) is None
    assert [rendered(template, say("x")) for _ in range(2)] == ["26 Nov 2026x"] * 2
    settle(template)
    assert template.render_plain(say("x")) == "26 Nov 2026x"


def test_a_date_is_looked_at_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot change within one."""
    now, looks = [1_000_000.0], [0]

    def strftime(form: str) -> str:
        looks[0] += 1
        return datetime.fromtimestamp(now[0]).strftime(form)  # noqa: DTZ006

    template = traced(DATED)
    expected = template.render_plain(say("x"))
    assert expected is not None
    date = expected[:-1]
    monkeypatch.setitem(FUNCTIONS, "strftime_now", lambda form: (strftime(form), date)[1])
    monkeypatch.setattr(recipes.time, "time", lambda: now[0])
    for _ in range(5):
        assert template.render_plain(say("x")) == expected
    assert looks == [1]
    now[0] += 1
    assert template.render_plain(say("x")) == expected
    assert looks == [2]


def test_rendering_is_thread_safe() -> None:
    """While shapes are learnt, too."""
    template = traced(ASKING)

    def run(number: int) -> bool:
        rng = random.Random(number)
        messages = say(*(rng.choice((" a ", "b!", f"{number}")) for _ in range(1 + number % 13)))
        expected = reference(template, messages)
        return rendered(template, messages) == expected and template.render_plain(messages) in (None, expected)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(400)))
    settle(template)


def test_the_thread_ends_when_nothing_is_left() -> None:
    """An idle server has none."""
    template = traced(PLAIN)
    for _ in range(2):
        rendered(template, say(*"abcdefghijk"))
    settle(template)
    threads = [thread for thread in threading.enumerate() if thread.name == "fastfront-recipes"]
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_a_machine_without_threads_left_serves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is learnt then, and the next time is another try."""
    template = traced(PLAIN)
    messages = say(*"abcdefghijk")

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        assert len({rendered(template, messages) for _ in range(3)}) == 1
        settle(template)
    rendered(template, messages)
    settle(template)
    assert template.render_plain(messages) == reference(template, messages)
