# SPDX-License-Identifier: Apache-2.0
"""Types and limits that several requests share.

Source: vllm/entrypoints/generate/base/protocol.py, vllm/sampling_params.py; limits: vllm/envs.py, read once at start.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

import msgspec

from fastfront.errors import validation_error
from fastfront.protocol import lax
from fastfront.protocol.structs import check_for_struct

MAX_STOP_STRINGS = int(os.environ.get("VLLM_MAX_STOP_STRINGS", "4"))
MAX_N_SEQUENCES = int(os.environ.get("VLLM_MAX_N_SEQUENCES", "16384"))
MAX_COMPLETION_PROMPTS = int(os.environ.get("VLLM_MAX_COMPLETION_PROMPTS", "1024"))

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
UINT64_MAX = 2**64 - 1
"""MessagePack carries no larger integer to the engine."""

Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
TruncatePromptTokens = Annotated[int, msgspec.Meta(ge=-1, le=INT64_MAX)]
NonNegative = Annotated[int, msgspec.Meta(ge=0)]
StreamInterval = Annotated[int, msgspec.Meta(ge=1, le=INT64_MAX)]
StopStrings = Annotated[list[str], msgspec.Meta(max_length=MAX_STOP_STRINGS)]

XArg = str | int | float | list[str | int | float]
"""What a member of vllm_xargs may hold."""


class StreamOptions(msgspec.Struct, kw_only=True):
    include_usage: bool | None = False
    continuous_usage_stats: bool | None = False


class RepetitionDetectionParams(msgspec.Struct, kw_only=True):
    """When to end an answer that repeats itself. `max_pattern_size` 0: never."""

    max_pattern_size: int = 0
    min_pattern_size: int = 0
    min_count: int = 0


def _build_repetition_detection(**members: Any) -> RepetitionDetectionParams:
    """Return the parameters, or refuse those that contradict each other."""
    params = RepetitionDetectionParams(**members)
    if params.max_pattern_size < 0 or not 0 <= params.min_pattern_size <= params.max_pattern_size:
        raise validation_error(
            "max_pattern_size, min_pattern_size must be >=0, with min_pattern_size <= max_pattern_size. "
            "Set both to 0 to disable repetitive pattern detection."
        )
    if params.max_pattern_size > 0 and params.min_count < 2:
        raise validation_error(
            "min_count must be >= 2 to detect repetitive patterns in engine output. "
            "If you do not wish to detect repetitive patterns, set max_pattern_size to 0."
        )
    for name in ("max_pattern_size", "min_count"):
        if getattr(params, name) > UINT64_MAX:
            raise validation_error(f"{name} must be at most {UINT64_MAX}.", parameter=f"repetition_detection.{name}")
    return params


REPETITION_DETECTION = lax.nullable(
    lax.Fields(
        check_for_struct(RepetitionDetectionParams).members,
        build=_build_repetition_detection,
        dataclass="RepetitionDetectionParams",
    )
)
