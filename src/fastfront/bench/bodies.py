# SPDX-License-Identifier: Apache-2.0
"""Request bodies for a server at hand: how it counts tokens is asked once, bodies are made once for all runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fastfront.bench import probe
from fastfront.bench.prompts import Text, make_bodies

if TYPE_CHECKING:
    from fastfront.bench.options import Options
    from fastfront.bench.probe import Calibration, Target
    from fastfront.bench.prompts import Body
    from fastfront.bench.workloads import Workload


class BodyMaker:
    """Makes the bodies of workloads. In a comparison one maker serves all frontends: they get the same requests."""

    def __init__(self, options: Options, model: str, seed: int) -> None:
        self._options = options
        self._model = model
        self._seed = seed
        self._calibrations: dict[str, Calibration] = {}
        self._made: dict[Workload, list[Body]] = {}

    def bodies(self, workload: Workload, target: Target) -> list[Body]:
        """Return the bodies of a workload; the server is asked if none has been yet. Raises StartupError."""
        # How many clients send them makes no difference to bodies.
        key = dataclasses.replace(workload, concurrency=1, rate=0.0)
        if key not in self._made:
            self._made.clear()  # those of the workload before: they can be large
            self._made[key] = self._make(workload, target)
        return self._made[key]

    def _make(self, workload: Workload, target: Target) -> list[Body]:
        if workload.dataset is not None:
            return make_bodies(workload, self._model, Text(1.0, self._seed))
        counts = self._calibrations.get(workload.path)
        if counts is None:
            counts = probe.calibrate(target, self._model, workload.path, self._seed)
            self._calibrations[workload.path] = counts
        text = Text(counts.words_per_token, self._seed)
        overhead, extra = counts.overhead_tokens, self._options.extra_body
        return make_bodies(workload, self._model, text, overhead_tokens=overhead, extra=extra)
