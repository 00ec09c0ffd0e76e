# SPDX-License-Identifier: Apache-2.0
"""The helper process: asked once for each constraint, ended when it hangs or breaks, gone with the checker."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from fastfront.errors import BadRequestError, NotImplementedYetError, ServiceUnavailableError
from fastfront.structured import Checker, checker
from tests.server.processes import wait_until
from tests.structured.cases import DEEP

HELPER = """
import socket, sys
stream = socket.socket(fileno=0).makefile("rwb")
stream.write(b"[]\\n"); stream.flush()
for line in stream:
    with open(sys.argv[1], "a") as log: log.write("asked\\n")
    {on_question}
"""
ANSWER = """stream.write(b'{"backend": "xgrammar"}\\n'); stream.flush()"""
WRITE = """stream.write(b'{"grammar": "' + b"g" * 1000000 + b'"}\\n'); stream.flush()"""
REFUSE = """stream.write(b'{"error": "no such type", "param": "tools"}\\n'); stream.flush()"""
HANG = "import time; time.sleep(3600)"
BREAK = "sys.exit(1)"
REGEX = {"regex": "a"}


def helper(on_question: str, log: Path) -> tuple[str, ...]:
    log.touch()
    return (sys.executable, "-c", HELPER.format(on_question=on_question), str(log))


def children() -> set[str]:
    """Return the processes that this one has started and not reaped."""
    return {pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


async def test_a_verdict_is_kept(tmp_path: Path) -> None:
    """The same constraint is judged once; another one, or the same under another parameter, again."""
    log = tmp_path / "log"
    asked = Checker(command=helper(ANSWER, log))
    for members in (REGEX, REGEX, {"regex": "b"}, REGEX):
        assert await asked.check(members) == "xgrammar"
    assert log.read_text().count("asked") == 2
    asked.close()


async def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict that was not asked for the longest is forgotten."""
    monkeypatch.setattr(checker, "MAX_KEPT", 2)
    log = tmp_path / "log"
    asked = Checker(command=helper(ANSWER, log))
    for pattern in "abacab":
        await asked.check({"regex": pattern})
    assert log.read_text().count("asked") == 4  # a, b, c (b goes), b (c goes)
    asked.close()


@pytest.mark.parametrize(("behaviour", "words"), [(HANG, "takes too long"), (BREAK, "cannot be compiled")])
async def test_a_constraint_that_takes_the_helper_down(tmp_path: Path, behaviour: str, words: str) -> None:
    """It costs its own request a 400; the helper is ended, and the next constraint has another one."""
    asked = Checker(command=helper(behaviour, tmp_path / "log"), timeout=0.2)
    before = children()
    for pattern in "ab":
        with pytest.raises(BadRequestError, match=words):
            await asked.check({"regex": pattern})
        assert children() == before
    assert (tmp_path / "log").read_text().count("asked") == 2
    asked.close()


async def test_waiting_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many constraints at once are refused with 503, without a question."""
    monkeypatch.setattr(checker, "MAX_WAITING", 2)
    asked = Checker(command=helper(ANSWER, tmp_path / "log"))
    results = await asyncio.gather(*(asked.check({"regex": p}) for p in "abc"), return_exceptions=True)
    assert results[:2] == ["xgrammar", "xgrammar"]
    assert isinstance(results[2], ServiceUnavailableError)
    asked.close()


async def test_grammars_are_kept_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long ones arrive; the same calls are asked for once, until later grammars fill the space."""
    monkeypatch.setattr(checker, "MAX_GRAMMAR_CHARS", 2_500_000)
    log = tmp_path / "log"
    asked = Checker(command=helper(WRITE, log))
    for name in "abacab":
        assert await asked.calls_grammar([(name, "{}")]) == "g" * 1_000_000
    assert log.read_text().count("asked") == 4  # a, b, c (b goes), b (c goes)
    asked.close()


async def test_who_asks_the_same_at_once_counts_once(tmp_path: Path) -> None:
    """Two requests that wait for one grammar: what is kept is no more than one."""
    asked = Checker(command=helper(WRITE, tmp_path / "log"))
    await asyncio.gather(*(asked.calls_grammar([("a", "{}")]) for _ in range(2)))
    assert asked._grammar_chars == 1_000_000
    asked.close()


async def test_a_schema_without_a_grammar_is_refused_once(tmp_path: Path) -> None:
    """Again and again, but the helper is not asked again."""
    log = tmp_path / "log"
    asked = Checker(command=helper(REFUSE, log))
    for _ in range(2):
        with pytest.raises(BadRequestError, match="no such type") as caught:
            await asked.calls_grammar([("a", "{}")])
        assert caught.value.param == "tools"
    assert log.read_text().count("asked") == 1
    asked.close()


@pytest.mark.parametrize("has_helper", [False, True])
async def test_without_xgrammar_it_is_said_what_to_install(tmp_path: Path, *, has_helper: bool) -> None:
    """Whether there is no helper at all or one with other libraries."""
    no_grammar = """stream.write(b'{"grammar": null}\\n'); stream.flush()"""
    asked = Checker(command=helper(no_grammar, tmp_path / "log") if has_helper else ("/nowhere",))
    with pytest.raises(NotImplementedYetError, match=r"pip install 'fastfront\[structured\]'"):
        await asked.calls_grammar([("a", "{}")])
    asked.close()


async def test_a_cancelled_question_leaves_no_answer_behind(tmp_path: Path) -> None:
    """Whoever asks next gets an answer to its own question."""
    log = tmp_path / "log"
    asked = Checker(command=helper(HANG, log), timeout=30)
    task = asyncio.ensure_future(asked.check(REGEX))
    await asyncio.to_thread(wait_until, lambda: "asked" in log.read_text(), "a question")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    asked._command = helper(ANSWER, log)
    assert await asked.check({"regex": "b"}) == "xgrammar"
    asked.close()


async def test_a_helper_that_cannot_start() -> None:
    """Constraints are judged without it then, and it is not tried again."""
    asked = Checker(command=("/nowhere",))
    assert await asked.check(REGEX) == "xgrammar"
    assert await asked.check({"json": {"type": "integer", "multipleOf": 2}}) == "guidance"
    with pytest.raises(BadRequestError, match="Invalid response_format structural_tag specification"):
        await asked.check({"structural_tag": "{"}, "response_format")


async def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Closing ends the process and reaps it."""
    before = children()
    asked = Checker(command=helper(ANSWER, tmp_path / "log"))
    await asked.check(REGEX)
    assert len(children() - before) == 1
    asked.close()
    asked.close()
    assert children() == before


@pytest.mark.skipif(importlib.util.find_spec("outlines_core") is None, reason="needs outlines_core")
async def test_a_constraint_that_takes_all_memory() -> None:
    """vLLM 0.32's server ends with such a schema; here it costs the helper."""
    asked = Checker("outlines", timeout=60)
    with pytest.raises(BadRequestError):
        await asked.check(DEEP["structured_outputs"])
    assert await asked.check({"json": {"type": "integer"}}) == "outlines"
    asked.close()
