# SPDX-License-Identifier: Apache-2.0
"""What every test relies on: settings, and nothing global left behind. Fixtures live beside the tests that use them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a busy machine is no bug. A failure prints the line that reproduces it.
settings.register_profile("default", deadline=None, print_blob=True)
# More examples, for a long look: HYPOTHESIS_PROFILE=long make test
settings.register_profile("long", deadline=None, print_blob=True, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _log_handlers_as_before() -> Iterator[None]:
    """A command that runs inside a test sets up its log on a stream that pytest then closes."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
