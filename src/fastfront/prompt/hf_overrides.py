# SPDX-License-Identifier: Apache-2.0
"""--hf-overrides: what config.json is to say instead. The engine applies them to its own copy.

Source: vllm/config/model.py (`_apply_dict_overrides`, `_update_nested`) and vllm/transformers_utils/config.py (0.32).
Must not know what any member means.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

_NO_PART = "quantization_config"
"""Called like a configuration within the configuration, but a value like any other."""


def with_overrides(config: Mapping[str, Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the configuration with these members; of the parts for text, vision and the like only what is named."""
    made = copy.deepcopy(dict(config))
    for name, value in (overrides or {}).items():
        part = made.get(name)
        if isinstance(value, dict) and isinstance(part, dict) and name.endswith("_config") and name != _NO_PART:
            _update(part, value)
        else:
            made[name] = value
    return made


def _update(target: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    for name, value in overrides.items():
        part = target.get(name)
        if isinstance(value, dict) and isinstance(part, dict):
            _update(part, value)
        else:
            target[name] = value
