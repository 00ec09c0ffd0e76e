# SPDX-License-Identifier: Apache-2.0
"""Bounds on what one request may cost, under vLLM's names and with vLLM's defaults (vllm/envs.py).

Read once, when the process starts. Bounds on fields alone are in `protocol`.
"""

from __future__ import annotations

import os

MAX_NUM_BAD_WORDS = int(os.environ.get("VLLM_MAX_NUM_BAD_WORDS", "128"))
"""Token sequences that bad_words come to."""

MAX_LOGPROB_TOKEN_IDS = 128
"""Length of logprob_token_ids; the width of a row in the engine's sampler."""

CHAT_TEMPLATE_RENDER_TIMEOUT = float(os.environ.get("VLLM_CHAT_TEMPLATE_RENDER_TIMEOUT", "30"))
"""Seconds that rendering a chat template may take; 0 or less: no bound."""
