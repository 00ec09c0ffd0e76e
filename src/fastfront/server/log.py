# SPDX-License-Identifier: Apache-2.0
"""The log of fastfront's own process: plain lines on stderr. A mounted app never comes here: its host logs."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from fastfront.config import Config

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
    number = _number(level)
    logging.getLogger("fastfront").setLevel(number)
    # Other packages' messages matter when something is wrong; their news does not.
    root.setLevel(max(number, logging.WARNING) if number > logging.DEBUG else number)


def configure_process_logging(config: Config) -> None:
    """Set the log up as the options say: our own, or what --log-config-file describes.

    Raises StartupError for a file that cannot be used.
    """
    configure_logging(config.log_level)
    if config.log_config_file is not None:
        try:
            described = json.loads(Path(config.log_config_file).read_text(encoding="utf-8"))
            logging.config.dictConfig(described)
        except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
            raise StartupError(f"--log-config-file {config.log_config_file}: {error}") from None
    if config.uvicorn_log_level != "info":
        for name in ("fastfront.server", "fastfront.access"):
            logging.getLogger(name).setLevel(_number(config.uvicorn_log_level))


def _number(level: str) -> int:
    return TRACE if level == "trace" else int(getattr(logging, level.upper()))
