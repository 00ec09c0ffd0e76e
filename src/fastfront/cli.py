# SPDX-License-Identifier: Apache-2.0
"""The command line `fastfront`: runs a sub-command and turns what goes wrong into one line and an exit status.

0: done, or asked to stop; 1: cannot start, or the engine died; 2: the command line is wrong. Must not know any flag.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from fastfront.commands import help as help_texts
from fastfront.commands.flags import UsageError
from fastfront.config import unknown
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS = {
    "serve": "fastfront.commands.serve",
    "frontend": "fastfront.commands.frontend",
    "sim": "fastfront.commands.sim",
    "bench": "fastfront.commands.bench",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (by default the process's own) and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        print(help_texts.USAGE, end="", file=sys.stderr)
        return 2
    name, *rest = arguments
    if name in ("-h", "--help", "help"):
        print(help_texts.USAGE, end="")
        return 0
    if name in ("-V", "--version", "version"):
        from fastfront import __version__

        print(f"fastfront {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"fastfront: {unknown(name, list(COMMANDS), 'command')}; fastfront --help lists them", file=sys.stderr)
        return 2
    return _run(name, rest)


def _run(name: str, arguments: list[str]) -> int:
    try:
        command: Callable[[list[str]], int] = importlib.import_module(COMMANDS[name]).main
        return command(arguments)
    except UsageError as error:
        print(f"fastfront {name}: {error}\nfastfront {name} --help tells what there is", file=sys.stderr)
        return 2
    except StartupError as error:
        print(f"fastfront {name}: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        # An unbuilt tree says how to build it; a traceback would hide that.
        if not (error.name or "").startswith("fastfront._native"):
            raise
        print(f"fastfront {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
