# SPDX-License-Identifier: Apache-2.0
"""Jinja as chat templates need it: transformers' sandbox and extensions, and a bound on how long a template runs.

Source of what a template may use: transformers/utils/chat_template_utils.py `_compile_jinja_template`. A thread cannot
be stopped from outside, so every loop and every call counts steps and looks at the clock now and then. Must not know
messages or requests.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_STEPS_PER_LOOK = 2048
"""Loop passes and calls between two looks at the clock: some 0.2 ms."""

_STEPS_PER_PAYMENT = 128
"""Passes that a loop counts for itself: the thread's budget is dearer to reach than a local variable."""

_DICT_ATTRIBUTES = frozenset(dir(dict))
BOUNDED = "fastfront_bounded"
"""The filter that every loop's iterable goes through."""


class TemplateTimeoutError(Exception):
    """The template ran longer than it may."""


class _Budget(threading.local):
    """How long this thread's template may still run."""

    deadline: float = 0.0
    steps: int = _STEPS_PER_LOOK

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps <= 0:
            self.steps = _STEPS_PER_LOOK
            if self.deadline and time.monotonic() > self.deadline:
                raise TemplateTimeoutError


_budget = _Budget()


def run_for(seconds: float) -> None:
    """Let templates run in this thread for that long from now on; 0 or less: without bound."""
    _budget.deadline = time.monotonic() + seconds if seconds > 0 else 0.0
    _budget.steps = _STEPS_PER_LOOK


class _Bounded:
    """An iterable that counts what is taken from it. Sized if the iterable is: `loop.length` asks for it."""

    __slots__ = ("_iterable",)

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        steps = 1
        for item in self._iterable:
            steps += 1
            if steps == _STEPS_PER_PAYMENT:
                _budget.spend(steps)
                steps = 0
            yield item
        _budget.spend(steps)

    def __len__(self) -> int:
        return len(self._iterable)  # type: ignore[arg-type]


class BoundedCodeGenerator(CodeGenerator):
    """Compiles every loop to one that counts its passes."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 (jinja's name)
        for loop in node.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, BOUNDED, [], [], None, None, lineno=loop.lineno)
        super().visit_Template(node, frame)


class GenerationTag(Extension):
    """`{% generation %}...{% endgeneration %}` marks the assistant's words for training; here it is its content."""

    tags = {"generation"}  # noqa: RUF012 (jinja's way)

    def parse(self, parser: Parser) -> nodes.Node:
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_content")
        return nodes.CallBlock(call, [], [], body).set_lineno(lineno)

    def _content(self, caller: Macro) -> str:
        return caller()


class ChatEnvironment(ImmutableSandboxedEnvironment):
    """The environment that chat templates are compiled in."""

    code_generator_class = BoundedCodeGenerator

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols])
        self.filters["tojson"] = to_json
        self.filters[BOUNDED] = _Bounded

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `message.role`: what the base class finds by way of a caught AttributeError, at a third of the cost.
        if type(obj) is dict and attribute not in _DICT_ATTRIBUTES:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any | Undefined:
        if type(obj) is dict and type(argument) is str and argument not in _DICT_ATTRIBUTES:
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        _budget.spend(1)
        return super().call(context, obj, *args, **kwargs)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """`tojson` of chat templates. Unlike Jinja's own: no HTML escapes, and the caller says how."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise TemplateError(message)


def _strftime_now(format: str) -> str:
    return datetime.now().strftime(format)  # noqa: DTZ005 - as naive as transformers' own


FUNCTIONS: dict[str, Callable[[str], Any]] = {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
"""Functions of every template. Not globals of the environment: a request's chat_template_kwargs may replace them."""
