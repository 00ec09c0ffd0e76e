# SPDX-License-Identifier: Apache-2.0
"""`fastfront sim`: the embedded engine alone, for a frontend that runs elsewhere."""

from __future__ import annotations


def main(arguments: list[str]) -> int:
    """Run the command. Returns the exit status."""
    from fastfront.sim.cli import main as run_sim

    return run_sim(arguments, prog="fastfront sim")
