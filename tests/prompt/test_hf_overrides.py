# SPDX-License-Identifier: Apache-2.0
"""--hf-overrides: what becomes of config.json, as vLLM 0.32 (`ModelConfig._apply_dict_overrides`) was seen to do it."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront.prompt.hf_overrides import with_overrides

CONFIG: dict[str, Any] = {
    "model_type": "qwen3",
    "vocab_size": 512,
    "rope_scaling": {"type": "linear", "factor": 2},
    "text_config": {"vocab_size": 512, "rope_scaling": {"type": "linear", "factor": 2}, "deep": {"a": 1}},
    "quantization_config": {"bits": 4, "group_size": 128},
}


@pytest.mark.parametrize(
    ("overrides", "changed"),
    [
        (None, {}),
        ({}, {}),
        ({"vocab_size": 600, "new": [1]}, {"vocab_size": 600, "new": [1]}),
        ({"rope_scaling": {"factor": 4}}, {"rope_scaling": {"factor": 4}}),
        ({"quantization_config": {"bits": 8}}, {"quantization_config": {"bits": 8}}),
        (
            {"text_config": {"vocab_size": 700, "deep": {"b": 2}}},
            {"text_config": {**CONFIG["text_config"], "vocab_size": 700, "deep": {"a": 1, "b": 2}}},
        ),
        ({"vision_config": {"depth": 2}}, {"vision_config": {"depth": 2}}),
        ({"text_config": None}, {"text_config": None}),
    ],
)
def test_members_are_replaced_and_parts_are_merged(overrides: dict[str, Any] | None, changed: dict[str, Any]) -> None:
    """A value is what the override says, a dictionary too; only a configuration within it keeps what is not named."""
    before = repr(CONFIG)
    assert with_overrides(CONFIG, overrides) == {**CONFIG, **changed}
    assert repr(CONFIG) == before
