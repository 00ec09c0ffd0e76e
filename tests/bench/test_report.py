# SPDX-License-Identifier: Apache-2.0
"""Reports: medians over rounds, and JSON there and back."""

from __future__ import annotations

import pytest

from fastfront.bench.report import load, medians, save
from fastfront.errors import StartupError
from tests.bench.results import report, result, times


def test_medians_are_taken_by_workload_clients_and_frontend():
    """One line for each, in the order of their first runs; each figure is its own median."""
    found = medians(
        [
            result(cpu_us_per_token=9.0, ttft_ms=times(5.0), round=0),
            result("vllm-rs"),
            result(cpu_us_per_token=11.0, ttft_ms=times(1.0), round=1),
            result(concurrency=256),
            result(cpu_us_per_token=8.0, ttft_ms=times(3.0), round=2),
        ]
    )
    assert [(one.frontend, one.concurrency) for one in found] == [
        ("fastfront", 64),
        ("vllm-rs", 64),
        ("fastfront", 256),
    ]
    assert found[0].cpu_us_per_token == 9.0
    assert found[0].ttft_ms == times(3.0)
    assert found[0].requests == 3 * 640


def test_errors_add_up():
    """A median of errors would hide them."""
    first = result(errors={"status": 2}, first_error="HTTP status 500")
    (found,) = medians([result(), first, result(errors={"status": 1, "timeout": 4})])
    assert found.errors == {"status": 3, "timeout": 4}
    assert found.first_error == "HTTP status 500"


def test_what_is_unknown_stays_unknown():
    """A figure that no round has is None, one that some have is the median of those."""
    (found,) = medians([result(cpu_us_per_token=None, memory_mb=None), result(cpu_us_per_token=7.0, memory_mb=None)])
    assert (found.cpu_us_per_token, found.memory_mb) == (7.0, None)


def test_a_report_comes_back_from_its_file(tmp_path):
    """What is written is what is read; several files are put behind one another."""
    one, two = report(result()), report(result("vllm-rs", errors={"closed": 1}))
    save(one, tmp_path / "one.json")
    save(two, tmp_path / "two.json")
    assert load([tmp_path / "one.json"]) == one
    both = load([tmp_path / "one.json", tmp_path / "two.json"])
    assert both.results == [*one.results, *two.results]
    assert both.servers == {"fastfront": "1.0", "vllm-rs": "1.0"}


@pytest.mark.parametrize("content", [None, "{", '{"format": 1}', '{"results": []}'])
def test_what_is_no_report_is_told(tmp_path, content):
    """The message names the file."""
    file = tmp_path / "some.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StartupError, match=r"some\.json"):
        load([file])


def test_another_format_is_refused(tmp_path):
    """A file of another version is not misread."""
    some = report()
    some.format = 99
    save(some, tmp_path / "some.json")
    with pytest.raises(StartupError, match="format 99"):
        load([tmp_path / "some.json"])


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    """The work is done; at least the reason is there."""
    with pytest.raises(StartupError, match="cannot write"):
        save(report(), tmp_path / "nowhere" / "some.json")
