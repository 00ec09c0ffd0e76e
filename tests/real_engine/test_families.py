# SPDX-License-Identifier: Apache-2.0
"""The families' token streams through vLLM's real Python server, and through fastfront: the same answers.

No engine is real here: the embedded one plays the tokens to both. vLLM's own serving objects answer, one for each
family, in one process (tests/families/vllm_server.py).
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.families.deviations import DEVIATIONS, differing, explaining, stream_differences, unexplained
from tests.families.models import make_models
from tests.families.recording import GOLDEN, Recording, record, vllm_server
from tests.families.serving import fastfronts
from tests.families.table import FAMILIES, GROUPS
from tests.real_engine.servers import Site

TABLE = Path(__file__).parents[2] / "build" / "families.md"
NEED_A_PACKAGE = {"cohere_command3", "cohere_command4"}
"""Families that vLLM makes with cohere-melody only."""


class Both(NamedTuple):
    """What both servers said to the same tokens."""

    vllms: Recording
    missing: dict[str, str]
    ours: Recording

    def each(self) -> Iterator[tuple[str, str]]:
        """The answers that both were asked for: family and name."""
        return ((family, name) for family, answers in self.vllms.items() for name in answers)


@pytest.fixture(scope="module")
def both(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Both:
    with vllm_server(str(site.engine_venv / "bin" / "python")) as (urls, missing):
        vllms = asyncio.run(record(urls))
    folder, ours = tmp_path_factory.mktemp("families"), {}
    models, python = make_models(folder), str(site.fastfront.parent / "python")
    for families in GROUPS.values():
        with fastfronts(families, models, folder / "log", python) as served:
            ours |= asyncio.run(record(served))
    return Both(vllms, missing, ours)


def test_vllm_has_every_family(both: Both) -> None:
    """But for those that need a package which vLLM does not bring along."""
    assert set(both.missing) <= NEED_A_PACKAGE, both.missing
    assert set(both.ours) == set(FAMILIES)


def test_golden_answers_of_families_are_vllms(both: Both) -> None:
    """Recorded again, the whole answers are those that tests/e2e/test_families.py goes by."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {
        family: {name: heard["whole"] for name, heard in answers.items()} for family, answers in both.vllms.items()
    } == {family: golden[family] for family in both.vllms}


def test_whole_answers_of_families_are_vllms(both: Both) -> None:
    """Member by member, usage included; what differs is a listed deviation, and each of those occurs."""
    seen, wrong = set(), []
    for family, name in both.each():
        theirs, ours = both.vllms[family][name]["whole"], both.ours[family][name]["whole"]
        members = differing(theirs, ours)
        seen.update(deviation for member in members for deviation in explaining(family, name, member))
        if unexplained(family, name, members):
            wrong.append((family, name, theirs, ours))
    assert not wrong
    assert {deviation for deviation in DEVIATIONS if deviation.families & both.vllms.keys()} == seen


def test_streams_of_families_are_vllms(both: Both) -> None:
    """Put together they are vLLM's, where vLLM's is its own whole answer; the table says how often that is not so."""
    wrong, counts = [], {group: Counter[str]() for group in GROUPS}
    groups = {family.name: group for group, families in GROUPS.items() for family in families}
    for family, name in both.each():
        theirs, ours = both.vllms[family][name], both.ours[family][name]
        assert ours["stream"] == ours["whole"]
        own, others = stream_differences(theirs["whole"], theirs["stream"], ours["stream"])
        if unexplained(family, name, others):
            wrong.append((family, name, theirs["stream"], ours["stream"]))
        counts[groups[family]].update(
            answers=1,
            equal=theirs["whole"] == ours["whole"],
            explained=theirs["whole"] != ours["whole"],
            streams=theirs["stream"] == ours["stream"],
            own=bool(own),
        )
    write_table(counts)
    assert not wrong


HEAD = (
    "| calls | answers | whole answers equal | explained by a listed deviation | streams equal "
    "| vLLM's stream is not its own whole answer |\n|---|---|---|---|---|---|\n"
)


def write_table(counts: dict[str, Counter[str]]) -> None:
    """Write what came out, by what a call looks like."""
    total = Counter[str]()
    for count in counts.values():
        total.update(count)
    rows = [
        f"| {group} | " + " | ".join(str(count[key]) for key in ("answers", "equal", "explained", "streams", "own"))
        for group, count in [*counts.items(), ("all", total)]
    ]
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(HEAD + " |\n".join(rows) + " |\n", encoding="utf-8")
