# SPDX-License-Identifier: Apache-2.0
"""--structured-outputs-config: the backend, and what cannot be together."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront.errors import StartupError
from fastfront.structured import backend_of


@pytest.mark.parametrize(
    ("values", "backend"),
    [
        (None, "auto"),
        ({}, "auto"),
        ({"backend": "outlines"}, "outlines"),
        ({"backend": "guidance", "disable_any_whitespace": True, "disable_additional_properties": True}, "guidance"),
    ],
)
def test_the_backend(values: dict[str, Any] | None, backend: str) -> None:
    """By default vLLM's own choice, constraint by constraint."""
    assert backend_of(values) == backend


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"backend": "nonsense"}, "backend is one of auto, xgrammar"),
        ({"disable_any_whitespace": True}, "disable_any_whitespace is only supported for xgrammar and guidance"),
        ({"backend": "xgrammar", "disable_additional_properties": True}, "only supported for the guidance backend"),
    ],
)
def test_what_vllm_refuses_stops_the_start(values: dict[str, Any], words: str) -> None:
    """In vLLM's words, and before an engine is started."""
    with pytest.raises(StartupError, match=words):
        backend_of(values)
