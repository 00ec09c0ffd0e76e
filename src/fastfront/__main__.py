# SPDX-License-Identifier: Apache-2.0
"""`python -m fastfront`: the same command line as `fastfront`."""

from __future__ import annotations

import sys

from fastfront.cli import main

if __name__ == "__main__":
    sys.exit(main())
