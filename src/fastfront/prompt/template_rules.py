# SPDX-License-Identifier: Apache-2.0
"""Which chat templates minijinja may render at all: those written in the part of Jinja that it shares with jinja2.

A battery of conversations shows that two engines agree on them, not on the next one. So what is known to differ, or was
never compared (a method of str that only Python has, `in` on a dict, ordering of mixed types, scope of macros), rules a
template out before. Must not know either engine's environment, nor requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jinja2 import nodes

METHODS = frozenset(
    ("endswith", "get", "items", "keys", "lstrip", "replace", "rstrip", "split", "startswith", "strip", "values")
)
FILTERS = frozenset(
    (
        *("capitalize", "count", "d", "default", "first", "items", "join", "last", "length", "list", "lower", "map"),
        *("rejectattr", "replace", "safe", "selectattr", "string", "title", "tojson", "trim", "upper"),
    )
)
TESTS = frozenset(
    (
        *("boolean", "defined", "eq", "equalto", "even", "false", "float", "integer", "iterable", "mapping", "none"),
        *("number", "odd", "sequence", "string", "true", "undefined", "=="),
    )
)
FUNCTIONS = frozenset(("namespace", "raise_exception", "range", "strftime_now"))

NODES = (
    *(nodes.Add, nodes.And, nodes.Assign, nodes.AssignBlock, nodes.Break, nodes.Call, nodes.Compare, nodes.Concat),
    *(nodes.CondExpr, nodes.Const, nodes.Continue, nodes.Dict, nodes.Filter, nodes.For, nodes.Getattr, nodes.Getitem),
    *(nodes.If, nodes.Keyword, nodes.List, nodes.Macro, nodes.Mod, nodes.Mul, nodes.NSRef, nodes.Name, nodes.Neg),
    *(nodes.Not, nodes.Operand, nodes.Or, nodes.Output, nodes.Pair, nodes.Slice, nodes.Sub, nodes.TemplateData),
    *(nodes.Template, nodes.Test, nodes.Tuple),
)
_RESERVED = frozenset(("caller", "kwargs", "self", "super", "varargs"))
_DICT_ATTRIBUTES = frozenset(dir(dict))
_ATTRIBUTES = _DICT_ATTRIBUTES | frozenset(dir(list)) | frozenset(dir(str))
"""What `x.name` may find in Python where minijinja finds nothing, or the member of that name."""


def objection(tree: nodes.Template, undeclared: frozenset[str], engine_globals: frozenset[str]) -> str | None:
    """Return what rules the parsed template out, or None. `engine_globals`: names that minijinja knows by itself."""
    if found := undeclared & ((engine_globals | _ATTRIBUTES | _RESERVED | {"cycler", "dict", "joiner"}) - FUNCTIONS):
        return f"the variable {min(found)!r}"
    return next(_objections(tree), None)


def _objections(tree: nodes.Template) -> Iterator[str]:
    macros = {macro.name for macro in tree.body if isinstance(macro, nodes.Macro)}
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    lists = _list_variables(tree)
    for node in _walk(tree):
        match node:
            case _ if type(node) not in NODES:
                yield f"{type(node).__name__} (line {node.lineno})"
            case nodes.Filter(name=name):
                if name not in FILTERS:
                    yield f"the filter {name!r}"
                if name in {"map", "rejectattr", "selectattr"}:
                    yield from _attribute_filter(node)
            case nodes.Test(name=name) if name not in TESTS:
                yield f"the test {name!r}"
            case nodes.Call(node=callee):
                if isinstance(callee, nodes.Name):
                    if callee.name not in macros | FUNCTIONS:
                        yield f"a call of {callee.name!r}"
                elif not (isinstance(callee, nodes.Getattr) and callee.attr in METHODS):
                    yield f"a call (line {node.lineno})"
                if node.dyn_args is not None or node.dyn_kwargs is not None:
                    yield "unpacked arguments"
            case nodes.Getattr(node=base, attr=attr) if id(node) not in called:
                of_loop = isinstance(base, nodes.Name) and base.name == "loop"
                if (attr in _ATTRIBUTES and not of_loop) or attr.startswith("_"):
                    yield f"the attribute {attr!r}"
            case nodes.Compare():
                yield from _comparison(node, lists)
            case nodes.Const(value=float()):
                yield "a float"
            case nodes.Dict(items=items) if not all(isinstance(pair.value, nodes.Const) for pair in items):
                yield "a dict of variables"  # tojson would write null for an undefined one
            case nodes.For(recursive=True):
                yield "a recursive loop"
            case nodes.Macro():
                yield from _macro(node, tree)
            case _:
                pass


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _list_variables(tree: nodes.Template) -> set[str]:
    """Return the names that are only ever given lists written in the template."""
    stored = Counter(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    listed = Counter(
        assign.target.name
        for assign in tree.find_all(nodes.Assign)
        if isinstance(assign.target, nodes.Name) and isinstance(assign.node, nodes.List | nodes.Tuple)
    )
    return {name for name, count in listed.items() if count == stored[name]}


def _attribute_filter(node: nodes.Filter) -> Iterator[str]:
    """Only `map(attribute='x')`, and `selectattr('x')` with a test for a value or for none: what was compared."""
    names = [keyword.value for keyword in node.kwargs if keyword.key == "attribute"]
    if node.name != "map":
        names = node.args[:1]
        test = node.args[1] if len(node.args) > 1 else nodes.Const("eq")
        if not (isinstance(test, nodes.Const) and test.value in {"==", "defined", "eq", "equalto", "undefined"}):
            yield f"a test of {node.name!r}"
    if not (names and isinstance(names[0], nodes.Const) and isinstance(names[0].value, str)):
        yield f"the filter {node.name!r} with a variable"
    elif names[0].value in _ATTRIBUTES or "." in names[0].value:
        yield f"the filter {node.name!r} of {names[0].value!r}"


def _comparison(node: nodes.Compare, lists: set[str]) -> Iterator[str]:
    if len(node.ops) > 1:
        yield "a chained comparison"
    left, operand = node.expr, node.ops[0]
    right = operand.expr
    if operand.op in {"in", "notin"}:
        # On a dict, minijinja finds methods too.
        written = isinstance(right, nodes.List | nodes.Tuple | nodes.Const)
        if not written and not (isinstance(right, nodes.Name) and right.name in lists):
            known = isinstance(left, nodes.Const) and isinstance(left.value, str)
            if not known or left.value in _DICT_ATTRIBUTES:  # type: ignore[attr-defined]
                yield f"`in` (line {node.lineno})"
    elif operand.op not in {"eq", "ne"} and not (_is_count(left) and _is_count(right)):
        yield f"an ordering (line {node.lineno})"  # of unlike types an error in Python, an answer in minijinja


def _is_count(node: nodes.Expr) -> bool:
    """Return whether the expression can only be a number: constants, lengths, places in loops, the template's own."""
    match node:
        case nodes.Const(value=value):
            return type(value) is int
        case nodes.Filter(name=name):
            return name in {"count", "length"}
        case nodes.Add(left=left, right=right) | nodes.Sub(left=left, right=right) | nodes.Mod(left=left, right=right):
            return _is_count(left) and _is_count(right)
        case nodes.Getattr(node=nodes.Name(name=name)):
            return name in {"loop", "ns", "namespace"}
        case nodes.Name(ctx="load"):
            return True
        case _:
            return False


def _macro(macro: nodes.Macro, tree: nodes.Template) -> Iterator[str]:
    """Macros see other names at other times in the two engines: only their own, and macros above them, are safe."""
    if macro not in tree.body:
        yield f"the inner macro {macro.name!r}"
        return
    before = {node.name for node in tree.body[: tree.body.index(macro) + 1] if isinstance(node, nodes.Macro)}
    own = {name.name for name in macro.find_all(nodes.Name) if name.ctx != "load"}
    if free := {name.name for name in macro.find_all(nodes.Name)} - own - before - FUNCTIONS - {"loop"}:
        yield f"the macro {macro.name!r}, which uses {min(free)!r}"
