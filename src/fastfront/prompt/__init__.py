# SPDX-License-Identifier: Apache-2.0
"""From a request to what the engine gets: token ids and SamplingParams, exactly as vLLM makes them.

Knows the served model's small files. Everything here is synchronous and may run in any thread. Must not know HTTP, the
engine's sockets or what comes back.
"""

from __future__ import annotations

from fastfront.prompt.model import Model
from fastfront.prompt.render import RenderedPrompt, render_chat, render_completion
from fastfront.prompt.sampling import (
    get_max_tokens,
    lower_chat_sampling_params,
    lower_completion_sampling_params,
    params_of_sample,
)
from fastfront.prompt.tokenize import detokenize, tokenize
from fastfront.prompt.tokenizer import PromptTokenizer

__all__ = [
    "Model",
    "PromptTokenizer",
    "RenderedPrompt",
    "detokenize",
    "get_max_tokens",
    "lower_chat_sampling_params",
    "lower_completion_sampling_params",
    "params_of_sample",
    "render_chat",
    "render_completion",
    "tokenize",
]
