# SPDX-License-Identifier: Apache-2.0
"""From options to a running process: what `serve` and `frontend` have in common.

The socket is bound before the heavy imports: a port in use is told in a tenth of a second, and clients queue up early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastfront.config import Config


def serve_process(options: Config, *, show_example: bool = False) -> int:
    """Serve with these options until the process is told to end. Returns the exit status."""
    from fastfront.server.listen import bind

    listener = bind(options)

    from fastfront.app import App
    from fastfront.frontend import Frontend
    from fastfront.server import run

    return run(App(Frontend(options)), options, listener, show_example=show_example)
