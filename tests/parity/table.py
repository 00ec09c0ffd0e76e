# SPDX-License-Identifier: Apache-2.0
"""A run's cases held against the reference, and the table that tells how many are equal.

Knows answers and deviations; asks no server itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.parity.comparing import Difference, differences
from tests.parity.deviations import Deviation
from tests.real_engine.asking import Answer

HEAD = "| engine and model | cases | equal | explained by a listed deviation | unexplained |\n|---|---|---|---|---|\n"


@dataclass
class Tally:
    """What one run came to."""

    run: str
    """A model's name, or `flags`."""
    equal: int = 0
    explained: int = 0
    unexplained: list[str] = field(default_factory=list)
    """By case: its name and where the answers differ."""
    seen: set[Deviation] = field(default_factory=set)

    def add(self, case: str, theirs: Answer, ours: Answer, deviations: Sequence[Deviation]) -> None:
        """Count one case: a deviation explains it if every difference is one's."""
        found = differences(theirs, ours)
        by = {difference.path: self._explaining(case, difference, deviations) for difference in found}
        if not found:
            self.equal += 1
        elif all(by.values()):
            self.explained += 1
        else:
            wrong = [str(difference) for difference in found if not by[difference.path]]
            self.unexplained.append("\n    ".join([case, *wrong[:MOST_SHOWN]]))
        self.seen.update(*by.values())

    def _explaining(self, case: str, difference: Difference, deviations: Sequence[Deviation]) -> list[Deviation]:
        return [each for each in deviations if each.explains(self.run, case, difference)]

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.equal + self.explained + len(self.unexplained)

    def line(self) -> str:
        """Return the run's line of the table."""
        return f"| {NAMES[self.run]} | {self.cases} | {self.equal} | {self.explained} | {len(self.unexplained)} |\n"


MOST_SHOWN = 6
NAMES = {
    "bytelevel": "Qwen3-shaped, byte-level BPE",
    "bytefallback": "Llama-shaped, SentencePiece-style BPE",
    "flags": "Qwen3-shaped, with parsers and other flags",
}


def write_table(tallies: Iterable[Tally], path: Path) -> str:
    """Write the table of all runs as Markdown, and return it."""
    text = HEAD + "".join(tally.line() for tally in tallies)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text
