# SPDX-License-Identifier: Apache-2.0
"""--tokenizer-mode: which of vLLM's tokenizers and renderers a model goes with, and which of them there are here.

Source: vllm/tokenizers/registry.py and vllm/config/model.py (0.32). Must not know how prompts are made.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from fastfront.prompt.files import ModelFiles

logger = logging.getLogger(__name__)

_OTHER_MODES = {
    "cohere": "renders chats with cohere_melody",
    "deepseek_v32": "renders chats with code of its own",
    "deepseek_v4": "renders chats with code of its own",
    "deepseek_v41": "renders chats with code of its own",
    "inkling": "renders chats with code of its own",
    "kimi_audio": "tokenizes with code of its own",
    "kimi_k3": "renders chats with code of its own",
    "mistral": "tokenizes and renders with mistral-common",
    "terratorch": "is for models that read no text",
}
"""vLLM's modes that are not served here, and what they do."""

_OF_ITS_OWN = frozenset(
    (
        *("DeepseekV32ForCausalLM", "DeepseekV4ForCausalLM", "DeepseekV4ForConditionalGeneration"),
        *("DeepseekV41ForCausalLM", "InklingForCausalLM", "InklingForConditionalGeneration"),
        *("KimiK3ForConditionalGeneration", "MoonshotKimiaForCausalLM"),
    )
)
"""Architectures for which vLLM's `auto` means one of them."""


def check_mode(mode: str) -> str:
    """Return the mode, `auto` or `hf`: tokenizer.json and the chat template. Raises StartupError for any other."""
    mode = mode.lower()
    if mode not in ("auto", "hf"):
        does = _OTHER_MODES.get(mode)
        what = f"it {does}" if does else "vLLM 0.32 has none of that name without a plugin"
        raise StartupError(
            f"--tokenizer-mode {mode} is not served by fastfront ({what}): leave it out, or use hf, for tokenizer.json "
            "and the chat template"
        )
    return mode


def warn_of_other_renderers(
    mode: str, config: Mapping[str, Any], files: ModelFiles, *, renders_harmony: bool = False
) -> None:
    """Say so where vLLM would not make the same prompts. `files`: the tokenizer's.

    `auto` means more there; gpt-oss's Harmony goes with both modes.
    """
    for architecture in config.get("architectures") or ():
        renderer = "Harmony" if architecture == "GptOssForCausalLM" and not renders_harmony else ""
        if mode == "auto" and architecture in _OF_ITS_OWN:
            renderer = "code of its own"
        if renderer:
            logger.warning(
                "vLLM renders chats of %s with %s; here its chat template is used, and prompts may differ.",
                architecture,
                renderer,
            )
    if mode == "auto" and files.path("tekken.json") is not None:
        logger.warning("vLLM tokenizes this model with mistral-common; here its tokenizer.json is used.")
