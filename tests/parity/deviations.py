# SPDX-License-Identifier: Apache-2.0
"""Where fastfront's answers are not vLLM's, of all that is asked here: the one list, with the reasons. Data only.

docs/compatibility.md says each to users; a test holds the two together, and the run fails for one that no longer occurs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

PLAIN = ("bytelevel", "bytefallback")
FLAGS = ("flags",)
"""The runs, as table.py has them: either model, and the server that is started with flags."""


@dataclass(frozen=True)
class Deviation:
    """What differs where, and why."""

    cases: str
    """The pattern of the cases' names."""
    path: str
    """The pattern of the JSON paths that differ."""
    why: str
    said: str
    """Words of docs/compatibility.md that tell it to users."""
    runs: tuple[str, ...] = PLAIN

    def explains(self, run: str, case: str, path: str) -> bool:
        """Tell whether the difference is this one."""
        return run in self.runs and fnmatchcase(case, self.cases) and fnmatchcase(path, self.path)


DEVIATIONS: tuple[Deviation, ...] = ()
