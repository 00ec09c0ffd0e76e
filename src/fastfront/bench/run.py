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
from fastfront.bench.frontends import SERVED_NAME, NotFoundError, find
from fastfront.bench.load import Duration, Run, Watched
from fastfront.bench.progress import ProgressBar
from fastfront.bench.prompts import Text, make_bodies
from fastfront.bench.server import serving
from fastfront.errors import StartupError
from fastfront.sim import MODEL_PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastfront.bench.frontends import Frontend
    from fastfront.bench.options import Options
    from fastfront.bench.probe import Calibration, Target
    from fastfront.bench.prompts import Body
    from fastfront.bench.report import Report
    from fastfront.bench.workloads import Workload


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
                _compare(options, found, bar)
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


# -- A running server


def _measure_url(options: Options, found: Report, bar: ProgressBar) -> None:
    target = probe.parse_url(options.url or "", options.api_key)
    model = options.model or probe.find_model(target)
    found.servers["server"] = f"{target.url} ({model})"
    pid = options.pid or _local_process(target)
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    calibrations: dict[str, Calibration] = {}
    for workload in options.workloads:
        bodies = _bodies(options, workload, target, model, seed, calibrations)
        bar.begin(_title(workload.name, workload.concurrency, workload.rate, "server"))
        result = Run(target, workload, bodies, _duration(options), Watched(pid), seed).run(bar.update)
        result.frontend = "server"
        found.results.append(result)


def _local_process(target: Target) -> int | None:
    """Return the process behind the address, if it is one of this machine that we may look at."""
    if not (target.address.startswith("127.") or target.address == "::1"):
        return None
    return processes.listening_process(target.port)


# -- A comparison


def _compare(options: Options, found: Report, bar: ProgressBar) -> None:
    frontends = _find_frontends(options, found, bar)
    server_cores, other_cores = _cores(options, bar)
    model = options.model or str(MODEL_PATH)
    seed = options.seed if options.seed is not None else 0
    prepared: dict[Workload, list[Body]] = {}
    calibrations: dict[str, Calibration] = {}
    for number in range(options.rounds):
        for workload in options.workloads:
            for frontend in frontends:
                if frontend.name in found.left_out:
                    continue
                bar.begin(
                    f"round {number + 1}: {_title(workload.name, workload.concurrency, workload.rate, frontend.name)}"
                )
                try:
                    with serving(frontend, model, workload.step_ms, server_cores, other_cores) as server:
                        if workload not in prepared:
                            # Made once: every frontend gets the same requests.
                            bodies = _bodies(options, workload, server.target, SERVED_NAME, seed, calibrations)
                            prepared[workload] = bodies
                        watched = Watched(server.pid, server.engine_pid, other_cores)
                        run = Run(server.target, workload, prepared[workload], _duration(options), watched, seed)
                        result = run.run(bar.update)
                except StartupError as error:
                    # The others can still be compared; fastfront failing is this program's own failure.
                    if frontend.name == "fastfront" or len(frontends) == 1:
                        raise
                    found.left_out[frontend.name] = str(error)
                    bar.say(f"{frontend.name} is left out from here on: {error}")
                    continue
                result.frontend, result.round = frontend.name, number
                result.ready_s, result.idle_mb = server.ready_s, server.idle_mb
                found.results.append(result)


def _find_frontends(options: Options, found: Report, bar: ProgressBar) -> list[Frontend]:
    frontends = []
    for name in options.frontends:
        try:
            frontend = find(name, options)
        except NotFoundError as reason:
            found.left_out[name] = str(reason)
            bar.say(f"{name} is left out: {reason}")
        else:
            found.servers[name] = frontend.version
            frontends.append(frontend)
    if not frontends:
        raise StartupError("none of the frontends is here")
    return frontends


def _cores(options: Options, bar: ProgressBar) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """Return the cores of the frontend and those of engine and load; None where there are not enough to keep apart."""
    available = processes.available_cores()
    for cores in (options.server_cores, options.other_cores):
        missing = sorted(set(cores or ()) - set(available))
        if missing:
            raise StartupError(f"core {missing[0]} is not available here; {', '.join(map(str, available))} are")
    server = options.server_cores or (tuple(available[:1]) if len(available) > 1 else None)
    other = options.other_cores or tuple(core for core in available if core not in (server or ())) or None
    if server is None or other is None or set(server) & set(other):
        bar.say("Frontend, engine and load share cores: times say little here; CPU time per unit of work still does.")
    return server, other


# -- Both


def _bodies(
    options: Options,
    workload: Workload,
    target: Target,
    model: str,
    seed: int,
    calibrations: dict[str, Calibration],
) -> list[Body]:
    if workload.dataset is not None:
        return make_bodies(workload, model, Text(1.0, seed))
    if workload.path not in calibrations:
        calibrations[workload.path] = probe.calibrate(target, model, workload.path, seed)
    counts = calibrations[workload.path]
    text = Text(counts.words_per_token, seed)
    return make_bodies(workload, model, text, overhead_tokens=counts.overhead_tokens, extra=options.extra_body)


def _duration(options: Options) -> Duration:
    return Duration(options.warmup, options.duration, options.requests, options.timeout)


def _title(workload: str, clients: int, rate: float, name: str) -> str:
    return f"{workload}, {clients:,} clients{f', {rate:g} requests/s' if rate else ''}, {name}"


def _show(options: Options, found: Report) -> None:
    results = report.medians(found.results)
    if options.markdown:
        print(table.markdown(found, results))
    elif options.url is not None and len(results) == 1:
        one = results[0]
        print(_title(one.workload, one.concurrency, one.rate, found.servers["server"]))
        print(table.details(one))
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
