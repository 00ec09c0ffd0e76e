# SPDX-License-Identifier: Apache-2.0
"""The generated requests of tests/parity, asked of both servers: the same answers, but for the listed deviations."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.cases import generated
from tests.parity.cases_embeds import embedded
from tests.parity.cases_errors import errors
from tests.parity.cases_http import HTTP
from tests.parity.cases_parsed import parsed
from tests.parity.deviations import DEVIATIONS
from tests.parity.table import Tally
from tests.real_engine.asking import ask, send
from tests.real_engine.cases import Case
from tests.real_engine.conftest import Running

SAMPLE = 12
"""Of the ways besides `fastfront serve`, one case in so many: test_parity.py compares them at length."""


def test_generated_answers_are_vllms(running: Running, tallies: list[Tally]) -> None:
    """What differs is on the list of deviations, for whole answers, streams and errors."""
    refused = [case.name for case in generated() if running.reference.answers[case.name].status != 200]
    assert not refused, "these belong to errors()"
    cases = [*generated(), *errors()]
    tally = compared(running, running.model.name, cases if running.way == "serve" else cases[::SAMPLE])
    for each in HTTP:
        answer = send(running.client, each.method, each.path, each.content, each.headers)
        tally.add(each.name, running.reference.answers[each.name], answer, DEVIATIONS)
    if running.way == "serve":
        tallies.append(tally)
        unseen = [each for each in DEVIATIONS if tally.run in each.runs and each not in tally.seen]
        assert not unseen, "these no longer occur"
    assert not tally.unexplained, "\n".join(tally.unexplained)


def test_parsed_answers_are_vllms(flagged: Running, tallies: list[Tally]) -> None:
    """The same of a server with parsers of reasoning and tool calls, with prompts of embeddings, and other flags."""
    tally = compared(flagged, "flags", [*parsed(), *embedded()])
    tallies.append(tally)
    assert not tally.unexplained, "\n".join(tally.unexplained)
    unseen = [each for each in DEVIATIONS if "flags" in each.runs and each not in tally.seen]
    assert not unseen, "these no longer occur"


def compared(running: Running, run: str, cases: Sequence[Case]) -> Tally:
    tally = Tally(run)
    for case in cases:
        tally.add(
            case.name, running.reference.answers[case.name], ask(running.client, case.path, case.body), DEVIATIONS
        )
    return tally
