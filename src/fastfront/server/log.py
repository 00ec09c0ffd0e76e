# SPDX-License-Identifier: Apache-2.0
"""The log of fastfront's own process: plain lines on stderr. A mounted app never comes here: its host logs."""

from __future__ import annotations

import logging
import sys

FORMAT = "%(levelname)s %(asctime)s [%(name)s] %(message)s"
TRACE = 5


class _Formatter(logging.Formatter):
    """Shows the package, not the module: a reader of the log does not know our modules."""

    def format(self, record: logging.LogRecord) -> str:
        name = record.name
        record.name = name.partition(".")[0]
        try:
            return super().format(record)
        finally:
            record.name = name


def configure_logging(level: str = "info") -> None:
    """Send messages of that level and above to stderr, as `INFO 12:00:00 [fastfront] text`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(FORMAT, "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers = [handler]
    number = TRACE if level == "trace" else int(getattr(logging, level.upper()))
    logging.getLogger("fastfront").setLevel(number)
    # Other packages' messages matter when something is wrong; their news does not.
    root.setLevel(max(number, logging.WARNING) if number > logging.DEBUG else number)
