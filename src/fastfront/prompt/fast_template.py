# SPDX-License-Identifier: Apache-2.0
"""Chat templates through minijinja, where it was shown to print what jinja2 prints.

jinja2 is the reference; minijinja is four to six times faster and differs in corners. A template goes through it if
it keeps to what the engines share (template_rules) and every case of template_battery came out the same. Branches that
no case reached are rewritten to fail, and whatever fails is left to jinja2: its answer is the answer, its error the
error. Must not know requests.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from jinja2.filters import do_title
from jinja2.tests import TESTS

from fastfront.prompt import template_rules
from fastfront.prompt.sandbox import FUNCTIONS, ChatEnvironment, to_json

if TYPE_CHECKING:
    from jinja2 import nodes

try:
    import minijinja
except ImportError:  # a platform without a wheel
    minijinja = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_FUEL = 20_000_000
"""Instructions that a rendering may take, some 0.5 s: what needs more goes to jinja2, which watches the clock."""

_MARK = "fastfront_mark"
_NAME = "chat"


class NotProvenError(Exception):
    """Why a template stays with jinja2."""


class FastTemplate:
    """One template in minijinja. Thread-safe: each thread has an engine of its own, so that none waits for another."""

    def __init__(self, source: str, mark: Callable[[int], str] | None = None) -> None:
        self._source = source
        self._mark = mark or _fail
        self._local = threading.local()

    def render(self, variables: dict[str, Any]) -> str | None:
        """Return the prompt, or None if jinja2 has to say."""
        try:
            try:
                engine = self._local.engine
            except AttributeError:
                engine = self._local.engine = self.make_engine()
            text: str = engine.render_template(_NAME, **variables)
        except Exception as error:
            logger.debug("minijinja leaves a request to jinja2: %s", error)
            return None
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            logger.warning("minijinja panicked; jinja2 renders the request: %s", error)
            self._local = threading.local()  # the engine may be stuck
            return None
        return text

    def make_engine(self) -> minijinja.Environment:
        """Return an engine with the template compiled."""
        functions: dict[str, Any] = {**FUNCTIONS, _MARK: self._mark}
        engine: minijinja.Environment = minijinja.Environment(
            trim_blocks=True,
            lstrip_blocks=True,
            debug=False,
            fuel=_FUEL,
            filters=_FILTERS,
            tests=_TESTS,
            globals=functions,
        )
        # An undefined value that is printed, compared or passed on is an error here, and jinja2's to deal with.
        engine.undefined_behavior = "semi_strict"  # type: ignore[assignment]
        engine.add_template(_NAME, self._source)
        return engine


def prove(
    source: str,
    tree: nodes.Template,
    variables: frozenset[str],
    cases: Iterable[tuple[dict[str, Any], Callable[[], str | None]]],
) -> FastTemplate:
    """Return the template for minijinja. Raises NotProvenError.

    `cases` are the variables of a rendering, and what gives the reference's answer (None: it refuses).
    """
    if minijinja is None:
        raise NotProvenError("minijinja is not installed")
    if "\r" in source or _MARK in source:
        raise NotProvenError("carriage returns in the template")
    found = template_rules.objection(tree, variables, frozenset(minijinja.Environment().globals))
    if found is not None:
        raise NotProvenError(f"the template uses {found}")
    seen: set[int] = set()

    def note(number: int) -> str:
        seen.add(number)
        return ""

    marked = FastTemplate(mark_branches(source, lambda _: True), note)
    try:
        marked.make_engine()
    except Exception as error:
        raise NotProvenError(f"minijinja does not compile it: {str(error).splitlines()[0]}") from None
    agreed = 0
    for names, reference in cases:
        before = set(seen)
        text = marked.render(names)
        if text is None:
            seen.clear()
            seen |= before  # what a failed rendering reached was not compared
            continue
        # Once more where they differ: the time may have moved on between the two.
        if text != reference() and marked.render(names) != reference():
            raise NotProvenError("minijinja prints something else")
        agreed += 1
    if not agreed:
        raise NotProvenError("minijinja renders no conversation")
    return FastTemplate(mark_branches(source, lambda number: number not in seen))


def mark_branches(source: str, wanted: Callable[[int], bool]) -> str:
    """Return the template with a call of the mark at the start of each branch that is wanted, and no other change."""
    pieces: list[str] = []
    branch = opening = False
    number = 0
    for _, token, value in _lexer.tokeniter(source, None):
        if token == "block_begin":  # noqa: S105 - a token of Jinja
            opening = True
        elif opening and token == "name":  # noqa: S105
            branch = value in {"if", "elif", "else", "for", "macro"}
            opening = False
        elif token == "block_end" and branch:  # noqa: S105
            if wanted(number):
                # The block's own end, with its whitespace control, goes behind the mark.
                pieces.append(f" %}}{{% set fastfront_marked = {_MARK}({number}) ")
            number += 1
            branch = False
        pieces.append(value)
    return "".join(pieces)


_lexer = ChatEnvironment().lexer


def _fail(number: int) -> str:
    raise NotProvenError(f"branch {number} was not compared")


def _fast_to_json(value: Any, **options: Any) -> str:
    if value is None:
        raise NotProvenError("null, or undefined: minijinja does not tell")
    return to_json(value, **options)


def _of_text(function: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        if type(value) is not str:
            raise NotProvenError("not a string")
        return function(value)

    return apply


def _of_defined(test: Callable[..., Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if value is None:
            raise NotProvenError("null, or undefined: minijinja does not tell")
        return test(value)

    return apply


# jinja2's own functions, where minijinja's differ and are not used all the time.
_FILTERS: dict[str, Callable[..., Any]] = {
    "tojson": _fast_to_json,
    "capitalize": _of_text(str.capitalize),
    "lower": _of_text(str.lower),
    "title": _of_text(do_title),
    "upper": _of_text(str.upper),
}
_reference_tests: dict[str, Any] = dict(TESTS)
_TESTS: dict[str, Callable[..., Any]] = {
    **{name: _reference_tests[name] for name in ("boolean", "false", "float", "integer", "number", "true")},
    **{name: _of_defined(_reference_tests[name]) for name in ("iterable", "sequence")},
}
