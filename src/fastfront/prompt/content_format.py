# SPDX-License-Identifier: Apache-2.0
"""Which form of message content a chat template expects: one string, or OpenAI's list of parts.

A template that loops over a message's content takes parts. Which loops count is vLLM's rule (vllm/renderers/hf.py
`_detect_content_format`), followed to the letter, its blind spots included: a template must see the same content under
both servers. Must not know requests.
"""

from __future__ import annotations

from typing import Literal

from jinja2 import nodes

ContentFormat = Literal["string", "openai"]


class _UnknownTargetError(Exception):
    """A variable is bound in a way that vLLM's rule does not follow (a tuple, a namespace member)."""


def detect_content_format(tree: nodes.Template) -> ContentFormat:
    """Return the form of content that the parsed template takes."""
    try:
        return "openai" if _loops_over_content(tree) else "string"
    except _UnknownTargetError:
        return "string"


def _loops_over_content(tree: nodes.Template) -> bool:
    messages = _message_variables(tree)
    macro_loops, loops_of_params = _macro_loops(tree, messages)
    for loop in tree.find_all(nodes.For):
        over = loop.iter
        found = any(_reaches(over, name, "content") for name in messages)
        if not found and isinstance(over, nodes.Name):
            in_macro = id(loop) in macro_loops
            found = over.name in loops_of_params.get(id(loop), ()) or (not in_macro and over.name == "content")
        if found:
            _target_name(loop.target)
            return True
    return False


def _message_variables(tree: nodes.Template) -> set[str]:
    """Return the names that loops over the conversation give to a message."""
    lists = ["messages"]
    for known in lists:  # grows: aliases of aliases
        for assignment in tree.find_all(nodes.Assign):
            if _reaches(assignment.node, known):
                alias = _target_name(assignment.target)
                if alias not in lists:
                    lists.append(alias)
    loops = tree.find_all(nodes.For)
    return {_target_name(loop.target) for loop in loops if any(_reaches(loop.iter, name) for name in lists)}


def _macro_loops(tree: nodes.Template, messages: set[str]) -> tuple[set[int], dict[int, set[str]]]:
    """Return the loops inside macros, and of each the macro's parameters that are called with a message's content."""
    inside: set[int] = set()
    params_of: dict[int, set[str]] = {}
    calls = [call for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)]
    for macro in tree.find_all(nodes.Macro):
        names = [param.name for param in macro.args]
        filled: set[str] = set()
        for call in calls:
            if isinstance(call.node, nodes.Name) and call.node.name == macro.name:
                given = [*zip(names, call.args, strict=False), *((kwarg.key, kwarg.value) for kwarg in call.kwargs)]
                for name, value in given:
                    if name in names and any(_reaches(value, message, "content") for message in messages):
                        filled.add(name)
        for loop in macro.find_all(nodes.For):
            inside.add(id(loop))
            if filled:
                params_of[id(loop)] = filled
    return inside, params_of


def _reaches(node: nodes.Node | None, variable: str, member: str | None = None) -> bool:
    """Return whether the expression is the variable (or its member), perhaps filtered, tested or sliced."""
    while True:
        if isinstance(node, nodes.Filter | nodes.Test) or (
            isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
        ):
            node = node.node
            continue
        break
    if member is not None:
        if isinstance(node, nodes.Getitem):
            if not (isinstance(node.arg, nodes.Const) and node.arg.value == member):
                return False
        elif not (isinstance(node, nodes.Getattr) and node.attr == member):
            return False
        node = node.node
    return isinstance(node, nodes.Name) and node.ctx == "load" and node.name == variable


def _target_name(target: nodes.Node) -> str:
    if not isinstance(target, nodes.Name):
        raise _UnknownTargetError
    return target.name
