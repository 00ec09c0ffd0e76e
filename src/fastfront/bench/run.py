# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench` from options to output: measure what is asked for, and show, save and draw what came of it."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastfront import __version__
from fastfront.bench import plots, probe, processes, report, table
from fastfront.bench.bodies import BodyMaker
from fastfront.bench.compare import Comparison
from fastfront.bench.load import Duration, Run, Watched
from fastfront.bench.progress import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastfront.bench.options import Options
    from fastfront.bench.probe import Target
    from fastfront.bench.report import Report


def run(options: Options, command: Sequence[str]) -> int:
    """Do it. Returns the exit status: 1 if a run had errors. Raises StartupError."""
    if options.plots is not None:
        plots.load_matplotlib()  # told before the work, not behind it
    if options.show:
        found = report.load(options.show)
    else:
        found = _new_report(command)
        bar = ProgressBar(sys.stderr, quiet=options.quiet)
        try:
            if options.url is not None:
                _measure_url(options, found, bar)
            else:
                Comparison(options, found, bar).run()
        finally:
            bar.clear()
            if options.json is not None and found.results:
                report.save(found, options.json)
    _show(options, found)
    return 1 if any(result.errors for result in found.results) and not options.show else 0


def _new_report(command: Sequence[str]) -> Report:
    return report.Report(
        version=__version__,
        date=dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        machine=_machine(),
        command=["fastfront", "bench", *command],
        servers={},
    )


def _machine() -> dict[str, Any]:
    cpu = "unknown"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    except OSError:
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "available_cores": processes.available_cores(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _measure_url(options: Options, found: Report, bar: ProgressBar) -> None:
    target = probe.parse_url(options.url or "", options.api_key)
    model = options.model or probe.find_model(target)
    found.servers["server"] = f"{target.url} ({model})"
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    watched = Watched(options.pid or _local_process(target))
    maker = BodyMaker(options, model, seed)
    for workload in options.workloads:
        bodies = maker.bodies(workload, target)
        bar.begin(workload.title)
        result = Run(target, workload, bodies, Duration.of(options), watched, seed).run(bar.update)
        result.frontend = "server"
        found.results.append(result)


def _local_process(target: Target) -> int | None:
    """Return the process behind the address, if it is one of this machine that we may look at."""
    if not (target.address.startswith("127.") or target.address == "::1"):
        return None
    return processes.listening_process(target.port)


def _show(options: Options, found: Report) -> None:
    results = report.medians(found.results)
    if options.markdown:
        print(table.markdown(found, results))
    elif options.url is not None and len(results) == 1:
        print(f"{found.servers['server']}: {options.workloads[0].title}")
        print(table.details(results[0]))
    else:
        print(table.comparison(results))
        print("\nTimes in ms; CPU time of the server's processes; MB at the end of the load.")
    for name, reason in found.left_out.items():
        print(f"{name} is left out: {reason}", file=sys.stderr)
    if options.plots is not None:
        files = plots.draw(results, options.plots)
        if not files:
            print("No plots: a line needs at least two numbers of clients (--concurrency 1,16,64,...)", file=sys.stderr)
        for file in files:
            print(f"wrote {file}", file=sys.stderr)
