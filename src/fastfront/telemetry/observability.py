# SPDX-License-Identifier: Apache-2.0
"""What a Frontend's operator watches besides /metrics: the request log, the access log, traces, the engines' line.

Made of the options; closed with the Frontend. Everything is written on one thread of its own. Must not know requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastfront.config import Config
from fastfront.telemetry.access_log import AccessLog
from fastfront.telemetry.engine import Snapshot
from fastfront.telemetry.log_queue import LogQueue
from fastfront.telemetry.request_log import RequestLog
from fastfront.telemetry.stats_log import StatsLog
from fastfront.telemetry.tracing import Tracer


class Observability:
    """The parts that the options ask for; None where they do not."""

    def __init__(self, config: Config) -> None:
        """Make the logs. Traces begin with `start`."""
        self.queue = LogQueue()
        self.request_log: RequestLog | None = None
        self.tracer: Tracer | None = None
        self._config = config
        self._stats: asyncio.Task[None] | None = None
        if config.enable_log_requests:
            self.request_log = RequestLog(
                self.queue,
                max_log_len=config.max_log_len,
                outputs=config.enable_log_outputs,
                deltas=config.enable_log_deltas,
            )

    @property
    def watches_requests(self) -> bool:
        """Whether every request has something to tell: none may take a short cut."""
        return self.request_log is not None or self.tracer is not None

    def access_log(self) -> AccessLog | None:
        """Return what a server of our own notes its responses in."""
        config = self._config
        if not config.enable_access_log or config.disable_uvicorn_access_log:
            return None
        hidden = (path.strip() for path in (config.disable_access_log_for_endpoints or "").split(","))
        return AccessLog(self.queue, hidden)

    def start(self) -> None:
        """Make what may fail. Raises StartupError."""
        if self._config.otlp_traces_endpoint is not None:
            self.tracer = Tracer(self._config.otlp_traces_endpoint, self.queue)

    def watch_engines(self, snapshot: Callable[[], Snapshot], *, corrupted: bool) -> None:
        """Show the engines' state in the log from now on."""
        config = self._config
        if not config.disable_log_stats and config.log_stats_interval > 0:
            log = StatsLog(snapshot, aggregate=config.aggregate_engine_logging, corrupted=corrupted)
            self._stats = asyncio.get_running_loop().create_task(log.run(config.log_stats_interval))

    async def close(self) -> None:
        """Write and send what is left. Safe to call twice."""
        if self._stats is not None:
            self._stats.cancel()
            self._stats = None
        tracer, self.tracer = self.tracer, None
        await asyncio.get_running_loop().run_in_executor(None, self._close, tracer)

    def _close(self, tracer: Tracer | None) -> None:
        self.queue.close()
        if tracer is not None:
            tracer.close()
