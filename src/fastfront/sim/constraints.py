# SPDX-License-Identifier: Apache-2.0
"""Answers that keep to a constraint, for those that can be kept to without compiling anything: choices, JSON objects.

Anything else is answered as if there were no constraint. Must not know requests beyond their constraint.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from fastfront.engine.types import StructuredOutputsParams

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LITERALS = re.compile(rf"root ::= {_LITERAL.pattern}(?: \| {_LITERAL.pattern})*")


def constrained_text(outputs: StructuredOutputsParams | None, dice: random.Random) -> str | None:
    """Return an answer that fits, or None where there is no constraint of these kinds."""
    if outputs is None:
        return None
    choices = outputs.choice
    if choices is None and outputs.grammar is not None and _LITERALS.fullmatch(outputs.grammar):
        # A frontend sends choices as the grammar that has just these texts.
        choices = [json.loads(f'"{text}"') for text in _LITERAL.findall(outputs.grammar)]
    if choices:
        return dice.choice(choices)
    return '{"answer": 42}' if outputs.json_object else None
