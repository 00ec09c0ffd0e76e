# SPDX-License-Identifier: Apache-2.0
"""Asking the helper process, on the event loop: one question at a time, bounded in time and number, answers kept.

Knows constraints as plain objects. A helper that takes too long or breaks is ended, and the next question starts
another: what a client sends can cost the client its request and nobody else anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import json
import logging
import os
import socket
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastfront.errors import BadRequestError, NotImplementedYetError, ServiceUnavailableError
from fastfront.structured.backends import check_structural_tag, choose_backend
from fastfront.structured.rules import Members

logger = logging.getLogger(__name__)

LIBRARIES = ("xgrammar", "llguidance", "outlines_core", "lmformatenforcer")
"""Any of them makes the helper worth starting."""

START_TIMEOUT = 60.0
"""Seconds that the helper may take to import the libraries, from a cold disk."""

MAX_WAITING = 64
"""Constraints that may wait for the helper. Each holds its request."""

MAX_KEPT = 1024
"""Verdicts that are kept. One is small, whatever the constraint is."""

MAX_GRAMMAR_CHARS = 16 * 1024**2
"""Characters of the grammars that are kept, all of them together."""

_LINE_LIMIT = 32 * 1024**2
"""Bytes of the helper's longest answer: a grammar in JSON, which may write a character in six."""

_HERE = str(Path(__file__).resolve().parents[2])
"""Where the helper finds this package, also if it is not installed."""

TOO_SLOW = "The constraint takes too long to compile: it may be too complex."
NO_XGRAMMAR = (
    "Tools of this model need xgrammar, which writes the grammar of their calls and is not installed: "
    "pip install 'fastfront[structured]'"
)


class Verdict(NamedTuple):
    """Which backend takes a constraint; or why none does, and which parameter is at fault."""

    backend: str = ""
    error: str | None = None
    param: str | None = None


def _question(members: Members, backend: str, tag: str) -> tuple[bytes, bytes]:
    """Return what the helper is asked, and what its answer is kept by."""
    question = json.dumps({"members": members, "backend": backend, "tag": tag}).encode()
    return question, hashlib.sha256(question).digest()


