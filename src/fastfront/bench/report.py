# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found, as it is written to JSON and read back: results of single runs, and medians over rounds.

Times are milliseconds unless a name says otherwise; memory is MB of 2^20 bytes. Knows no output but JSON.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FORMAT = 1
"""Of the JSON file; another number for another layout."""


class Distribution(msgspec.Struct, frozen=True):
    """Durations in milliseconds."""

    mean: float
    p50: float
    p90: float
    p99: float
    max: float


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One run of one workload against one server; or the medians of several."""

    frontend: str = ""
    workload: str
    concurrency: int
    rate: float = 0.0
    """Requests a second that were due; 0: closed loop."""
    round: int = 0
    per_token: bool = True
    """Whether the workload's CPU time is best told per token."""
    seconds: float
    """How long was measured."""
    requests: int
    """Answered in good order while measuring."""
    errors: dict[str, int] = {}
    first_error: str = ""
    requests_per_s: float
    tokens_per_s: float
    """Output tokens."""
    prompt_tokens: float
    """Of a request, on average, as the server counts; 0: it does not tell."""
    output_tokens: float
    tokens_told: bool = True
    """False: the server does not count tokens (no `usage`), so that events with text are taken for tokens."""
    events_per_request: float
    """Server-sent events with JSON: below output_tokens + 2, tokens have left together."""
    ttft_ms: Distribution | None = None
    tpot_ms: Distribution | None = None
    itl_ms: Distribution | None = None
    e2e_ms: Distribution | None = None
    late_ms: Distribution | None = None
    """Open loop: how late requests were sent because all connections were busy. TTFT and E2E include it."""
    server_cores: float | None = None
    """CPU time of the server's processes per second."""
    engine_cores: float | None = None
    client_cores: float = 0.0
    cpu_us_per_token: float | None = None
    cpu_us_per_request: float | None = None
    memory_mb: float | None = None
    """Resident memory of the server's processes at the end of the run."""
    idle_mb: float | None = None
    """The same before the load."""
    ready_s: float | None = None
    """From the start of the process to the first 200 of /health."""
    settled_s: float | None = None
    """From there on it may have gone on loading: to when it was idle, and the load began."""


class Report(msgspec.Struct, kw_only=True):
    """A benchmark: what ran where, and the result of every run."""

    format: int = FORMAT
    version: str
    date: str
    machine: dict[str, Any]
    command: list[str]
    servers: dict[str, str]
    """What was measured, by name: a URL, or a program and its version."""
    left_out: dict[str, str] = {}
    """Peers that were asked for and not found, with the reason."""
    results: list[Result] = []


def save(report: Report, path: Path) -> None:
    """Write a report as JSON. Raises StartupError."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    except OSError as error:
        raise StartupError(f"cannot write {path}: {error.strerror}") from None


def load(paths: Sequence[Path]) -> Report:
    """Read reports, and put the results of all behind one another. Raises StartupError."""
    merged: Report | None = None
    for path in paths:
        try:
            report = msgspec.json.decode(path.read_bytes(), type=Report)
        except (OSError, msgspec.DecodeError) as error:
            raise StartupError(f"cannot read {path}: {error}") from None
        if report.format != FORMAT:
            raise StartupError(f"{path} has format {report.format}; this version reads {FORMAT}")
        if merged is None:
            merged = report
        else:
            merged.results += report.results
            merged.servers |= report.servers
            merged.left_out |= report.left_out
    if merged is None:
        raise StartupError("no report is given")
    return merged


def medians(results: Iterable[Result]) -> list[Result]:
    """Return one result for each workload, concurrency and frontend, in the order of their first runs: the medians."""
    grouped: dict[tuple[str, int, float, str], list[Result]] = {}
    for result in results:
        key = result.workload, result.concurrency, result.rate, result.frontend
        grouped.setdefault(key, []).append(result)
    return [_median(group) for group in grouped.values()]


def _median(results: list[Result]) -> Result:
    values: dict[str, Any] = {}
    for name in Result.__struct_fields__:
        found = [getattr(result, name) for result in results]
        known = [value for value in found if value is not None]
        if not known:
            values[name] = None
        elif isinstance(known[0], Distribution):
            parts = Distribution.__struct_fields__
            values[name] = Distribution(*(statistics.median(getattr(one, part) for one in known) for part in parts))
        elif isinstance(known[0], float):
            values[name] = statistics.median(known)
        else:
            values[name] = known[0]
    values["requests"] = sum(result.requests for result in results)
    values["errors"] = {
        name: sum(result.errors.get(name, 0) for result in results)
        for name in dict.fromkeys(name for result in results for name in result.errors)
    }
    values["tokens_told"] = all(result.tokens_told for result in results)
    values["first_error"] = next((result.first_error for result in results if result.first_error), "")
    return Result(**values)
