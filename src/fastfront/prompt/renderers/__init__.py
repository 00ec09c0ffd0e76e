# SPDX-License-Identifier: Apache-2.0
"""Models whose chats vLLM makes with code of its own in place of a chat template, and which renderer goes with which.

As there, a renderer is chosen by --tokenizer-mode, and `auto` means the architecture's. Must not know requests.
Source: vllm/renderers/registry.py and vllm/config/model.py (0.32).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastfront.prompt.renderers.base import ChatRenderer
from fastfront.prompt.renderers.deepseek_v4 import DeepseekV4Renderer
from fastfront.prompt.renderers.deepseek_v32 import DeepseekV32Renderer
from fastfront.prompt.renderers.deepseek_v41 import DeepseekV41Renderer
from fastfront.prompt.renderers.inkling import InklingRenderer

if TYPE_CHECKING:
    from fastfront.prompt.tokenizer import PromptTokenizer

__all__ = ["ARCHITECTURES", "MODES", "ChatRenderer", "load_renderer"]

ARCHITECTURES = {
    "DeepseekV32ForCausalLM": "deepseek_v32",
    "DeepseekV4ForCausalLM": "deepseek_v4",
    "DeepseekV4ForConditionalGeneration": "deepseek_v4",
    "DeepseekV41ForCausalLM": "deepseek_v41",
    "InklingForCausalLM": "inkling",
    "InklingForConditionalGeneration": "inkling",
}
"""Architecture -> the mode that `auto` means for it."""

_RENDERERS: dict[str, Callable[[PromptTokenizer], ChatRenderer]] = {
    "deepseek_v32": lambda _: DeepseekV32Renderer(),
    "deepseek_v4": lambda _: DeepseekV4Renderer(),
    "deepseek_v41": lambda _: DeepseekV41Renderer(),
    "inkling": InklingRenderer,
}

MODES = frozenset(_RENDERERS)
"""Modes that have a renderer."""


def load_renderer(mode: str, config: Mapping[str, Any], tokenizer: PromptTokenizer) -> ChatRenderer | None:
    """Return what renders a model's chats; None: its chat template does. `config`: what config.json holds.

    Raises StartupError where the tokenizer lacks what the renderer needs.
    """
    if mode == "auto":
        architectures = config.get("architectures") or ()
        mode = next((ARCHITECTURES[name] for name in architectures if name in ARCHITECTURES), mode)
    make = _RENDERERS.get(mode)
    return None if make is None else make(tokenizer)
