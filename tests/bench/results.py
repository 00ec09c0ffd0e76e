# SPDX-License-Identifier: Apache-2.0
"""Results for the tests of what is made of results."""

from __future__ import annotations

from fastfront.bench.report import Distribution, Report, Result


def times(p50):
    return Distribution(mean=p50, p50=p50, p90=2 * p50, p99=3 * p50, max=4 * p50)


def result(frontend="fastfront", **members):
    values = {
        "workload": "stream64",
        "concurrency": 64,
        "seconds": 10.0,
        "requests": 640,
        "requests_per_s": 64.0,
        "tokens_per_s": 6400.0,
        "prompt_tokens": 110.0,
        "output_tokens": 100.0,
        "events_per_request": 102.0,
        "ttft_ms": times(10.0),
        "cpu_us_per_token": 10.0,
        "cpu_us_per_request": 1000.0,
        "memory_mb": 80.0,
    }
    return Result(frontend=frontend, **(values | members))


def report(*results):
    machine = {"cpu": "A CPU", "cores": 2, "kernel": "6.1"}
    servers = {one.frontend: "1.0" for one in results}
    return Report(
        version="0", date="2026-01-02T03:04:05+00:00", machine=machine, command=[], servers=servers, results=[*results]
    )
