# SPDX-License-Identifier: Apache-2.0
"""fastfront as a server of its own: Hypercorn on uvloop, with sockets, signals, drain, log and exit status.

Everything global that a process can take (signals, event loop, logging, the garbage collector) is taken here and
nowhere else, so that a mounted app takes none of it.
"""

from fastfront.server.run import run

__all__ = ["run"]
