# SPDX-License-Identifier: Apache-2.0
"""The floor: the load generator takes its answers for a server's."""

from __future__ import annotations

import pytest

from fastfront.bench.report import load
from fastfront.cli import main

SHORT = ("--frontends", "floor", "--rounds", "1", "--duration", "0.4", "--warmup", "0.1", "--quiet")


@pytest.mark.e2e
@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_its_answers_are_whole(tmp_path, stream):
    """Streams have the tokens that were asked for, one event each, and their usage; so have whole answers."""
    file = tmp_path / "found.json"
    flags = (stream, "--output-tokens", "5", "--concurrency", "3", "--step-ms", "1")
    assert main(["bench", *SHORT, *flags, "--json", str(file)]) == 0
    (result,) = load([file]).results
    assert result.errors == {}
    assert result.requests > 0
    assert result.output_tokens == 5
    assert result.engine_cores is None
    if stream == "--stream":
        assert result.events_per_request == 7
        assert result.itl_ms is not None
