# SPDX-License-Identifier: Apache-2.0
"""The helper process: `python -m fastfront.structured.worker`, with a socket as its standard input.

It first says which libraries it has, then answers one question a line, in order: `{"members", "backend", "tag"}` gets
`{"backend"}` or `{"error", "param"}`, `{"calls"}` gets `{"grammar"}`, which is null without xgrammar, or an error. It
ends when the other side of the socket does. Must not know who asks.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import io
import json
import os
import re
import resource
import signal
import socket
import sys
import types
from typing import Any

from fastfront.errors import BadRequestError
from fastfront.structured.backends import Libraries, check_structural_tag, choose_backend
from fastfront.structured.calls_grammar import calls_grammar

MAX_MEMORY = 4 * 1024**3
"""Bytes that the process may hold: a constraint that makes a library ask for more is refused, the machine goes on."""

MAX_GRAMMAR_CHARS = 4 * 1024**2
"""Longest grammar that is written: some thousand functions' calls."""

MAX_ERROR_CHARS = 4096
"""Libraries repeat what they were given."""

_PATH = re.compile(r"(?:/[\w\-]+)+/[\w\-]+\.\w+")
"""Source files in a library's words. vllm/entrypoints/serve/exception_handling/utils.py `sanitize_message`"""

_PR_SET_PDEATHSIG = 1


def load_libraries() -> Libraries:
    """Import what is installed. One that is there and cannot be imported counts as missing."""
    return Libraries(
        xgrammar=_import_xgrammar(),
        llguidance=_import("llguidance"),
        json_schema=_import("outlines_core.json_schema"),
        lmformatenforcer=_import("lmformatenforcer"),
    )


def _import(name: str) -> Any:
    with contextlib.suppress(Exception):
        return importlib.import_module(name)
    return None


def _import_xgrammar() -> Any:
    """Import the part of xgrammar that reads grammars, without the rest, which needs torch and transformers.

    That takes 0.4 s and 55 MB instead of 7 s and 600 MB. A release that is arranged otherwise is imported whole.
    """
    with contextlib.suppress(ImportError):
        spec = importlib.util.find_spec("xgrammar")
        if spec is None or spec.submodule_search_locations is None:
            return None
        package = types.ModuleType("xgrammar")
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        before = set(sys.modules)
        sys.modules["xgrammar"] = package
        hidden = {name: sys.modules.get(name) for name in ("torch", "transformers")}
        for name in hidden:
            sys.modules[name] = None  # type: ignore[assignment]  # importing it fails
        try:
            importlib.import_module("xgrammar.load_binding")
            return importlib.import_module("xgrammar.grammar")
        except Exception:
            for name in set(sys.modules) - before:
                del sys.modules[name]
            for name, module in hidden.items():
                if module is None:
                    sys.modules.pop(name, None)
            importlib.import_module("xgrammar")
            return importlib.import_module("xgrammar.grammar")
    return None


def answer(question: dict[str, Any], libraries: Libraries) -> dict[str, Any]:
    """Return the verdict on one constraint, or the grammar of calls."""
    try:
        if "calls" in question:
            return {"grammar": _grammar(question["calls"], libraries)}
        members = question["members"]
        if question["tag"]:
            check_structural_tag(members, question["tag"], libraries)
        return {"backend": choose_backend(members, question["backend"], libraries)}
    except BadRequestError as error:
        message = _PATH.sub("<path>", error.message[:MAX_ERROR_CHARS]).strip()
        return {"error": message, "param": error.param}
    except (MemoryError, RecursionError):
        return {"error": "The constraint is too large to be compiled.", "param": None}


def _grammar(calls: list[tuple[str, str]], libraries: Libraries) -> str | None:
    if libraries.xgrammar is None:
        return None
    grammar = calls_grammar(calls, libraries.xgrammar.Grammar.from_json_schema)
    if len(grammar) > MAX_GRAMMAR_CHARS:
        raise BadRequestError("The grammar of the tools' calls is too large.", param="tools")
    return grammar


def serve(stream: io.BufferedRWPair) -> None:
    """Answer until the other side has nothing more to ask."""
    libraries = load_libraries()
    _write(stream, [name for name, module in libraries._asdict().items() if module is not None])
    for line in stream:
        _write(stream, answer(json.loads(line), libraries))


def _write(stream: io.BufferedRWPair, message: object) -> None:
    # Escaped: a lone surrogate in a library's words cannot be encoded otherwise.
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def main() -> None:
    """Be the process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # it may be deep in a compiler then
        if os.getppid() == 1:
            return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    with socket.socket(fileno=0) as connection, connection.makefile("rwb") as stream, contextlib.suppress(OSError):
        serve(stream)


if __name__ == "__main__":
    main()
