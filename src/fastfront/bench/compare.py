# SPDX-License-Identifier: Apache-2.0
"""A comparison: every frontend in turn, before the same engine, on the same cores, with the same requests.

Each run has a process of its own, so that none meets what another left behind. Prints through the progress bar only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastfront.bench import processes
from fastfront.bench.bodies import BodyMaker
from fastfront.bench.frontends import SERVED_NAME, NotFoundError, Pace, find
from fastfront.bench.load import Duration, Run, Watched
from fastfront.bench.server import serving
from fastfront.errors import StartupError
from fastfront.sim import MODEL_PATH

if TYPE_CHECKING:
    from fastfront.bench.frontends import Frontend
    from fastfront.bench.options import Options
    from fastfront.bench.progress import ProgressBar
    from fastfront.bench.report import Report, Result
    from fastfront.bench.workloads import Workload


class Comparison:
    """Frontends, cores and requests of a comparison. Raises StartupError where there is nothing to compare."""

    def __init__(self, options: Options, found: Report, bar: ProgressBar) -> None:
        self._options = options
        self._found = found
        self._bar = bar
        self._frontends = self._find_frontends()
        self._server_cores, self._other_cores = self._choose_cores()
        self._model = options.model or str(MODEL_PATH)
        self._seed = options.seed if options.seed is not None else 0
        self._maker = BodyMaker(options, SERVED_NAME, self._seed)

    def run(self) -> None:
        """Measure, and put each result into the report as it comes."""
        for number in range(self._options.rounds):
            for workload in self._options.workloads:
                for frontend in self._frontends:
                    if frontend.name not in self._found.left_out:
                        self._turn(number, workload, frontend)

    def _turn(self, number: int, workload: Workload, frontend: Frontend) -> None:
        self._bar.begin(f"round {number + 1}: {workload.title}, {frontend.name}")
        try:
            result = self._measure(workload, frontend)
        except StartupError as error:
            # The others can still be compared; without fastfront there is no comparison.
            if frontend.name == "fastfront" or len(self._frontends) == 1:
                raise
            self._found.left_out[frontend.name] = str(error)
            self._bar.say(f"{frontend.name} is left out from here on: {error}")
            return
        result.frontend, result.round = frontend.name, number
        self._found.results.append(result)

    def _measure(self, workload: Workload, frontend: Frontend) -> Result:
        pace = Pace(workload.step_ms, workload.parsed)
        with serving(frontend, self._model, pace, self._server_cores, self._other_cores) as server:
            bodies = self._maker.bodies(workload, server.target)
            watched = Watched(server.pid, server.engine_pid, self._other_cores)
            duration = Duration.of(self._options)
            result = Run(server.target, workload, bodies, duration, watched, self._seed).run(self._bar.update)
        result.ready_s, result.settled_s, result.idle_mb = server.ready_s, server.settled_s, server.idle_mb
        return result

    def _find_frontends(self) -> list[Frontend]:
        frontends = []
        for name in self._options.frontends:
            try:
                frontend = find(name, self._options)
            except NotFoundError as reason:
                self._found.left_out[name] = str(reason)
                self._bar.say(f"{name} is left out: {reason}")
            else:
                self._found.servers[name] = frontend.version
                frontends.append(frontend)
        if not frontends:
            raise StartupError("none of the frontends is here")
        return frontends

    def _choose_cores(self) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
        """Return the frontend's cores, and those of engine and load; None where there are not enough to keep apart."""
        options = self._options
        available = processes.available_cores()
        for cores in (options.server_cores, options.other_cores):
            missing = sorted(set(cores or ()) - set(available))
            if missing:
                raise StartupError(f"core {missing[0]} is not available here; {', '.join(map(str, available))} are")
        server = options.server_cores or (tuple(available[:1]) if len(available) > 1 else None)
        other = options.other_cores or tuple(core for core in available if core not in (server or ())) or None
        if server is None or other is None or set(server) & set(other):
            self._bar.say(
                "Frontend, engine and load share cores: times say little here; CPU time per unit of work still does."
            )
        return server, other
