# SPDX-License-Identifier: Apache-2.0
"""The command line of the embedded engine: options in, exit status out.

0: told to stop; 1: could not start, or died; 2: wrong usage.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastfront.errors import StartupError
from fastfront.sim.engine import Engine
from fastfront.sim.options import parse
from fastfront.sim.replay import ReplayEngine

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None, prog: str = "python -m fastfront.sim") -> int:
    """Run one engine until it is told to stop. Takes over the process: its signals and its logging."""
    options = parse(argv, prog)
    logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        return (ReplayEngine if options.replay or options.replay_calls else Engine)(options).run()
    except StartupError as error:
        logging.getLogger(__name__).critical("%s", error)
        return 1
