# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are Python calls, read by Python itself: the slow and obvious version of py_call.cpp and
py_argument.cpp, for answers that are well-formed.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

NAMES = {"null": None, "true": True, "false": False}
HEAD = re.compile(r"\[(?:[a-zA-Z]\w*\(\),\s*)*[a-zA-Z]\w*\((?:[a-zA-Z]\w*=|\)\s*\])")
"""How a list begins up to its first argument, where the format is strict."""


class NoCallError(Exception):
    """The text is no list of calls."""


def value_of(node: ast.expr) -> Any:
    """What an argument's expression stands for in JSON."""
    match node:
        case ast.Constant(value=None | str() | int() | float() as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [value_of(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            return {key.value: value_of(value) for key, value in zip(keys, values, strict=True)}
        case ast.JoinedStr(values=parts) if all(isinstance(part, ast.Constant) for part in parts):
            return "".join(part.value for part in parts)
        case ast.Name(id=name) if name in NAMES:
            return NAMES[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = value_of(operand)
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number if isinstance(sign, ast.USub) else number
    raise NoCallError(ast.dump(node))


def calls_of(text: str, *, strict: bool) -> list[tuple[str, str]]:
    """Name and arguments of each call in a list, which is all of the text. Raises NoCallError for anything else."""
    if strict and not HEAD.match(text):
        raise NoCallError(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError) as error:
        raise NoCallError(text) from error
    if not isinstance(node, ast.List) or not node.elts:
        raise NoCallError(text)
    return [_call(element) for element in node.elts]


def _call(node: ast.expr) -> tuple[str, str]:
    if not isinstance(node, ast.Call) or node.args:
        raise NoCallError(ast.dump(node))
    name = ast.unparse(node.func)
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
        raise NoCallError(name)
    keys = [keyword.arg for keyword in node.keywords]
    if None in keys or len(set(keys)) < len(keys):
        raise NoCallError(name)
    arguments = {keyword.arg: value_of(keyword.value) for keyword in node.keywords}
    try:
        return name, json.dumps(arguments, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise NoCallError(name) from error
