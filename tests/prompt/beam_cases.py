# SPDX-License-Identifier: Apache-2.0
"""A made-up model for beam search, the same everywhere, and what is asked of it. make_beams_golden.py asks vLLM."""

from __future__ import annotations

import math
import random
from typing import Any

VOCABULARY = 40
END = 3


def scores_after(token_ids: list[int], count: int) -> list[tuple[int, float]]:
    """Return (token, logprob) as an engine does: the sampled one, then the `count` most likely."""
    dice = random.Random(f"{token_ids}")
    weights = [dice.random() ** 4 for _ in range(VOCABULARY)]
    total = sum(weights)
    ranked = sorted(range(VOCABULARY), key=lambda token: -weights[token])
    sampled = dice.choice(ranked[:count])
    tokens = [sampled, *(token for token in ranked[:count] if token != sampled)]
    return [(token, math.log(weights[token] / total)) for token in tokens]


def cases() -> list[tuple[list[int], dict[str, Any]]]:
    """Return (prompt, vLLM's BeamSearchParams)."""
    found: list[tuple[list[int], dict[str, Any]]] = []
    for seed in range(40):
        dice = random.Random(seed)
        options: dict[str, Any] = {"beam_width": dice.randint(1, 5), "max_tokens": dice.randint(1, 9)}
        if dice.random() < 0.5:
            options["length_penalty"] = dice.choice([0.0, 0.5, 2.0, -1.0])
        if dice.random() < 0.3:
            options["ignore_eos"] = True
        if dice.random() < 0.3:
            options["include_stop_str_in_output"] = True
        found.append(([dice.randrange(VOCABULARY) for _ in range(dice.randint(1, 6))], options))
    return found
