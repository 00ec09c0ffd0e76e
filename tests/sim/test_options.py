# SPDX-License-Identifier: Apache-2.0
"""The command line's values."""

from __future__ import annotations

import pytest

from fastfront.sim import MODEL_PATH
from fastfront.sim.options import Options, parse


def test_the_parsers_defaults_are_the_options_defaults():
    """One table of defaults."""
    parsed = parse(["--input", "a", "b", "--output", "c", "d"])
    assert parsed == Options(input=("a", "b"), output=("c", "d"))
    assert parsed.model == MODEL_PATH


def test_slow_multiplies_both_times():
    """Times are in seconds for the scheduler."""
    options = parse(["--handshake", "tcp://x:1", "--ttft-ms", "100", "--token-ms", "20", "--slow", "1.5"])
    assert options.ttft_s == pytest.approx(0.15)
    assert options.token_s == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("arguments", "size"), [(["--rank", "3"], 4), (["--rank", "1", "--data-parallel-size", "8"], 8)]
)
def test_there_are_at_least_as_many_engines_as_the_rank_says(arguments, size):
    """A second engine is never alone."""
    assert parse(["--handshake", "tcp://x:1", *arguments]).data_parallel_size == size
