# SPDX-License-Identifier: Apache-2.0
"""Results as text: tables for a terminal and for Markdown. Knows reports and nothing of how they came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fastfront.bench.report import Distribution, Report, Result

BASELINE = "vllm-rs"
"""The frontend that the others' CPU time is compared with."""
RATIO = f"\N{MULTIPLICATION SIGN} {BASELINE}"


def number(value: float | None, digits: int = 1) -> str:
    """Return a number that people read: with a comma for thousands, without more digits than it is worth."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        digits = 0
    elif abs(value) >= 100:
        digits = min(digits, 1)
    return f"{value:,.{digits}f}"


def cpu(result: Result) -> float | None:
    """Return the CPU time that says most of a workload, in microseconds: per token, or per request."""
    return result.cpu_us_per_token if result.per_token else result.cpu_us_per_request


def ratio(result: Result, results: Iterable[Result]) -> float | None:
    """Return a result's CPU time over the baseline's for the same workload."""
    for other in results:
        same = (other.workload, other.concurrency, other.rate) == (result.workload, result.concurrency, result.rate)
        mine, theirs = cpu(result), cpu(other)
        if other.frontend == BASELINE and same and mine is not None and theirs:
            return mine / theirs
    return None


def details(result: Result) -> str:
    """Return everything that is known of one result, for a terminal."""
    lines = [
        ("requests", f"{result.requests:,} in {number(result.seconds)} s, {number(result.requests_per_s)} a second"),
        ("output tokens", f"{number(result.tokens_per_s)} a second, {number(result.output_tokens)} a request"),
        ("prompt tokens", f"{number(result.prompt_tokens)} a request" if result.prompt_tokens else "not told"),
        ("errors", _errors(result)),
    ]
    if result.ttft_ms is not None:
        lines.append(("events a request", number(result.events_per_request)))
    if not result.tokens_told:
        lines.append(("", "(the server does not count tokens: one event with text is taken for one token)"))
    if result.server_cores is not None:
        lines += [
            ("server CPU", f"{number(result.server_cores, 2)} cores"),
            ("  per token", f"{number(result.cpu_us_per_token, 2)} µs"),
            ("  per request", f"{number(result.cpu_us_per_request)} µs"),
            ("server memory", f"{number(result.memory_mb)} MB"),
        ]
    lines.append(("client CPU", f"{number(result.client_cores, 2)} cores"))
    text = "\n".join(f"  {name:<18}{value}" for name, value in lines)
    columns = [("ms", 20), ("mean", 10), ("p50", 10), ("p90", 10), ("p99", 10), ("max", 10)]
    head = "".join(f"{name:>{width}}" if width < 20 else f"  {name:<18}" for name, width in columns)
    return "\n".join([text, "", head, *_times(result)])


def _times(result: Result) -> Iterable[str]:
    named: list[tuple[str, Distribution | None]] = [
        ("TTFT", result.ttft_ms),
        ("TPOT", result.tpot_ms),
        ("ITL", result.itl_ms),
        ("E2E", result.e2e_ms),
        ("sent late", result.late_ms),
    ]
    for name, times in named:
        if times is not None:
            values = (times.mean, times.p50, times.p90, times.p99, times.max)
            yield f"  {name:<18}" + "".join(f"{number(value, 2):>10}" for value in values)


def _errors(result: Result) -> str:
    total = sum(result.errors.values())
    if not total:
        return "none"
    kinds = ", ".join(f"{count} {name}" for name, count in result.errors.items())
    return f"{total:,} ({kinds}); the first: {result.first_error[:200]}"


Column = tuple[str, "Callable[[Result], str]"]


def _columns(results: Sequence[Result]) -> list[Column]:
    def part(name: str, quantile: str) -> Callable[[Result], str]:
        return lambda result: number(getattr(getattr(result, name), quantile, None), 2)

    columns: list[Column] = [
        ("workload", lambda result: result.workload),
        ("clients", lambda result: f"{result.concurrency:,}"),
        ("frontend", lambda result: result.frontend),
        ("CPU µs", lambda result: number(cpu(result), 2 if result.per_token else 1)),
        (RATIO, lambda result: number(ratio(result, results), 2)),
        ("per", lambda result: "token" if result.per_token else "request"),
        ("req/s", lambda result: number(result.requests_per_s)),
        ("tokens/s", lambda result: number(result.tokens_per_s, 0)),
        ("TTFT p50", part("ttft_ms", "p50")),
        ("TTFT p99", part("ttft_ms", "p99")),
        ("TPOT p50", part("tpot_ms", "p50")),
        ("ITL p99", part("itl_ms", "p99")),
        ("E2E p50", part("e2e_ms", "p50")),
        ("events/req", lambda result: number(result.events_per_request) if result.ttft_ms else "-"),
        ("MB", lambda result: number(result.memory_mb, 0)),
        ("errors", lambda result: f"{sum(result.errors.values()):,}"),
    ]
    if len({result.frontend for result in results}) == 1 and not any(ratio(one, results) for one in results):
        columns = [column for column in columns if column[0] != RATIO]
    return columns


def comparison(results: Sequence[Result]) -> str:
    """Return one line for each result, for a terminal. Times are milliseconds."""
    columns = _columns(results)
    rows = [[name for name, _ in columns], *([show(result) for _, show in columns] for result in results)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    left = {0, 2}
    return "\n".join(
        "  ".join(cell.ljust(width) if index in left else cell.rjust(width) for index, (cell, width) in enumerate(line))
        for line in (list(zip(row, widths, strict=True)) for row in rows)
    )


def markdown(report: Report, results: Sequence[Result]) -> str:
    """Return the same as a Markdown table, with the machine and the date above. For docs/performance.md."""
    machine = report.machine
    columns = _columns(results)
    head = "| " + " | ".join(name for name, _ in columns) + " |"
    rule = "|" + "|".join("---" if index in {0, 2} else "---:" for index in range(len(columns))) + "|"
    rows = ["| " + " | ".join(show(result) for _, show in columns) + " |" for result in results]
    servers = ", ".join(f"{name} {version}" for name, version in report.servers.items())
    rounds = max((result.round for result in report.results), default=0) + 1
    where = f"{machine.get('cpu', 'unknown')}, {machine.get('cores', '?')} cores, Linux {machine.get('kernel', '?')}"
    how = "1 round" if rounds == 1 else f"medians of {rounds} rounds"
    about = f"{report.date[:10]}, {where}. {servers}. Times in ms, {how}."
    return "\n".join([about, "", head, rule, *rows])
