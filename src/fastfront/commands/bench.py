# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench`: measure a server, or compare frontends."""

from __future__ import annotations


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit status."""
    from fastfront.bench.options import parse

    options = parse(arguments)

    from fastfront.bench.run import run

    return run(options, arguments)
