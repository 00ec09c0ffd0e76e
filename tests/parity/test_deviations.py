# SPDX-License-Identifier: Apache-2.0
"""The list of deviations, the page that tells them to users, and the cases that they are about."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.parity.cases import generated
from tests.parity.cases_embeds import embedded
from tests.parity.cases_errors import errors
from tests.parity.cases_front import FRONT
from tests.parity.cases_http import HTTP
from tests.parity.cases_parsed import parsed
from tests.parity.deviations import DEVIATIONS, Deviation

PAGE = (Path(__file__).parents[2] / "docs/compatibility.md").read_text(encoding="utf-8")
PLAIN_NAMES = [case.name for case in (*generated(), *errors(), *HTTP)]
FLAGS_NAMES = [case.name for case in (*parsed(), *embedded(), *FRONT)]


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: f"{each.cases} {each.path}")
def test_users_are_told(deviation: Deviation) -> None:
    """The page has the words, and the list has a reason."""
    assert deviation.said in PAGE
    assert deviation.why


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: f"{each.cases} {each.path}")
def test_a_deviation_is_about_cases(deviation: Deviation) -> None:
    """Its pattern is of names that there are."""
    names = FLAGS_NAMES if deviation.runs == ("flags",) else PLAIN_NAMES
    assert any(fnmatchcase(name, deviation.cases) for name in names)


def test_cases_are_many_and_have_names_of_their_own() -> None:
    """At least 300 that are served, and the errors."""
    assert len(generated()) >= 300
    assert len(set(PLAIN_NAMES)) == len(PLAIN_NAMES)
    assert len(set(FLAGS_NAMES)) == len(FLAGS_NAMES)
