# SPDX-License-Identifier: Apache-2.0
"""How two values that differ stand to each other: what a deviation says of them beside where they are.

Each takes vLLM's value and fastfront's. Knows no case and no reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.comparing import MISSING

Relation = Callable[[Any, Any], bool]


def anyhow(_theirs: Any, _ours: Any) -> bool:
    """Whatever they are."""
    return True


def values(theirs: Any, ours: Any) -> Relation:
    """Return whether they are these two."""
    return lambda *found: found == (theirs, ours)


def spaced(theirs: Any, ours: Any) -> bool:
    """Tell whether they are texts that differ in white space alone."""
    return isinstance(theirs, str) and isinstance(ours, str) and "".join(theirs.split()) == "".join(ours.split())


def without(marker: str) -> Relation:
    """Return whether fastfront's text is vLLM's without a marker."""
    return lambda theirs, ours: isinstance(theirs, str) and ours == theirs.replace(marker, "")


def only_here(start: str) -> Relation:
    """Return whether only fastfront has the text, and it begins so."""
    return lambda theirs, ours: theirs == MISSING and isinstance(ours, str) and ours.startswith(start)


def only_there(theirs: Any, ours: Any) -> bool:
    """Tell whether only vLLM has it."""
    return theirs != MISSING and ours == MISSING


def rest_of(theirs: Any, ours: Any) -> bool:
    """Tell whether fastfront's text is the end of vLLM's: what goes before it is a call."""
    return isinstance(theirs, str) and isinstance(ours, str) and 0 < len(ours) < len(theirs) and theirs.endswith(ours)


def one_less(theirs: Any, ours: Any) -> bool:
    """Tell whether vLLM counts one less."""
    return isinstance(theirs, int) and isinstance(ours, int) and ours == theirs + 1


def calls_here(theirs: Any, ours: Any) -> bool:
    """Tell whether only fastfront has calls."""
    return theirs == MISSING and isinstance(ours, list) and len(ours) > 0


def more_here(theirs: Any, ours: Any) -> bool:
    """Tell whether fastfront has more: something that is not there at all, or a text that goes on."""
    return theirs == MISSING or (isinstance(theirs, str) and isinstance(ours, str) and ours.startswith(theirs))


def broken_off(message: str) -> Relation:
    """Return whether vLLM's stream ended with this error, and fastfront's did not."""
    return lambda theirs, ours: isinstance(theirs, dict) and theirs.get("message") == message and ours == MISSING


def begins(theirs: Any, ours: Any) -> bool:
    """Tell whether fastfront's text is how vLLM's begins."""
    return isinstance(theirs, str) and isinstance(ours, str) and 0 < len(ours) < len(theirs) and theirs.startswith(ours)
