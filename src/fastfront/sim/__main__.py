# SPDX-License-Identifier: Apache-2.0
"""`python -m fastfront.sim`: the embedded engine as a process of its own. The work is in `cli`."""

from __future__ import annotations

import sys

from fastfront.sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
