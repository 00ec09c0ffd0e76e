# SPDX-License-Identifier: Apache-2.0
"""BodyMaker: a server is asked once how it counts, and runs of one workload share their bodies."""

from __future__ import annotations

import pytest

from fastfront.bench import probe
from fastfront.bench.bodies import BodyMaker
from fastfront.bench.options import parse
from fastfront.bench.probe import Calibration, Target
from fastfront.bench.workloads import CUSTOM, vary

TARGET = Target("127.0.0.1", "127.0.0.1", 1)


@pytest.fixture
def asked(monkeypatch):
    """Return the endpoints that were asked how they count."""
    paths = []

    def calibrate(target, model, path, seed):
        paths.append(path)
        return Calibration(words_per_token=0.5, overhead_tokens=10)

    monkeypatch.setattr(probe, "calibrate", calibrate)
    return paths


def test_runs_of_one_workload_share_their_bodies(asked):
    """Clients and rate make no difference to what is sent."""
    maker = BodyMaker(parse([]), "m", seed=0)
    first = maker.bodies(CUSTOM, TARGET)
    assert maker.bodies(vary(CUSTOM, concurrency=1024, rate=5.0), TARGET) is first
    assert asked == ["/v1/chat/completions"]


def test_each_endpoint_is_asked_once(asked):
    """Chats have a template around them, texts have none."""
    maker = BodyMaker(parse([]), "m", seed=0)
    for workload in (CUSTOM, vary(CUSTOM, chat=False), vary(CUSTOM, output_tokens=3), CUSTOM):
        maker.bodies(workload, TARGET)
    assert asked == ["/v1/chat/completions", "/v1/completions"]


def test_a_dataset_needs_no_counting(asked, tmp_path):
    """Bodies of a file are as long as they are."""
    file = tmp_path / "mine.jsonl"
    file.write_text('{"prompt": "a"}\n')
    (body,) = BodyMaker(parse([]), "m", seed=0).bodies(vary(CUSTOM, dataset=file), TARGET)
    assert body == (b'{"prompt": "a", "model": "m"}', [])
    assert asked == []
