# SPDX-License-Identifier: Apache-2.0
"""Tables: the columns line up, ratios are over the same workload of vllm-rs, nothing unknown is made up."""

from __future__ import annotations

import pytest

from fastfront.bench.table import RATIO, comparison, details, markdown, number, ratio
from tests.bench.results import report, result

SHORT = {"workload": "short64", "per_token": False, "ttft_ms": None}


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(None, 1, "-"), (0.456, 2, "0.46"), (12.345, 2, "12.35"), (123.45, 2, "123.5"), (97369.4, 1, "97,369")],
)
def test_numbers_have_the_digits_that_they_are_worth(value, digits, text):
    """Small numbers keep their digits, large ones get commas."""
    assert number(value, digits) == text


def test_ratio_is_over_the_same_workload_and_clients():
    """CPU per token where tokens are streamed, per request elsewhere; None without vllm-rs."""
    streams = [result(cpu_us_per_token=4.0), result("vllm-rs", cpu_us_per_token=10.0)]
    shorts = [result(cpu_us_per_request=50.0, **SHORT), result("vllm-rs", cpu_us_per_request=200.0, **SHORT)]
    everything = streams + shorts
    assert ratio(streams[0], everything) == 0.4
    assert ratio(shorts[0], everything) == 0.25
    assert ratio(result(concurrency=1), everything) is None


def test_a_comparison_is_a_line_for_each_result():
    """The columns line up and hold what they say."""
    lines = comparison([result(), result("vllm-rs", cpu_us_per_token=20.0), result(**SHORT)]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert RATIO in lines[0]
    assert lines[1].split()[:5] == ["stream64", "64", "fastfront", "10.00", "0.50"]
    assert lines[3].split()[3] == "1,000"


def test_one_server_has_no_ratio():
    """A column that can only be empty is left out."""
    assert RATIO not in comparison([result("server")])


def test_markdown_says_what_and_where():
    """Above the table stand date, machine, versions and rounds."""
    some = report(result(), result("vllm-rs", round=2))
    text = markdown(some, some.results)
    assert text.startswith(
        "2026-01-02, A CPU, 2 cores, Linux 6.1. fastfront 1.0, vllm-rs 1.0. Times in ms, medians of 3"
    )
    assert len({line.count("|") for line in text.splitlines()[2:]}) == 1


def test_details_tell_everything_that_is_known():
    """Errors with the first reason, CPU and memory if the process is known, a word where tokens are guessed."""
    text = details(result(errors={"status": 3}, first_error="HTTP status 503", server_cores=0.5))
    for part in (
        "640 in 10.0 s",
        "3 (3 status); the first: HTTP status 503",
        "0.50 cores",
        "10.00 µs",
        "80.0 MB",
        "TTFT",
    ):
        assert part in text
    assert "one event" in details(result(tokens_told=False))
    assert "server CPU" not in details(result())
    assert "TTFT" not in details(result(ttft_ms=None))
