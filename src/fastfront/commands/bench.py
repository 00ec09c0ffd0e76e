# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench`: measure a server, or compare frontends."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit status."""
    from fastfront.bench.options import parse

    options = parse(arguments)

    from fastfront.bench.run import run

    # What a comparison has started ends with it, also when it is told to stop.
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        return run(options, arguments)
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)
