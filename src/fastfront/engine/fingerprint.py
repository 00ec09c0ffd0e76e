# SPDX-License-Identifier: Apache-2.0
"""The system_fingerprint of every answer: by which an engine's clients see that it is another one now.

Must not know requests.

Source: vllm/entrypoints/serve/utils/fingerprint.py (0.32). vLLM hashes its whole configuration, which a frontend never
sees: here it is what the engine tells of itself.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastfront.config import Config
    from fastfront.engine.types import EngineCoreReadyResponse


def system_fingerprint(config: Config, model_path: str, ready: EngineCoreReadyResponse) -> str | None:
    """Return the fingerprint in the form that `--fingerprint-mode` says; None: answers have none."""
    mode = config.fingerprint_mode
    if mode in {"none", "custom"}:
        return config.fingerprint_value if mode == "custom" else None
    parts = [f"vllm-{ready.vllm_version}"]
    if mode == "full":
        degrees = (
            ("tp", ready.tensor_parallel_size),
            ("pp", ready.pipeline_parallel_size),
            ("dp", ready.data_parallel_size),
        )
        parts += [f"{name}{degree}" for name, degree in degrees if degree > 1]
    facts: list[Any] = [model_path, ready.vllm_version, ready.dtype, ready.max_model_len, ready.block_size]
    parts.append(hashlib.sha256(repr(facts).encode()).hexdigest()[:8])
    return "-".join(parts)
