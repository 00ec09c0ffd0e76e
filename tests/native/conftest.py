# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the native tests: each tokenizer at hand, each way to detokenize, and a seed that can be changed."""

from __future__ import annotations

import os
import sys

import pytest

from tests.native.detokenizer_cases import OPTIONS, REAL, SMALL, load_case


@pytest.fixture(params=[*SMALL, *REAL])
def case(request):
    """Every small tokenizer, and every real one that the lab has."""
    return load_case(request.param)


@pytest.fixture(params=SMALL)
def small_case(request):
    """Every small tokenizer."""
    return load_case(request.param)


@pytest.fixture(
    params=OPTIONS,
    ids=lambda options: f"skip={options['skip_special_tokens']:d},spaces={options['spaces_between_special_tokens']:d}",
)
def options(request):
    """Both values of both options."""
    return request.param


@pytest.fixture
def seed():
    """The seed of the random streams; FASTFRONT_SEED gives another one."""
    value = os.environ.get("FASTFRONT_SEED", "1")
    sys.stdout.write(f"FASTFRONT_SEED={value}\n")
    return value
