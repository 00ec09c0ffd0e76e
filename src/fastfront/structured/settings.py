# SPDX-License-Identifier: Apache-2.0
"""What --structured-outputs-config says to a frontend: which backend takes constraints. The rest is the engine's.

Source: vllm/config/structured_outputs.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastfront.errors import StartupError

BACKENDS = ("auto", "xgrammar", "guidance", "outlines", "lm-format-enforcer")


def backend_of(values: Mapping[str, Any] | None) -> str:
    """Return the backend. Raises StartupError for what vLLM refuses, before an engine is started in vain."""
    values = values or {}
    backend = values.get("backend", "auto")
    if backend not in BACKENDS:
        raise StartupError(f"structured_outputs_config: backend is one of {', '.join(BACKENDS)}, not {backend!r}")
    if values.get("disable_any_whitespace") and backend not in ("xgrammar", "guidance"):
        raise StartupError("disable_any_whitespace is only supported for xgrammar and guidance backends.")
    if values.get("disable_additional_properties") and backend != "guidance":
        raise StartupError("disable_additional_properties is only supported for the guidance backend.")
    return str(backend)