class Checker:
    """Judges constraints. `close` it at the end."""

    def __init__(
        self, backend: str = "auto", *, timeout: float | None = None, command: tuple[str, ...] | None = None
    ) -> None:
        """`backend`: the server's (--structured-outputs-config). `timeout`: seconds for one constraint, by default
        VLLM_REGEX_COMPILATION_TIMEOUT_S. `command`: what to run as the helper, for tests; nothing runs until asked.
        """
        self.backend = backend
        seconds = float(os.environ.get("VLLM_REGEX_COMPILATION_TIMEOUT_S", "5")) if timeout is None else timeout
        self._timeout = seconds if seconds > 0 else None
        installed = command is not None or any(importlib.util.find_spec(name) is not None for name in LIBRARIES)
        self._command = command or (sys.executable, "-m", "fastfront.structured.worker")
        self._use_helper = installed
        self._kept: OrderedDict[bytes, Verdict] = OrderedDict()
        self._grammars: OrderedDict[bytes, str] = OrderedDict()
        self._grammar_chars = 0
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @property
    def is_blind(self) -> bool:
        """Whether nothing is compiled here, so that the engine may still find that a constraint is wrong."""
        return not self._use_helper

    async def check(self, members: Members, tag: str = "", *, backend: str = "") -> str:
        """Return the backend that takes the constraint; raise BadRequestError with vLLM's words if none does.

        `tag` names the request's parameter where the constraint is a structural tag, else "". `backend` is asked in
        place of the server's.
        """
        backend = backend or self.backend
        question, key = _question(members, backend, tag)
        verdict = self._kept.get(key)
        if verdict is None:
            verdict = await self._judge(question, members, backend, tag)
            self._keep(key, verdict)
        else:
            self._kept.move_to_end(key)
        if verdict.error is not None:
            raise BadRequestError(verdict.error, param=verdict.param)
        return verdict.backend

    def known(self, members: Members, tag: str = "") -> str | None:
        """Return what `check` has returned for the constraint; None if it was not asked lately, or none takes it."""
        verdict = self._kept.get(_question(members, self.backend, tag)[1])
        return None if verdict is None or verdict.error is not None else verdict.backend

    async def calls_grammar(self, calls: Sequence[tuple[str, str]]) -> str:
        """Return the EBNF of a JSON list of calls (calls_grammar.py), which xgrammar writes.

        Raises BadRequestError for a schema that it does not take, NotImplementedYetError where it is not installed.
        """
        question = json.dumps({"calls": calls}).encode()
        key = hashlib.sha256(question).digest()
        grammar = self._grammars.get(key)
        if grammar is not None:
            self._grammars.move_to_end(key)
            return grammar
        verdict = self._kept.get(key)
        if verdict is None:
            found = await self._put(question)
            if found is None or "grammar" in found:
                return self._keep_grammar(key, None if found is None else found["grammar"])
            verdict = Verdict(error=found["error"], param=found.get("param"))
            self._keep(key, verdict)
        raise BadRequestError(str(verdict.error), param=verdict.param)

    def _keep(self, key: bytes, verdict: Verdict) -> None:
        self._kept[key] = verdict
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def _keep_grammar(self, key: bytes, grammar: str | None) -> str:
        if grammar is None:
            raise NotImplementedYetError(NO_XGRAMMAR, param="tools")
        # Another request may have asked the same in the meantime.
        self._grammar_chars += len(grammar) - len(self._grammars.pop(key, ""))
        self._grammars[key] = grammar
        while self._grammar_chars > MAX_GRAMMAR_CHARS:
            self._grammar_chars -= len(self._grammars.popitem(last=False)[1])
        return grammar

    async def _judge(self, question: bytes, members: Members, backend: str, tag: str) -> Verdict:
        found = await self._put(question)
        if found is not None:
            return Verdict(found.get("backend", ""), found.get("error"), found.get("param"))
        # In a thread: a schema may be as large as a body.
        return await asyncio.to_thread(judge_without_libraries, members, backend, tag)

    async def _put(self, question: bytes) -> dict[str, Any] | None:
        """Return the helper's answer; None where there is no helper."""
        if self._waiting >= MAX_WAITING:
            raise ServiceUnavailableError("Too many constraints are waiting to be compiled. Try again later.")
        self._waiting += 1
        try:
            async with self._lock:
                if self._use_helper and (self._process is not None or await self._start()):
                    return await self._ask(question)
        finally:
            self._waiting -= 1
        return None

    async def _ask(self, question: bytes) -> dict[str, Any]:
        try:
            self._writer.write(question + b"\n")
            line = await asyncio.wait_for(self._reader.readline(), self._timeout)
            if not line:
                raise ConnectionError("it has ended")
            answer: dict[str, Any] = json.loads(line)
        except asyncio.TimeoutError:
            self._end()
            return {"error": TOO_SLOW}
        except (OSError, ValueError) as error:
            logger.warning("the helper that compiles constraints broke down over one: %s", error)
            self._end()
            return {"error": "The constraint cannot be compiled."}
        except BaseException:
            self._end()  # its answer would be taken for the next question's
            raise
        return answer

    async def _start(self) -> bool:
        """Start the helper; False if it cannot be: then there is none from now on."""
        ours, theirs = socket.socketpair()
        inherited = os.environ.get("PYTHONPATH")
        env = {**os.environ, "PYTHONPATH": _HERE if not inherited else _HERE + os.pathsep + inherited}
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - our own module; fork takes a millisecond
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=env,
                    start_new_session=True,
                )
            self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT)
            found = await asyncio.wait_for(self._reader.readline(), START_TIMEOUT)
            if not found:
                raise ConnectionError("it ended at once")
        except (OSError, asyncio.TimeoutError) as error:
            logger.warning("constraints are not compiled before the engine gets them: no helper process (%s)", error)
            self._end()
            ours.close()
            self._use_helper = False
            return False
        except BaseException:
            self._end()
            ours.close()
            raise
        logger.info("Constraints are compiled in a helper process, with %s", found.decode().strip())
        return True

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        writer = getattr(self, "_writer", None)
        if writer is not None:
            with contextlib.suppress(RuntimeError):  # of a loop that is closed
                writer.close()

    def close(self) -> None:
        """End the helper. Idempotent."""
        self._end()


def judge_without_libraries(members: Members, backend: str, tag: str) -> Verdict:
    """Return the verdict by the rules that need no library."""
    try:
        if tag:
            check_structural_tag(members, tag)
        return Verdict(choose_backend(members, backend))
    except BadRequestError as error:
        return Verdict(error=error.message, param=error.param)
