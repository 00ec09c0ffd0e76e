# SPDX-License-Identifier: Apache-2.0
"""The log of fastfront's own process."""

from __future__ import annotations

import logging
import re

import pytest

from fastfront.server.log import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before():
    root, ours = logging.getLogger(), logging.getLogger("fastfront")
    before = (root.handlers, root.level, ours.level)
    yield
    root.handlers, root.level = before[:2]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_lines_are_plain(capsys):
    """A line has its level, the time of day, the package and the text."""
    configure_logging()
    logging.getLogger("fastfront.server.run").info("Ready %d", 1)
    assert re.fullmatch(r"INFO \d\d:\d\d:\d\d \[fastfront\] Ready 1\n", capsys.readouterr().err)


def test_level(capsys):
    """Messages below the level do not show."""
    configure_logging("warning")
    logging.getLogger("fastfront.x").info("quiet")
    logging.getLogger("fastfront.x").warning("loud")
    assert [line.split("] ")[1] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def test_other_packages_news_does_not_show(capsys):
    """A library's information is noise, its warnings are not."""
    configure_logging("info")
    logging.getLogger("library").info("quiet")
    logging.getLogger("library").warning("loud")
    assert "loud" in (shown := capsys.readouterr().err)
    assert "quiet" not in shown


@pytest.mark.parametrize("level", ["critical", "error", "warning", "info", "debug", "trace"])
def test_every_level_of_the_option_is_known(level):
    """What --log-level takes, logging takes."""
    configure_logging(level)
    assert logging.getLogger("fastfront").isEnabledFor(logging.CRITICAL)
