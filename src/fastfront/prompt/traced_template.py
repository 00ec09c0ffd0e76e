# SPDX-License-Identifier: Apache-2.0
"""A chat template run once with `Text` in place of the contents: what it asked about them, and what it printed.

The template is compiled by jinja2 in an environment that differs from the real one only where a content may pass:
printing, joining, attributes of strings, filters and tests. What was not looked at for that (other filters, tests and
kinds of nodes, functions of chance) ends the trace. Must not know requests, nor how a trace is used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.runtime import Context, Undefined

from fastfront.prompt import limits, template_rules
from fastfront.prompt.sandbox import BOUNDED, FUNCTIONS, BoundedCodeGenerator, ChatEnvironment, run_for
from fastfront.prompt.trace import Piece, Step, Trace, UntraceableError
from fastfront.prompt.traced_text import METHODS, Arguments, Opaque, Text, join

_STEPS_PER_MESSAGE = 16
_MAX_LITERALS = 128 * 1024
"""Characters of a prompt that are no content's: those of tools, most of them."""

_NODES = (
    *template_rules.NODES,
    *(nodes.CallBlock, nodes.Div, nodes.ExtensionAttribute, nodes.FilterBlock, nodes.FloorDiv, nodes.Pos, nodes.With),
)
_FILTERS = template_rules.FILTERS | {BOUNDED}
_TESTS = template_rules.TESTS | {"!=", "in", "ne"}
_STRING_ATTRIBUTES = frozenset(dir(str))
_PRINTABLE = (bool, float, int, type(None))


def _refusing(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise UntraceableError(what)

    return refuse


def _dated(trace: Trace, format: object) -> str:
    """`strftime_now`, noted down. What changes within a second cannot be."""
    if type(format) is not str or "%f" in format:
        trace.refuse("a time finer than a second")
    if format not in trace.dates:
        trace.dates[format] = FUNCTIONS["strftime_now"](format)
    return trace.dates[format]


def _of_text(of_text: Callable[..., Any], of_others: Callable[..., Any]) -> Callable[..., Any]:
    def apply(value: Any, *args: Any, **kwargs: Any) -> Any:
        return of_text(value, *args, **kwargs) if type(value) is Text else of_others(value, *args, **kwargs)

    return apply


def _of_arguments(of_arguments: Callable[..., Any], of_others: Callable[..., Any]) -> Callable[..., Any]:
    def apply(value: Any, *args: Any, **kwargs: Any) -> Any:
        return (of_arguments if type(value) is Arguments else of_others)(value, *args, **kwargs)

    return apply


class _TracingCodeGenerator(BoundedCodeGenerator):
    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.printed(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 (jinja's name)
        self.write("environment.joined((")
        for operand in node.nodes:
            self.visit(operand, frame)
            self.write(", ")
        self.write("))")


class _TracingEnvironment(ChatEnvironment):
    code_generator_class = _TracingCodeGenerator
    intercepted_binops = frozenset(("%", "*", "**", "-", "/", "//"))

    def __init__(self) -> None:
        super().__init__()
        self.filters = {
            name: function if name in _FILTERS else _refusing(f"the filter {name!r}")
            for name, function in self.filters.items()
        }
        tests: dict[str, Any] = self.tests
        self.tests = {
            name: function if name in _TESTS else _refusing(f"the test {name!r}") for name, function in tests.items()
        }
        filters: dict[str, Any] = self.filters
        filters["trim"] = _of_text(Text.strip, filters["trim"])
        filters["string"] = _of_text(lambda text: text, filters["string"])
        filters["tojson"] = _of_arguments(Arguments.to_json, filters["tojson"])
        for name in ("iterable", "sequence", "string"):
            self.tests[name] = _of_text(lambda _: True, tests[name])
        of_texts: dict[str, Any] = self.tests
        for name in ("iterable", "mapping", "sequence"):  # as a dict is
            self.tests[name] = _of_arguments(lambda _: True, of_texts[name])
        self.globals["lipsum"] = _refusing("a function of chance")

    @staticmethod
    def printed(value: object) -> str | Text:
        """Return what `str` makes of a value that a template prints."""
        if type(value) is str or type(value) is Text:
            return value
        if type(value) in _PRINTABLE or isinstance(value, Undefined):
            return str(value)
        raise UntraceableError(f"printing of {type(value).__name__}")

    @classmethod
    def joined(cls, values: Iterable[object]) -> str | Text:
        """Return what `~` makes of its operands."""
        return join(None, [cls.printed(value) for value in values])

    @staticmethod
    def concat(texts: Iterable[Any]) -> str | Text:  # type: ignore[override]
        """Return the text of a macro or a block."""
        return join(None, texts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        # `'x' % content` would take what has members for a mapping, and print 'x'.
        if isinstance(left, Opaque) or isinstance(right, Opaque):
            raise UntraceableError(f"the operator {operator!r}")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is Text:
            if attribute in METHODS:
                return getattr(obj, attribute)
            if attribute in _STRING_ATTRIBUTES or attribute.startswith("_"):
                obj.trace.refuse(f"the method {attribute!r} of a content")
            return self.undefined(obj="", name=attribute)
        if isinstance(obj, Opaque):
            obj.trace.refuse("an attribute of a split content")
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Opaque):
            return self.getattr(obj, argument) if type(argument) is str else obj[argument]
        return super().getitem(obj, argument)


_environment = _TracingEnvironment()


class Traced(NamedTuple):
    """What a template makes of a conversation."""

    steps: list[Step]
    pieces: list[Piece]
    """These two as `_native.template.Recipe` takes them."""
    dates: dict[str, str]
    """Formats that strftime_now was called with -> the answers, which the prompt depends on."""


class TracedTemplate:
    """One template that can be traced. Not thread-safe."""

    def __init__(self, source: str) -> None:
        """Compile it. Raises UntraceableError."""
        tree = _environment.parse(source)
        for node in tree.find_all(nodes.Node):
            if type(node) not in _NODES:
                raise UntraceableError(f"{type(node).__name__} (line {node.lineno})")
        self._template = _environment.from_string(tree, globals=FUNCTIONS)

    def run(
        self,
        contents: Sequence[str],
        variables: Callable[[list[Any]], dict[str, Any]],
        events: Callable[[Iterable[Any]], Iterator[Any]] = iter,
    ) -> Traced:
        """Return what a conversation's prompt is made of.

        `variables` makes what the template is called with from what stands for the contents; `events` passes on what
        it prints, piece by piece. Raises UntraceableError, and whatever the template raises.
        """
        trace = Trace(contents, _STEPS_PER_MESSAGE * (len(contents) + 4))
        names = {"strftime_now": functools.partial(_dated, trace)}
        names |= variables([Text(trace, (view,)) for view in range(len(contents))])
        run_for(limits.CHAT_TEMPLATE_RENDER_TIMEOUT)
        printed = events(self._template.root_render_func(self._template.new_context(names)))
        text = join(trace, list(printed))
        if trace.refusal is not None:
            raise UntraceableError(trace.refusal)
        pieces: list[Piece] = [text] if isinstance(text, str) else list(text.pieces)
        if sum(len(piece) for piece in pieces if type(piece) is str) > _MAX_LITERALS:
            raise UntraceableError("too much text of its own")
        return Traced(trace.steps, pieces, trace.dates)
