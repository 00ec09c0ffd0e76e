# SPDX-License-Identifier: Apache-2.0
"""The generated requests of tests/parity, asked of both servers: the same answers, but for the listed deviations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import httpx

from tests.parity.cases import generated
from tests.parity.cases_embeds import embedded
from tests.parity.cases_errors import errors
from tests.parity.cases_front import FRONT, FRONT_KEPT
from tests.parity.cases_http import HTTP, KEPT, HttpCase
from tests.parity.cases_parsed import parsed
from tests.parity.deviations import DEVIATIONS, Deviation
from tests.parity.table import Tally
from tests.real_engine.asking import ask, send
from tests.real_engine.cases import Case
from tests.real_engine.conftest import Running, connect

SAMPLE = 12
"""Of the ways besides `fastfront serve`, one case in so many: test_parity.py compares them at length."""


def test_generated_answers_are_vllms(running: Running, tallies: list[Tally]) -> None:
    """What differs is on the list of deviations, for whole answers, streams and errors."""
    refused = [case.name for case in generated() if running.reference.answers[case.name].status != 200]
    assert not refused, "these belong to errors()"
    cases = [*generated(), *errors()]
    tally = Tally(running.model.name)
    compare(running, cases if running.way == "serve" else cases[::SAMPLE], tally)
    compare_http(running, running.client, HTTP, KEPT, tally)
    if running.way == "serve":
        tallies.append(tally)
        unseen = unseen_of(tally)
        assert not unseen, "these no longer occur"
    assert not tally.unexplained, "\n".join(tally.unexplained)


def test_parsed_answers_are_vllms(flagged: Running, tallies: list[Tally]) -> None:
    """The same of a server with parsers, prompts of embeddings, keys, CORS, bounds and other flags."""
    tally = Tally("flags")
    with connect(flagged.server, {}) as stranger:
        compare_http(flagged, stranger, FRONT, FRONT_KEPT, tally)
    compare(flagged, [*parsed(), *embedded()], tally)
    tallies.append(tally)
    assert not tally.unexplained, "\n".join(tally.unexplained)
    unseen = unseen_of(tally)
    assert not unseen, "these no longer occur"


def unseen_of(tally: Tally) -> list[Deviation]:
    return [each for each in DEVIATIONS if tally.run in each.runs and each not in tally.seen and not each.sometimes]


def compare(running: Running, cases: Sequence[Case], tally: Tally) -> None:
    for case in cases:
        answer = ask(running.client, case.path, case.body)
        tally.add(case.name, running.reference.answers[case.name], answer, DEVIATIONS)


def compare_http(
    running: Running, client: httpx.Client, cases: Sequence[HttpCase], kept: Collection[str], tally: Tally
) -> None:
    for case in cases:
        answer = send(client, case.method, case.path, case.content, case.headers, kept)
        tally.add(case.name, running.reference.answers[case.name], answer, DEVIATIONS)
